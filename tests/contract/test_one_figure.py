"""One figure everywhere: whatever is asked, card, file, command, report and export say the same.

A hundred random filters (KPI, time, subject, network, team) over a hub that has heard, classified and routed.
"""

import csv
import html
import io
import json
import re
import sys
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from command_centre import words
from hub.cli import main
from hub.domain import Engagement, Scope
from hub.domain.reports import ReportPlan, SectionPlan
from hub.measure import catalogue
from hub.measure.figures import Figures
from hub.settings import load_config
from hub.stages.export import Export, Rules, Shelf
from hub.stages.report.making import make
from hub.store import Landing, Store
from tests.contract.airflow_db import own_database
from tests.contract.test_pages import signed_in_as
from tests.unit.stages.world import ALARMS, CHATS, COMPLAINS, HASHTAG, NOW, WANTS_TO_BUY, Clock, Town, status, tweet

ASKED = 100
ZONE = ZoneInfo("Europe/Berlin")
CONFIG = {
    "organisation": {"name": "Acme", "timezone": "Europe/Berlin"},
    "subjects": [
        {"name": "Acme", "aliases": ["@acme"]}, {"name": "Brew One", "kind": "product"},
        {"name": "Brew Pro", "kind": "product"}, {"name": "Kaffa", "kind": "competitor"},
    ],
    "teams": [{"name": "support"}, {"name": "sales"}],
}  # fmt: skip
SAID = (
    COMPLAINS, WANTS_TO_BUY, ALARMS, CHATS, "I love my Brew One, thanks @acme!", "Kaffa is so much better than Acme",
    "Is the Brew Pro worth it? Kaffa looks nice, too",
)  # fmt: skip
FIRST, LAST = date(2026, 2, 24), date(2026, 3, 1)  # whole days that are over
NUMBERS = ("value", "numerator", "denominator", "low", "high", "coverage")
NO_SUMS = {  # of days: what is heard in two of them is counted once, or not counted but measured
    "audience": "a level, not a sum",
    "influencer_score": "a mean over authors",
    "advocate_reach": "an author who speaks on two days is one",
    "spike_severity": "the worst, not the sum",
    "er_daily": "its denominator is of a day",
}


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """A hub that has gone the whole way, and its export; pages and commands of this process ask it."""
    folder, chance = tmp_path_factory.mktemp("one"), Random(7)
    with pytest.MonkeyPatch.context() as patch, own_database(folder):
        (folder / "hub.yaml").write_text(json.dumps(CONFIG))
        patch.setenv("HUB_CONFIG", str(folder / "hub.yaml"))
        patch.setenv("HUB_VAR", str(folder))
        with Store.open(f"sqlite:///{folder}/hub.db", clock=(clock := Clock())) as store:
            town = Town(store, Landing(folder / "landing"), clock)
            for number in range(60):
                ago = {"author": f"a{chance.randrange(20)}", "minutes_ago": chance.randrange(60, 6 * 1440)}
                town.hear(tweet(number, chance.choice(SAID), **ago))
                town.hear(status(number, chance.choice(SAID), **ago), watch=HASHTAG)
            with store.begin() as tx:
                for post in tx.posts.recent(60):
                    counts = Engagement(likes=chance.randrange(9), shares=1, views=chance.choice([None, 50]))
                    tx.posts.save([post.with_(engagement=counts)])
            rules = Rules(networks=("mastodon", "x"))
            Export(load_config(), store, Shelf(str(folder / "export")), rules).do()
            yield store, folder


@pytest.fixture(scope="module")
def reader(heard):
    from airflow.api_fastapi.app import create_auth_manager

    from command_centre.app import build

    create_auth_manager()
    app = build()
    yield signed_in_as(app, "viewer")
    app.dependency_overrides.clear()


@pytest.fixture(scope="module")
def exported(heard):
    """What the export says, by KPI, subject, network and day."""
    _, folder = heard
    rows = {}
    for file in (folder / "export" / "kpis").rglob("*.parquet"):
        day = date.fromisoformat(file.parent.name.partition("=")[2])
        for row in pq.ParquetFile(file).read().to_pylist():
            rows[row["kpi"], row["subject"], row["network"], day] = row
    return rows


def asked() -> list[tuple[str, date, date, dict[str, str]]]:
    """A hundred random questions: KPI, first day, last day, filters that mean something for it."""
    chance, questions = Random(11), []
    told = [one for one in catalogue.definitions() if not one.needs]
    values = {"subject": [one["name"] for one in CONFIG["subjects"]], "network": ["x", "mastodon"], "team": ["support"]}
    for number in range(ASKED):
        meant = told[number % len(told)]
        since = FIRST + timedelta(days=chance.randrange(6))
        until = since + timedelta(days=chance.randrange((LAST - since).days + 1))
        narrowed = {by: chance.choice(values[by]) for by in values if by in meant.narrows and chance.random() < 0.5}
        questions.append((meant.name, since, until, narrowed))
    return questions


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


@pytest.mark.parametrize(("name", "since", "until", "narrowed"), asked())
def test_a_figure_is_the_same_wherever_it_is_asked_for(
    heard, reader, exported, name, since, until, narrowed, capsysbinary, monkeypatch
):
    store, _ = heard
    scope = Scope(since=midnight(since), until=midnight(until + timedelta(days=1)), **narrowed)
    with store.read() as view:
        figures = Figures(view, load_config())
        figure, daily = figures.figure(name, scope), figures.series(name, scope, "day")
        row = reported(view, name, scope)

    assert row == figure
    assert command(monkeypatch, capsysbinary, name, scope, narrowed) == numbers(figure)
    query = urlencode({"since": since.isoformat(), "until": until.isoformat(), **narrowed})
    (line,) = csv.DictReader(io.StringIO(reader.get(f"/data/{name}.csv?{query}").text))
    assert {key: number(line[key]) for key in NUMBERS} == pytest.approx(numbers(figure))
    assert shown(reader.get(f"/kpis/{name}?{query}").text) == (
        words.figured(figure.value, catalogue.definition(name).unit) if not figure.missing else "–"
    )
    if "team" not in narrowed and catalogue.definition(name).daily:
        days = [
            exported.get((name, one.scope.subject, one.scope.network, one.scope.since.astimezone(ZONE).date()))
            for one in daily
        ]
        for one, told in zip(daily, days, strict=True):
            assert numbers(one) == (
                {key: told[key] for key in NUMBERS} if told else numbers(one) | {"value": None, "numerator": None}
            )
        if name not in NO_SUMS and catalogue.definition(name).unit != "seconds":
            for part in ("numerator", "denominator"):
                whole = getattr(figure, part)
                assert sum(told[part] or 0 for told in days if told) == pytest.approx(whole or 0), part


def numbers(figure):
    return {key: getattr(figure, key) for key in NUMBERS}


def number(text):
    return float(text) if text else None


def reported(view, name, scope):
    plan = ReportPlan(
        name="one", title="One", department="executive", period="day",
        sections=(SectionPlan(title="All", kpis=(name,)),),
    )  # fmt: skip
    section = make(view, load_config(), plan, scope).report.sections[0]
    if section.rows:
        return section.rows[0].figure
    with_why = Figures(view, load_config()).figure(name, scope)
    assert [lack.why for lack in section.lacks] == [with_why.missing or "No data yet."]
    return with_why


def command(monkeypatch, capsysbinary, name, scope, narrowed):
    arguments = ["hub", "kpi", name, "--since", scope.since.isoformat(), "--until", scope.until.isoformat(), "--json"]
    for by, value in narrowed.items():
        arguments += [f"--{by}", value]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    told = json.loads(capsysbinary.readouterr().out)["figure"]
    return {key: told.get(key) for key in NUMBERS}


def shown(page: str) -> str:
    """What the card says: the first one of a KPI's page."""
    card = re.search(r'<li class="card">.*?<b[^>]*>(.*?)</b>', page, re.DOTALL)
    assert card is not None
    return html.unescape(card[1])


def test_whatever_is_told_by_the_catalogue_is_asked_for() -> None:
    assert {name for name, *_ in asked()} == {one.name for one in catalogue.definitions() if not one.needs}
    assert NOW.astimezone(UTC).date() > LAST
