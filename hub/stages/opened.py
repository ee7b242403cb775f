"""Opened batches: claimed, read and sorted; and what both gates say of several of them together.

What a gate holds back waits, whole, until somebody has mended its source, its mapping or the gate: nothing of it is
lost, and nothing goes on unchecked. A gate that stumbles itself holds back what it should have judged.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import ContractBroken, HubError
from hub.quality.gate import MOST_BAD, MOST_BAD_ROWS, Verdict
from hub.stages.admit import Found, Rulebook
from hub.stages.trouble import place_of
from hub.stages.validate import Sorted
from hub.store import BatchClaim, Store, faultpoint

Record = dict[str, Any]


@dataclass
class Opened:
    """A claimed batch, read and sorted."""

    claim: BatchClaim
    sorted: Sorted
    found: Found
    records: Callable[[], Iterable[Record]]

    @property
    def network(self) -> str:
        """The network that it is from."""
        return self.claim.batch.network


def unreadable(opened: Sequence[Opened], book: Rulebook) -> dict[str, ContractBroken]:
    """Networks most of whose records become no post: the source or the mapping has changed, not the records.

    One alert then, in place of as many items in quarantine as there are records. A file that somebody exported does
    not change any more: its records are looked at one by one.
    """
    rows: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for batch in opened:
        if not book.networks[batch.network].manifest.files:
            rows[batch.network] += len(batch.sorted.posts) + len(batch.sorted.bad)
            bad[batch.network] += len(batch.sorted.bad)
    return {
        name: ContractBroken(
            f"{bad[name]} of {number} records from {name} become no post ({_commonest(opened, name)}): something has "
            f"changed there. Nothing was lost; they wait until mappings/{name}.yaml is mended."
        )
        for name, number in rows.items()
        if number >= MOST_BAD_ROWS and bad[name] > MOST_BAD * number
    }


def _commonest(opened: Sequence[Opened], network: str) -> str:
    reasons = Counter(one.reason for batch in opened if batch.network == network for one in batch.sorted.bad)
    return f"mostly {reasons.most_common(1)[0][0]}"


def judged(opened: Sequence[Opened], book: Rulebook, store: Store) -> Iterator[tuple[Sequence[Opened], Verdict]]:
    """All together; where they would be held back, each network by itself, since mostly one source has changed."""
    verdict = _verdict(opened, book, store)
    networks = sorted({batch.network for batch in opened})
    if verdict.state != "held" or len(networks) < 2:
        yield opened, verdict
        return
    for network in networks:
        alone = [batch for batch in opened if batch.network == network]
        yield alone, _verdict(alone, book, store)


def _verdict(opened: Sequence[Opened], book: Rulebook, store: Store) -> Verdict:
    posts = [post for batch in opened for post, _ in batch.sorted.posts]
    try:
        faultpoint("triage.judged")
        return book.gate(posts, store.now())
    except HubError:
        raise
    except Exception as odd:  # noqa: BLE001  any defect of the gate: what it did not look at has not passed it
        return Verdict(state="held", rows=len(posts), reasons=(f"the gate itself stumbled ({place_of(odd)})",))


def held(verdict: Verdict) -> ContractBroken:
    """What is raised when the crowd as a whole may not be believed."""
    return ContractBroken(
        f"The batch gate held {verdict.rows} posts: {'; '.join(verdict.reasons)}. "
        "Nothing was lost; they wait until the source or mappings/_expectations.json is mended."
    )
