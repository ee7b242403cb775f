"""F17 to F20: rows that are bad, and what happens when those who judge them stumble, hang or end."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hub.classify import Item
from hub.domain import Signal
from hub.domain.config import Route
from hub.errors import ContractBroken, HubError
from hub.quality.verdict import Verdict as GateVerdict
from hub.stages import replay
from hub.stages.rules import Rule
from sandbox.messages import Reply, Request
from tests.faults.ground import START, Ground
from tests.faults.nemesis import Nemesis
from tests.faults.town import FINISHED, SEARCH, assert_well, decide_and_send, died, pull, read_all, settled
from tests.faults.wire import Ask

ENDLESS = re.compile(r"(?:a+)+b")  # tries a number of ways that doubles with each letter
DECIDING = ["triage.claimed", "triage.opened", "triage.judged", "triage.decided", "triage.committed"]
POISON = "kettle of number 77 "


def tweet(number: int, **more: Any) -> dict[str, Any]:
    """A post as X's API gives it."""
    said = START.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "id": f"17{number:017d}", "text": f"The kettle of number {number} by @acme whistles", "author_id": f"8{number}",
        "conversation_id": f"17{number:017d}", "created_at": said, "lang": "en",
    } | more  # fmt: skip


def answered_by(posts: list[dict[str, Any]]) -> Any:
    """X answers its search with these."""
    users = [{"id": post["author_id"], "username": f"u{post['author_id']}", "name": "Somebody"} for post in posts]
    body = json.dumps({"data": posts, "includes": {"users": users}, "meta": {"result_count": len(posts)}}).encode()

    def twist(ask: Ask, request: Request) -> tuple[Reply | None, Any]:
        if request.host == "api.x.com" and request.path == SEARCH:
            return Reply(200, {"Content-Type": "application/json"}, body), None
        return ask(request)

    return twist


def talk(ground: Ground, *posts: dict[str, Any]) -> Nemesis:
    """A town of which X says just this, and has been read."""
    town = Nemesis(ground, 3, posts=10)
    ground.wire.twists.append(answered_by(list(posts)))
    town._collect(0)
    return town


def mine(ground: Ground) -> list[str]:
    """The numbers of the posts that are in the store."""
    with ground.store.read() as view:
        posts = view.posts.recent(limit=1000)
    return sorted(str(int(post.native_id[2:])) for post in posts if post.native_id.startswith("17"))


def test_f17_one_bad_row_in_two_hundred_costs_nobody_else(ground: Ground) -> None:
    town = talk(ground, *(tweet(number) for number in range(200) if number != 77), tweet(77, created_at="no time"))

    decide_and_send(town)

    assert len(mine(ground)) == 199
    assert ground.quarantined() == [("validate", "bad_time")]
    ground.assert_balanced()


def test_f17_two_hundred_bad_rows_in_two_hundred_wait_with_one_alert(ground: Ground) -> None:
    town = talk(ground, *(tweet(number, created_at="no time") for number in range(200)))

    for run in range(2):  # they wait for as long as it takes
        with pytest.raises(ContractBroken, match=r"200 of 200 records from x become no post \(mostly bad_time\)"):
            town._triage(run)

    assert ground.quarantined() == []
    with ground.store.read() as view:
        assert (view.batches.pending(), view.ledger.balance().pending) == (1, 200)
        assert [post for post in view.posts.recent(limit=100) if post.network != "x"]  # the others go on
    reading = town.book.networks["x"]
    mended = replace(reading, mapping=Mended(reading.mapping))
    town.book = replace(town.book, networks={**town.book.networks, "x": mended})
    decide_and_send(town)
    assert len(mine(ground)) == 200
    ground.assert_balanced()


class Mended:
    """The mapping, now that somebody has found out what "no time" means."""

    def __init__(self, mapping: Any) -> None:
        self._mapping = mapping
        self.reads, self.name, self.label, self.source_digest = (
            mapping.reads, mapping.name, mapping.label, mapping.source_digest,
        )  # fmt: skip

    def apply(self, record: dict[str, Any]) -> Any:
        return self._mapping.apply(record | {"created_at": START.isoformat()})


def test_f18_a_gate_that_stumbles_leaves_what_it_should_have_judged(ground: Ground) -> None:
    town = settled(ground)
    town._collect(0)
    good, told = town.book, set()

    def stumbling(posts: Any, now: Any) -> GateVerdict:
        if any(post.network == "x" for post in posts):
            raise ZeroDivisionError("SECRET")
        return GateVerdict(state="passed", rows=len(posts))

    town.book = replace(good, gate=stumbling)
    for _ in range(2):
        with pytest.raises(ContractBroken, match=r"the gate itself stumbled \(ZeroDivisionError in test_deciding") as x:
            decide_and_send(town)
        told.add(str(x.value))

    assert "SECRET" not in told.pop()
    with ground.store.read() as view:
        networks = {post.network for post in view.posts.recent(limit=1000)}
        assert view.batches.pending() > 0
    assert networks == {"mastodon", "blogs"}  # which nobody stumbled over
    assert ground.quarantined() == []
    ground.assert_balanced()
    town.book = good
    read_all(town)


@pytest.mark.parametrize("point", ["triage.opened", "triage.judged", "triage.decided"])
def test_f18_trouble_anywhere_while_deciding_passes_nothing_unchecked(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    town = settled(ground)
    town._collect(0)
    monkeypatch.setenv("HUB_FAULTPOINT", f"{point}:stumble")
    with pytest.raises(HubError, match="stumbled"):
        town._triage(0)

    with ground.store.read() as view:
        assert view.posts.recent() == []
    assert ground.quarantined() == []
    ground.assert_balanced()
    monkeypatch.delenv("HUB_FAULTPOINT")
    read_all(town)


@pytest.mark.parametrize(
    "point", ["triage.claimed", "triage.opened", "triage.judged", "triage.decided", "triage.committed"]
)
def test_f19_a_process_that_ends_while_deciding_leaves_each_bad_row_once(ground: Ground, point: str) -> None:
    bad = (tweet(number, created_at="no time") for number in range(3))
    town = talk(ground, *bad, *(tweet(number) for number in range(10, 40)))
    died(town, point, town._triage)

    for _ in range(3):
        ground.clock.forward(600)
        decide_and_send(town)

    assert ground.quarantined() == [("validate", "bad_time")] * 3
    assert len(mine(ground)) == 30
    assert town.waiting() == FINISHED | {"quarantined": 3}
    ground.assert_balanced()


class Fussy:
    """The engine in force, but for one text."""

    def __init__(self, engine: Any, trouble: str) -> None:
        self._engine, self._trouble = engine, trouble
        self.name, self.version, self.found_by = engine.name, engine.version, engine.found_by

    def classify(self, items: Sequence[Item]) -> list[Signal]:
        for item in items:
            if POISON in item.text:
                if self._trouble == "raises":
                    raise ZeroDivisionError("SECRET")
                ENDLESS.match("a" * 60)
        signals: list[Signal] = self._engine.classify(items)
        return signals


@pytest.mark.parametrize(("trouble", "reason"), [("raises", "classifier_failed"), ("hangs", "classifier_hung")])
def test_f20_a_text_that_the_classifier_cannot_take_is_set_apart_after_its_time(
    ground: Ground, trouble: str, reason: str
) -> None:
    town = talk(ground, *(tweet(number) for number in range(70, 85)))
    good = town.book
    good.engine.classify([Item(key="x:post:1", text="its rules are read first")])
    town.book = replace(good, engine=Fussy(good.engine, trouble), text_seconds=0.2)

    decide_and_send(town)

    assert mine(ground) == [str(number) for number in range(70, 85) if number != 77]
    assert ground.quarantined() == [("classify", reason)]
    ground.assert_balanced()
    town.book = good
    replayed = replay.run(good, replay.choose(ground.store, stage="classify"), store=ground.store, run="replay")
    assert (replayed.released, replayed.still) == (1, 0)
    assert len(mine(ground)) == 15
    ground.quiet()
    assert town.waiting() == FINISHED
    assert town.verdict() == type(town.verdict())()


def test_f20_a_route_that_cannot_decide_costs_its_posts_that_work_until_it_is_mended(ground: Ground) -> None:
    town = settled(ground)
    good = town.book
    odd = Rule.of(Route(name="odd-one", makes="Alert", when="contains(post.edited_at, '2026')", team="communications"))
    town.book = replace(good, rules=[odd, *good.rules])
    town._collect(0)
    decide_and_send(town)

    apart = ground.quarantined()
    assert set(apart) == {("route", "route_cannot_decide")}
    assert ground.rows()  # the other rules have made their work
    ground.assert_balanced()
    town.book = good
    replay.run(good, replay.choose(ground.store, stage="route"), store=ground.store, run="replay")
    ground.quiet()
    assert_well(town)


def test_f20_hostile_texts_do_not_hold_up_the_engine_that_is_shipped(ground: Ground) -> None:
    texts = ["a" * 20_000 + "!", "@" * 5_000, "http://" * 3_000, "((" * 9_000, "really " * 3_000 + "bad", "#a" * 9_000]
    town = talk(ground, *(tweet(number, text=f"@acme {text}") for number, text in enumerate(texts)))

    decide_and_send(town)

    assert len(mine(ground)) == len(texts)
    assert ground.quarantined() == []
    assert pull(town, "x").failures == {}
