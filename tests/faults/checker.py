"""The judge: what is lost, doubled or a ghost, by what the sandbox holds and by nothing that the hub says.

`lost` is an expected object without exactly one live object that holds its last version; `duplicate` a second live
object for one external id; `ghost` a live object that nobody expected: erased, or never accepted. `blind` is a write
that was repeated after an unknown outcome with no look-up in between: that it did no harm was luck. A job is one
write, of what was uploaded: it is written when it is closed, and looked at when it, or its records, are asked for.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.wire import Played, is_read

Thing = tuple[str, str]  # destination, external id; with the object before it where ids are its own, as of personas
APART = {"SocialPersona__c": "personas", "SocialPost__c": "posts"}  # Salesforce's, and where the sandbox keeps them
REFUSED_FOR_NOW = 503
JOBS = "/jobs/ingest"  # Salesforce's, of Bulk API 2.0
TELL_NOTHING = re.compile(  # reads from which nobody learns what became of a write
    r"/(describe|limits|job_statuses(/.*|\.json)?|users/me(\.json)?)$|^/api/(auth|team|users)\."
)


@dataclass
class Verdict:
    """What is wrong; empty when nothing is."""

    lost: list[Thing] = field(default_factory=list)
    duplicates: list[Thing] = field(default_factory=list)
    ghosts: list[Thing] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)


def judge(played: Played, expected: dict[Thing, str | None]) -> Verdict:
    """Compare what is there with what should be; a digest of None means any version will do."""
    there = objects(played)
    times = Counter(thing for thing, _ in there)
    digests = dict(there)
    return Verdict(
        lost=[
            thing
            for thing, digest in expected.items()
            if thing not in times or (digest is not None and digests[thing] not in (None, digest))
        ],
        duplicates=[thing for thing, count in times.items() if count > 1],
        ghosts=[thing for thing in times if thing not in expected],
        blind=blind_repeats(played),
    )


def blind_repeats(played: Played) -> list[str]:
    """Writes that were sent again, word for word, though nobody had looked what became of them."""
    doubtful: dict[tuple[str, str], str] = {}
    uploaded: dict[str, str] = {}  # digest of what a job was given, by its path
    blind = []
    for line in played.requests():
        path = line["path"]
        if "/users/create_or_update" in path:
            continue  # finds by our id for the person: as often as one likes
        if is_read(line):
            doubtful = {key: where for key, where in doubtful.items() if not _tells(line, key[0], where)}
            continue
        if path.endswith(JOBS):
            continue  # a job without rows
        if path.endswith("/batches") and JOBS in path:
            uploaded[path.removesuffix("/batches")] = line.get("digest", "")
            continue  # a job that is not closed yet
        key = (line["system"], uploaded.get(path) or line.get("digest", path))
        if key in doubtful:
            blind.append(f"{line['system']} {line['method']} {path}")
        doubtful.pop(key, None)
        if _says_nothing(line):
            doubtful[key] = path
    return blind


def _says_nothing(line: dict[str, Any]) -> bool:
    """Whether nobody knows after this what became of a write; a 503 is a refusal for now (`delivery.md` 3.1)."""
    if line.get("fault") not in (None, "status"):
        return True
    return bool(line["status"] == 0 or (line["status"] >= 500 and line["status"] != REFUSED_FOR_NOW))


def _tells(line: dict[str, Any], system: str, written: str) -> bool:
    """Whether a read may tell what became of a write there: a job tells only of itself."""
    path = line["path"]
    if line["system"] != system or TELL_NOTHING.search(path):
        return False
    return JOBS not in path or path.startswith(written)


def objects(played: Played) -> list[tuple[Thing, str | None]]:
    """Every live object with the digest of the version it holds, as far as it can carry one."""
    of_people = [one for name, table in APART.items() for one in _records(played, table, name)]
    return [*_records(played, "leads", "Lead"), *of_people, *_tickets(played), *_messages(played), *_letters(played)]


def _letters(played: Played) -> list[tuple[Thing, str | None]]:
    """Letters, by the key in their Message-ID."""
    ids = (str(row["message_id"]) for row in played.rows("email", "letters"))
    return [(("email", id.lstrip("<").partition(".")[0]), None) for id in ids]


def thing_of(destination: str, name: str, external_id: str) -> Thing:
    """What an object of this name is called here: a persona has the key of its lead."""
    return destination, f"{name}:{external_id}" if name in APART else external_id


def _records(played: Played, table: str, name: str) -> list[tuple[Thing, str | None]]:
    return [
        (thing_of("salesforce", name, row["Hub_Key__c"].lower()), row.get("Hub_Digest__c"))
        for row in played.rows("salesforce", table)
        if row.get("Hub_Key__c")
    ]


def _tickets(played: Played) -> list[tuple[Thing, str | None]]:
    """Tickets, and comments and notes by the mark in their audit.

    A ticket that a comment has opened is the same conversation's; one that says so itself begins another.
    """
    tickets = {row["id"]: row for row in played.rows("zendesk", "tickets")}
    marks = [(row, _mark(row)) for row in played.rows("zendesk", "audits") if row["ticket_id"] in tickets]
    last = {(mark["hub_id"], row["ticket_id"]): mark.get("hub_digest") for row, mark in marks if mark}
    opened = [
        (("zendesk", str(row["external_id"])), last.get((row["external_id"], row["id"])))
        for row in tickets.values()
        if row.get("external_id") and (not _follows(row) or (row["external_id"], row["id"]) in last)
    ]
    names = {str(row["external_id"]) for row in tickets.values()}
    comments = [
        (("zendesk", str(mark["hub_id"])), mark.get("hub_digest"))
        for row, mark in marks
        if mark and mark["hub_id"] not in names and _has_comment(row)
    ]
    return opened + comments


def _messages(played: Played) -> list[tuple[Thing, str | None]]:
    """Messages by the id in their metadata; a digest holds one thing in each of its lines."""
    found: list[tuple[Thing, str | None]] = []
    for row in played.rows("slack", "messages"):
        metadata = row.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        if metadata.get("event_type") == "hub_digest":
            lines = {block.get("block_id") for block in row["blocks"]}
            found += [(("slack", id), said.partition(":")[2]) for id, said in payload.items() if id in lines]
        elif payload.get("external_id"):
            found.append((("slack", str(payload["external_id"])), payload.get("digest")))
    return found


def _mark(audit: dict[str, Any]) -> dict[str, Any]:
    custom = (audit.get("metadata") or {}).get("custom") or {}
    return custom if custom.get("hub_id") else {}


def _follows(ticket: dict[str, Any]) -> bool:
    followed = (ticket.get("via") or {}).get("source", {}).get("rel") == "follow_up"
    return bool(followed) or any(str(tag).startswith("continues_") for tag in ticket.get("tags") or ())


def _has_comment(audit: dict[str, Any]) -> bool:
    return any(event.get("type") == "Comment" for event in audit.get("events") or [])
