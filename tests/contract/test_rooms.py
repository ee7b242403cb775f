"""The rooms: who may import whom, how large a module may grow, and what may not stand in the tree."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
OWN = ("hub", "connectors", "sandbox", "dags", "plugins", "benchmarks")
MODULES = sorted(path for room in OWN for path in (REPO / room).rglob("*.py") if "node_modules" not in path.parts)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
HALVES = [("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("NotImplemented", "Error")]  # in pieces: this file is searched too
MARKS = re.compile(rf"\b({'|'.join(map(''.join, HALVES))})\b")
DAGS_MAY = ("airflow", "connectors", "hub.airflow_bridge", "hub.domain", "hub.settings", "pendulum")
PLUGINS_MAY_OF_HUB = (
    "hub.store",
    "hub.settings",
    "hub.domain",
    "hub.errors",
    "hub.stages.replay",
    "hub.stages.correct",
    "hub.stages.why",
    "hub.stages.report",  # to show what was made; nothing is made or sent there
    "hub.airflow_bridge",
    "hub.measure",
    "hub.pictures",
)
CONNECTORS_MAY = ("hub.domain", "hub.errors", "hub.kit")
OF_A_MACHINE = re.compile(rb"(?m)(?:^|[^A-Za-z0-9_.:-])/(?:farm|home|root|Users|work)/[A-Za-z.][^\s\"'`]*")
LONGEST = 300


def tracked() -> list[Path]:
    """Every file that is, or would be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    return [path for line in listed.stdout.splitlines() if (path := REPO / line).is_file()]


def imports(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom) and each.module:
            yield from (f"{each.module}.{alias.name}" for alias in each.names)


def at_import(path: Path) -> Iterator[str]:
    """What a module imports as soon as it is imported itself."""
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from imports(node)


def allowed(name: str, may: tuple[str, ...]) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names or any(
        name == one or name.startswith(f"{one}.") for one in may
    )


def test_the_import_contracts_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=REPO, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout[-3000:]


@pytest.mark.parametrize("path", sorted((REPO / "dags").glob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_imports_only_what_is_cheap(path: Path) -> None:
    assert [name for name in at_import(path) if not allowed(name, DAGS_MAY)] == []


@pytest.mark.parametrize("path", sorted((REPO / "plugins").rglob("*.py")), ids=lambda path: path.name)
def test_a_page_reads_the_store_and_acts_by_replay_and_correction_only(path: Path) -> None:
    of_hub = [name for name in imports(ast.parse(path.read_text())) if name.split(".")[0] in ("hub", "connectors")]

    assert [name for name in of_hub if not allowed(name, PLUGINS_MAY_OF_HUB)] == []


@pytest.mark.parametrize(
    "path", sorted((REPO / "connectors").glob("*/*.py")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_connector_knows_the_kit_and_its_other_side_only_the_sandbox_kit(path: Path) -> None:
    played = ("sandbox.kit", "sandbox.graph") if path.stem.startswith("sandbox") else ()
    may = (*CONNECTORS_MAY, f"connectors.{path.parent.name}", *played)
    of_ours = [name for name in imports(ast.parse(path.read_text())) if name.split(".")[0] in OWN]

    assert [name for name in of_ours if not allowed(name, may)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPO)))
def test_a_module_is_named_by_its_noun_and_fits_a_reader(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    assert len(path.read_text().splitlines()) <= LONGEST


def test_nothing_is_left_for_later() -> None:
    marked = [
        f"{path.relative_to(REPO)}: {match[0]}"
        for path in tracked()
        if path.suffix == ".py" and (match := MARKS.search(path.read_text()))
    ]

    assert marked == []


def test_the_tree_names_no_registry_and_holds_no_large_file() -> None:
    files = [path for path in tracked() if path != Path(__file__).resolve()]
    registries = ("pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org")
    naming = [
        str(path.relative_to(REPO))
        for path in files
        if path.suffix in (".txt", ".toml", ".cfg", ".md", ".yaml", ".yml", ".py", "") and _names(path, registries)
    ]

    assert naming == []
    assert [path.name for path in files if path.stat().st_size > 1_000_000] == []


def test_the_tree_names_no_machines_folders() -> None:
    naming = {
        str(path.relative_to(REPO)): found
        for path in tracked()
        if path != Path(__file__).resolve() and (found := OF_A_MACHINE.findall(path.read_bytes()))
    }

    assert naming == {}


def _names(path: Path, hosts: tuple[str, ...]) -> bool:
    content = path.read_bytes()
    return any(host.encode() in content for host in hosts)


def test_what_must_be_cheap_to_import_is(tmp_path: Path) -> None:
    heavy = ("great_expectations", "pandas", "simple_salesforce", "zenpy", "slack_sdk", "alembic", "airflow", "altair")
    imports = "import sys, hub.cli, hub.cli.commands, connectors, hub.wiring"
    program = f"{imports}; hub.cli.commands.register(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=True)

    assert [name for name in heavy if name in run.stdout.split()] == []
