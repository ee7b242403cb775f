"""Posts as Bluesky shows them: alone, in feeds, behind notifications, in threads; and the times they bear."""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from hub.errors import ContractBroken
from hub.kit import SPOILT, moment_of

POST = "app.bsky.feed.post"
LISTS = ("posts", "feed", "notifications")
ABSENT = ("notFound", "blocked", "detached")  # what stands in a thread where a post is not to be seen

Record = dict[str, Any]


def listed(body: Any) -> list[Record]:
    """What an answer lists, whatever it is wrapped in; a thread is listed from its oldest post on."""
    if isinstance(body, dict):
        name = next((name for name in LISTS if isinstance(body.get(name), list)), None)
        thread = body.get("thread", body)
        if (
            name is None
            and isinstance(thread, dict)
            and ("replies" in thread or "parent" in thread or _is_gone(thread))
        ):
            return list(_branches(thread))
        body = body[name] if name else [body]
    if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
        raise ContractBroken("Bluesky gave something else where posts were due.")
    return body


def posts_of(found: Iterable[Record]) -> list[Record]:
    """The posts among what is listed, a repost with who reposted it; ContractBroken where there is none in sight."""
    found = list(found)
    posts = [post for each in found if (post := _post_of(each)) is not None]
    if found and not any(map(_is_known, found)):
        raise ContractBroken("Bluesky gave something else where posts were due.")
    return posts


def seen_at(item: Record) -> datetime | None:
    """When the network took notice: of the repost, where it is one. This is what can be trusted to grow."""
    reason = item.get("reason")
    told = reason.get("indexedAt") if isinstance(reason, dict) and "by" in reason else None
    return moment_of(told or item.get("indexedAt"))


def sorted_at(item: Record) -> datetime | None:
    """Where lists sort it: by the earlier of what its author says and when it was seen."""
    seen = seen_at(item)
    if isinstance(item.get("reason"), dict) and "by" in item["reason"]:
        return seen
    said = written_at(item)
    return min(said, seen) if said and seen else said or seen


def written_at(item: Record) -> datetime | None:
    """When its author says that it was written."""
    record = item.get("record")
    return moment_of(record.get("createdAt")) if isinstance(record, dict) else None


def root_of(item: Record) -> str:
    """The address of the post that began the thread which this one answers in; nothing for one that answers none."""
    record: Any = item.get("record")
    for name in ("reply", "root", "uri"):
        record = record.get(name) if isinstance(record, dict) else None
    return record if isinstance(record, str) else ""


def _branches(thread: Record) -> Iterator[Record]:
    """Every post of a thread: parents first, then the post, then what answers it. Depth is ours, not the stack's."""
    above: list[Record] = []
    parent: Any = thread
    while isinstance(parent, dict):
        above.append(parent)
        parent = parent.get("parent")
    yield from above[:0:-1]
    waiting = deque([thread])
    while waiting:
        branch = waiting.popleft()
        yield branch
        replies = branch.get("replies")
        waiting.extendleft(each for each in reversed(replies or ()) if isinstance(each, dict))


def _post_of(item: Record) -> Record | None:
    """The post of a list's entry; None for a notification about something else, or a place where a post was."""
    record = item.get("record")
    if _is_gone(item) or (isinstance(record, dict) and record.get("$type", POST) != POST):
        return None
    post = item.get("post")
    if not isinstance(post, dict):
        return item
    reason = item.get("reason")
    post = {**post, SPOILT: True} if SPOILT in item else post
    return {**post, "reason": reason} if isinstance(reason, dict) and "by" in reason else post


def _is_known(item: Record) -> bool:
    post = item.get("post", item)
    return _is_gone(item) or (isinstance(post, dict) and "uri" in post and "record" in post and "author" in post)


def _is_gone(item: Record) -> bool:
    return any(item.get(name) is True for name in ABSENT)
