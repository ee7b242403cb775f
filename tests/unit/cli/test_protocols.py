"""JSON lines in, JSON lines out, in order; a line that cannot be used is named and spoils no other."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Hub


def lines(*rows: object) -> str:
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def answers(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_series_is_judged_count_by_count(hub: Hub) -> None:
    quiet = [{"timestamp": f"2026-01-{1 + n // 24:02} {n % 24:02}:00:00", "value": 10 + n % 3} for n in range(24 * 6)]

    told = answers(hub("spikes", given=lines(*quiet, {"timestamp": "2026-01-07T00:00:00Z", "value": 400})).out)

    assert len(told) == len(quiet) + 1
    assert [row["score"] >= 0.5 for row in told].count(True) == 1
    assert told[-1]["severity"] >= 5
    assert told[0]["timestamp"] == quiet[0]["timestamp"]


def test_pairs_are_matched_in_their_order(hub: Hub) -> None:
    ana = {"network": "x", "handle": "anaribeiro"}
    same = {"id": "1", "a": ana, "b": {"network": "github", "handle": "anaribeiro"}}
    other = {"id": "2", "a": ana, "b": {"network": "github", "handle": "tom"}}

    first, second = answers(hub("match", given=lines(same, other)).out)

    assert (first["id"], second["id"]) == ("1", "2")
    assert first["score"] > 0.9 > 0.5 > second["score"]


def test_accounts_are_scored_by_who_listens(hub: Hub) -> None:
    rows = (
        {"id": "1", "follower_count": 10, "listed_count": 0},
        {"id": "2", "follower_count": 9e5, "listed_count": 4e3},
    )

    first, second = answers(hub("influence", given=lines(*rows)).out)

    assert first["score"] < second["score"]


def test_leads_are_scored_by_what_became_of_others(hub: Hub, tmp_path: Path) -> None:
    known = [{"id": n, "features": {"source": "talk" if n % 2 else "ads"}, "label": n % 2} for n in range(60)]
    train, ask, out = tmp_path / "train.jsonl", tmp_path / "ask.jsonl", tmp_path / "out.jsonl"
    train.write_text(lines(*known))
    ask.write_text(lines({"id": "a", "features": {"source": "ads"}}, {"id": "b", "features": {"source": "talk"}}))

    told = hub("lead-score", "--train", train, "--dev", train, "--input", ask, "--output", out)

    assert told.code == 0
    first, second = answers(out.read_text())
    assert (first["id"], first["label"], second["id"], second["label"]) == ("a", 0, "b", 1)
    assert "AUC" in told.err


@pytest.mark.parametrize(("command", "bad", "why"), [
    ("spikes", '{"timestamp": "soon", "value": 1}', "needs a timestamp"),
    ("spikes", '{"timestamp": "2026-01-01", "value": "NaN"}', "no number"),
    ("spikes", '{"timestamp": "2025-12-31", "value": 1}', "earlier time"),
    ("spikes", "{", "is no JSON"),
    ("match", '{"id": 1}', "needs a and b"),
    ("match", '{"id": 1, "a": {"network": "x"}, "b": []}', "needs a and b"),
    ("influence", '{"id": 1, "followers": "many"}', "needs numbers"),
    ("influence", "[]", "is no JSON object"),
])  # fmt: skip
def test_a_line_that_cannot_be_used_is_named_and_spoils_no_other(hub: Hub, command: str, bad: str, why: str) -> None:
    good = json.dumps({
        "id": 1, "timestamp": "2026-01-01T00:00:00Z", "value": 3, "followers": 10,
        "a": {"network": "x", "handle": "ana"}, "b": {"network": "reddit", "handle": "ana"},
    })  # fmt: skip

    told = hub(command, given=f"{good}\n{bad}\n\n{good}\n")

    first, broken, last = answers(told.out)
    assert told.code == 1
    assert first["score"] == last["score"]
    assert broken["error"].startswith("Line 2 cannot be used: it ")
    assert why in broken["error"]
    assert "score" not in broken


def test_files_to_learn_from_must_be_whole(hub: Hub, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": 1, "features": {}, "label": 1}\n{')

    told = hub("lead-score", "--train", broken, "--input", broken, "--output", tmp_path / "o")
    missing = hub("lead-score", "--train", tmp_path / "no", "--input", tmp_path / "no", "--output", tmp_path / "o")

    assert (told.code, missing.code) == (2, 2)
    assert "Line 2 of broken.jsonl cannot be used: it is no JSON." in told.err
    assert "cannot be read" in missing.err
