"""What stands between a connector and a played system and changes one thing: a row refused, an answer cut."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import orjson

from sandbox.faults import Rule
from sandbox.messages import Reply, Request
from tests.faults.wire import Ask

Answer = tuple[Reply | None, Rule | None]
KEY = "Hub_Key__c"


class RowsRefused:
    """Salesforce refuses these records of a collection, each so many times; the others are written.

    With `written` it writes the record all the same and says that it did not.
    """

    def __init__(self, codes: dict[str, str], *, times: int = 1, written: bool = False, **more: Any) -> None:
        self.codes, self.written, self.more = codes, written, more
        self.left = dict.fromkeys(codes, times)
        self.asked: list[str] = []  # the external ids of all records that were ever sent

    def __call__(self, ask: Ask, request: Request) -> Answer:
        """Answer for the refused ones, and let the system answer for the rest."""
        if request.path.endswith("/composite"):
            self.asked += alone_in(request.json()["compositeRequest"])
        if request.method not in ("POST", "PATCH") or "/composite/sobjects" not in request.path:
            alone = f"{KEY}/" in request.path or request.path.endswith("/sobjects/Lead")
            return self._single(ask, request) if alone else ask(request)
        given = request.json()
        keys = [record[KEY] for record in given["records"]]
        self.asked += keys
        refused = [key for key in keys if self._hits(key)]
        kept = [one for one in given["records"] if self.written or one[KEY] not in refused]
        reply, fault = ask(replace(request, body=orjson.dumps({**given, "records": kept})))
        if reply is None or reply.status != 200:
            return reply, fault
        results = {one[KEY]: result for one, result in zip(kept, orjson.loads(reply.body), strict=True)}
        results |= {key: {"success": False, "errors": [self._error(key, "statusCode")]} for key in refused}
        return replace(reply, body=orjson.dumps([results[key] for key in keys])), fault

    def _single(self, ask: Ask, request: Request) -> Answer:
        key = request.json().get(KEY) or request.path.rpartition("/")[2]
        self.asked.append(key)
        if not self._hits(key):
            return ask(request)
        if self.written:
            ask(request)
        return Reply.json([self._error(key, "errorCode")], status=400), None

    def _hits(self, key: str) -> bool:
        if self.left.get(key, 0) <= 0:
            return False
        self.left[key] -= 1
        return True

    def _error(self, key: str, name: str) -> dict[str, Any]:
        return {name: self.codes[key], "message": "no", "fields": [], **self.more}


def alone_in(parts: list[dict[str, Any]]) -> list[str]:
    """The external ids of the records that go by themselves within a Composite call."""
    singles = [one for one in parts if "/composite/" not in one["url"] and one.get("body")]
    return [one["body"].get(KEY) or one["url"].rpartition("/")[2] for one in singles]


def answers_changed(change: Callable[[list[Any]], Iterable[Any]], *, times: int = 1) -> Any:
    """Of Salesforce's collections, the list of results is changed so many times."""
    left = [times]

    def twist(ask: Ask, request: Request) -> Answer:
        reply, fault = ask(request)
        if left[0] and reply is not None and request.method != "GET" and "/composite/" in request.path:
            left[0] -= 1
            reply = replace(reply, body=orjson.dumps(list(change(orjson.loads(reply.body)))))
        return reply, fault

    return twist


def after_answer(matches: Callable[[Request], bool], act: Callable[[], None], *, times: int = 1) -> Any:
    """Something happens on the other side, or beside it, right after such a request was answered."""
    left = [times]

    def twist(ask: Ask, request: Request) -> Answer:
        answered = ask(request)
        if left[0] and matches(request):
            left[0] -= 1
            act()
        return answered

    return twist


def before_answer(matches: Callable[[Request], bool], act: Callable[[], None], *, times: int = 1) -> Any:
    """Something happens right before such a request is answered."""
    left = [times]

    def twist(ask: Ask, request: Request) -> Answer:
        if left[0] and matches(request):
            left[0] -= 1
            act()
        return ask(request)

    return twist


def changed(host: str, path: str, change: Callable[[Request, dict[str, Any]], None]) -> Any:
    """What is answered there in JSON is changed on its way."""

    def twist(ask: Ask, request: Request) -> Answer:
        reply, fault = ask(request)
        if reply is not None and reply.status == 200 and (request.host, request.path) == (host, path):
            body = orjson.loads(reply.body)
            change(request, body)
            reply = replace(reply, body=orjson.dumps(body))
        return reply, fault

    return twist


def refused(matches: Callable[[Request], bool], *, status: int = 400) -> Any:
    """Such requests are refused, before anything is done."""

    def twist(ask: Ask, request: Request) -> Answer:
        return (Reply.json({"errors": []}, status=status), None) if matches(request) else ask(request)

    return twist
