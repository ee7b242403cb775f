"""A report as one Slack message: its figures as lists, its pictures by digest, its posts by their addresses alone.

Words of strangers are not put into the message: it cannot be taken back from people's notifications.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from hub.domain.reports import Report
from hub.mapping.markup import slack_cut, slack_link
from hub.stages.report.showing import Plain, reasons

MOST_BYTES = 11_500  # of all blocks; Slack takes little more
MOST_BLOCKS = 44  # of 50: two more are added at the end, and one by who diverts it
MOST_PICTURES = 6
LONGEST = 2_900  # characters of one text
MOST_ROWS = 12  # of a table

Block = dict[str, Any]


def message(report: Report, facts: Plain, channel: str) -> Block:
    """The body of the delivery: a message, with `pictures` that are uploaded before it is posted."""
    title = f"{facts['title']}: {facts['organisation']}, {facts['period']}"
    pictures = report.pictures[:MOST_PICTURES]
    fits = list(_fitting(_blocks(facts, {picture.digest for picture in pictures}, title), facts["link"]))
    there = {block["slack_file"]["id"] for block in fits if "slack_file" in block}
    shown = [
        {"digest": picture.digest, "name": picture.name, "alt": picture.alt}
        for picture in pictures if picture.digest in there
    ]  # fmt: skip
    body: Block = {"channel": channel, "text": escaped(title, 300), "blocks": fits}
    return body | ({"pictures": shown} if shown else {})


def escaped(text: str, longest: int = LONGEST) -> str:
    """Text that Slack shows as it is."""
    return str(slack_cut(text, longest) or "")


def _blocks(facts: Plain, pictured: set[str], title: str) -> Iterator[Block]:
    yield {"type": "header", "text": {"type": "plain_text", "text": title[:150]}}
    yield _context([_told(facts)])
    for section in facts["sections"]:
        lines = [f"*{escaped(section['title'], 150)}*"]
        lines += [_row(row) for row in section["rows"]]
        lines += [_detector(one) for one in section["alarms"]]
        lines += [_quote(quote) for quote in section["quotes"]]
        lines += [f"• {escaped(step['text'])} {slack_link(step['link'], 'Open')}" for step in section["steps"]]
        lines += [f":warning: {escaped(remark)}" for remark in section["remarks"]]
        for table in section["tables"]:
            lines += [f"_{escaped(table['title'], 150)}_ [{table['note']}]", *_table(table)]
        if len(lines) > 1:
            yield from _texts(lines)
        for picture in section["pictures"]:
            if picture["digest"] in pictured:
                pictured.discard(picture["digest"])  # a file is shown once
                yield {"type": "image", "slack_file": {"id": picture["digest"]}, "alt_text": picture["alt"][:1900]}
        for why, titles in reasons(section["lacks"]).items():
            yield _context([escaped(f"{', '.join(titles)}: {why}", 1_500)])


def _fitting(blocks: Iterator[Block], link: str) -> Iterator[Block]:
    """As many as Slack takes; the rest is where the footnotes are."""
    size, count, cut = 0, 0, False
    for block in blocks:
        grown = size + len(orjson.dumps(block))
        if grown > MOST_BYTES or count >= MOST_BLOCKS:
            cut = True
            continue
        size, count = grown, count + 1
        yield block
    rest = (
        "The whole report, and how each figure is computed" if cut else "How each figure is computed, as PDF and HTML"
    )
    yield _context([f"{rest}: {slack_link(link, 'all reports')}"])


def _told(facts: Plain) -> str:
    coverage = f" Coverage {facts['coverage']}." if facts["coverage"] else ""
    partial = (
        " :warning: *Partial*: figures that are marked so are not of all of this time." if facts["partial"] else ""
    )
    ids = ", ".join(f"[{note['number']}] {note['id']}" for note in facts["footnotes"])
    return f"{escaped(facts['span'])}.{coverage}{partial} {escaped(ids, 1_800)}"


def _row(row: Plain) -> str:
    more = ", ".join(filter(None, (row["change"], row["interval"], row["seen"] and f"seen {row['seen']}")))
    return f"• {escaped(row['title'])} [{row['note']}]: *{escaped(row['value'])}*" + (
        f" ({escaped(more)})" if more else ""
    )


def _detector(one: Plain) -> str:
    return (
        f"• {escaped(one['detector'])}: {one['alarms']} alarms, {one['judged']} judged, precision {one['precision']}, "
        f"recall {one['recall']}, ahead of the peak {one['lead']}"
    )


def _quote(quote: Plain) -> str:
    where = f"{escaped(quote['network'])}, {quote['reactions']} reactions"
    return f"• {slack_link(quote['url'], 'A post')} on {where}" if quote["url"] else f"• A post on {where}"


def _table(table: Plain) -> Iterator[str]:
    for row in table["rows"][:MOST_ROWS]:
        yield f"• {escaped(row['name'])}: *{escaped(row['value'])}*"
    if len(table["rows"]) > MOST_ROWS:
        yield f"• and {len(table['rows']) - MOST_ROWS} more"


def _texts(lines: Sequence[str]) -> Iterator[Block]:
    """Lines in as few sections as hold them; a line is never cut in two."""
    held: list[str] = []
    for line in lines:
        if held and sum(map(len, held)) + len(held) + len(line) > LONGEST:
            yield _section(held)
            held = []
        held.append(line[:LONGEST])
    yield _section(held)


def _section(lines: Sequence[str]) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}}


def _context(texts: Sequence[str]) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts]}
