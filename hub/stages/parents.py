"""Parents: what the posts of a pull answer is fetched before they are triaged (`product.md` lesson 3).

The parent is context: the classifier reads it, and its thread is the conversation. So it lands in a batch of its own,
just before the posts that answer it, and becomes nobody's work unless a watch finds it too. A parent that is gone or
not for us is remembered as absent for a while. Parents are a help and no condition: trouble with them stops no pull.
"""

from collections.abc import Iterable, Iterator, Sequence

from hub.domain import Reference, make_key
from hub.errors import HubError, RecordError
from hub.kit import Network, Page
from hub.logs import get_logger
from hub.mapping import Mapping
from hub.store import Store
from hub.store.records import encode_all

ABSENT_SECONDS = 7 * 86_400.0
AT_MOST = 200  # in one pull of one watch
REMEMBERED = 20_000  # posts of one pull: a parent read longer ago is asked for once more, and memory stays flat

log = get_logger(__name__)


class Parents:
    """The parents that one pull of one watch still lacks."""

    def __init__(self, network: Network, mapping: Mapping, store: Store, *, depth: int) -> None:
        self.network, self.mapping, self.store = network, mapping, store
        self.depth = depth if network.look_up_size else 0
        self._left = AT_MOST
        self._here: set[str] = set()
        self._wanted: dict[str, Reference] = {}

    def watching(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The same pages; what they answer is noted as they pass."""
        for page in pages:
            if self.depth and self._left:
                self._note(page.records)
            yield page

    def fetch(self) -> list[bytes]:
        """The records of what is wanted and known nowhere, as lines, nearest parents first."""
        lines: list[bytes] = []
        for _ in range(self.depth):
            missing = self._missing()
            if not missing:
                break
            try:
                lines += self._look_up(missing)
            except HubError as problem:
                log.warning("parents left out", network=self.network.manifest.name, error=type(problem).__name__)
                break
        self._wanted.clear()
        return lines

    def _missing(self) -> list[Reference]:
        wanted = {key: one for key, one in self._wanted.items() if key not in self._here}
        self._wanted = {}
        if not wanted or not self._left:
            return []
        with self.store.read() as view:
            known = view.posts.known(wanted) | view.tombstones.dead(wanted)
            absent = view.memory.known(map(_absence, wanted))
        fresh = [key for key in wanted if key not in known and _absence(key) not in absent]
        taken = fresh[: self._left]
        self._left -= len(taken)
        return [wanted[key] for key in taken]

    def _look_up(self, references: Sequence[Reference]) -> list[bytes]:
        lines: list[bytes] = []
        found: set[str] = set()
        size = self.network.look_up_size
        for start in range(0, len(references), size):
            for answer in self.network.look_up(references[start : start + size]):
                found |= self._note(answer.records)
                lines += encode_all(answer.records)
        if absent := [reference.key for reference in references if reference.key not in found]:
            with self.store.begin() as tx:
                for key in absent:
                    tx.memory.set(_absence(key), True, keep_seconds=ABSENT_SECONDS)
        return lines

    def _note(self, records: Iterable[dict[str, object]]) -> set[str]:
        """Remember what is here and what it answers; returns the keys that are here."""
        name, kind, here = self.network.manifest.name, self.mapping.reads, set()
        for record in records:
            try:
                ties = self.mapping.ties(record)
            except RecordError:
                continue  # triage says what is wrong with it
            native_id, parent, scope = (_text(ties.get(field)) for field in ("native_id", "in_reply_to", "scope"))
            if native_id:
                here.add(make_key(name, kind, native_id, scope or None))
            if parent:
                key = make_key(name, kind, parent, scope or None)
                self._wanted.setdefault(key, Reference(key=key, native_id=parent, scope=scope or None))
        if len(self._here) > REMEMBERED:
            self._here.clear()
        self._here |= here
        return here


def _absence(key: str) -> str:
    return f"absent:{key}"


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return text if text.isprintable() else ""
