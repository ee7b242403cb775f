"""Facebook: what is said on a Page and about it, read with the Page's own token.

What shapes this module:

- The feed holds what the Page and its visitors posted, newest first; a comment does not move an old post up. So the
  feed of the last weeks is listed at each read, with the number of comments below each post, answers counted, and the
  comments of a post are read where that number is another.
- `filter=stream` gives answers and comments in one list, each answer with its `parent`; without it only the top.
- A person's name and id (`from`) are missing where their settings or our permissions do not show them: nobody is then
  the author, and not always the same nobody.
- A review is no object of its own: it has a story's id, and cannot be asked for by it. Stars became a yes or no.
- Posts and comments have the same form of id but not the same fields, and one unknown field fails a call. So what is
  looked up is asked for as what its thread says that it is.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import Backward, GraphNetwork, GraphRejected, LookUp, Page, Proofs, Record, Threads
from hub.kit.backward import Ask, Mark
from hub.kit.graph import moment

THREADS_REACH = timedelta(days=30)  # older posts are not looked at for new comments
FEED_SIZE = 50  # with counters beside each post, Graph refuses larger pages as too much data
LIST_SIZE = 100
TOTALS = "reactions.limit(0).summary(total_count),comments.limit(0).filter(stream).summary(total_count)"
POST_FIELDS = (
    "id,message,created_time,updated_time,permalink_url,status_type,parent_id,is_hidden,is_published,from{id,name},"
    f"shares,message_tags,attachments{{media_type,title,unshimmed_url,url,media}},{TOTALS}"
)
COMMENT_FIELDS = (
    "id,message,created_time,permalink_url,like_count,comment_count,is_hidden,is_private,from{id,name},parent{id},"
    "message_tags,attachment"
)
REVIEW_FIELDS = "created_time,rating,recommendation_type,review_text,reviewer{id,name},open_graph_story{id}"
METRIC_GROUPS = (
    ("page_media_view", "page_total_media_view_unique"), ("page_post_engagements",), ("page_views_total",),
    ("page_daily_follows_unique", "page_daily_unfollows_unique"),
)  # fmt: skip
NO_TALK = {"name", "to", "title", "description", "snippet", "start_time"}  # of albums, messages, videos, events


class Facebook(GraphNetwork):
    """One Page, or several that one token may read."""

    look_up_size = 50
    counts = {"followers_count": "followers", "fan_count": "fans", "talking_about_count": "talking_about"}
    metrics = {
        "page_media_view": "views", "page_total_media_view_unique": "reach", "page_post_engagements": "engagements",
        "page_views_total": "profile_views", "page_daily_follows_unique": "new_followers",
        "page_daily_unfollows_unique": "lost_followers",
    }  # fmt: skip

    def proofs(self) -> Proofs:
        """Each permission, by the smallest question that needs it."""
        return {
            "access": self.check,
            "posts and comments": lambda: self.get("/me/feed", limit=1, fields="id,message,from{id}"),
            "mentions": lambda: self.get("/me/tagged", limit=1, fields="id"),
            "reviews": lambda: self.get("/me/ratings", limit=1, fields="created_time"),
            "numbers": lambda: list(self.insights("/me/insights", "me", [METRIC_GROUPS[1]], period="day")),
        }

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """What is new, the newest page first; below the posts of a Page, what is new among their comments."""
        match watch.kind:
            case "profile":
                pages = self._feed(watch, cursor)
            case "mention":
                ask = self.listing(f"/{self._page_id(watch.value)}/tagged", fields=POST_FIELDS, limit=FEED_SIZE)
                pages = self._list(ask, watch, cursor)
            case "review":
                ask = self.listing(f"/{self._page_id(watch.value)}/ratings", fields=REVIEW_FIELDS, limit=LIST_SIZE)
                pages = self._list(ask, watch, cursor)
            case _:
                raise SetupError(f"Facebook cannot watch a {watch.kind}; use a profile, a mention or a review.")
        for records, posts, threads in pages:
            state = {"posts": posts, "threads": threads}
            yield Page(records=records, cursor=Cursor(state={name: each for name, each in state.items() if each}))

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """Posts and comments by their ids; a review cannot be asked for."""
        asked = [each for each in references if not each.native_id.startswith("review_")]
        posts = [each for each in asked if _is_post(each)]
        comments = [each for each in asked if each not in posts]
        for some, fields in ((posts, POST_FIELDS), (comments, f"{COMMENT_FIELDS},object{{id}}")):
            if not some:
                continue
            found, missing = self.nodes([quote(each.native_id, safe="") for each in some], fields)
            if missing and not found:
                self.get("/me/feed", limit=1, fields="id")  # a permission that was lost also makes all look gone
            gone = {each.key: "deleted" for each in some if quote(each.native_id, safe="") in missing}
            yield LookUp(records=self.records({"data": found}), gone=gone)

    def measure(self, account: str) -> Iterator[Measurement]:
        """Followers and the like as they stand, and the insights of the last days."""
        page = self._page_id(account)
        body = self.get(f"/{page}", fields=",".join(["id", *self.counts]))
        yield from self.measurements(f"/{page}", {**dict.fromkeys(self.counts), **body})
        yield from self.insights(f"/{page}/insights", page, METRIC_GROUPS, period="day")

    def read(self, url: str) -> list[Record]:
        """As answered; what the address says of the post that was commented on is added."""
        *_, post, edge = ["", *urlsplit(url).path.rstrip("/").split("/")]
        records = super().read(url)
        return [_below(each, post) for each in records] if edge == "comments" else records

    def records(self, body: Any) -> list[Record]:
        """Posts, comments and reviews; an account is none of them, and nothing else was asked for."""
        found = self.said(body, is_talk=_is_talk, is_account=self._is_account)
        return [_named(each) for each in found]

    def _feed(self, watch: Watch, cursor: Cursor) -> Iterator[tuple[list[Record], Mark, dict[str, Mark]]]:
        oldest = self.services.clock.now() - THREADS_REACH
        ask = self.listing(f"/{self._page_id(watch.value)}/feed", fields=POST_FIELDS, limit=FEED_SIZE)
        steps = LIST.steps(
            ask, cursor.state.get("posts", {}), since=watch.since, reach=oldest, now=self.services.clock.now()
        )

        def read(post: Record, mark: Mark) -> Iterator[tuple[list[Record], Mark]]:
            touched = moment(post.get("updated_time"))
            if not mark and watch.since and touched and touched < watch.since:
                return  # never read, and nothing has happened since
            yield from self._comments(post["id"], mark, watch)

        threads = Threads(way=LIST, count=_comments_of, read=read)
        yield from threads.pages(steps, cursor.state.get("threads", {}), oldest=oldest)

    def _comments(self, post: str, mark: Mark, watch: Watch) -> Iterator[tuple[list[Record], Mark]]:
        path = f"/{quote(post, safe='')}/comments"
        order = {"filter": "stream", "order": "reverse_chronological"}
        ask = self.listing(path, fields=COMMENT_FIELDS, limit=LIST_SIZE, **order)
        try:
            for step in LIST.steps(ask, mark, since=watch.since, now=self.services.clock.now()):
                yield [_below(each, post) for each in step.new], step.done
        except GraphRejected as refused:
            if not refused.gone:  # a post may go between the list and its comments
                raise

    def _list(self, ask: Ask, watch: Watch, cursor: Cursor) -> Iterator[tuple[list[Record], Mark, dict[str, Mark]]]:
        for step in LIST.steps(ask, cursor.state.get("posts", {}), since=watch.since, now=self.services.clock.now()):
            yield step.new, step.done, {}

    def _page_id(self, value: str) -> str:
        name = value.removeprefix("@")
        if name.isascii() and name.isdigit():
            return name
        if not (name.isascii() and name.replace(".", "").replace("-", "").isalnum()):
            raise SetupError(f"{value!r} is no Page; write its id, or its name as in the Page's address.")
        try:
            page = self.remember(f"/{name}", fields="id,name")
        except GraphRejected as refused:
            if refused.gone:
                raise SetupError(f"Facebook shows no Page {value!r} to our token; correct the watch.") from None
            raise
        if not isinstance(page, dict) or not isinstance(page.get("id"), str):
            raise ContractBroken("Facebook gave a Page without an id.")
        return str(page["id"])

    def _is_account(self, node: Record) -> bool:
        return bool(set(self.counts) & set(node)) or (set(node) <= {"id", "name", "username"} and bool(node.get("id")))


def _id_of(record: Record) -> str:
    return str(record.get("id"))


LIST = Backward(title="Facebook", at=lambda record: moment(record.get("created_time")), id=_id_of)


def _comments_of(post: Record) -> int:
    comments = post.get("comments")
    summary = comments.get("summary") if isinstance(comments, dict) else None
    total = summary.get("total_count") if isinstance(summary, dict) else None
    return total if isinstance(total, int) else 0


def _is_talk(node: Record) -> bool:
    return "created_time" in node and not NO_TALK & set(node)


def _named(record: Record) -> Record:
    """With an id, where the record does not carry it: a review has its story's, a comment's is in its address."""
    story = record.get("open_graph_story")
    if "id" not in record and isinstance(story, dict) and story.get("id"):
        return {**record, "id": f"review_{story['id']}"}
    target = record.get("object")
    if isinstance(target, dict) and target.get("id"):
        return _below(record, target["id"])
    parts = urlsplit(str(record.get("permalink_url") or ""))
    path, query = [part for part in parts.path.split("/") if part], parse_qs(parts.query)
    comment, answer = (query.get(name, [""])[0] for name in ("comment_id", "reply_comment_id"))
    if not comment or len(path) < 3 or path[1] != "posts":
        return record
    page, _, post = path[:3]
    told = {"id": f"{post}_{answer or comment}"} | ({"parent": {"id": f"{post}_{comment}"}} if answer else {})
    return _below({**told, **record}, f"{page}_{post}") if page.isdigit() else {**told, **record}


def _below(record: Record, post: str) -> Record:
    """A comment with the id of the post that it is below, of which it says nothing itself."""
    return {**record, "post": post}


def _is_post(reference: Reference) -> bool:
    if "comment_id=" in (reference.url or ""):
        return False
    return reference.thread is None or reference.thread.endswith(f":{reference.native_id}")
