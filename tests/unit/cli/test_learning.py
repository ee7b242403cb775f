"""classify, correct and train, as people and pipelines call them."""

import json
from pathlib import Path

from hub.domain import Author, Post
from hub.store import Store, utc_now
from tests.unit.classify.invented import feelings, teapots
from tests.unit.cli.conftest import Hub


def rows(path: Path, examples: list, **more: object) -> Path:
    lines = (json.dumps({"id": number, "text": one.text, **one.labels, **more}) for number, one in enumerate(examples))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_classify_answers_each_line_in_order(hub: Hub) -> None:
    told = hub("classify", given='{"id": 1, "text": "Where can I buy it?"}\n\n{"id": 2, "text": ""}')

    answers = [json.loads(line) for line in told.out.splitlines()]
    assert (told.code, [answer["id"] for answer in answers]) == (0, [1, 2])
    assert answers[0]["intent"] == "purchase"


def test_classify_says_by_its_exit_code_that_a_line_was_no_post(hub: Hub) -> None:
    told = hub("classify", given='{"id": 1}\n{"id": 2, "text": "hi"}\n')

    assert told.code == 1
    assert [("error" in json.loads(line)) for line in told.out.splitlines()] == [True, False]


def test_classify_looks_for_the_subjects_of_the_configuration_when_asked(hub: Hub, acme: Path) -> None:
    line = '{"id": 1, "text": "my acme machine"}'

    assert json.loads(hub("classify", given=line).out)["subjects"] == []
    assert json.loads(hub("classify", "--subjects", given=line).out)["subjects"] == ["Acme"]


def test_an_unknown_engine_is_a_setup_error(hub: Hub) -> None:
    told = hub("classify", "--engine", "magic", given="{}")

    assert told.code == 2
    assert "choose one of" in told.err


def test_one_question_is_learned_from_a_file_and_answered_for_another(hub: Hub, tmp_path: Path) -> None:
    examples = teapots()
    learn, dev = rows(tmp_path / "train.jsonl", examples[:180]), rows(tmp_path / "dev.jsonl", examples[180:200])
    ask, out, model = rows(tmp_path / "in.jsonl", examples[200:]), tmp_path / "out.jsonl", tmp_path / "m.npz"

    told = hub("train", "--train", learn, "--dev", dev, "--input", ask, "--output", out, "--save", model)

    answers = [json.loads(line) for line in out.read_text().splitlines()]
    right = [answer["label"] == one.labels["label"] for answer, one in zip(answers, examples[200:], strict=True)]
    assert told.code == 0, told.err
    assert sum(right) > 0.9 * len(right)
    assert model.stat().st_size < 1_000_000


def test_half_a_task_is_refused(hub: Hub, tmp_path: Path) -> None:
    told = hub("train", "--train", rows(tmp_path / "a.jsonl", teapots()))

    assert (told.code, told.err.strip()) == (
        2,
        "Give --train, --input and --output together, and --dev if there is one.",
    )


def test_an_engine_that_no_model_is_made_of_is_refused(hub: Hub, tmp_path: Path) -> None:
    told = hub("train", rows(tmp_path / "labels.jsonl", feelings()), "--engine", "magic")

    assert (told.code, told.err.strip()) == (
        2,
        "No model is made of 'magic'; --engine is one of words, meaning, both.",
    )


def test_a_model_is_trained_shown_let_run_and_taken_back(hub: Hub, acme: Path, store: Store, tmp_path: Path) -> None:
    labels = rows(tmp_path / "labels.jsonl", feelings(), network="x")

    report = hub("train", labels, "--json").json
    version = report["version"]
    assert hub("train", "--list", "--json").json[0]["state"] == "candidate"
    assert "What would change" not in hub("train", "--list").out
    shown = hub("train", "--show", version)
    assert "sentiment: what would change" in shown.out

    assert hub("train", "--apply", version, "--reason", "better", "--json").json == {"ran": None, "runs": version}
    assert hub("train", "--undo", "--json").json == {"ran": version, "runs": None}
    with store.read() as view:
        assert [entry.action for entry in view.audit.recent()] == ["model taken back", "model run", "model trained"]


def test_the_model_that_was_let_run_is_the_one_that_triage_uses(hub: Hub, acme: Path, tmp_path: Path) -> None:
    from hub.wiring import Hub as Opened
    from hub.wiring import engine_of

    version = hub("train", rows(tmp_path / "labels.jsonl", feelings()), "--json").json["version"]

    opened = Opened()
    assert engine_of(opened).name == "rules"
    told = hub("train", "--apply", version)
    assert "Mended" in told.out  # side by side, before it runs
    assert engine_of(opened).found_by == f"trained@{version}"
    opened.close()


def test_a_post_is_corrected_by_hand_and_from_a_file(hub: Hub, acme: Path, store: Store, tmp_path: Path) -> None:
    now = utc_now()
    author = Author(key="x:account:7", native_id="7", handle="ana")
    post = Post(
        key="x:post:1", network="x", native_id="1", text="hm", published_at=now, collected_at=now, author=author
    )
    with store.begin() as tx:
        tx.posts.save([post])
    file = tmp_path / "said.csv"
    file.write_text("post,sentiment\nx:post:1,negative\nx:post:9,positive\n")

    assert hub("correct", "x:post:1", "intent", "support", "--reason", "asks").code == 0
    told = hub("correct", "--file", file, "--json")

    assert (told.code, told.json) == (1, {"changed": 1, "same": 0, "unknown": ["x:post:9"]})
    with store.read() as view:
        assert view.corrections.standing() == {"x:post:1": {"intent": "support", "sentiment": "negative"}}
        assert view.signals.of(["x:post:1"])["x:post:1"].intent == "support"
        assert "command: asks" in [entry.reason for entry in view.audit.recent()]


def test_a_correction_without_words_is_refused(hub: Hub, acme: Path) -> None:
    told = hub("correct", "x:post:1")

    assert (told.code, told.err.strip()) == (2, "Name the post, the field and the label, or give --file.")
