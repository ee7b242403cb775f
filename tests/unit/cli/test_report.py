"""`hub report`: which there are, made into a file or sent, and what is said when it cannot be."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Hub

PAST = "2026-03-02"


@pytest.fixture
def hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setenv("HUB_CONFIG", str(Path(__file__).resolve().parents[3] / "sandbox" / "hub.yaml"))
    return hub


def test_alone_it_lists_what_there_is_and_what_was_made(hub: Hub) -> None:
    before = hub("report", "--json").json
    hub("report", "executive-daily", "--period", PAST)
    after = hub("report", "--json").json

    assert {plan["name"] for plan in before["reports"]} >= {"executive-daily", "operations-weekly"}
    assert before["made"] == []
    assert [made["name"] for made in after["made"]] == ["executive-daily"]


def test_a_report_is_told_in_words_or_put_into_a_file(hub: Hub, tmp_path: Path) -> None:
    told = hub("report", "executive-daily", "--period", PAST)
    hub("report", "executive-daily", "--period", PAST, "--to", "html", "--out", str(tmp_path / "r.html"))
    hub("report", "executive-daily", "--period", PAST, "--to", "json", "--out", str(tmp_path / "r.json"))

    assert told.code == 0
    assert "Executive report, daily – Acme, 2026-03-02" in told.out
    assert "mentions@1" in told.out
    assert (tmp_path / "r.html").read_text().lstrip().startswith("<!doctype html>")
    assert json.loads((tmp_path / "r.json").read_text())["name"] == "executive-daily"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("executive-dayly",), "Did you mean 'executive-daily'"),
        (("executive-daily", "--period", "soon"), "2026-W47"),
        (("executive-daily", "--period", PAST, "--to", "pdf"), "--out report.pdf"),
        (("executive-daily", "--period", PAST, "--to", "pdf", "--to", "html", "--out", "x"), "one format"),
        (("executive-daily", "--period", PAST, "--to", "html", "--out", "/no/such/folder/x.html"), "cannot be written"),
        (("pr-daily", "--period", PAST, "--to", "slack"), "no addressee for slack"),
        (("pr-daily", "--period", PAST, "--to", "email", "--address", "nobody"), "no addressee for email"),
        (("executive-daily", "--period", "today", "--to", "email"), "not over"),
        (("executive-daily", "--period", PAST, "--to", "email"), "smtp_default"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_remedy(hub: Hub, arguments: tuple[str, ...], said: str) -> None:
    told = hub("report", *arguments)

    assert told.code == 2
    assert said in told.err
