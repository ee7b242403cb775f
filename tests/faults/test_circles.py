"""F08 for every network: pages that lead back to where they came from are left within two requests more.

Whatever a list is asked for, once it was asked so often it gives the answers that it has given before, from the first
on: one answer is a page that leads to itself, two are a circle.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import msgspec
import pytest

import connectors
from hub.errors import ContractBroken
from hub.stages import collect
from hub.stages.collect import Pulled
from sandbox.invention import invent
from sandbox.messages import Reply, Request
from sandbox.scenario import load_scenario
from tests.faults.ground import Ground
from tests.faults.wire import Ask

POSTS = 120
SMALL = 10  # items of a page, so that these are several
FILES = ("importer", "google_plus")  # no network: what they read has no pages
ONE_PAGE = ("blogs",)  # feeds lead from address to address: their circles are in `test_pages`
NAMES = [
    each.name
    for each in connectors.manifests(kind="network")
    if each.maturity != "draft" and each.name not in (*FILES, *ONE_PAGE)
]
PLACES = {  # what says which page of a list is meant, at any network
    "after", "before", "cursor", "max", "max_id", "min", "min_id", "next_token", "numericFilters", "offset", "page",
    "pageToken", "page_cursor", "pagination_token", "since", "since_id", "start", "until", "__paging_token",
}  # fmt: skip
SIZES = {"count", "hitsPerPage", "limit", "maxResults", "max_results", "pagesize"}
MORE = 2


class Circle:
    """Stands before a network: each of its lists gives so many answers, and then these again."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._given: dict[Any, list[tuple[Reply | None, Any]]] = defaultdict(list)
        self.asked: Counter[Any] = Counter()

    def __call__(self, ask: Ask, request: Request) -> tuple[Reply | None, Any]:
        known = {name: values for name, values in request.query.items() if name not in PLACES}
        key = (request.method, request.host, request.path, repr(sorted(known.items())), request.body)
        place = self.asked[key]
        self.asked[key] += 1
        if place < self._length:
            small = {
                name: [str(min(int(values[0]), SMALL))] if name in SIZES else values
                for name, values in request.query.items()
            }
            self._given[key].append(ask(replace(request, query=small)))
        return self._given[key][place % self._length]

    @property
    def most(self) -> int:
        """How often the list was asked that was asked most."""
        return max(self.asked.values())


def pull(ground: Ground, name: str) -> Pulled:
    """One run of one network."""
    hub = ground.hub
    with hub.open_network(name) as network:
        return collect.pull(
            network, hub.config.watches_of(name), store=hub.store, landing=hub.landing, run="collect",
            triage=hub.config.triage, streams=1,
        )  # fmt: skip


@pytest.fixture
def talkative(ground: Ground, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A day on one network, of which nobody has read anything."""
    name = request.getfixturevalue("name")
    only = msgspec.structs.replace(load_scenario("quiet_day"), posts=POSTS, networks={name: 1}, elsewhere={}, faults=[])
    monkeypatch.setattr(f"connectors.{name}.connector.PAGE_SIZE", SMALL, raising=False)
    invent(ground.played.world, only, seed=8)
    ground.played.state.commit()
    return ground


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_f08_every_network_leaves_a_circle_within_two_requests(talkative: Ground, name: str, length: int) -> None:
    circle = Circle(length)
    talkative.wire.twists.append(circle)

    pulled = pull(talkative, name)

    assert length < circle.most <= length + MORE
    assert pulled.failures
    assert all(isinstance(failure, ContractBroken) and "circle" in str(failure) for failure in pulled.failures.values())
    talkative.wire.twists.clear()
    assert pull(talkative, name).failures == {}
