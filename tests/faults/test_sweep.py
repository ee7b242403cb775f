"""The sweep: every answer at every point where the process may end, for every kind of object.

A cell is one thing that is written, the answer that its write meets, and the point at which the process ends. Points
before the answer's settlement are met by the run that sends, those of a look-up by the run after it.
"""

from typing import Any

import pytest

from tests.faults.ground import Ground

TICKETS = "*/tickets*"
THINGS: dict[str, tuple[str, str, bool, dict[str, Any]]] = {  # kind of handoff, destination, opens a thing, its write
    "lead": ("Lead", "salesforce", True, {"path_glob": "*/composite*"}),
    "ticket": ("Case", "zendesk", True, {"method": "POST", "path_glob": TICKETS}),
    "comment": ("Case", "zendesk", False, {"method": "PUT", "path_glob": TICKETS}),
    "message": ("Alert", "slack", True, {"path_glob": "/api/chat.postMessage"}),
    "reply": ("Alert", "slack", False, {"path_glob": "/api/chat.postMessage"}),
}
ANSWERS: dict[str, dict[str, Any]] = {
    "good": {},
    "lost before": {"kind": "drop_before"},
    "lost after": {"kind": "drop_after"},
    "lost after, twice": {"kind": "drop_after", "times": 2},
    "late": {"kind": "late", "seconds": 32},
    "cut short": {"kind": "truncate"},
    "a page": {"kind": "garbage"},
    "dripping": {"kind": "drip"},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503, "headers": {"Retry-After": "7"}},
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "7"}},
    "401": {"kind": "status", "status": 401, "body": {"error": "expired"}},
}
SENDING = ["never", "store.claimed", "deliver.claimed", "deliver.sent", "store.settled", "deliver.settled"]
LOOKING = ["deliver.doubted", "deliver.looked_up", "deliver.resent"]
CELLS = len(THINGS) * len(ANSWERS) * len(SENDING + LOOKING)


@pytest.mark.parametrize("point", SENDING + LOOKING)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("thing", THINGS)
def test_each_thing_is_there_once(ground: Ground, thing: str, answer: str, point: str) -> None:
    kind, name, opens, write = THINGS[thing]
    numbers = (1, 2)
    if not opens:
        for number in numbers:
            ground.hand_over(kind, number)
        ground.run(name)
        ground.assert_exactly_once()
    if ANSWERS[answer]:
        ground.played.fault(name, **{**write, **ANSWERS[answer]})

    for number in numbers:
        ground.hand_over(kind, number, first=opens, post=number * 100 + 50)
    ground.run_into(point if point in SENDING else "deliver.sent", name, patience=0)
    if point in LOOKING:
        ground.clock.forward(600)
        ground.run_into(point, name, patience=0)
    ground.quiet(name)

    ground.assert_exactly_once()
    assert ground.quarantined() == []


def test_the_sweep_has_at_least_300_cells() -> None:
    assert CELLS >= 300
