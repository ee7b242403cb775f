"""The control pages: what tests and demos steer by, closed to pages of other origins; and the inspector."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.unit.sandbox.conftest import Inside, through

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></article></section><h1>mine</h1>",
    "{{ 7 * 7 }} {% raw %} {# no #}",
    "<!channel> <@U0HUB> <https://evil.invalid|Acme support>",
    "javascript:alert(1) &lt;b&gt; &#60;i&#62; \u202e\u0000",
    "' onmouseover='alert(1)",
)


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def ask(sandbox: SandboxProcess, path: str, method: str = "GET", **headers: str) -> requests.Response:
    """One request of a browser to the port itself."""
    session = requests.Session()
    session.trust_env = False
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return session.request(method, f"http://127.0.0.1:{sandbox.port}{path}", headers=named, timeout=20)


def test_health_names_the_systems_the_time_and_the_journal(sandbox: SandboxProcess) -> None:
    facts = ask(sandbox, "/health").json()

    assert facts["status"] == "ok"
    assert set(facts["systems"]) >= {"x", "mastodon", "blogs", "salesforce", "zendesk", "slack"}
    assert datetime.fromisoformat(facts["now"]).tzinfo is not None
    assert facts["journal"] == sandbox.control.mark()


@pytest.mark.parametrize("host", ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "api.x.com", ""])
def test_a_name_that_was_rebound_to_this_machine_reads_nothing(sandbox: SandboxProcess, host: str) -> None:
    assert ask(sandbox, "/journal", Host=host).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_a_page_of_another_origin_switches_nothing(sandbox: SandboxProcess, headers: dict[str, str]) -> None:
    added = sandbox.control.add_post(network="x", author="nia", text="Hello @acme")

    assert ask(sandbox, "/reset", "POST", **headers).status_code == 403
    assert added in [row["id"] for row in sandbox.control.state("world", "posts")]


def test_a_link_from_elsewhere_still_leads_to_the_inspector(sandbox: SandboxProcess) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert ask(sandbox, "/", **headers).status_code == 200
    assert ask(sandbox, "/reset", "POST", **headers).status_code == 403


def test_the_clock_moves_both_ways_and_posts_come_and_go(sandbox: SandboxProcess) -> None:
    control = sandbox.control
    control.add_post(network="blogs", site="coffeelovers.test", author="nia", text="Acme news", title="News")
    feed = "https://coffeelovers.test/feed.xml"

    assert "Acme news" in through(sandbox.env).get(feed, timeout=10).text
    control.advance(-3_600)
    assert "Acme news" not in through(sandbox.env).get(feed, timeout=10).text
    control.advance(3_600)
    assert "Acme news" in through(sandbox.env).get(feed, timeout=10).text


@pytest.mark.parametrize("seconds", [1e12, "nan", "inf", "soon", None, [1]])
def test_a_clock_that_cannot_be_is_refused(sandbox: SandboxProcess, seconds: object) -> None:
    with pytest.raises(ValueError, match="The sandbox refuses this"):
        sandbox.control._post("/clock", {"advance_seconds": seconds})

    assert sandbox.control.healthy()


@pytest.mark.parametrize(
    "facts",
    [
        {"network": "x", "author": "nia"},
        {"network": "x", "text": "hello", "author": 5},
        {"network": "x", "text": "hello", "author": "nia", "published_at": "yesterday"},
        [1, 2],
    ],
)
def test_a_post_that_is_none_is_refused(sandbox: SandboxProcess, facts: object) -> None:
    before = len(sandbox.control.state("world", "posts"))

    with pytest.raises(ValueError, match="The sandbox refuses this"):
        sandbox.control._post("/world/posts", facts)

    assert len(sandbox.control.state("world", "posts")) == before


def test_a_post_is_edited_and_deleted(sandbox: SandboxProcess) -> None:
    control, session = sandbox.control, through(sandbox.env)
    facts = {"network": "blogs", "site": "coffeelovers.test", "title": "News", "author": "nia"}
    number = control.add_post(**facts, text="Acme opens a shop in Lyon")
    address = f"https://coffeelovers.test/posts/{number}"

    control.change_post(number, edited_text="Acme opens a shop in Graz")
    assert "Graz" in session.get(address, timeout=10).text

    control.change_post(number, deleted_at=(datetime.now().astimezone() - timedelta(seconds=1)).isoformat())
    assert session.get(address, timeout=10).status_code == 404


def test_a_change_that_is_none_is_refused(sandbox: SandboxProcess) -> None:
    number = sandbox.control.add_post(network="x", author="nia", text="Hello @acme")

    for wrong in ({"published_at": "2025-01-01T00:00:00Z"}, {"edited_at": "later"}, {}):
        with pytest.raises(ValueError, match="The sandbox refuses this"):
            sandbox.control.change_post(number, **wrong)
    with pytest.raises(ValueError, match="The sandbox refuses this"):
        sandbox.control.change_post(10**9, edited_text="x")


def test_an_unused_table_is_empty_and_an_unknown_system_is_told(sandbox: SandboxProcess) -> None:
    assert ask(sandbox, "/state/zendesk/attachments").json() == []
    assert "attachments" not in ask(sandbox, "/state/zendesk").json()
    assert ask(sandbox, "/state/zendesc/tickets").status_code == 404
    assert ask(sandbox, "/nothing").status_code == 404


def test_the_journal_is_read_on_from_a_mark(sandbox: SandboxProcess) -> None:
    session = through(sandbox.env)
    session.get("https://mastodon.test/api/v2/instance", timeout=10)
    mark = sandbox.control.mark()
    session.get("https://coffeelovers.test/feed.xml", timeout=10)

    lines = sandbox.control.journal(mark)

    assert [(line["number"], line["system"], line["path"]) for line in lines] == [(mark + 1, "blogs", "/feed.xml")]


def fill(inside: Inside, text: str) -> None:
    """The same words wherever the inspector shows somebody's words."""
    rows = inside.box.state
    rows.reset()
    inside.box.world.load()
    inside.box.world.add_post(network="x", text=text, author="nia", id=7, title=text)
    rows.table("salesforce", "leads").insert({
        "Id": "00Q1", "LastName": text, "FirstName": text, "Company": text, "Description": text, "Rating": "Hot",
        "Status": text, "Hub_Last_Post__c": f"more {text}", "Hub_Why__c": text, "Hub_Handle__c": text,
        "Hub_Network__c": text, "Hub_Intent__c": text,
    }, id="00Q1")  # fmt: skip
    rows.table("zendesk", "users").insert({"id": 1, "name": text})
    rows.table("zendesk", "tickets").insert(
        {"id": 1, "subject": text, "status": "new", "priority": "high", "requester_id": 1, "tags": [text]}
    )
    rows.table("zendesk", "comments").insert({"id": 2, "ticket_id": 1, "author_id": 1, "body": text, "public": True})
    plain = {"type": "plain_text", "text": text}
    rows.table("slack", "messages").insert(
        {"id": "C/1", "channel": "C", "ts": "1", "text": text, "blocks": [{"type": "header", "text": plain}]}
    )
    rows.table("slack", "messages").insert(
        {"id": "C/2", "channel": "C", "ts": "2", "thread_ts": "1", "text": "reply",
         "blocks": [{"type": "section", "text": plain}, {"type": "context", "elements": [plain]}]}
    )  # fmt: skip
    rows.note("x", "something", {"path": text, "method": text})
    rows.commit()


def shown(inside: Inside) -> str:
    return requests.get(f"http://127.0.0.1:{inside.box.port}/", timeout=20).text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_make_no_element_of_the_page(inside: Inside, text: str) -> None:
    fill(inside, "x")
    tame = Elements(shown(inside)).found
    fill(inside, text)
    page = shown(inside)

    assert Elements(page).found == tame
    assert len(tame) > 60
    assert "alert(1)</script>" not in page


def test_a_live_token_in_a_message_is_made_visible_and_leads_nowhere(inside: Inside) -> None:
    fill(inside, "x")
    words = "<!channel> <javascript:alert(1)|here> <https://evil.invalid|Acme support>"
    block = {"type": "section", "text": {"type": "mrkdwn", "text": words}}
    row = {"id": "C/3", "channel": "C", "ts": "3", "text": "x", "blocks": [block]}
    inside.box.state.table("slack", "messages").insert(row)

    page = shown(inside)

    assert "<mark>&lt;!channel&gt;</mark>" in page
    assert "<mark>&lt;javascript:alert(1)|here&gt;</mark>" in page
    assert "<u>Acme support</u>" in page
    assert "evil.invalid" not in "".join(re.findall(r'href="([^"]*)"', page))


def test_the_page_needs_nothing_from_elsewhere_and_runs_no_script(sandbox: SandboxProcess) -> None:
    found = ask(sandbox, "/")

    policy = found.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    elements = Elements(found.text).found
    assert not {"script", "link", "img", "iframe", "form", "object"} & {tag for tag, _ in elements}
    assert not [name for _, names in elements for name in names if name.startswith("on") or name in ("src", "style")]
    targets = re.findall(r'href="([^"]*)"', found.text)
    assert all(target.startswith(("#", "/", "http://127.0.0.1:")) for target in targets)


def test_the_page_shows_what_became_of_a_post(sandbox: SandboxProcess) -> None:
    session, number = through(sandbox.env), sandbox.control.add_post(network="x", author="nia", text="It leaks, @acme")
    query = {"query": "from:nia", "tweet.fields": "created_at"}
    bearer = {"Authorization": "Bearer sandbox-x-bearer"}
    found = session.get("https://api.x.com/2/tweets/search/recent", params=query, headers=bearer, timeout=10).json()
    address = f"https://x.com/nia/status/{found['data'][0]['id']}"
    session.post(
        "https://slack.com/api/chat.postMessage", timeout=10, headers={"Authorization": "Bearer xoxb-sandbox"},
        json={"channel": "#social-alerts", "text": "x", "blocks": [
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{address}|Open the post>"}]}]},
    )  # fmt: skip
    ts = sandbox.control.state("slack", "messages")[0]["ts"]

    page = ask(sandbox, "/").text

    assert f'<a class="mark alert" href="#message-{ts}">Alert</a>' in page
    assert f'<a href="#post-{number}">Open the post</a>' in page
    assert f'id="post-{number}"' in page


def test_the_page_can_follow_what_happens(sandbox: SandboxProcess) -> None:
    assert '<meta http-equiv="refresh" content="5">' in ask(sandbox, "/?every=5").text
    assert "http-equiv" not in ask(sandbox, "/").text
    assert ask(sandbox, "/?every=often").status_code == 400


def test_an_empty_sandbox_has_a_page_too(start: Callable[..., Inside]) -> None:
    page = shown(start())

    assert "No leads yet" in page
    assert "No tickets yet" in page
    assert "No messages yet" in page
