"""A hub in which everything that others write is hostile: what they post, what they are called, what it is about."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec

from hub.settings import load_config
from tests.conftest import REPO, SHARED
from tests.hostile import cases

CANARY = 7_331  # 7331 * 7 = 51317 stands on no page unless something was evaluated
TEXTS = (
    '<script>alert("script")</script>',
    '"><img src=x onerror=alert("img")>',
    "' onfocus='alert(1)' autofocus='",
    "</title></style></textarea></script><h1>broken out</h1><iframe src=//elsewhere.test></iframe>",
    "<svg/onload=alert(1)><math><mtext></form><form action=//elsewhere.test><input name=token>",
    f"{{{{ {CANARY} * 7 }}}} {{% raw %}} ${{{CANARY} * 7}} <%= {CANARY} * 7 %> #{{{CANARY} * 7}}",
    "javascript:alert(1) data:text/html,<script>alert(1)</script>",
    "\u202etxt.exe \u2066 مرحبا \u200b\u0007 <!-- --><![CDATA[ ]]>&lt;b&gt;&#60;b&#62;",
    "unbroken" * 60 + "<base href=//elsewhere.test><link rel=stylesheet href=//elsewhere.test/x.css>",
    "<details open ontoggle=alert(1)><marquee onstart=alert(1)><a href=javascript:alert(1)>x</a>",
)
NAMED = {
    name: f"{name}\"><script>alert('{name}')</script>{{{{ {CANARY} * 7 }}}}"
    for name in ("Acme Home", "Brew Pro", "Kaffa", "Dana Eklund")
}
"""Subjects, by what they are called here."""
TOPICS = {"price": "<script>alert('price')</script>", "delivery": '"><img src=x onerror=alert("d")>'}
SAID = {  # table: the places of its JSON that others fill
    "posts": ("$.text", "$.title", "$.author.handle", "$.author.display_name"),
    "authors": ("$.handle", "$.display_name"),
    "handoffs": (
        "$.post.text", "$.post.title", "$.post.author.handle", "$.post.author.display_name", "$.author.handle",
        "$.author.display_name", "$.title",
    ),
    "edits": (), "quarantine": (), "incidents": (), "watches": (), "outbox": (),
}  # fmt: skip
COLUMNS = {
    "authors": ("handle",), "edits": ("text", "title"), "incidents": ("title",),
    "watches": ("sentence",), "outbox": ("detail",),
}  # fmt: skip


def texts() -> list[str]:
    """Ours, and those of the material beside the project where it is there."""
    folders = [REPO / "tests" / "hostile" / "own", *([SHARED / "hostile"] if (SHARED / "hostile").is_dir() else [])]
    return [*TEXTS, *(text for folder in folders for text in _of(folder))]


def _of(folder: Path) -> Iterator[str]:
    for case in cases.load(folder):
        if case.category == "html" and case.text:
            yield case.text.encode("utf-8", "replace").decode()[:4_000]


def copy(source: Path, to: Path) -> None:
    """The hub in `source` once more in `to`, with the same rows and other words in them."""
    for name in os.listdir(source):
        if (source / name).is_file():
            shutil.copy(source / name, to / name)
    said = texts()
    connection = sqlite3.connect(to / "hub.db")
    connection.create_function("hostile", 1, lambda text: text and said[crc32(text.encode()) % len(said)])
    with connection:
        for table, places in SAID.items():
            _say(connection, table, places)
        for name, hostile in (NAMED | TOPICS).items():
            _call(connection, name, hostile)
    connection.close()
    _configure(to / "hub.yaml")


def _say(connection: sqlite3.Connection, table: str, places: tuple[str, ...]) -> None:
    for place in places:
        there = f"json_type(body, '{place}') = 'text'"
        connection.execute(
            f"UPDATE {table} SET body = json_set(body, '{place}', hostile(body ->> '{place}')) WHERE {there}"
        )
    for column in COLUMNS.get(table, ()):
        connection.execute(f"UPDATE {table} SET {column} = hostile({column})")


def _call(connection: sqlite3.Connection, name: str, hostile: str) -> None:
    """Another name, wherever one stands: by itself, in a list, in a key that is made of it."""
    quoted, hostile_quoted = msgspec.json.encode(name).decode(), msgspec.json.encode(hostile).decode()
    for table, columns in {
        "rollups": ("subject", "topic"), "talk": ("subjects",),
        "themes": ("subjects", "theme"), "signals": ("body",), "handoffs": ("body", "subject", "key"),
        "alarms": ("subject", "topic", "incident"), "incidents": ("key", "subjects"), "watches": ("subject",),
    }.items():  # fmt: skip
        for column in columns:
            changed = f"CASE WHEN {column} = ? THEN ? ELSE replace({column}, ?, ?) END"
            connection.execute(f"UPDATE {table} SET {column} = {changed}", (name, hostile, quoted, hostile_quoted))
    for table, column in (("incidents", "key"), ("handoffs", "key"), ("alarms", "incident")):
        connection.execute(
            f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (f":{name}\x1f", f":{hostile}\x1f")
        )


def _configure(path: Path) -> None:
    config = load_config(path)
    subjects = tuple(one.with_(name=NAMED.get(one.name, one.name)) for one in config.subjects)
    watches = tuple(one.with_(subject=NAMED.get(one.subject, one.subject)) for one in config.watches)
    topics = tuple(one.with_(name=TOPICS.get(one.name, one.name)) for one in config.topics)
    made = config.with_(subjects=subjects, watches=watches, topics=topics)
    path.write_bytes(msgspec.yaml.encode(made.plain()))
