"""The rules of the played help desk: what a ticket must be, how it is shown, and how placeholders are expanded."""

import re
from typing import Any

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
