"""Maturity: computed from live configuration and data, with the evidence and the next step."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain import Watch, external_id
from hub.domain.config import Campaign, Config, Organisation, Subject, Team
from hub.measure.live import Live
from hub.measure.maturity import STAGES, assess
from hub.store import Store, handoff_of
from hub.store.reports import Made
from tests.unit.store.builders import created, make_draft, make_handoff, make_post, make_signal

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
EMPTY = Config(organisation=Organisation(name="Acme"))
LISTENING = EMPTY.with_(subjects=(Subject(name="Acme"),))
FULL = LISTENING.with_(
    subjects=(Subject(name="Acme"), Subject(name="Brewster", kind="competitor")),
    teams=(Team(name="support"), Team(name="sales"), Team(name="communications")),
    campaigns=(Campaign(name="Spring", since=NOW - timedelta(days=3), until=NOW),),
)
WORK = {
    "Case": ("support", "zendesk", "ticket"), "Lead": ("sales", "salesforce", "Lead"),
    "Alert": ("communications", "slack", "message"),
}  # fmt: skip


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock):
    with Store.open("sqlite://", clock=clock) as opened:
        yield opened


def listen(store, clock, *networks: str) -> None:
    """These networks have been read without a gap, and posts of each kind were heard."""
    watches = [Watch(network=name, kind="hashtag", value="#acme") for name in networks]
    clock.now = NOW - timedelta(days=20)
    with store.begin() as tx:
        for watch in watches:
            tx.watches.register(watch)
    clock.now = NOW
    with store.begin() as tx:
        for watch in watches:
            tx.watches.polled(watch.key)
        about = (("Acme",), ("Acme",), ("Brewster",))
        posts = [make_post(number, published_at=NOW - timedelta(hours=number)) for number in (1, 2, 3)]
        intents = ("support", "purchase", "none")
        tx.posts.save(posts)
        tx.signals.save([
            (post, make_signal(post, subjects=subjects, intent=intent))
            for post, subjects, intent in zip(posts, about, intents, strict=True)
        ])  # fmt: skip


def engage(store) -> None:
    """Each department has got work of its kind, and people have answered."""
    for number, (kind, (team, destination, thing)) in enumerate(WORK.items(), start=1):
        handoff = make_handoff(make_post(number), kind=kind, key=f"{kind}:{number}", team=team)
        with store.begin() as tx:
            [id] = tx.handoffs.save([handoff])
            draft = make_draft(destination=destination, object=thing, handoff=id, external_id=external_id(handoff.key))
            tx.outbox.intend([draft])
        with store.begin() as tx:
            [delivery] = tx.outbox.claim(destination, "w")
        with store.begin() as tx:
            tx.outbox.settle(delivery, created(delivery))
    with store.begin() as tx:
        tx.incidents.report("incident\x1fspike:Acme\x1f1", title="Spike", severity=4, subjects=("Acme",))
        tx.incidents.acknowledge("incident\x1fspike:Acme\x1f1", "U1")
        for hour in range(3):
            tx.alarms.raise_(
                detector="spikes@1", subject="Acme", network="x", at=NOW - timedelta(hours=hour), value=40, expected=4,
                severity=4, crisis=False, incident=None,
            )  # fmt: skip
        for alarm in tx.alarms.recent():
            tx.alarms.decide(alarm.id, "true", "ana")


def use(store) -> None:
    """Outcomes came back, and every department's report was dispatched."""
    with store.begin() as tx:
        tx.leads.ended({external_id("Lead:2"): True}, who="salesforce")
    for department in ("marketing", "pr", "sales", "service", "executive"):
        dispatch(store, department)


def dispatch(store, department: str, *, sent: bool = True) -> None:
    """A report that was made, and sent by e-mail."""
    name, week = f"{department}-weekly", (NOW - timedelta(days=7), NOW)
    with store.begin() as tx:
        made = Made(
            name=name, since=week[0], until=week[1], title=name, department=department, period="week", digest="d",
            partial=False, made_at=NOW,
        )  # fmt: skip
        tx.reports.freeze(made)
        draft = make_draft(destination="email", object="letter", handoff=handoff_of(name, *week), lane=name)
        tx.outbox.intend([draft.with_(external_id=external_id(name))])
    if sent:
        with store.begin() as tx:
            [letter] = tx.outbox.claim("email", "w")
        with store.begin() as tx:
            tx.outbox.settle(letter, created(letter))


def test_an_empty_hub_has_not_begun_and_is_told_how(store):
    with store.read() as view:
        found = assess(view, EMPTY)

    assert found.stage == "none"
    assert {reach.stage for reach in (*found.dimensions, *found.departments)} == {"none"}
    assert all(reach.next and reach.next.next for reach in (*found.dimensions, *found.departments))
    mindset = next(reach for reach in found.dimensions if reach.name == "Mindset")
    assert "hub init" in mindset.next.next


def test_a_hub_that_only_reads_is_listening(store, clock):
    listen(store, clock, "mastodon")
    with store.read() as view:
        found = assess(view, LISTENING)

    stages = {reach.name: reach.stage for reach in (*found.dimensions, *found.departments)}
    assert stages["Communication"] == stages["Data infrastructure"] == stages["Mindset"] == "listening"
    assert stages["Visibility of insight"] == "none"  # nobody has got anything yet
    assert stages["Sales"] == stages["Service"] == stages["Public relations"] == "listening"
    infrastructure = next(reach for reach in found.dimensions if reach.name == "Data infrastructure")
    assert "hub watch add" in infrastructure.next.next
    assert [one.said for one in infrastructure.steps[0].evidence] == ["read within a day: mastodon"]


def test_a_hub_whose_findings_become_work_is_engaging(store, clock):
    listen(store, clock, "mastodon", "x")
    engage(store)
    with store.read() as view:
        found = assess(view, FULL)

    stages = {reach.name: reach.stage for reach in (*found.dimensions, *found.departments)}
    assert found.stage == "engaging"
    assert set(stages.values()) == {"engaging"} | {stages["Executives"]}
    assert stages["Executives"] == "listening"  # nobody has reported to them
    words = {reach.name: reach.word for reach in found.dimensions}
    assert words["Communication"] == "two-way"
    assert words["Mindset"] == "tactical"


def test_a_hub_that_knows_what_became_of_it_all_has_reached_intelligence(store, clock):
    listen(store, clock, "mastodon", "x")
    engage(store)
    use(store)
    with store.read() as view:
        found = assess(view, FULL)

    assert found.stage == "intelligence"
    assert {reach.stage for reach in (*found.dimensions, *found.departments)} == {"intelligence"}
    assert found.next is None


def test_what_nobody_does_any_more_counts_no_longer(store, clock):
    listen(store, clock, "mastodon", "x")
    engage(store)
    use(store)
    clock.now = NOW + timedelta(days=40)
    with store.read() as view:
        found = assess(view, FULL)

    assert found.stage == "none"


def test_a_later_stage_is_not_reached_over_a_missing_one(store, clock):
    use(store)
    with store.read() as view:
        found = assess(view, EMPTY)

    assert next(reach for reach in found.departments if reach.name == "Executives").stage == "none"


def test_a_report_that_has_reached_nobody_is_no_report(store):
    dispatch(store, "sales", sent=False)
    with store.read() as view:
        before = Live(view, EMPTY).reports
    dispatch(store, "sales")
    with store.read() as view:
        after = Live(view, EMPTY).reports

    assert (before, after) == ({}, {"sales": NOW})


def test_every_step_says_what_to_do_in_one_sentence_that_names_a_command_a_setting_or_a_button(store):
    with store.read() as view:
        found = assess(view, EMPTY)

    for reach in (*found.dimensions, *found.departments):
        assert {step.stage for step in reach.steps} == set(STAGES[1:]), reach.name
        for step in reach.steps:
            assert step.evidence, step.asks
            assert step.next.endswith("."), step.asks
            assert "`" in step.next or "hub.yaml" in step.next or "button" in step.next or "Connect" in step.next
            assert "\n" not in step.next


def test_the_guide_names_every_step(store, repo):
    guide = " ".join((repo / "docs" / "guides" / "how-far-have-we-come.md").read_text().split())
    with store.read() as view:
        found = assess(view, EMPTY)

    for reach in (*found.dimensions, *found.departments):
        assert f"| {reach.name} |" in guide
        for step in reach.steps:
            assert step.asks[1:] in guide, step.asks
