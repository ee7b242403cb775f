"""What every format shows of a report, in words, and the posts that it names as they are now."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain import Scope
from hub.domain.reports import Report, Row, Section, Table
from hub.mapping.links import http_url
from hub.stages.report import words
from hub.stages.report.periods import called
from hub.store import View

CONTENT = ("rows", "pictures", "tables", "alarms", "quotes", "steps", "lacks", "remarks")
ROW_COLUMNS = {"change": "Change", "before": "Before", "seen": "Seen"}  # shown where there is something in them
PART_COLUMNS = {"interval": "Between", "seen": "Seen"}
LONGEST_QUOTE, LONGEST_NAME, LONGEST_URL = 240, 60, 500
ADDRESS = "{base}/command-centre/{path}"

Plain = dict[str, Any]
Read = Callable[[str], bytes]


def quoted(view: View, report: Report) -> dict[str, Plain]:
    """The words of the posts that a report names, by key; one that is gone by now is not among them."""
    posts = view.posts.many([quote.post for quote in report.quotes])
    gone = view.posts.gone(posts)
    return {
        key: {
            "text": words.clean(post.text or "", LONGEST_QUOTE) or "(no words)",
            "author": words.clean(post.author.display_name or post.author.handle, LONGEST_NAME),
            "url": http_url(post.url, LONGEST_URL) or "",
        }
        for key, post in posts.items()
        if key not in gone
    }  # fmt: skip


def shown(report: Report, quotes: Mapping[str, Plain], link_base: str) -> Plain:
    """The whole report in words and plain data: what templates are given, whatever the format."""
    zone = ZoneInfo(report.zone)
    period = called(Scope(since=report.since, until=report.until), zone)
    return {
        "title": words.clean(report.title, 120), "organisation": words.clean(report.organisation, 80),
        "period": period, "span": f"{words.at(report.since, zone)} to {words.at(report.until, zone)} ({report.zone})",
        "made": words.at(report.made_at, zone), "partial": report.partial,
        "coverage": words.share(report.coverage),
        "sections": [
            told for section in report.sections if (told := _section(section, quotes, link_base))["empty"] is False
        ],
        "footnotes": [
            {
                "number": note.number, "id": note.definition.id, "title": note.definition.title,
                "meaning": note.definition.meaning, "formula": note.definition.formula,
                "numerator": note.definition.numerator, "denominator": note.definition.denominator,
                "exclusions": note.definition.exclusions,
            }
            for note in report.footnotes
        ],
        "link": ADDRESS.format(base=link_base, path="reports"),
    }  # fmt: skip


def _section(section: Section, quotes: Mapping[str, Plain], link_base: str) -> Plain:
    rows = [_row(row) for row in section.rows]
    return {
        "title": words.clean(section.title, 120), "text": words.clean(section.text, 300),
        "empty": not any(getattr(section, name) for name in CONTENT),
        "rows": rows, "columns": _columns(rows, ROW_COLUMNS),
        "pictures": [
            {"digest": one.digest, "name": one.name, "alt": words.clean(one.alt, 600), "width": one.width,
             "height": one.height} for one in section.pictures
        ],
        "tables": [_table(table) for table in section.tables],
        "alarms": [
            {
                "detector": words.clean(one.detector, 60), "alarms": str(one.alarms), "judged": str(one.judged),
                "precision": _share(one.precision), "recall": _share(one.recall),
                "lead": "–" if one.lead_minutes is None else words.duration(one.lead_minutes * 60),
            }
            for one in section.alarms
        ],
        "quotes": [
            {"network": words.clean(one.network, 40), "reactions": f"{one.reactions:,}"} | quotes[one.post]
            for one in section.quotes if one.post in quotes
        ],
        "gone": sum(one.post not in quotes for one in section.quotes),
        "steps": [
            {"text": words.clean(one.text, 400), "link": ADDRESS.format(base=link_base, path=one.path)}
            for one in section.steps
        ],
        "lacks": [{"title": one.title, "note": one.note, "why": words.clean(one.why, 200)} for one in section.lacks],
        "remarks": list(section.remarks),
    }  # fmt: skip


def _row(row: Row) -> Plain:
    return {
        "title": row.title, "note": row.note, "value": words.said(row.figure.value, row.unit),
        "interval": words.interval(row.figure, row.unit), "change": words.change(row), "tone": words.tone(row),
        "seen": words.seen(row.figure), "partial": row.figure.partial,
        "before": words.said(row.before.value, row.unit) if row.before else "",
    }  # fmt: skip


def _table(table: Table) -> Plain:
    rows = [
        {
            "name": words.clean(part.name, 80) or "–", "value": words.said(part.figure.value, table.unit),
            "interval": words.interval(part.figure, table.unit), "seen": words.seen(part.figure),
        }
        for part in table.parts
    ]  # fmt: skip
    columns = _columns(rows, PART_COLUMNS)
    return {"title": table.title, "by": table.by, "note": table.note, "rows": rows, "columns": columns}


def _columns(rows: Sequence[Plain], known: Mapping[str, str]) -> list[dict[str, str]]:
    """The columns besides name and value that have something in them."""
    return [{"name": name, "title": title} for name, title in known.items() if any(row[name] for row in rows)]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def in_words(facts: Plain) -> str:
    """The report as plain text: on the terminal, and in an e-mail whose reader shows no HTML."""
    lines = [f"{facts['title']} – {facts['organisation']}, {facts['period']}", facts["span"], _made(facts), ""]
    for section in facts["sections"]:
        lines += [section["title"], "=" * len(section["title"])]
        lines += [section["text"], ""] if section["text"] else [""]
        lines += [_line(row) for row in section["rows"]]
        for table in section["tables"]:
            lines += ["", f"{table['title']} [{table['note']}]"]
            lines += [f"  {row['name']}: {row['value']}" for row in table["rows"]]
        lines += [f"  {one['detector']}: {one['alarms']} alarms, {one['judged']} judged, precision {one['precision']}, "
                  f"recall {one['recall']}, ahead of the peak {one['lead']}" for one in section["alarms"]]  # fmt: skip
        for quote in section["quotes"]:
            lines += [f"  {quote['author']} on {quote['network']}, {quote['reactions']} reactions: {quote['text']}"]
            lines += [f"    {quote['url']}"] if quote["url"] else []
        lines += [f"  - {step['text']} {step['link']}" for step in section["steps"]]
        lines += [f"  {remark}" for remark in section["remarks"]]
        lines += [f"  {', '.join(titles)}: {why}" for why, titles in reasons(section["lacks"]).items()]
        lines += [""]
    lines += ["How the figures are computed", ""]
    lines += [f"[{note['number']}] {note['id']}: {note['formula']}. {note['meaning']}" for note in facts["footnotes"]]
    return "\n".join(lines) + "\n"


def _made(facts: Plain) -> str:
    partial = ", partial: figures that are marked so are not of all of this time" if facts["partial"] else ""
    coverage = f", coverage {facts['coverage']}" if facts["coverage"] else ""
    return f"made {facts['made']}{coverage}{partial}"


def _line(row: Plain) -> str:
    more = [
        row["change"],
        f"between {row['interval']}" if row["interval"] else "",
        row["seen"] and f"seen {row['seen']}",
    ]
    tail = ", ".join(filter(None, more))
    return f"  {row['title']} [{row['note']}]: {row['value']}" + (f" ({tail})" if tail else "")


def _lack(lack: Plain) -> str:
    return f"{lack['title']} [{lack['note']}]"


def reasons(lacks: Sequence[Plain]) -> dict[str, list[str]]:
    """What is lacking, by why: each reason is said once."""
    found: dict[str, list[str]] = {}
    for lack in lacks:
        found.setdefault(lack["why"], []).append(_lack(lack))
    return found
