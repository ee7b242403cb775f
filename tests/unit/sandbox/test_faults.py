"""The switchboard: each kind of fault, as a client meets it."""

import threading
import time

import pytest
import requests

from sandbox.process import SandboxProcess

TOKEN = {"Authorization": "Bearer xoxb-sandbox"}


def post(session: requests.Session, text: str = "hello") -> requests.Response:
    """One message to a channel."""
    return session.post(
        "https://slack.com/api/chat.postMessage", json={"channel": "#social-alerts", "text": text}, headers=TOKEN,
        timeout=20,
    )  # fmt: skip


def test_dropped_before_nothing_was_done(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="drop_before")

    with pytest.raises(requests.ConnectionError):
        post(session)

    assert sandbox.control.state("slack", "messages") == []
    assert post(session).json()["ok"]


def test_dropped_after_it_was_done_and_the_answer_is_lost(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="drop_after")

    with pytest.raises(requests.ConnectionError):
        post(session)

    assert len(sandbox.control.state("slack", "messages")) == 1


def test_a_late_answer_holds_up_nobody_else(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="late", seconds=1.5, path_glob="*postMessage")
    began = time.monotonic()

    answers: list[requests.Response] = []
    waiting = threading.Thread(target=lambda: answers.append(post(session)))
    waiting.start()
    time.sleep(0.3)
    other = session.post("https://slack.com/api/auth.test", headers=TOKEN, timeout=10)
    meanwhile = time.monotonic() - began
    waiting.join(10)

    assert other.json()["ok"]
    assert meanwhile < 1.4
    assert time.monotonic() - began >= 1.5
    assert answers[0].json()["ok"]


def test_a_refusal_carries_its_status_headers_and_body(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="status", status=429, headers={"Retry-After": "7"}, body={"ok": False})

    found = post(session)

    assert (found.status_code, found.headers["retry-after"], found.json()) == (429, "7", {"ok": False})
    assert sandbox.control.state("slack", "messages") == []


@pytest.mark.parametrize("body", ["plain words", None])
def test_a_refusal_may_be_words_or_nothing(
    sandbox: SandboxProcess, session: requests.Session, body: str | None
) -> None:
    sandbox.control.fault(system="slack", kind="status", status=503, body=body)

    found = post(session)

    assert (found.status_code, found.text) == (503, body or "")


def test_a_truncated_answer_promises_more_than_it_gives(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="truncate")

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        post(session)

    assert len(sandbox.control.state("slack", "messages")) == 1


def test_an_answer_without_a_body_is_truncated_in_its_head(sandbox: SandboxProcess, session: requests.Session) -> None:
    feed = "https://coffeelovers.test/feed.xml"
    tag = session.get(feed, timeout=10).headers["etag"]
    sandbox.control.fault(system="blogs", kind="truncate")

    with pytest.raises(requests.RequestException):
        session.get(feed, headers={"If-None-Match": tag}, timeout=10)


def test_a_dripping_answer_comes_byte_by_byte(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="drip", seconds=0.01, path_glob="*auth.test")
    began = time.monotonic()

    found = session.post("https://slack.com/api/auth.test", headers=TOKEN, timeout=10)

    assert found.json()["ok"]
    assert time.monotonic() - began >= 0.01 * len(found.content)


def test_garbage_is_a_page_where_an_answer_was_due(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="garbage")

    found = post(session)

    assert (found.status_code, found.headers["content-type"]) == (200, "text/html")
    assert "Be right back" in found.text


def test_a_rule_lets_some_pass_then_hits_and_then_is_spent(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="status", status=500, path_glob="*postMessage", after=1, times=2)

    assert [post(session).status_code for _ in range(4)] == [200, 500, 500, 200]


def test_a_rule_hits_only_its_system_method_and_path(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="zendesk", kind="drop_before", times=9)
    sandbox.control.fault(system="slack", kind="drop_before", method="GET", times=9)
    sandbox.control.fault(system="slack", kind="drop_before", path_glob="/api/files.*", times=9)

    assert post(session).json()["ok"]


def test_mending_takes_all_faults_away(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="drop_before", times=9)

    sandbox.control.mend()

    assert post(session).json()["ok"]


def test_a_fault_is_in_the_journal_by_its_kind(sandbox: SandboxProcess, session: requests.Session) -> None:
    sandbox.control.fault(system="slack", kind="status", status=500)
    before = sandbox.control.mark()

    post(session)

    assert [(line["fault"], line["status"]) for line in sandbox.control.journal(before)] == [("status", 500)]


@pytest.mark.parametrize(
    "rule",
    [
        {"system": "slak", "kind": "drop_after"},
        {"system": "slack", "kind": "explode"},
        {"system": "slack", "kind": "late", "seconds": -1},
        {"system": "slack", "kind": "status", "status": 42},
        {"system": "slack", "kind": "drop_after", "tims": 3},
    ],
)
def test_a_rule_that_could_never_work_is_refused(sandbox: SandboxProcess, rule: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="The sandbox refuses this"):
        sandbox.control.fault(**rule)
