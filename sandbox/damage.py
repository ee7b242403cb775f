"""What a fault does to an answer on its way to the client."""

import time

from sandbox.faults import Rule
from sandbox.messages import Reply, Request
from sandbox.wire import Wire, head_of

PAGE = b"<html><head><title>Service notice</title></head><body><h1>Be right back</h1></body></html>"


def refusal(fault: Rule) -> Reply:
    """The reply that a `status` fault gives in place of the system's own."""
    if isinstance(fault.body, str):
        return Reply.text(fault.body, status=fault.status, headers=fault.headers)
    if fault.body is None:
        return Reply.empty(fault.status, fault.headers)
    return Reply.json(fault.body, status=fault.status, headers=fault.headers)


def deliver(wire: Wire, request: Request, reply: Reply, fault: Rule | None, *, keep: bool) -> bool:
    """Send a reply, as whole as the fault leaves it; False when the connection is over."""
    head_only = request.method == "HEAD"
    kind = fault.kind if fault else None
    if fault is None or kind == "status":
        wire.send(reply, keep=keep, head_only=head_only)
        return keep
    if kind == "truncate":
        _truncated(wire, reply)
    elif kind == "drip":
        _dripped(wire, reply, fault.seconds)
    elif kind == "garbage":
        wire.send(Reply(200, {"Content-Type": "text/html"}, PAGE), keep=keep, head_only=head_only)
        return keep
    elif kind == "late":
        time.sleep(fault.seconds)
        wire.send(reply, keep=keep, head_only=head_only)
        return keep
    return False  # drop_after, truncate and drip end the connection


def _truncated(wire: Wire, reply: Reply) -> None:
    """Half of the body; of an answer that has none, so little of its head that nobody can take it for whole."""
    head = head_of(reply, keep=False)
    wire.socket.sendall(head + reply.body[: len(reply.body) // 2] if reply.body else head[:6])


def _dripped(wire: Wire, reply: Reply, seconds: float) -> None:
    wire.socket.sendall(head_of(reply, keep=False))
    for index in range(len(reply.body)):
        time.sleep(seconds)
        wire.socket.sendall(reply.body[index : index + 1])
