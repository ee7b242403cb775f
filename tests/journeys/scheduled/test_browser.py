"""A person in a browser: from a link in a ticket, through the log-in, to the story behind it."""

from pathlib import Path

import pytest

from hub.launcher import down

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("airflow")]

SHOTS = Path(__file__).resolve().parents[3] / "var" / "screenshots"


@pytest.fixture(scope="module", autouse=True)
def last_story(running_hub):
    """After these stories nobody needs the hub: it would go on polling beside all other tests."""
    yield
    down(settings=running_hub.settings)


@pytest.fixture(scope="module")
def signed_in(running_hub, chromium):
    """A browser that came by a handoff's link, was sent to the log-in, and came back."""
    running_hub.wait()
    with running_hub.look() as store, store.read() as view:
        handoff = view.handoffs.recent(limit=1)[0]
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.outside = []
    page.on("request", lambda request: page.outside.append(request.url))
    answer = page.goto(handoff.handoff.provenance.link)
    assert answer.status == 401
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Username").fill(running_hub.running.user)
    page.locator("input[type=password]").fill(running_hub.password)
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/command-centre/handoffs/*")
    SHOTS.mkdir(parents=True, exist_ok=True)
    yield page, handoff
    context.close()


def shoot(page, name):
    page.wait_for_timeout(500)  # what is in a frame is painted a little later
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def test_a_link_in_a_ticket_leads_through_the_log_in_to_its_story(signed_in):
    page, handoff = signed_in

    assert page.url == handoff.handoff.provenance.link
    assert page.get_by_role("heading", level=1).inner_text().startswith("Why is there this")
    assert handoff.handoff.post.text.strip()[:30] in page.locator(".post .text").inner_text()
    page.get_by_text("Show it in the network's own words").click()
    assert handoff.handoff.post.native_id in page.locator("pre").inner_text()
    shoot(page, "handoff")


def test_the_first_page_says_what_came_in_and_that_it_balances(signed_in, running_hub):
    page, _ = signed_in

    page.goto(f"{running_hub.running.address}/command-centre/")

    assert page.get_by_text("The ledger balances").is_visible()
    assert page.get_by_role("row").count() > 5
    shoot(page, "overview")


def test_the_hub_is_in_airflow_s_menu_and_on_its_home_page(signed_in, running_hub):
    page, _ = signed_in

    page.goto(running_hub.running.address)
    page.get_by_text("became work").wait_for()
    shoot(page, "home")
    page.get_by_role("link", name="Hub", exact=True).first.click()
    page.frame_locator("iframe").get_by_role("heading", level=1).wait_for()
    shoot(page, "in-airflow")


def test_a_phone_needs_no_sideways_scrolling(signed_in, running_hub):
    page, handoff = signed_in
    page.set_viewport_size({"width": 360, "height": 740})
    try:
        for name, path in {
            "phone": "/",
            "phone-handoff": f"/handoffs/{handoff.id}",
            "phone-quarantine": "/quarantine",
        }.items():
            page.goto(f"{running_hub.running.address}/command-centre{path}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
            shoot(page, name)
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})


def test_the_keyboard_reaches_the_content_first(signed_in, running_hub):
    page, _ = signed_in
    page.goto(f"{running_hub.running.address}/command-centre/")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_page_asks_nobody_else_for_anything(signed_in, running_hub):
    page, _ = signed_in
    page.goto(f"{running_hub.running.address}/command-centre/")

    strangers = [url for url in page.outside if not url.startswith((running_hub.running.address, "data:", "blob:"))]
    assert strangers == []


def test_a_run_in_airflow_shows_what_it_made(signed_in, running_hub):
    page, handoff = signed_in
    dag, _, run = handoff.handoff.provenance.run.partition("/")

    page.goto(f"{running_hub.running.address}/dags/{dag}/runs/{run}/plugin/what-it-made")

    inside = page.frame_locator("iframe")
    inside.get_by_role("heading", name="What this run made").wait_for()
    assert inside.get_by_role("link", name=handoff.handoff.kind, exact=True).count() > 0
    shoot(page, "run")
