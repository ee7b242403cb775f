"""Training: what is learned holds for posts that were held out, is measured on those alone, and survives the file."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from hub.classify import default_engine, training
from hub.classify.examples import Example
from hub.classify.linear import LinearModel
from hub.classify.task import Task
from hub.classify.trained_engine import TrainedEngine
from hub.classify.training import Trained, folds_of, train
from hub.errors import SetupError
from tests.unit.classify.invented import feelings, teapots

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(feelings(), base=default_engine(), now=NOW)


def test_what_was_learned_holds_for_posts_that_were_held_out(trained: Trained) -> None:
    (head,) = trained.model.about.heads

    assert head.measured["macro_f1"] > 0.95
    assert head.learned_from == {"negative": 250, "neutral": 250, "positive": 250}


def test_figures_come_from_answers_that_could_be_wrong() -> None:
    """Labels that nothing in a text tells: a model that had seen the rows would know them by heart."""
    examples = [Example(text=f"word{number} of none", labels={"label": str(number % 2)}) for number in range(200)]

    (head,) = train(examples, base=default_engine(), now=NOW).model.about.heads

    assert head.measured["accuracy"] < 0.65


def test_equal_texts_are_held_out_together() -> None:
    examples = [Example(text=f"text {number % 30}", labels={"label": "a"}) for number in range(300)]

    folds = folds_of(examples, np.array([number % 2 for number in range(300)]))

    assert len({(example.text, int(fold)) for example, fold in zip(examples, folds, strict=True)}) == 30
    assert set(Counter(folds.tolist())) == {0, 1, 2}


def test_probabilities_mean_what_they_say(trained: Trained) -> None:
    (answered,) = trained.answered
    right = np.mean([one == other for one, other in zip(answered.truth, answered.found, strict=True)])

    assert abs(np.mean(answered.probability) - right) < 0.1


def test_the_file_says_the_same_as_the_model(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(trained.model.save())
    items = [example.item for example in feelings(seed=3)[:50]]

    from_file = TrainedEngine.load(path).answer(items, "sentiment")
    from_memory = TrainedEngine(trained.model).answer(items, "sentiment")

    assert [label for label, _ in from_file] == [label for label, _ in from_memory]
    assert [score for _, score in from_file] == pytest.approx([score for _, score in from_memory], abs=0.01)


def test_training_twice_makes_the_same_bytes(trained: Trained) -> None:
    assert train(feelings(), base=default_engine(), now=NOW).model.save() == trained.model.save()


def test_validation_rows_are_learned_from_as_well() -> None:
    rows = feelings()

    model = train(rows[:600], base=default_engine(), now=NOW, validation=rows[600:]).model

    assert sum(model.about.heads[0].learned_from.values()) == len(rows)


def test_a_label_with_one_example_is_left_out_and_told() -> None:
    answered = train(
        [*teapots(), Example(text="odd", labels={"label": "odd"})], base=default_engine(), now=NOW
    ).answered

    assert answered[0].dropped == {"odd": 1}
    assert set(answered[0].truth) == {"tea", "other"}


def test_one_label_alone_teaches_nothing() -> None:
    with pytest.raises(SetupError, match="give examples of two"):
        train(
            [Example(text=f"t{number}", labels={"label": "a"}) for number in range(9)], base=default_engine(), now=NOW
        )


def test_a_rare_label_is_found_all_the_same() -> None:
    (answered,) = train(teapots(), base=default_engine(), now=NOW).answered

    found = [label for label, truth in zip(answered.found, answered.truth, strict=True) if truth == "tea"]
    assert found.count("tea") / len(found) > 0.9


def test_words_that_few_have_written_cannot_be_named() -> None:
    rows = [*feelings(), Example(text="love Zebulon today", labels={"sentiment": "positive"})]

    model = train(rows, base=default_engine(), now=NOW).model

    assert "grinder" in model.about.words.values()
    assert "zebulon" not in model.about.words.values()


def test_fields_are_learned_side_by_side() -> None:
    rows = feelings()
    rows += [row.with_(labels={"praise": "yes" if row.labels["sentiment"] == "positive" else "no"}) for row in rows]

    assert [head.field for head in train(rows, base=default_engine(), now=NOW).model.about.heads] == [
        "praise",
        "sentiment",
    ]


@pytest.mark.parametrize("broken", [b"", b"PK\x03\x04 nothing", b"{}"])
def test_a_file_that_is_no_model_is_a_setup_error(broken: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(broken)

    with pytest.raises(SetupError, match=r"model\.npz is no model that `hub train` wrote"):
        LinearModel.load(path)


def test_a_pickle_in_a_model_is_never_opened(trained: Trained, tmp_path: Path) -> None:
    import io
    import zipfile

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "ran"),))

    array = io.BytesIO()
    np.save(array, np.array([Evil()], dtype=object), allow_pickle=True)
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(trained.model.save())) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, array.getvalue() if name == "head0.npy" else old.read(name))

    with pytest.raises(SetupError, match="is no model"):
        LinearModel.load(changed.getvalue())
    assert not (tmp_path / "ran").exists()


def test_parts_that_do_not_fit_together_are_refused(trained: Trained) -> None:
    model = trained.model
    cut_short = LinearModel(model.about, model.blocks, [model.coefficients[0][:-1]])

    with pytest.raises(SetupError, match="do not fit together"):
        LinearModel.load(cut_short.save())


@pytest.mark.parametrize("labels", [("tea", "other"), (1, 0), (True, False)])
def test_a_task_answers_with_the_labels_of_its_file(labels: tuple[object, object], tmp_path: Path) -> None:
    import msgspec

    said = dict(zip(("tea", "other"), labels, strict=True))
    rows = [
        {"id": number, "text": row.text, "label": said[row.labels["label"]]} for number, row in enumerate(teapots())
    ]
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))

    answers = list(Task(file, None, now=NOW).answers(file))

    assert [answer["id"] for answer in answers] == list(range(len(rows)))
    right = [
        answer["label"] is row["label"] or answer["label"] == row["label"]
        for answer, row in zip(answers, rows, strict=True)
    ]
    assert sum(right) > 0.95 * len(rows)
    assert {type(answer["label"]) for answer in answers} == {type(labels[0])}
    assert all(0 <= answer["score"] <= 1 for answer in answers)


def test_how_far_the_rules_are_believed_is_part_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a weight is the same as the whole of half of it: nothing has to be known of it when a model is asked."""
    items = [example.item for example in feelings(seed=7)[:50]]

    def answers(weight: float, belief: float) -> list[tuple[str, float]]:
        monkeypatch.setattr(training, "FACT_WEIGHT", weight)
        monkeypatch.setattr(training, "BELIEFS", (belief,))
        return TrainedEngine(train(feelings(), base=default_engine(), now=NOW).model).answer(items, "sentiment")

    half, whole = answers(0.4, 0.5), answers(0.2, 1.0)

    assert [label for label, _ in half] == [label for label, _ in whole]
    assert np.allclose([chance for _, chance in half], [chance for _, chance in whole], atol=1e-3)
