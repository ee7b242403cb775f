"""What an answer, or the lack of one, means for each delivery of a call."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

from hub.domain import Delivery, Outcome, Receipt
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, RecordError, SetupError, Unavailable
from hub.kit.lease import LeaseOver
from hub.kit.turns import LeftAlone
from hub.kit.vendor import NO_ANSWER, TOO_FAST
from hub.logs import get_logger
from hub.store import StaleClaim

log = get_logger(__name__)

SETUP_PAUSE_SECONDS = 300  # a person must act first; asking more often only locks accounts


@contextmanager
def understood(name: str) -> Iterator[None]:
    """Whatever a connector stumbles over is an answer not understood: ending the run, it would end every run."""
    try:
        yield
    except HubError:
        raise
    except Exception as odd:  # noqa: BLE001  any defect of a connector, none of which may stop the others
        log.error("connector stumbled", connector=name, error=place_of(odd))
        raise ContractBroken(f"{name} gave what its connector does not understand ({place_of(odd)}).") from None


def place_of(odd: Exception) -> str:
    """What an error is and where it came from; its own words may be somebody's."""
    last = extract_tb(odd.__traceback__)[-1]
    return f"{type(odd).__name__} in {Path(last.filename).name}:{last.lineno}"


def are_for(receipts: Sequence[Receipt], deliveries: Sequence[Delivery]) -> bool:
    """Whether these answers are to these deliveries, in their order."""
    return [receipt.delivery for receipt in receipts] == [one.id for one in deliveries]


def silence(receipts: Sequence[Receipt]) -> Unavailable | None:
    """Trouble with the destination, though there is a receipt for each: it did not answer the first one."""
    if not receipts or receipts[0].reason != NO_ANSWER:
        return None
    return Unavailable(receipts[0].detail or "There was no answer.", retry_after=receipts[0].retry_after)


def as_receipt(delivery: Delivery, problem: HubError) -> Receipt:
    """What trouble with a whole call means for one delivery in it: refused for now, or in doubt."""
    refused = isinstance(problem, (RateLimited, SetupError)) or not getattr(problem, "sent", True)
    return _told(delivery, "deferred" if refused else "unknown", problem, pause_of(problem))


def in_doubt(delivery: Delivery, problem: HubError) -> Receipt:
    """Only an answer to this very delivery ends doubt: a look-up that fails, for whatever reason, leaves it.

    One that cannot be looked up by itself is asked for less and less often: a person will have to look.
    """
    return _told(delivery, "unknown", problem, None if isinstance(problem, RecordError) else pause_of(problem))


def pause_of(problem: HubError) -> float | None:
    """Seconds to wait before the next try, where the trouble says so."""
    if isinstance(problem, (RateLimited, Unavailable)):
        return problem.retry_after
    return SETUP_PAUSE_SECONDS if isinstance(problem, (SetupError, RecordError)) else None


def is_theirs(problem: HubError) -> bool:
    """Whether it speaks against the destination; a claim that became another worker's, or a call not made, does not."""
    return not isinstance(problem, (StaleClaim, LeaseOver, LeftAlone))


def kind_of(problem: HubError) -> str:
    """What the trouble is called; all that a person must end has one of two names (`hub.store.circuits.FOR_PEOPLE`)."""
    named = next((kind for kind in (AccessDenied, SetupError) if isinstance(problem, kind)), type(problem))
    return named.__name__


def _told(delivery: Delivery, outcome: Outcome, problem: HubError, pause: float | None) -> Receipt:
    reason = TOO_FAST if isinstance(problem, RateLimited) else kind_of(problem)
    reason = problem.reason if isinstance(problem, RecordError) else reason
    return Receipt(delivery=delivery.id, outcome=outcome, reason=reason, detail=str(problem), retry_after=pause)
