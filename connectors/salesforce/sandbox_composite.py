"""Composite, played: up to 25 requests in one call, of which five may be queries or collections.

Each has its own status within a 200. A later one may use `@{name.field}` of an earlier one's answer, and is halted
when that one failed. `allOrNone`, which takes back what was written before a failure, is not played.
"""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from connectors.salesforce.sandbox_org import refuse
from connectors.salesforce.sandbox_records import Record
from connectors.salesforce.sandbox_rest import Rest, body_of
from sandbox.kit import Headers, Reply, Request, route

MOST_REQUESTS = 25
MOST_HEAVY = 5
HEAVY = re.compile(r"/services/data/v\d+\.\d+/(query|queryAll|composite/sobjects)(/|\?|$)")
REFERENCE = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")
NAME = re.compile(r"[A-Za-z]\w*")
TOO_MANY = "The request can’t contain more than {} operations."


class Composite(Rest):
    """One call against the allowance, whatever is in it."""

    @route("POST", "/services/data/{version}/composite")
    @route("POST", "/services/data/{version}/composite/")
    def composite(self, request: Request, version: str) -> Reply:
        body = body_of(request)
        asked = body.get("compositeRequest") if isinstance(body, dict) else None
        if not isinstance(asked, list) or not all(isinstance(each, dict) for each in asked):
            return refuse(400, "JSON_PARSER_ERROR", "The request body is missing compositeRequest.")
        if body.get("allOrNone"):
            return refuse(400, "INVALID_INPUT", "The sandbox does not play allOrNone of a composite request.")
        wrong = limit_exceeded(asked) or bad_names(asked)
        if wrong:
            return Reply.json({"compositeResponse": [wrong]})
        told: dict[str, Record] = {}
        for each in asked:
            filled = filled_in(each, told)
            told[each["referenceId"]] = self.inner(request, filled) if filled else halted(each["referenceId"])
        reply = Reply.json({"compositeResponse": list(told.values())})
        reply.notes |= {"subrequests": len(asked), "reads": all(each.get("method") == "GET" for each in asked)}
        return reply

    def inner(self, request: Request, each: Record) -> Record:
        """One request within, answered as if it had come alone; it costs nothing."""
        parts = urlsplit(str(each.get("url", "")))
        headers = Headers({**dict(request.headers.items()), **(each.get("httpHeaders") or {})})
        body = orjson.dumps(each["body"]) if each.get("body") is not None else b""
        method = str(each.get("method", "")).upper()
        query = parse_qs(parts.query, keep_blank_values=True)
        reply = self._answer(Request(method, request.host, parts.path, query, headers, body))
        text = reply.body.decode("utf-8", "replace")
        return within(each["referenceId"], reply.status, json.loads(text) if text else None)


def limit_exceeded(asked: list[Record]) -> Record | None:
    """More requests than one call may hold."""
    heavy = [each for each in asked if HEAVY.match(str(each.get("url", "")))]
    most = MOST_REQUESTS if len(asked) > MOST_REQUESTS else MOST_HEAVY if len(heavy) > MOST_HEAVY else None
    if most is None:
        return None
    return within(None, 400, [{"errorCode": "LIMIT_EXCEEDED", "message": TOO_MANY.format(most)}])


def bad_names(asked: list[Record]) -> Record | None:
    """Each request within has a name of its own."""
    names = [str(each.get("referenceId", "")) for each in asked]
    if all(NAME.fullmatch(name) for name in names) and len(set(names)) == len(names):
        return None
    words = "Each referenceId must be unique and made of letters, digits and underscores."
    return within(None, 400, [{"errorCode": "INVALID_INPUT", "message": words}])


def filled_in(each: Record, told: dict[str, Record]) -> Record | None:
    """The request with what it takes from earlier answers; nothing when one of those failed."""
    text = orjson.dumps(each).decode()
    if "@{" not in text:
        return each
    for name, path in REFERENCE.findall(text):
        source = told.get(name)
        if source is None or source["httpStatusCode"] >= 400:
            return None
        text = text.replace(f"@{{{name}.{path}}}", str(value_at(source["body"], path)))
    filled: Record = json.loads(text)
    return filled


def value_at(body: Any, path: str) -> Any:
    """`records[0].Id` of an answer."""
    for step in re.findall(r"\w+", path):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def halted(name: str) -> Record:
    """An earlier request that this one needs has failed."""
    words = f"Invalid reference specified. No value for {name} found."
    return within(name, 400, [{"errorCode": "PROCESSING_HALTED", "message": words}])


def within(name: str | None, status: int, body: Any) -> Record:
    """One part of a composite answer."""
    return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": name}
