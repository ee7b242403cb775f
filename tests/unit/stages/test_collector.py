"""The cycle collector while records pass."""

import gc

import pytest

from hub.stages.collector import SELDOM, seldom_collected


def test_garbage_is_looked_for_seldom_and_afterwards_as_before() -> None:
    before = gc.get_threshold()

    with seldom_collected():
        assert gc.get_threshold() == SELDOM
        assert gc.get_freeze_count() > 0

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_trouble_on_the_way_leaves_nothing_changed() -> None:
    before = gc.get_threshold()

    with pytest.raises(ValueError, match="trouble"), seldom_collected():
        raise ValueError("trouble")

    assert gc.get_threshold() == before
