"""Every page in a real browser: quiet, by itself, within reach of everybody. A page joins by being led to."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from benchmarks.serving.reading import UNMADE
from tests.browser.conftest import Centre, looking
from tests.browser.hostile import CANARY

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("pages")]

SERIOUS = ("serious", "critical")
ASKED = {"light": {}, "dark": {"runOnly": ["color-contrast", "link-in-text-block"]}}  # what depends on colours
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
WALL = "/command-centre/wall"
STRUCTURE = """() => [...document.querySelectorAll('*')].map(
    (one) => one.tagName + '|' + [...one.attributes].map((each) => each.name).sort().join(' '))"""
TOO_WIDE = """() => {
    if (document.documentElement.scrollWidth <= window.innerWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
        (one) => one.getBoundingClientRect().right > window.innerWidth + 1 && !one.closest('.scroll'));
    return ['too wide', ...wide.slice(0, 5).map((one) => one.tagName + '.' + one.className)]; }"""
MEETING = """() => { const met = window.met = []; const seen = new Set();
    document.addEventListener('focusin', ({ target: one }) => {
        const style = getComputedStyle(one);
        met.push({ tag: one.tagName, said: one.textContent.trim().slice(0, 40), again: seen.has(one),
                   seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 });
        seen.add(one); }, true); }"""
REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter((one) => !one.disabled && one.type !== 'hidden' && one.tabIndex >= 0 && one.checkVisibility()).length"""


def test_a_reader_comes_to_every_page(centre: Centre) -> None:
    routes = {route for method, route in centre.served.routes if method == "GET"}

    assert {route for route, _ in centre.addresses} == routes - UNMADE


@dataclass(frozen=True)
class Visit:
    """What a page was like: in both lights, on a phone, and by keyboard."""

    faults: dict[str, list[Any]]  # that shut somebody out, by colour scheme
    wide: list[str]
    missed: int  # of what the keyboard should reach
    unseen: list[tuple[str, str]]  # what it reaches without showing it
    said: list[str]
    strangers: list[str]


@pytest.fixture(scope="module")
def visits(centre: Centre, chromium: Any) -> dict[str, Visit]:
    """One visit to each page, by its route: to load a page costs more than all that is asked of it."""
    with looking(centre, chromium) as look:
        return {route: visit(centre, look(address)) for route, address in centre.pages.items()}


def visit(centre: Centre, page: Any) -> Visit:
    """Everything that the tests below want to know of a page; what it says and asks for is noted meanwhile."""
    faults = {scheme: shutting_out(page, scheme) for scheme in ("light", "dark")}
    page.set_viewport_size(PHONE)
    wide = page.evaluate(TOO_WIDE)
    page.set_viewport_size(DESK)
    missed, unseen = by_keyboard(page)
    page.wait_for_load_state("networkidle")
    strangers = [url for url in page.asked if not url.startswith((centre.served.address, "data:"))]
    page.close()
    return Visit(faults, wide, missed, unseen, page.said, strangers)


def shutting_out(page: Any, scheme: str) -> list[Any]:
    """What axe finds grave, in this colour scheme."""
    page.emulate_media(color_scheme=scheme)
    found = Axe().run(page, options={"resultTypes": ["violations"], **ASKED[scheme]}).response["violations"]
    return [
        (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"][:300])
        for each in found
        if each["impact"] in SERIOUS
    ]


def by_keyboard(page: Any) -> tuple[int, list[tuple[str, str]]]:
    """How much the Tab key does not come to, and where it does not show that it is there."""
    there = page.evaluate(REACHABLE)
    page.evaluate(MEETING)
    for _ in range(there + 5):
        page.keyboard.press("Tab")
    met = list(takewhile(lambda one: not one["again"], page.evaluate("window.met")))
    return there - len(met), [(one["tag"], one["said"]) for one in met if not one["seen"]]


def test_no_page_complains_or_asks_anybody_else(visits: dict[str, Visit]) -> None:
    assert told({route: visit.said for route, visit in visits.items()}) == ""
    assert told({route: visit.strangers for route, visit in visits.items()}) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(visits: dict[str, Visit], scheme: str) -> None:
    assert told({route: visit.faults[scheme] for route, visit in visits.items()}) == ""


def test_a_phone_needs_no_sideways_scrolling(visits: dict[str, Visit]) -> None:
    assert told({route: visit.wide for route, visit in visits.items()}) == ""


def test_the_keyboard_comes_everywhere_and_shows_where_it_is(visits: dict[str, Visit]) -> None:
    assert told({route: visit.unseen for route, visit in visits.items()}) == ""
    assert max(visit.missed for visit in visits.values()) <= 0, {route: v.missed for route, v in visits.items()}


def test_the_screen_on_the_wall_refreshes_itself(centre: Centre, chromium: Any) -> None:
    if WALL not in centre.pages:
        pytest.skip("there is no screen on the wall")
    said = centre.served.get(WALL)
    seconds = {name.lower(): value for name, value in said.headers.items()}.get("refresh", "")
    if not seconds:
        with looking(centre, chromium) as look:
            seconds = look(WALL).evaluate("document.querySelector('meta[http-equiv=refresh i]')?.content || ''")

    assert 5 <= int(seconds.partition(";")[0]) <= 300


def test_hostile_words_change_no_page_and_run_nowhere(centre: Centre, hostile_centre: Centre, chromium: Any) -> None:
    assert set(hostile_centre.pages) == set(centre.pages)
    ran, changed, strangers, evaluated = {}, {}, {}, {}
    with looking(centre, chromium) as look, looking(hostile_centre, chromium) as look_at_hostile:
        for route, address in centre.pages.items():  # side by side: what is late on one is late on the other
            harmless, hostile = look(address), look_at_hostile(hostile_centre.pages[route])
            ran[route] = hostile.said
            strangers[route] = [url for url in hostile.asked if "elsewhere.test" in url]
            changed[route] = difference(harmless.evaluate(STRUCTURE), hostile.evaluate(STRUCTURE))
            evaluated[route] = str(CANARY * 7) in hostile.content()
            harmless.close()
            hostile.close()

    assert not any(ran.values()), told(ran)
    assert not any(strangers.values()), told(strangers)
    assert not any(changed.values()), told(changed)
    assert not any(evaluated.values()), told(evaluated)


def told(found: dict[str, Any]) -> str:
    """What was found, page by page."""
    return "\n".join(f"{route}: {one}" for route, one in found.items() if one)


def difference(harmless: list[str], hostile: list[str]) -> list[str]:
    """Where the elements of two pages first differ, with their neighbours."""
    if harmless == hostile:
        return []
    first = next(
        (place for place, pair in enumerate(zip(harmless, hostile, strict=False)) if pair[0] != pair[1]),
        min(len(harmless), len(hostile)),
    )
    return [
        f"{len(harmless)} and {len(hostile)}",
        *harmless[first - 2 : first + 3],
        "--",
        *hostile[first - 2 : first + 3],
    ]
