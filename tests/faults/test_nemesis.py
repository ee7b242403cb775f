"""F75: random faults of all kinds, reads and writes mixed; a seed that fails replays the same."""

import os

import pytest

from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.nemesis import Nemesis

SEEDS = int(os.environ.get("HUB_TEST_SEEDS") or 3)
POSTS = 2_000
pytestmark = pytest.mark.slow
AT_LEAST = 25  # faults in one history: 500 over twenty


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_f75_when_the_nemesis_lets_go_everything_is_there_once(ground: Ground, seed: int) -> None:
    nemesis = Nemesis(ground, seed, posts=POSTS)

    nemesis.rage()
    nemesis.let_go()

    assert nemesis.waiting() == {"batches": 0, "deliveries": 0, "quarantined": 0, "sums": 0}
    assert nemesis.verdict() == Verdict()
    assert nemesis.unread() == set()
    met = sum(1 for line in ground.played.requests() if line.get("fault"))
    assert nemesis.faults + met >= AT_LEAST
    print(f"seed {seed}: {nemesis.faults + met} faults, {len(ground.expected)} objects, {nemesis.history()[:16]}")


def test_f75_the_same_seed_is_the_same_history(ground: Ground, another: Ground) -> None:
    first, second = Nemesis(ground, 7, posts=60), Nemesis(another, 7, posts=60)
    first.rage()
    first.let_go()

    second.rage()
    second.let_go()

    assert first.history() == second.history()
