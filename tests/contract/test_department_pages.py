"""The pages of crises, leads and cases, people, sources, quality and maturity: what they show of a store, and to whom.

What every page must do is asked in `test_pages.py`; here is what each of these is for.
"""

import csv
import io
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from hub.domain import Cursor, Receipt, Watch, external_id
from hub.store import Correction, Draft, StandingOf, Store, Transaction
from tests.contract.airflow_db import own_database
from tests.contract.test_pages import MAY_NOT, NOW, signed_in_as
from tests.unit.store.builders import make_batch, make_handoff, make_post, make_signal

CONFIG = """
organisation: {name: Acme, timezone: Europe/Berlin}
subjects: [{name: Acme}, {name: Brewster, kind: competitor}]
teams: [{name: support}, {name: sales}, {name: communications}]
watches: [{network: reddit, kind: keyword, value: acme}]
"""
INCIDENT = "\x1f".join(("incident", "spike:Acme", "2026-03-01T09:00:00+00:00"))
ANA, BO = "mastodon:account:social.test/7", "x:account:7"
WATCH = Watch(network="mastodon", kind="hashtag", value="#acme")
HOUR = timedelta(hours=1)


class Clock:
    now = NOW

    def __call__(self):
        return self.now


def listen(store: Store, clock: Clock) -> None:
    """A watch that began two days ago, was read for a day, missed six hours, and is read again."""
    for hours, poll in ((48, False), (24, True), (12, False), (6, False)):
        clock.now = NOW - hours * HOUR
        with store.begin() as tx:
            tx.watches.register(WATCH)
            if poll:
                tx.watches.polled(WATCH.key)
    with store.begin() as tx:
        tx.watches.polled(WATCH.key, reach=timedelta(minutes=1))
    clock.now = NOW
    with store.begin() as tx:
        tx.watches.polled(WATCH.key)
        tx.memory.set("silences", [{"source": WATCH.key, "since": (NOW - 2 * HOUR).isoformat(), "expected": 8.0}])


def said(tx: Transaction) -> None:
    """Four posts an hour for two days, forty in the hour of the incident."""
    tx.batches.land(make_batch(1, landed_at=NOW), Cursor(position="1"))
    posts = [
        make_post(1000 * hour + number, published_at=NOW - hour * HOUR - timedelta(minutes=number + 1))
        for hour in range(48)
        for number in range(40 if hour == 2 else 4)
    ]
    tx.posts.save(posts)
    tx.signals.save([(post, make_signal(post, sentiment="negative")) for post in posts])


def made(tx: Transaction, number: int, kind: str, team: str, **changes: object) -> str:
    """A piece of work of a post of its own, and its delivery on the way."""
    post = make_post(number, published_at=NOW - 3 * HOUR)
    fields = {"kind": kind, "key": f"{kind}:{number}", "team": team, "title": f"{kind} {number}", **changes}
    handoff = make_handoff(post, **fields)
    handoff = handoff.with_(provenance=handoff.provenance.with_(route=f"{kind.lower()}-rule@1"))
    [id] = tx.handoffs.save([handoff])
    destination = {"Lead": "salesforce", "Case": "zendesk", "Alert": "slack"}[kind]
    draft = Draft(
        destination=destination, object=kind, external_id=external_id(handoff.key), body={"x": number}, handoff=id,
        mapping=f"{destination}@1", lane=str(number), post=post.key, author=post.author.key,
    )  # fmt: skip
    tx.outbox.intend([draft])
    return id


def deliver(store: Store, destination: str, *outcomes: str) -> None:
    for outcome in outcomes:
        with store.begin() as tx:
            [delivery] = tx.outbox.claim(destination, "w", limit=1)
        refused = {"reason": "no_field", "detail": "There is no such field."} if outcome == "refused" else {}
        with store.begin() as tx:
            url = f"https://{destination}.test/{delivery.id}"
            receipt = Receipt(delivery=delivery.id, outcome=outcome, object_id=str(delivery.id), url=url, **refused)
            tx.outbox.settle(delivery, receipt)


def happened(tx: Transaction) -> None:
    """An incident that was noticed, taken up and judged; people who are ranked, tied and corrected."""
    tx.incidents.report(INCIDENT, title="Spike: 40 posts on Acme in an hour", severity=6, subjects=("Acme",))
    tx.incidents.acknowledge(INCIDENT, "slack:U7")
    tx.alarms.raise_(
        detector="spikes@1", subject="Acme", network="mastodon", at=NOW - 3 * HOUR, value=40, expected=4, severity=6,
        crisis=True, incident=INCIDENT,
    )  # fmt: skip
    tx.alarms.decide_all(INCIDENT, "true", "ana")
    tx.alarms.missed("Acme", NOW - 90 * HOUR, "ana")
    for author, influence, audience in ((ANA, 61.0, "media"), (BO, 12.0, "advocate")):
        parts = {"followers": influence - 2, "shared": 2.0}
        network = author.partition(":")[0]
        tx.people.stand([
            StandingOf(author=author, network=network, influence=influence, parts=parts, audience=audience, as_of=NOW)
        ])  # fmt: skip
    tx.people.tie(ANA, BO, state="merged", confidence=0.93, evidence=("same_page",), found_by="likeness@1")
    tx.corrections.add([
        Correction(
            post=make_post(2).key, field="intent", old="support", new="praise", found_by="rules@1", who="ana",
            source="page", at=NOW - HOUR,
        )
    ])  # fmt: skip
    tx.expectations.save(
        run="triage/1", suite="posts", success=False, statistics={}, failures=[{"expectation": "text is there"}]
    )
    tx.quarantine.add(stage="validate", reason="no_time", network="mastodon", record={"id": 1}, batch="batch-1")


@pytest.fixture(scope="module")
def hub_var(tmp_path_factory):
    var, clock = tmp_path_factory.mktemp("var"), Clock()
    (var / "hub.yaml").write_text(CONFIG)
    with Store.open(f"sqlite:///{var}/hub.db", clock=clock) as store:
        listen(store, clock)
        clock.now = NOW - timedelta(minutes=5)
        with store.begin() as tx:
            said(tx)
            made(tx, 1, "Case", "support")
            made(tx, 2, "Case", "support")
            made(tx, 3, "Lead", "sales")
            made(tx, 4, "Lead", "sales")
            made(tx, 5, "Alert", "communications", key=INCIDENT, severity=6)
            happened(tx)
        deliver(store, "zendesk", "created", "refused")
        deliver(store, "salesforce", "created")
        deliver(store, "slack", "created")
        with store.begin() as tx:
            tx.leads.ended({external_id("Lead:3"): True}, who="salesforce")
    return var


@pytest.fixture(scope="module")
def app(hub_var, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, own_database(tmp_path_factory.mktemp("airflow")):
        patch.setenv("HUB_VAR", str(hub_var))
        patch.setenv("HUB_CONFIG", str(hub_var / "hub.yaml"))
        from airflow.api_fastapi.app import create_auth_manager

        from command_centre import queries
        from command_centre.app import build

        create_auth_manager()
        with Store.open(f"sqlite:///{hub_var}/hub.db", clock=lambda: NOW) as store:
            patch.setattr(queries, "opened", lambda url: store)
            yield build()


@pytest.fixture
def looking(app):
    """A person who may look and not act."""
    yield signed_in_as(app, MAY_NOT)
    app.dependency_overrides.clear()


@pytest.fixture
def page(looking):
    """The words of a page, without its tags."""

    def read(path: str) -> str:
        answer = looking.get(path)
        assert answer.status_code == 200, path
        text = re.sub(r"<style.*?</style>|<[^>]+>", " ", answer.text, flags=re.S)
        said = " ".join(text.replace("&#8239;", " ").replace("&#43;", "+").split())
        return re.sub(r" ([,:;.)])", r"\1", said)

    return read


@pytest.fixture
def table(looking):
    """A file as rows by column."""

    def read(path: str) -> list[dict[str, str]]:
        answer = looking.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.text)))

    return read


def test_an_incident_is_told_from_the_first_post_to_what_people_said_of_it(page):
    text = page(f"/crises/{quote(INCIDENT, safe='')}")

    for part in (
        "Severity 6 of 10", "true said ana", "took it up", "What was said of Acme", "The hub noticed: spikes@1",
        "Somebody took it up: slack:U7", "Its thread in slack", "communications",
    ):  # fmt: skip
        assert part in text, part


def test_an_incidents_hours_show_what_was_to_be_expected(table):
    rows = table(f"/timelines/{quote(INCIDENT, safe='')}.csv?about=Acme")
    name = next(column for column in rows[0] if "expected" in column)

    spike = next(row for row in rows if float(row["posts"] or 0) > 20)
    assert float(spike[name]) == pytest.approx(4, abs=1.5)
    assert spike["negative"] == spike["posts"]


def test_an_unknown_incident_and_an_unknown_person_are_not_found(looking):
    assert looking.get("/crises/nothing").status_code == 404
    assert looking.get("/timelines/nothing.csv").status_code == 404
    assert looking.get("/people/x:account:nobody").status_code == 404


def test_detectors_are_graded_by_what_people_said(page):
    text = page("/crises")

    assert "1 incident is open" in text
    assert "spikes@1 all of them 1 1 100 % 50 % (1 missed)" in text


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("subject=Acme", True), ("subject=Brewster", False), ("network=mastodon", True), ("network=reddit", False),
        ("team=communications", True), ("team=sales", False),
    ],
)  # fmt: skip
def test_incidents_are_narrowed_by_what_they_are_about_where_and_who_was_told(page, query, there):
    assert ("Spike: 40 posts" in page(f"/crises?{query}")) is there


def test_rules_are_told_by_what_became_of_their_work(table):
    rows = {row["route"]: row for row in table("/rules.csv")}

    case, lead = rows["case-rule@1"], rows["lead-rule@1"]
    assert [case[name] for name in ("handoffs", "begun", "delivered", "refused", "corrected")] == list("22111")
    assert [lead[name] for name in ("handoffs", "delivered", "waiting", "won", "lost")] == list("21110")


def test_the_page_of_work_agrees_with_the_kpis_and_says_what_waits(page, table):
    text = page("/work")
    funnel = {row[next(iter(row))]: row for row in table("/funnel.csv")}

    assert "salesforce Lead pending 1" in text
    assert re.search(r"Leads (partial )?2 .*Cases (partial )?2 ", text), text[:1500]
    assert "mastodon 2 2 1 5 3 1 1" in text  # leads, cases, incidents, work, delivered, waiting, refused
    assert [float(list(row.values())[1]) for row in funnel.values()][2:] == [5, 5, 3, 1, 0]


def test_work_is_narrowed_by_team_and_subject(table):
    assert {row["team"] for row in table("/rules.csv?team=sales")} == {"sales"}
    assert table("/rules.csv?subject=Brewster") == []
    assert len(table("/rules.csv?subject=Acme")) == 3


def test_people_are_ranked_with_the_parts_of_their_influence_and_narrowed_by_what_they_are_to_us(page, table):
    text = page("/people")

    assert "1 media" in text
    assert "followers 59.0, shared 2.0" in text
    assert "same page" in text
    assert [row["account"] for row in table("/people.csv")] == [ANA]  # no watch asks the other's network
    assert table("/people.csv?audience=advocate") == []


def test_a_person_is_all_their_accounts_with_why(page):
    text = page(f"/people/{quote(BO, safe='')}")

    assert "one person with 2 accounts" in text
    assert "2 cases, 2 leads so far" in text
    assert "same page, 93 % sure" in text
    assert "nothing is kept of it" in text  # of the account whose posts we never held


def test_what_is_not_kept_any_more_is_not_shown(hub_var, page):
    with Store.open(f"sqlite:///{hub_var}/hub.db", clock=lambda: NOW) as store:
        with store.read() as view:
            post = view.posts.recent(1, author=ANA)[0]
        before = page(f"/people/{quote(ANA, safe='')}")
        with store.begin() as tx:
            tx.keeping.empty([post.key], "deleted")

    after = page(f"/people/{quote(ANA, safe='')}")
    assert post.text in before
    assert post.text not in after
    assert "its content is not kept any more (deleted)" in after


def test_gaps_of_a_source_are_told_with_their_length(page, table):
    gaps = table("/sources/gaps.csv")
    [watch] = table("/sources.csv")

    assert sum(float(row["hours"]) for row in gaps) == pytest.approx(18, abs=0.1)
    assert float(watch["observed"]) == pytest.approx(30 / 48, abs=0.01)
    text = page("/sources")
    assert " 63 % " in text
    assert "silent since" in text
    assert "8.0 posts expected" in text
    assert "reddit: keyword acme" in text  # in hub.yaml, and not asked by any run


def test_quality_shows_checks_quarantine_corrections_and_whether_it_adds_up(page, table):
    text = page("/quality")

    for part in (
        "did not pass",
        "text is there",
        "no time",
        "intent: 1 post",
        "The engine that needs no training runs",
    ):
        assert part in text, part
    [row] = table("/quality/corrections.csv")
    assert (row["taken_for"], row["is"], row["posts"]) == ("support", "praise", "1")


def test_maturity_shows_evidence_and_the_next_step(page, table):
    text = page("/maturity")
    steps = table("/maturity.csv")

    assert "2 cases delivered" not in text  # one was refused
    assert "1 case delivered" in text
    assert any(row["row"] == "Service" and row["reached"] == "engaging" for row in steps)
    assert all(row["next"] for row in steps if row["holds"] == "False")


def test_an_empty_hub_says_on_each_page_what_to_do(app, looking, tmp_path, monkeypatch):
    from command_centre import queries

    with Store.open(f"sqlite:///{tmp_path}/hub.db", clock=lambda: NOW) as store:
        monkeypatch.setattr(queries, "opened", lambda url: store)
        for path in ("/crises", "/work", "/people", "/sources", "/quality", "/maturity"):
            answer = looking.get(path)
            assert answer.status_code == 200, path
            assert "<code>hub" in answer.text, path
