"""Pages joined to batches of a useful size, each with the cursor that is safe after it."""

from collections.abc import Iterable, Iterator

from hub.domain import Cursor
from hub.errors import HubError
from hub.kit import Page
from hub.store.records import encode_all

BATCH_RECORDS = 4_000  # a batch holds at least one page and about so many records at the most


def gathered(pages: Iterable[Page]) -> Iterator[tuple[list[bytes], Cursor]]:
    """Pages joined to batches of a useful size, as lines; each comes with the cursor that is safe after it.

    Records are encoded page by page: as lines they take a tenth of the room, and page after page is let go.
    Trouble half way is passed on only after what had come before it: a limit that ends each run early
    must not make each run start again from the same place.
    """
    lines: list[bytes] = []
    cursor: Cursor | None = None
    try:
        for page in pages:
            lines += encode_all(page.records)
            cursor = page.cursor
            if len(lines) >= BATCH_RECORDS:
                yield lines, cursor
                lines, cursor = [], None  # a new list: the old one is the caller's
    except HubError:
        if cursor is not None:
            yield lines, cursor
        raise
    if cursor is not None:
        yield lines, cursor
