"""How Bluesky writes things: DIDs, record keys, handles, a text with its marks, and posts as others see them."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.kit import Person, World, WorldPost

POST, REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"
SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"  # record keys are numbers in these 32 digits: they sort as they grow
DOMAIN = ".bsky.test"
VENDOR = {"did": "did:plc:z72i7hdynmk6r22z27h6tvur", "handle": "bsky.app", "displayName": "Bluesky"}
PICTURES = "https://cdn.bsky.test/img"


def did_of(person: Person) -> str:
    """The id of an account, for ever the same."""
    return f"did:plc:{_digits(f'person:{person.id}', 24)}"


def handle_of(person: Person) -> str:
    """A handle is a host name, so it has no underscore."""
    return person.handle.lower().replace("_", "-").strip("-") + DOMAIN


def cid_of(text: str) -> str:
    """A content id, made up."""
    return f"bafyrei{_digits(text, 52)}"


def number_of(post: WorldPost) -> int:
    """A record's key as a number: microseconds since 1970, and ten bits that tell two clocks apart."""
    return (post.published_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) << 10 | post.id % 1024


def key_of(number: int) -> str:
    """The number as a record's key, of 13 digits."""
    return "".join(SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def number_in(key: str) -> int:
    """The number behind a record's key; 0 for what is none."""
    number = 0
    for digit in key:
        place = SORTABLE.find(digit)
        if place < 0:
            return 0
        number = number << 5 | place
    return number


def uri_of(post: WorldPost) -> str:
    """The address of a record."""
    kind = REPOST if post.kind == "share" else POST
    return f"at://{did_of(post.author)}/{kind}/{key_of(number_of(post))}"


def moment(at: datetime) -> str:
    """ISO 8601 with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def profile_of(person: Person) -> dict[str, Any]:
    """An account as it stands beside its posts."""
    did = did_of(person)
    bot = {"src": did, "uri": f"at://{did}/app.bsky.actor.profile/self", "val": "bot", "cts": moment(person.joined)}
    checked = {"verifications": [], "verifiedStatus": "valid", "trustedVerifierStatus": "none"}
    return {
        "did": did, "handle": handle_of(person), "displayName": person.name, "avatar": f"{PICTURES}/avatar/{did}",
        "associated": {"activitySubscription": {"allowSubscriptions": "followers"}},
        "labels": [bot] if person.automated else [], "createdAt": moment(person.joined),
        **({"verification": checked} if person.verified else {}),
    }  # fmt: skip


def whole_profile(person: Person, posts: int) -> dict[str, Any]:
    """An account as its own page shows it."""
    return profile_of(person) | {
        "description": person.bio, "followersCount": person.followers, "followsCount": person.following,
        "postsCount": posts, "indexedAt": moment(person.joined),
    }  # fmt: skip


def strong_ref(post: WorldPost) -> dict[str, str]:
    """Address and content id of a record."""
    uri = uri_of(post)
    return {"uri": uri, "cid": cid_of(uri)}


def record_of(post: WorldPost, world: World) -> dict[str, Any]:
    """What its author has written down; posts are never edited here, so it is the first form."""
    first = world.trace(post.id) or post
    at = moment(post.published_at)
    if post.kind == "share":
        shared = world.trace(post.shared or 0)
        return {"$type": REPOST, "createdAt": at, "subject": strong_ref(shared or post)}
    record: dict[str, Any] = {"$type": POST, "text": first.text, "createdAt": at, "langs": [post.lang]}
    if facets := facets_of(first, world):
        record["facets"] = facets
    if parent := world.trace(post.in_reply_to or 0):
        root = world.trace(post.thread) or parent
        record["reply"] = {"root": strong_ref(root), "parent": strong_ref(parent)}
    if quoted := world.trace(post.shared or 0):
        record["embed"] = {"$type": "app.bsky.embed.record", "record": strong_ref(quoted)}
    return record


def facets_of(post: WorldPost, world: World) -> list[dict[str, Any]]:
    """Where the text names people, tags and addresses, counted in bytes."""
    people = (
        (f"@{name}", "mention", {"did": did_of(person)}) for name in post.mentions if (person := _person(world, name))
    )
    tags = ((f"#{tag}", "tag", {"tag": tag}) for tag in post.tags)
    links = ((link, "link", {"uri": link}) for link in post.links)
    found = []
    for shown, kind, facts in (*people, *tags, *links):
        start = post.text.find(shown)
        if start >= 0:
            begins = len(post.text[:start].encode())
            index = {"byteStart": begins, "byteEnd": begins + len(shown.encode())}
            found.append({"index": index, "features": [{"$type": f"app.bsky.richtext.facet#{kind}", **facts}]})
    return sorted(found, key=lambda facet: facet["index"]["byteStart"])


def view_of(post: WorldPost, world: World, now: datetime) -> dict[str, Any]:
    """A post as others see it."""
    counters, uri = post.counters(now), uri_of(post)
    quoted = world.trace(post.shared or 0) if post.kind != "share" else None
    return {
        "uri": uri, "cid": cid_of(uri), "author": profile_of(post.author), "record": record_of(post, world),
        **({"embed": {"$type": "app.bsky.embed.record#view", "record": _embedded(quoted, world)}} if quoted else {}),
        "bookmarkCount": counters.bookmarks, "replyCount": max(counters.replies, len(world.replies(post.id))),
        "repostCount": counters.shares, "likeCount": counters.likes, "quoteCount": counters.quotes,
        "indexedAt": moment(post.published_at), "labels": [],
    }  # fmt: skip


def gone(uri: str) -> dict[str, Any]:
    """What stands in a thread where a post was."""
    return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}


def _embedded(quoted: WorldPost, world: World) -> dict[str, Any]:
    there = world.get(quoted.id)
    if there is None:
        return {"$type": "app.bsky.embed.record#viewNotFound", "uri": uri_of(quoted), "notFound": True}
    return {
        "$type": "app.bsky.embed.record#viewRecord", **strong_ref(there), "author": profile_of(there.author),
        "value": record_of(there, world), "indexedAt": moment(there.published_at), "labels": [],
    }  # fmt: skip


def _person(world: World, name: str) -> Person | None:
    return world.by_handle(name.partition("@")[0])


def _digits(text: str, length: int) -> str:
    digest = hashlib.sha512(text.encode()).digest()
    return base64.b32encode(digest).decode().lower().rstrip("=")[:length]
