"""Google+: what is left of it, in the archives that people took out before it ended in April 2019.

What shapes this module:

- There is nothing to ask: a watch names a file, Google Takeout's zip or tgz with "Google+ Stream" in JSON. Whoever made
  it may be a stranger; `members.py` looks it over before anything is believed.
- One post is one file, with its comments in it. Each comment is handed on as a record of its own, with what it answers.
- Who may see a post stands in `postAcl`; only what was public is kept, and of those who liked or passed it on only
  how many they were.
- The cursor counts the members that were read of this very file; another file begins anew, and keys drop what is known.
"""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

from connectors.google_plus.members import Archive, Unreadable, look_over
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import SPOILT, Network, NoAuth, Page, read_json

PAGE_MEMBERS = 200
ENDS = 1 << 16  # bytes at both ends of a file by which it is known again
POSTS = re.compile(r"(^|/)[^/]*Google\+[^/]*/([^/]+/)*[^/]+\.json$", re.IGNORECASE)
IN_POSTS = re.compile(r"/Posts/[^/]+$", re.IGNORECASE)
PAGES = re.compile(r"(^|/)[^/]*Google\+[^/]*/([^/]+/)*Posts/[^/]+\.html$", re.IGNORECASE)
COUNTED = {"plusOnes": "plusOneCount", "reshares": "reshareCount", "comments": "commentCount"}
DROPPED = ("plusOnes", "reshares", "comments", "poll", "location")  # other people's names, and where somebody was


class GooglePlus(Network):
    """Archives of Google+."""

    auth = NoAuth()

    def check(self) -> None:
        """There is nobody to ask; each watch tells of its own file."""

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield the posts of an archive and their comments, some members a page, in the order of the archive."""
        if watch.kind != "archive":
            raise SetupError(f"Google+ cannot watch a {watch.kind}; use an archive with the path of its file.")
        with closing(self.open(watch.value)) as file:
            known = fingerprint(file)
            done = int(cursor.position or 0) if cursor.state.get("file") == known else 0
            if cursor.state.get("file") == known and cursor.state.get("whole"):
                return
            yield from self._pages(look_over(file), done, known)

    def read(self, url: str) -> list[dict[str, Any]]:
        """The records of a whole archive, or of one post's file."""
        body = self.http.fetch(url)[2]
        if body[:2] not in (b"PK", b"\x1f\x8b"):
            return self.records(self._json(body))
        pages = self._pages(look_over(io.BytesIO(body)), 0, "")
        return [record for page in pages for record in page.records]

    def records(self, body: Any) -> list[dict[str, Any]]:
        """A post and its comments."""
        if not is_post(body):
            raise ContractBroken("This is no post of Google+; check the watch's file.")
        return list(_records_of(body))

    def _pages(self, archive: Archive, done: int, known: str) -> Iterator[Page]:
        wanted = [place for place, member in enumerate(archive.members) if POSTS.search(member.name)]
        if not wanted:
            in_html = any(PAGES.search(member.name) for member in archive.members)
            remedy = "export it as JSON, not HTML" if in_html else "ask Takeout for Google+ Stream"
            raise ContractBroken(f"The archive holds no posts of Google+; {remedy}.", reason="no_posts")
        left = wanted[done:]
        records: list[dict[str, Any]] = []
        for number, (place, body) in enumerate(archive.read(left, self.services.limits.max_bytes), start=1):
            records += self._member(archive.members[place].name, body)
            if number % PAGE_MEMBERS == 0 or number == len(left):
                whole = number == len(left)
                state = {"file": known} | ({"whole": True} if whole else {})
                yield Page(records=records, cursor=Cursor(position=str(done + number), state=state))
                records = []

    def _member(self, name: str, body: bytes | Unreadable) -> list[dict[str, Any]]:
        """The records of one file; what cannot be read is handed on as it is, for quarantine."""
        if isinstance(body, Unreadable):
            return [{SPOILT: "too_big" if str(body) == "too_big" else "bad_member", "member": name}]
        try:
            found = self._json(body)
        except ContractBroken as broken:
            return [{SPOILT: broken.reason or "bad_json", "member": name, **_as_it_came(body)}]
        if is_post(found):
            return list(_records_of(found))
        if IN_POSTS.search(name):  # elsewhere lie circles, events and the like
            return [{SPOILT: "no_post", "member": name, **_as_it_came(body)}]
        return []

    def _json(self, body: bytes) -> Any:
        return read_json(body, source="Google+", max_depth=self.services.limits.max_depth)


def is_post(found: Any) -> bool:
    """Whether this is a post, and no circle, event or profile."""
    return isinstance(found, dict) and "creationTime" in found and ("author" in found or "content" in found)


def fingerprint(file: BinaryIO) -> str:
    """By what a file is known again: its length and both its ends."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    ends = file.read(ENDS)
    file.seek(max(0, size - ENDS))
    ends += file.read(ENDS)
    file.seek(0)
    return f"{size}-{hashlib.sha256(ends).hexdigest()[:16]}"


def _records_of(post: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The post without other people in it, and each of its comments with what it answers."""
    counts = {ours: len(post[name]) for name, ours in COUNTED.items() if isinstance(post.get(name), list)}
    yield {name: value for name, value in post.items() if name not in DROPPED} | counts
    answered = {name: post.get(name) for name in ("resourceName", "activityId", "url", "postAcl")}
    comments = post.get("comments")
    for comment in comments if isinstance(comments, list) else ():
        if isinstance(comment, dict):
            yield {**comment, "answers": answered, **({SPOILT: True} if SPOILT in post else {})}
        else:
            yield {SPOILT: "bad_type", "comment": comment}


def _as_it_came(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
