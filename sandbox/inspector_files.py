"""What the inspector page shows of files: letters as a mail program shows them, their attachments, Slack's pictures.

All of it was written by whoever sent it, so it is shown where it can do nothing: a letter in a page of its own that may
run no script, load nothing and lead nowhere; an attachment only as a file to keep; a picture only if it is one.
"""

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from sandbox.mail import page_of
from sandbox.messages import Reply

if TYPE_CHECKING:
    from sandbox.app import Sandbox

PNG = b"\x89PNG\r\n\x1a\n"
SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
LETTER = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def shown(sandbox: "Sandbox", path: str) -> Reply:
    """A letter (`/letters/1`), its first attachment (`/letters/1/0`) or a picture in a channel (`/pictures/F1`)."""
    kind, _, rest = path.lstrip("/").partition("/")
    id, _, number = rest.partition("/")
    if kind == "pictures":
        return _picture(sandbox, unquote(id))
    with sandbox.mailbox.lock:
        letter = sandbox.mailbox.letter(id)
    if letter is None:
        return Reply.text("There is no such letter.\n", status=404)
    if not number:
        policy = {"Content-Security-Policy": LETTER, **SAFE}
        return Reply.text(page_of(letter), headers=policy, content_type="text/html; charset=utf-8")
    file = letter["attachments"][int(number)]
    name = f"attachment; filename*=UTF-8''{quote(file['name'], safe='')}"
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": name, **SAFE}
    return Reply(200, headers, base64.b64decode(file["content"]))


def _picture(sandbox: "Sandbox", id: str) -> Reply:
    played = next((each for each in sandbox.systems if each.name == "slack"), None)
    row = None
    if played is not None:
        with played.lock:
            row = played.table("files").get(id)
    content = base64.b64decode((row or {}).get("content") or "")
    if not content.startswith(PNG):
        return Reply.text("There is no such picture.\n", status=404)
    return Reply(200, {"Content-Type": "image/png", **SAFE}, content)
