"""`make bench`: every benchmark has its say, and one that misses its budget holds up no other."""

from pathlib import Path

import pytest

from benchmarks import __main__ as bench


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that misses its budget, one that cannot run, and one that holds."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "costly.py").write_text("import sys\nprint('P9 9.0 (at most 1)')\nsys.exit(1)\n")
    (folder / "lost.py").write_text("import os\nos._exit(7)\n")
    (folder / "thrifty.py").write_text(
        f"import sys\nopen({str(tmp_path / 'args')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
    )
    monkeypatch.setattr(bench, "FOLDER", folder)
    monkeypatch.setattr(bench, "NAMES", ["costly", "lost", "thrifty"])
    return tmp_path


def said_of(name: str, told: str) -> str:
    """The last line that speaks of it."""
    return [line for line in told.splitlines() if line.split()[:1] == [name]][-1]


def test_all_of_them_run_and_the_end_says_which_budgets_hold(three: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = bench.main(["--quick"])

    told = capfd.readouterr().out
    assert code == 1
    assert "P9 9.0 (at most 1)" in told
    assert "MISSED" in said_of("costly", told)
    assert "ended 7" in said_of("lost", told)
    assert "holds" in said_of("thrifty", told)
    assert (three / "args").read_text() == "--quick"


@pytest.mark.usefixtures("three")
def test_those_that_are_named_run_alone(capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["thrifty"]) == 0
    assert "costly" not in capfd.readouterr().out


def test_an_unknown_name_says_which_there_are(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["pulling"])

    assert "there is no benchmark pulling; there are classify, " in capfd.readouterr().err
