"""Files that landed and that no manifest lists: a process ended between the two, and the next one read something else.

Nobody will ever read them, and what the networks ask to be forgotten must not lie there for ever. A file is left alone
for a day, in which its writer may still list it: by then its lease is over, and what is landed anew has another
day in its path. Where much is unlisted the landing zone is somebody else's too, or the store is not the one that
filled it: then nothing is removed, and a person is told.
"""

from dataclasses import dataclass
from itertools import islice

from hub.store import Landing, Store

DAY_SECONDS = 86_400.0
AT_A_TIME = 10_000  # paths that are looked for in the manifest together
MANY, SHARE = 10, 0.1  # more unlisted files than that, and more than that part of all, are not only ours
NAMED = 20  # in the audit log


@dataclass(frozen=True)
class Unlisted:
    """What was found and done."""

    removed: int = 0
    left: int = 0  # more than a few: a person must look

    @property
    def notice(self) -> str:
        """What to tell operations; nothing when all is well."""
        if not self.left:
            return ""
        return (
            f"{self.left} files in the landing zone are in no manifest, too many to be left over: another hub lands "
            "there too, or the store was replaced. None was removed; give each hub a landing zone of its own."
        )


def sweep(*, store: Store, landing: Landing, older_than_seconds: float = DAY_SECONDS) -> Unlisted:
    """Remove what is left over, and say so in the audit log."""
    with store.read() as view:
        first, restored = view.batches.first_landed_at(), view.outbox.restored_at()
    if first is None or restored is not None:  # a new store, or a copy: it cannot know what landed
        return Unlisted()
    since = f"{first:%Y-%m-%d}"  # what landed before is not this store's to judge
    seen, found = 0, list[str]()
    every = landing.paths()
    while paths := list(islice(every, AT_A_TIME)):
        seen += len(paths)
        with store.read() as view:
            listed = view.batches.listed(paths)
        found += [
            path
            for path in paths
            if path not in listed and day_of(path) >= since and landing.age_seconds(path) > older_than_seconds
        ]
    if len(found) > max(MANY, seen * SHARE):
        return Unlisted(left=len(found))
    for path in found:
        landing.remove(path)
    if found:
        with store.begin() as tx:
            named = ", ".join(found[:NAMED]) + (", ..." if len(found) > NAMED else "")
            why = "landed more than a day ago and never listed"
            tx.audit.append(
                actor="upkeep", action=f"{len(found)} landed files removed", object="landing", reason=why, before=named
            )
    return Unlisted(removed=len(found))


def day_of(path: str) -> str:
    """The day on which a file landed, by its path."""
    return path.split("/")[1]
