"""Named points at every write boundary, where a test can end, break or hold up the process.

`HUB_FAULTPOINT=triage.committed:kill` ends it there as a power cut would; `raise` raises, `stall` waits until
killed. In production the variable is unset, and a point costs one look at a dictionary.
"""

import os
import signal
import time

from hub.errors import HubError

VARIABLE = "HUB_FAULTPOINT"


def faultpoint(name: str) -> None:
    """Do what `HUB_FAULTPOINT` says of this point; nothing, unless it is named there."""
    asked = os.environ.get(VARIABLE)
    if not asked:
        return
    point, _, what = asked.partition(":")
    if point != name:
        return
    match what or "kill":
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise HubError(f"The fault point {name} was asked to raise.")
        case "stall":
            while True:
                time.sleep(3600)
        case other:
            raise ValueError(f"{VARIABLE} knows kill, raise and stall, not {other!r}.")
