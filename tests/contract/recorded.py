"""What real servers once said, read by our connectors: the page docs/reference/recorded.md, and what it stands on.

make recorded        writes the page anew from the material beside the project
"""

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import connectors
from hub.rehearsal import rehearse

REPO = Path(__file__).resolve().parents[2]
PAGE = REPO / "docs" / "reference" / "recorded.md"
FOLDERS = {"x": "twitter", "blogs": "rss"}  # where a folder is called otherwise than the connector
NOTE = "<!-- Written by `make recorded`; change the connectors, not this page. -->\n"
HEAD = """
# Recorded answers

What real servers once said lies beside the project, not in it. Each answer of a call that a connector makes must lead
to posts, measurements, facts or a named error; the calls that it does not make are listed, so that you can see that
nothing useful is ignored. "Called" counts the answers of calls that we make, "Not called" the others. The tests of
each connector compare the posts with the raw answers, field by field.
"""


@dataclass
class Read:
    """What became of the recorded answers of one system."""

    cases: int = 0
    answers: int = 0
    called: int = 0
    told: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    unused: Counter[str] = field(default_factory=Counter)
    nothing: list[str] = field(default_factory=list)


KINDS = ("post", "metric", "fact", "error", "quarantined", "skipped", "empty")


@cache
def read(name: str, shared: Path) -> Read:
    """Everything recorded of one network, rehearsed."""
    folder = shared / "recorded" / FOLDERS.get(name, name)
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".xml", ".rss"))
    found = Read(cases=len(files))
    for path in files:
        answers: set[int] = set()
        for line in rehearse(name, [path]):
            if "unused" in line:
                found.unused[_shown(line["unused"])] += 1
                answers.add(-int(line["response"]))
                continue
            answers.add(int(line["response"]))
            found.told.update(kind for kind in KINDS if kind in line)
            if "error" in line:
                found.errors[line["error"]] += 1
            if "nothing" in line:
                found.nothing.append(f"{path.name}: {line['request']}")
        found.answers += len(answers)
        found.called += sum(each > 0 for each in answers)
    return found


def _shown(call: str) -> str:
    """A call without what names one thing only."""
    method, _, path = call.partition(" ")
    parts = ["{id}" if any(sign.isdigit() for sign in part) and not part.startswith("v") else part
             for part in path.split("/")]  # fmt: skip
    return f"{method} {'/'.join(parts)}"


def page(shared: Path) -> str:
    """The whole page."""
    names = [manifest.name for manifest in connectors.manifests(kind="network")]
    names = [name for name in names if (shared / "recorded" / FOLDERS.get(name, name)).is_dir()]
    columns = ("Network", "Cases", "Called", "Posts", "Metrics", "Facts", "Errors by name", "Not called")
    rows = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    unused = []
    for name in names:
        found = read(name, shared)
        errors = ", ".join(f"{count} {error}" for error, count in sorted(found.errors.items())) or "none"
        told = [found.told[kind] for kind in ("post", "metric", "fact")]
        title = connectors.manifest(name).title
        rows.append(
            f"| {title} | {found.cases} | {found.called} | {told[0]} | {told[1]} | {told[2]} | {errors} "
            f"| {found.answers - found.called} |"
        )
        calls = [f"- `{call}` ({count})" for call, count in sorted(found.unused.items())] or ["- none"]
        unused += ["", f"## {title}: not called", "", *calls]
    return NOTE + HEAD + "\n" + "\n".join([*rows, *unused]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(Path(os.environ.get("HUB_SHARED") or REPO.parent / "shared")), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.relative_to(REPO)}\n")
