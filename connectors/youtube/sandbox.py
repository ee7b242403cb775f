"""The other side of YouTube: youtube.googleapis.com over the invented world's posts.

Firms and people who are widely read make videos; what others say stands below Acme's first video. Answers are comments,
and answers to comments stand all below the first one. The day's units and the hundred searches are counted, and a quota
that is spent stays so until midnight Pacific.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.youtube.sandbox_shapes import (
    channel_id,
    channel_of,
    comment_id,
    comment_of,
    entry_of,
    listed,
    number_of,
    refusal,
    result_of,
    thread_of,
    uploads_id,
    video_id,
    video_of,
)
from sandbox.kit import Person, Reply, Request, System, WorldPost, route

KEY = "sandbox-youtube-key"
US = "acme"
UNITS, SEARCHES = 10_000, 100
READ_WIDELY = 10_000  # followers from which on people make videos
PACIFIC = ZoneInfo("America/Los_Angeles")
DAY = 86_400
V3 = "/youtube/v3"


class YouTube(System):
    """youtube.googleapis.com."""

    hosts = ("youtube.googleapis.com",)

    def admit(self, request: Request) -> Reply | None:
        """Only with the key, and while the quota lasts; what is refused costs as well."""
        if (request.headers.get("x-goog-api-key") or request.param("key")) != KEY:
            return refusal(400, "keyInvalid", "global", status="INVALID_ARGUMENT")
        search = request.path == f"{V3}/search"
        day = self.clock.now().astimezone(PACIFIC).date()
        window = self.take(
            f"{'search' if search else 'units'}:{day}", limit=SEARCHES if search else UNITS, seconds=400 * DAY
        )
        return refusal(403, "quotaExceeded", "youtube.quota") if window.exceeded else None

    def not_found(self, request: Request) -> Reply:
        """Google's words."""
        return refusal(404, "notFound", "global", status="NOT_FOUND")

    def address_of(self, post: WorldPost) -> str:
        """Where people see it."""
        if self._is_video(post):
            return f"https://www.youtube.com/watch?v={video_id(post)}"
        video = self._video_above(post)
        return f"https://www.youtube.com/watch?v={video_id(video)}&lc={self._comment_id(post)}" if video else ""

    @route("GET", "/youtube/v3/channels")
    def channels(self, request: Request) -> Reply:
        """Channels by their ids or one by its handle."""
        ids, handle = _ids(request), request.param("forHandle").removeprefix("@")
        people = [self.world.by_handle(handle)] if handle else [self.world.person(number_of(id)) for id in ids]
        found = [person for person in people if person and (handle or channel_id(person) in ids)]
        counted = {person.id: self._videos_of(person) for person in found}
        now = self.clock.now()
        return _list(request, "channel", [channel_of(each, counted[each.id], now, _parts(request)) for each in found])

    @route("GET", "/youtube/v3/playlistItems")
    def entries(self, request: Request) -> Reply:
        """What a channel has uploaded, newest first."""
        id = request.param("playlistId")
        person = self.world.person(number_of(id))
        if person is None or uploads_id(person) != id:
            return refusal(404, "playlistNotFound", "youtube.playlistItem")
        return _list(
            request, "playlistItem", [entry_of(each, _parts(request)) for each in self._videos_of(person)], most=50
        )

    @route("GET", "/youtube/v3/videos")
    def videos(self, request: Request) -> Reply:
        """Videos by their ids, or some that are popular."""
        now, parts = self.clock.now(), _parts(request)
        if request.param("chart"):
            found = self._all_videos()[:1]
        else:
            known = {video_id(each): each for each in self._all_videos()}
            found = [known[id] for id in _ids(request) if id in known]
        return _list(request, "video", [video_of(each, len(self._below(each)), now, parts) for each in found], most=50)

    @route("GET", "/youtube/v3/search")
    def search(self, request: Request) -> Reply:
        """Videos that hold all words, newest first."""
        words = request.param("q").lower().split()
        after = request.param("publishedAfter")
        since = datetime.fromisoformat(after) if after else None
        found = [
            each for each in self._all_videos()
            if all(word.strip("#") in f"{each.title} {each.text}".lower() for word in words)
            and (since is None or each.published_at >= since)
        ]  # fmt: skip
        return _list(request, "searchResult", [result_of(each) for each in found], most=50, kind="searchListResponse")

    @route("GET", "/youtube/v3/commentThreads")
    def threads(self, request: Request) -> Reply:
        """Threads by their ids, or of all videos of a channel, by the time of their first comments."""
        if _ids(request):
            known = {self._comment_id(each): each for each in self.world.posts("youtube") if not self._is_video(each)}
            tops = [known[id] for id in _ids(request) if id in known and self._top(known[id]).id == known[id].id]
        else:
            person = self.world.person(number_of(request.param("allThreadsRelatedToChannelId")))
            if person is None:
                return refusal(404, "channelNotFound", "youtube.commentThread")
            if not self._videos_of(person):
                return refusal(403, "commentsDisabled", "youtube.commentThread")
            videos = {each.id for each in self._videos_of(person)}
            mine = [each for each in self.world.posts("youtube") if not self._is_video(each) and each.kind != "share"]
            tops = [each for each in mine if self._top(each).id == each.id and self._stands_below(each, videos)]
        ordered = sorted(tops, key=lambda each: (each.published_at, each.id), reverse=True)
        return _list(request, "commentThread", [self._thread(each, _parts(request)) for each in ordered])

    @route("GET", "/youtube/v3/comments")
    def comments(self, request: Request) -> Reply:
        """Answers to a comment, or comments by their ids; in no order that is promised."""
        known = {self._comment_id(each): each for each in self.world.posts("youtube") if not self._is_video(each)}
        if request.param("parentId"):
            top = known.get(request.param("parentId"))
            if top is None:
                return refusal(404, "parentCommentNotFound", "youtube.comment")
            found = self._answers(top)
        else:
            found = [known[id] for id in _ids(request) if id in known]
        return _list(request, "comment", [self._comment(each) for each in found])

    def _is_video(self, post: WorldPost) -> bool:
        widely = post.author.own or post.author.id <= 100 or post.author.followers >= READ_WIDELY
        return post.in_reply_to is None and post.kind != "share" and widely

    def _all_videos(self) -> list[WorldPost]:
        return [post for post in reversed(self.world.posts("youtube")) if self._is_video(post)]

    def _videos_of(self, person: Person) -> list[WorldPost]:
        return [post for post in self._all_videos() if post.author.id == person.id]

    def _video_above(self, post: WorldPost) -> WorldPost | None:
        """The video that a comment is below: its thread's first post, or Acme's first video for what has none."""
        root = self.world.get(post.thread) or post
        if self._is_video(root):
            return root
        us = self.world.by_handle(US)
        ours = self._videos_of(us) if us else []
        return ours[-1] if ours else None

    def _stands_below(self, post: WorldPost, videos: set[int]) -> bool:
        video = self._video_above(post)
        return video is not None and video.id in videos

    def _top(self, post: WorldPost) -> WorldPost:
        """The first comment of the thread that this one is in, or is."""
        while post.in_reply_to:
            parent = self.world.get(post.in_reply_to)
            if parent is None or self._is_video(parent):
                break
            post = parent
        return post

    def _below(self, video: WorldPost) -> list[WorldPost]:
        said = (post for post in self.world.posts("youtube") if not self._is_video(post) and post.kind != "share")
        return [post for post in said if (above := self._video_above(post)) and above.id == video.id]

    def _answers(self, top: WorldPost) -> list[WorldPost]:
        said = (post for post in self.world.posts("youtube") if post.in_reply_to)
        return [post for post in said if post.id != top.id and self._top(post).id == top.id]

    def _comment_id(self, post: WorldPost) -> str:
        top = self._top(post)
        return comment_id(top) if top.id == post.id else f"{comment_id(top)}.{comment_id(post)[2:]}"

    def _comment(self, post: WorldPost, video: WorldPost | None = None) -> dict[str, Any]:
        top = self._top(post)
        parent = None if top.id == post.id else comment_id(top)
        return comment_of(post, self._comment_id(post), parent, video if parent is None else None, self.clock.now())

    def _thread(self, top: WorldPost, parts: Sequence[str]) -> dict[str, Any]:
        video, answers = self._video_above(top), self._answers(top)
        beside = [self._comment(each) for each in answers[:5]] if "replies" in parts else []
        return thread_of(self._comment(top, video), video, len(answers), beside)


def _ids(request: Request) -> list[str]:
    return [id for id in request.param("id").split(",") if id]


def _parts(request: Request) -> list[str]:
    return request.param("part").split(",")


def _list(
    request: Request, what: str, items: list[dict[str, Any]], *, most: int = 100, kind: str | None = None
) -> Reply:
    """One page; the token says where the next begins."""
    size = request.param("maxResults", "20")
    limit = min(int(size), most) if size.isdigit() and int(size) else most
    limit = most if _ids(request) else limit
    token = request.param("pageToken")
    try:
        start = int(base64.urlsafe_b64decode(token.encode() + b"==").decode()) if token else 0
    except ValueError:
        return refusal(400, "invalidPageToken", "youtube.parameter")
    page = items[start : start + limit]
    more = start + limit if len(items) > start + limit else None
    following = base64.urlsafe_b64encode(str(more).encode()).decode().rstrip("=") if more else None
    return Reply.json(listed(what, page, len(items), limit, following, kind))
