"""The quarantine pages: what a person sees, may do and cannot be made to do.

A real store with what the real stages made of it, Airflow's own log-in, permissions and database, the real DAG.
"""

import html
import json
import re
import time
from pathlib import Path

import pytest

from hub.store import Rejected
from tests.contract.airflow_db import own_database
from tests.contract.test_pages import HOSTILE, MAY, MAY_NOT, SCRIPT, Seen, signed_in_as
from tests.unit.stages.counter import Counter, refuse
from tests.unit.stages.world import COMPLAINS, tweet

REPO = Path(__file__).resolve().parents[2]
PATH = "/quarantine"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application as the plugin builds it, on Airflow's database with the DAG that replays."""
    with pytest.MonkeyPatch.context() as patch, own_database(tmp_path_factory.mktemp("airflow")):
        patch.setenv("HUB_CONFIG", str(REPO / "sandbox" / "hub.yaml"))
        from airflow.api_fastapi.app import create_auth_manager
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
        from airflow.models.dagbundle import DagBundleModel
        from airflow.utils.session import create_session

        from command_centre.app import build

        with create_session() as session:
            session.add(DagBundleModel(name="dags"))
        dags = REPO / "dags"
        sync_bag_to_db(DagBag(dags / "replay.py", bundle_path=dags, bundle_name="dags"), "dags", None)
        pause(False)
        create_auth_manager()
        yield build()


@pytest.fixture
def looking(app, town):
    yield signed_in_as(app, MAY_NOT)
    app.dependency_overrides.clear()


def silent(number, **more):
    """A record that says nothing, which therefore cannot go on."""
    return tweet(number, "", **more)


def held(town):
    """One item, a record that says nothing."""
    town.hear(silent(1), tweet(2, COMPLAINS, author="ben"))
    with town.look() as view:
        [item] = view.quarantine.listing()
    return item


def again(town, id):
    with town.look() as view:
        return view.quarantine.get([id])[0]


def token_of(answer):
    return re.search(r'name="token" value="([^"]+)"', answer.text)[1]


def post(client, path, **fields):
    """What a browser sends when the form on the list is submitted."""
    return client.post(path, data={"token": token_of(client.get(PATH + "/1")), **fields})


def forms(client, path):
    return [attrs["action"] for tag, attrs in Seen(client.get(path).text).tags if tag == "form"]


def pause(paused):
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.get(DagModel, "replay").is_paused = paused


def runs():
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        return [(run.run_id, run.conf, run.triggering_user_name) for run in session.query(DagRun).all()]


def everything(town):
    return "\n".join(town.store.engine.raw_connection().iterdump())


def test_two_hundred_alike_are_one_line_with_a_count_and_a_next_step(acting, town):
    alike = {"stage": "validate", "reason": "empty_text", "network": "x", "detail": "The record says nothing."}
    with town.store.begin() as tx:
        tx.quarantine.add_all([Rejected(**alike, record=silent(number)) for number in range(200)])

    text = html.unescape(acting.get(PATH).text)

    assert text.count("<b>empty text</b>") == 1
    assert re.search(r'data-label="Items">200<', text)
    assert "keeper of mappings/x.yaml" in text
    assert "Replay everything" in text
    listed = acting.get(f"{PATH}?reason=empty_text").text
    assert listed.count('data-label="Detail"') == 50
    following = re.search(r'href="/command-centre(/quarantine\?[^"]+after=[^"]+)"', listed)[1]
    assert 'data-label="Detail"' in acting.get(html.unescape(following)).text


def test_an_item_shows_all_that_is_known_of_it(acting, town):
    item = held(town)

    text = html.unescape(acting.get(f"{PATH}/{item.id}").text)

    for part in (
        "empty text", item.detail, "mappings/x.yaml", '"created_at"', item.watch, item.batch, "line 1", item.run
    ):  # fmt: skip
        assert part in text, part


def test_a_refusal_shows_its_object_its_body_and_the_record_that_matters(acting, town):
    town.hear(tweet(1, COMPLAINS))
    [row] = town.outbox("zendesk")
    counter = Counter(town.clock)
    counter.answers[row.external_id] = [lambda one: refuse(one).with_(url="https://acme.zendesk.com/agent/tickets/7")]
    from hub.stages import deliver

    deliver.run(counter, store=town.store, worker="w")

    text = html.unescape(acting.get(f"{PATH}/1").text)

    for part in (row.external_id, row.digest, row.mapping, COMPLAINS, f"/handoffs/{row.handoff}", "tickets/7"):
        assert part in text, part
    assert 'name="record"' not in text
    assert "tickets/7" in acting.get(f"{PATH}?stage=deliver").text


def test_a_preview_says_what_would_be_sent_and_writes_nothing(acting, town):
    item = held(town)
    record = json.dumps(item.record | {"text": COMPLAINS})
    before, ran = everything(town), runs()

    same = post(acting, f"{PATH}/{item.id}/preview")
    mended = post(acting, f"{PATH}/{item.id}/preview", record=record)

    assert "stays: empty text" in same.text
    text = html.unescape(mended.text)
    assert "It becomes work." in text
    assert "ticket for zendesk" in text
    assert '"comment"' in text
    assert COMPLAINS in text
    assert everything(town) == before
    assert runs() == ran


def test_a_repair_is_kept_beside_the_record_that_came_and_replayed(acting, town):
    item = held(town)

    kept = post(acting, f"{PATH}/{item.id}/repair", record=json.dumps({**item.record, "text": COMPLAINS}), why="seen")

    assert (kept.status_code, kept.headers["location"]) == (303, f"/command-centre{PATH}/{item.id}?done=repaired")
    after = again(town, item.id)
    assert (after.record, after.repaired["text"], after.repaired_by) == (item.record, COMPLAINS, "ana")
    shown = html.unescape(acting.get(f"{PATH}/{item.id}?done=repaired").text)
    assert "record repaired" in shown
    assert "seen" in shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"record": "{", "why": "x"}, "This is no JSON"),
        ({"record": "[]", "why": "x"}, "one JSON object"),
        ({"record": '{"a": 1}', "why": ""}, "Say why"),
    ],
)
def test_a_repair_that_is_none_is_said_so_and_what_was_written_is_still_there(acting, town, fields, said):
    item = held(town)

    answer = post(acting, f"{PATH}/{item.id}/repair", **fields)

    assert answer.status_code == 422
    assert said in answer.text
    assert html.escape(fields["record"], quote=True).replace("&quot;", "&#34;") in answer.text
    assert again(town, item.id).repaired is None


def test_a_replay_is_a_run_of_the_dag_by_the_person_who_asked(acting, town):
    item = held(town)

    one = post(acting, f"{PATH}/{item.id}/replay")
    some = post(acting, f"{PATH}/replay", stage="validate", reason="empty_text", network="x")
    every = post(acting, f"{PATH}/replay")

    made = runs()[-3:]
    assert [status.status_code for status in (one, some, every)] == [303] * 3
    assert [(conf, who) for _, conf, who in made] == [
        ({"ids": [item.id]}, "ana"),
        ({"stage": "validate", "reason": "empty_text", "network": "x"}, "ana"),
        ({"stage": None, "reason": None, "network": None}, "ana"),
    ]
    page = acting.get(one.headers["location"].removeprefix("/command-centre"))
    assert "by <a href" in page.text
    assert "/dags/replay/runs/manual__" in page.text


def test_a_paused_dag_is_said_so(acting, town):
    item = held(town)
    pause(True)
    try:
        answer = post(acting, f"{PATH}/{item.id}/replay")
    finally:
        pause(False)

    assert (answer.status_code, "is paused" in answer.text) == (422, True)


def test_what_is_discarded_is_counted_shown_and_can_be_taken_back(acting, town):
    item = held(town)
    with town.look() as view:
        balance = view.ledger.balance()

    gone = post(acting, f"{PATH}/discard", reason="empty_text", why="says nothing")

    assert gone.status_code == 303
    assert again(town, item.id).state == "dismissed"
    with town.look() as view:
        assert view.ledger.balance() == balance
    assert f"{PATH}/{item.id}" in acting.get(f"{PATH}?discarded=true").text
    token = token_of(acting.get(f"{PATH}/{item.id}"))
    acting.post(f"{PATH}/{item.id}/reopen", data={"token": token, "why": "too quick"})
    assert again(town, item.id).state == "open"
    with town.look() as view:
        assert [entry.actor for entry in view.audit.recent(object=f"quarantine:{item.id}")] == ["ana", "ana"]


def test_everything_is_never_given_up_at_once_nor_without_a_reason(acting, town):
    item = held(town)

    assert post(acting, f"{PATH}/discard", why="all of it").status_code == 422
    assert post(acting, f"{PATH}/discard", reason="empty_text", why=" ").status_code == 422
    assert post(acting, f"{PATH}/discard", reason="'; DROP", why="x").status_code == 422
    assert again(town, item.id).state == "open"


def changing(app, id):
    """Every address that changes something."""
    for route in app.routes:
        if "POST" in getattr(route, "methods", ()):
            yield route.path.replace("{item}", str(id))


def test_who_may_not_start_the_dag_is_shown_no_form_and_refused_every_act(app, acting, town):
    item = held(town)
    token = token_of(acting.get(f"{PATH}/{item.id}"))
    viewer = signed_in_as(app, MAY_NOT)  # by the same name, with a form that was made before the right was taken away
    before, ran = everything(town), runs()

    answers = {
        path: viewer.post(path, data={"token": token, "why": "x"}).status_code for path in changing(app, item.id)
    }

    assert len(answers) >= 7
    assert set(answers.values()) == {403}
    assert forms(viewer, PATH) == forms(viewer, f"{PATH}/{item.id}") == []
    assert (everything(town), runs()) == (before, ran)


FORGERIES = ("no token", "made up", "somebody else's", "too old", "another site", "a sub-domain")


def forged(how, app, page, monkeypatch):
    """Somebody with a form that is not ours: who acts, the token they send, and their browser's headers."""
    acting = signed_in_as(app, MAY)
    token = token_of(acting.get(page))
    if how == "no token":
        return acting, "", {}
    if how == "made up":
        return acting, token[:-3] + "abc", {}
    if how == "somebody else's":
        stolen = token_of(signed_in_as(app, MAY, "eve").get(page))
        return signed_in_as(app, MAY), stolen, {}
    if how == "too old":
        later = time.time() + 13 * 3600
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
        return acting, token, {}
    return acting, token, {"Sec-Fetch-Site": "cross-site" if how == "another site" else "same-site"}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_form_that_is_not_ours_does_nothing(app, acting, town, monkeypatch, how):
    item = held(town)
    acting, token, headers = forged(how, app, f"{PATH}/{item.id}", monkeypatch)
    before, ran = everything(town), runs()

    for path in changing(app, item.id):
        answer = acting.post(path, data={"token": token, "why": "x", "reason": "empty_text"}, headers=headers)
        assert answer.status_code == 403, path

    assert (everything(town), runs()) == (before, ran)


def test_what_is_no_form_or_too_large_is_refused(acting, town):
    held(town)

    assert acting.post(f"{PATH}/1/preview", content=b"\xff\xfe").status_code == 400
    assert acting.post(f"{PATH}/1/preview", content=b"&".join([b"a=1"] * 50)).status_code == 400
    assert acting.post(f"{PATH}/1/preview", content=b"a" * 4_000_001).status_code == 413


def test_hostile_records_come_out_escaped_on_every_page_and_in_the_form(acting, town):
    town.hear(silent(1) | {"odd": HOSTILE, "</textarea><script>": SCRIPT, "access_token": "s3cret", "half": "\ud800"})
    record = json.dumps(silent(1) | {"text": HOSTILE + COMPLAINS})

    for answer in (
        acting.get(f"{PATH}?reason=empty_text"),
        acting.get(f"{PATH}/1"),
        post(acting, f"{PATH}/1/preview", record=record),
        post(acting, f"{PATH}/1/preview", record="</textarea>" + SCRIPT),
    ):
        tags = [tag for tag, _ in Seen(answer.text).tags]
        assert "script" not in tags
        assert tags.count("img") == 1
        assert "s3cret" not in answer.text
        assert "\u202e" not in answer.text or 'dir="auto"' in answer.text


@pytest.mark.parametrize("path", ["/quarantine/999", "/quarantine/0", "/quarantine/x", "/quarantine?reason=A%20B"])
def test_what_is_not_there_is_not_shown(acting, town, path):
    assert acting.get(path).status_code in (404, 422)


def test_a_damaged_file_is_told_of(acting, town):
    batch = town.land(tweet(1, COMPLAINS))
    (Path(town.landing.url) / batch.path).write_bytes(b"x")
    town.triage()

    assert batch.name in acting.get(PATH).text


def test_an_item_that_waits_too_long_is_marked_everywhere(acting, town):
    held(town)  # in the invented world's year

    assert "overdue" in acting.get(PATH).text
    assert "overdue" in acting.get(f"{PATH}/1").text
    assert "an item in quarantine waits since" in acting.get("/").text
    assert acting.get("/summary").json()["overdue"] is True


def test_every_field_has_a_label_and_every_button_a_name(acting, town):
    held(town)

    for path in (PATH, f"{PATH}?reason=empty_text", f"{PATH}/1"):
        seen = Seen(acting.get(path).text)
        labelled = {attrs["for"] for tag, attrs in seen.tags if tag == "label"}
        fields = [attrs for tag, attrs in seen.tags if tag in ("input", "textarea") and attrs.get("type") != "hidden"]
        assert {attrs["id"] for attrs in fields} == labelled, path
        assert not re.search(r"<button[^>]*>\s*</button>", acting.get(path).text), path


def test_rules_that_are_read_for_a_preview_are_todays(acting, town, tmp_path, monkeypatch):
    """Nothing of a rulebook is kept from one preview to the next."""
    item = held(town)
    record = json.dumps({**item.record, "text": COMPLAINS})
    assert "ticket for zendesk" in post(acting, f"{PATH}/{item.id}/preview", record=record).text

    monkeypatch.delenv("AIRFLOW_CONN_ZENDESK_DEFAULT")

    assert "Nothing would be sent" in post(acting, f"{PATH}/{item.id}/preview", record=record).text
