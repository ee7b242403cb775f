"""Who speaks: a few loud accounts, and very many that are heard once."""

from random import Random

from benchmarks.inventing.plan import RECORD_TYPES, SHARES
from hub.domain import Author
from sandbox.cast import FIRST, LAST

LOUDNESS = 2.2  # how uneven: the share of the loudest grows with it
SUFFIXES = ("", " Ltd", " News", " Research")
SERVERS = {"mastodon": "mastodon.test/", "discourse": "forum.acme.test/", "stackexchange": "stackoverflow/"}


class Cast:
    """Accounts by network; each new one is met once before it can be met again."""

    def __init__(self, authors: int, posts: int, chance: Random) -> None:
        self._new, self._posts, self._chance = authors, posts, chance
        self._known: dict[str, list[Author]] = {network: [] for network in RECORD_TYPES}
        self._asked = 0
        self.own = {network: self._own(network) for network in RECORD_TYPES}

    @property
    def everybody(self) -> list[Author]:
        """All that have spoken."""
        return [author for known in self._known.values() for author in known]

    def somebody(self, network: str) -> Author:
        """Whoever writes the next post there."""
        self._asked += 1
        known = self._known[network]
        is_new = self._asked * self._new // self._posts > (self._asked - 1) * self._new // self._posts
        if is_new or not known:
            known.append(self._made(network))
            return known[-1]
        return known[int(len(known) * self._chance.random() ** LOUDNESS)]

    def _made(self, network: str) -> Author:
        chance, number = self._chance, self._asked
        first, last = FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]
        handle = f"{first}_{last}{number}".lower()
        suffix = SUFFIXES[chance.randrange(len(SUFFIXES))] if chance.random() < 0.02 else ""
        return Author(
            key=f"{network}:account:{SERVERS.get(network, '')}{1_000_000 + number}", native_id=str(1_000_000 + number),
            handle=handle, display_name=f"{first} {last}{suffix}", url=f"https://{network}.test/@{handle}",
            followers=int(10 ** min(chance.lognormvariate(0.8, 0.45), 6.5)),
            verified=True if chance.random() < 0.01 else None,
        )  # fmt: skip

    def _own(self, network: str) -> Author:
        return Author(
            key=f"{network}:account:{SERVERS.get(network, '')}1", native_id="1", handle="acme", display_name="Acme",
            url=f"https://{network}.test/@acme", followers=48_200, verified=True,
        )  # fmt: skip


def networks_of(chance: Random, watched: dict[str, list[object]], count: int) -> list[str]:
    """Where the next posts are written, of the networks that are watched now."""
    shares = [share if network in watched else 0 for network, share in zip(RECORD_TYPES, SHARES, strict=True)]
    return chance.choices(list(RECORD_TYPES), shares, k=count)
