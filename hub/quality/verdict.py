"""What the batch gate says: of the whole, and of each expectation."""

from typing import Any, Literal

from hub.domain.model import Model

State = Literal["passed", "split", "held"]
OnFailure = Literal["split", "hold", "warn"]


class Checked(Model):
    """One expectation and how it went; `on_failure` says what breaking it leads to."""

    expectation: str
    column: str | None = None
    network: str | None = None  # None: over all networks together
    success: bool = True
    on_failure: OnFailure = "warn"
    why: str = ""
    unexpected: int = 0
    share: float = 0.0  # of the rows that were looked at
    observed: Any = None
    raised: str | None = None  # it could not be evaluated at all


class Verdict(Model):
    """passed: go on. split: quarantine the rows in `failures`, go on with the rest. held: nothing goes on.

    `failures` names, for each row that broke something, the expectations it broke.
    """

    state: State
    rows: int = 0
    failures: dict[str, tuple[str, ...]] = {}
    results: tuple[Checked, ...] = ()
    reasons: tuple[str, ...] = ()  # one sentence each, why it is held

    @property
    def warnings(self) -> tuple[Checked, ...]:
        """What is not as expected, but stops nobody."""
        return tuple(one for one in self.results if not one.success and one.on_failure == "warn")
