"""The inspector page: what a rep, an agent and a channel would see, and what the networks say.

No script, nothing from elsewhere, and no way out: addresses that people wrote stay words, and a link goes to another
place of this page or to the hub on this machine. What strangers wrote is escaped by the template, once.
"""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from sandbox.mrkdwn import blocks_of, links_in
from sandbox.people import WorldPost

if TYPE_CHECKING:
    from sandbox.app import Sandbox

HERE = Path(__file__).parent
STYLE = (HERE / "templates" / "inspector.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TAIL = 60
NEWEST = 80
RECENT = 250

Row = dict[str, Any]


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(sandbox: "Sandbox", *, every: int = 0) -> str:
    """The whole page; with `every`, it loads itself again after so many seconds."""
    leads = _rows(sandbox, "salesforce", "leads")
    tickets = _tickets(sandbox)
    threads = _threads(sandbox)
    posts = _posts(sandbox)
    shown = {each["address"]: f"#post-{each['post'].id}" for each in posts if each["address"]}
    whereabouts = _whereabouts(leads, tickets, threads)
    letters = _rows(sandbox, "email", "letters")
    rows = sandbox.state
    return _templates().get_template("inspector.html").render(
        css=Markup(STYLE),  # our own file, never anybody's text
        every=every, now=sandbox.clock.now(), offset=sandbox.clock.offset_seconds, networks=sandbox.titles,
        leads=leads[::-1][:NEWEST], lead_count=len(leads),
        tickets=tickets[::-1][:NEWEST], ticket_count=len(tickets),
        comment_count=sum(len(ticket["comments"]) for ticket in tickets),
        threads=threads[:NEWEST], message_count=sum(1 + len(head["replies"]) for head in threads),
        letters=letters[::-1][:NEWEST], letter_count=len(letters),
        posts=[each | {"became": whereabouts.get(each["address"], [])} for each in posts],
        post_count=sandbox.world.size,
        told=lambda message: blocks_of(message, shown), parts=lambda text: _parted(text or "", shown),
        journal=rows.journal(max(0, rows.last_number - TAIL))[::-1], journal_size=rows.last_number,
        faults=sandbox.switchboard.listing(),
    )  # fmt: skip


def _rows(sandbox: "Sandbox", system: str, table: str) -> list[Row]:
    played = next((each for each in sandbox.systems if each.name == system), None)
    if played is None:
        return []
    with played.lock:
        return played.table(table).all()


def _tickets(sandbox: "Sandbox") -> list[Row]:
    """Tickets, oldest first, each with its comments and the names of those who wrote them."""
    names = {row["id"]: row.get("name", "") for row in _rows(sandbox, "zendesk", "users")}
    comments: dict[Any, list[Row]] = {}
    for row in _rows(sandbox, "zendesk", "comments"):
        author = names.get(row.get("author_id"), "")
        comments.setdefault(row.get("ticket_id"), []).append({**row, "author": author})
    return [
        {**row, "comments": comments.get(row["id"], []), "requester": names.get(row.get("requester_id"), "")}
        for row in _rows(sandbox, "zendesk", "tickets")
    ]


def _threads(sandbox: "Sandbox") -> list[Row]:
    """Messages, newest first, each with its replies in order; channels by their names."""
    channels = {row["id"]: row.get("name", "") for row in _rows(sandbox, "slack", "channels")}
    heads: list[Row] = []
    replies: dict[tuple[Any, Any], list[Row]] = {}
    for row in _rows(sandbox, "slack", "messages"):
        row = {**row, "channel_name": channels.get(row.get("channel"), row.get("channel"))}
        if row.get("thread_ts") in (None, row.get("ts")):
            heads.append(row)
        else:
            replies.setdefault((row["channel"], row["thread_ts"]), []).append(row)
    return [{**head, "replies": replies.get((head["channel"], head["ts"]), [])} for head in heads[::-1]]


def _posts(sandbox: "Sandbox") -> list[Row]:
    """What can be read on the networks, newest first, each with its public address."""
    found: list[tuple[WorldPost, str]] = []
    for system in sandbox.systems:
        posts = sandbox.world.posts(system.name)[-RECENT:]
        found += [(post, system.address_of(post)) for post in posts]
    found.sort(key=lambda pair: (pair[0].published_at, pair[0].id), reverse=True)
    return [{"post": post, "address": address} for post, address in found[:RECENT]]


def _parted(text: str, shown: dict[str, str]) -> tuple[str, str, str]:
    """A person's words, what the hub wrote below them, and where on this page the post is met."""
    place = next((shown[address] for address in links_in(text) if address in shown), "")
    for rule in ("\n\n--\n", "\n\nhttp"):
        words, found, rest = text.rpartition(rule)
        if found and place:
            return words, rest if rule.endswith("-\n") else f"http{rest}", place
    return text, "", place


def _whereabouts(leads: list[Row], tickets: list[Row], threads: list[Row]) -> dict[str, list[tuple[str, str]]]:
    """What became of each post: by its address, the kinds of things that name it, with their places on this page."""
    found: dict[str, dict[tuple[str, str], None]] = {}

    def note(mark: str, place: str, *texts: Any) -> None:
        for address in links_in(*texts):
            found.setdefault(address, {})[mark, place] = None

    for lead in leads:
        note("Lead", f"#lead-{lead['Id']}", lead.get("Hub_Post_URL__c"), lead.get("Description"))
    for ticket in tickets:
        for number, comment in enumerate(ticket["comments"]):
            note("Ticket" if number == 0 else "Comment", f"#ticket-{ticket['id']}", comment.get("body"))
    for head in threads:
        for message in (head, *head["replies"]):
            mark = "Alert" if message is head else "In thread"
            note(mark, f"#message-{head['ts']}", message.get("text"), message.get("blocks"))
    return {address: list(marks) for address, marks in found.items()}
