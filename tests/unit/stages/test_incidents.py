"""One event is one conversation: edited as it grows, marked when it is over, and going on when it is heard of again."""

from dataclasses import replace
from typing import Any

from hub.domain import Receipt
from hub.domain.config import Subject, Triage
from hub.stages import incidents
from hub.store import OutboxRow
from tests.unit.stages.world import ALARMS, Clock, Town, acme, make_book, outlet, status, tweet

SLACK = [outlet("slack")]


def tend(town: Town, config: Any = None) -> int:
    return incidents.tend(config or acme(), lambda: SLACK, store=town.store)


def rows(town: Town, kind: str) -> list[OutboxRow]:
    return [row for row in town.outbox("slack") if row.object == kind]


def words(town: Town, row: OutboxRow) -> str:
    return str(town.body(row))


def alarm(number: int, *, network: str = "x", author: str | None = None, **more: Any) -> dict[str, Any]:
    say = tweet if network == "x" else status
    return say(number, ALARMS, author=author or f"p{number}", minutes_ago=0, **more)


def test_a_new_incidents_message_says_all_that_is_known_of_it(town: Town) -> None:
    town.hear(alarm(1), alarm(2))

    (head,) = rows(town, "message")
    said = words(town, head)
    assert "*Severity* 9 of 10" in said
    assert "*Posts so far* 2" in said
    assert "*Where* x" in said
    assert "Acknowledge" in said
    assert "Resolve" in said


def test_growth_is_shown_every_few_minutes_and_no_new_message_is_made(town: Town, clock: Clock) -> None:
    town.hear(alarm(1))
    clock.forward(minutes=2)
    town.hear(alarm(2))
    assert tend(town) == 0
    clock.forward(minutes=4)

    assert tend(town) == 1
    assert tend(town) == 0
    heads = rows(town, "message")
    assert len({head.external_id for head in heads}) == 1
    assert "*Posts so far* 2" in words(town, heads[-1])


def test_a_worse_incident_is_shown_at_once(town: Town, clock: Clock) -> None:
    town.hear(alarm(1))
    (incident,) = opened(town)
    clock.forward(seconds=1)
    with town.store.begin() as tx:
        tx.incidents.report(incident.key, title="t", severity=10)

    assert tend(town) == 1
    assert "*Severity* 10 of 10" in words(town, rows(town, "message")[-1])


def opened(town: Town) -> list[Any]:
    with town.look() as view:
        return list(view.incidents.open())


def test_quiet_hours_end_an_incident_once_and_its_thread_is_told(town: Town, clock: Clock) -> None:
    town.hear(alarm(1))
    clock.forward(hours=6.1)

    assert tend(town) == 1
    assert tend(town) == 0
    (over,) = rows(town, "over")
    assert over.parent == rows(town, "message")[0].external_id
    assert "it has been quiet" in words(town, over)
    last = words(town, rows(town, "message")[-1])
    assert "Over: Possible crisis" in last
    assert "'resolve'" not in last
    assert opened(town) == []


def test_it_goes_on_in_the_same_thread_when_it_is_heard_of_again(town: Town, clock: Clock) -> None:
    town.hear(alarm(1))
    clock.forward(hours=6.1)
    tend(town)
    clock.forward(hours=1)
    town.hear(alarm(2))

    assert tend(town) == 1
    last = words(town, rows(town, "message")[-1])
    assert "again since" in last
    assert "Over" not in last
    assert [row.parent for row in rows(town, "reply")] == [rows(town, "message")[0].external_id]
    clock.forward(hours=6.1)
    tend(town)
    assert len({row.external_id for row in rows(town, "over")}) == 2


def test_one_event_on_two_networks_and_of_two_subjects_is_one_incident(town: Town, clock: Clock) -> None:
    for number in range(6):
        clock.forward(minutes=7)
        town.hear(alarm(number * 2 + 1))
        text = "Fire! Brew One recall, dangerous, it caught fire"
        town.land(status(number * 2 + 2, text, author=f"m{number}", minutes_ago=0))
        town.triage()
        tend(town)

    assert len(opened(town)) == 1
    assert len({row.external_id for row in rows(town, "message")}) == 1


def test_a_subject_may_have_a_channel_and_a_team_of_its_own(town: Town) -> None:
    teams = acme().teams
    subjects = [Subject(name="Acme", aliases=("@acme",), team="support", slack_channel="#acme-fires")]
    config = acme().with_(subjects=tuple(subjects), teams=teams)
    town.hear(alarm(1), book=make_book(config=config))

    (head,) = rows(town, "message")
    assert town.body(head)["channel"] == "#acme-fires"
    assert config.with_(subjects=(subjects[0].with_(slack_channel=None),)).addressee("x", "Acme")["name"] == "support"


def test_while_it_is_muted_posts_are_kept_and_counted_and_nothing_is_sent(town: Town, clock: Clock) -> None:
    town.hear(alarm(1))
    (incident,) = opened(town)
    with town.store.begin() as tx:
        tx.incidents.mute(incident.key, clock.now().replace(hour=20), "Ana")
    clock.forward(minutes=10)

    muted = town.hear(alarm(2), alarm(3))
    tend(town)

    assert rows(town, "reply") == []
    assert "Muted until" in words(town, rows(town, "message")[-1])
    assert opened(town)[0].count == 3
    assert "muted" in muted.set_aside or muted.handed_off == 2  # a safety report is a case as well
    clock.forward(hours=9)
    assert tend(town) == 1
    assert "Muted until" not in words(town, rows(town, "message")[-1])


def test_a_muted_post_that_is_nothing_else_is_set_aside_with_that_reason(town: Town, clock: Clock) -> None:
    book = make_book(outlets=SLACK)
    town.hear(alarm(1), book=book)
    (incident,) = opened(town)
    with town.store.begin() as tx:
        tx.incidents.mute(incident.key, clock.now().replace(hour=20), "Ana")

    assert town.hear(alarm(2), book=book).set_aside == {"muted": 1}
    with town.look() as view:
        assert view.ledger.balance().set_aside["muted"] == 1
    with town.store.begin() as tx:
        assert tx.incidents.mute(incident.key, None, "Ana")
    assert town.hear(alarm(3), book=book).set_aside == {}


def test_no_alert_opens_a_new_incident_of_what_is_muted(town: Town, clock: Clock) -> None:
    book = make_book(outlets=SLACK, config=acme().with_(triage=Triage(incident_reopen_hours=0, first_run_hours=24)))
    town.hear(alarm(1), book=book)
    (incident,) = opened(town)
    with town.store.begin() as tx:
        tx.incidents.mute(incident.key, clock.now().replace(hour=20), "Ana")
        tx.incidents.resolve(incident.key)
    clock.forward(minutes=5)

    assert town.hear(alarm(2), book=book).set_aside == {"muted": 1}
    assert opened(town) == []


def test_what_cannot_be_rendered_changes_nothing_for_the_others(town: Town) -> None:
    town.hear(alarm(1))
    book = replace(make_book(), outlets=[])

    assert incidents.tend(book.config, list, store=town.store) == 0


def test_what_is_erased_is_gone_from_the_incidents_message_and_from_the_store(town: Town, clock: Clock) -> None:
    secret = f"{ALARMS} My name is Zebedee."
    town.hear(alarm(1), tweet(2, secret, author="p2", minutes_ago=0), alarm(3))
    clock.forward(minutes=10)
    tend(town)
    assert "Zebedee" in words(town, rows(town, "message")[-1])
    with town.store.begin() as tx:
        while claimed := tx.outbox.claim("slack", "w"):
            for delivery in claimed:
                receipt = Receipt(delivery=delivery.id, outcome="created", object_id=f"C0ALERTS/{delivery.id}.000001")
                tx.outbox.settle(delivery, receipt)

    clock.forward(seconds=1)
    with town.store.begin() as tx:
        tx.tombstones.add(["x:post:2"], "deleted")
        tx.keeping.empty(["x:post:2"], "deleted")
    assert tend(town) == 1

    assert "Zebedee" not in words(town, rows(town, "message")[-1])
    with town.look() as view:
        kept = [str(view.outbox.body(row.id)) for row in view.outbox.recent(100, destination="slack")]
        alerts = [str(one.handoff.plain()) for one in view.handoffs.recent(kind="Alert")]
    assert "Zebedee" not in "".join(kept + alerts)
