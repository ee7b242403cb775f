"""Pictures are drawn as soon as their page has been sent: in one thread, in the order of the page.

Drawing takes 60 ms each, and whatever else the process does meanwhile is slower; so it does not begin while a page is
still being made. Only what most readers look at is drawn so, the light ones; a dark one is drawn when it is asked for.
"""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock

from hub.pictures import Gallery

MOST = 50  # that wait; of more, the others are drawn when they are asked for
PATIENCE = 5.0  # seconds, for one that is being drawn

_thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")
_lock = Lock()
_asked: dict[str, Gallery] = {}  # of pages that are being made
_waiting: dict[str, Future[None]] = {}


def ask(gallery: Gallery, digest: str) -> str:
    """Let it be drawn once its page is sent, unless it is there; returns the digest."""
    if not gallery.has(digest, "light"):
        with _lock:
            if digest not in _waiting and len(_asked) + len(_waiting) < MOST:
                _asked[digest] = gallery
    return digest


def begin() -> None:
    """Draw what was asked for."""
    with _lock:
        for digest, gallery in _asked.items():
            _waiting[digest] = _thread.submit(_draw, gallery, digest)
        _asked.clear()


def drawn(digest: str) -> None:
    """Wait until it is drawn, if it is about to be; what went wrong shows when it is drawn again."""
    with _lock:
        waiting = _waiting.get(digest)
    if waiting is not None:
        wait([waiting], timeout=PATIENCE)


def finish() -> None:
    """Wait until nothing is being drawn any more, as whoever takes the gallery's folder away must."""
    with _lock:
        _asked.clear()
        waiting = list(_waiting.values())
    wait(waiting)


def _draw(gallery: Gallery, digest: str) -> None:
    try:
        gallery.png(digest, "light")
    finally:
        with _lock:
            del _waiting[digest]
