"""Instagram: what professional accounts post and what is said below, who tags them, hashtags, and their numbers.

What shapes this module:

- Only accounts that are connected to a Page can be read whole; the token leads to them. Other professional accounts
  show their media and counts (business discovery), but not what is said below.
- Comments are listed from the top only, newest first, each with its first answers; an answer to an old comment moves
  nothing up. So where the number of comments of a medium has changed, its comments of the last week are gone through.
- A hashtag shows the last 24 hours without authors, in no sure order and by pages that cannot be come back to.
- Thirty different hashtags in seven days, for each account: a search is asked for once in seven days, from a bucket.
- Whoever is only named by handle, or not at all, is not somebody we know by id; nobody is made one with another.
- Media of others cannot be asked for by id, which looks like being gone. So only what was once read as ours is looked
  up by id, and what tagged us as a mention; all else stays what it was.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from connectors.instagram.hashtags import last_day
from connectors.instagram.records import (
    COMMENT_FIELDS,
    DISCOVERED_FIELDS,
    HASHTAG_FIELDS,
    MEDIA_FIELDS,
    OF_COMMENT,
    TAG_FIELDS,
    after_of,
    at,
    comments_of,
    handle_of,
    id_of,
    is_account,
    is_post,
    memory_key,
    of_pages,
    root_of,
    unwrapped,
    with_answers,
    with_media,
    with_tag,
)
from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import Backward, GraphNetwork, GraphRejected, LookUp, Page, Proofs, Record, Threads
from hub.kit.backward import Ask, Mark
from hub.kit.graph import nodes_of

THREADS_REACH = timedelta(days=30)  # older media are not looked at for new comments
ANSWERS_REACH = timedelta(days=7)  # nor older comments for new answers
REMEMBERED = THREADS_REACH.total_seconds()
HASHTAG_SECONDS = 7 * 86_400.0  # so long a hashtag counts against the thirty
SIZE = 50
HASHTAGS = 30
DAILY = (("reach",), ("follower_count",))
TOTALS = (("views", "total_interactions", "accounts_engaged"), ("profile_views",))
LIST = Backward(title="Instagram", at=at, id=id_of)


class Instagram(GraphNetwork):
    """The professional accounts that one token leads to."""

    look_up_size = 50
    counts = {"followers_count": "followers", "follows_count": "following", "media_count": "posts"}
    metrics = {
        "reach": "reach", "follower_count": "new_followers", "views": "views", "total_interactions": "engagements",
        "accounts_engaged": "accounts_engaged", "profile_views": "profile_views", "impressions": "impressions",
    }  # fmt: skip

    def proofs(self) -> Proofs:
        """Each permission, by the smallest question that needs it."""
        return {
            "access": self.check,
            "accounts": self._accounts,
            "media and comments": lambda: self._of_accounts("media.limit(1){id,comments.limit(1){id}}"),
            "mentions": lambda: self._of_accounts("tags.limit(1){id}"),
            "hashtags": self._hashtags_left,
            "numbers": lambda: self._of_accounts("insights.metric(reach).period(day)"),
        }

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """What is new, the newest page first."""
        match watch.kind:
            case "profile":
                mine = self._mine(watch.value)
                pages = self._media(mine, watch, cursor) if mine else self._others(watch, cursor)
            case "mention":
                pages = self._tagged(watch, cursor)
            case "hashtag":
                yield from self._hashtag(watch, cursor)
                return
            case _:
                raise SetupError(f"Instagram cannot watch a {watch.kind}; use a profile, a mention or a hashtag.")
        for records, media, threads in pages:
            state = {"media": media, "threads": threads}
            yield Page(records=records, cursor=Cursor(state={name: each for name, each in state.items() if each}))

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """What is ours, and what is below, by id; what names us, as a mention; the rest cannot be asked for."""
        roots = {each.key: root_of(each) for each in references}
        known = {id: self.services.memory.get(memory_key(id)) for id in set(roots.values())}
        mine = [each for each in references if known[roots[each.key]] == "media"]
        media = [each for each in mine if roots[each.key] == each.native_id]
        comments = [each for each in mine if each not in media]
        for some, fields in ((media, MEDIA_FIELDS), (comments, OF_COMMENT)):
            if not some:
                continue
            found, missing = self.nodes([quote(each.native_id, safe="") for each in some], fields)
            if missing and not found:
                self._of_accounts("media.limit(1){id}")  # a permission that was lost also makes all look gone
            gone = {each.key: "deleted" for each in some if each.native_id in missing}
            yield LookUp(records=self.records({"data": found}), gone=gone)
        for each in references:
            if each not in mine and (known[roots[each.key]] == "tag" or each.thread is None):
                yield LookUp(records=self._mentioned(each))

    def measure(self, account: str) -> Iterator[Measurement]:
        """Followers and the like as they stand, and the insights of the last days."""
        mine = self._mine(account)
        if mine is None:
            raise SetupError(f"The token of {self.connection.id} leads to no account {account!r}; correct hub.yaml.")
        body = self.get(f"/{mine}", fields=",".join(["id", *self.counts]))
        yield from self.measurements(f"/{mine}", {**dict.fromkeys(self.counts), **body})
        yield from self.insights(f"/{mine}/insights", mine, DAILY, period="day")
        yield from self.insights(f"/{mine}/insights", mine, TOTALS, period="day", metric_type="total_value")

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """Also of accounts that were discovered."""
        found = body.get("business_discovery") if isinstance(body, dict) else None
        yield from super().measurements(path, found if isinstance(found, dict) else body)

    def read(self, url: str) -> list[Record]:
        """As answered; what the address says of the medium is added."""
        *_, media, edge = ["", *urlsplit(url).path.rstrip("/").split("/")]
        records = super().read(url)
        return with_media(records, {"id": media}) if edge == "comments" else records

    def records(self, body: Any) -> list[Record]:
        """Media and comments, answers after the comments that they answer; an account is none of them."""
        self.raise_told(body)
        return with_answers(self.said(unwrapped(body), is_talk=is_post, is_account=is_account))

    def _media(self, mine: str, watch: Watch, cursor: Cursor) -> Iterator[tuple[list[Record], Mark, dict[str, Mark]]]:
        oldest = self.services.clock.now() - THREADS_REACH
        ask = self.listing(f"/{mine}/media", fields=MEDIA_FIELDS, limit=SIZE)
        steps = LIST.steps(
            ask, cursor.state.get("media", {}), since=watch.since, reach=oldest, now=self.services.clock.now()
        )

        def read(media: Record, mark: Mark) -> Iterator[tuple[list[Record], Mark]]:
            yield from self._comments(media, mark, watch)

        threads = Threads(way=LIST, count=comments_of, read=read)
        for records, media, kept in threads.pages(steps, cursor.state.get("threads", {}), oldest=oldest):
            for record in records:
                if "media_type" in record:
                    self.services.memory.set(memory_key(record["id"]), "media", keep_seconds=REMEMBERED)
            yield records, media, kept

    def _comments(self, media: Record, mark: Mark, watch: Watch) -> Iterator[tuple[list[Record], Mark]]:
        reach = self.services.clock.now() - ANSWERS_REACH
        pages = self.listing(f"/{quote(media['id'], safe='')}/comments", fields=COMMENT_FIELDS, limit=SIZE)

        def ask(turn: str | None) -> tuple[list[Record], str | None]:
            found, leads = pages(turn)
            more = [each for comment in found if comment.get("more_answers") for each in self._more(comment)]
            return [*more, *found], leads  # the oldest comment stays the last: it says how far back this page goes

        try:
            for step in LIST.steps(ask, mark, since=watch.since, reach=reach, now=self.services.clock.now()):
                yield with_media(step.new, media), step.done
        except GraphRejected as refused:
            if not refused.gone:  # a medium may go between the list and its comments
                raise

    def _more(self, comment: Record) -> Iterator[Record]:
        """The answers to a comment that did not fit beside it."""
        ask, turn = self.listing(f"/{comment['id']}/replies", fields=OF_COMMENT, limit=SIZE), None
        for _ in range(SIZE):
            answers, turn = ask(turn)
            yield from ({**each, "parent_id": each.get("parent_id") or comment["id"]} for each in answers)
            if turn is None:
                return

    def _others(self, watch: Watch, cursor: Cursor) -> Iterator[tuple[list[Record], Mark, dict[str, Mark]]]:
        mine, name = self._account(), handle_of(watch.value)

        def ask(turn: str | None) -> tuple[list[Record], str | None]:
            media = f"media{f'.after({turn})' if turn else ''}.limit({SIZE}){{{DISCOVERED_FIELDS}}}"
            fields = f"business_discovery.username({name}){{id,username,{media}}}"
            try:
                body = self.get(f"/{mine}", fields=fields)
            except GraphRejected as refused:
                if turn is None:
                    raise SetupError(
                        f"Instagram shows no professional account {watch.value!r} ({refused.code}); correct the watch."
                    ) from None
                raise
            records = self.records(body)
            return records, after_of(body) if records else None

        for step in LIST.steps(ask, cursor.state.get("media", {}), since=watch.since, now=self.services.clock.now()):
            yield step.new, step.done, {}

    def _tagged(self, watch: Watch, cursor: Cursor) -> Iterator[tuple[list[Record], Mark, dict[str, Mark]]]:
        mine = self._mine(watch.value)
        if mine is None:
            raise SetupError(f"Mentions are read for our own accounts, and {watch.value!r} is none; correct the watch.")
        ask: Ask = self.listing(f"/{mine}/tags", fields=TAG_FIELDS, limit=SIZE)
        for step in LIST.steps(ask, cursor.state.get("media", {}), since=watch.since, now=self.services.clock.now()):
            for record in step.new:
                self.services.memory.set(memory_key(record["id"]), "tag", keep_seconds=REMEMBERED)
            yield step.new, step.done, {}

    def _hashtag(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        tag = watch.value.removeprefix("#").lower()
        if not tag or not tag.replace("_", "").isalnum():
            raise SetupError(f"{watch.value!r} is no hashtag on Instagram; write it like #acme.")
        mine = self._account()
        path = f"/{self._hashtag_id(tag, mine)}/recent_media"
        ask = self.listing(path, user_id=mine, fields=HASHTAG_FIELDS, limit=SIZE)
        for new, state in last_day(ask, cursor.state, since=watch.since):
            yield Page(records=with_tag(new, tag), cursor=Cursor(state=state))

    def _hashtag_id(self, tag: str, mine: str) -> str:
        """Asked for again after seven days, when it no longer counts: so the bucket holds what Instagram counts."""
        key = f"instagram:hashtag:{mine}:{tag}"
        id = self.services.memory.get(key)
        if id is None:
            try:
                found = nodes_of(self.get("/ig_hashtag_search", user_id=mine, q=tag))
            except GraphRejected as refused:
                raise SetupError(
                    f"Instagram does not search for the hashtag {tag!r} ({refused.code}); correct the watch."
                ) from None
            if not found or not isinstance(found[0].get("id"), str):
                raise ContractBroken("Instagram gave a hashtag without an id.")
            id = found[0]["id"]
            self.services.memory.set(key, id, keep_seconds=HASHTAG_SECONDS)
        return str(id)

    def _hashtags_left(self) -> None:
        for account in self._of_accounts(f"recently_searched_hashtags.limit({HASHTAGS}){{id}}"):
            if len(nodes_of(account.get("recently_searched_hashtags"))) >= HASHTAGS:
                raise SetupError(f"All {HASHTAGS} hashtags of seven days are used; watch fewer, or wait.")

    def _mentioned(self, reference: Reference) -> list[Record]:
        """What names us in public may be read as a mention: a medium, or else a comment."""
        id = quote(reference.native_id, safe="")
        questions = (
            ("mentioned_media.media_id", TAG_FIELDS),
            ("mentioned_comment.comment_id", "id,text,timestamp,username,like_count,media{id}"),
        )
        for field, fields in questions:
            try:
                return self.records(self.get(f"/{self._account()}", fields=f"{field}({id}){{{fields}}}"))
            except GraphRejected:
                continue
        return []

    def _of_accounts(self, field: str) -> list[Record]:
        """Something of all accounts, by one call."""
        return of_pages(self.get("/me/accounts", fields=f"instagram_business_account{{id,{field}}}", limit=100))

    def _accounts(self) -> list[Record]:
        """The professional accounts that the token leads to, by way of their Pages."""
        fields = "instagram_business_account{id,username}"
        body = self.remember("/me/accounts", lasts=lambda body: bool(of_pages(body)), fields=fields, limit=100)
        found = of_pages(body)
        if not found:
            raise SetupError(
                f"The token of {self.connection.id} leads to no professional account; the README's Access says how."
            )
        return found

    def _account(self) -> str:
        """On whose behalf the public is asked."""
        return str(self._accounts()[0]["id"])

    def _mine(self, value: str) -> str | None:
        """The id of an account of ours, by id or name."""
        name = handle_of(value)
        return next((each["id"] for each in self._accounts() if name in (each["id"], each.get("username"))), None)
