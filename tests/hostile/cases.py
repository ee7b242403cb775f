"""A folder of hostile cases: `cases.jsonl`, the bytes in `raw/`, the recipes in `archives.json`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

AT = datetime.fromisoformat("2026-11-20T12:00:00+00:00")  # when every case is run; most posts are two hours old then
LATER = re.compile(r"\{now([+-]\d+)s\}")


@dataclass(frozen=True)
class Case:
    """What is sent, and what must become of it."""

    id: str
    category: str
    network: str
    title: str
    expect: str
    flags: tuple[str, ...] = ()
    also_ok: tuple[str, ...] = ()
    sinks: dict[str, Any] = field(default_factory=dict)
    payload: Any = None
    raw: bytes | None = None
    raw_name: str = ""
    fetch: dict[str, Any] | None = None
    recipe: dict[str, Any] | None = None  # of an archive

    @property
    def post(self) -> dict[str, Any]:
        """The post itself, where the case is one."""
        data = self.payload.get("data") if isinstance(self.payload, dict) else None
        return data if isinstance(data, dict) else {}

    @property
    def text(self) -> str | None:
        """What the post says."""
        text = self.post.get("text")
        return text if isinstance(text, str) else None

    def with_text(self, text: str) -> "Case":
        """The same case with other words."""
        payload = {**self.payload, "data": {**self.post, "text": text}}
        return Case(**{**self.__dict__, "payload": payload})


def load(folder: Path) -> list[Case]:
    """All cases of a folder, archives too."""
    cases = [*_posts(folder), *_archives(folder)]
    assert cases, f"{folder} holds no hostile cases"
    return cases


def _posts(folder: Path) -> Iterator[Case]:
    path = folder / "cases.jsonl"
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if line.strip():
            yield _case(json.loads(line), folder)


def _case(told: dict[str, Any], folder: Path) -> Case:
    payload = told.get("payload")
    if repeat := told.get("text_repeat"):
        text = repeat["prefix"] + repeat["unit"] * repeat["times"] + repeat["suffix"]
        payload = _replaced(payload, lambda word: word.replace("{text_repeat}", text))
    payload = _replaced(payload, _at)
    raw_file = told.get("raw_file")
    return Case(
        id=told["id"], category=told["category"], network=told["network"], title=told["title"], expect=told["expect"],
        flags=tuple(told.get("flags", ())), also_ok=tuple(told.get("also_ok", ())), sinks=told.get("sinks", {}),
        payload=payload, raw=(folder / raw_file).read_bytes() if raw_file else None, raw_name=raw_file or "",
        fetch=told.get("fetch"),
    )  # fmt: skip


def _archives(folder: Path) -> Iterator[Case]:
    path = folder / "archives.json"
    for recipe in json.loads(path.read_text("utf-8")) if path.exists() else ():
        yield Case(
            id=recipe["id"], category="archive", network=recipe.get("network", "archive"), title=recipe["title"],
            expect=recipe["expect"], also_ok=tuple(recipe.get("also_ok", ())), flags=tuple(recipe.get("flags", ())),
            recipe=recipe,
        )  # fmt: skip


def _at(word: str) -> str:
    """`{now+240s}` by the clock of the run."""
    return LATER.sub(lambda found: (AT + timedelta(seconds=int(found[1]))).isoformat(), word)


def _replaced(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_replaced(each, change) for each in value]
    if isinstance(value, dict):
        return {name: _replaced(each, change) for name, each in value.items()}
    return value
