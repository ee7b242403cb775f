"""What the sandbox answers on its own port: the inspector page, the journal, and its switches."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from hub.errors import HubError
from sandbox.faults import Rule
from sandbox.inspector import SECURITY_HEADERS, page
from sandbox.inspector_files import shown
from sandbox.messages import Reply, Request

if TYPE_CHECKING:
    from sandbox.app import Sandbox

OWN_NAMES = ("127.0.0.1", "localhost")
WRONG_USE = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, msgspec.MsgspecError, HubError)
CHANGES = ("edited_text", "edited_at", "deleted_at")


class ControlPages:
    """Answers requests that were sent to the port itself."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._ways: dict[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "/"): self._inspector,
            ("GET", "/health"): self._health,
            ("GET", "/journal"): self._journal,
            ("GET", "/clock"): self._time,
            ("POST", "/clock"): self._advance,
            ("GET", "/faults"): lambda _: Reply.json(sandbox.switchboard.listing()),
            ("POST", "/faults"): self._fault,
            ("DELETE", "/faults"): self._mend,
            ("POST", "/world/posts"): self._say,
            ("POST", "/world/changes"): self._change,
            ("POST", "/reset"): self._reset,
        }

    def __call__(self, request: Request) -> Reply:
        """The answer; a foreign page in a browser may neither read nor switch anything."""
        if not _is_ours(request):
            return Reply.text("The sandbox answers only at 127.0.0.1, and to its own pages.\n", status=403)
        method = "GET" if request.method == "HEAD" else request.method
        way = self._ways.get((method, request.path))
        try:
            if way:
                return way(request)
            if method == "GET" and request.path.startswith("/state/"):
                return self._state(request)
            if method == "GET" and request.path.startswith(("/letters/", "/pictures/")):
                return shown(self._sandbox, request.path)
        except WRONG_USE as wrong:
            return Reply.json({"error": f"{type(wrong).__name__}: {wrong}"}, status=400)
        return Reply.json({"error": "no such page"}, status=404)

    def _inspector(self, request: Request) -> Reply:
        every = min(int(request.param("every", "0")), 3600)
        return Reply.text(
            page(self._sandbox, every=max(0, every)), headers=SECURITY_HEADERS, content_type="text/html; charset=utf-8"
        )

    def _health(self, _: Request) -> Reply:
        sandbox = self._sandbox
        return Reply.json({
            "status": "ok", "systems": [system.name for system in sandbox.systems],
            "now": sandbox.clock.now().isoformat(), "journal": sandbox.state.last_number,
        })  # fmt: skip

    def _journal(self, request: Request) -> Reply:
        lines = self._sandbox.state.journal(int(request.param("since", "0")))
        return Reply(
            200, {"Content-Type": "application/x-ndjson"}, b"".join(orjson.dumps(one) + b"\n" for one in lines)
        )

    def _state(self, request: Request) -> Reply:
        """The tables of one system, or the rows of one table; a table not yet used has none."""
        name, _, table = request.path.removeprefix("/state/").partition("/")
        locks = {system.name: system.lock for system in self._sandbox.systems} | {"world": self._sandbox.world.lock}
        if name not in locks:
            known = ", ".join(sorted(locks))
            return Reply.json({"error": f"nothing is called {name!r}; there are: {known}"}, status=404)
        names = self._sandbox.state.tables(name)
        if not table:
            return Reply.json(names)
        with locks[name]:
            return Reply.json(self._sandbox.state.table(name, table).all() if table in names else [])

    def _time(self, _: Request) -> Reply:
        return Reply.json({"now": self._sandbox.clock.now().isoformat()})

    def _advance(self, request: Request) -> Reply:
        with self._sandbox.world.lock:
            self._sandbox.clock.advance(float(request.json()["advance_seconds"]))
            self._sandbox.state.set_fact("offset_seconds", self._sandbox.clock.offset_seconds)
        return self._time(request)

    def _fault(self, request: Request) -> Reply:
        rule = msgspec.json.decode(request.body, type=Rule)
        names = [system.name for system in self._sandbox.systems]
        if rule.system not in names:
            raise ValueError(f"no system is called {rule.system!r}; there are: {', '.join(names)}")
        self._sandbox.switchboard.add(rule)
        return Reply.json({"ok": True})

    def _mend(self, _: Request) -> Reply:
        self._sandbox.switchboard.clear()
        return Reply.json({"ok": True})

    def _say(self, request: Request) -> Reply:
        facts = request.json()
        for name in ("network", "text", "author"):
            if not isinstance(facts[name], str):
                raise TypeError(f"{name} must be text")
        with self._sandbox.world.lock:
            try:
                post = self._sandbox.world.add_post(**facts)
            finally:
                self._sandbox.state.commit()  # a new author stays, even when the post was none
        return Reply.json({"id": post.id}, status=201)

    def _change(self, request: Request) -> Reply:
        changes: dict[str, Any] = request.json()
        number = changes.pop("id")
        if not changes or not set(changes) <= set(CHANGES):
            raise ValueError(f"a post is changed by {', '.join(CHANGES)}")
        with self._sandbox.world.lock:
            self._sandbox.world.change(number, **changes)
            self._sandbox.state.commit()
        return Reply.json({"ok": True})

    def _reset(self, _: Request) -> Reply:
        self._sandbox.reset()
        return Reply.json({"ok": True})


def _is_ours(request: Request) -> bool:
    """Named by its loopback address, and not sent along by a page of another origin (DNS rebinding, forged forms)."""
    host = request.headers.get("host", "")
    own_origin = request.headers.get("origin", f"http://{host}") == f"http://{host}"
    own_site = request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    leads_here = request.method in ("GET", "HEAD") and request.headers.get("sec-fetch-mode") == "navigate"
    return host.partition(":")[0] in OWN_NAMES and own_origin and (own_site or leads_here)
