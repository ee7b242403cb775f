"""What the sandbox answers on its own port: the inspector page, the journal, and its switches."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from sandbox.faults import Rule
from sandbox.inspector import SECURITY_HEADERS, page
from sandbox.messages import Reply, Request

if TYPE_CHECKING:
    from sandbox.app import Sandbox


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
            return Reply.text("The sandbox answers only at 127.0.0.1.\n", status=403)
        way = self._ways.get((request.method, request.path))
        try:
            if way:
                return way(request)
            if request.method == "GET" and request.path.startswith("/state/"):
                return self._state(request)
        except (ValueError, KeyError, TypeError, msgspec.MsgspecError) as wrong:
            return Reply.json({"error": f"{type(wrong).__name__}: {wrong}"}, status=400)
        return Reply.json({"error": "no such page"}, status=404)

    def _inspector(self, _: Request) -> Reply:
        return Reply.text(page(self._sandbox), headers=SECURITY_HEADERS, content_type="text/html; charset=utf-8")

    def _health(self, _: Request) -> Reply:
        names = [system.name for system in self._sandbox.systems]
        return Reply.json({"status": "ok", "systems": names, "now": self._sandbox.clock.now().isoformat()})

    def _journal(self, request: Request) -> Reply:
        lines = self._sandbox.state.journal(int(request.param("since", "0")))
        return Reply(
            200, {"Content-Type": "application/x-ndjson"}, b"".join(orjson.dumps(one) + b"\n" for one in lines)
        )

    def _state(self, request: Request) -> Reply:
        _, _, name, *rest = request.path.split("/")
        system = next((each for each in self._sandbox.systems if each.name == name), None)
        if not rest or not rest[0]:
            return Reply.json(self._sandbox.state.tables(name))
        if system is None:
            return Reply.json(self._sandbox.state.table(name, rest[0]).all())
        with system.lock:
            return Reply.json(system.table(rest[0]).all())

    def _time(self, _: Request) -> Reply:
        return Reply.json({"now": self._sandbox.clock.now().isoformat()})

    def _advance(self, request: Request) -> Reply:
        self._sandbox.clock.advance(float(request.json()["advance_seconds"]))
        self._sandbox.state.set_fact("offset_seconds", self._sandbox.clock.offset_seconds)
        return self._time(request)

    def _fault(self, request: Request) -> Reply:
        self._sandbox.switchboard.add(msgspec.json.decode(request.body, type=Rule))
        return Reply.json({"ok": True})

    def _mend(self, _: Request) -> Reply:
        self._sandbox.switchboard.clear()
        return Reply.json({"ok": True})

    def _say(self, request: Request) -> Reply:
        post = self._sandbox.world.add_post(**request.json())
        self._sandbox.state.commit()
        return Reply.json({"id": post.id}, status=201)

    def _change(self, request: Request) -> Reply:
        changes: dict[str, Any] = request.json()
        self._sandbox.world.change(changes.pop("id"), **changes)
        self._sandbox.state.commit()
        return Reply.json({"ok": True})

    def _reset(self, _: Request) -> Reply:
        self._sandbox.reset()
        return Reply.json({"ok": True})


def _is_ours(request: Request) -> bool:
    """Named by its loopback address, and not sent along by a page of another origin (DNS rebinding, forged forms)."""
    name = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    origin = request.headers.get("origin", "")
    own = origin in ("", f"http://{request.headers.get('host', '')}")
    return name in ("127.0.0.1", "localhost") and own
