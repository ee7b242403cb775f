"""Questions, answers and comments of the Stack Exchange API, flat, each with its site; and the sites' addresses."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hub.errors import ContractBroken
from hub.kit import SPOILT, Record

HOSTS = {
    "stackoverflow": "stackoverflow.com", "serverfault": "serverfault.com", "superuser": "superuser.com",
    "askubuntu": "askubuntu.com", "mathoverflow.net": "mathoverflow.net", "stackapps": "stackapps.com",
}  # fmt: skip
"""Sites that do not live below stackexchange.com, by the name that the API knows them by."""
IDS = ("comment_id", "answer_id", "question_id")


def site_of(name: str) -> str:
    """A site as the API names it, from that name or from its address."""
    bare = name.lower().removeprefix("https://").removeprefix("www.").strip("/")
    known = next((site for site, host in HOSTS.items() if host == bare), bare)
    return known.removesuffix(".stackexchange.com")


def host_of(site: str) -> str:
    """Where people read a site."""
    return HOSTS.get(site, site if "." in site else f"{site}.stackexchange.com")


def items_in(body: Any, site: str) -> list[Record]:
    """All that an answer holds, with what hangs below it; ContractBroken where that is nothing of the kind."""
    items = body.get("items") if isinstance(body, dict) else body
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise ContractBroken("Stack Exchange gave something else where questions, answers or comments were due.")
    if items and not any(id_of(each) for each in items):
        raise ContractBroken("Stack Exchange gave something else where questions, answers or comments were due.")
    return [found for each in items for found in _flat(each, site, each.get("question_id"))]


def id_of(item: Record) -> str | None:
    """Its id on its site; comments are numbered apart, so theirs begin with a c."""
    if isinstance(item.get("comment_id"), int):
        return f"c{item['comment_id']}"
    found = item.get("answer_id", item.get("question_id"))
    return str(found) if isinstance(found, int) else None


def created(item: Record) -> datetime | None:
    """When it was written."""
    return _moment(item.get("creation_date"))


def active(item: Record) -> int:
    """When something last happened to it, in seconds since 1970."""
    at = item.get("last_activity_date", item.get("creation_date"))
    return at if isinstance(at, int) else 0


def _flat(item: Record, site: str, question: Any) -> Iterator[Record]:
    below = [each for name in ("comments", "answers") for each in item.get(name) or () if isinstance(each, dict)]
    bare = {name: value for name, value in item.items() if name not in ("comments", "answers")}
    yield {**bare, "site": site, "host": host_of(site), "thread_id": question}
    for each in below:
        yield from _flat({**each, SPOILT: True} if SPOILT in item else each, site, question)


def _moment(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
