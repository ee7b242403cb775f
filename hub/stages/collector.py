"""Python's cycle collector, told to come less often while many records pass.

Records are trees: nothing in them waits for the collector, which yet walks all that is alive whenever some hundreds
of objects are made. Over pages of posts that was an eighth of all processor time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (50_000, 10, 10)  # objects made before a young, a middle, an old collection


@contextmanager
def seldom_collected() -> Iterator[None]:
    """What lives now is left alone, and garbage is looked for seldom; as before at the end."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
