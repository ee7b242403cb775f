"""maturity: how far the organisation has come, as tables and as JSON."""

from pathlib import Path

from tests.unit.cli.conftest import Hub


def test_a_hub_that_nothing_was_done_with_is_told_the_next_step(hub: Hub, acme: Path) -> None:
    told = hub("maturity", "--json").json

    assert told["stage"] == "none"
    assert [reach["name"] for reach in told["departments"]] == [
        "Marketing", "Public relations", "Sales", "Service", "Executives",
    ]  # fmt: skip
    communication = told["dimensions"][0]
    assert communication["next"]["asks"] == "Something was heard of a subject in thirty days"
    assert communication["next"]["evidence"] == [{"said": "0 relevant posts", "page": "listening"}]

    shown = hub("maturity")
    assert shown.code == 0
    assert "Not begun" in shown.out
    assert "hub watch add" in " ".join(shown.out.split())
