"""Writing hub.yaml: asked for once, changed by command, checked before it is kept."""

import os
from pathlib import Path
from typing import Any

import yaml

from hub.domain import Watch
from hub.domain.config import Config
from hub.errors import SetupError
from hub.settings import load_config, read_settings
from hub.wiring import check_watch

HEADER = "# The organisation's configuration. hub.example.yaml shows everything it can hold.\n"


def write_config(path: Path, data: dict[str, Any]) -> None:
    """Check, then replace the file in one step; a wrong value never reaches it."""
    Config.from_plain(data)
    text = HEADER + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def first_config(
    name: str,
    products: list[str],
    competitors: list[str],
    feeds: list[str],
    hashtags: list[str],
    forums: list[str],
) -> dict[str, Any]:
    """What `hub init` writes: a brand, what it sells, its rivals, and networks that need no account."""
    subjects = [{"name": name, "kind": "brand", "aliases": [f"@{_handle(name)}", f"#{_handle(name)}"]}]
    subjects += [{"name": product, "kind": "product"} for product in products]
    subjects += [{"name": competitor, "kind": "competitor"} for competitor in competitors]
    return {
        "organisation": {"name": name},
        "subjects": subjects,
        "own_accounts": {},
        "watches": open_watches([name, *products], feeds, hashtags, forums),
        "teams": [{"name": team} for team in ("support", "sales", "communications")],
    }


def open_watches(names: list[str], feeds: list[str], hashtags: list[str], forums: list[str]) -> list[dict[str, str]]:
    """What can be listened to without any account; the first of the names is the brand's."""
    tags = [f"#{tag.removeprefix('#')}" for tag in hashtags]
    phrases = [phrase for name in names if (phrase := _phrase(name))]
    asked = [
        *(("mastodon", "hashtag", tag) for tag in tags),
        *(("bluesky", "hashtag", tag) for tag in tags),
        *(("bluesky", "keyword", phrase) for phrase in phrases),
        *(("hackernews", "keyword", phrase) for phrase in phrases),
        *(("stackexchange", "keyword", f"stackoverflow:{phrase}") for phrase in phrases[:1]),
        *(("discourse", "keyword", f"{_forum(forum)}:{' OR '.join(phrases)}") for forum in forums if phrases),
        *(("blogs", "feed", feed) for feed in feeds),
    ]
    return [{"network": network, "kind": kind, "value": value} for network, kind, value in dict.fromkeys(asked)]


def _phrase(name: str) -> str:
    """A name as one looks for it: as a phrase where it has several words."""
    words = " ".join(name.replace('"', " ").split())
    return f'"{words}"' if " " in words else words


def _forum(address: str) -> str:
    return address.strip().removeprefix("https://").removeprefix("http://").partition("/")[0]


def _handle(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _raw() -> tuple[Path, dict[str, Any]]:
    """The organisation's own file; the invented one of the sandbox is not ours to change."""
    path = read_settings().own_config_path
    load_config(path)  # refuses what cannot be read, with the place
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return path, raw


def add_watch(network: str, kind: str, value: str) -> None:
    """Add a watch; an unknown network or kind is refused with what can be used."""
    import connectors

    watch = Watch(network=network, kind=kind, value=value)
    check_watch(connectors.manifest(network), watch)
    path, raw = _raw()
    watches = raw.setdefault("watches", [])
    if any(Watch.from_plain(each).key == watch.key for each in watches):
        raise SetupError(f"{path.name} already watches {network} for {kind} {value}.")
    watches.append(watch.plain())
    write_config(path, raw)


def remove_watch(network: str, kind: str, value: str) -> None:
    """Take a watch out."""
    path, raw = _raw()
    gone = Watch(network=network, kind=kind, value=value)
    left = [each for each in raw.get("watches", []) if Watch.from_plain(each).key != gone.key]
    if len(left) == len(raw.get("watches", [])):
        raise SetupError(f"{path.name} has no such watch; `hub watch list` shows all of them.")
    write_config(path, raw | {"watches": left})
