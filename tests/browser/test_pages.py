"""Every page in a real browser: quiet, by itself, within reach of everybody. A page joins by being led to."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from benchmarks.serving.reading import UNMADE
from tests.browser.conftest import Centre, looking
from tests.browser.hostile import CANARY

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("pages")]

SERIOUS = ("serious", "critical")
PHONE = {"width": 360, "height": 740}
WALL = "/command-centre/wall"
STRUCTURE = """() => [...document.querySelectorAll('*')].map(
    (one) => one.tagName + '|' + [...one.attributes].map((each) => each.name).sort().join(' '))"""
TOO_WIDE = """() => {
    if (document.documentElement.scrollWidth <= window.innerWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
        (one) => one.getBoundingClientRect().right > window.innerWidth + 1 && !one.closest('.scroll'));
    return ['too wide', ...wide.slice(0, 5).map((one) => one.tagName + '.' + one.className)]; }"""
FOCUSED = """() => { const one = document.activeElement; const style = getComputedStyle(one);
    const mark = one.dataset.tabbed ? 'again' : 'first'; one.dataset.tabbed = 'yes';
    return { tag: one.tagName, said: one.textContent.trim().slice(0, 40), mark,
             seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 }; }"""
REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter((one) => !one.disabled && one.type !== 'hidden' && one.tabIndex >= 0 && one.checkVisibility()).length"""


def test_a_reader_comes_to_every_page(centre: Centre) -> None:
    routes = {route for method, route in centre.served.routes if method == "GET"}

    assert {route for route, _ in centre.addresses} == routes - UNMADE


def test_no_page_complains_or_asks_anybody_else(centre: Centre, look: Any) -> None:
    said, strangers = {}, {}
    for route, address in centre.pages.items():
        page = look(address)
        page.wait_for_load_state("networkidle")
        said[route] = page.said
        strangers[route] = [url for url in page.asked if not url.startswith((centre.served.address, "data:"))]
        page.close()

    assert not any(said.values()), told(said)
    assert not any(strangers.values()), told(strangers)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(centre: Centre, look: Any, scheme: str) -> None:
    faults = {}
    for route, address in centre.pages.items():
        page = look(address, color_scheme=scheme, bypass_csp=True)  # axe is a script of the test's
        found = Axe().run(page).response["violations"]
        faults[route] = [
            (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"][:300])
            for each in found
            if each["impact"] in SERIOUS
        ]
        page.close()

    assert not any(faults.values()), told(faults)


def test_a_phone_needs_no_sideways_scrolling(centre: Centre, look: Any) -> None:
    wide = {}
    for route, address in centre.pages.items():
        page = look(address, viewport=PHONE)
        wide[route] = page.evaluate(TOO_WIDE)
        page.close()

    assert not any(wide.values()), told(wide)


def test_the_keyboard_comes_everywhere_and_shows_where_it_is(centre: Centre, look: Any) -> None:
    missed, unseen = {}, {}
    for route, address in centre.pages.items():
        page = look(address)
        there = page.evaluate(REACHABLE)
        met = []
        for _ in range(there + 5):
            page.keyboard.press("Tab")
            one = page.evaluate(FOCUSED)
            if one["tag"] == "BODY" or one["mark"] == "again":
                break
            met.append(one)
        unseen[route] = [(one["tag"], one["said"]) for one in met if not one["seen"]]
        missed[route] = there - len(met)
        page.close()

    assert not any(unseen.values()), told(unseen)
    assert max(missed.values()) <= 0, told(missed)


def test_the_screen_on_the_wall_refreshes_itself(centre: Centre, look: Any) -> None:
    if WALL not in centre.pages:
        pytest.skip("there is no screen on the wall")
    page = look(WALL)
    said = centre.served.get(WALL)
    seconds = {name.lower(): value for name, value in said.headers.items()}.get("refresh", "")
    seconds = seconds or page.evaluate("document.querySelector('meta[http-equiv=refresh i]')?.content || ''")

    assert 5 <= int(seconds.partition(";")[0]) <= 300


@pytest.fixture
def look_at_hostile(hostile_centre: Centre, chromium: Any) -> Iterator[Any]:
    yield from looking(hostile_centre, chromium)


def test_hostile_words_change_no_page_and_run_nowhere(
    centre: Centre, hostile_centre: Centre, look: Any, look_at_hostile: Any
) -> None:
    assert set(hostile_centre.pages) == set(centre.pages)
    ran, changed, strangers, evaluated = {}, {}, {}, {}
    for route, address in centre.pages.items():
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
