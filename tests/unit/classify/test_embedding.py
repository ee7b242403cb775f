"""What posts mean: an extra that is named where it is missing, and a model that carries over to words it never saw."""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hub.classify import Item, default_engine, embedding
from hub.classify.examples import Example
from hub.classify.linear import LinearModel
from hub.classify.trained_engine import TrainedEngine
from hub.classify.training import Sees, train
from hub.errors import SetupError

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MISSING = [package for package in embedding.PACKAGES if find_spec(package) is None]
with_extra = pytest.mark.skipif(bool(MISSING), reason=f"the embedding extra is not installed: {', '.join(MISSING)}")

HARM = ("fire", "flood", "explosion", "crash", "collapse")
PLACES = ("at the mill", "by the river", "near the school", "in the harbour", "downtown")
PEACE = ("concert", "picnic", "new bakery", "football match", "book club")


def news() -> list[Example]:
    """Harm and peace, twenty-five of each, in the same places."""
    said = [(f"There is a {what} {where}", "yes") for what in HARM for where in PLACES]
    said += [(f"There is a {what} {where}", "no") for what in PEACE for where in PLACES]
    return [Example(text=text, labels={"crisis": label}, lang="en") for text, label in said]


def learned(sees: Sees) -> TrainedEngine:
    return TrainedEngine(train(news(), base=default_engine(), now=NOW, sees=sees).model)


@pytest.fixture(scope="module")
def by_meaning() -> TrainedEngine:
    return learned(Sees.MEANING)


@pytest.fixture
def nothing_loaded():
    embedding.load_embedding.cache_clear()
    yield
    embedding.load_embedding.cache_clear()


def test_a_missing_extra_is_a_setup_error_that_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, nothing_loaded: None
) -> None:
    monkeypatch.setattr(embedding, "PACKAGES", ("no_such_package_here",))

    with pytest.raises(SetupError, match=r"missing \(no_such_package_here\); install them by `make setup LOCK=emb"):
        train(news(), base=default_engine(), now=NOW, sees=Sees.MEANING)


def test_the_extra_is_not_asked_for_by_who_does_not_use_it(
    monkeypatch: pytest.MonkeyPatch, nothing_loaded: None
) -> None:
    monkeypatch.setattr(embedding, "PACKAGES", ("no_such_package_here",))

    assert learned(Sees.WORDS).classify([Item(key="k", text="hi")])


@with_extra
def test_texts_that_say_alike_things_lie_close() -> None:
    texts = ["Where is my parcel?", "my package has not come", "The orchestra played Mahler", ""]

    found = embedding.load_embedding().read(texts).vectors

    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert found[0] @ found[1] > found[0] @ found[2] + 0.2


@with_extra
def test_what_words_add_makes_the_whole_but_for_the_marks_round_it() -> None:
    meaning = embedding.load_embedding().read(["Unbelievably slow!"], parts=True)

    assert meaning.words == [["unbelievably", "slow", "!"]]
    assert 0.5 < float(meaning.parts[0].sum(axis=0) @ meaning.vectors[0]) < 1.0


@with_extra
def test_people_and_links_are_only_signs_to_it() -> None:
    one, other = (
        embedding.load_embedding().read([text]).vectors[0]
        for text in ("@anna.b look https://a.test/x?y=1", "@zed look http://b.test")
    )

    assert np.allclose(one, other)


@with_extra
def test_a_text_is_read_alike_alone_and_among_others() -> None:
    texts = [example.text for example in news()] + ["word " * 500]
    reader = embedding.load_embedding()

    alone = np.vstack([reader.read([text]).vectors for text in texts])

    assert np.allclose(reader.read(texts).vectors, alone, atol=1e-5)


@with_extra
def test_a_model_of_meaning_knows_what_it_was_never_told_of(by_meaning: TrainedEngine) -> None:
    never_said = ["A landslide buried houses in the valley", "A choir sings in the valley"]

    found = by_meaning.answer([Item(key="", text=text) for text in never_said], "crisis")

    assert [label for label, _ in found] == ["yes", "no"]


@with_extra
def test_its_evidence_is_words_that_many_have_written(by_meaning: TrainedEngine) -> None:
    (signal,) = by_meaning.classify([Item(key="k", text="A fire, an inferno at the mill")])

    assert "crisis:fire" in signal.evidence
    assert not any("inferno" in name for name in signal.evidence)  # though it speaks as loudly
    assert signal.found_by == by_meaning.found_by


@with_extra
@pytest.mark.parametrize("sees", [Sees.MEANING, Sees.BOTH])
def test_its_file_is_plain_and_answers_as_the_model_did(sees: Sees, tmp_path: Path) -> None:
    engine, file, items = learned(sees), tmp_path / "m.npz", [example.item for example in news()]
    file.write_bytes(engine.model.save())

    again = TrainedEngine.load(file)

    assert again.model.about == engine.model.about
    assert [one for one, _ in again.answer(items, "crisis")] == [one for one, _ in engine.answer(items, "crisis")]
    assert engine.model.about.embedding.startswith("minilm-l6-v2-int8 ")


@with_extra
def test_a_model_of_another_embedding_is_refused(by_meaning: TrainedEngine) -> None:
    about = by_meaning.model.about
    other = LinearModel(msgspec.structs.replace(about, embedding="other 1"), {}, by_meaning.model.coefficients)

    with pytest.raises(
        SetupError, match=r"trained with other 1, and minilm-l6-v2-int8 .* is installed; train it again"
    ):
        TrainedEngine(other)
