"""Reddit's things: listings of them, trees of comments, and what is left of those that are gone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hub.errors import ContractBroken
from hub.kit import SPOILT, Record

DELETED, REMOVED = "[deleted]", "[removed]"
SPOKEN = ("t1", "t3", "t4")  # comments, posts, private messages
WRONG = "Reddit gave something else where posts and comments were due."


def things_in(body: Any) -> list[Record]:
    """Posts, comments and messages of an answer, trees flattened; ContractBroken where it holds none of these kinds."""
    children = list(_children(body))
    if children and not any(each.get("kind") in (*SPOKEN, "more") for each in children):
        raise ContractBroken(WRONG)
    return [_data(each) for each in children if each.get("kind") in SPOKEN]


def hidden_in(body: Any) -> list[str]:
    """The ids of comments that an answer leaves out, and names in their place."""
    more = (each["data"].get("children") for each in _children(body) if each.get("kind") == "more")
    return [id for ids in more if isinstance(ids, list) for id in ids if isinstance(id, str)]


def next_of(body: Any) -> str | None:
    """The token of the page that follows."""
    data = body.get("data") if isinstance(body, dict) else None
    after = data.get("after") if isinstance(data, dict) else None
    return after if isinstance(after, str) and after else None


def created(thing: Record) -> datetime | None:
    """When it was written."""
    try:
        return datetime.fromtimestamp(float(thing["created_utc"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def name_of(thing: Record) -> str:
    """Its full name, kind and id."""
    return str(thing.get("name"))


def loss_of(thing: Record) -> str | None:
    """Why a thing that is still listed is gone all the same."""
    words = thing.get("body", thing.get("selftext"))
    if words == REMOVED or thing.get("removed_by_category") not in (None, "deleted", "author"):
        return "removed"
    return "deleted" if words == DELETED or thing.get("author") in (None, DELETED) else None


def _children(body: Any) -> Iterator[Record]:
    """Every child of the listings in a body, and what hangs below it, from the top down."""
    found = [body] if isinstance(body, dict) else body
    if isinstance(body, dict) and isinstance(body.get("json"), dict):
        found = [{"kind": "Listing", "data": {"children": (body["json"].get("data") or {}).get("things", [])}}]
    if not isinstance(found, list) or not found:
        raise ContractBroken(WRONG)
    waiting = [child for listing in found for child in _listed(listing)][::-1]
    while waiting:
        child = waiting.pop()
        yield child
        replies = child["data"].get("replies")
        if isinstance(replies, dict):
            waiting += _listed(replies)[::-1]


def _listed(listing: Any) -> list[Record]:
    data = listing.get("data") if isinstance(listing, dict) and listing.get("kind") == "Listing" else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(children, list):
        raise ContractBroken(WRONG)
    if not all(isinstance(each, dict) and isinstance(each.get("data"), dict) for each in children):
        raise ContractBroken(WRONG)
    return children


def _data(child: Record) -> Record:
    """The thing itself, without the tree below it."""
    data = {name: value for name, value in child["data"].items() if name != "replies"}
    return data | {SPOILT: True} if SPOILT in child else data
