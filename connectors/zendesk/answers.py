"""What Zendesk's answers mean.

Errors come in four envelopes: `{"error": "RecordInvalid", "description", "details": {field: [...]}}`,
`{"error": {"title", "message"}}`, `{"errors": [{"code", ...}]}` and plain text. Only their codes and field names
are kept: a description may quote the ticket or name a person.
"""

import re
from collections.abc import Mapping
from typing import Any

from hub.domain import Allowance
from hub.errors import AccessDenied, HubError, RecordRefused, Unavailable

WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,59}")
LIMIT = re.compile(r"total=(\d+); remaining=(\d+); resets=(\d+)")
ENDPOINT = "zendesk-ratelimit-"
INFLIGHT = f"{ENDPOINT}inflight-jobs"  # says how many jobs may run, not how many calls may be made


class Refused(RecordRefused):
    """Zendesk looked at this one request and said no; `status` tells the kinds apart."""

    def __init__(self, message: str, *, reason: str, status: int, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message, reason=reason)
        self.status = status
        self.fields = fields


class Forbidden(AccessDenied):
    """We are known, and this is not open to us."""


def name_trouble(response: Any) -> HubError:
    """The error of ours for an answer that is no success; 429 and a first 401 never come this far."""
    status = response.status_code
    body = read(response)
    if status >= 500:
        return Unavailable(f"Zendesk answered {status}.")
    if status in (401, 403):
        kind = Forbidden if status == 403 else AccessDenied
        return kind(f"Zendesk denies us access ({status}); check the connection's secrets and scopes.")
    word, fields = word_of(body), fields_of(body)
    where = f" at {', '.join(fields)}" if fields else ""
    return Refused(
        f"Zendesk refused with {status} {word}{where}.".replace("  ", " "),
        reason=snake(word) or f"status_{status}",
        status=status,
        fields=fields,
    )


def allowances_in(headers: Mapping[str, str]) -> dict[str, Allowance]:
    """What an answer says is left, by the endpoint's name; under no name what is the account's."""
    found: dict[str, Allowance] = {}
    total, left, resets = (headers.get(f"ratelimit-{name}", "") for name in ("limit", "remaining", "reset"))
    told = {"": f"total={total}; remaining={left}; resets={resets}"}
    told |= {name.lower(): text for name, text in headers.items() if name.lower().startswith(ENDPOINT)}
    for name, text in told.items():
        match = LIMIT.fullmatch(text)
        if match and int(match[1]) and name != INFLIGHT:
            of, remaining, seconds = (int(part) for part in match.groups())
            found[name.removeprefix(ENDPOINT)] = Allowance(remaining=remaining, of=of, seconds=seconds)
    return found


def read(response: Any) -> dict[str, Any]:
    """The body as an object, or an empty one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def word_of(body: dict[str, Any]) -> str:
    """The error's name in whichever envelope it came."""
    error = body.get("error")
    if isinstance(error, dict):
        error = error.get("title")
    elif isinstance(body.get("errors"), list) and body["errors"] and isinstance(body["errors"][0], dict):
        error = body["errors"][0].get("code")
    return error if isinstance(error, str) and WORD.fullmatch(error) else ""


def fields_of(body: dict[str, Any]) -> tuple[str, ...]:
    """The names of the fields that a 422 complains about."""
    details = body.get("details")
    return tuple(sorted(name for name in details if WORD.fullmatch(name))) if isinstance(details, dict) else ()


def snake(word: str) -> str:
    """`RecordInvalid` as `record_invalid`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()
