"""From an error to what the shell and the person see of it."""

import errno
from collections.abc import Collection

from hub.errors import ContractBroken, RecordError, SetupError, TransientError

DONE, SOME_REFUSED, WRONG_SETUP, OTHER_SIDE_DOWN = 0, 1, 2, 3


def code_of(problem: BaseException) -> int:
    """The exit code of an error (decision 11)."""
    if isinstance(problem, (TransientError, ContractBroken)):
        return OTHER_SIDE_DOWN
    if isinstance(problem, RecordError):
        return SOME_REFUSED
    return WRONG_SETUP


def gravest(codes: Collection[int]) -> int:
    """The one exit code for all that happened: what a person must change comes first."""
    return next((code for code in (WRONG_SETUP, OTHER_SIDE_DOWN, SOME_REFUSED) if code in codes), DONE)


def sentence_of(problem: BaseException) -> str:
    """One sentence that says what is wrong and what to do."""
    if isinstance(problem, OSError) and not isinstance(problem, SetupError):
        if problem.errno == errno.ENOSPC:
            return "There is no space left on the disk; free some and run again: nothing landed is lost."
        if problem.errno in (errno.EACCES, errno.EROFS):
            return f"{problem.filename} may not be written; correct its owner, or set HUB_VAR to another folder."
        return f"The system refused: {problem.strerror or problem} ({problem.filename or 'no file'})."
    return str(problem) or type(problem).__name__
