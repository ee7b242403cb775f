"""What the first comment of a recorded feed promises, held against what we read: only the parts that we keep.

A promise is an expression such as `not bozo and entries[0]['title'] == 'Example'`. It is walked, never executed.
"""

import ast
import codecs
import re
from typing import Any

PROMISE = re.compile(r"Expect:\s*(.*)")
HEADER = re.compile(r"Header:\s*Content-type:\s*(.*)", re.IGNORECASE)
CODEC = re.compile(r"lookup\('([^']+)'\)")
NAMES = {"guid": "id", "description": "html", "summary": "html"}
KEPT = {"title", "id", "link", "author", "html", "lang"}


class NotKept(Exception):
    """The promise is about something that we pass over."""


def head_of(body: bytes) -> tuple[str | None, str]:
    """The promise of a document, and the content type that it came with."""
    text = body.replace(b"\x00", b"").decode("latin-1")
    promise, header = PROMISE.search(text), HEADER.search(text)
    return promise.group(1).strip() if promise else None, header.group(1).strip() if header else ""


def can_be_read(body: bytes) -> bool:
    """Whether this Python knows the encoding that a promise needs."""
    needed = CODEC.search(body.replace(b"\x00", b"").decode("latin-1"))
    try:
        return needed is None or bool(codecs.lookup(needed.group(1)))
    except LookupError:
        return False


def clauses(promise: str) -> list[ast.expr]:
    """What is promised, one by one."""
    try:
        whole = ast.parse(promise, mode="eval").body
    except SyntaxError:
        return []
    parts = list(whole.values) if isinstance(whole, ast.BoolOp) and isinstance(whole.op, ast.And) else [whole]
    whole_text = [part for part in parts if "'content'" in ast.unparse(part)]
    return whole_text or parts  # where there is a whole text, we keep no summary beside it


def holds(clause: ast.expr, entries: list[dict[str, Any]], title: str) -> bool:
    """Whether we read what one clause says; NotKept where it says something of what we do not keep."""
    if not (isinstance(clause, ast.Compare) and isinstance(clause.ops[0], ast.Eq)):
        raise NotKept
    return bool(_value(clause.left, entries, title) == _value(clause.comparators[0], entries, title))


def _value(node: ast.expr, entries: list[dict[str, Any]], title: str) -> Any:
    match node:
        case ast.Constant(value):
            return value
        case ast.Call(ast.Name("len"), [ast.Name("entries")]):
            return len(entries)
        case ast.Call(ast.Name("ord"), [inner]):
            return ord(str(_value(inner, entries, title)))
        case ast.Subscript(ast.Name("feed"), ast.Constant("title")):
            return title
        case ast.Subscript(
            ast.Subscript(ast.Subscript(entry, ast.Constant("content")), ast.Constant(0)), ast.Constant("value")
        ):
            return _entry(entry, entries).get("html")
        case ast.Subscript(ast.Subscript(ast.Name("entries")) as entry, ast.Constant(str(name))):
            name = NAMES.get(name, name)
            if name in KEPT:
                return _entry(entry, entries).get(name)
    raise NotKept


def _entry(node: ast.expr, entries: list[dict[str, Any]]) -> dict[str, Any]:
    match node:
        case ast.Subscript(ast.Name("entries"), ast.Constant(int(place))):
            return entries[place]
    raise NotKept
