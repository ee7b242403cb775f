"""Named points at every write boundary, where a test can end, break or hold up the process.

`HUB_FAULTPOINT=triage.committed:kill` ends it there as a power cut would; `raise` raises an error of ours,
`stumble` one that nobody expects; `stall` waits until killed; `end` raises what nothing catches, for a test whose
next run is in the same process. `deliver.sent:kill:3` means the third time. In production the variable is unset,
and a point costs one look at a dictionary.
"""

import os
import signal
import time

from hub.errors import HubError

VARIABLE = "HUB_FAULTPOINT"
_passed: dict[str, int] = {}  # how often the point was reached, by the whole of what was asked


class Ended(BaseException):
    """The process is to be thought of as ended here."""


def faultpoint(name: str) -> None:
    """Do what `HUB_FAULTPOINT` says of this point; nothing, unless it is named there."""
    asked = os.environ.get(VARIABLE)
    if not asked:
        _passed.clear()
        return
    point, _, rest = asked.partition(":")
    if point != name:
        return
    what, _, nth = rest.partition(":")
    _passed[asked] = _passed.get(asked, 0) + 1
    if _passed[asked] != int(nth or _passed[asked]):
        return
    match what or "kill":
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise HubError(f"The fault point {name} was asked to raise.")
        case "stumble":
            raise RuntimeError(f"The fault point {name} was asked to stumble.")
        case "end":
            raise Ended
        case "stall":
            while True:
                time.sleep(3600)
        case other:
            raise ValueError(f"{VARIABLE} knows kill, raise, stumble, end and stall, not {other!r}.")
