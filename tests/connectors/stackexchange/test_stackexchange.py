"""What is peculiar to Stack Exchange: a walk by activity, three kinds of posts, quotas and backoff, sites."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connectors
from connectors.stackexchange.items import host_of, items_in, site_of
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, RateLimited, SetupError
from hub.kit import Connection, Services
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network, rehearse

START = datetime(2025, 3, 4, tzinfo=UTC)
TAG = Watch(network="stackexchange", kind="hashtag", value="cooking:acme", since=START)


class Site(OneAnswer):
    """Questions sorted by activity, to some of which something happens while they are read."""

    def __init__(self, questions: dict[int, list[int]], bumps: list[int], page: int) -> None:
        super().__init__(200, {}, b"")
        self.questions, self.bumps, self.page = questions, list(bumps), page

    def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
        """One page; then one question becomes active."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        items: list[dict[str, Any]] = []
        if request.path_url.startswith("/2.3/questions?"):
            fits = sorted((at[1], id) for id, at in self.questions.items() if at[1] >= int(asked["min"]))
            start = (int(asked["page"]) - 1) * self.page
            items = [
                {"question_id": id, "last_activity_date": at, "creation_date": self.questions[id][0]}
                for at, id in fits[start : start + self.page]
            ]
            more = len(fits) > start + self.page
            if self.bumps and (id := self.bumps.pop(0)) in self.questions:
                self.questions[id][1] = max(at[1] for at in self.questions.values()) + 1
        self._answer = 200, {}, json.dumps({"items": items, "has_more": bool(items) and more}).encode()
        return super().send(request, *args, **options)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=20, unique_by=sum),
    st.lists(st.integers(0, 19), max_size=10),
    st.integers(2, 5),  # a hundred in truth: never filled by one moment
    st.integers(0, 4),
)  # fmt: skip
def test_every_question_comes_once_whatever_happens_while_they_are_read(
    times: list[tuple[int, int]], bumps: list[int], page: int, stop: int
) -> None:
    zero = int(START.timestamp())
    site = Site({number: [zero + at, zero + at + later] for number, (at, later) in enumerate(times)}, bumps, page)
    found: list[int] = []
    cursor = Cursor()
    for pages in (stop, 1_000):
        network = open_network("stackexchange", site, clock=SteppedClock(STANDS_AT), signed_in=False)
        for each, _ in zip(network.pull(TAG, cursor), range(pages), strict=False):
            found += [record["question_id"] for record in each.records]
            cursor = each.cursor

    assert sorted(found) == sorted(range(len(times)))


@pytest.mark.parametrize(
    ("written", "site", "host"),
    [
        ("stackoverflow", "stackoverflow", "stackoverflow.com"),
        ("https://stackoverflow.com/", "stackoverflow", "stackoverflow.com"),
        ("Cooking", "cooking", "cooking.stackexchange.com"),
        ("cooking.stackexchange.com", "cooking", "cooking.stackexchange.com"),
        ("mathoverflow.net", "mathoverflow.net", "mathoverflow.net"),
        ("meta.stackoverflow", "meta.stackoverflow", "meta.stackoverflow"),
    ],
)
def test_a_site_is_known_by_its_name_and_by_its_address(written: str, site: str, host: str) -> None:
    assert (site_of(written), host_of(site_of(written))) == (site, host)


@pytest.mark.parametrize("value", ["acme", ":acme", "cooking:", "cooking: #", "my site:acme", ""])
def test_a_watch_without_a_site_asks_nothing(value: str) -> None:
    transport = ReplayTransport((), name="none", folder=Path())
    network = open_network("stackexchange", transport, clock=SteppedClock(STANDS_AT), signed_in=False)

    with pytest.raises(SetupError, match="must name a site"):
        list(network.pull(TAG.with_(value=value), Cursor()))
    assert transport.asked == []


def made(**facts: Any) -> Any:
    services = Services.local(transport=OneAnswer(200, {}, b'{"items": []}'))
    return connectors.load("stackexchange")(connectors.manifest("stackexchange"), Connection(id="s", **facts), services)


def test_a_key_allows_more_and_a_plan_of_one_s_own_goes_before_it() -> None:
    manifest = connectors.manifest("stackexchange")
    planned = manifest.with_(budget=manifest.budget.with_(requests=7))

    assert made().manifest.budget.requests == 300
    assert made(password="k").manifest.budget.requests == 10_000
    own = connectors.load("stackexchange")(planned, Connection(id="s", password="k"), Services.local())
    assert own.manifest.budget.requests == 7


def test_a_site_of_the_connection_stands_for_watches_that_name_none() -> None:
    pages = made(extra={"site": "cooking"}).pull(TAG.with_(value="acme"), Cursor())

    assert [page.records for page in pages] == [[], []]


def answering(body: dict[str, Any], *, status: int = 200) -> tuple[Any, SteppedClock]:
    clock = SteppedClock(STANDS_AT)
    transport = OneAnswer(status, {}, json.dumps(body).encode())
    return open_network("stackexchange", transport, clock=clock, signed_in=False), clock


def test_backoff_is_waited_for_before_the_next_question() -> None:
    network, clock = answering({"items": [], "backoff": 7})

    network.check()
    network.check()

    assert clock.sleeps == [7.0]


def test_a_quota_that_is_spent_lasts_until_midnight() -> None:
    network, _ = answering({"items": [], "quota_remaining": 0})
    network.check()

    with pytest.raises(RateLimited) as limited:
        network.check()
    assert limited.value.retry_after == 12 * 3600


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("more requests available in 3600 seconds", 3600.0), ("too many requests", 60.0), (None, 60.0)],
)
def test_a_throttle_is_a_400_that_says_how_long(words: str | None, seconds: float) -> None:
    network, _ = answering({"error_id": 502, "error_name": "throttle_violation", "error_message": words}, status=400)

    with pytest.raises(RateLimited) as limited:
        network.check()
    assert limited.value.retry_after == seconds


def test_ids_are_asked_for_a_hundred_at_a_time() -> None:
    zero = int(STANDS_AT.timestamp()) - 86_400
    questions = [{"question_id": id, "creation_date": zero, "last_activity_date": zero} for id in range(1, 151)]
    asked: list[str] = []

    class Listening(OneAnswer):
        def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
            """Questions once, and nothing below them."""
            asked.append(urlsplit(request.url).path)
            self._answer = 200, {}, json.dumps({"items": questions if len(asked) == 1 else []}).encode()
            return super().send(request, *args, **options)

    network = open_network("stackexchange", Listening(200, {}, b""), clock=SteppedClock(STANDS_AT), signed_in=False)
    pages = list(network.pull(TAG, Cursor()))

    assert [path.count(";") for path in asked] == [0, 99, 49, 99]
    assert len(pages[-1].cursor.state["posts"]) == 100


def test_posts_that_sleep_are_not_asked_for_comments_any_more() -> None:
    now = int(STANDS_AT.timestamp())
    state = {"posts": {"1": [now - 3_600, 1], "2": [now - 8 * 86_400, 2]}}
    exchange = Exchange(request="GET /2.3/posts/1/comments?site=cooking&pagesize=100&filter=withbody&sort=creation"
                        f"&order=asc&min={now - 600}&page=1", body={"items": []})  # fmt: skip
    questions = Exchange(request="GET /2.3/questions?site=cooking&pagesize=100&filter=withbody&tagged=acme"
                         f"&sort=activity&order=asc&min={now - 600}&page=1", body={"items": []})  # fmt: skip
    transport = ReplayTransport((questions, exchange), name="sleeping", folder=Path())
    network = open_network("stackexchange", transport, clock=SteppedClock(STANDS_AT), signed_in=False)
    position = (STANDS_AT - timedelta(minutes=10)).isoformat()

    pages = list(network.pull(TAG, Cursor(position=position, state=state)))

    assert list(pages[-1].cursor.state["posts"]) == ["1"]


@pytest.mark.parametrize("body", [{"items": 7}, {"items": [7]}, {"items": [{}]}, 7, [{"name": "acme"}], {}])
def test_what_holds_no_posts_is_said_to_hold_none(body: Any) -> None:
    with pytest.raises(ContractBroken):
        items_in(body, "cooking")


@pytest.mark.shared
def test_recorded_questions_bring_all_that_hangs_below_them(shared: Path) -> None:
    for file in sorted((shared / "recorded" / "stackexchange").rglob("*.json")):
        body = json.loads(file.read_text(encoding="utf-8"))["interactions"][0]["response"]["body"]
        questions = body["items"] if isinstance(body, dict) else body
        expected = [
            (
                each.get("comment_id"),
                each.get("answer_id"),
                each.get("question_id"),
                each["creation_date"],
                owner_of(each),
            )
            for question in questions
            for each in (question, *question["comments"], *question["answers"])
        ]
        found = [
            (
                each.get("comment_id"),
                each.get("answer_id"),
                each.get("question_id"),
                each["creation_date"],
                owner_of(each),
            )
            for each in items_in(body, "stackoverflow")
        ]

        assert sorted(found, key=repr) == sorted(expected, key=repr)
        outcomes = list(rehearse("stackexchange", [file]))
        # all words were taken out of these recordings, so that there is nothing which a post could say
        assert {one.get("quarantined") for one in outcomes} == {"empty_text"}
        assert len(outcomes) == len(expected)


@pytest.mark.shared
def test_recorded_questions_become_posts_as_soon_as_they_say_something(shared: Path, tmp_path: Path) -> None:
    file = shared / "recorded" / "stackexchange" / "perceval" / "stackexchange_question_page.json"
    case = json.loads(file.read_text(encoding="utf-8"))
    for question in case["interactions"][0]["response"]["body"]["items"]:
        for each in (question, *question["comments"], *question["answers"]):
            each["body"] = "<p>It drips</p>"
    spoken = tmp_path / "spoken.json"
    spoken.write_text(json.dumps(case))

    posts = [one["post"] for one in rehearse("stackexchange", [spoken])]

    assert [(post["native_id"], post.get("in_reply_to")) for post in posts][:3] == [
        ("1", None), ("c60495069", "stackexchange:post:stackoverflow/1"), ("1", "stackexchange:post:stackoverflow/1")
    ]  # fmt: skip
    assert {post["text"] for post in posts} == {"It drips"}
    assert posts[0]["author"]["native_id"] == "3"
    assert posts[0]["published_at"] == "2016-04-06T02:01:16Z"


def owner_of(item: dict[str, Any]) -> Any:
    return item["owner"]["user_id"]
