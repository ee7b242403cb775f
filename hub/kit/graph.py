"""Meta's Graph API, as the networks that speak it share it: one host, one table of errors, one way to page and count.

What shapes this module:

- What went wrong is in `error.code`; the same code comes with 400, 403 or 500, and now and then with 200.
- How long to wait is in a header, in minutes: `X-Business-Use-Case-Usage`. There is no `Retry-After`.
- `paging.next` is a whole address with the token in it. It only says that there is another page; what is handed back
  are the cursors or times out of it, to the host and path that are ours.
- One metric that is dead fails all metrics of a call, and one object that is gone all objects of a call.
- The token goes into a header. `appsecret_proof`, which shows that the token is used by its app, is a parameter; it
  opens nothing without the token.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from hub.domain import Measurement
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, Unavailable
from hub.kit.answers import Answer
from hub.kit.auth import BearerToken
from hub.kit.backward import Ask
from hub.kit.http import Rejected
from hub.kit.network import Network, Record
from hub.kit.waits import MinutesLeft

VERSION = "v25.0"
TURNS = ("after", "until", "since", "__paging_token", "offset")  # of an address of the next page, what leads to it
TOKEN_CODES = {102, 190, 463, 467}
PERMISSION_CODES = {3, 10, *range(200, 300)}
LIMIT_CODES = {4, 17, 18, 32, 341, 613, *range(80_000, 80_015)}
BUSY_CODES = {1, 2}
BLOCKED = 368
LIMIT_SECONDS = 900.0  # where no header says how long: windows slide over an hour or a day
GONE = {(100, 33), (803, None), (24, None)}  # code and subcode of an object that is not there, or not for us
Period = Literal["moment", "day", "week", "days_28", "lifetime"]


class GraphRejected(Rejected):
    """A refusal that is about the request itself, with the codes that say why."""

    def __init__(self, message: str, *, status: int, code: int, subcode: int | None) -> None:
        super().__init__(message, status=status)
        self.code, self.subcode = code, subcode

    @property
    def gone(self) -> bool:
        """Whether it says that an object is not there, or no longer shown to us."""
        return (self.code, self.subcode) in GONE or (self.code, None) in GONE


class GraphNetwork(Network):
    """A network behind graph.facebook.com, read with one token."""

    auth = BearerToken(secret="access_token")
    wait = MinutesLeft(header="X-Business-Use-Case-Usage", field="estimated_time_to_regain_access")
    counts: ClassVar[dict[str, str]] = {}  # numbers that an account itself carries: their field, our name
    metrics: ClassVar[dict[str, str]] = {}  # numbers of its insights: their name, ours

    def address(self, path: str) -> str:
        """With the version that this was written for: without one, an app's oldest would answer."""
        return f"{self.base_url}/{VERSION}{path}"

    def check(self) -> None:
        """Prove that the token works."""
        self.get("/me", fields="id")

    def ask(self, path: str, params: dict[str, Any]) -> Answer:
        """The whole answer; where the connection holds the app's secret, the token is shown to be in its hands."""
        secret = self.connection.extra.get("app_secret")
        if secret:
            proof = hmac.new(str(secret).encode(), self.secret("access_token").encode(), hashlib.sha256)
            params = {**params, "appsecret_proof": proof.hexdigest()}
        return super().ask(path, params)

    def trouble(self, status: int, body: Any) -> HubError | None:
        """Graph's codes, each by what is to be done next."""
        told = body.get("error") if isinstance(body, dict) else None
        code = told.get("code") if isinstance(told, dict) else None
        if not isinstance(told, dict) or not isinstance(code, int):
            return None
        title, mine = self.manifest.title, self.connection.id
        if code in TOKEN_CODES:
            return AccessDenied(f"{title} no longer takes the token of {mine} ({code}); make a new one.")
        if code in LIMIT_CODES:
            return RateLimited(f"{title} asked us to wait ({code}).", retry_after=LIMIT_SECONDS)
        if code in BUSY_CODES or told.get("is_transient") is True:
            return Unavailable(f"{title} is in trouble ({code}).")
        if code in PERMISSION_CODES:
            return AccessDenied(f"{title} misses a permission in the token of {mine} ({code}); its README lists them.")
        if code == BLOCKED:
            return AccessDenied(f"{title} has blocked the app or account of {mine} ({code}); look at its alerts.")
        subcode = told.get("error_subcode")
        return GraphRejected(
            f"{title} did not accept the request ({code}).", status=status, code=code,
            subcode=subcode if isinstance(subcode, int) else None,
        )  # fmt: skip

    def raise_told(self, body: Any) -> None:
        """An error may come in an answer that is otherwise good."""
        if isinstance(body, dict) and "error" in body:
            raise self.trouble(400, body) or ContractBroken(f"{self.manifest.title} gave an error without a code.")

    def said(
        self, body: Any, *, is_talk: Callable[[Record], bool], is_account: Callable[[Record], bool]
    ) -> list[Record]:
        """What people said, among the objects of an answer; accounts may stand there too, and nothing else alone."""
        self.raise_told(body)
        listed = body.get("data", []) if isinstance(body, dict) else None
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise ContractBroken(f"{self.manifest.title} gave something else where a list was due.")
        nodes = nodes_of(body)
        found = [each for each in nodes if is_talk(each)]
        if nodes and not found and not all(is_account(each) for each in nodes):
            raise ContractBroken(f"{self.manifest.title} gave something else where posts were due.")
        return found

    def listing(self, path: str, **params: Any) -> Ask:
        """How to ask for the pages of an edge."""

        def ask(turn: str | None) -> tuple[list[Record], str | None]:
            body = self.get(path, **params, **dict(parse_qsl(turn or "")))
            return self.records(body), following(body)

        return ask

    def nodes(self, ids: Sequence[str], fields: str) -> tuple[list[Record], set[str]]:
        """The objects with these ids as they are answered, and the ids of those that are not there.

        One call when all are there; else the call is halved until those that fail it are found.
        """
        try:
            if len(ids) == 1:
                return [self.get(f"/{ids[0]}", fields=fields)], set()
            body = self.get("", ids=",".join(ids), fields=fields)
        except GraphRejected as refused:
            if not refused.gone:
                raise
            if len(ids) == 1:
                return [], {ids[0]}
            half = len(ids) // 2
            found, missing = self.nodes(ids[:half], fields)
            more, others = self.nodes(ids[half:], fields)
            return found + more, missing | others
        if not isinstance(body, dict):
            raise ContractBroken(f"{self.manifest.title} gave no objects by id.")
        return [body[id] for id in ids if id in body], {id for id in ids if id not in body}

    def insights(
        self, path: str, account: str, groups: Iterable[Sequence[str]], **params: Any
    ) -> Iterator[Measurement]:
        """Group by group; where a name has died, the others of its group are asked for alone.

        What is refused, or passed over in a good answer, is not available: a number without a value, and not zero.
        """
        for group in groups:
            try:
                found = list(self.measurements(path, self.get(path, metric=",".join(group), **params)))
            except GraphRejected:
                if len(group) > 1:
                    yield from self.insights(path, account, [[name] for name in group], **params)
                    continue
                found = []
            yield from found
            told = {each.name for each in found}
            for name in group:
                if self.metrics[name] not in told:
                    yield self._number(account, self.metrics[name], None, period=_period(params.get("period")))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The numbers of insights, or of accounts that carry them."""
        self.raise_told(body)
        for node in nodes_of(body):
            if isinstance(node.get("values"), list) or isinstance(node.get("total_value"), dict):
                yield from self._insight(node)
            elif isinstance(node.get("id"), str):
                for field, name in self.counts.items():
                    if field in node:
                        yield self._number(node["id"], name, node[field])

    def _insight(self, node: Record) -> Iterator[Measurement]:
        """One metric, with a value for each period that it was asked for."""
        name, account = self.metrics.get(str(node.get("name"))), str(node.get("id", "")).partition("/")[0]
        if name is None or not account:
            return
        values = node.get("values")
        for value in values if isinstance(values, list) else [node["total_value"]]:
            if isinstance(value, dict):
                at = moment(value.get("end_time"))
                yield self._number(account, name, value.get("value"), at=at, period=_period(node.get("period")))

    def _number(
        self, account: str, name: str, value: Any, *, at: datetime | None = None, period: Period = "moment"
    ) -> Measurement:
        counted = isinstance(value, (int, float)) and not isinstance(value, bool)
        return Measurement(
            network=self.manifest.name, account=account, name=name, at=at or self.services.clock.now(),
            period=period, value=float(value) if counted else None,
        )  # fmt: skip


def following(body: Any) -> str | None:
    """What leads to the next page, as a query; None where no next page is named, however short this one is."""
    paging = body.get("paging") if isinstance(body, dict) else None
    address = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(paging, dict) or not isinstance(address, str):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if isinstance(after, str) and after:
        return urlencode({"after": after})
    named = parse_qsl(urlsplit(address).query)
    return urlencode([(name, value) for name, value in named if name in TURNS]) or None


def nodes_of(body: Any) -> list[Record]:
    """The objects of an answer: of a list, of a map by ids, or the one that it is."""
    if not isinstance(body, dict):
        return []
    if isinstance(body.get("data"), list):
        return [each for each in body["data"] if isinstance(each, dict)]
    if "id" not in body and body and all(isinstance(each, dict) and each.get("id") for each in body.values()):
        return list(body.values())
    return [body]


def moment(text: Any) -> datetime | None:
    """A time as Graph writes it, without a colon in its offset."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def _period(text: Any) -> Period:
    return text if text in get_args(Period) else "moment"
