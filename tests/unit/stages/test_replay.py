"""Quarantined items go back to the stage they left; what has not changed writes nothing anywhere."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hub.domain import Post, Watch
from hub.domain.config import Route
from hub.errors import ContractBroken, SetupError
from hub.mapping import load_mapping, load_mappings
from hub.quality.verdict import Verdict
from hub.stages import deliver, replay
from hub.stages.admit import Reading, Rulebook
from hub.store import Standing
from tests.unit.stages.counter import Counter, refuse
from tests.unit.stages.test_render import OURS
from tests.unit.stages.world import (
    ALARMS,
    CHATS,
    COMPLAINS,
    NOW,
    WANTS_TO_BUY,
    Town,
    acme,
    make_book,
    outlet,
    tweet,
    written,
)

MENTION = Watch(network="x", kind="mention", value="@acme")
MENDED = OURS.replace("length(post.lang)", "post.lang")


def again(town: Town, book: Rulebook | None = None, *, dry_run: bool = False, **filters: object) -> replay.Replayed:
    chosen = replay.choose(town.store, **filters)
    return replay.run(book or make_book(), chosen, store=town.store, run="replay-1", dry_run=dry_run)


def everything(town: Town) -> bytes:
    """All rows of the store."""
    return "\n".join(town.store.engine.raw_connection().iterdump()).encode()


def reading_bodies(town: Town, book: Rulebook) -> Rulebook:
    """As if X's mapping had been mended so that it finds the text in `body`, too."""
    reading = book.networks["x"]
    path = Path(town.landing.url).with_name("x.yaml")
    path.write_text(reading.mapping.source.read_text().replace("|| text)", "|| text || body)"))
    return replace(book, networks={**book.networks, "x": Reading(reading.manifest, load_mapping(path))})


def strange(number: int, text: str, **more: object) -> dict[str, object]:
    """A record that today's mapping finds no text in."""
    return tweet(number, "", **more) | {"text": None, "body": text}


def test_a_record_whose_mapping_was_mended_becomes_work(town: Town) -> None:
    town.hear(strange(1, WANTS_TO_BUY), strange(2, COMPLAINS, author="ben"))

    done = again(town, reading_bodies(town, make_book()))

    assert (done.items, done.released, done.still) == (2, 2, 0)
    assert {row.destination for row in town.outbox()} == {"salesforce", "zendesk"}
    with town.look() as view:
        balance = view.ledger.balance()
        assert view.quarantine.listing() == []
        post = view.posts.get("x:post:1")
    assert (balance.quarantined, balance.handed_off) == (0, 2)
    assert post is not None
    assert post.collected_at == NOW


def test_a_record_that_still_cannot_go_on_is_one_try_older(town: Town) -> None:
    town.hear(strange(1, WANTS_TO_BUY))

    done = again(town)

    assert (done.released, done.still) == (0, 1)
    with town.look() as view:
        [item] = view.quarantine.listing()
    assert (item.tries, item.state, item.batch is None) == (2, "open", False)


def test_a_record_that_is_skipped_or_known_by_now_counts_so(town: Town) -> None:
    town.hear(strange(1, WANTS_TO_BUY), strange(2, COMPLAINS))
    town.hear(tweet(1, WANTS_TO_BUY))
    with town.store.begin() as tx:
        tx.tombstones.add(["x:post:2"], "erasure")

    again(town, reading_bodies(town, make_book()))

    with town.look() as view:
        balance = view.ledger.balance()
    assert (balance.known, balance.skipped, balance.quarantined) == (1, 1, 0)


def test_many_records_meet_the_batch_gate_together(town: Town) -> None:
    asked: list[int] = []

    def counting(posts: Sequence[Post], now: object) -> Verdict:
        asked.append(len(posts))
        return Verdict(state="split", rows=len(posts), failures={"x:post:3": ("expect_sense",)})

    town.hear(*[strange(number, COMPLAINS, author=f"a{number}") for number in range(1, 6)])
    asked.clear()

    done = again(town, reading_bodies(town, make_book(gate=counting)))

    assert (asked, done.released, done.still) == ([5], 4, 1)
    with town.look() as view:
        assert [item.reason for item in view.quarantine.listing()] == ["expect_sense"]


def test_a_held_gate_leaves_everything_in_quarantine(town: Town) -> None:
    def holding(posts: Sequence[Post], now: object) -> Verdict:
        return Verdict(state="held", rows=len(posts), reasons=("odd",))

    town.hear(strange(1, COMPLAINS))

    with pytest.raises(ContractBroken, match="odd"):
        again(town, reading_bodies(town, make_book(gate=holding)))
    with town.look() as view:
        assert [item.tries for item in view.quarantine.listing()] == [1]


def unsayable(town: Town, folder: Path) -> Rulebook:
    """A post that makes a lead and a case, of which the lead cannot be said; and the book as it is mended."""
    broken = make_book(outlets=[written(folder, "salesforce", OURS), outlet("zendesk")])
    town.hear(tweet(1, WANTS_TO_BUY), book=broken)
    assert town.standing("x:post:1").state == "quarantined"
    return make_book(outlets=[written(folder, "salesforce", MENDED), outlet("zendesk")])


def test_a_post_whose_mapping_was_mended_is_sent(town: Town, tmp_path: Path) -> None:
    mended = unsayable(town, tmp_path)

    done = again(town, mended, stage="render")

    assert (done.items, done.released, done.still, done.deliveries) == (1, 1, 0, 1)
    assert [(row.destination, row.post) for row in town.outbox()] == [("salesforce", "x:post:1")]
    assert town.standing("x:post:1") == Standing("handed_off")
    with town.look() as view:
        assert view.quarantine.listing() == []
        assert view.ledger.balance().quarantined == 0
    assert again(town, mended).items == 0


def test_a_post_that_still_cannot_be_said_stays_with_one_more_try(town: Town, tmp_path: Path) -> None:
    unsayable(town, tmp_path)
    broken = make_book(outlets=[written(tmp_path, "salesforce", OURS), outlet("zendesk")])

    done = again(town, broken)

    assert (done.released, done.still, town.outbox()) == (0, 1, [])
    assert town.standing("x:post:1").state == "quarantined"
    with town.look() as view:
        [item] = view.quarantine.listing()
    assert (item.tries, item.post) == (2, "x:post:1")


ODD = Route(name="odd-one", makes="Lead", when="contains(post.lang, 'en')", team="sales")
SOUND = Route(name="odd-one", makes="Lead", when="signal.intent != 'none'", team="sales")


def test_a_post_whose_route_was_mended_becomes_what_it_lacked_and_nothing_twice(town: Town) -> None:
    town.hear(tweet(1, ALARMS), tweet(2, ALARMS, author="ben"), tweet(3, CHATS), book=make_book(routes=(ODD,)))
    before = [(row.object, row.external_id) for row in town.outbox()]
    assert again(town, make_book(routes=(ODD,)), stage="route").still == 2  # not yet
    rehearsed = again(town, make_book(routes=(SOUND,)), stage="route", dry_run=True)
    assert [(row.object, row.external_id) for row in town.outbox()] == before

    done = again(town, make_book(routes=(SOUND,)), stage="route")

    assert (done.released, done.still) == (rehearsed.released, rehearsed.still) == (2, 0)
    made = [(row.object, row.external_id) for row in town.outbox()]
    assert sorted(set(made)) == sorted(made)
    assert [object for object, _ in made if (object, _) not in before] == ["Lead", "Lead"]  # no second alert
    assert town.standing("x:post:1") == Standing("handed_off")
    with town.look() as view:
        assert view.quarantine.listing() == []
        assert view.ledger.balance().quarantined == 0


def test_a_post_that_a_mended_route_does_not_want_is_set_aside(town: Town) -> None:
    town.hear(tweet(1, CHATS + " for @acme"), book=make_book(routes=(ODD,)), watch=MENTION)
    assert town.standing("x:post:1") == Standing("quarantined", "route")

    again(town, make_book(routes=(SOUND,)))

    assert town.standing("x:post:1") == Standing("set_aside", "no_route")


def test_a_post_that_was_erased_while_its_route_was_broken_becomes_nothing(town: Town) -> None:
    town.hear(tweet(1, CHATS), book=make_book(routes=(ODD,)), watch=MENTION)
    with town.store.begin() as tx:
        tx.tombstones.add(["x:post:1"], "deleted")

    again(town, make_book(routes=(Route(name="odd-one", makes="Lead", when="`true`"),)))

    assert town.outbox() == []
    assert town.standing("x:post:1") == Standing("set_aside", "gone")


def test_only_what_was_missing_of_a_post_is_sent(town: Town, tmp_path: Path) -> None:
    leads = (Route(name="any-lead", makes="Lead", when="`true`"),)
    broken = make_book(outlets=[written(tmp_path, "salesforce", OURS), outlet("zendesk")], routes=leads)
    town.hear(tweet(1, COMPLAINS), book=broken)
    counter = Counter(town.clock)
    deliver.run(counter, store=town.store, worker="w")

    moved = acme().with_(teams=tuple(team.with_(zendesk_group_id=77) for team in acme().teams))  # another body by now
    outlets = [written(tmp_path, "salesforce", MENDED), outlet("zendesk")]
    again(town, make_book(config=moved, outlets=outlets, routes=leads))

    assert [(row.destination, row.state) for row in town.outbox()] == [("zendesk", "done"), ("salesforce", "pending")]


def refused(town: Town) -> Counter:
    """A ticket that Zendesk has refused."""
    town.hear(tweet(1, COMPLAINS))
    counter = Counter(town.clock)
    [row] = town.outbox("zendesk")
    counter.answers[row.external_id] = [refuse]
    deliver.run(counter, store=town.store, worker="w")
    return counter


def test_a_delivery_whose_mapping_was_mended_goes_as_a_new_version(town: Town) -> None:
    counter = refused(town)
    teams = tuple(team.with_(zendesk_group_id=77) for team in acme().teams)

    done = again(town, make_book(config=acme().with_(teams=teams)))

    assert (done.released, done.deliveries) == (1, 1)
    old, new = town.outbox("zendesk")
    assert [(row.version, row.state) for row in (old, new)] == [(1, "dead"), (2, "pending")]
    assert town.body(new)["group_id"] == 77
    deliver.run(counter, store=town.store, worker="w")
    assert [thing[0] for thing in counter.things] == [new.external_id]


def test_a_delivery_that_is_said_as_before_is_tried_once_more(town: Town) -> None:
    counter = refused(town)

    again(town)

    [row] = town.outbox("zendesk")
    assert (row.version, row.state) == (1, "pending")
    deliver.run(counter, store=town.store, worker="w")
    assert [row.state for row in town.outbox("zendesk")] == ["done"]
    with town.look() as view:
        assert view.quarantine.listing() == []


def test_a_delivery_that_is_refused_again_is_open_again_and_older(town: Town) -> None:
    counter = refused(town)
    again(town)
    [row] = town.outbox("zendesk")
    counter.answers[row.external_id] = [refuse]

    deliver.run(counter, store=town.store, worker="w")

    with town.look() as view:
        [item] = view.quarantine.listing()
    assert (item.tries, item.state) == (2, "open")


def test_a_delivery_that_no_mapping_can_say_now_stays(town: Town, tmp_path: Path) -> None:
    refused(town)
    text = OURS.replace("salesforce", "zendesk").replace("Lead", "Case").replace("sObject Case", "ticket")

    done = again(town, make_book(outlets=[written(tmp_path, "zendesk", text)]))

    assert (done.released, done.still) == (0, 1)
    with town.look() as view:
        assert [item.tries for item in view.quarantine.listing()] == [2]
    assert [row.state for row in town.outbox("zendesk")] == ["dead"]


def test_a_dry_run_says_what_would_come_and_writes_nothing(town: Town, tmp_path: Path) -> None:
    mended = unsayable(town, tmp_path)
    town.hear(strange(2, COMPLAINS, author="ben"), strange(3, ""))
    counter = Counter(town.clock)
    town.hear(tweet(4, COMPLAINS, author="eva"))
    [ticket] = town.outbox("zendesk")
    counter.answers[ticket.external_id] = [refuse]
    deliver.run(counter, store=town.store, worker="w")
    before = everything(town)

    done = again(town, reading_bodies(town, mended), dry_run=True)

    assert (done.items, done.released, done.still, done.deliveries) == (
        4,
        3,
        1,
        3,
    )  # a record's ticket, the lead, the refused ticket
    assert everything(town) == before


def test_replaying_everything_when_nothing_changed_writes_nothing_at_any_destination(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY), tweet(2, COMPLAINS, author="ben"), strange(3, COMPLAINS))
    before = town.outbox()

    again(town)

    assert town.outbox() == before


def test_two_replays_of_one_item_count_it_once(town: Town) -> None:
    town.land(strange(1, WANTS_TO_BUY), tweet(2, COMPLAINS))
    town.triage()
    mended = reading_bodies(town, make_book())
    chosen = replay.choose(town.store)  # by both: neither knows of the other

    for run in ("replay-1", "replay-2"):
        replay.run(mended, chosen, store=town.store, run=run)

    assert [row.object for row in town.outbox("salesforce")] == ["Lead"]
    with town.look() as view:
        assert view.ledger.unbalanced() == []
        assert view.ledger.balance().differences == {}


def test_items_are_chosen_by_number_stage_or_reason(town: Town, tmp_path: Path) -> None:
    unsayable(town, tmp_path)
    town.hear(strange(2, COMPLAINS), {"id": "3"})
    with town.look() as view:
        numbers = {item.stage + item.reason: item.id for item in view.quarantine.listing()}

    assert len(numbers) == 3
    assert replay.choose(town.store) == sorted(numbers.values())
    assert replay.choose(town.store, stage="render") == [min(numbers.values())]
    assert replay.choose(town.store, reason="empty_text") == [numbers["validateempty_text"]]
    assert replay.choose(town.store, network="mastodon") == []
    assert replay.choose(town.store, ids=[numbers["validateempty_text"]]) == [numbers["validateempty_text"]]


@pytest.mark.parametrize("missing", [999, -1])
def test_a_number_that_is_not_open_is_said_so(town: Town, missing: int) -> None:
    with pytest.raises(SetupError, match=f"no open item {missing}"):
        replay.choose(town.store, ids=[missing])


def test_a_record_of_a_network_that_is_gone_stays(town: Town) -> None:
    town.hear(strange(1, COMPLAINS))
    book = make_book()

    done = again(town, make_book(networks={"mastodon": book.networks["mastodon"]}))

    assert (done.released, done.still) == (0, 1)


def test_older_words_never_replace_newer_ones_that_were_delivered(town: Town) -> None:
    leads = (Route(name="any-lead", makes="Lead", when="`true`"),)
    book = make_book(routes=leads, outlets=[outlet("salesforce")])
    counter = Counter(town.clock, "salesforce")
    town.hear(tweet(1, WANTS_TO_BUY, minutes_ago=30), book=book)
    lead = next(row for row in town.outbox("salesforce") if row.object == "Lead")
    counter.answers[lead.external_id] = [refuse]
    deliver.run(counter, store=town.store, worker="w")
    town.hear(tweet(2, "Which grinder should I buy? An Acme one?", minutes_ago=10), book=book)
    deliver.run(counter, store=town.store, worker="w")
    there = list(counter.things)

    done = again(town, book, reason="field_missing")

    assert (done.released, done.still, done.deliveries) == (1, 0, 0)
    deliver.run(counter, store=town.store, worker="w")
    assert counter.things == there


@pytest.mark.parametrize("stage", ["render", "deliver"])
def test_nothing_is_sent_of_a_post_that_is_gone_by_retention(town: Town, tmp_path: Path, stage: str) -> None:
    """Its handoff is emptied by then: replayed, it would make a lead of nobody."""
    if stage == "render":
        book = unsayable(town, tmp_path)
    else:
        refused(town)
        book = make_book()
    with town.store.begin() as tx:
        tx.keeping.empty(["x:post:1"], "retention")
    before = [(row.id, row.state) for row in town.outbox()]

    done = again(town, book)

    assert (done.released, done.deliveries) == (1, 0)
    assert [(row.id, row.state) for row in town.outbox()] == before
    with town.look() as view:
        assert view.ledger.balance().quarantined == 0
    with town.look() as view:
        assert view.ledger.balance().quarantined == 0


def test_a_record_that_says_that_its_post_is_gone_buries_it(town: Town) -> None:
    town.hear(strange(1, ""))
    book = make_book()
    reading = book.networks["x"]
    path = Path(town.landing.url).with_name("x.yaml")
    path.write_text(reading.mapping.source.read_text().replace("fields:\n", "fields:\n  gone: \"'deleted'\"\n", 1))
    gone = replace(book, networks={**book.networks, "x": Reading(reading.manifest, load_mapping(path))})

    again(town, gone)

    with town.look() as view:
        assert view.tombstones.dead(["x:post:1"]) == {"x:post:1"}
        assert view.ledger.balance().skipped == 1


def test_an_answer_that_was_read_joins_the_case_of_a_record_that_is_mended(town: Town) -> None:
    town.hear(tweet(2, "Hello? Still nothing.", answers=1, minutes_ago=20))
    town.hear(strange(1, COMPLAINS, minutes_ago=30))

    done = again(town, reading_bodies(town, make_book()))

    assert (done.released, done.still) == (1, 0)
    assert [row.object for row in town.outbox("zendesk")] == ["ticket", "comment"]
    assert [town.standing(f"x:post:{number}").state for number in (1, 2)] == ["handed_off"] * 2


BROKEN_CASE = Route(name="odd-case", makes="Case", when="contains(post.lang, 'en')", team="support")
MENDED_CASE = Route(name="odd-case", makes="Case", when="`true`", team="support")


def begun_late(town: Town) -> None:
    """A conversation whose beginning waits for its route, while what follows was nobody's work."""
    town.hear(tweet(1, CHATS, minutes_ago=30), book=make_book(routes=(BROKEN_CASE,)), watch=MENTION)
    assert town.standing("x:post:1") == Standing("quarantined", "route")
    town.hear(tweet(2, CHATS, answers=1, minutes_ago=20), tweet(3, CHATS, author="kim", answers=1), watch=MENTION)
    assert town.standing("x:post:2") == Standing("set_aside", "no_route")


def test_an_answer_that_was_read_joins_the_case_that_a_mended_route_makes(town: Town) -> None:
    begun_late(town)
    rehearsed = again(town, make_book(routes=(MENDED_CASE,)), stage="route", dry_run=True)
    assert town.outbox() == []

    done = again(town, make_book(routes=(MENDED_CASE,)), stage="route")

    assert (done.released, done.still) == (rehearsed.released, rehearsed.still) == (1, 0)
    assert [row.object for row in town.outbox("zendesk")] == ["ticket", "comment"]
    assert [town.standing(f"x:post:{number}").state for number in (1, 2, 3)] == ["handed_off"] * 2 + ["set_aside"]
    with town.look() as view:
        assert view.ledger.balance().balanced
    assert again(town, make_book(routes=(MENDED_CASE,))).items == 0


def test_an_answer_that_cannot_be_said_waits_by_itself_when_its_case_is_replayed(town: Town, tmp_path: Path) -> None:
    begun_late(town)
    sound = outlet("zendesk")
    said = sound.mappings[0].source.read_text()
    (tmp_path / "zendesk.yaml").write_text(
        said.replace("reopens_within_hours: reopen_hours", "reopens_within_hours: abs(post.text)")
    )
    mute = replace(sound, mappings=load_mappings(tmp_path / "zendesk.yaml")[: len(sound.mappings)])

    done = again(town, make_book(routes=(MENDED_CASE,), outlets=[mute]), stage="route")

    assert (done.released, done.still) == (1, 0)
    assert town.standing("x:post:1") == Standing("handed_off")
    assert town.standing("x:post:2") == Standing("quarantined", "render")
    assert again(town, make_book(routes=(MENDED_CASE,))).released == 1
    assert [row.object for row in town.outbox("zendesk")] == ["ticket", "comment"]
