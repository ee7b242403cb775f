"""`hub check`: what every connector's folder must be, read from files alone; the tests ask the same rules.

A rule says what is wrong, or nothing. A beta may waive a rule with a reason; a draft is not scheduled and waives
what it has not come to yet. A waiver for a rule that holds again is stale, so that waivers do not outlive their cause.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from hub.domain import Manifest, read_manifest
from hub.errors import HubError, MappingError, SetupError
from hub.kit.recordings import GOLDENS, Recording, load_recordings
from hub.mapping import Mapping, failures, load_mappings
from hub.rehearsal import golden_text
from hub.settings import HOME

NETWORK_HEADINGS = ("What it reads", "Access", "Limits", "When it breaks", "A sample post")
DESTINATION_HEADINGS = ("What it takes", "Access", "Limits", "When it breaks", "A sample")
SET_UP = "Set-up"  # before them or among them, where a destination is prepared by `hub setup`
LATER = ("readme", "gaps", "recordings", "goldens", "sandbox")  # what a draft need not have come to yet
SAID = {"posts": "posts", "receipts": "receipts", "found": "a look-up", "error": "an error"}
GAP = "GAP" + ":"  # as `hub new` marks what a person must fill in, and in no other way

Row = dict[str, str]


@dataclass(frozen=True)
class Folder:
    """One connector's files, wherever they are."""

    path: Path
    mapping_path: Path

    @property
    def name(self) -> str:
        """What the folder is called."""
        return self.path.name

    @cached_property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return read_manifest(self.path / "manifest.yaml")

    @cached_property
    def mappings(self) -> tuple[Mapping, ...]:
        """What its words mean."""
        return load_mappings(self.mapping_path)

    @cached_property
    def recordings(self) -> list[Recording]:
        """What it said."""
        return load_recordings(self.path / "recordings")

    @property
    def is_network(self) -> bool:
        """Whether it is listened to, rather than handed work."""
        return self.manifest.kind == "network"


def check_connectors(name: str | None = None, *, home: Path = HOME) -> list[Row]:
    """One row for each rule of one connector, or of all: connector, maturity, rule, state, and what is wrong."""
    paths = {path.parent.name: path.parent for path in sorted((home / "connectors").glob("*/manifest.yaml"))}
    if name is not None and name not in paths:
        raise SetupError(f"There is no connector {name!r}; there are: {', '.join(paths)}.")
    chosen = [paths[name]] if name is not None else list(paths.values())
    return [row for path in chosen for row in check_folder(Folder(path, home / "mappings" / f"{path.name}.yaml"))]


def check_folder(folder: Folder) -> list[Row]:
    """The rows of one connector."""
    try:
        manifest = folder.manifest
    except (msgspec.MsgspecError, OSError) as wrong:
        return [_row(folder.name, "unknown", "manifest", "broken", f"manifest.yaml cannot be read: {wrong}")]
    return [_judged(folder, manifest, rule, ask) for rule, ask in RULES.items()]


def _judged(folder: Folder, manifest: Manifest, rule: str, ask: "Rule") -> Row:
    try:
        wrong = " ".join(ask(folder))
    except (HubError, OSError, SyntaxError) as problem:
        wrong = str(problem)
    waiver = manifest.waivers.get(rule)
    draft = manifest.maturity == "draft" and rule in LATER
    state = "broken" if wrong else "holds"
    if wrong and (waiver or draft) and rule != "waivers":
        state, wrong = "waived", f"{wrong} Waived: {waiver or 'a draft comes to this later'}."
    elif waiver and not wrong:
        state, wrong = "stale waiver", f"The rule holds again; remove its waiver ({waiver})."
    return _row(folder.name, manifest.maturity, rule, state, wrong)


def _row(connector: str, maturity: str, rule: str, state: str, wrong: str) -> Row:
    return {"connector": connector, "maturity": maturity, "rule": rule, "state": state, "wrong": wrong}


Rule = Callable[[Folder], Iterator[str]]


def _names_agree(folder: Folder) -> Iterator[str]:
    """Folder, manifest and mapping bear one name."""
    if folder.manifest.name != folder.name:
        yield f"manifest.yaml says {folder.manifest.name!r}, the folder {folder.name!r}."
    if not folder.mapping_path.is_file():
        yield f"mappings/{folder.name}.yaml is missing."
        return
    for mapping in folder.mappings:
        if mapping.name != folder.name:
            yield f"mappings/{folder.name}.yaml says {mapping.name!r}."


def _one_class(folder: Folder) -> Iterator[str]:
    """The connector is one class of the manifest's kind."""
    wanted = "Network" if folder.is_network else "Destination"
    tree = ast.parse((folder.path / "connector.py").read_bytes())
    classes = [
        each
        for each in tree.body
        if isinstance(each, ast.ClassDef) and any(_last_name(base).endswith(wanted) for base in each.bases)
    ]
    if len(classes) != 1:
        yield f"connector.py must define exactly one {wanted}, not {len(classes)}."


def _readme(folder: Folder) -> Iterator[str]:
    """The README has its headings, in their order, and names the connection."""
    path = folder.path / "README.md"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = tuple(head for line in lines if line.startswith("## ") and (head := line.removeprefix("## ")) != SET_UP)
    wanted = NETWORK_HEADINGS if folder.is_network else DESTINATION_HEADINGS
    if found != wanted:
        yield f"README.md must have the headings {', '.join(wanted)}; it has {', '.join(found) or 'none'}."
    if folder.manifest.auth.secrets and not any(f"{folder.name}_default" in line for line in lines):
        yield f"README.md must name the Airflow connection {folder.name}_default."


def _no_gaps(folder: Folder) -> Iterator[str]:
    """Nothing is left of what `hub new` marked as a gap."""
    files = [*sorted(folder.path.glob("*.*")), folder.mapping_path]
    for path in files:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        count = sum(GAP in line or "# GAP" in line or '"GAP"' in line for line in text.splitlines())
        if count:
            yield f"{path.name} has {count} gap{'s' if count > 1 else ''} to fill."


def _mapping_holds(folder: Folder) -> Iterator[str]:
    """The mapping loads, and its own examples hold."""
    try:
        for mapping in folder.mappings:
            yield from failures(mapping)
            if folder.is_network != (mapping.makes == "Post"):
                yield f"A {folder.manifest.kind}'s mapping cannot make {mapping.makes}."
    except MappingError as wrong:
        yield str(wrong)


def _has_recordings(folder: Folder) -> Iterator[str]:
    """A network is recorded giving posts, a destination giving receipts and looking up; both ending in an error."""
    endings = {each.ending for each in folder.recordings}
    wanted = ("posts", "error") if folder.is_network else ("receipts", "found", "error")
    for ending in wanted:
        if ending not in endings:
            yield f"recordings/ has none that ends in {SAID[ending]}."


def _goldens_current(folder: Folder) -> Iterator[str]:
    """What lies beside each recording is what we make of it today."""
    told = {recording.golden for recording in folder.recordings if recording.ending != "error"}
    for recording in folder.recordings:
        if recording.ending != "error":
            if not recording.golden.is_file():
                yield f"{recording.golden.name} is missing; `hub golden {folder.name}` writes it."
            elif recording.golden.read_bytes() != golden_text(recording):
                yield f"{recording.golden.name} is not what comes out now; `hub golden {folder.name}`, read the diff."
    for path in sorted((folder.path / "recordings").glob("*.json")):
        if path.name.endswith(tuple(GOLDENS.values())) and path not in told:
            yield f"{path.name} stands beside no recording."


def _waivers(folder: Folder) -> Iterator[str]:
    """Only rules are waived, each with a reason, and a certified connector waives none."""
    waivers = folder.manifest.waivers
    if waivers and folder.manifest.maturity == "certified":
        yield f"A certified connector has no waivers; it waives {', '.join(sorted(waivers))}."
    for rule, reason in waivers.items():
        if rule not in RULES or rule == "waivers":
            yield f"{rule!r} is no rule that can be waived."
        elif not reason.strip():
            yield f"The waiver of {rule} gives no reason."


def _sandbox_hosts(folder: Folder) -> Iterator[str]:
    """The sandbox plays the hosts that the manifest names; a network that reads files asks nobody."""
    path = folder.path / "sandbox.py"
    if folder.manifest.files and not folder.manifest.hosts:
        return
    if not path.is_file():
        yield "sandbox.py is missing, so the demo cannot play this system."
        return
    played = _hosts_of(path)
    if sorted(played) != sorted(folder.manifest.hosts):
        yield f"sandbox.py plays {', '.join(played) or 'no host'}; the manifest has {', '.join(folder.manifest.hosts)}."


def _hosts_of(path: Path) -> list[str]:
    """What `hosts = (...)` says in the classes of a file, which is read and not run; names may come from beside it."""
    beside = [node for file in path.parent.glob("sandbox*.py") for node in ast.parse(file.read_bytes()).body]
    known = {target.id: node.value for node in beside if isinstance(node, ast.Assign) for target in _names(node)}
    hosts: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Assign) and any(target.id == "hosts" for target in _names(node)):
            values = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else []
            hosts += [_literal(known.get(each.id) if isinstance(each, ast.Name) else each) for each in values]
    return hosts


def _literal(value: ast.expr | None) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else "a host that is computed"


def _names(node: ast.Assign) -> list[ast.Name]:
    return [target for target in node.targets if isinstance(target, ast.Name)]


def _last_name(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


RULES: dict[str, Rule] = {
    "names": _names_agree,
    "connector": _one_class,
    "readme": _readme,
    "gaps": _no_gaps,
    "mapping": _mapping_holds,
    "recordings": _has_recordings,
    "goldens": _goldens_current,
    "waivers": _waivers,
    "sandbox": _sandbox_hosts,
}
