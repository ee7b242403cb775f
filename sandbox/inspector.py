"""The inspector page: what a rep, an agent and a channel would see, and what the networks say."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

if TYPE_CHECKING:
    from sandbox.app import Sandbox

HERE = Path(__file__).parent
STYLE = (HERE / "templates" / "inspector.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SECURITY_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TAIL = 40
NEWEST = 60


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(default=True))


def page(sandbox: "Sandbox") -> str:
    """The whole page; every text in it is escaped."""
    rows = sandbox.state
    tickets = rows.table("zendesk", "tickets").all()
    comments = rows.table("zendesk", "comments").all()
    people = {row["id"]: row.get("name", "") for row in rows.table("zendesk", "users").all()}
    return _templates().get_template("inspector.html").render(
        css=Markup(STYLE),  # our own file, never anybody's text
        now=sandbox.clock.now().strftime("%Y-%m-%d %H:%M:%S UTC"),
        leads=rows.table("salesforce", "leads").all()[::-1][:NEWEST],
        tickets=[_ticket(row, comments, people) for row in tickets[::-1][:NEWEST]],
        messages=_threads(rows.table("slack", "messages").all()),
        posts=_posts(sandbox),
        counts={name: len(rows.table(system, table)) for name, system, table in (
            ("Leads", "salesforce", "leads"), ("Tickets", "zendesk", "tickets"), ("Messages", "slack", "messages"))},
        journal=rows.journal(max(0, rows.last_number - TAIL))[::-1],
        faults=sandbox.switchboard.listing(),
    )  # fmt: skip


def _ticket(row: dict[str, Any], comments: list[dict[str, Any]], people: dict[Any, str]) -> dict[str, Any]:
    mine = [
        {"author": people.get(each.get("author_id"), ""), "body": each.get("body", ""), "public": each.get("public")}
        for each in comments
        if each.get("ticket_id") == row["id"]
    ]
    return {**row, "comments": mine, "requester": people.get(row.get("requester_id"), "")}


def _threads(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    heads = [row for row in messages if not row.get("thread_ts") or row.get("thread_ts") == row.get("ts")]
    return [
        {**head, "replies": [row for row in messages if row.get("thread_ts") == head.get("ts") and row is not head]}
        for head in heads[::-1][:NEWEST]
    ]


def _posts(sandbox: "Sandbox") -> list[Any]:
    found = [post for network in sandbox.world.networks for post in sandbox.world.posts(network)]
    return sorted(found, key=lambda post: post.published_at, reverse=True)[:NEWEST]
