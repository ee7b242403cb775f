"""The overview for everybody, and the same for a screen on the wall."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from command_centre import dag_files, figured, looking, queries, words
from command_centre.figured import Card
from command_centre.filters import Asked
from command_centre.looking import Look
from command_centre.pages import page
from hub.domain import Scope
from hub.domain.config import Campaign
from hub.measure import catalogue
from hub.settings import read_settings
from hub.store import Incident

router = APIRouter(default_response_class=HTMLResponse)

KEY = ("mentions", "net_sentiment", "share_of_voice", "leads", "cases", "detection_lag_p50", "coverage")
ON_THE_WALL = ("mentions", "net_sentiment", "share_of_voice", "leads", "cases")
VOICES = 4  # things that customers say, on the wall
NAMED = 3  # of sources or destinations in one line
WRONG = 4  # things that are wrong, on the wall: more cannot be read from there


@router.get("/")
def overview(given: Asked) -> HTMLResponse:
    """How it goes, what came in, what went where, what waits."""
    with looking.look(given) as look:
        names = sorted({watch.network for watch in look.view.watches.listing()})
        facts = look.facts | {
            "it": queries.health(look.view, look.now),
            "networks": [(name, look.view.ledger.kept(network=name)) for name in names],
            "handoffs": look.view.handoffs.recent(limit=queries.RECENT),
            "cards": figured.cards(look, KEY),
            "volume": figured.over_time(look, "mentions", "Mentions", by="subject"),
            "sentiment": figured.over_time(look, "net_sentiment", "Net sentiment"),
        }
    return page("overview.html", unread=dag_files.unread(), **facts)


@router.get("/wall")
def wall(given: Asked) -> HTMLResponse:
    """For a screen that people see from afar: what is wrong first, then few numbers. It asks anew by itself."""
    usual = {} if {"period", "since", "until"} & set(given) else {"period": "24h"}
    with looking.look(usual | given) as look:
        health = queries.health(look.view, look.now)
        facts = look.facts | {
            "it": health,
            "wrong": wrong(health, len(dag_files.unread())),
            "cards": figured.cards(look, ON_THE_WALL),
            "voices": voices(look),
            "campaigns": campaigns(look),
        }
    shown = page("wall.html", most_wrong=WRONG, **facts)
    shown.headers["Refresh"] = str(read_settings().wall_seconds)
    return shown


def wrong(health: queries.Health, unread: int) -> list[str]:
    """What a person should see to now, the worst first; what people wrote is not repeated here."""
    found = [
        f"{about(one)}: severity {one.severity}, {one.count} {'post' if one.count == 1 else 'posts'}"
        for one in health.incidents
        if one.muted_until is None or one.muted_until <= health.now
    ]
    if not health.balanced:
        found.append("The ledger does not balance")
    found += _those("Not read", sorted({watch.network for watch in health.ailing}))
    found += _those("Silent, where posts are expected", health.silent)
    found += _those("Not answering", [each.name for each in health.destinations if each.is_left_alone(health.now)])
    if unread:
        found.append(f"{unread} DAG {'file' if unread == 1 else 'files'} cannot be read")
    if health.overdue:
        found.append("Quarantine waits for a person")
    return found


def _those(what: str, names: Sequence[str]) -> list[str]:
    """One line for all of these, or none."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [f"{what}: {', '.join(names[:NAMED])}{more}"] if names else []


def about(incident: Incident) -> str:
    """The subject that it is of; where there is none, the rule that opened it."""
    rule, _, subject = incident.group.partition(":")
    return words.short(subject or rule, 40)


@dataclass(frozen=True)
class Campaigning:
    """A campaign that runs now, and what is said of its subject since it began."""

    campaign: Campaign
    mentions: Card
    sentiment: Card


def campaigns(look: Look) -> list[Campaigning]:
    """Of the campaigns in hub.yaml those that run now, the newest first."""
    running = [one for one in look.config.campaigns if one.since <= look.now < one.until]
    known = {one.name for one in look.config.subjects}
    found = []
    for one in sorted(running, key=lambda each: each.since, reverse=True)[:VOICES]:
        subject = one.subject if one.subject in known else None
        scope = Scope(since=one.since, until=look.now, subject=subject)
        cards = [figured.card(look, name, scope) for name in ("mentions", "net_sentiment")]
        found.append(Campaigning(one, *cards))
    return found


def voices(look: Look) -> list[tuple[str, int]]:
    """The voice of the customer: with what intent most posts were written, and how many."""
    if "intent" not in catalogue.definition("mentions").splits:
        return []
    parts = look.figures.split("mentions", look.filters.scope, "intent")
    return [(part.name, round(part.figure.value)) for part in parts if part.figure.value and part.name != "none"][
        :VOICES
    ]
