"""What a person does about an item: looks ahead, repairs the record, gives it up; and what is told of it."""

import json
import re
from pathlib import Path

import pytest

import connectors
from hub.domain import Manifest, Remedy
from hub.errors import SetupError
from hub.kit import SPOILT
from hub.stages import deliver, replay
from hub.stages.incidents import as_it_stands
from hub.stages.render import render
from hub.store import Item, Standing
from tests.unit.stages.counter import Counter
from tests.unit.stages.test_replay import again, everything, reading_bodies, refused, strange, unsayable
from tests.unit.stages.world import ALARMS, COMPLAINS, REPO, WANTS_TO_BUY, Town, make_book, tweet

MANIFESTS = {manifest.name: manifest for manifest in connectors.manifests()}


def one(town: Town, **filters: str) -> Item:
    with town.look() as view:
        [item] = view.quarantine.listing(**filters)
    return item


def by_number(town: Town, id: int) -> Item:
    with town.look() as view:
        [item] = view.quarantine.get([id])
    return item


def mended(item: Item, **changes: object) -> str:
    return json.dumps({**(item.record or {}), **changes})


def test_a_preview_shows_the_post_the_work_and_the_body_and_keeps_nothing(town: Town) -> None:
    town.hear(strange(1, COMPLAINS))
    before = everything(town)

    fate = replay.foresee(reading_bodies(town, make_book()), one(town), store=town.store)

    assert (fate.end, fate.released) == ("handed_off", True)
    assert fate.post is not None
    assert fate.post.text == COMPLAINS
    assert [handoff.kind for handoff in fate.handoffs] == ["Case"]
    assert [(planned.destination, planned.version, planned.again) for planned in fate.deliveries] == [
        ("zendesk", 1, False)
    ]
    assert COMPLAINS in json.dumps(fate.deliveries[0].body)
    assert everything(town) == before


def test_what_is_previewed_is_what_is_sent(town: Town) -> None:
    town.hear(strange(1, COMPLAINS), strange(2, WANTS_TO_BUY, author="ben"))
    book = reading_bodies(town, make_book())
    with town.look() as view:
        items = view.quarantine.listing()
    fates = [replay.foresee(book, item, store=town.store, run="replay-1") for item in items]
    foreseen = [planned for fate in fates for planned in fate.deliveries]

    again(town, book)

    sent = [(row.destination, row.external_id, row.digest, town.body(row)) for row in town.outbox()]
    assert sorted(sent, key=str) == sorted(
        ((one.destination, one.external_id, one.digest, one.body) for one in foreseen), key=str
    )


def test_a_preview_of_what_has_not_changed_is_the_same_error_again(town: Town) -> None:
    town.hear(strange(1, COMPLAINS))
    item = one(town)

    fate = replay.foresee(make_book(), item, store=town.store)

    assert (fate.end, fate.reason, fate.detail) == ("stays", item.reason, item.detail)
    assert one(town).tries == 1


def test_a_preview_of_a_refusal_shows_the_body_that_would_go_again(town: Town) -> None:
    refused(town)

    fate = replay.foresee(make_book(), one(town), store=town.store)

    [planned] = fate.deliveries
    assert (fate.end, planned.again, planned.destination) == ("sent", True, "zendesk")
    assert [row.state for row in town.outbox("zendesk")] == ["dead"]


def test_a_preview_of_unsayable_work_shows_what_was_missing(town: Town, tmp_path: Path) -> None:
    book = unsayable(town, tmp_path)

    fate = replay.foresee(book, one(town), store=town.store)

    assert (fate.end, [planned.object for planned in fate.deliveries]) == ("sent", ["Lead"])
    assert town.outbox() == []
    assert town.standing("x:post:1").state == "quarantined"


def test_a_repaired_record_becomes_work_and_the_one_that_came_is_kept(town: Town) -> None:
    town.hear(strange(1, COMPLAINS))
    item = one(town)

    kept = replay.repair(town.store, item, mended(item, text=COMPLAINS), who="ana", why="the text was in body")
    done = again(town)

    assert (kept.repaired_by, kept.record, kept.state) == ("ana", item.record, "open")
    assert (done.released, done.deliveries) == (1, 1)
    after = by_number(town, item.id)
    assert (after.state, after.outcome, after.record) == ("resolved", "valid", item.record)
    assert town.standing("x:post:1") == Standing("handed_off")
    with town.look() as view:
        post = view.posts.get("x:post:1")
        [entry] = view.audit.recent(object=f"quarantine:{item.id}")
        assert view.audit.verify() is None
    assert post is not None
    assert "repaired" in post.flags
    assert (entry.actor, entry.action, entry.reason) == ("ana", "record repaired", "the text was in body")
    assert len({entry.before, entry.after, None}) == 3


def test_a_repair_that_does_not_help_stays_and_is_not_lost(town: Town) -> None:
    town.hear(strange(1, ""))
    item = one(town)
    replay.repair(town.store, item, mended(item, other="words"), who="ana", why="a try")

    again(town)

    after = one(town)
    assert (after.tries, after.record, after.repaired) == (2, item.record, {**(item.record or {}), "other": "words"})


def test_the_same_bad_record_that_comes_again_is_the_item_that_was_repaired(town: Town) -> None:
    town.hear(strange(1, COMPLAINS))
    item = one(town)
    replay.repair(town.store, item, mended(item, text=COMPLAINS), who="ana", why="as the post says")
    again(town)

    town.hear(strange(1, COMPLAINS), tweet(2, COMPLAINS, author="ben"))

    with town.look() as view:
        assert view.quarantine.listing() == []
        assert view.ledger.balance().known == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "no JSON: .* in line 1, column 2"),
        ("[1]", "one JSON object"),
        ('{"a": NaN}', "refused"),
        ('{"a": 1, "a": 2}', "one key twice"),
        ("{" + '"a":{' * 70 + "}" * 71, "nested deeper"),
        ('{"a": "' + "x" * 1_000_000 + '"}', "larger than"),
        ("SAME", "said before"),
    ],
)
def test_what_is_no_repair_is_said_so_and_nothing_is_kept(town: Town, text: str, sentence: str) -> None:
    town.hear(strange(1, ""))
    item = one(town)

    with pytest.raises(SetupError, match=sentence):
        replay.repair(town.store, item, mended(item) if text == "SAME" else text, who="ana", why="a try")

    assert one(town).repaired is None
    with town.look() as view:
        assert view.audit.recent() == []


def test_only_records_can_be_repaired_and_only_with_a_reason(town: Town) -> None:
    refused(town)
    with pytest.raises(SetupError, match="mend the mapping"):
        replay.repair(town.store, one(town), "{}", who="ana", why="a try")

    town.hear(strange(2, ""))
    item = one(town, stage="validate")
    for why in ("", " \n\x07", "x" * 501):
        with pytest.raises(SetupError, match="Say why"):
            replay.repair(town.store, item, mended(item, text="x"), who="ana", why=why)


def test_a_record_that_could_not_be_trusted_is_trusted_once_a_person_has_looked(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS) | {SPOILT: True})
    item = one(town)
    assert item.reason == "duplicate_key"

    replay.repair(town.store, item, mended(item, text=COMPLAINS + " Now."), who="ana", why="the last one is meant")

    assert again(town).released == 1


def test_what_is_discarded_is_counted_and_can_come_back(town: Town) -> None:
    town.hear(strange(1, ""), strange(2, ""), tweet(3, COMPLAINS, author="ben"))
    chosen = replay.choose(town.store)
    with town.look() as view:
        before = view.ledger.balance()

    assert replay.discard(town.store, chosen, who="ana", why="says nothing") == 2
    assert replay.discard(town.store, chosen, who="ana", why="says nothing") == 0

    with town.look() as view:
        assert view.ledger.balance() == before
        assert view.quarantine.listing() == []
        assert [entry.action for entry in view.audit.recent()] == ["item discarded", "item discarded"]
    assert again(town).items == 0
    assert replay.reopen(town.store, chosen, who="ana", why="too quick") == 2
    assert replay.choose(town.store) == chosen


def test_what_waits_too_long_is_told_with_its_reason(town: Town) -> None:
    town.hear(strange(1, ""), strange(2, ""))
    with town.look() as view:
        assert replay.overdue(view, hours=24) is None
    town.clock.forward(hours=25)

    with town.look() as view:
        assert replay.overdue(view, hours=24) == (
            "2 items wait in quarantine, the oldest since 2026-03-02 12:00 UTC (empty_text, x); "
            "`hub quarantine` says who must do what."
        )
        assert replay.overdue(view, hours=26) is None


def test_work_that_is_read_back_is_said_to_the_byte_as_before(town: Town) -> None:
    """Else every replay of what a destination refused would be a new version of it."""
    town.hear(tweet(1, WANTS_TO_BUY), tweet(2, COMPLAINS, author="ben"), tweet(3, ALARMS, author="eva"))
    book, said = make_book(), {}
    for row in town.outbox():
        with town.store.begin() as tx:
            handoff = tx.handoffs.get(row.handoff)
            assert handoff is not None
            known = as_it_stands(tx, handoff)
        drafts = render(handoff, book.outlets, book.config, incident=known).drafts
        said |= {draft.identity: draft.digest for draft in drafts}

    rows = town.outbox()
    assert {row.destination for row in rows} == {"salesforce", "zendesk", "slack"}
    assert {(row.destination, row.object, row.external_id): row.digest for row in rows} == said


def test_replaying_twice_sends_once(town: Town) -> None:
    town.hear(strange(1, COMPLAINS), strange(2, ""))
    book = reading_bodies(town, make_book())
    counter = Counter(town.clock)

    for _ in range(3):
        again(town, book)
        deliver.run(counter, store=town.store, worker="w")

    assert len(counter.things) == 1
    assert len(counter.calls) == 1


def test_where_an_item_comes_from_is_known_to_the_line(town: Town) -> None:
    batch = town.land(tweet(1, COMPLAINS), strange(2, ""))
    town.triage()
    item = one(town)

    with town.look() as view:
        found = replay.whence(view, item)

    assert found.batch is not None
    assert found.batch.batch == batch
    assert item.record is not None
    assert replay.place_of(town.landing, found.batch, item.record) == 2
    town.landing.remove(batch.path)
    assert replay.place_of(town.landing, found.batch, item.record) is None


def test_where_a_refusal_comes_from_is_known_to_the_body(town: Town) -> None:
    refused(town)
    [row] = town.outbox("zendesk")

    with town.look() as view:
        found = replay.whence(view, one(town))

    assert found.delivery == row
    assert found.body == town.body(row)


ODD = {
    "access_token": "s3cret", "next": "https://x.test/?a=1&access_token=s3cret#x", "text": "a\u202eb\x1b[2Jc\ud800d",
    "nested": [{"api_key": "s3cret"}, 7], "name": "Ana", "tokens": 3,
}  # fmt: skip


def test_a_record_is_shown_without_secrets_and_steers_nothing() -> None:
    text = replay.shown(ODD)

    assert "s3cret" not in text
    assert not {"\u202e", "\x1b", "\ud800"} & set(text)
    assert json.loads(text)["text"] == ODD["text"]
    assert json.loads(text)["name"] == "Ana"


def test_what_was_hidden_is_itself_again_when_a_record_is_repaired(town: Town) -> None:
    town.hear(strange(1, "") | ODD | {"text": None})
    item = one(town)

    kept = replay.repair(
        town.store, item, replay.shown({**(item.record or {}), "text": COMPLAINS}), who="ana", why="as it says"
    )

    assert kept.repaired == {**(item.record or {}), "text": COMPLAINS}


def test_every_reason_leads_to_a_person_and_a_step() -> None:
    for stage, reason in [
        ("validate", "bad_id"), ("validate", "field_media"), ("validate", "expect_column_values_to_be_unique"),
        ("validate", "archive_line"), ("classify", "classifier_hung"), ("route", "route_cannot_decide"),
        ("render", "wrong_type"), ("render", "odd"), ("deliver", "unheard_of"), ("deliver", "parent_missing"),
        ("land", "landed_file_damaged"),
    ]:  # fmt: skip
        for network in ("x", "zendesk", "gone_network"):
            remedy = replay.remedy_of(stage, reason, network, MANIFESTS)
            assert remedy.who, reason
            assert remedy.do.endswith("."), reason
            assert "{" not in remedy.who + remedy.do, reason
    assert "mappings/x.yaml" in replay.remedy_of("validate", "field_media", "x", MANIFESTS).do


@pytest.mark.parametrize("manifest", connectors.manifests("destination"), ids=lambda one: one.name)
def test_a_destination_says_what_its_own_codes_ask_for(manifest: Manifest) -> None:
    for reason, own in manifest.remedies.items():
        told = replay.remedy_of("deliver", reason, manifest.name, MANIFESTS)
        assert told == own
        assert told.do.endswith("."), reason


def test_reasons_that_our_gates_give_are_known() -> None:
    """Every code that the gates give by name has words of its own."""
    given = set()
    for file in ("hub/quality/rows.py", "hub/stages/validate.py", "hub/mapping/program.py", "hub/mapping/mapping.py"):
        text = (REPO / file).read_text()
        given |= set(re.findall(r'(?:reason|reason: str)=\s*"([a-z_]+)"', text.replace("reason: str = ", "reason=")))
        given |= set(re.findall(r'"(wrong_type|mapping_failed)"', text))
    assert len(given) >= 8
    unknown = Remedy(who="", do="")
    assert [code for code in sorted(given) if replay.remedies.OURS.get(code, unknown) is unknown] == []
