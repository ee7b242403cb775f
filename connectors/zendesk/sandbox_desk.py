"""The rules of the played help desk: what a ticket must be, how it is shown, and how placeholders are expanded."""

import re
from typing import Any
from urllib.parse import urlencode

from sandbox.kit import Reply, Request

API = "/api/v2"
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent", None)
LONGEST_COMMENT = 65_535
MOST_COMMENTS = 5_000
MOST_ON_A_PAGE = 100
DEEPEST_PAGE = 10_000
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
    told = {name: value for name, value in row.items() if name != "earlier_comments"}
    return {"url": f"https://{host}/api/v2/tickets/{row['id']}.json", **blank, "raw_subject": row["subject"], **told}


def ticket_of(
    given: Row, comment: Row, *, id: int, at: str, subject: str, words: str, bot_id: int, follow_up: Row | None
) -> Row:
    """A new ticket as it is kept."""
    source = {"ticket_id": follow_up["id"], "subject": follow_up["subject"]} if follow_up else {}
    rel = "follow_up" if follow_up else None
    return {
        "id": id, "external_id": given.get("external_id"), "created_at": at, "updated_at": at, "subject": subject,
        "description": words, "priority": given.get("priority"), "status": given.get("status") or "new",
        "requester_id": given.get("requester_id") or bot_id, "submitter_id": bot_id, "group_id": given.get("group_id"),
        "is_public": comment.get("public", True), "tags": given.get("tags") or [], "followup_ids": [],
        "custom_fields": given.get("custom_fields") or [],
        "via": {"channel": "api", "source": {"from": source, "to": {}, "rel": rel}},
    }  # fmt: skip


def comment_of(*, id: int, author_id: int, words: str, public: bool) -> Row:
    """A comment as the event that an audit tells."""
    return {
        "id": id, "type": "Comment", "author_id": author_id, "body": words, "plain_body": words, "public": public,
        "attachments": [],
    }  # fmt: skip


def audit_of(
    row: Row, *, id: int, at: str, author_id: int, custom: Row, events: list[Row], via: Row | None = None
) -> Row:
    """One audit: who changed what, with the metadata that came along."""
    system = {"client": "sandbox", "ip_address": "127.0.0.1"}
    return {
        "id": id,
        "ticket_id": row["id"],
        "created_at": at,
        "author_id": author_id,
        "metadata": {"system": system, "custom": custom},
        "events": [{**event, "audit_id": id} if event["type"] == "Comment" else event for event in events],
        "via": via or {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}},
    }


def merged(row: Row, other: Row) -> Row:
    """How an audit says that two tickets became one: the source names its target, the target its sources."""
    return {"channel": "web", "source": {"from": {"subject": row["subject"], **other}, "to": {}, "rel": "merge"}}


def allowed(request: Request, scopes: str) -> bool:
    """Whether `read`, `tickets:write` and the like cover this request."""
    act = "read" if request.method == "GET" else "write"
    resource = request.path.removeprefix(f"{API}/").partition("/")[0]
    resource = {"search": "tickets"}.get(resource, resource)  # jobs are a resource that no scope names
    return bool({act, f"{resource}:{act}"} & set(scopes.split()))


def page(request: Request, kind: str, rows: list[Row]) -> Reply:
    """One page: by cursor where its size is asked for in that way, else by number and no deeper than 10,000 rows."""
    return page_by_cursor(request, kind, rows) if "page[size]" in request.query else page_by_number(request, kind, rows)


def page_by_cursor(request: Request, kind: str, rows: list[Row]) -> Reply:
    """A page that says whether there are more."""
    size = min(int(request.param("page[size]")), MOST_ON_A_PAGE)
    start = int(request.param("page[after]", "0"))
    more = start + size < len(rows)
    link = address_of(request, {"page[after]": str(start + size), "page[size]": str(size)})
    meta = {"has_more": more, "after_cursor": str(start + size), "before_cursor": str(start)}
    links = {"prev": None, "next": link if more else None}
    return Reply.json({kind: rows[start : start + size], "meta": meta, "links": links})


def page_by_number(request: Request, kind: str, rows: list[Row]) -> Reply:
    """The old way, with a count of all."""
    size = min(int(request.param("per_page", str(MOST_ON_A_PAGE))), MOST_ON_A_PAGE)
    number = int(request.param("page", "1"))
    if number * size > DEEPEST_PAGE:
        error = {"code": "InvalidPaginationDepth", "title": "Invalid pagination depth", "detail": "Use a cursor"}
        return Reply.json({"errors": [error]}, status=400)
    start = (number - 1) * size
    following = address_of(request, {"page": str(number + 1), "per_page": str(size)})
    before = address_of(request, {"page": str(number - 1), "per_page": str(size)})
    links = {
        "next_page": following if start + size < len(rows) else None,
        "previous_page": before if number > 1 else None,
    }
    return Reply.json({kind: rows[start : start + size], **links, "count": len(rows)})


def address_of(request: Request, changes: dict[str, str]) -> str:
    """The same question with other parameters."""
    asked = {name: values[0] for name, values in request.query.items()} | changes
    return f"https://{request.host}{request.path}.json?{urlencode(asked)}"


def invalid(faults: Row) -> Reply:
    """Zendesk's 422."""
    return Reply.json(record_invalid(faults), status=422)


def record_invalid(faults: Row) -> Row:
    """What a 422 says."""
    return {"error": "RecordInvalid", "description": "Record validation errors", "details": faults}


def too_many_values(most: int) -> Reply:
    """Zendesk's answer to more rows than one call takes."""
    words = f"Parameter  cannot specify more than {most} values"
    return Reply.json({"error": "TooManyValues", "description": words, "max_count": most}, status=400)


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


def in_progress() -> Reply:
    """Zendesk's answer to a known key whose first call is still at work."""
    words = "A request with this idempotency key is in progress"
    return Reply.json({"error": "Conflict", "description": words}, status=409)
