"""Everything that has landed is validated, classified, routed and written; nothing is lost or counted twice."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.classify import Item
from hub.domain import Post, Signal, Watch
from hub.domain.config import Route, Triage
from hub.errors import ContractBroken, SetupError
from hub.quality.verdict import Verdict
from hub.stages import replay, triage
from hub.stages.admit import Reading
from hub.store import Landing, Standing, Store
from tests.unit.stages.test_render import OURS
from tests.unit.stages.world import (
    ALARMS,
    CHATS,
    COMPLAINS,
    HASHTAG,
    NOW,
    SWEARS,
    WANTS_TO_BUY,
    Clock,
    Town,
    X,
    acme,
    make_book,
    outlet,
    status,
    tweet,
    written,
)


def test_posts_become_work_for_people(town: Town) -> None:
    done = town.hear(
        tweet(1, WANTS_TO_BUY, author="ben"), tweet(2, COMPLAINS), tweet(3, ALARMS, author="zoe"),
        tweet(4, CHATS, author="kim"),
    )  # fmt: skip

    assert (done.batches, done.new, done.handed_off, done.known, done.quarantined) == (1, 4, 3, 0, 0)
    assert done.handoffs["Lead"] == done.handoffs["Alert"] == 1
    assert sum(done.set_aside.values()) == 1
    assert {(row.destination, row.object) for row in town.outbox()} >= {
        ("salesforce", "Lead"), ("zendesk", "ticket"), ("slack", "message"),
    }  # fmt: skip
    with town.look() as view:
        balance = view.ledger.balance(run="triage-1")
    assert (balance.fetched, balance.handed_off, sum(balance.set_aside.values())) == (4, 3, 1)


FEED = Watch(network="blogs", kind="feed", value="https://blog.test/feed.xml")
TOMBSTONE = {"id": "1", "deleted": "2025-03-04T10:00:00Z", "feed": {"host": "blog.test", "title": "Blog"}}


def entry(id: str, text: str) -> dict[str, object]:
    published = NOW.isoformat()
    return {"id": id, "text": text, "author": "ana", "published": published, "feed": TOMBSTONE["feed"]}


def test_a_record_that_says_a_post_is_gone_empties_it_and_nothing_brings_it_back(town: Town) -> None:
    town.hear(entry("1", COMPLAINS), entry("2", COMPLAINS), watch=FEED)
    waiting = [row for row in town.outbox() if row.state == "waiting"]

    done = town.hear(TOMBSTONE, entry("1", f"{COMPLAINS} Still."), watch=FEED)
    again = town.hear(entry("1", f"{COMPLAINS} Again."), watch=FEED)

    assert (done.new, done.skipped, again.new, again.skipped) == (0, 2, 0, 1)
    with town.look() as view:
        assert [view.posts.get(f"blogs:entry:blog.test/{id}").text for id in "12"] == ["", COMPLAINS]
        assert view.tombstones.dead(["blogs:entry:blog.test/1"])
    cancelled = {row.post for row in town.outbox() if row.state == "cancelled"}
    assert cancelled == ({"blogs:entry:blog.test/1"} if waiting else set())


def test_nothing_landed_costs_nothing(town: Town) -> None:
    assert town.triage() == triage.Triaged()


def test_the_first_run_of_a_watch_makes_history_and_not_work(town: Town) -> None:
    careful = make_book(config=acme().with_(triage=Triage(first_run_hours=0)))

    done = town.hear(tweet(1, WANTS_TO_BUY, minutes_ago=1), book=careful)
    town.clock.forward(minutes=5)
    later = town.hear(tweet(2, WANTS_TO_BUY, author="ben", minutes_ago=-3), book=careful)

    assert (done.set_aside, done.handoffs) == ({"history": 1}, {})
    assert later.handoffs == {"Lead": 1}


def test_what_was_heard_before_is_known_and_makes_no_second_work(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))

    again = town.hear(tweet(1, WANTS_TO_BUY), tweet(2, CHATS), watch=X.with_(value="brew"))

    assert (again.new, again.known, again.handoffs) == (1, 1, {})
    assert len(town.outbox()) == 1
    with town.look() as view:
        post = view.posts.get("x:post:1")
    assert post is not None
    assert post.seen_by == (X.key, X.with_(value="brew").key)


def test_a_post_twice_in_one_batch_is_one_post(town: Town) -> None:
    done = town.hear(tweet(1, WANTS_TO_BUY), tweet(1, WANTS_TO_BUY, lang="en"))

    assert (done.new, done.known, done.handoffs) == (1, 1, {"Lead": 1})


def test_an_answer_that_is_read_before_what_it_answers_joins_the_case_once_that_is_there(town: Town) -> None:
    """As where a watch for mentions comes first, and the one for words brings the beginning of the thread."""
    town.hear(
        tweet(2, "Hello? Still nothing.", answers=1, minutes_ago=20), tweet(3, CHATS, author="kim", answers=1),
        tweet(4, "Hello there.", answers=1, minutes_ago=40),
    )  # fmt: skip
    before = [town.standing(f"x:post:{number}").state for number in (2, 3, 4)]
    done = town.hear(tweet(1, COMPLAINS, minutes_ago=30))

    assert before == ["set_aside"] * 3
    assert (done.new, done.handoffs) == (1, {"Case": 2})
    assert [row.object for row in town.outbox("zendesk")] == ["ticket", "comment"]
    assert [town.standing(f"x:post:{number}").state for number in (1, 2)] == ["handed_off"] * 2
    assert [town.standing(f"x:post:{number}").state for number in (3, 4)] == ["set_aside"] * 2  # another's; and earlier
    assert town.hear(tweet(1, COMPLAINS, minutes_ago=30)).handoffs == {}


def test_a_conversation_is_one_ticket_and_its_comments_within_a_batch(town: Town) -> None:
    town.hear(
        tweet(2, "Hello? Still nothing.", answers=1, minutes_ago=20), tweet(1, COMPLAINS),
        tweet(3, SWEARS, answers=1, minutes_ago=10), tweet(4, CHATS, author="kim", answers=1, minutes_ago=5),
    )  # fmt: skip

    rows = town.outbox("zendesk")
    assert [(row.object, row.post) for row in rows] == [
        ("ticket", "x:post:1"), ("comment", "x:post:2"), ("comment", "x:post:3")
    ]  # fmt: skip
    assert {row.parent for row in rows[1:]} == {rows[0].external_id}
    assert town.standing("x:post:4").state == "set_aside"


def test_a_conversation_goes_on_across_batches(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS))

    done = town.hear(tweet(2, CHATS, answers=1, minutes_ago=1))

    assert done.handoffs == {"Case": 1}
    ticket, comment = town.outbox("zendesk")
    assert (comment.object, comment.parent) == ("comment", ticket.external_id)
    with town.look() as view:
        [handed] = view.handoffs.recent(post="x:post:2")
    assert handed.handoff.provenance.route == "follow-up@2"


def test_an_incident_that_grows_is_one_message_and_one_reply_for_each_batch(town: Town) -> None:
    for start in (1, 10):
        town.hear(*[tweet(number, ALARMS, author=f"a{number}") for number in range(start, start + 3)])

    rows = town.outbox("slack")
    assert [row.object for row in rows] == ["message", "reply", "reply"]
    assert {row.parent for row in rows[1:]} == {rows[0].external_id}
    assert "and 1 more like it" in str(town.body(rows[1]))
    assert "and 2 more like it" in str(town.body(rows[2]))
    with town.look() as view:
        assert [incident.count for incident in view.incidents.open()] == [6]


def test_what_is_no_post_is_quarantined_and_the_rest_goes_on(town: Town) -> None:
    done = town.hear(tweet(1, WANTS_TO_BUY), tweet(2, ""), {"id": "3"}, tweet(4, CHATS))

    assert (done.new, done.quarantined, done.handed_off) == (4, 2, 1)
    with town.look() as view:
        items = view.quarantine.listing()
        assert view.ledger.balance().quarantined == 2
    assert [(item.kind, item.stage, item.network, item.batch is None) for item in items] == [
        ("record", "validate", "x", False)
    ] * 2
    assert items[1].record == {"id": "3"}


@pytest.mark.parametrize("odd", [
    {"language": "\ud800"}, {"language": ["en"]}, {"media_attachments": [{"type": "image", "description": "\ud800"}]},
    {"account": {"id": "5", "acct": "\udfff", "display_name": "\ud800", "bot": "\ud800", "url": "\ud800"}},
])  # fmt: skip
def test_half_a_character_anywhere_stops_no_other_post(town: Town, odd: dict[str, object]) -> None:
    town.land(status(1, COMPLAINS) | odd, status(2, WANTS_TO_BUY), watch=HASHTAG)

    done = town.triage()

    assert (done.batches, done.new, done.handoffs["Lead"]) == (1, 2, 1)


def test_the_same_bad_record_read_again_is_one_item(town: Town) -> None:
    town.hear(tweet(1, ""))

    again = town.hear(tweet(1, ""), tweet(2, CHATS))

    assert (again.known, again.quarantined) == (1, 0)
    with town.look() as view:
        assert len(view.quarantine.listing()) == 1


def test_what_the_mapping_skips_is_counted_and_not_kept(town: Town) -> None:
    done = town.hear(status(1, CHATS, visibility="private"), status(2, CHATS), watch=HASHTAG)

    assert (done.new, done.skipped) == (1, 1)


def test_rows_that_the_batch_gate_splits_off_are_quarantined(town: Town) -> None:
    def splitting(posts: list[Post], now: object) -> Verdict:
        return Verdict(state="split", rows=len(posts), failures={"x:post:2": ("expect_sense", "expect_more")})

    done = town.hear(tweet(1, CHATS), tweet(2, CHATS), book=make_book(gate=splitting))

    assert (done.new, done.quarantined) == (2, 1)
    with town.look() as view:
        [item] = view.quarantine.listing()
    assert (item.reason, item.record and item.record["id"]) == ("expect_sense", "2")
    assert item.detail == "Breaks expect_sense, expect_more of the batch's expectations."


def test_a_held_gate_keeps_everything_pending_and_says_why(town: Town) -> None:
    def holding(posts: list[Post], now: object) -> Verdict:
        return Verdict(state="held", rows=len(posts), reasons=("half of the rows are odd",))

    town.land(tweet(1, WANTS_TO_BUY))
    town.land(tweet(2, CHATS), tweet(3, CHATS))
    with pytest.raises(ContractBroken, match=r"held 3 posts: half of the rows are odd.*Nothing was lost"):
        town.triage(make_book(gate=holding))

    with town.look() as view:
        assert (view.batches.pending(), view.ledger.balance().pending) == (2, 3)
    assert town.outbox() == []
    assert town.triage(run="triage-2").handoffs == {"Lead": 1}  # at once: nothing is left claimed


@pytest.mark.parametrize("odd_ones", [1, triage.BATCHES_AT_A_TIME + 2])
def test_a_network_that_is_held_back_holds_up_no_other(town: Town, odd_ones: int) -> None:
    def holding(posts: list[Post], now: object) -> Verdict:
        odd = [post for post in posts if post.network == "mastodon"]
        return Verdict(state="held" if odd else "passed", rows=len(posts), reasons=("mastodon is odd",) if odd else ())

    for number in range(odd_ones):
        town.land(status(number, CHATS), watch=HASHTAG)
    town.land(tweet(1, WANTS_TO_BUY))
    with pytest.raises(ContractBroken, match="mastodon is odd"):
        town.triage(make_book(gate=holding))

    assert [row.object for row in town.outbox()] == ["Lead"]
    with town.look() as view:
        assert view.batches.pending() == odd_ones
    assert town.triage(run="triage-2").new == odd_ones  # at once: nothing is left claimed


class Unsteady:
    """An engine that stumbles over one post, until it is mended."""

    name, version, found_by = "unsteady", "1", "rules@2"

    def __init__(self, *keys: str) -> None:
        self.keys = set(keys)

    def classify(self, items: Sequence[Item]) -> list[Signal]:
        if not self.keys.isdisjoint(item.key for item in items):
            raise RuntimeError("SECRET")
        return make_book().engine.classify(items)


def test_a_post_that_cannot_be_classified_is_quarantined_and_goes_on_once_it_can(town: Town) -> None:
    broken = make_book(engine=Unsteady("x:post:1"))

    done = town.hear(tweet(1, WANTS_TO_BUY), tweet(2, COMPLAINS), tweet(3, CHATS), book=broken)

    assert (done.new, done.quarantined, done.handoffs) == (3, 1, {"Case": 1})
    with town.look() as view:
        [item] = view.quarantine.listing()
        assert view.posts.known(["x:post:1"]) == set()
    assert (item.kind, item.stage, item.reason) == ("record", "classify", "classifier_failed")
    assert (item.record or {}).get("id") == "1"
    assert "SECRET" not in str(item.detail)
    still = replay.run(broken, [item.id], store=town.store, run="replay-1")
    assert (still.released, still.still) == (0, 1)
    replay.run(make_book(), replay.choose(town.store), store=town.store, run="replay-2")
    assert sorted(row.object for row in town.outbox()) == ["Lead", "ticket"]
    assert town.standing("x:post:1") == Standing("handed_off")
    with town.look() as view:
        assert view.quarantine.listing() == []


def test_a_gate_that_stumbles_lets_nothing_pass_and_nothing_go(town: Town) -> None:
    def stumbling(posts: list[Post], now: object) -> Verdict:
        if any(post.network == "x" for post in posts):
            raise RuntimeError("SECRET")
        return Verdict(state="passed", rows=len(posts))

    town.land(tweet(1, WANTS_TO_BUY))
    town.land(status(2, COMPLAINS), watch=HASHTAG)
    with pytest.raises(ContractBroken, match=r"the gate itself stumbled \(RuntimeError in test_triage.py") as told:
        town.triage(make_book(gate=stumbling))

    assert "SECRET" not in str(told.value)
    assert [row.object for row in town.outbox()] == ["ticket"]  # the other network's
    with town.look() as view:
        assert (view.batches.pending(), view.quarantine.listing()) == (1, [])
    assert town.triage(run="triage-2").handoffs == {"Lead": 1}  # at once: nothing is left claimed


def test_a_batch_that_the_hub_stumbles_over_waits_and_holds_up_no_other(town: Town) -> None:
    class Odd:
        reads, name, label, source_digest = "post", "odd", "odd@1", "0" * 64

        def apply(self, record: dict[str, object]) -> dict[str, object]:
            raise RuntimeError("SECRET")

    book = make_book()
    networks = {**book.networks, "mastodon": Reading(book.networks["mastodon"].manifest, Odd())}
    town.land(status(1, COMPLAINS), watch=HASHTAG)
    town.land(tweet(2, WANTS_TO_BUY))

    with pytest.raises(ContractBroken, match=r"stumbled over batch .* \(RuntimeError in test_triage.py") as told:
        town.triage(make_book(networks=networks))

    assert "SECRET" not in str(told.value)
    assert [row.object for row in town.outbox()] == ["Lead"]
    with town.look() as view:
        assert (view.batches.pending(), view.quarantine.listing()) == (1, [])
    assert town.triage(run="triage-2").handoffs == {"Case": 1}


@pytest.mark.parametrize(("bad", "good"), [(200, 0), (15, 5), (11, 9)])
def test_records_most_of_which_become_no_post_wait_together_with_one_alert(town: Town, bad: int, good: int) -> None:
    town.land(*(tweet(n, CHATS, created_at="?") for n in range(bad)), *(tweet(1000 + n, CHATS) for n in range(good)))
    town.land(status(1, COMPLAINS), watch=HASHTAG)

    with pytest.raises(ContractBroken, match=rf"{bad} of {bad + good} records from x .*bad_time.*mappings/x.yaml"):
        town.triage()

    assert [row.object for row in town.outbox()] == ["ticket"]
    with town.look() as view:
        assert (view.batches.pending(), view.quarantine.listing()) == (1, [])


@pytest.mark.parametrize(("bad", "good"), [(10, 10), (19, 0)])
def test_half_of_many_and_all_of_few_are_quarantined_one_by_one(town: Town, bad: int, good: int) -> None:
    town.land(*(tweet(n, CHATS, created_at="?") for n in range(bad)), *(tweet(1000 + n, CHATS) for n in range(good)))

    done = town.triage()

    assert (done.new, done.quarantined) == (bad + good, bad)


def test_a_post_on_which_a_route_cannot_decide_is_quarantined_and_the_rest_goes_on(town: Town) -> None:
    odd = Route(name="odd-one", makes="Alert", when="contains(post.lang, 'en')", team="communications")
    book = make_book(routes=(odd,))

    english = tweet(2, WANTS_TO_BUY, author="ben", lang="en")

    done = town.hear(tweet(1, WANTS_TO_BUY), english, tweet(3, COMPLAINS), book=book)

    assert done.handoffs == {"Lead": 2, "Case": 1, "Alert": 1}  # what other rules make of it is made
    assert (done.new, done.quarantined, done.handed_off) == (3, 2, 1)
    assert town.standing("x:post:1") == town.standing("x:post:3") == Standing("quarantined", "route")
    with town.look() as view:
        items = view.quarantine.listing()
    assert [(item.kind, item.stage, item.reason, item.post) for item in items] == [
        ("post", "route", "route_cannot_decide", f"x:post:{number}") for number in (1, 3)
    ]
    assert "The route odd-one cannot decide" in str(items[0].detail)
    assert "hub replay --stage route" in str(items[0].detail)


def test_a_batch_of_a_network_that_is_gone_says_so(town: Town) -> None:
    town.land(tweet(1, CHATS), watch=Watch(network="orkut", kind="keyword", value="acme"))

    town.land(tweet(2, WANTS_TO_BUY))

    with pytest.raises(SetupError, match="orkut"):
        town.triage()

    assert [row.object for row in town.outbox()] == ["Lead"]  # those of other networks go on
    with town.look() as view:
        assert view.batches.pending() == 1


def test_a_damaged_file_is_set_apart_and_lands_again(town: Town) -> None:
    bad = town.land(tweet(1, CHATS), tweet(2, WANTS_TO_BUY))
    town.land(tweet(3, CHATS))
    file = next(Path(town.landing.url).glob(f"**/{bad.digest}*"))
    file.write_bytes(b"torn")

    done = town.triage()

    assert (done.batches, done.new, done.quarantined) == (2, 3, 2)  # never green with lost rows
    with town.look() as view:
        state = view.batches.get(bad.name)
        assert view.ledger.balance().quarantined == 2
    assert state is not None
    assert (state.state, state.reason) == ("quarantined", "landed_file_damaged")
    assert town.hear(tweet(1, CHATS), tweet(2, WANTS_TO_BUY)).handoffs == {"Lead": 1}


def test_a_watch_goes_back_to_before_the_first_of_its_damaged_files(town: Town) -> None:
    town.land(tweet(1, CHATS))
    for number in (2, 3, 4):
        town.land(*(tweet(10 * number + each, CHATS) for each in range(number)))
        file = town.landing.write([tweet(10 * number + each, CHATS) for each in range(number)], network="x", at=NOW)
        if number < 4:
            (Path(town.landing.url) / file.path).write_bytes(b"torn")

    town.triage()

    with town.look() as view:
        state = view.watches.get(X.key)
    assert state is not None
    assert state.cursor.position == "1"  # where the batch of one record had ended: what came after is read again


def test_a_worker_that_slept_through_its_lease_writes_nothing(town: Town) -> None:
    town.land(tweet(1, WANTS_TO_BUY))
    town.land(tweet(2, COMPLAINS))

    def sleeping(posts: list[Post], now: object) -> Verdict:
        town.clock.forward(hours=1)
        assert town.triage(worker="other", run="triage-other").handed_off == 2
        return Verdict(state="passed", rows=len(posts))

    done = town.triage(make_book(gate=sleeping))

    assert (done.batches, done.handoffs) == (0, {})
    assert len(town.outbox()) == 2
    with town.look() as view:
        assert view.ledger.balance(run="triage-other").handed_off == 2


def test_a_batch_triaged_twice_makes_nothing_twice(town: Town) -> None:
    batch = town.land(tweet(1, WANTS_TO_BUY), tweet(2, COMPLAINS), tweet(3, ALARMS, author="zoe"))
    town.triage()
    before = town.outbox()

    again = town.hear(*town.landing.read(batch.path, batch.digest), watch=X.with_(value="another"))

    assert (again.new, again.known, again.handoffs) == (0, 3, {})
    assert town.outbox() == before


@pytest.mark.parametrize("dead", ["x:post:1", "x:account:id-ana"])
def test_what_was_erased_does_not_come_back(town: Town, dead: str) -> None:
    with town.store.begin() as tx:
        tx.tombstones.add([dead], "erasure")

    done = town.hear(tweet(1, WANTS_TO_BUY), tweet(2, CHATS, author="kim"))

    assert (done.new, done.skipped, done.handoffs) == (1, 1, {})
    assert town.outbox() == []
    with town.look() as view:
        assert view.posts.get("x:post:1") is None


def test_work_that_a_mapping_cannot_say_is_quarantined_and_holds_up_nothing(town: Town, tmp_path: Path) -> None:
    book = make_book(outlets=[written(tmp_path, "salesforce", OURS), outlet("zendesk"), outlet("slack")])

    done = town.hear(
        tweet(1, WANTS_TO_BUY, author="ben"), tweet(2, WANTS_TO_BUY, author="eva", lang="en"), tweet(3, COMPLAINS),
        book=book,
    )  # fmt: skip

    assert (done.new, done.quarantined, done.handed_off) == (3, 1, 2)
    assert town.standing("x:post:1") == Standing("quarantined", "render")
    assert [(row.destination, row.post) for row in town.outbox()] == [
        ("salesforce", "x:post:2"), ("zendesk", "x:post:3")
    ]  # fmt: skip
    with town.look() as view:
        [item] = view.quarantine.listing()
        assert (view.ledger.balance().quarantined, view.ledger.balance().handed_off) == (1, 2)
        assert view.batches.pending() == 0
    assert (item.kind, item.stage, item.network, item.post) == ("post", "render", "x", "x:post:1")
    assert WANTS_TO_BUY not in str(item.detail)


def test_what_can_be_said_of_a_post_is_sent_though_another_part_cannot(town: Town, tmp_path: Path) -> None:
    everything = Route(name="praise-lead", makes="Lead", when="`true`")
    book = make_book(outlets=[written(tmp_path, "salesforce", OURS), outlet("zendesk")], routes=(everything,))

    town.hear(tweet(1, COMPLAINS), book=book)

    assert [row.destination for row in town.outbox()] == ["zendesk"]
    assert town.standing("x:post:1").state == "quarantined"


WORDS = (WANTS_TO_BUY, COMPLAINS, ALARMS, CHATS, SWEARS, "")


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations(range(len(WORDS))),
    cuts=st.sets(st.integers(1, 8)),
    again=st.lists(st.integers(0, 5), max_size=3),
)
def test_however_posts_are_split_and_repeated_the_same_work_is_made_once(
    migrated: Path, order: list[int], cuts: set[int], again: list[int]
) -> None:
    with TemporaryDirectory() as folder:
        copy(migrated, Path(folder) / "hub.db")
        clock = Clock()
        with Store.open(f"sqlite:///{folder}/hub.db", clock=clock) as store:
            town = Town(store, Landing(Path(folder) / "landing"), clock)
            records = [tweet(number, WORDS[number], author=f"a{number}") for number in [*order, *again]]
            for start, end in pairwise([0, *sorted(cut for cut in cuts if cut < len(records)), len(records)]):
                town.hear(*records[start:end])

            made = {(row.destination, row.object, row.post) for row in town.outbox()}
            assert len(made) == len(town.outbox())
            assert made == EXPECTED
            with town.look() as view:
                assert (view.ledger.balance().fetched, view.ledger.balance().new) == (len(records), len(WORDS))


EXPECTED = {
    ("salesforce", "Lead", "x:post:0"), ("zendesk", "ticket", "x:post:1"), ("zendesk", "ticket", "x:post:2"),
    ("slack", "message", "x:post:2"),
}  # fmt: skip


def test_an_edit_changes_the_post_and_keeps_what_it_said(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS))

    town.hear(tweet(1, "Never mind"))

    with town.look() as view:
        post, edits = view.posts.get("x:post:1"), view.posts.edits("x:post:1")
    assert post is not None
    assert (post.text, [edit.text for edit in edits]) == ("Never mind", [COMPLAINS])
    assert post.collected_at == NOW


def test_work_that_no_destination_takes_is_set_aside_and_not_called_handed_off(town: Town) -> None:
    angry = tweet(1, "My Brew One arrived broken, @acme. Terrible service, I want my money back.")

    triaged = town.hear(angry, book=make_book(outlets=[]))

    assert triaged.handed_off == 0
    assert triaged.set_aside == {"no_destination": 1}
