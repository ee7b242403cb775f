"""The listening page: how much is said, how it is meant, whose voice it is, where, of what and by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from command_centre import figured, looking, pictures
from command_centre.figured import Chart
from command_centre.filters import Asked
from command_centre.looking import Look
from command_centre.pages import page
from hub.domain import Dimension, Figure, Scope
from hub.measure import catalogue
from hub.measure.figures import WHOLE, Figures
from hub.measure.keywords import Keyword, keywords

router = APIRouter(default_response_class=HTMLResponse)

KEY = (
    "mentions", "net_sentiment", "share_of_voice", "engagement", "engagement_rate", "reach_estimated", "audience",
    "reshares",
)  # fmt: skip
WEEK = timedelta(days=7)
WEEKS, ENOUGH_WEEKS = 4, 2  # before, from which is said what is usual; and how many of them must be whole
NEWEST = 300  # posts whose words are looked at
FEW = 300  # posts whose stories are told apart while somebody waits
LOUDEST = 20


@router.get("/listening")
def listening(given: Asked) -> HTMLResponse:
    """What is heard in the time that was chosen."""
    with looking.look(given) as look:
        few = (look.figures.figure("mentions", look.filters.scope).value or 0) <= FEW
        facts = look.facts | {
            "few": few,
            "cards": figured.cards(look, KEY),
            "volume": volume(look),
            "where": where(look),
            "voices": [
                *splits(look, "share_of_voice", ("subject", "network"), "Share of voice"),
                *(
                    splits(look, "share_of_voice_stories", ("subject",), "Share of voice, each story once")
                    if few
                    else []
                ),
            ],
            "what": [
                *splits(look, "mentions", ("intent", "topic"), "Mentions"),
                *splits(look, "net_sentiment", ("topic", "subject"), "Net sentiment"),
            ],
            "keywords": heard(look),
            "newest": NEWEST,
            "loudest": loudest(look),
            "audiences": splits(look, "mentions", ("audience", "kind"), "Mentions"),
        }
    return page("listening.html", **facts)


@router.get("/listening/keywords.csv")
def keywords_csv(given: Asked) -> Response:
    """Words and hashtags whose posts do best, as a table."""
    with looking.look(given) as look:
        found = heard(look, limit=500)
    columns = ("term", "posts", "voices", "engagement", "typical_engagement")
    rows = [(one.term, one.posts, one.voices, one.engagement, one.typical) for one in found]
    return pictures.as_csv("keywords", columns, rows)


def volume(look: Look) -> list[Chart]:
    """Mentions and how they are meant, over time."""
    charts = [
        figured.over_time(look, "mentions", "Mentions", expected=usual(look)),
        figured.over_time(look, "net_sentiment", "Net sentiment"),
    ]
    if look.filters.subject is None:
        charts.append(figured.over_time(look, "mentions", "Mentions by subject over time", by="subject"))
    if look.filters.network is None:
        charts.append(figured.over_time(look, "mentions", "Mentions by network over time", by="network"))
    return charts


def where(look: Look) -> list[Chart]:
    """On which networks, and how it is meant there."""
    if look.filters.network is not None:
        return []
    return [
        *splits(look, "mentions", ("network",), "Mentions"),
        *splits(look, "net_sentiment", ("network",), "Net sentiment"),
    ]


def splits(look: Look, name: str, by: Sequence[Dimension], title: str) -> list[Chart]:
    """The KPI by each of these by which it can be shown, if there is such a KPI."""
    meant = next((one for one in catalogue.definitions() if one.name == name and not one.needs), None)
    if meant is None:
        return []
    free = [each for each in by if each in meant.splits and getattr(look.filters, each, None) is None]
    return [figured.by_part(look, name, each, f"{title} by {each}") for each in free]


def usual(look: Look) -> list[float | None]:
    """For each step the mean of the same time in the four weeks before; None where fewer than two were observed."""
    figures, filters = look.figures, look.filters
    weeks = [filters.shifted(number * WEEK.days) for number in range(1, WEEKS + 1)]
    whole = filters.scope.with_(since=weeks[-1].since, until=weeks[0].until)
    told = {one.scope.since: one for one in figures.series("mentions", whole, filters.step)}  # all four at once
    steps = [figures.edges(week, filters.step) for week in weeks]
    found = []
    for at in range(len(figures.edges(filters.scope, filters.step)) - 1):
        earlier = [
            (week, edges[at], edges[at + 1]) for week, edges in zip(weeks, steps, strict=True) if at + 1 < len(edges)
        ]
        found.append(_mean([_of(figures, told, week, start, end) for week, start, end in earlier]))
    return found


def _of(figures: Figures, told: Mapping[datetime, Figure], week: Scope, start: datetime, end: datetime) -> Figure:
    """A step of an earlier week, cut as that of this one is."""
    known = told.get(start)
    if known is not None and known.scope.until == end:
        return known
    return figures.figure("mentions", week.with_(since=start, until=end))


def _mean(some: Sequence[Figure]) -> float | None:
    """Of those that were wholly seen; a step that has not ended is held against as much of the weeks before."""
    known = [figure.value for figure in some if figure.value is not None and (figure.coverage or 0) >= WHOLE]
    return sum(known) / len(known) if len(known) >= ENOUGH_WEEKS else None


def heard(look: Look, limit: int = 20) -> list[Keyword]:
    """Of the newest posts behind the mentions."""
    found = look.figures.behind("mentions", look.filters.scope, limit=NEWEST)
    return keywords((one.post for one in found), limit)


@dataclass(frozen=True)
class Loud:
    """An account that is heard."""

    standing: Any
    name: str


def loudest(look: Look) -> list[Loud]:
    """Who is heard most, as the last night's count has it."""
    view, networks = look.view, [look.filters.network] if look.filters.network else look.choices.networks
    standings = [one for network in networks for one in view.people.heard(network, limit=LOUDEST)]
    first = sorted(standings, key=lambda one: (-one.influence, one.author))[:LOUDEST]
    authors = view.authors.many([one.author for one in first])
    return [Loud(one, _called(authors.get(one.author)) or one.author) for one in first]


def _called(author: Any) -> str | None:
    return (author.display_name or author.handle) if author else None
