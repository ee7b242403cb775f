"""What the played networks behind Meta's Graph API share: proof of access, fields, objects by id, pages, usage.

An object has fields and edges; only what is asked for is told, an edge may be asked for among the fields, and a field
that a kind of object does not have fails the whole call. So does one object that is gone among several.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import urlencode

from sandbox.kit import Reply, Request, Shelves, System, Window, WorldPost, route

VERSION = re.compile(r"v\d+\.\d+")
WORD = re.compile(r"[A-Za-z0-9_=-]+|[{}(),.]")
MOST, USUAL = 100, 25  # on one page
DAY = 86_400
PLACES = 1 << 24  # posts of one second
US = "acme"  # whose token it is
Posts = Callable[[int | None], Iterator[WorldPost]]
"""Posts beyond a place in a list, None for its beginning."""


class Refused(Exception):
    """An error of Graph's."""

    def __init__(self, code: int, message: str, *, status: int = 400, subcode: int | None = None) -> None:
        super().__init__(message)
        self.code, self.status, self.subcode = code, status, subcode

    def reply(self) -> Reply:
        """In Graph's form."""
        told: dict[str, Any] = {"message": f"(#{self.code}) {self}", "type": "OAuthException", "code": self.code}
        told |= {"error_subcode": self.subcode} if self.subcode else {}
        return Reply.json({"error": told | {"fbtrace_id": "AsandboxTraceIdOfNobody"}}, status=self.status)


@dataclass(frozen=True)
class Wanted:
    """One name of a list of fields: what it is narrowed by, and what of it is wanted."""

    params: dict[str, str] = field(default_factory=dict)
    fields: "Fields" = field(default_factory=dict)


Fields = dict[str, Wanted]


@dataclass(frozen=True)
class Node:
    """An object, with what may be asked of it; `usual` is told when nothing is."""

    kind: str
    fields: Mapping[str, Any]
    usual: tuple[str, ...] = ("id",)
    edges: Mapping[str, Callable[[Wanted], dict[str, Any]]] = field(default_factory=dict)


class GraphSystem(System):
    """One network behind graph.facebook.com; a subclass knows its objects."""

    token: ClassVar[str]
    app_secret: ClassVar[str]
    usage: ClassVar[tuple[str, int]]  # what its calls are counted as, and the error when there were too many
    _window: Window
    _shelves: Shelves

    def start(self) -> None:
        """Nothing was asked yet."""
        self._shelves = Shelves(self.world, self.name, order_of)

    def takes(self, request: Request) -> bool:
        """By whose token it is: Facebook and Instagram are behind one host."""
        return (request.bearer or request.param("access_token")) == self.token

    def node(self, id: str) -> Node:
        """The object of this id, or Refused."""
        raise TypeError(f"{type(self).__name__} must know its objects.")

    def account(self) -> str:
        """Whom calls are counted for."""
        raise TypeError(f"{type(self).__name__} must know its account.")

    def allowance(self) -> int:
        """Calls in a day."""
        return 4_800

    def admit(self, request: Request) -> Reply | None:
        """Only with the token, in the hands of its app, and not too often."""
        self._window = self.take("calls", limit=self.allowance(), seconds=DAY)
        if self._window.exceeded:
            return Refused(self.usage[1], "There have been too many calls to this account.").reply()
        token = request.bearer or request.param("access_token")
        if token != self.token:
            return Refused(190, "The access token cannot be read.").reply()
        proof = request.param("appsecret_proof")
        mine = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return None if proof in ("", mine) else Refused(100, "The proof is not of this app.").reply()

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer says in percent how much is used, and minutes where all is."""
        left = self._window.seconds_left(self.clock.now()) // 60 + 1 if self._window.exceeded else 0
        percent = 100 - 100 * self._window.remaining // self._window.limit
        usage = {"type": self.usage[0], "call_count": percent, "total_cputime": 1, "total_time": 1}
        usage["estimated_time_to_regain_access"] = left
        reply.headers |= {
            "facebook-api-version": "v25.0",
            "X-Business-Use-Case-Usage": json.dumps({self.account(): [usage]}, separators=(",", ":")),
        }

    def newest(
        self, question: Hashable, wanted: Callable[[WorldPost], bool], node: Callable[[WorldPost], Node],
        *, most: int = MOST,
    ) -> Callable[[Wanted], dict[str, Any]]:  # fmt: skip
        """An edge that lists what is wanted, newest first; `question` names it among the edges of this network."""
        return lambda asked: listed(
            lambda below: self._shelves.newest(question, wanted, below=below), asked, node=node, most=most
        )

    def below(self, post: WorldPost) -> list[WorldPost]:
        """Everything that was answered below a post, at any depth, oldest first."""
        found, waiting = [], self.world.replies(post.id)
        while waiting:
            each = waiting.pop(0)
            found.append(each)
            waiting += self.world.replies(each.id)
        return sorted(found, key=order_of)

    def top(self, post: WorldPost) -> WorldPost:
        """The comment right below the post that this one is, or is an answer to."""
        while post.in_reply_to and post.in_reply_to != post.thread:
            parent = self.world.trace(post.in_reply_to)
            if parent is None:
                break
            post = parent
        return post

    def not_found(self, request: Request) -> Reply:
        """Graph's words for no such thing."""
        return gone(request.path).reply()

    @route("GET", "/{rest:path}")
    def answer(self, request: Request, rest: str) -> Reply:
        """An object, several, or an edge of one."""
        parts = [part for part in rest.split("/") if part]
        if parts and VERSION.fullmatch(parts[0]):
            parts = parts[1:]
        try:
            return Reply.json(self._found(request, parts), headers={"Cache-Control": "private, no-cache, no-store"})
        except Refused as refused:
            return refused.reply()

    def _found(self, request: Request, parts: list[str]) -> dict[str, Any]:
        fields = read_fields(request.param("fields"))
        if not parts:
            ids = [id for id in request.param("ids").split(",") if id]
            if not 1 <= len(ids) <= 50:
                raise Refused(100, "Between 1 and 50 ids are taken.")
            return {id: shown(self._one_of_several(id), fields) for id in ids}
        node = self.node(parts[0])
        if len(parts) == 1:
            return shown(node, fields)
        if len(parts) != 2 or parts[1] not in node.edges:
            raise Refused(100, f"{node.kind} has no edge {'/'.join(parts[1:])}.")
        params = {name: values[0] for name, values in request.query.items() if name != "fields"}
        asked = {**params, "access_token": self.token} | (
            {"fields": request.param("fields")} if request.param("fields") else {}
        )
        return _paged(node.edges[parts[1]](Wanted(params, fields)), f"https://{request.host}{request.path}", asked)

    def _one_of_several(self, id: str) -> Node:
        try:
            return self.node(id)
        except Refused:
            raise Refused(803, f"Some of the aliases you requested do not exist: {id}", status=404) from None


def order_of(post: WorldPost) -> int:
    """What lists are sorted by: when it was said, and its number where that is the same second."""
    return int(post.published_at.timestamp()) * PLACES + post.id


def moment(at: datetime) -> str:
    """As Graph writes times, without a colon in the offset."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def grown(posts: Sequence[WorldPost], end: datetime, what: Callable[[WorldPost, datetime], int]) -> int:
    """By how much a number grew in the day before its end."""
    start = end - timedelta(days=1)
    there = (post for post in posts if post.published_at < end)
    return sum(what(post, end) - (what(post, start) if post.published_at < start else 0) for post in there)


def views(posts: Sequence[WorldPost], end: datetime) -> int:
    """How often posts were shown in that day."""
    return grown(posts, end, lambda post, at: post.counters(at).views)


def gone(id: str) -> Refused:
    """What Graph says of an object that is not there, or not for us."""
    return Refused(100, f"There is no object {id}, or it cannot be loaded.", subcode=33)


def shown(node: Node, fields: Fields) -> dict[str, Any]:
    """What is wanted of an object; what is empty is left out, and what it does not have fails the call."""
    told: dict[str, Any] = {}
    for name, wanted in (fields or {name: Wanted() for name in node.usual}).items():
        if name in node.edges:
            address = f"https://graph.facebook.com/v25.0/{node.fields.get('id')}/{name}"
            told[name] = _paged(node.edges[name](wanted), address, dict(wanted.params))
        elif name not in node.fields:
            raise Refused(100, f"Tried accessing nonexisting field ({name}) on node type ({node.kind})")
        elif (value := node.fields[name]) is not None:
            told[name] = shown(value, wanted.fields) if isinstance(value, Node) else _part(value, wanted.fields)
    return told | ({"id": node.fields["id"]} if "id" in node.fields else {})


def _paged(body: dict[str, Any], address: str, asked: dict[str, str]) -> dict[str, Any]:
    """With the whole address of the next page, as Graph gives it: with all that was asked, the token among it."""
    if "next" in body.get("paging", {}):
        query = urlencode({**asked, "after": body["paging"]["cursors"]["after"]})
        body["paging"]["next"] = f"{address}?{query}"
    return body


def _part(value: Any, fields: Fields) -> Any:
    """An inner object with no more than what is wanted of it."""
    if not fields or not isinstance(value, dict):
        return value
    if isinstance(value.get("data"), list):
        return {**value, "data": [_part(each, fields) for each in value["data"]]}
    return {name: _part(value[name], wanted.fields) for name, wanted in fields.items() if name in value}


def listed(
    posts: Posts, wanted: Wanted, *, node: Callable[[WorldPost], Node], total: int | None = None, most: int = MOST
) -> dict[str, Any]:  # fmt: skip
    """One page of an edge, with cursors, and a next page only where there is one."""
    size = wanted.params.get("limit", str(USUAL))
    limit = min(int(size), most) if size.isdigit() else USUAL
    found = list(islice(posts(_place(wanted.params.get("after"))), limit + 1))
    page = found[:limit]
    body: dict[str, Any] = {"data": [shown(node(post), wanted.fields) for post in page]}
    if page:
        body["paging"] = {"cursors": {"before": _cursor(order_of(page[0])), "after": _cursor(order_of(page[-1]))}}
        body["paging"] |= {"next": ""} if len(found) > limit else {}
    if wanted.params.get("summary") and total is not None:
        body["summary"] = {"order": "chronological", "total_count": total, "can_comment": True}
    return body


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"place:{place}".encode()).decode().rstrip("=")


def _place(cursor: str | None) -> int | None:
    if not cursor:
        return None
    try:
        return int(base64.urlsafe_b64decode(cursor + "==").decode().removeprefix("place:"))
    except ValueError:
        raise Refused(100, "The cursor is not valid.") from None


def read_fields(text: str) -> Fields:
    """`id,from{id,name},comments.limit(0).summary(true)` as names with what belongs to each."""
    words = WORD.findall(text)
    fields, rest = _fields(words)
    if rest or "".join(words) != "".join(text.split()):
        raise Refused(100, "The list of fields cannot be read.")
    return fields


def _fields(words: list[str]) -> tuple[Fields, list[str]]:
    fields: Fields = {}
    while words and words[0] != "}":
        name, words, params = words[0], words[1:], {}
        while words[:1] == ["."]:
            if len(words) < 5 or words[2] != "(" or ")" not in words:
                raise Refused(100, "The list of fields cannot be read.")
            end = words.index(")")
            params[words[1]], words = "".join(words[3:end]), words[end + 1 :]
        inner: Fields = {}
        if words[:1] == ["{"]:
            inner, words = _fields(words[1:])
            if words[:1] != ["}"]:
                raise Refused(100, "The list of fields cannot be read.")
            words = words[1:]
        fields[name] = Wanted(params, inner)
        words = words[1:] if words[:1] == [","] else words
    return fields, words
