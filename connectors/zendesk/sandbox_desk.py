"""The rules of the played help desk: what a ticket must be, how it is shown, and how placeholders are expanded."""

import re
from typing import Any

from sandbox.kit import Reply, Request

API = "/api/v2"
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent", None)
LONGEST_COMMENT = 65_535
MOST_COMMENTS = 5_000
PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)

Row = dict[str, Any]


def faults_of(ticket: Row, *, new: bool) -> Row:
    """What a 422 would complain about, by field; nothing when all is well."""
    faults: Row = {}
    comment = ticket.get("comment") or {}
    words = comment.get("body") or comment.get("html_body") or ticket.get("description") or ""
    if new and not str(words).strip():
        faults["base"] = [fault("Description: cannot be blank", "BlankValue")]
    if len(str(words)) > LONGEST_COMMENT:
        faults["comment"] = [fault("Comment: is too long", "TooLong")]
    if ticket.get("status") not in (None, *STATUSES):
        faults["status"] = [fault("Status: is not valid", "InvalidValue")]
    if ticket.get("priority") not in PRIORITIES:
        faults["priority"] = [fault("Priority: is not valid", "InvalidValue")]
    if len(str(ticket.get("subject") or "")) > 255:
        faults["subject"] = [fault("Subject: is too long (maximum is 255 characters)", "TooLong")]
    return faults


def fault(description: str, error: str) -> Row:
    """One complaint about a field."""
    return {"description": description, "error": error}


def expand(text: str) -> tuple[str, int]:
    """What agents would see of a text: placeholders are replaced, and counted."""
    return PLACEHOLDER.subn("[expanded]", text)


def shown(row: Row, host: str) -> Row:
    """A ticket as the API tells it."""
    blank: Row = {
        "type": None, "recipient": None, "assignee_id": None, "organization_id": None, "group_id": None,
        "collaborator_ids": [], "follower_ids": [], "email_cc_ids": [], "forum_topic_id": None, "problem_id": None,
        "has_incidents": False, "due_at": None, "satisfaction_rating": None, "sharing_agreement_ids": [],
        "allow_channelback": False, "allow_attachments": True, "from_messaging_channel": False,
    }  # fmt: skip
    return {"url": f"https://{host}/api/v2/tickets/{row['id']}.json", **blank, "raw_subject": row["subject"], **row}


def ticket_of(
    given: Row, comment: Row, *, id: int, at: str, subject: str, words: str, bot_id: int, follow_up: bool
) -> Row:
    """A new ticket as it is kept."""
    return {
        "id": id, "external_id": given.get("external_id"), "created_at": at, "updated_at": at, "subject": subject,
        "description": words, "priority": given.get("priority"), "status": given.get("status") or "new",
        "requester_id": given.get("requester_id") or bot_id, "submitter_id": bot_id, "group_id": given.get("group_id"),
        "is_public": comment.get("public", True), "tags": given.get("tags") or [], "followup_ids": [],
        "custom_fields": given.get("custom_fields") or [],
        "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": "follow_up" if follow_up else None}},
    }  # fmt: skip


def comment_of(*, id: int, author_id: int, words: str, public: bool) -> Row:
    """A comment as the event that an audit tells."""
    return {
        "id": id, "type": "Comment", "author_id": author_id, "body": words, "plain_body": words, "public": public,
        "attachments": [],
    }  # fmt: skip


def audit_of(row: Row, *, id: int, at: str, author_id: int, custom: Row, events: list[Row]) -> Row:
    """One audit: who changed what, with the metadata that came along."""
    system = {"client": "sandbox", "ip_address": "127.0.0.1"}
    via = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}
    return {
        "id": id,
        "ticket_id": row["id"],
        "created_at": at,
        "author_id": author_id,
        "metadata": {"system": system, "custom": custom},
        "events": [{**event, "audit_id": id} if event["type"] == "Comment" else event for event in events],
        "via": via,
    }


def allowed(request: Request, scopes: str) -> bool:
    """Whether `read`, `tickets:write` and the like cover this request."""
    act = "read" if request.method == "GET" else "write"
    resource = request.path.removeprefix(f"{API}/").partition("/")[0]
    resource = {"search": "tickets"}.get(resource, resource)
    return bool({act, f"{resource}:{act}"} & set(scopes.split()))


def page(request: Request, kind: str, rows: list[Row]) -> Reply:
    """One page by cursor, or everything where no page size was asked for."""
    size = min(int(request.param("page[size]", "100")), 100)
    start = int(request.param("page[after]", "0"))
    more = start + size < len(rows)
    link = f"https://{request.host}{request.path}.json?page[after]={start + size}&page[size]={size}"
    if request.param("external_id"):
        link += f"&external_id={request.param('external_id')}"
    meta = {"has_more": more, "after_cursor": str(start + size), "before_cursor": str(start)}
    links = {"prev": None, "next": link if more else None}
    return Reply.json({kind: rows[start : start + size], "meta": meta, "links": links})


def invalid(faults: Row) -> Reply:
    """Zendesk's 422."""
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": faults}
    return Reply.json(body, status=422)


def missing() -> Reply:
    """Zendesk's 404 for an id."""
    return Reply.json({"error": "RecordNotFound", "description": "Not found"}, status=404)


def conflict() -> Reply:
    """Zendesk's answer to a `safe_update` that comes too late."""
    words = "Safe Update prevented the update due to outdated ticket data"
    return Reply.json({"error": "UpdateConflict", "description": words}, status=409)


def key_mismatch() -> Reply:
    """Zendesk's answer to a known key with another body."""
    words = "Request parameters don't match the given idempotency key"
    return Reply.json({"error": "IdempotentRequestError", "description": words}, status=400)
