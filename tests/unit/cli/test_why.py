"""why: whatever a person points at, the whole story of it, or a sentence that says what can be pointed at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.domain import Receipt, external_id
from hub.stages.correct import Answer, correct
from hub.store import Landing, Store
from tests.unit.cli.conftest import Hub
from tests.unit.stages.world import ALARMS, CHATS, COMPLAINS, WANTS_TO_BUY, Clock, Town, tweet

LEAD = "00Q5e000001AbCdEAK"
THERE = {"salesforce": LEAD, "zendesk": "35", "slack": "C0ALERTS/1773301243.651609"}
HOSTILE = "\x1b[2J[red]boo[/red]\u202eevil @acme Acme Brew One broken"


@pytest.fixture
def town(tmp_path: Path, acme: Path) -> Iterator[Town]:
    """A lead, a ticket with a comment, an alert, a post that is nobody's work; all of it delivered."""
    clock = Clock()
    with Store.open(f"sqlite:///{tmp_path / 'var' / 'hub.db'}", clock=clock) as store:
        town = Town(store, Landing(tmp_path / "var" / "landing"), clock)
        town.hear(
            tweet(1, WANTS_TO_BUY, url="https://x.test/ana/status/1"),
            tweet(2, COMPLAINS, author="ben"),
            tweet(3, "Still broken, @acme!", author="ben", answers=2, minutes_ago=20),
            tweet(4, ALARMS, author="cleo"),
            tweet(5, CHATS, author="dan"),
        )
        for name, id in THERE.items():
            while True:
                with store.begin() as tx:
                    claimed = tx.outbox.claim(name, "w")
                if not claimed:
                    break
                with store.begin() as tx:
                    for one in claimed:
                        there = f"{id}/7" if one.object in ("comment", "reply") else id
                        there = "40" if there == "35" and "caught fire" in str(one.body) else there
                        tx.outbox.settle(one, Receipt(delivery=one.id, outcome="created", object_id=there))
        yield town


@pytest.mark.parametrize(("asked", "post"), [
    (LEAD, "x:post:1"),
    (LEAD[:15], "x:post:1"),
    (f"https://acme.lightning.force.com/lightning/r/Lead/{LEAD}/view", "x:post:1"),
    (f"https://acme.my.salesforce.com/{LEAD[:15]}", "x:post:1"),
    ("35", "x:post:2"),
    ("#35", "x:post:2"),
    ("https://acme.zendesk.com/agent/tickets/35", "x:post:2"),
    ("35/7", "x:post:3"),
    ("https://acme.slack.com/archives/C0ALERTS/p1773301243651609?thread_ts=1", "x:post:4"),
    ("C0ALERTS 1773301243.651609", "x:post:4"),
    (external_id("x:account:id-ana"), "x:post:1"),
    ("x:post:5", "x:post:5"),
])  # fmt: skip
def test_whatever_it_is_called(hub: Hub, town: Town, asked: str, post: str) -> None:
    told = hub("why", *asked.split(), "--json")

    assert (told.code, told.json["key"]) == (0, post)
    assert told.json["record"]["id"] == post.removeprefix("x:post:")
    assert told.json["line"] == int(post[-1])


def test_a_handoff_by_its_id_its_link_and_its_posts_address(hub: Hub, town: Town) -> None:
    with town.look() as view:
        [lead] = view.handoffs.recent(kind="Lead")
        url = view.posts.get("x:post:1").url  # type: ignore[union-attr]
    assert url

    for asked in (
        lead.id,
        lead.handoff.provenance.link,
        "http://127.0.0.1:8080/command-centre/posts/x%3Apost%3A1",
        url,
    ):
        assert hub("why", asked, "--json").json["key"] == "x:post:1"


def test_the_whole_story_in_tables(hub: Hub, town: Town) -> None:
    with town.store.begin() as tx:
        correct(tx, [Answer(post="x:post:1", field="intent", label="praise")], who="ana", source="page", why="irony")

    told = hub("why", LEAD)

    with town.look() as view:
        [lead] = view.handoffs.recent(kind="Lead")
    source = lead.handoff.provenance
    for part in (
        WANTS_TO_BUY, source.route, source.classifier, source.reading, source.config, source.run, source.link,
        "salesforce@", LEAD, "ana", "irony", "person@1", "The record as it came, line 1 of x/",
        '"conversation_id": "1"',
    ):  # fmt: skip
        assert str(part) in told.out, part


def test_several_things_of_one_name_are_all_named(hub: Hub, town: Town) -> None:
    """Two tickets that an agent has merged."""
    with town.store.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE outbox SET object_id = '35' WHERE object_id = '40'")

    told = hub("why", "35")

    assert told.code == 1
    assert "Also called so: Case for support, `hub why " in told.err


def test_what_is_called_nothing_here_says_what_may_be_asked(hub: Hub, town: Town) -> None:
    for asked in ("36", "00Q5e000001XXXXEAK", "https://example.org/", "0" * 32, "x:post:404", HOSTILE, "\ud800"):
        told = hub("why", asked)

        assert told.code == 2
        assert "a Zendesk ticket's number" in told.err
        assert not any(char in told.err for char in ("\x1b", "\u202e"))


def test_a_record_that_is_gone_says_so(hub: Hub, town: Town) -> None:
    with town.store.begin() as tx:
        path = tx.batches.recent()[0].batch.path
        tx.keeping.files_gone([path], "retention")
    town.landing.remove(path)
    told = hub("why", "x:post:1")
    assert "gone, by policy: the landed file was removed (retention)" in told.out

    with town.store.begin() as tx:
        tx.keeping.empty(["x:post:1"], "erasure")
    told = hub("why", LEAD)
    assert told.code == 0
    assert "gone, by policy: erasure" in told.out
    assert WANTS_TO_BUY not in told.out
