"""What YouTube's resources look like, and the videos and comments in a list of whatever kind."""

from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any

from hub.errors import ContractBroken
from hub.kit import Record

VIDEOS: dict[str, Any] = {"part": "snippet,statistics,status"}
COMMENTS: dict[str, Any] = {"part": "snippet", "textFormat": "plainText"}
COUNTED = {"subscriberCount": "subscribers", "viewCount": "views", "videoCount": "posts"}


def at(record: Record) -> datetime | None:
    """When it was published."""
    snippet = record.get("snippet")
    try:
        found = datetime.fromisoformat(snippet["publishedAt"] if isinstance(snippet, dict) else "")
    except (KeyError, TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def id_of(record: Record) -> str:
    """Videos and comments have ids of different forms, so they may stand side by side."""
    return str(record.get("id"))


def items_of(body: Any) -> list[Record]:
    """The resources of a list, or the one that the answer is."""
    if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
        raise ContractBroken("YouTube gave something else where one of its resources was due.")
    if not body["kind"].endswith("ListResponse"):
        return [body]
    items = body.get("items", [])  # an empty list may be left out
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise ContractBroken("YouTube gave something else where a list was due.")
    return items


def following(body: Any) -> str | None:
    """The token of the next page."""
    token = body.get("nextPageToken")
    return token if isinstance(token, str) and token else None


def posts_of(body: Any) -> list[Record]:
    """Videos and comments; channels are none, and nothing else is asked for."""
    items = items_of(body)
    strange = [each.get("kind") for each in items if each.get("kind") not in READ]
    if strange and len(strange) == len(items):
        raise ContractBroken(f"YouTube gave {strange[0]!r} where videos or comments were due.")
    return [post for item in items for post in READ.get(str(item.get("kind")), _nothing)(item)]


def threads_of(body: Any) -> list[Record]:
    """First comments, each with the number of its answers and those that stand beside it."""
    found = []
    for item in items_of(body):
        snippet = _part(item, "snippet")
        top, replies = _part(snippet, "topLevelComment"), _part(item, "replies").get("comments")
        beside = [each for each in replies if isinstance(each, dict)] if isinstance(replies, list) else []
        count = snippet.get("totalReplyCount")
        video = snippet.get("videoId")
        whole = with_video(top, video) | {"answers": count if isinstance(count, int) else 0}
        found.append(whole | {"beside": [with_video(each, video) for each in beside]})
    return found


def alone(thread: Record) -> Record:
    """A first comment without the answers beside it."""
    return {name: value for name, value in thread.items() if name != "beside"}


def with_video(comment: Record, video: Any) -> Record:
    """A comment with the video that it is below: answers do not name it."""
    return comment | ({"video": video} if isinstance(video, str) and video else {})


def statistics_of(channel: Record) -> Iterator[tuple[str, float | None]]:
    """The numbers of a channel, which are texts; None where they are hidden or left out."""
    statistics = channel.get("statistics")
    if not isinstance(statistics, dict):
        return
    for field, name in COUNTED.items():
        text = str(statistics.get(field))
        hidden = field == "subscriberCount" and statistics.get("hiddenSubscriberCount") is True
        yield name, None if hidden or not text.isdecimal() else float(text)


def _part(record: Record, name: str) -> Record:
    inner = record.get(name)
    return inner if isinstance(inner, dict) else {}


def _itself(item: Record) -> list[Record]:
    return [item]


def _nothing(item: Record) -> list[Record]:
    return []


def _thread(item: Record) -> list[Record]:
    (thread,) = threads_of(item)
    return [alone(thread), *thread["beside"]]


def _uploaded(item: Record) -> list[Record]:
    """The video of a playlist's entry; what is private or gone has no picture there."""
    snippet, details = _part(item, "snippet"), _part(item, "contentDetails")
    video = _part(snippet, "resourceId").get("videoId") or details.get("videoId")
    if not video or not snippet.get("thumbnails"):
        return []
    told = {
        "title": snippet.get("title"), "description": snippet.get("description"),
        "publishedAt": details.get("videoPublishedAt") or snippet.get("publishedAt"),
        "channelId": snippet.get("videoOwnerChannelId") or snippet.get("channelId"),
        "channelTitle": snippet.get("videoOwnerChannelTitle") or snippet.get("channelTitle"),
    }  # fmt: skip
    return [{"kind": "youtube#video", "id": video, "snippet": told}]


def _found(item: Record) -> list[Record]:
    """A video that was searched for; its words come encoded, and cut."""
    video, snippet = _part(item, "id").get("videoId"), _part(item, "snippet")
    words = {name: unescape(str(snippet[name])) for name in ("title", "description") if name in snippet}
    return [{"kind": "youtube#video", "id": video, "snippet": {**snippet, **words}}] if video else []


READ = {
    "youtube#video": _itself, "youtube#comment": _itself, "youtube#commentThread": _thread,
    "youtube#playlistItem": _uploaded, "youtube#searchResult": _found, "youtube#channel": _nothing,
}  # fmt: skip
