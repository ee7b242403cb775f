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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_spreadsheet_may_be_saved_in_any_way_that_says_what_it_is(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "REPORT.CSV"
    path.write_bytes("text,sentiment\nSchön und gut,positive\n".encode(encoding))

    assert [one.text for one in read_examples(path)] == ["Schön und gut"]


def test_a_spreadsheet_in_an_encoding_that_does_not_say_so_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes("text,sentiment\nSchön,positive\n".encode("cp1252"))

    with pytest.raises(SetupError, match="UTF-8"):
        read_examples(path)


def test_a_cell_that_no_table_has_is_named_by_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", f"text,sentiment\nfine,positive\n{'x' * 500_000},positive\n")

    with pytest.raises(SetupError, match=r"Line \d of .*a.csv"):
        read_examples(path)
