"""Plays real posts from a file in place of the invented world.

One JSON object a line: `id`, `text`, and if known `author`, `time` (or `created_at`), `network`, `lang`. Times are
moved so that the newest is now, and squeezed into half a day, unless they are to be kept: the hub's rules about old
posts would set aside anything else. Who wrote without a name gets an invented one, the same for the same post.
"""

import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from hub.errors import SetupError
from sandbox.people import Person, WorldPost, marks
from sandbox.world import FIRMS, World

SPAN = timedelta(hours=12)
FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y", "%Y-%m-%d %H:%M:%S")
CROWD = 20_000  # so many invented authors


def load_posts(world: World, path: Path, *, keep_times: bool = False) -> None:
    """Fill an empty world from a file; a line that cannot be read is a SetupError naming it."""
    rows = list(_rows(path))
    if not rows:
        raise SetupError(f"{path} holds no posts; it needs one JSON object with id and text a line.")
    world.add_people(FIRMS)
    moments = [_moment(row, path) for row in rows]
    times = moments if keep_times else _squeezed(moments, world.clock.now() - timedelta(seconds=30))
    people: dict[str, Person] = {}
    posts = []
    for number, (row, at) in enumerate(zip(rows, times, strict=True), start=1):
        name = str(row.get("author") or f"reader_{_number(row, number) % CROWD}")
        person = people.setdefault(
            name, Person(id=100 + len(people) + 1, name=name, handle=name, lang=row.get("lang") or "en")
        )
        text = str(row["text"])
        posts.append(
            WorldPost(
                id=number,
                network=str(row.get("network") or "x"),
                author=person,
                text=text,
                lang=str(row.get("lang") or "en"),
                published_at=at,
                thread=number,
                extra={"loaded": str(row.get("id", number))},
                **marks(text),
            )
        )
    world.add_people(people.values())
    world.add_posts(posts)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except OSError as problem:
        raise SetupError(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            row["text"]
        except (ValueError, KeyError, TypeError):
            raise SetupError(f"{path}, line {number}: this is no JSON object with a text.") from None
        yield row


def _moment(row: dict[str, Any], path: Path) -> datetime:
    text = str(row.get("time") or row.get("created_at") or "2015-01-01T00:00:00+00:00")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = next((moment for form in FORMATS if (moment := _parsed(text, form))), None) or _refuse(path, text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  the caller adds UTC where a form has no zone
    except ValueError:
        return None


def _refuse(path: Path, text: str) -> datetime:
    raise SetupError(f"{path}: {text[:40]!r} is no time; write it as 2025-03-01T10:00:00Z.")


def _squeezed(moments: list[datetime], end: datetime) -> list[datetime]:
    newest, oldest = max(moments), min(moments)
    span = newest - oldest
    scale = min(1.0, SPAN / span) if span else 1.0
    return [(end - (newest - moment) * scale).replace(microsecond=0) for moment in moments]


def _number(row: dict[str, Any], fallback: int) -> int:
    return int.from_bytes(hashlib.sha256(str(row.get("id", fallback)).encode()).digest()[:6], "big")
