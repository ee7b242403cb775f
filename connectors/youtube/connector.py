"""YouTube: what channels upload, what is said below, and videos by keyword; read with an API key.

What shapes this module:

- Every call costs a unit of the day's 10,000, also one that is refused; a search costs one of a hundred of its own. So
  uploads are read from the channel's uploads playlist, and a keyword is searched for once an hour.
- A quota that is spent stays so until midnight Pacific. Asking again costs, so until then nothing is asked.
- Comment threads are listed by the time of their first comment, with at most five answers. An answer to an old comment
  moves nothing up, so threads of the last weeks are listed again, at each read of a small channel and four times a day
  of a large one, and the answers of a thread are read where their number has changed.
- Answers come in no order that is promised: a thread's are read whole and handed on together.
- Comments may be switched off; then there are none, and that is no trouble.
- Numbers are texts, and absent where their owner hides them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.youtube.records import (
    COMMENTS,
    VIDEOS,
    alone,
    at,
    following,
    id_of,
    items_of,
    posts_of,
    statistics_of,
    threads_of,
    with_video,
)
from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, SetupError, Unavailable
from hub.kit import (
    Answer,
    Backward,
    HeaderKeys,
    LookUp,
    Network,
    Page,
    Proofs,
    Record,
    Rejected,
    Threads,
)  # fmt: skip
from hub.kit.backward import Ask, Mark

V3 = "/youtube/v3"
PACIFIC = ZoneInfo("America/Los_Angeles")
THREADS_REACH = timedelta(days=14)  # older threads are not looked at for new answers
DEEP_HOURS = 6  # how often threads are listed as far back, where that takes more than SMALL pages
SMALL = 3
MOST_PAGES = 20  # of the answers of one thread
SEARCH_AGAIN = timedelta(minutes=55)
CHANNEL_ID = re.compile(r"UC[\w-]{22}")
HANDLE = re.compile(r"[\w.·-]{3,30}")
SPENT = {"quotaExceeded", "dailyLimitExceeded"}
SLOWER = {"rateLimitExceeded", "userRateLimitExceeded"}
DENIED = {"keyInvalid", "keyExpired", "accessNotConfigured", "ipRefererBlocked", "API_KEY_INVALID"}
BUSY = {"backendError", "internalError", "processingFailure"}
OVER = "YouTube's quota of the day is spent; it begins anew at midnight Pacific."
LIST = Backward(title="YouTube", at=at, id=id_of)


class CommentsOff(Rejected):
    """Whoever owns the video or channel takes no comments."""


class YouTube(Network):
    """Public reading with one key; its project has the quota."""

    auth = HeaderKeys({"X-Goog-Api-Key": "api_key"})
    look_up_size = 50

    def check(self) -> None:
        """Prove that the key works, at the cost of one unit."""
        self.get(f"{V3}/videos", part="id", chart="mostPopular", maxResults=1)

    def proofs(self) -> Proofs:
        """The key, and whether the day's quota and that of searching are spent; asking for a search would cost one."""
        return {"access": self.check, "searches": lambda: self._unless_spent(f"{V3}/search")}

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """What is new, the newest page first: a channel's uploads, then the comments below them; or what is found."""
        match watch.kind:
            case "profile":
                yield from self._channel(watch, cursor)
            case "keyword":
                yield from self._search(watch, cursor)
            case _:
                raise SetupError(f"YouTube cannot watch a {watch.kind}; use a profile or a keyword.")

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """Videos, threads and answers, by the form of their ids; what is not given back is gone."""
        for path, params, mine in (
            (f"{V3}/videos", VIDEOS, [each for each in references if not each.native_id.startswith("Ug")]),
            (f"{V3}/commentThreads", COMMENTS, [each for each in references if _is_thread(each.native_id)]),
            (f"{V3}/comments", COMMENTS, [each for each in references if "." in each.native_id]),
        ):
            if not mine:
                continue
            found = self.records(self.get(path, id=",".join(each.native_id for each in mine), **params))
            here = {each["id"] for each in found}
            gone = {each.key: "deleted" for each in mine if each.native_id not in here}
            videos = {each.native_id: each.thread.rpartition(":")[2] for each in mine if each.thread}
            yield LookUp(records=[with_video(each, videos.get(each["id"])) for each in found], gone=gone)

    def measure(self, account: str) -> Iterator[Measurement]:
        """Subscribers, views and videos of one channel."""
        path = f"{V3}/channels"
        body = self.get(path, part="statistics", **self._named(account))
        if not items_of(body):
            raise SetupError(f"YouTube knows no channel {account!r}; correct hub.yaml.")
        yield from self.measurements(path, body)

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The statistics that channels carry; a number that its owner hides is not available."""
        self._raise_told(body)
        for channel in items_of(body):
            for name, value in statistics_of(channel):
                yield Measurement(
                    network="youtube", account=str(channel["id"]), name=name, value=value, at=self.services.clock.now()
                )

    def trouble(self, status: int, body: Any) -> HubError | None:
        """Google's reasons, each by what is to be done next."""
        reasons, mine = reasons_of(body), self.connection.id
        if reasons & SPENT:
            left = self._until_midnight()
            return RateLimited(OVER, retry_after=left)
        if reasons & SLOWER:
            return RateLimited("YouTube asked us to wait.", retry_after=60.0)
        if reasons & DENIED:
            return AccessDenied(f"YouTube does not take the key of {mine}; check its secrets and restrictions.")
        if "commentsDisabled" in reasons:
            return CommentsOff("YouTube has no comments here, since they are switched off.", status=status)
        if reasons & BUSY:
            return Unavailable("YouTube is in trouble.")
        return None

    def ask(self, path: str, params: dict[str, Any]) -> Answer:
        """The whole answer, unless the quota that pays for it is known to be spent."""
        self._unless_spent(path)
        try:
            return super().ask(path, params)
        except RateLimited as spent:
            if spent.retry_after and spent.retry_after > self.services.limits.max_wait_seconds:
                until = self.services.clock.now() + timedelta(seconds=spent.retry_after)
                self.services.memory.set(self._purse(path), until.isoformat(), keep_seconds=spent.retry_after)
            raise

    def records(self, body: Any) -> list[Record]:
        """Videos and comments of any kind of list; a thread gives its first comment and the answers beside it."""
        self._raise_told(body)
        return posts_of(body)

    def _channel(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        channel = self._channel_of(watch.value)
        state, now = dict(cursor.state), self.services.clock.now()
        for step in LIST.steps(self._uploads(channel), state.get("uploads", {}), since=watch.since, now=now):
            state = state | {"uploads": step.done}
            yield Page(records=self._videos(step.new), cursor=Cursor(state=state))
        try:
            yield from self._threads(channel["id"], watch, state)
        except CommentsOff:
            return

    def _uploads(self, channel: Record) -> Ask:
        playlist = channel.get("contentDetails", {}).get("relatedPlaylists", {}).get("uploads")
        if not playlist:
            return lambda turn: ([], None)
        return self._listing(f"{V3}/playlistItems", part="snippet,contentDetails", playlistId=playlist, maxResults=50)

    def _threads(self, channel: str, watch: Watch, state: dict[str, Any]) -> Iterator[Page]:
        now = self.services.clock.now()
        oldest, deep = now - THREADS_REACH, state.get("deep", {})
        due = int(now.timestamp()) - deep.get("at", 0) >= DEEP_HOURS * 3600
        reach = oldest if due or deep.get("pages", 0) <= SMALL else None
        ask = self._listing(
            f"{V3}/commentThreads", allThreadsRelatedToChannelId=channel, order="time", maxResults=100,
            **{**COMMENTS, "part": "snippet,replies"}, read=threads_of,
        )  # fmt: skip
        threads = Threads(way=LIST, count=lambda thread: int(thread["answers"]), read=self._answers(watch))
        steps = LIST.steps(ask, state.get("list", {}), since=watch.since, reach=reach, now=now)
        pages = 0
        for records, mark, kept in threads.pages(steps, state.get("threads", {}), oldest=oldest):
            pages += bool(records)
            state = state | {"list": mark, "threads": kept}
            yield Page(records=[alone(each) for each in records], cursor=Cursor(state=state))
        if reach:
            state = state | {"deep": {"at": int(now.timestamp()), "pages": pages}}
            yield Page(records=[], cursor=Cursor(state=state))

    def _answers(self, watch: Watch) -> Any:
        def read(thread: Record, mark: Mark) -> Iterator[tuple[list[Record], Mark]]:
            """All answers of a thread that are new, at once: those beside it, where these are all."""
            found = thread["beside"]
            if len(found) < thread["answers"]:
                ask = self._listing(f"{V3}/comments", parentId=thread["id"], maxResults=100, **COMMENTS)
                found, turn = ask(None)
                for _ in range(MOST_PAGES):
                    if turn is None:
                        break
                    page, turn = ask(turn)
                    found = [*found, *page]
            whole = sorted(found, key=lambda each: str(each["snippet"].get("publishedAt")), reverse=True)
            for step in LIST.steps(lambda turn: (whole, None), mark, since=watch.since, now=self.services.clock.now()):
                yield [with_video(each, thread.get("video")) for each in step.new], step.done

        return read

    def _search(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        if not watch.value.strip():
            raise SetupError("A watch on a YouTube keyword must say what to search for; correct the watch.")
        now = self.services.clock.now()
        asked = cursor.state.get("asked")
        if asked and now - datetime.fromisoformat(asked) < SEARCH_AGAIN:
            return
        since: dict[str, Any] = {"publishedAfter": f"{watch.since:%Y-%m-%dT%H:%M:%SZ}"} if watch.since else {}
        ask = self._listing(
            f"{V3}/search", part="snippet", type="video", order="date", q=watch.value, maxResults=50, **since
        )
        for step in LIST.steps(ask, cursor.state.get("list", {}), since=watch.since, now=self.services.clock.now()):
            over = {"asked": now.isoformat()} if "next" not in step.done else {}
            yield Page(records=self._videos(step.new), cursor=Cursor(state={"list": step.done, **over}))

    def _videos(self, listed: Sequence[Record]) -> list[Record]:
        """The same, whole and with their numbers; what is private or gone is not among them."""
        ids = [each["id"] for each in listed]
        if not ids:
            return []
        return self.records(self.get(f"{V3}/videos", id=",".join(ids), **VIDEOS))

    def _listing(self, path: str, *, read: Callable[[Any], list[Record]] | None = None, **params: Any) -> Ask:
        def ask(turn: str | None) -> tuple[list[Record], str | None]:
            body = self.get(path, **params, pageToken=turn)
            return (read or self.records)(body), following(body)

        return ask

    def _channel_of(self, value: str) -> Record:
        body = self.remember(
            f"{V3}/channels", lasts=lambda body: bool(items_of(body)), part="contentDetails", **self._named(value)
        )
        if not items_of(body):
            raise SetupError(f"YouTube knows no channel {value!r}; correct the watch.")
        return items_of(body)[0]

    def _named(self, value: str) -> dict[str, str]:
        """A channel by its id or handle, as the API wants it."""
        name = value.strip().rpartition("/")[2].removeprefix("@")
        if CHANNEL_ID.fullmatch(name):
            return {"id": name}
        if not HANDLE.fullmatch(name):
            raise SetupError(f"{value!r} is no channel on YouTube; write it like @acme, or its id that begins with UC.")
        return {"forHandle": f"@{name}"}

    def _until_midnight(self) -> float:
        """Seconds until the quota's day ends."""
        now = self.services.clock.now().astimezone(PACIFIC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight - now).total_seconds()

    def _purse(self, path: str) -> str:
        return f"youtube:spent:{self.connection.id}:{'search' if path.endswith('/search') else 'units'}"

    def _unless_spent(self, path: str) -> None:
        until = self.services.memory.get(self._purse(path))
        left = (datetime.fromisoformat(until) - self.services.clock.now()).total_seconds() if until else 0.0
        if left > 0:
            raise RateLimited(OVER, retry_after=left)

    def _raise_told(self, body: Any) -> None:
        """An error may come in an answer that is otherwise good."""
        told = body.get("error") if isinstance(body, dict) else None
        if told is None:
            return
        code = told.get("code") if isinstance(told, dict) else None
        if trouble := self.trouble(code if isinstance(code, int) else 400, body):
            raise trouble
        if code in (401, 403):
            raise AccessDenied(f"YouTube refused our access ({code}); check the key of {self.connection.id}.")
        raise ContractBroken(f"YouTube gave an error ({code}) in an answer.")


def reasons_of(body: Any) -> set[str]:
    """What Google says is wrong, in its codes."""
    told = body.get("error") if isinstance(body, dict) else None
    if not isinstance(told, dict):
        return set()
    listed = [told.get("errors"), told.get("details")]
    found = [each.get("reason") for some in listed if isinstance(some, list) for each in some if isinstance(each, dict)]
    return {each for each in found if isinstance(each, str)}


def _is_thread(id: str) -> bool:
    return id.startswith("Ug") and "." not in id
