"""What every page of the command centre must do. A page joins by being a route; nobody edits a list here.

The store is a real one, filled by the store's own methods with what a hostile person would write.
"""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from hub.domain import (
    Author,
    Batch,
    Cursor,
    Handoff,
    LeadScore,
    Post,
    Provenance,
    Reason,
    Receipt,
    Scope,
    Signal,
    Watch,
)
from hub.pictures import Bar, Gallery, bar_chart
from hub.settings import load_config
from hub.stages import report
from hub.store import Correction, Draft, KeptFiles, Landing, Standing, StandingOf, Store
from tests.contract.airflow_db import own_database

REPO = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FORM = "/command-centre/quarantine/1/preview"
SCRIPT = "<script>alert(1)</script>"
HOSTILE = f'{SCRIPT} "><img src=x onerror=alert(1)> {{{{ 7*7 }}}} \u202egnp.exe مرحبا javascript:alert(1)'
ACTION = re.compile(r"/command-centre/(quarantine(/1)?/\w+|handoffs/[0-9a-f]+/correct|posts/[\w%]+/correct|[a-z/_]*)")
FILLERS = {
    "key": "mastodon:status:h/7", "id": None, "name": "triage/manual__2026-03-01T12:00:00+00:00", "item": "1",
    "kpi": "mentions", "digest": None, "author": "mastodon:account:h/1", "incident": None, "report": None,
}  # fmt: skip
CONFIG = {
    "organisation": {"name": HOSTILE, "timezone": "Europe/Berlin"},
    "subjects": [{"name": "Acme"}, {"name": HOSTILE, "kind": "competitor"}],
    "teams": [{"name": HOSTILE}, {"name": "support"}],
}
FILES = (".png", ".csv", ".pdf", ".html")  # which are kept, and are no pages
MAY, MAY_NOT = "op", "viewer"  # roles: the first may start DAGs


@pytest.fixture(scope="module")
def hub_var(tmp_path_factory):
    """State of a hub that has collected, triaged and delivered one hostile post."""
    var = tmp_path_factory.mktemp("var")
    fill(var)
    return var


def fill(var):
    FILLERS["digest"] = Gallery(var / "pictures").plan(bar_chart(HOSTILE, [Bar(name=HOSTILE, value=1.0)], unit="posts"))
    (var / "hub.yaml").write_text(json.dumps(CONFIG))
    watch = Watch(network="mastodon", kind="hashtag", value=f"#acme{SCRIPT}")
    author = Author(
        key="mastodon:account:h/1", native_id="1", handle=HOSTILE, display_name=HOSTILE, url="javascript:alert(1)"
    )
    post = Post(
        key="mastodon:status:h/7", network="mastodon", native_id="7", text=HOSTILE, title=HOSTILE,
        published_at=NOW - timedelta(hours=1), collected_at=NOW, author=author, url="javascript:alert(document.cookie)",
    )  # fmt: skip
    signal = Signal(
        post=post.key, found_by="rules@1", intent="support", confidence=0.9, subjects=("Acme",), evidence=("help",)
    )
    why = Provenance(post=post.key, route="support@1", classifier="rules@1", confidence=0.9, run=FILLERS["name"])
    handoff = Handoff(
        key="case:1",
        kind="Case",
        post=post,
        author=author,
        signal=signal,
        team="support",
        provenance=why,
        title=HOSTILE,
        lead=LeadScore(
            fit=45,
            behaviour=54.6,
            grade="C2",
            found_by="lead-rules@1",
            as_of=NOW,
            chance=0.18,
            reasons=(Reason(part="behaviour", name="purchase", points=54.6),),
        ),
    )
    landed = Landing(str(var / "landing")).write(
        [{"id": "7", "server": "h", "content": HOSTILE}], network="mastodon", at=NOW
    )
    batch = Batch(
        name="mastodon-1", network="mastodon", watch=watch.key, run="collect_mastodon/1", path=landed.path,
        digest=landed.digest, records=2, landed_at=NOW,
    )  # fmt: skip
    with Store.open(f"sqlite:///{var}/hub.db", clock=lambda: NOW) as store:
        with store.begin() as tx:
            tx.watches.register(watch)
            tx.batches.land(batch, Cursor(position="7"))
            tx.watches.failed(watch.key, "Unavailable", "mastodon.test gave no answer.")
            (claim,) = tx.batches.claim("w")
            tx.posts.save([post], batch=batch.name, standings={post.key: Standing("handed_off")})
            tx.signals.save([(post, signal)])
            (FILLERS["id"],) = tx.handoffs.save([handoff])
            tx.quarantine.add(
                stage="validate", reason="id_missing", detail=HOSTILE, record={"content": HOSTILE},
                network="mastodon", watch=watch.key, batch=batch.name, run=FILLERS["name"],
            )  # fmt: skip
            tx.batches.done(claim, known=0, skipped=0, run=FILLERS["name"])
            tell_of_people(tx, author.key, post, handoff)
            tx.outbox.intend(
                [
                    Draft(
                        destination="zendesk", object="ticket", external_id="a" * 32, body={"subject": "x"},
                        handoff=FILLERS["id"], mapping="zendesk@1", post=post.key, author=author.key,
                    )
                ]
            )  # fmt: skip
        with store.begin() as tx:
            (delivery,) = tx.outbox.claim("zendesk", "w")
        with store.begin() as tx:
            tx.outbox.settle(
                delivery, Receipt(delivery=delivery.id, outcome="created", object_id="35", url="javascript:alert(1)")
            )
        FILLERS["report"] = made_report(store, var)


def made_report(store, var):
    """The digest of a report of that day, which quotes the post."""
    config = load_config(var / "hub.yaml")
    plan = report.plans(config, REPO / "mappings" / "reports")[0].with_(title=HOSTILE)
    scope = Scope(since=NOW - timedelta(days=1), until=NOW)
    return report.keep(store, KeptFiles(str(var / "reports")), config, plan, scope).digest


def tell_of_people(tx, author, post, handoff):
    """An incident with its alarm and alert, a ranked account with a tie, a check that failed, a correction, a model."""
    incident = "\x1f".join(("incident", f"spike:{HOSTILE}", "1"))
    FILLERS["incident"] = quote(incident, safe="")
    tx.incidents.report(incident, title=HOSTILE, severity=7, subjects=(HOSTILE, "Acme"))
    tx.incidents.acknowledge(incident, HOSTILE)
    tx.incidents.judge(incident, "true", HOSTILE)
    tx.alarms.raise_(
        detector="spikes@1", subject=HOSTILE, network="mastodon", at=NOW - timedelta(hours=1), value=40, expected=4,
        severity=7, crisis=True, incident=incident, topic=HOSTILE,
    )  # fmt: skip
    tx.alarms.decide_all(incident, "true", HOSTILE)
    tx.handoffs.save([handoff.with_(kind="Alert", key=incident, severity=7)])
    standing = StandingOf(
        author=author, network="mastodon", influence=44.0, parts={"followers": 44.0}, audience="media", as_of=NOW
    )
    tx.people.stand([standing])
    evidence = ("same_name", HOSTILE)
    other = "x:account:2"
    tx.people.tie(author, other, state="suggested", confidence=0.7, evidence=evidence, found_by="match@1")
    tx.people.tie(
        other, "y:account:3", state="merged", confidence=0.9, evidence=evidence, found_by="match@1", by=HOSTILE
    )
    tx.expectations.save(
        run=FILLERS["name"],
        suite=HOSTILE,
        success=False,
        statistics={"evaluated": 1},
        failures=[{"expectation": HOSTILE}],
    )
    tx.corrections.add([
        Correction(
            post=post.key, field="intent", old="support", new="praise", found_by="rules@1", who=HOSTILE, source="page",
            at=NOW,
        )
    ])  # fmt: skip
    confusion = {"group": HOSTILE, "posts": 9, "accuracy": 0.9, "macro_f1": 0.8}
    tx.models.keep("m1", b"", {"fields": [{"field": HOSTILE, "confusion": [confusion]}]})
    tx.models.run("m1", who="ana")


@pytest.fixture(scope="module")
def app(hub_var, tmp_path_factory):
    """The application as the plugin builds it."""
    with pytest.MonkeyPatch.context() as patch, own_database(tmp_path_factory.mktemp("airflow")):
        patch.setenv("HUB_VAR", str(hub_var))
        patch.setenv("HUB_CONFIG", str(hub_var / "hub.yaml"))
        from airflow.api_fastapi.app import create_auth_manager

        from command_centre.app import build

        create_auth_manager()
        yield build()


def test_the_first_page_is_there_before_anybody_asks_for_it(app):
    from command_centre import words

    async def started():
        async with app.router.lifespan_context(app):  # as Airflow does in each process that serves
            return {name for _, name in words.environment().cache}

    words.environment.cache_clear()
    assert {"overview.html", "listening.html"} <= asyncio.run(started())


@pytest.fixture
def anonymous(app):
    from fastapi.testclient import TestClient

    app.dependency_overrides.clear()
    return TestClient(app, follow_redirects=False)


def signed_in_as(app, role, name="ana"):
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi.testclient import TestClient

    app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username=name, role=role)
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def signed_in(app):
    yield signed_in_as(app, MAY)
    app.dependency_overrides.clear()


@pytest.fixture
def looking(app):
    """A person who may look and not act."""
    yield signed_in_as(app, MAY_NOT)
    app.dependency_overrides.clear()


def addresses(app):
    """Every route, with its parameters filled in, and its methods."""
    from fastapi.routing import APIRoute
    from starlette.routing import Mount

    for route in app.routes:
        if isinstance(route, Mount):
            assert route.path == "/static", "mounts are open to everyone: only public files may be mounted"
            continue
        assert isinstance(route, APIRoute), f"{route.path} would not ask who is there"
        path = re.sub(r"{(\w+)(?::path)?}", lambda name: FILLERS[name[1]], route.path)
        for method in route.methods:
            yield method, path


def pages(app):
    return [path for method, path in addresses(app) if method == "GET"]


def shown(app):
    """The pages that are for people to look at."""
    return [path for path in pages(app) if not path.endswith(FILES) and path != "/summary"]


class Seen(HTMLParser):
    """The tags of a page, its links, and where its text stands."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.isolated, self._open = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self.links.append(dict(attrs))
        if tag not in ("meta", "link", "img", "br", "rect", "input", "source"):
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if "gnp.exe" in data:
            self.isolated.append(any("dir" in attrs for tag, attrs in self._open if tag != "html"))


def test_nobody_is_let_in_without_a_log_in(app, anonymous):
    answers = {(method, path): anonymous.request(method, path).status_code for method, path in addresses(app)}

    assert len(answers) >= 5
    assert set(answers.values()) == {401}


def test_people_without_a_log_in_are_shown_the_way_to_it(anonymous):
    answer = anonymous.get("/handoffs/" + FILLERS["id"], headers={"Accept": "text/html"})

    assert answer.status_code == 401
    assert "/auth/login?next=" in answer.text
    assert "mastodon" not in answer.text


def test_every_page_is_shown_to_those_who_are(app, signed_in):
    assert {path: signed_in.get(path).status_code for path in pages(app)} == dict.fromkeys(pages(app), 200)


def test_nothing_but_the_forms_of_the_quarantine_and_for_corrections_changes_anything(app):
    changing = {path for method, path in addresses(app) if method != "GET"}

    assert {method for method, _ in addresses(app)} == {"GET", "POST"}
    assert {path for path in changing if not path.startswith("/quarantine/")} == {
        f"/handoffs/{FILLERS['id']}/correct", f"/posts/{FILLERS['key']}/correct",
    }  # fmt: skip


def test_what_people_wrote_is_never_markup(app, signed_in):
    allowed = re.compile(r"/command-centre/(static|pictures)/[\w.-]+")
    for path in shown(app):
        text = signed_in.get(path).text
        assert SCRIPT not in text, path
        for tag, attrs in Seen(text).tags:
            assert tag not in ("iframe", "object", "embed", "base", "style"), path
            assert tag != "form" or ACTION.fullmatch(attrs["action"]), path
            assert re.fullmatch(r"/command-centre/quarantine/1/preview", attrs.get("formaction", FORM)), path
            assert not [name for name in attrs if name.startswith("on") or name == "style"], path
            assert tag not in ("script", "img") or allowed.fullmatch(attrs["src"]), path


def test_what_people_wrote_keeps_its_direction_to_itself(signed_in):
    posts = f"/posts/{FILLERS['key']}"
    for path in ("/", f"/handoffs/{FILLERS['id']}", posts, "/quarantine?reason=id_missing", "/quarantine/1"):
        seen = Seen(signed_in.get(path).text)
        assert seen.isolated, path
        assert all(seen.isolated), path


def test_links_lead_only_to_the_web_and_give_nothing_away(app, signed_in):
    for path in shown(app):
        for link in Seen(signed_in.get(path).text).links:
            assert re.match(r"https?://|/|#", link["href"]), (path, link)
            if link["href"].startswith("http"):
                assert set(link["rel"].split()) >= {"noopener", "noreferrer", "nofollow"}, (path, link)


def test_every_answer_forbids_what_no_page_needs(app, anonymous, signed_in):
    for path in [*pages(app), "/static/style.css", "/nowhere"]:
        headers = signed_in.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), path
        assert "unsafe" not in policy, path
        assert "http" not in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path


def test_a_page_needs_nothing_from_elsewhere(app, signed_in):
    for path in shown(app):
        for tag, attrs in Seen(signed_in.get(path).text).tags:
            if tag in ("script", "img", "link"):
                assert re.match("/command-centre/(static|pictures)/", attrs.get("src") or attrs.get("href")), path


def test_a_page_can_be_read_by_a_screen_reader(app, signed_in):
    for path in shown(app):
        seen = Seen(signed_in.get(path).text)
        names = [tag for tag, _ in seen.tags]
        ids = [attrs["id"] for _, attrs in seen.tags if "id" in attrs]
        assert names.count("h1") == 1, path
        assert ("html", {"lang": "en"}) in seen.tags, path
        assert len(ids) == len(set(ids)), path
        assert all("alt" in attrs for tag, attrs in seen.tags if tag == "img"), path
        assert all(attrs.get("scope") for tag, attrs in seen.tags if tag == "th"), path


def test_the_story_of_a_handoff_is_whole(signed_in):
    text = signed_in.get(f"/handoffs/{FILLERS['id']}").text

    for part in (
        "rules@1",
        "support@1",
        "zendesk@1",
        "mastodon-1",
        "collect" if False else FILLERS["name"],
        "35",
        "help",
    ):
        assert part in text.replace("&#43;", "+"), part
    assert "&#34;content&#34;" in text  # the raw record


def test_a_lead_says_how_likely_it_buys_and_why(signed_in):
    text = " ".join(signed_in.get(f"/handoffs/{FILLERS['id']}").text.split()).replace("&#43;", "+")

    for part in ("C2: fit 45 of 100, behaviour 55 of 100; 18 % of such leads are won", "<code>purchase</code> +55"):
        assert part in text


def test_the_figures_of_the_tile_are_those_of_the_ledger(signed_in):
    figures = json.loads(signed_in.get("/summary").text)

    assert figures["fetched"] == 2
    assert figures["new"] == 2
    assert figures["handed_off"] == 1
    assert figures["quarantined"] == 1
    assert figures["failing"] == 1
    assert figures["balanced"] is True


def test_an_unknown_handoff_is_not_found(signed_in):
    assert signed_in.get("/handoffs/" + "0" * 32).status_code == 404
    assert signed_in.get("/handoffs/..%2f..%2fetc").status_code in (404, 422)


def test_a_dag_file_that_cannot_be_read_is_told_by_name_and_not_by_its_words(signed_in, tmp_path, monkeypatch):
    import sqlalchemy as sa
    from airflow import settings
    from airflow.models.errors import ParseImportError

    engine = sa.create_engine(f"sqlite:///{tmp_path}/airflow.db")
    ParseImportError.__table__.create(engine)
    monkeypatch.setattr(settings, "NonScopedSession", sa.orm.sessionmaker(engine))
    assert "cannot be read" not in signed_in.get("/").text
    with engine.begin() as connection:
        told = {"filename": f"mine{SCRIPT}.py", "stacktrace": "Traceback\n  secret words\nSyntaxError: secret words"}
        connection.execute(ParseImportError.__table__.insert().values(told))

    page = signed_in.get("/").text

    assert "1 DAG file cannot be read" in page
    assert "SyntaxError" in page
    assert "secret words" not in page
    assert SCRIPT not in page


def test_a_report_is_a_file_to_keep_and_what_was_never_made_is_none(signed_in):
    page, pdf = (signed_in.get(f"/reports/{FILLERS['report']}.{kind}") for kind in ("html", "pdf"))

    assert page.headers["content-disposition"].startswith('attachment; filename="executive-daily-')
    assert SCRIPT not in page.text
    assert "&lt;script&gt;" in page.text
    assert pdf.content.startswith(b"%PDF")
    assert signed_in.get(f"/reports/{'0' * 64}.pdf").status_code == 404
    assert signed_in.get("/reports/..%2f..%2fhub.pdf").status_code in (404, 422)
