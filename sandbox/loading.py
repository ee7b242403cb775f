"""Plays real posts from a file in place of the invented world.

One JSON object a line: `id`, `text`, and if known `author`, `time` (or `created_at`), `network`, `lang`. Times are
moved so that the newest is now, and squeezed into half a day, unless they are to be kept: the hub's rules about old
posts would set aside anything else, and X's search looks back seven days only. A post without a time stands right
after the one before it. Who wrote without a name gets an invented one, the same for the same post.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from hub.errors import SetupError
from sandbox.cast import FIRMS, FIRST_ID
from sandbox.people import Person, WorldPost, marks
from sandbox.world import World

SPAN = timedelta(hours=12)
FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y", "%Y-%m-%d %H:%M:%S")
CROWD = 20_000  # so many invented authors
SITE = "coffeelovers.test"  # where blog posts of no known site stand
NOT_IN_HANDLES = re.compile(r"\W+")


def read_rows(path: Path, *, networks: Iterable[str]) -> list[dict[str, Any]]:
    """The posts of a file, checked; a line that cannot be read is a SetupError naming it."""
    known = sorted(networks)
    rows = []
    for number, line in enumerate(_content(path).splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = orjson.loads(line)
            row["text"] = str(row["text"])
        except (ValueError, KeyError, TypeError):
            raise SetupError(f"{where}: this is no JSON object with a text.") from None
        if row.setdefault("network", "x") not in known:
            raise SetupError(f"{where}: network {row['network']!r} is not played; there are: {', '.join(known)}.")
        row["at"] = _moment(row.get("time") or row.get("created_at"), where)
        rows.append(row)
    if not rows:
        raise SetupError(f"{path} holds no posts; it needs one JSON object with id and text a line.")
    return rows


def load_posts(world: World, rows: list[dict[str, Any]], *, keep_times: bool = False) -> None:
    """Fill an empty world with posts that were read."""
    end = world.clock.now().replace(microsecond=0) - timedelta(seconds=30)
    moments = _complete([row["at"] for row in rows], end)
    times = moments if keep_times else _squeezed(moments, end)
    people = {firm.handle: firm for firm in FIRMS}
    posts = []
    for number, (row, at) in enumerate(zip(rows, times, strict=True), start=1):
        text, lang = row["text"], str(row.get("lang") or "en")
        author = _author(people, row, number, lang)
        site = str(row.get("site") or SITE) if row["network"] == "blogs" else ""
        posts.append(
            WorldPost(
                id=number,
                network=row["network"],
                author=author,
                text=text,
                lang=lang,
                published_at=at,
                site=site,
                title=str(row.get("title") or text[:80]) if site else "",
                thread=number,
                extra={"loaded": str(row.get("id", number))},
                **marks(text),
            )
        )
    world.add_people(people.values())
    world.add_posts(posts)


def _content(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as problem:
        words = getattr(problem, "strerror", None) or problem
        raise SetupError(f"{path} cannot be read: {words}.") from problem


def _author(people: dict[str, Person], row: dict[str, Any], number: int, lang: str) -> Person:
    """Who wrote: found by the name as a handle would spell it."""
    name = str(row.get("author") or f"reader_{_number(row, number) % CROWD}").removeprefix("@")
    handle = NOT_IN_HANDLES.sub("_", name).strip("_") or f"reader_{number}"
    known = people.get(handle.lower())
    if known is None:
        id = FIRST_ID + len(people) - len(FIRMS)
        known = people[handle.lower()] = Person(id=id, name=name, handle=handle, lang=lang)
    return known


def _moment(value: Any, where: str) -> datetime | None:
    """A time in one of the usual forms, or in seconds since 1970."""
    if value is None or value == "":
        return None
    text = str(value)
    try:
        found = datetime.fromtimestamp(float(text), UTC) if _is_number(text) else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        found = next((moment for form in FORMATS if (moment := _parsed(text, form))), None) or _refuse(where, text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d{9,11}(\.\d+)?", text) is not None


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  the caller adds UTC where a form has no zone
    except ValueError:
        return None


def _refuse(where: str, text: str) -> datetime:
    raise SetupError(f"{where}: {text[:40]!r} is no time; write it as 2025-03-01T10:00:00Z.")


def _complete(moments: list[datetime | None], end: datetime) -> list[datetime]:
    """A time for every post; when none has one, they are spread evenly in their order."""
    first = next((moment for moment in moments if moment), None)
    if first is None:
        step = SPAN / len(moments)
        return [end - step * (len(moments) - number) for number in range(1, len(moments) + 1)]
    whole = []
    for moment in moments:
        first = moment or first
        whole.append(first)
    return whole


def _squeezed(moments: list[datetime], end: datetime) -> list[datetime]:
    newest, oldest = max(moments), min(moments)
    span = newest - oldest
    scale = min(1.0, SPAN / span) if span else 1.0
    return [(end - (newest - moment) * scale).replace(microsecond=0) for moment in moments]


def _number(row: dict[str, Any], fallback: int) -> int:
    return int.from_bytes(hashlib.sha256(str(row.get("id", fallback)).encode()).digest()[:6], "big")
