"""Objects at destinations: as they are, as they would be, and whether they need be told."""

from collections.abc import Collection

from hub.domain import Handoff, Post, Signal
from hub.stages.plan.changes import FieldChange, Sent, differences
from hub.store import Draft, Version
from hub.store.intents import Identity


def says_the_same(one: Signal, other: Signal) -> bool:
    """Whether two signals differ in nothing but who found them."""
    return one.with_(found_by=other.found_by) == other


def there_of(versions: Collection[Version]) -> dict[Identity, Version]:
    """Versions by the object that they are of."""
    return {version.identity: version for version in versions}


def route_of(handoff: Handoff) -> str:
    """The name of the route, without its version."""
    return handoff.provenance.route.partition("@")[0]


def is_wanted(draft: Draft, version: Version | None, post: Post) -> bool:
    """Whether the destination need be told: newer words, and what it was told already, stand."""
    if version is None or version.state == "cancelled":
        return True
    newer = version.said_at is not None and version.said_at > post.published_at
    return not newer and version.digest != draft.digest


def sent_of(draft: Draft, version: Version | None) -> Sent:
    """What would be sent, beside what is there."""
    old = version.body if version else {}
    fields = [
        FieldChange(path=path, old=before, new=after, kept=_keeps(draft, path))
        for path, before, after in (differences(old, draft.body) if old else ())
    ]
    return Sent(
        destination=draft.destination, object=draft.object, external_id=draft.external_id,
        version=version.version if version else 0, mapping=draft.mapping, digest=draft.digest, fields=tuple(fields),
        url=version.url if version else None,
    )  # fmt: skip


def _keeps(draft: Draft, path: str) -> str:
    """What the mapping says of whose a field is, where it is not ours alone."""
    whose = draft.authority.get(path.partition(".")[0], "overwrite")
    return "" if whose == "overwrite" else whose


def as_there(version: Version) -> Sent:
    return Sent(
        destination=version.destination, object=version.object, external_id=version.external_id,
        version=version.version, mapping=version.mapping, url=version.url,
    )  # fmt: skip
