"""The pages of figures: the same number wherever it is shown, with its definition, its table and its posts."""

import csv
import html
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from hub.measure import catalogue
from hub.store import tables
from tests.contract.airflow_db import own_database
from tests.contract.test_pages import Seen, signed_in_as
from tests.unit.stages.world import COMPLAINS, NOW, WANTS_TO_BUY, X, tweet

FORMULA = '=HYPERLINK("http://evil.test")'
TIME = "since=2026-03-01&until=2026-03-02"
CONFIG = {
    "organisation": {"name": "Acme", "timezone": "Europe/Berlin"},
    "subjects": [{"name": "Acme", "aliases": ["@acme"]}, {"name": FORMULA, "aliases": ["brew pro"]}],
    "campaigns": [
        {"name": "Spring", "since": "2020-01-01T00:00:00Z", "until": "2199-01-01T00:00:00Z", "subject": "Acme"}
    ],
}
FILTERED = ("/", "/listening", "/wall", "/kpis", "/kpis/mentions", "/behind/mentions", "/data/mentions.csv")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application as the plugin builds it."""
    folder = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch, own_database(folder):
        (folder / "hub.yaml").write_text(json.dumps(CONFIG))
        patch.setenv("HUB_CONFIG", str(folder / "hub.yaml"))
        from airflow.api_fastapi.app import create_auth_manager

        from command_centre.app import build

        create_auth_manager()
        yield build()


@pytest.fixture
def reader(app, town):
    """A person who may only look, at a hub that has heard three posts."""
    town.hear(tweet(1, COMPLAINS), tweet(2, COMPLAINS, author="ben"), tweet(3, WANTS_TO_BUY, author="cem"))
    yield signed_in_as(app, "viewer")
    app.dependency_overrides.clear()


def told(answer):
    return " ".join(html.unescape(answer.text).split())


@pytest.mark.parametrize(
    "wrong", ["period=week", "subject=Nobody", "network=%3Cscript%3E", "since=yesterday", f"team={'x' * 300}"]
)
def test_a_filter_that_is_none_is_one_sentence(reader, wrong):
    for path in FILTERED:
        answer = reader.get(f"{path}?{wrong}", headers={"Accept": "text/html"})

        assert answer.status_code == 422, path
        assert "This page cannot be shown" in answer.text
        assert "<script" not in answer.text
        assert "Nobody" not in answer.text


def test_what_was_chosen_stays_chosen_on_the_next_page(reader):
    page = reader.get(f"/listening?{TIME}&subject=Acme")

    links = [link["href"] for link in Seen(page.text).links]
    kept = "?period=custom&since=2026-03-01&until=2026-03-02&subject=Acme"
    assert {f"/command-centre/kpis{kept}", f"/command-centre/{kept}", f"/command-centre/kpis/mentions{kept}"} <= set(
        links
    )
    assert '<option value="Acme" selected>' in page.text


def test_card_table_file_and_posts_say_the_same(reader):
    page = told(reader.get(f"/listening?{TIME}&subject=Acme"))
    rows = list(csv.DictReader(io.StringIO(reader.get(f"/data/mentions.csv?{TIME}&subject=Acme").text)))
    posts = reader.get(f"/behind/mentions?{TIME}&subject=Acme")

    assert re.search(r">Mentions</a>.*?<b>3</b>", page)
    assert [float(row["value"]) for row in rows] == [3.0]
    assert rows[0]["definition"] == catalogue.definition("mentions").id
    assert len(re.findall(r"/command-centre/posts/x%3Apost%3A\d+", posts.text)) == 3


def test_no_text_in_a_file_is_a_formula(reader):
    rows = list(csv.reader(io.StringIO(reader.get(f"/data/mentions.csv?{TIME}&by=subject").text)))

    assert {row[7] for row in rows[1:]} == {"Acme", f"'{FORMULA}"}
    assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_a_file_has_a_row_for_each_part_and_step(reader):
    answer = reader.get(f"/data/mentions.csv?{TIME}&by=subject&step=day")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 4
    assert answer.headers["content-disposition"] == 'attachment; filename="mentions.csv"'
    assert reader.get(f"/data/mentions.csv?{TIME}&by=team").status_code == 422
    assert reader.get(f"/data/mentions.csv?{TIME}&step=year").status_code == 422
    assert reader.get("/data/nothing.csv").status_code == 404


def test_every_kpi_has_its_page_with_its_definition(reader):
    for meant in catalogue.definitions():
        page = told(reader.get(f"/kpis/{meant.name}?{TIME}"))

        for part in (meant.id, meant.meaning, meant.formula, meant.numerator, *meant.sources):
            assert " ".join(part.split()) in page, part
        assert ("No data yet." in page) == bool(meant.needs), meant.name
        assert reader.get(f"/behind/{meant.name}?{TIME}").status_code == 200, meant.name


def test_the_pictures_of_a_page_are_there_and_say_what_they_show(reader):
    page = reader.get(f"/listening?{TIME}")

    shown = [attrs for tag, attrs in Seen(page.text).tags if tag == "img" and "/pictures/" in attrs["src"]]
    assert len(shown) > 5
    assert "Mentions" in shown[0]["alt"]
    for address in (shown[0]["src"], shown[0]["src"].replace(".png", "-dark.png")):
        answer = reader.get(address.removeprefix("/command-centre"))
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
        assert "private" in answer.headers["cache-control"]


def test_a_picture_that_nobody_planned_is_not_there(reader):
    assert reader.get(f"/pictures/{'0' * 32}.png").status_code == 404
    assert reader.get("/pictures/..%2f..%2fhub.db.png").status_code in (404, 422)


def test_posts_behind_a_part_and_page_by_page(reader, town):
    town.hear(*(tweet(number, WANTS_TO_BUY, author=f"a{number}") for number in range(100, 160)))

    first = reader.get(f"/behind/mentions?{TIME}&by=intent&part=purchase")
    older = html.unescape(re.search(r'href="/command-centre([^"]+)">Older ones', first.text)[1])
    second = reader.get(older)
    keys = [set(re.findall(r"/command-centre/posts/(x%3Apost%3A\d+)", page.text)) for page in (first, second)]
    assert [len(some) for some in keys] == [50, 11]
    assert not keys[0] & keys[1]
    assert reader.get("/behind/mentions?by=intent").status_code == 422
    assert reader.get("/behind/mentions?by=team&part=x").status_code == 422


def test_the_wall_says_what_is_wrong_first_and_asks_anew_by_itself(reader, town, monkeypatch):
    well = reader.get("/wall")
    with town.store.begin() as tx:
        tx.watches.failed(X.key, "Unavailable", "x.test gave no answer.")
        tx.incidents.report("alert\x1fcrisis-alert:Acme\x1f1", title=FORMULA, severity=7, count=3)
        tx.memory.set("silences", [{"network": "blogs", "source": "blogs", "since": NOW.isoformat(), "expected": 9.0}])
    monkeypatch.setenv("HUB_WALL_SECONDS", "30")
    ill = reader.get("/wall")

    assert well.headers["refresh"] == "60"
    assert ill.headers["refresh"] == "30"
    assert "All is well" in well.text
    assert "Acme: severity 7, 3 posts" in re.search("<h1.*?</h1>", told(ill))[0]
    assert "Not read: x" in told(ill)
    assert "Silent, where posts are expected: blogs" in told(ill)
    assert "Spring" in told(ill)


def test_the_overview_tells_what_to_do_in_a_hub_that_has_read_nothing(app, town):
    page = told(signed_in_as(app, "viewer").get("/"))
    app.dependency_overrides.clear()

    assert "Nothing has been read yet." in page
    assert "<code>hub run</code>" in page


def test_without_a_configuration_the_pages_say_so(reader, monkeypatch, tmp_path):
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "nothing.yaml"))

    page = reader.get("/listening")
    assert page.status_code == 200
    assert "run `hub init`" in told(page)


def test_words_that_do_well_are_a_table_and_a_file(reader, town):
    liked = {"public_metrics": {"like_count": 9, "retweet_count": 1, "reply_count": 0, "quote_count": 0}}
    town.hear(*(tweet(200 + n, f"@acme espresso {n}", author=f"b{n}", **liked) for n in range(3)))

    [row] = csv.DictReader(io.StringIO(reader.get(f"/listening/keywords.csv?{TIME}").text))
    assert (row["term"], row["posts"], row["typical_engagement"]) == ("espresso", "3", "10")
    assert '<bdi dir="auto">espresso</bdi>' in reader.get(f"/listening?{TIME}").text


def test_what_was_wholly_observed_is_not_partial_and_has_a_change(reader, town):
    with town.store.begin() as tx:
        tx.connection.execute(sa.update(tables.watches).values(started_at=NOW - timedelta(days=30)))
        tx.observed.saw(X.key, "x", since=NOW - timedelta(days=30), until=datetime.now(UTC) + timedelta(days=1))
        town.clock.moment = NOW - timedelta(days=3)
    town.hear(tweet(9, COMPLAINS, minutes_ago=3 * 1440))

    page = told(reader.get(f"/kpis/mentions?{TIME.replace('03-01', '02-28')}"))
    assert "partial</span>" not in re.search('<li class="card">.*?</li>', page)[0]
    assert "than the period before" in page
    until_now = told(reader.get("/kpis/mentions"))
    assert "partial</span>" not in re.search('<li class="card">.*?</li>', until_now)[0]
