"""The locks: whole, hashed, without addresses, and in step with pyproject.toml."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPO = Path(__file__).resolve().parents[2]
LOCKS = sorted((REPO / "requirements").glob("*.txt"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def wanted(*extras: str) -> list[Requirement]:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_a_lock_is_pinned_and_hashed_and_names_no_place(lock: Path) -> None:
    text = lock.read_text()
    blocks = [block for block in re.split(r"(?m)^(?=[a-z0-9])", text) if block.strip()]

    assert "://" not in text
    assert [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block or not PINNED.match(block)] == []


NODE_LOCKS = sorted((REPO / "connectors").glob("*/package/package-lock.json"))


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=lambda lock: lock.parent.name)
def test_every_package_of_a_node_lock_is_pinned_and_hashed_and_names_no_place(lock: Path) -> None:
    text = lock.read_text()
    locked = json.loads(text)["packages"]
    asked = json.loads((lock.parent / "package.json").read_text())

    assert "://" not in text
    assert [
        name for name, facts in locked.items() if name and not facts.get("integrity", "").startswith("sha512-")
    ] == []
    assert locked[""]["devDependencies"] == asked["devDependencies"], "run `npm install` there"


LOCKED = [("base", ()), ("dev", ("dev", "postgres")), ("postgres", ("postgres",)), ("embedding", ("embedding",))]


@pytest.mark.parametrize(("name", "extras"), LOCKED)
def test_a_lock_holds_what_the_project_asks_for(name: str, extras: tuple[str, ...]) -> None:
    pins: dict[str, list[str]] = {}
    for match in PINNED.finditer((REPO / "requirements" / f"{name}.txt").read_text()):
        pins.setdefault(match[1], []).append(match[2])
    unmet = [
        str(each)
        for each in wanted(*extras)
        if not (versions := pins.get(canonicalize_name(each.name), []))
        or not all(each.specifier.contains(version, prereleases=True) for version in versions)
    ]

    assert unmet == [], "run `make lock`"


def test_all_locks_agree_on_versions() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for match in PINNED.finditer(lock.read_text()):
            versions.setdefault(match[1], set()).add(match[2])
    forked = {name for name, found in versions.items() if len(found) > 1}

    assert {name for name in forked if len(versions[name]) > len(_of_dev(name))} == set()


def _of_dev(name: str) -> set[str]:
    return {match[2] for match in PINNED.finditer((REPO / "requirements" / "dev.txt").read_text()) if match[1] == name}
