"""Compliance jobs as X plays them: made by a call, fed and emptied at signed addresses of a storage host."""

import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from connectors.x.sandbox_shapes import EPOCH_MS, NUMBER_BITS, invalid, missing, moment
from sandbox.kit import Clock, Reply, Request, Table, World

STORAGE = "storage.googleapis.com"
BUCKET = "twttr-tweet-compliance"
WORK_SECONDS = 3  # from the upload until the result is there
UPLOAD_SECONDS, DOWNLOAD_DAYS = 900, 7


class Jobs:
    """The jobs of one app."""

    def __init__(self, table: Table, world: World, clock: Clock) -> None:
        self._table, self._world, self._clock = table, world, clock

    def make(self, request: Request) -> Reply:
        """A new job of a type, with the address that takes its ids."""
        try:
            wish = request.json()
        except ValueError:
            wish = None
        kind = wish.get("type") if isinstance(wish, dict) else None
        if kind not in ("tweets", "users"):
            return invalid("type", str(kind), "type must be one of [tweets,users]")
        now = self._clock.now()
        id = str(1_400_000_000_000_000_000 + self._table.next_id())
        row = {"id": id, "type": kind, "name": wish.get("name"), "made_at": now.isoformat(), "uploaded_at": None}
        self._table.insert(row | {"ids": [], "signature": secrets.token_hex(16)}, id=id)
        return Reply.json({"data": self._shown(id)})

    def one(self, id: str) -> Reply:
        """How far a job is."""
        if id not in self._table:
            return Reply.json({"errors": [missing("compliance_job", "id", id)]})
        return Reply.json({"data": self._shown(id)})

    def every(self, kind: str) -> Reply:
        """All jobs of a type."""
        if kind not in ("tweets", "users"):
            return invalid("type", kind, "type must be one of [tweets,users]")
        found = [self._shown(row["id"]) for row in self._table.where(type=kind)]
        meta = {"result_count": len(found)}
        return Reply.json({"data": found, "meta": meta} if found else {"meta": meta})

    def upload(self, request: Request, id: str) -> Reply:
        """The ids, one a line, as plain text; whoever holds the signed address may."""
        row = self._signed(request, id)
        if row is None or request.headers.get("content-type") != "text/plain" or self._age(row) > UPLOAD_SECONDS:
            return _forbidden()
        ids = [line.strip() for line in request.body.decode("utf-8", "replace").splitlines() if line.strip()]
        self._table.update(id, ids=ids, uploaded_at=self._clock.now().isoformat())
        return Reply.empty(200)

    def download(self, request: Request, id: str) -> Reply:
        """The result: a line for each post that must go."""
        row = self._signed(request, id)
        if row is None or self._status(row) != "complete":
            return _forbidden()
        lines = [json.dumps(line) for each in row["ids"] if (line := self._line(each))]
        return Reply.text("".join(f"{line}\n" for line in lines), content_type="application/octet-stream")

    def _line(self, text: str) -> dict[str, str] | None:
        """What must be done about one post; nothing about one that is there."""
        number = int(text) if text.isascii() and text.isdigit() else 0
        post = self._world.trace(number & ((1 << NUMBER_BITS) - 1))
        if post is not None and self._world.get(post.id) is not None:
            return None
        written = datetime.fromtimestamp(((number >> NUMBER_BITS) + EPOCH_MS) / 1000, self._clock.now().tzinfo)
        line = {"id": text, "action": "delete", "created_at": moment(written), "reason": "deleted"}
        return line | {"redacted_at": moment(self._clock.now())}

    def _shown(self, id: str) -> dict[str, Any]:
        row = self._table.get(id) or {}
        made = datetime.fromisoformat(row["made_at"])
        query = urlencode({"X-Goog-Algorithm": "GOOG4-RSA-SHA256", "X-Goog-Signature": row["signature"]})
        shown = {
            "id": id, "type": row["type"], "name": row["name"], "status": self._status(row), "resumable": False,
            "created_at": moment(made),
            "upload_url": f"https://{STORAGE}/{BUCKET}/{id}/submission/{id}?{query}",
            "upload_expires_at": moment(made + timedelta(seconds=UPLOAD_SECONDS)),
            "download_url": f"https://{STORAGE}/{BUCKET}/{id}/delivery/{id}?{query}",
            "download_expires_at": moment(made + timedelta(days=DOWNLOAD_DAYS)),
        }  # fmt: skip
        return {name: value for name, value in shown.items() if value is not None}

    def _status(self, row: dict[str, Any]) -> str:
        if row["uploaded_at"] is None:
            return "expired" if self._age(row) > UPLOAD_SECONDS else "created"
        worked = (self._clock.now() - datetime.fromisoformat(row["uploaded_at"])).total_seconds()
        return "complete" if worked >= WORK_SECONDS else "in_progress"

    def _signed(self, request: Request, id: str) -> dict[str, Any] | None:
        row = self._table.get(id)
        return row if row and request.param("X-Goog-Signature") == row["signature"] else None

    def _age(self, row: dict[str, Any]) -> float:
        return (self._clock.now() - datetime.fromisoformat(row["made_at"])).total_seconds()


def _forbidden() -> Reply:
    error = "<Error><Code>AccessDenied</Code><Message>Access denied.</Message></Error>"
    text = f"<?xml version='1.0' encoding='UTF-8'?>{error}"
    return Reply.text(text, status=403, content_type="application/xml; charset=UTF-8")
