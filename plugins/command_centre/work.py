"""The page of leads and cases: from posts to what became of the work, and which rules that speaks for."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from command_centre import figured, looking, pictures
from command_centre.figured import Card, Chart
from command_centre.filters import Asked
from command_centre.looking import Look
from command_centre.pages import facts_of, page
from hub.pictures import Bar, bar_chart
from hub.store import Course, HandedOff, Queue
from hub.store.tallies import MOST

router = APIRouter()

RECENT = 15
KINDS = ("Lead", "Case")
CARDS = ("leads", "cases", "contact_volume", "leads_won", "lead_conversion_30d")  # those that there are
COLUMNS = ("kind", "route", "network", "team")
COUNTS = ("handoffs", "begun", "delivered", "waiting", "refused", "corrected", "won", "lost")


@dataclass(frozen=True)
class Sum:
    """Work that is alike in something, added up."""

    names: tuple[str, ...]
    counts: dict[str, int]

    def __getattr__(self, name: str) -> int:
        try:
            return self.counts[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def right(self) -> float | None:
        """What share of it nobody said was something else; a rule of which nothing is known has none."""
        return 1 - self.counts["corrected"] / self.counts["handoffs"] if self.counts["handoffs"] else None

    @property
    def rate(self) -> float | None:
        """What share of the leads whose end is known was won."""
        ended = self.counts["won"] + self.counts["lost"]
        return self.counts["won"] / ended if ended else None


@dataclass(frozen=True)
class Work:
    """Everything the page shows."""

    now: datetime
    cards: list[Card]
    funnel: Chart
    rules: list[Sum]  # kind, route
    networks: list[Sum]
    teams: list[Sum]
    queues: list[Queue]
    recent: list[HandedOff]
    whole: bool  # False: more work was made than a tally looks at


def work(look: Look) -> Work:
    """What the filters leave; queues are those of now, whatever the filters say."""
    scope, tallies = look.filters.scope, look.view.tallies
    narrowed: dict[str, Any] = {"network": scope.network, "team": scope.team, "subject": scope.subject}
    courses = tallies.by_route(scope.since, scope.until, **narrowed)
    ids = tallies.newest(scope.since, scope.until, RECENT, kinds=KINDS, **narrowed)
    posts = look.view.arrivals.read(scope.since, scope.until, network=scope.network)
    mentions = look.figures.figure("mentions", scope.with_(team=None)).value
    drawing = bar_chart("From posts to what became of them", _funnel(posts, mentions, courses), unit="count")
    return Work(
        now=look.now,
        cards=figured.cards(look, CARDS),
        funnel=figured.kept(drawing, None, f"/funnel.csv{look.filters.query()}", look),
        rules=_summed(courses, lambda one: (one.kind, one.route)),
        networks=_summed(courses, lambda one: (one.network,)),
        teams=_summed(courses, lambda one: (one.team,)),
        queues=tallies.queues(),
        recent=look.view.handoffs.told(ids),
        whole=sum(one.handoffs for one in courses) < MOST,
    )


@router.get("/work", response_class=HTMLResponse)
def page_of_work(given: Asked) -> HTMLResponse:
    """The funnel, the rules by what became of their work, what waits, and the newest."""
    with looking.look(given) as look:
        return page("work.html", here="work", **look.facts | facts_of(work(look)))


@router.get("/funnel.csv")
def funnel(given: Asked) -> Response:
    """The funnel as a table."""
    with looking.look(given) as look:
        drawing = work(look).funnel.drawing
    return pictures.as_csv("funnel", drawing.columns, drawing.rows)


@router.get("/rules.csv")
def rules(given: Asked) -> Response:
    """Each rule's work for each team on each network, and what became of it."""
    with looking.look(given) as look:
        scope = look.filters.scope
        courses = look.view.tallies.by_route(
            scope.since, scope.until, network=scope.network, team=scope.team, subject=scope.subject
        )
    rows = [[getattr(one, name) for name in (*COLUMNS, *COUNTS)] for one in courses]
    return pictures.as_csv("rules", (*COLUMNS, *COUNTS), rows)


def _funnel(posts: int, mentions: float | None, courses: list[Course]) -> list[Bar]:
    total = {name: sum(getattr(one, name) for one in courses) for name in COUNTS}
    return [
        Bar(name="Posts read", value=posts),
        Bar(name="Mentions", value=mentions),
        Bar(name="Handed off", value=total["handoffs"]),
        Bar(name="Begun by these", value=total["begun"]),
        Bar(name="Delivered", value=total["delivered"]),
        Bar(name="Won", value=total["won"]),
        Bar(name="Lost", value=total["lost"]),
    ]


def _summed(courses: list[Course], alike: Callable[[Course], tuple[str, ...]]) -> list[Sum]:
    sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys((*COUNTS, *KINDS, "Alert"), 0))
    for one in courses:
        counts = sums[alike(one)]
        for name in COUNTS:
            counts[name] += getattr(one, name)
        counts[one.kind] += one.begun
    return sorted((Sum(*pair) for pair in sums.items()), key=lambda one: (-one.counts["handoffs"], one.names))
