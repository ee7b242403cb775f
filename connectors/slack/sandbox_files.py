"""The played upload of files in three steps: ask for an address, send the bytes there, tell where to show them."""

import base64
from typing import Any

import orjson

from connectors.slack.sandbox_workspace import BOT, Workspace, arguments_of, no, yes
from sandbox.kit import Reply, Request, route

FILES = "files.slack.com"
PICTURES = (".png", ".jpg", ".jpeg", ".gif")  # what an image block shows

Row = dict[str, Any]


class Files(Workspace):
    """Files that wait for their bytes, then for their place."""

    @route("POST", "/api/files.getUploadURLExternal")
    @route("GET", "/api/files.getUploadURLExternal")
    def upload_url(self, request: Request) -> Reply:
        """An address for so many bytes under this name."""
        given = arguments_of(request)
        if not given.get("filename") or not str(given.get("length") or "").isdigit() or not int(given["length"]):
            return no("invalid_arguments")
        id = f"F0SANDBOX{self.table('files').next_id()}"
        row = {"id": id, "name": given["filename"], "length": int(given["length"]), "size": None, "shown": False}
        self.table("files").insert(row)
        return yes(upload_url=f"https://{FILES}/upload/v1/{id}", file_id=id)

    @route("POST", "/upload/v1/{id}", host=FILES)
    def upload(self, request: Request, id: str) -> Reply:
        """The bytes, which must be as many as were announced."""
        row = self.table("files").get(id)
        if row is None or row["size"] is not None:
            return Reply.text("Not found", status=404)
        if len(request.body) < row["length"]:
            return Reply.text("Incomplete", status=400)
        content = base64.b64encode(request.body).decode()
        self.table("files").update(id, size=len(request.body), content=content)
        return Reply.text(f"OK - {len(request.body)}")

    @route("POST", "/api/files.completeUploadExternal")
    def complete(self, request: Request) -> Reply:
        """Show files whose bytes are there, in a channel or a thread."""
        given = arguments_of(request)
        asked = listed(given.get("files"))
        rows = [self.table("files").get(str(each.get("id"))) for each in asked] if isinstance(asked, list) else []
        if not rows or any(row is None or row["size"] is None or row["shown"] for row in rows):
            return no("file_not_found" if rows else "invalid_arguments")
        if given.get("channel_id") and self.closed_to_us(self.channel_of(given["channel_id"])):
            return no("channel_not_found")
        told = []
        for each, row in zip(asked or (), rows, strict=True):
            if row is not None:
                self.table("files").update(row["id"], shown=True, channel=given.get("channel_id"))
                self.journal("file shared", id=row["id"])
                title = each.get("title") or row["name"]
                self.table("files").update(row["id"], title=title)
                told.append({"id": row["id"], "title": title, "name": row["name"], "user": BOT["user_id"]})
        return yes(files=told)

    def has_pictures(self, message: Row) -> bool:
        """Whether all files that a message shows are pictures that it may show: uploaded, and completed."""
        wanted = [block["slack_file"].get("id") for block in message.get("blocks") or [] if block.get("slack_file")]
        rows = [self.table("files").get(str(id)) for id in wanted]
        return all(row and row["shown"] and str(row["name"]).lower().endswith(PICTURES) for row in rows)


def listed(files: Any) -> Any:
    """The files that are named: a list, which a form holds as JSON."""
    try:
        return orjson.loads(files) if isinstance(files, str) else files
    except orjson.JSONDecodeError:
        return None
