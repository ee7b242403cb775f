"""What a person says that a post really is, on the page of its handoff: who may, what is kept, what does nothing."""

import html
import re

import pytest

from hub.domain import Receipt
from tests.contract.airflow_db import own_database
from tests.contract.test_pages import HOSTILE, MAY, MAY_NOT, SCRIPT, Seen, signed_in_as
from tests.contract.test_quarantine_pages import FORGERIES, everything, forged, forms, token_of
from tests.unit.stages.world import CHATS, COMPLAINS, tweet

KEY = "x:post:1"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application as the plugin builds it, on a database of Airflow's own."""
    with own_database(tmp_path_factory.mktemp("airflow")):
        from airflow.api_fastapi.app import create_auth_manager

        from command_centre.app import build

        create_auth_manager()
        yield build()


@pytest.fixture
def page(town):
    """The address of the page of a complaint that became a ticket."""
    town.hear(tweet(1, COMPLAINS))
    with town.look() as view:
        return f"/handoffs/{view.handoffs.recent(post=KEY)[0].id}"


def today(town):
    with town.look() as view:
        return view.signals.of([KEY])[KEY]


def kept(town):
    with town.look() as view:
        return [(one.field, one.old, one.new, one.who, one.source) for one in view.corrections.of([KEY])]


def fields_of(answer):
    """What a browser would send of the form as it stands."""
    text = answer.text[answer.text.index('id="really"') :]
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text))
    chosen = {
        name: re.search(r'value="([^"]+)" selected', options)[1]
        for name, options in re.findall(r'<select id="[^"]+" name="([^"]+)">(.*?)</select>', text, re.DOTALL)
    }
    return hidden | chosen | {"lang": re.search(r'name="lang" value="([^"]*)"', text)[1], "why": ""}


def submit(client, page, **changes):
    return client.post(f"{page}/correct", data=fields_of(client.get(page)) | changes)


def test_the_form_starts_with_what_the_hub_says_and_why(acting, town, page):
    answer, now = acting.get(page), today(town)

    fields = fields_of(answer)

    assert {name: fields[name] for name in ("lang", "sentiment", "intent", "relevant")} == {
        "lang": now.lang, "sentiment": now.sentiment, "intent": now.intent, "relevant": "yes"
    }  # fmt: skip
    assert now.intent == "complaint"
    really = html.unescape(answer.text[answer.text.index('id="really"') :])
    assert now.evidence
    assert all(f"<code>{rule}</code>" in really for rule in now.evidence)


def test_a_correction_counts_at_once_and_says_who_and_why(acting, town, page):
    before = today(town)

    answer = submit(acting, page, intent="praise", lang="de", relevant="no", why="  irony,  and German ")

    assert (answer.status_code, answer.headers["location"]) == (
        303, f"/command-centre{page}?done=corrected#really"
    )  # fmt: skip
    now = today(town)
    assert (now.intent, now.lang, now.relevant, now.sentiment) == ("praise", "de", False, before.sentiment)
    assert kept(town) == [
        ("lang", before.lang, "de", "ana", "page"),
        ("intent", "complaint", "praise", "ana", "page"),
        ("relevant", "yes", "no", "ana", "page"),
    ]
    with town.look() as view:
        (entry,) = [entry for entry in view.audit.recent() if entry.action == "signals corrected"]
    assert (entry.actor, entry.reason) == ("ana", "page: irony, and German")
    shown = html.unescape(acting.get(f"{page}?done=corrected").text)
    for part in ("Kept.", "person@1", "corrected.intent", "irony, and German", "3 corrections of all posts"):
        assert part in shown, part


def test_the_same_form_twice_writes_once_and_one_that_changes_nothing_never(acting, town, page):
    fields = fields_of(acting.get(page))
    untouched = acting.post(f"{page}/correct", data=fields)
    assert kept(town) == []
    acting.post(f"{page}/correct", data=fields | {"intent": "none"})
    before = everything(town)

    again = acting.post(f"{page}/correct", data=fields | {"intent": "none"})

    assert [one.headers["location"].partition("?")[2] for one in (untouched, again)] == ["done=same#really"] * 2
    assert everything(town) == before
    assert len(kept(town)) == 1


def test_work_that_was_made_stays_what_it_is(acting, town, page):
    sent = [(row.id, row.version, row.digest) for row in town.outbox()]

    submit(acting, page, intent="none", relevant="no")

    assert [(row.id, row.version, row.digest) for row in town.outbox()] == sent
    assert "<dd>complaint, " in acting.get(page).text  # what decided, above what it really is


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"intent": "buy"}, "is no intent"), ({"lang": "English"}, "is no language"), ({"relevant": "1"}, "yes, no")],
)
def test_what_cannot_be_said_is_refused_with_its_remedy(acting, town, page, changes, said):
    before = everything(town)

    answer = submit(acting, page, **changes)

    assert (answer.status_code, said in html.unescape(answer.text)) == (422, True)
    assert everything(town) == before


def test_a_post_that_is_gone_has_no_form_and_an_old_one_says_so(acting, town, page):
    import sqlalchemy as sa

    fields = fields_of(acting.get(page))
    with town.store.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM signals"))
        connection.execute(sa.text("PRAGMA foreign_keys=OFF"))
        connection.execute(sa.text("DELETE FROM posts"))

    answer = acting.post(f"{page}/correct", data=fields | {"intent": "none"})

    assert (answer.status_code, "do not hold this post" in answer.text) == (422, True)
    assert forms(acting, page) == []


def test_who_may_not_start_the_dag_is_shown_no_form_and_refused(app, acting, town, page):
    fields = fields_of(acting.get(page))
    viewer = signed_in_as(app, MAY_NOT)  # with a form that was made before the right was taken away
    before = everything(town)

    answer = viewer.post(f"{page}/correct", data=fields | {"intent": "none"})

    assert answer.status_code == 403
    assert forms(viewer, page) == []
    assert "right to start the DAG <code>triage</code>" in viewer.get(page).text
    assert everything(town) == before


def test_judging_and_replaying_are_rights_apart(app, town, page, monkeypatch):
    """Who may start `triage` and not `replay` corrects posts, and sends nothing back."""
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    monkeypatch.setattr(
        SimpleAuthManager, "is_authorized_dag", lambda self, *, details=None, **asked: details.id == "triage"
    )
    agent = signed_in_as(app, MAY_NOT)
    try:
        assert submit(agent, page, intent="none").status_code == 303
        token = token_of(agent.get(page))
        assert agent.post("/quarantine/replay", data={"token": token}).status_code == 403
        assert forms(agent, "/quarantine") == []
    finally:
        app.dependency_overrides.clear()


@pytest.mark.parametrize("how", FORGERIES)
def test_a_form_that_is_not_ours_does_nothing(app, acting, town, page, monkeypatch, how):
    fields = fields_of(acting.get(page))
    acting, token, headers = forged(how, app, page, monkeypatch)
    fields |= {"intent": "none", "token": token}
    before = everything(town)

    answer = acting.post(f"{page}/correct", data=fields, headers=headers)

    assert answer.status_code == 403
    assert everything(town) == before


def test_hostile_words_come_out_escaped(app, town, page):
    eve = signed_in_as(app, MAY, HOSTILE)
    try:
        submit(eve, page, intent="none", why=HOSTILE)
        refused = submit(eve, page, lang='"><script>alert(1)</script>')
        shown = eve.get(page)
    finally:
        app.dependency_overrides.clear()

    for answer in (refused, shown):
        seen = Seen(answer.text)
        assert SCRIPT not in answer.text
        assert {"script", "iframe"} & {tag for tag, _ in seen.tags} == set()
        assert [attrs["src"] for tag, attrs in seen.tags if tag == "img"] == ["/command-centre/static/icon.svg"]
        assert seen.isolated
        assert all(seen.isolated)
    assert (refused.status_code, shown.status_code) == (422, 200)


def test_every_field_has_a_label(acting, page):
    seen = Seen(acting.get(page).text)

    labelled = {attrs["for"] for tag, attrs in seen.tags if tag == "label"}
    fields = [attrs for tag, attrs in seen.tags if tag in ("input", "select") and attrs.get("type") != "hidden"]
    assert {attrs["id"] for attrs in fields} == labelled
    assert len(labelled) == 5


def test_a_post_that_is_nobodys_work_has_a_page_with_its_story_and_can_be_corrected(acting, town):
    town.hear(tweet(2, CHATS, author="dan"))
    listed = acting.get("/posts?reason=no_route").text + acting.get("/posts?reason=not_relevant").text
    (address,) = set(re.findall(r'href="/command-centre(/posts/x%3Apost%3A2)"', listed))

    text = acting.get(address).text

    for part in (
        "What became of this post?",
        "nobody's work",
        CHATS,
        "rules@",
        "No lead, case or alert.",
        "&#34;conversation_id&#34;",
    ):
        assert part in text, part
    assert "Line 1 of <code>x/" in text
    answer = submit(acting, address, intent="praise", why="they like it")
    assert answer.headers["location"] == f"/command-centre{address}?done=corrected#really"
    with town.look() as view:
        assert view.signals.of(["x:post:2"])["x:post:2"].intent == "praise"
    assert "they like it" in acting.get(address).text


def test_the_page_of_a_post_whose_words_are_gone_says_by_which_policy(acting, town):
    town.hear(tweet(2, CHATS, author="dan"))
    with town.store.begin() as tx:
        tx.tombstones.add(["x:post:2"], "deleted")
        tx.keeping.empty(["x:post:2"], "deleted")

    answer = acting.get("/posts/x%3Apost%3A2")

    assert answer.status_code == 200
    assert CHATS not in answer.text
    assert answer.text.count("gone, by policy: deleted") == 2
    assert "<form" not in answer.text


def test_the_page_of_work_names_every_version_and_every_try(acting, town, page):
    with town.store.begin() as tx:
        [delivery] = tx.outbox.claim("zendesk", "w")
        tx.outbox.settle(
            delivery,
            Receipt(
                delivery=delivery.id, outcome="created", object_id="35", url="https://acme.zendesk.com/agent/tickets/35"
            ),
        )

    text = " ".join(html.unescape(acting.get(page).text).split())

    with town.look() as view:
        handoff = view.handoffs.recent(post=KEY)[0].handoff
    why = handoff.provenance
    for part in (why.route, why.classifier, why.reading, why.config, why.run, "zendesk@", "/agent/tickets/35"):
        assert part in text, part
    assert '<td class="n">1</td> <td><span class="state done">done</span></td> <td class="n">1</td>' in text


def test_a_post_that_nobody_knows_is_not_found(acting, town):
    assert acting.get("/posts/x%3Apost%3A404").status_code == 404
    assert acting.get("/posts/" + "a" * 3000).status_code == 422
    assert acting.get("/posts?reason=%3Cb%3E").status_code == 422
