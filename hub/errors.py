"""Every error, grouped by what the caller must do next.

    HubError
    ├── SetupError         a person must change something   → fail, no retry, tell the owner
    │   ├── AccessDenied       our secret or scope was refused
    │   └── MappingError       a mapping cannot work
    ├── TransientError     the same call may work later     → retry, honour `retry_after`
    │   ├── RateLimited        we were asked to wait
    │   └── Unavailable        5xx, timeouts, broken connections
    ├── RecordError        this one item cannot go on       → quarantine it, go on with the rest
    │   ├── Unmappable         no Post can be made of it
    │   └── RecordRefused      the destination looked at it and said no
    └── ContractBroken     the other side speaks a form we do not know → stop, keep the cursor, alert

A message is one sentence that names the remedy and the value that caused it. It
never holds a post's text, an author's name or a secret.
"""


class HubError(Exception):
    """Any error of ours; `str(error)` is fit to be shown to a person, `reason` to be counted (snake_case)."""

    reason: str = ""


class SetupError(HubError):
    """A person must change something before this can work."""


class AccessDenied(SetupError):
    """A secret, scope or permission of ours was refused by the other side."""


class MappingError(SetupError):
    """A mapping cannot work as it is written."""


class TransientError(HubError):
    """The same call may work later; `retry_after` says in how many seconds, if the other side did."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(TransientError):
    """The other side asked us to wait."""


class Unavailable(TransientError):
    """No usable answer: a 5xx, a timeout or a broken connection.

    `sent` is true when the request may have been acted on: what it asked for is then in doubt.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, sent: bool = True) -> None:
        super().__init__(message, retry_after=retry_after)
        self.sent = sent


class RecordError(HubError):
    """This one item cannot go on; `reason` is the code it is quarantined under (snake_case)."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unmappable(RecordError):
    """No Post can be made of this record."""


class RecordRefused(RecordError):
    """The destination looked at this item and said no."""


class ContractBroken(HubError):
    """The other side speaks a form that we do not know: stop, keep the cursor, alert."""

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason
