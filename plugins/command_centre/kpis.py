"""The KPI catalogue as pages: what each figure means, what it is now, and how it went."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from command_centre import figured, looking
from command_centre.figured import Chart
from command_centre.filters import Asked
from command_centre.looking import Look
from command_centre.pages import page
from command_centre.pictures import Name, known
from hub.domain import Definition
from hub.domain.figures import Group
from hub.measure import catalogue

router = APIRouter(default_response_class=HTMLResponse)

GROUPS = get_args(Group)


@router.get("/kpis")
def kpis(given: Asked) -> HTMLResponse:
    """All definitions, group by group."""
    ordered = sorted(catalogue.definitions(), key=lambda one: GROUPS.index(one.group))
    groups = [(name, list(some)) for name, some in groupby(ordered, key=lambda one: one.group)]
    with looking.look(given) as look:
        facts = look.facts
    return page("kpis.html", groups=groups, **facts)


@router.get("/kpis/{kpi}")
def kpi(given: Asked, kpi: Name) -> HTMLResponse:
    """One KPI: its definition, its value now, by what it is split, and its history."""
    known(kpi)
    meant = catalogue.definition(kpi)
    with looking.look(given) as look:
        facts = look.facts | {"meant": meant, "rows": list(rows(meant)), "fits": fits(look, meant)}
        facts |= {"current": figured.card(look, kpi), "splits": [], "history": None}
        if facts["fits"] and not meant.needs:
            shown = values(look, meant)
            facts |= {"splits": shown.splits, "history": shown.history}
    return page("kpi.html", **facts)


@dataclass(frozen=True)
class Values:
    """A KPI in pictures."""

    splits: list[Chart]
    history: Chart


def values(look: Look, meant: Definition) -> Values:
    """What it is by each thing that it can be shown by, unless the page is narrowed to one of them already."""
    own = [by for by in meant.splits if getattr(look.filters.scope, by, None) is None]
    splits = [figured.by_part(look, meant.name, by, f"{meant.title} by {by}") for by in own]
    return Values(splits, figured.over_time(look, meant.name, meant.title))


def fits(look: Look, meant: Definition) -> bool:
    """Whether it can be told of what the page is narrowed to."""
    narrowed = [name for name in ("subject", "network", "team") if getattr(look.filters, name) is not None]
    return all(name in meant.narrows for name in narrowed)


def rows(meant: Definition) -> Iterator[tuple[str, str]]:
    """The definition, line by line."""
    yield "Meaning", meant.meaning
    yield "Formula", meant.formula
    yield "Numerator", meant.numerator
    yield "Denominator", meant.denominator or "none: the numerator is the figure"
    yield "Unit", meant.unit
    yield "Clock", f"{meant.clock}: by it a post or a piece of work belongs to a period"
    yield "Left out", meant.exclusions or "nothing"
    yield "Others mean by it", meant.variants or "the same, as far as we know"
    yield "Sources", ", ".join(meant.sources) or "ours"
    yield "Better", {"more": "more is better", "less": "less is better"}.get(meant.better, "neither more nor less")
    yield "Can be narrowed to", ", ".join(meant.narrows) or "nothing: it is one figure"
    yield "Can be shown by", ", ".join(meant.splits) or "nothing: it is one figure"
