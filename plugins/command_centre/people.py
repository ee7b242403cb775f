"""The pages of people: who is heard, what each is to us, who is one person, and all that is held of one of them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import HTMLResponse, Response

from command_centre import looking, pictures
from command_centre.filters import Asked
from command_centre.pages import facts_of, page
from hub.domain import Author, LeadScore, Post, Signal
from hub.store import HandedOff, StandingOf, Tie, View

router = APIRouter()

Key = Annotated[str, Path(max_length=2000)]
SHOWN = 50
FEW = 25  # ties, posts, pieces of work
WEIGHTS = ("followers", "listed", "mentioned", "shared")  # parts of an influence
CLASSES = ("media", "analyst", "influencer", "advocate", "customer", "public")
Class = Annotated[Literal["media", "analyst", "influencer", "advocate", "customer", "public"] | None, Query()]


@dataclass(frozen=True)
class Account:
    """One account, and how it stands."""

    key: str
    author: Author | None  # None: nothing is held of it any more
    standing: StandingOf | None

    @property
    def network(self) -> str:
        """Where it is."""
        return self.key.partition(":")[0]

    @property
    def name(self) -> str:
        """How it calls itself; its key where the network does not say, or what it said is not kept."""
        return (self.author and (self.author.handle or self.author.display_name)) or self.key

    @property
    def parts(self) -> list[tuple[str, float]]:
        """What its influence is the sum of, the most first."""
        parts = self.standing.parts if self.standing else {}
        return sorted(((name, points) for name, points in parts.items() if points), key=lambda pair: -pair[1])


@dataclass(frozen=True)
class Pair:
    """Two accounts that are, or may be, one person's."""

    tie: Tie
    one: Account
    other: Account


@dataclass(frozen=True)
class People:
    """The loudest, by what they are to us, and who is one person."""

    now: datetime
    audience: str | None
    loudest: list[Account]
    classes: list[tuple[str, int]]
    suggested: list[Pair]
    merged: list[Pair]


def people(view: View, *, network: str | None = None, audience: str | None = None) -> People:
    """Of one network or of all that are watched."""
    networks = [network] if network else sorted({watch.network for watch in view.watches.listing()})
    standings: list[StandingOf] = []
    classes: Counter[str] = Counter()
    for name in networks:
        standings += view.people.heard(name, audience=audience, limit=SHOWN)
        classes += view.people.audiences(name)
    loud = sorted(standings, key=lambda one: (-one.influence, one.author))[:SHOWN]
    ties = {state: view.people.listing(state, FEW) for state in ("suggested", "merged")}
    keys = {one.author for one in loud} | {
        key for some in ties.values() for tie in some for key in (tie.one, tie.other)
    }
    known = _accounts(view, keys)
    pairs = {state: [Pair(tie, known[tie.one], known[tie.other]) for tie in some] for state, some in ties.items()}
    return People(
        now=view.now, audience=audience, loudest=[known[one.author] for one in loud],
        classes=[(name, classes[name]) for name in CLASSES], **pairs,
    )  # fmt: skip


@dataclass(frozen=True)
class Said:
    """One post of theirs, and what was found in it; why not, where it is not kept."""

    post: Post
    signal: Signal | None
    gone: str | None


@dataclass(frozen=True)
class Person:
    """All accounts of one person, what they said, and the work of it."""

    now: datetime
    asked: str
    accounts: list[Account]
    ties: list[Pair]
    score: LeadScore | None
    posts: list[Said]
    work: list[HandedOff]
    cases: int
    leads: int


def person(view: View, key: str) -> Person | None:
    """The person behind this account; None where nothing is held of it."""
    keys = view.people.person(key)
    ties = {tie.id: tie for each in keys for tie in view.people.ties_of(each)}
    known = _accounts(view, {*keys, *(end for tie in ties.values() for end in (tie.one, tie.other))})
    posts = [post for each in keys for post in view.posts.recent(FEW, author=each)]
    if not posts and not ties and known[key].author is None and known[key].standing is None:
        return None
    newest = sorted(posts, key=lambda post: post.published_at, reverse=True)[:FEW]
    shown = [post.key for post in newest]
    signals, gone = view.signals.of(shown), view.posts.gone(shown)
    work = sorted(
        (made for each in keys for made in view.handoffs.recent(FEW, author=each)),
        key=lambda made: made.created_at, reverse=True,
    )  # fmt: skip
    things = view.tallies.things(keys)
    return Person(
        now=view.now, asked=key, accounts=[known[each] for each in keys],
        ties=[Pair(tie, known[tie.one], known[tie.other]) for tie in ties.values()],
        score=next((found for each in keys if (found := view.leads.score(each))), None),
        posts=[Said(post, signals.get(post.key), gone.get(post.key)) for post in newest], work=work[:FEW],
        cases=things["Case"], leads=things["Lead"],
    )  # fmt: skip


@router.get("/people", response_class=HTMLResponse)
def page_of_people(given: Asked, audience: Class = None) -> HTMLResponse:
    """Who is heard, by what they are to us; and who may be one person."""
    with looking.look(given) as look:
        found = people(look.view, network=look.filters.network, audience=audience)
        return page("people.html", here="people", **look.facts | facts_of(found))


@router.get("/people.csv")
def loudest(given: Asked, audience: Class = None) -> Response:
    """The loudest accounts with what their influence is made of."""
    with looking.look(given) as look:
        found = people(look.view, network=look.filters.network, audience=audience).loudest
    columns = ("account", "name", "network", "audience", "influence", *WEIGHTS)
    rows = [
        (each.key, each.name, each.network, each.standing.audience, each.standing.influence,
         *(each.standing.parts.get(part) for part in WEIGHTS))
        for each in found
        if each.standing
    ]  # fmt: skip
    return pictures.as_csv("people", columns, rows)


@router.get("/people/{author:path}", response_class=HTMLResponse)
def page_of_person(given: Asked, author: Key) -> HTMLResponse:
    """Everything that is held of the person behind one account."""
    with looking.look(given) as look:
        found = person(look.view, author)
        if found is None:
            raise HTTPException(404, "We hold nothing of this account.")
        return page("person.html", here="people", **look.facts | facts_of(found))


def _accounts(view: View, keys: set[str]) -> dict[str, Account]:
    authors, standings = view.authors.many(keys), view.people.standings(keys)
    return {key: Account(key, authors.get(key), standings.get(key)) for key in keys}
