"""Files of labels: JSON lines and CSV, as people have them."""

from pathlib import Path

import pytest

from hub.classify.examples import read_examples
from hub.errors import SetupError


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_json_lines_and_csv_mean_the_same(tmp_path: Path) -> None:
    lines = '{"id": "a", "text": "hi", "network": "x", "sentiment": "positive", "complaint": false}\n\n'
    table = "\ufeffid,text,network,sentiment,complaint\r\na,hi,x,positive,No\r\n"

    (one,) = read_examples(written(tmp_path, "a.jsonl", lines))
    (other,) = read_examples(written(tmp_path, "a.csv", table))

    assert one == other
    assert one.labels == {"sentiment": "positive", "complaint": "no"}
    assert (one.post, one.network) == ("a", "x")


def test_rows_without_a_label_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'text,intent\n"one, two",none\nthree,\n')

    assert [example.text for example in read_examples(path)] == ["one, two"]


def test_only_the_fields_that_were_asked_for_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"text": "hi", "label": 1, "confidence": 0.4}')

    assert read_examples(path, fields=["label"])[0].labels == {"label": "1"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"label": "a"}', "Row 1 of .* has no text"),
        ("nonsense", "Line 1 of .* is not a JSON object"),
        ('{"text": "hi"}', "holds no label"),
        ("", "holds no label"),
    ],
)
def test_a_file_that_teaches_nothing_is_a_setup_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        read_examples(written(tmp_path, "a.jsonl", text))


def test_a_file_that_is_not_there_is_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        read_examples(tmp_path / "none.csv")
