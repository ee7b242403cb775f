"""Which reports there are: those of mappings/reports, with what hub.yaml says of them, and those of hub.yaml."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
import yaml

from hub.domain.config import Config
from hub.domain.reports import OwnReport, ReportPlan, SectionPlan
from hub.errors import SetupError
from hub.measure import catalogue

NEEDED = ("title", "department", "period", "sections")  # of a report that is not shipped


def plans(config: Config, folder: Path) -> tuple[ReportPlan, ...]:
    """All reports that are in use, the shipped ones first; SetupError says what is wrong with one, and where."""
    shipped = [_read(path) for path in sorted(folder.glob("*.yaml"))]
    own = {report.name: report for report in config.reports}
    if len(own) < len(config.reports):
        raise SetupError("hub.yaml has two reports of one name; give each its own.")
    merged = [_changed(plan, own.pop(plan.name, None)) for plan in shipped]
    merged += [_made(report) for report in own.values()]
    for plan in merged:
        _check(plan)
    return tuple(plan for plan in merged if plan.enabled)


def plan_named(name: str, there: Sequence[ReportPlan]) -> ReportPlan:
    """The report of this name; a name that is none is answered with the one that was perhaps meant."""
    known = {plan.name: plan for plan in there}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise SetupError(f"There is no report {name!r}.{meant} `hub report` lists them.")
    return known[name]


def _read(path: Path) -> ReportPlan:
    try:
        plain: Any = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        return msgspec.convert(plain, ReportPlan)
    except msgspec.ValidationError as wrong:
        raise SetupError(
            f"mappings/reports/{path.name} cannot be used: {wrong}; see docs/guides/reports.md."
        ) from wrong
    except yaml.YAMLError as broken:
        where = str(getattr(broken, "problem_mark", "")).strip()
        raise SetupError(f"mappings/reports/{path.name} is not valid YAML {where}; correct it.") from broken


def _changed(plan: ReportPlan, own: OwnReport | None) -> ReportPlan:
    if own is None:
        return plan
    said = {name: value for name in (*NEEDED, "to") if (value := getattr(own, name)) is not None}
    return plan.with_(**said, enabled=own.enabled)


def _made(own: OwnReport) -> ReportPlan:
    missing = [name for name in NEEDED if getattr(own, name) is None]
    if missing:
        raise SetupError(
            f"hub.yaml's report {own.name!r} is not shipped, so it needs {', '.join(missing)}; `hub report` lists "
            "those that are."
        )
    facts = {name: getattr(own, name) for name in (*NEEDED, "name", "enabled")}
    return ReportPlan(**facts) if own.to is None else ReportPlan(**facts, to=own.to)


def _check(plan: ReportPlan) -> None:
    for section in plan.sections:
        for kpi in kpis_of(section):
            meant = catalogue.definition(kpi)
            charts = (chart for chart in (*section.charts, *section.tables) if chart.kpi == kpi and chart.by)
            if wrong := next((chart.by for chart in charts if chart.by not in meant.splits), None):
                raise SetupError(f"The report {plan.name} shows {meant.title} by {wrong}, which cannot be told.")


def kpis_of(section: SectionPlan) -> tuple[str, ...]:
    """Every KPI that a section speaks of, each once, in the order in which it is met."""
    grouped = [each.name for each in catalogue.definitions() if each.group in section.groups]
    shown = [chart.kpi for chart in (*section.charts, *section.tables)]
    return tuple(dict.fromkeys((*section.kpis, *grouped, *shown)))


def rows_of(section: SectionPlan) -> tuple[str, ...]:
    """Those that a section shows as rows."""
    grouped = [each.name for each in catalogue.definitions() if each.group in section.groups]
    return tuple(dict.fromkeys((*section.kpis, *grouped)))
