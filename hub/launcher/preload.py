"""What tasks need, imported once by the fork server that they are forked from; nobody else imports this.

Great Expectations alone costs a task five seconds of processor time. What is imported here is frozen: the
garbage collector of a child leaves it alone, so that its memory stays shared.
"""

import contextlib
import gc
import logging

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # else two hundred lines of how it is made

with contextlib.suppress(ImportError):  # a part that is missing is missed by the task that needs it, and named there
    import great_expectations  # noqa: F401
    import pandas  # noqa: F401

    import hub.wiring  # noqa: F401

gc.collect()
gc.freeze()
