"""The command itself: help, exit codes, channels, and how it ends when it is interrupted."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hub.cli.app import answer_table, app, printable
from hub.cli.commands import register
from hub.cli.exits import code_of, gravest, sentence_of
from hub.cli.tables import counted
from hub.errors import (
    AccessDenied,
    ContractBroken,
    HubError,
    MappingError,
    RateLimited,
    RecordRefused,
    SetupError,
    Unavailable,
    Unmappable,
)  # fmt: skip
from tests.unit.cli.conftest import Hub

CODES = {
    SetupError("a"): 2, AccessDenied("a"): 2, MappingError("a"): 2, RateLimited("a"): 3, Unavailable("a"): 3,
    ContractBroken("a"): 3, Unmappable("a", reason="r"): 1, RecordRefused("a", reason="r"): 1, OSError("a"): 2,
}  # fmt: skip


@pytest.mark.parametrize(("problem", "code"), CODES.items(), ids=lambda each: type(each).__name__)
def test_each_error_has_its_exit_code(problem: BaseException, code: int) -> None:
    assert code_of(problem) == code


def every_error(kind: type[HubError] = HubError) -> Iterator[type[HubError]]:
    for each in kind.__subclasses__():
        if each.__module__ == "hub.errors":
            yield each
            yield from every_error(each)


def test_no_error_of_ours_was_forgotten() -> None:
    named = {type(problem) for problem in CODES}
    assert {each for each in every_error() if not any(issubclass(one, each) for one in named)} == set()


@pytest.mark.parametrize(("codes", "worst"), [
    (set(), 0), ({0}, 0), ({0, 1}, 1), ({1, 3}, 3), ({1, 2, 3}, 2), ({3, 2}, 2),
])  # fmt: skip
def test_what_a_person_must_change_comes_first(codes: set[int], worst: int) -> None:
    assert gravest(codes) == worst


@pytest.mark.parametrize(("problem", "words"), [
    (OSError(errno.ENOSPC, "No space"), "nothing landed is lost"),
    (PermissionError(errno.EACCES, "denied", "/var/x"), "/var/x may not be written"),
    (FileNotFoundError(errno.ENOENT, "No such file", "/a/b"), "/a/b"),
    (SetupError("Do this."), "Do this."),
    (Unavailable(""), "Unavailable"),
])  # fmt: skip
def test_trouble_is_said_in_a_sentence_with_its_remedy(problem: BaseException, words: str) -> None:
    assert words in sentence_of(problem)


def commands() -> list[Any]:
    register()
    root: Any = typer.main.get_command(app)
    groups = [root, *(each for each in root.commands.values() if hasattr(each, "commands"))]
    return [each for group in groups for each in group.commands.values()]


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.name)
def test_every_command_and_option_says_what_it_does(command: Any) -> None:
    assert command.help
    for option in command.params if not hasattr(command, "commands") else ():
        assert getattr(option, "help", None), f"{command.name} {option.name}"


def test_without_a_command_the_help_is_shown(hub: Hub) -> None:
    told = hub()

    assert "leads, tickets, alerts" in told.out + told.err
    assert hub("-h").code == 0


@pytest.mark.parametrize("wrong", [("fly",), ("run", "--fast"), ("replay", "seven"), ("watch", "add", "x")])
def test_wrong_use_has_its_code_and_no_traceback(hub: Hub, wrong: tuple[str, ...]) -> None:
    told = hub(*wrong)

    assert (told.code, told.out) == (2, "")
    assert "Traceback" not in told.err


@pytest.mark.parametrize(("text", "words"), [
    ("", ["hub.yaml cannot be used", "null"]),
    ("organisation: {name: [}", ["not valid YAML", "line 1"]),
    ("organisation: {nmae: Acme}", ["nmae", "$.organisation"]),
    ("organisation: {name: Acme}\nwatches: [{network: x, kind: keyword, value: a, since: 2026-01-01}]", ["since"]),
    ("organisation: {name: Acme}\nwatches: [{network: orkut, kind: a, value: b}]", ["orkut", "mastodon"]),
    ("organisation: {name: Acme}\nwatches: [{network: x, kind: keyword, value: a}]\ndestinations: [fax]", ["fax"]),
])  # fmt: skip
def test_a_broken_configuration_is_said_in_one_sentence(hub: Hub, tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "hub.yaml").write_text(text)

    told = hub("run")

    assert (told.code, told.out) == (2, "")
    for word in words:
        assert word in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(("variable", "value", "words"), [
    ("HUB_AIRFLOW_PORT", "eighty", "HUB_AIRFLOW_PORT cannot be used"),
    ("HUB_STORE_URL", "nonsense", "HUB_STORE_URL is no database URL"),
    ("HUB_STORE_URL", "sqlite:////proc/none/hub.db", "/proc/none"),
])  # fmt: skip
def test_a_broken_setting_is_said_with_its_variable(
    hub: Hub, acme: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)

    told = hub("ledger")

    assert (told.code, told.out) == (2, "")
    assert words in told.err
    assert "Traceback" not in told.err


def test_a_running_command_ends_quietly_at_ctrl_c(repo: Path) -> None:
    command = [sys.executable, "-c", "from hub.cli import main; main()", "map", "mastodon"]
    with subprocess.Popen(
        command, cwd=repo, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin
        assert running.stdout
        running.stdin.write(b'{"visibility": "direct"}\n')
        running.stdin.flush()
        time.sleep(1.5)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)

    assert running.returncode == 130
    assert b"Traceback" not in err


def test_a_table_drops_columns_with_nothing_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    answer_table("T", ["A", "Empty", "B"], [(1, "", None), (22, None, "b")])

    shown = capsys.readouterr().out
    assert "Empty" not in shown
    assert "│  1 │" in shown  # numbers stand at the right


def test_an_address_stays_whole_where_a_table_is_narrow(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    address = "http://127.0.0.1:8080/plugin/command-centre"
    answer_table("T", ["Page", "Address", "What for"], [("Command centre", address, "what came in, what went where")])
    assert address in capsys.readouterr().out


def test_a_title_is_text_too(capsys: pytest.CaptureFixture[str]) -> None:
    answer_table("[red]T[/red]", ["A"], [("[bold]b[/bold]",)])

    shown = capsys.readouterr().out
    assert "[red]T[/red]" in shown
    assert "[bold]b[/bold]" in shown


@pytest.mark.parametrize(("cell", "shown"), [
    (None, ""), (7, "7"), ("a\x1b[31mb", "a [31mb"), ("a\nb\tc", "a b c"), ("\u202eabc", " abc"),
    ("Grüße 🙂", "Grüße 🙂"),
])  # fmt: skip
def test_nothing_in_a_cell_steers_a_terminal(cell: object, shown: str) -> None:
    assert printable(cell) == shown


def test_counts_are_said_in_one_line_the_most_first() -> None:
    assert counted({"too_old": 2, "created": 12, "refused": 0, "done": 2}) == "12 created, 2 done, 2 too old"
    assert counted({}) == ""


def test_looking_does_not_need_the_heavy_libraries(repo: Path) -> None:
    heavy = "great_expectations pandas airflow simple_salesforce zenpy slack_sdk altair sklearn"
    code = f"import sys, hub.cli; hub.cli.register(); print([m for m in '{heavy}'.split() if m in sys.modules])"

    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repo,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert said.stdout.strip() == "[]"


def test_help_that_nobody_asks_for_imports_no_pydantic(repo: Path, tmp_path: Path) -> None:
    code = (
        "import contextlib, sys, hub.cli\n"
        "sys.argv = ['hub', 'status', '--json']\n"
        "with contextlib.suppress(SystemExit): hub.cli.main()\n"
        "print('pydantic' in sys.modules)"
    )

    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repo,
        env={**os.environ, "HUB_VAR": str(tmp_path), "HUB_CONFIG": str(repo / "sandbox" / "hub.yaml")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert said.stdout.splitlines()[-1] == "False"
