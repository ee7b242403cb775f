"""The component in a real browser: compiled as Salesforce compiles it, given an answer, looked at as a rep looks at it.

`WRITE_IMAGES=1` writes the picture that the guides show.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]

REPO = Path(__file__).resolve().parents[3]
PACKAGE = REPO / "connectors" / "salesforce" / "package"
PARTS = Path(__file__).parent / "component"
PICTURE = REPO / "docs" / "images" / "social-context.png"
SITE = "https://acme.lightning.force.test"
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='taken over'</script>"
GRAPHQL = """
export const gql = (parts) => parts.join('');
export class graphql {
    constructor(tell) { this.tell = tell; }
    connect() {}
    disconnect() {}
    update({ query }) { if (query) { this.tell(globalThis.answer); } }
}
"""


def value(given: Any) -> dict[str, Any]:
    return {"value": given}


def edges(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"edges": [{"node": row} for row in rows]}


def node(id: str, **fields: Any) -> dict[str, Any]:
    return {"Id": id} | {name: value(given) for name, given in fields.items()}


def post(id: str, text: str, **more: Any) -> dict[str, Any]:
    facts = {"Network__c": "mastodon", "Kind__c": "post", "Intent__c": "purchase", "Sentiment__c": "positive"}
    return node(id, **facts | {"Text__c": text, "URL__c": f"https://mastodon.test/@ana/{id}"} | more)


def answer(name: str, *said: dict[str, Any]) -> dict[str, Any]:
    """What Salesforce answers for one lead of one person."""
    persona = node(
        "a00", Network__c="mastodon", Handle__c="ana@mastodon.test", Display_Name__c=name, Followers__c=12_345,
        Profile_URL__c="https://mastodon.test/@ana", Verified__c=True, Audience__c="influencer", Influence__c=71.5,
        Sentiment_Trend__c="rising", Sentiment_Score__c=0.42, Posts_Seen__c=23,
        First_Seen__c="2025-11-20T08:00:00.000Z",
    )  # fmt: skip
    record = node(
        "00Q", Hub_Intent__c="purchase", Hub_Score__c=0.93, Hub_Grade__c="A1", Hub_Fit__c=70, Hub_Behaviour__c=54.6,
        Hub_Chance__c=0.18, Hub_Link__c="https://hub.acme.test/command-centre/handoffs/1",
        Hub_Sentiment_Trend__c="rising: 0.42 over the last 5, 0.1 over 9 before",
        Hub_Reasons__c="fit firm 25\nfit full name 20\nbehaviour purchase 54.6\nAs of 2 Mar 2026, 12:00 UTC",
        Hub_Why__c="Route purchase-lead@1\nClassifier rules@1\nMapping salesforce@3\nEvidence asks-price",
    )  # fmt: skip
    found = {"Lead": edges(record), "SocialPersona__c": edges(persona | {"SocialPosts__r": edges(*said)})}
    return {"data": {"uiapi": {"query": found}}}


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    """The component's modules and the engine's, by address."""
    node_js = shutil.which("node")
    if node_js is None or not (PACKAGE / "node_modules").exists():
        pytest.skip("the Lightning component in a browser needs Node's packages: make setup-web")
    compiled = subprocess.run(
        [node_js, PARTS / "compile.cjs"], cwd=PACKAGE, capture_output=True, timeout=120, check=True
    ).stdout
    made: dict[str, str] = json.loads(compiled)
    return made | {
        "/graphql.js": GRAPHQL, "/locale.js": "export default 'en-GB';", "/zone.js": "export default 'UTC';",
    }  # fmt: skip


@pytest.fixture
def page(chromium: Any, modules: dict[str, str]) -> Iterator[Any]:
    """A page that gets everything from here, and notes what it complains of."""
    opened = chromium.new_page(viewport={"width": 1120, "height": 900}, device_scale_factor=1)
    opened.said = []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))

    def serve(route: Any) -> None:
        path = route.request.url.removeprefix(SITE).partition("?")[0]
        script = modules.get(path) or modules.get(f"{path}.js")
        if path == "/":
            route.fulfill(body=(PARTS / "page.html").read_text(), content_type="text/html")
        elif path == "/lightning.css":
            route.fulfill(body=(PARTS / "lightning.css").read_text(), content_type="text/css")
        elif script is not None:
            route.fulfill(body=script, content_type="text/javascript")
        else:
            opened.said.append(f"asked for {path}")
            route.abort()

    opened.route("**/*", serve)
    yield opened
    opened.close()


def show(page: Any, told: dict[str, Any]) -> Any:
    page.add_init_script(f"globalThis.answer = {json.dumps(told)};")
    page.goto(f"{SITE}/")
    component = page.get_by_role("article", name="Social context")
    component.get_by_role("heading", name="What they said last").wait_for()
    return component


def test_a_rep_sees_who_it_is_why_and_what_they_said(page: Any) -> None:
    said = [
        post("9", "Which machine for an office of ten? The old one gave up.", Posted_At__c="2026-03-02T09:15:00.000Z"),
        post("8", "Their support answered within the hour. Impressed.", Posted_At__c="2026-02-27T17:40:00.000Z",
             Intent__c="praise"),
        post("7", "Why is the descaler sold out again?", Posted_At__c="2026-02-20T07:05:00.000Z", Kind__c="reply",
             Intent__c="complaint", Sentiment__c="negative"),
    ]  # fmt: skip
    component = show(page, answer("Ana Petrov", *said))

    assert [heading.inner_text() for heading in component.get_by_role("heading").all()] == [
        "Social context", "Who this is in public", "Why they are here", "What they said last",
    ]  # fmt: skip
    assert component.get_by_role("link", name="Ana Petrov on mastodon (opens in a new tab)").is_visible()
    assert component.locator("blockquote").count() == 3
    assert component.get_by_role("link", name="Open the reply on mastodon").is_visible()
    assert not component.get_by_text("Route purchase-lead@1").is_visible()
    component.get_by_text("How it was found").click()
    assert component.get_by_text("Route purchase-lead@1").is_visible()
    component.get_by_text("How it was found").click()
    if os.environ.get("WRITE_IMAGES"):
        page.mouse.move(0, 0)
        page.screenshot(path=PICTURE, full_page=True)
    assert page.said == []


def test_what_people_wrote_takes_nothing_over(page: Any) -> None:
    component = show(page, answer(HOSTILE, post("9", HOSTILE, Kind__c=HOSTILE, URL__c="javascript:document.title='x'")))

    assert component.locator("blockquote").inner_text() == HOSTILE
    assert component.locator("img, script").count() == 0
    assert page.title() == "A lead with its social context"
    assert [link.get_attribute("href") for link in component.get_by_role("link").all()] == [
        "https://mastodon.test/@ana", "https://hub.acme.test/command-centre/handoffs/1",
    ]  # fmt: skip
    assert page.said == []


def test_it_fits_a_narrow_column(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.add_init_script("addEventListener('load', () => document.querySelector('main').style.display = 'block');")
    component = show(page, answer("A" * 200, post("9", "B" * 3_000)))

    assert component.evaluate("element => element.scrollWidth <= element.clientWidth + 1")
