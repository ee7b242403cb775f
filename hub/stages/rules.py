"""Rules: the routes of `mappings/_routes.yaml` and `hub.yaml`, compiled; one that cannot work says so."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from hub.domain.config import Route
from hub.domain.handoffs import Priority
from hub.errors import MappingError, RecordError
from hub.mapping import compile_expression, names_in, paths_in

FACETS = ("priority", "severity", "title")
PRIORITIES = get_args(Priority)
WORST = 10  # severity


@dataclass(frozen=True)
class Rule:
    """A route with its expressions compiled."""

    route: Route
    when: Callable[[dict[str, Any]], Any]
    looks_at: frozenset[str]  # names that `when` mentions
    tells_by: frozenset[str]  # names that the rest of it mentions
    asks_for: frozenset[tuple[str, ...]]  # chains of fields that it looks at, such as signal.scores.crisis
    priority: Callable[[dict[str, Any]], Any]
    severity: Callable[[dict[str, Any]], Any]
    title: Callable[[dict[str, Any]], Any]

    @classmethod
    def of(cls, route: Route) -> "Rule":
        """Compiled once; a broken expression is a MappingError naming the route and the place."""
        compiled = {
            field: compile_expression(getattr(route, field), where=f"route {route.name}, {field}")
            for field in ("when", *FACETS)
        }
        tells_by = frozenset().union(*(names_in(getattr(route, field)) for field in FACETS))
        return cls(
            route, looks_at=names_in(route.when), tells_by=tells_by, asks_for=paths_in(route.when), **compiled
        )  # fmt: skip

    def decide(self, part: str, facts: dict[str, Any]) -> Any:
        """What one of its expressions says of a post; a MappingError where it cannot work on it."""
        try:
            return getattr(self, part)(facts)
        except RecordError as problem:
            raise self._broken(f"cannot decide: {problem}", part) from problem

    def facets(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Priority, severity and title of the work it makes; what is no such thing is a MappingError."""
        priority = self.decide("priority", facts) or "normal"
        if priority not in PRIORITIES:
            raise self._unusable("priority", priority, f"one of {', '.join(PRIORITIES)}")
        severity = self.decide("severity", facts) or 0
        if isinstance(severity, bool) or not isinstance(severity, (int, float)) or not 0 <= severity <= WORST:
            raise self._unusable("severity", severity, f"a number from 0 to {WORST}")
        title = self.decide("title", facts) or ""
        if not isinstance(title, str):
            raise self._unusable("title", title, "a text")
        return {"priority": priority, "severity": round(severity), "title": title}

    def _unusable(self, part: str, said: Any, wanted: str) -> MappingError:
        """Without the value: an expression may have taken it from a post."""
        return self._broken(f"gives a {type(said).__name__} as {part} that is not {wanted}.", part)

    def _broken(self, what: str, part: str) -> MappingError:
        return MappingError(
            f"The route {self.route.name} {what} Correct its `{part}` in hub.yaml or mappings/_routes.yaml, then run "
            "`hub replay --stage route`."
        )


@lru_cache(maxsize=16)
def together(conditions: tuple[str, ...]) -> Callable[[dict[str, Any]], list[Any]]:
    """All rules' conditions as one function: for most posts none holds, and one call is enough to see it."""
    if not conditions:
        return lambda facts: []
    return compile_expression(f"[{', '.join(f'({one})' for one in conditions)}]", where="routes")
