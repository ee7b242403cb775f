"""How YouTube writes things down: ids of a fixed length, numbers as texts, lists with an etag."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from zlib import crc32

from sandbox.kit import Person, Reply, WorldPost


def channel_id(person: Person) -> str:
    """24 characters, the first two always the same."""
    return f"UC{person.id:022d}"


def uploads_id(person: Person) -> str:
    """The playlist of what a channel uploads."""
    return f"UU{person.id:022d}"


def video_id(post: WorldPost) -> str:
    """11 characters."""
    return f"v{post.id:010d}"


def comment_id(post: WorldPost) -> str:
    """Of a first comment; answers add theirs after a full stop."""
    return f"Ug{post.id:024d}"


def number_of(id: str) -> int:
    """The world's number behind a channel's or playlist's id; 0, which nobody has, for what is none."""
    digits = id[2:]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def moment(at: datetime) -> str:
    """To the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def title_of(post: WorldPost) -> str:
    """A video has a title, and be it the beginning of its words."""
    return post.title or post.text.split(".")[0][:100]


def listed(
    what: str, items: list[dict[str, Any]], total: int, size: int, following: str | None, kind: str | None
) -> dict[str, Any]:
    """A list of resources; the total is an estimate, and here a good one."""
    body: dict[str, Any] = {"kind": f"youtube#{kind or f'{what}ListResponse'}", "etag": _etag(items)}
    body |= {"nextPageToken": following} if following else {}
    return body | {"pageInfo": {"totalResults": total, "resultsPerPage": size}, "items": items}


def channel_of(person: Person, videos: Sequence[WorldPost], now: datetime, parts: Sequence[str]) -> dict[str, Any]:
    """A channel, as far as it is wanted."""
    views = sum(video.counters(now).views for video in videos)
    whole: dict[str, Any] = {
        "snippet": {
            "title": person.name, "description": person.bio, "customUrl": f"@{person.handle}",
            "publishedAt": moment(person.joined),
        },
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": uploads_id(person)}},
        "statistics": {
            "viewCount": str(views), "subscriberCount": str(person.followers), "hiddenSubscriberCount": False,
            "videoCount": str(len(videos)),
        },
    }  # fmt: skip
    return _resource("channel", channel_id(person), {name: whole[name] for name in parts if name in whole})


def entry_of(post: WorldPost, parts: Sequence[str]) -> dict[str, Any]:
    """A video's place in the uploads."""
    whole: dict[str, Any] = {
        "snippet": {
            "publishedAt": moment(post.published_at), "channelId": channel_id(post.author), "title": title_of(post),
            "description": post.text, "thumbnails": _thumbnails(post), "channelTitle": post.author.name,
            "playlistId": uploads_id(post.author), "position": 0,
            "resourceId": {"kind": "youtube#video", "videoId": video_id(post)},
            "videoOwnerChannelTitle": post.author.name, "videoOwnerChannelId": channel_id(post.author),
        },
        "contentDetails": {"videoId": video_id(post), "videoPublishedAt": moment(post.published_at)},
    }  # fmt: skip
    return _resource("playlistItem", f"UE{post.id:030d}", {name: whole[name] for name in parts if name in whole})


def video_of(post: WorldPost, comments: int, now: datetime, parts: Sequence[str]) -> dict[str, Any]:
    """A video, as far as it is wanted; one in five does not show its likes."""
    counters = post.counters(now)
    numbers = {"viewCount": str(counters.views), "favoriteCount": "0", "commentCount": str(comments)}
    numbers |= {} if post.id % 5 == 0 else {"likeCount": str(counters.likes)}
    whole: dict[str, Any] = {
        "snippet": {
            "publishedAt": moment(post.published_at), "channelId": channel_id(post.author), "title": title_of(post),
            "description": post.text, "thumbnails": _thumbnails(post), "channelTitle": post.author.name,
            "categoryId": "22", "liveBroadcastContent": "none", "defaultAudioLanguage": post.lang or "en",
            "localized": {"title": title_of(post), "description": post.text},
        },
        "status": {
            "uploadStatus": "processed", "privacyStatus": "public", "license": "youtube", "embeddable": True,
            "publicStatsViewable": True, "madeForKids": False,
        },
        "statistics": numbers,
    }  # fmt: skip
    return _resource("video", video_id(post), {name: whole[name] for name in parts if name in whole})


def result_of(post: WorldPost) -> dict[str, Any]:
    """What a search shows of a video: words that are encoded, and cut."""
    snippet = {
        "publishedAt": moment(post.published_at), "channelId": channel_id(post.author),
        "title": escape(title_of(post)), "description": escape(post.text[:100]), "thumbnails": _thumbnails(post),
        "channelTitle": post.author.name, "liveBroadcastContent": "none",
    }  # fmt: skip
    told = {"id": {"kind": "youtube#video", "videoId": video_id(post)}, "snippet": snippet}
    return {"kind": "youtube#searchResult", "etag": _etag(told), **told}


def comment_of(post: WorldPost, id: str, parent: str | None, video: WorldPost | None, now: datetime) -> dict[str, Any]:
    """A comment, in plain text; an answer does not name the video."""
    who = post.author
    snippet: dict[str, Any] = {
        "channelId": channel_id(who), "textDisplay": post.text, "textOriginal": post.text,
        "authorDisplayName": f"@{who.handle}", "authorChannelUrl": f"http://www.youtube.com/@{who.handle}",
        "authorChannelId": {"value": channel_id(who)}, "canRate": True, "viewerRating": "none",
        "likeCount": post.counters(now).likes, "publishedAt": moment(post.published_at),
        "updatedAt": moment(post.edited_at or post.published_at),
    }  # fmt: skip
    snippet |= {"videoId": video_id(video)} if video else {}
    snippet |= {"parentId": parent} if parent else {}
    return _resource("comment", id, {"snippet": snippet})


def thread_of(
    top: dict[str, Any], video: WorldPost | None, answers: int, beside: list[dict[str, Any]]
) -> dict[str, Any]:
    """A first comment with at most five of its answers."""
    snippet: dict[str, Any] = {"topLevelComment": top, "canReply": True, "totalReplyCount": answers, "isPublic": True}
    if video:
        snippet |= {"channelId": channel_id(video.author), "videoId": video_id(video)}
    return _resource(
        "commentThread", top["id"], {"snippet": snippet} | ({"replies": {"comments": beside}} if beside else {})
    )


def refusal(code: int, reason: str, domain: str, *, status: str | None = None) -> Reply:
    """An error in Google's form."""
    words = "This was refused in the invented world."
    told: dict[str, Any] = {"code": code, "message": words}
    told |= {"errors": [{"message": words, "domain": domain, "reason": reason}]} | (
        {"status": status} if status else {}
    )
    return Reply.json({"error": told}, status=code)


def _thumbnails(post: WorldPost) -> dict[str, Any]:
    return {"default": {"url": f"https://cdn.acme.test/youtube/{post.id}.jpg", "width": 120, "height": 90}}


def _resource(kind: str, id: str, parts: dict[str, Any]) -> dict[str, Any]:
    return {"kind": f"youtube#{kind}", "etag": _etag(parts), "id": id, **parts}


def _etag(value: Any) -> str:
    return f"{crc32(repr(value).encode('utf-8', 'replace')):027d}"
