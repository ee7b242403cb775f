"""What is peculiar to the importer: tables of any make, read row by row, from where the last run ended."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors.importer.connector import PAGE_ROWS
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, HubError, SetupError
from hub.kit import Connection, Page, Services
from hub.kit.local import SteppedClock
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import rehearse, understand

HEAD = "id,date,text\n"


def watch(path: Path, kind: str = "posts", **layout: str) -> Watch:
    return Watch(network="importer", kind=kind, value=str(path), layout=layout)


def pages(asked: Watch, cursor: Cursor | None = None) -> Iterator[Page]:
    services = Services.local(clock=SteppedClock(STANDS_AT))
    network = connectors.load("importer")(connectors.manifest("importer"), Connection(id="i"), services)
    yield from network.pull(asked, cursor or Cursor())


def records(asked: Watch) -> list[dict[str, Any]]:
    return [record for page in pages(asked) for record in page.records]


def rows(first: int, last: int) -> str:
    return "".join(f'{number},2025-03-01,"line {number}\nand more"\n' for number in range(first, last))


def in_csv(path: Path, count: int) -> Path:
    path.with_suffix(".csv").write_text(HEAD + rows(0, count), encoding="utf-8")
    return path.with_suffix(".csv")


def in_json_lines(path: Path, count: int) -> Path:
    lines = [json.dumps({"id": number, "date": "2025-03-01", "text": f"line {number}"}) for number in range(count)]
    path.with_suffix(".jsonl").write_text("\n".join(lines), encoding="utf-8")
    return path.with_suffix(".jsonl")


def in_parquet(path: Path, count: int) -> Path:
    table = pyarrow.table({
        "id": list(range(count)), "date": ["2025-03-01"] * count, "text": [f"line {number}" for number in range(count)],
    })  # fmt: skip
    pyarrow.parquet.write_table(table, path.with_suffix(".parquet"), row_group_size=300)
    return path.with_suffix(".parquet")


@pytest.mark.parametrize("made", [in_csv, in_json_lines, in_parquet])
def test_a_run_that_stops_after_any_page_goes_on_with_the_next_row(tmp_path: Path, made: Any) -> None:
    asked = watch(made(tmp_path / "all", 2 * PAGE_ROWS + 7))
    whole = list(pages(asked))

    assert [len(page.records) for page in whole] == [PAGE_ROWS, PAGE_ROWS, 7]
    for stop, page in enumerate(whole, start=1):
        cursor = Cursor.from_plain(json.loads(json.dumps(page.cursor.plain())))
        assert [later.records for later in pages(asked, cursor)] == [later.records for later in whole[stop:]]


def test_a_file_that_has_grown_brings_its_new_rows_and_one_that_was_replaced_all(tmp_path: Path) -> None:
    path = in_csv(tmp_path / "all", 3)
    (page,) = pages(watch(path))
    path.write_text(HEAD + rows(0, 5), encoding="utf-8")
    (grown,) = pages(watch(path), page.cursor)
    path.write_text(HEAD + rows(7, 9), encoding="utf-8")
    (replaced,) = pages(watch(path), grown.cursor)

    assert [[record["id"] for record in each.records] for each in (page, grown, replaced)] == [
        ["0", "1", "2"], ["3", "4"], ["7", "8"],
    ]  # fmt: skip
    assert list(pages(watch(path), replaced.cursor)) == []


def test_rows_that_cannot_be_read_are_set_aside_as_they_came_and_the_others_land(tmp_path: Path) -> None:
    table = tmp_path / "odd.csv"
    table.write_text(HEAD + f'1,2025-03-01,fine\n2,2025-03-01\n3,2025-03-01,a,b\n4,2025-03-01,"{"x" * 500_000}"\n'
                     "5,2025-03-01,fine\n\n6,never,fine\n7,2025-03-01,\n", encoding="utf-8")  # fmt: skip
    lines = tmp_path / "odd.jsonl"
    good = '{{"id": {}, "date": "2025-03-01", "text": "fine"}}'
    told = [good.format(1)[:-9], good.format(2), "\x00", '{"id": 3, "id": 4, "text": "x"}', good.format(5), '{"id": 6']
    lines.write_text("\n".join(told), encoding="utf-8")

    found = {path: understand("importer", watch(path), records(watch(path)), at=STANDS_AT) for path in (table, lines)}

    assert [post.native_id for post in found[table].posts] == ["1", "5"]
    assert [bad.reason for bad in found[table].quarantined] == ["bad_line"] * 3 + ["bad_time", "empty_text"]
    assert found[table].quarantined[0].record["values"] == ["2", "2025-03-01"]
    assert [post.native_id for post in found[lines].posts] == ["2", "5"]
    assert [bad.reason for bad in found[lines].quarantined] == ["bad_line", "bad_line", "duplicate_key", "bad_line"]
    assert found[lines].quarantined[-1].record["line"] == '{"id": 6'


@pytest.mark.parametrize(
    ("body", "layout"),
    [
        ("id;date;text\n1;2025-03-01;Käse, süß\n".encode("utf-8-sig"), {}),
        ("id\tdate\ttext\n1\t2025-03-01\tKäse, süß\n".encode("utf-16"), {}),
        ("id|date|text\r\n1|2025-03-01|Käse, süß\r\n".encode("latin-1"), {"encoding": "latin-1"}),
        ("id^date^text\n1^2025-03-01^Käse, süß".encode(), {"delimiter": "^"}),
        ('{"id":1,"date":"2025-03-01","text":"Käse, süß"}'.encode(), {}),
    ],
)
def test_files_are_read_in_the_ways_that_tools_write_them(tmp_path: Path, body: bytes, layout: dict[str, str]) -> None:
    path = tmp_path / "export"
    path.write_bytes(body)

    (record,) = records(watch(path, **layout))

    assert (str(record["id"]), record["text"]) == ("1", "Käse, süß")
    assert record["time"].startswith("2025-03-01T00:00:00")


def test_bytes_that_are_no_text_are_made_harmless_and_flagged(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(HEAD.encode() + b"1,2025-03-01,K\xe4se\n")

    (post,) = understand("importer", watch(path), records(watch(path)), at=STANDS_AT).posts

    assert post.flags == ("surrogate_replaced",)


def test_columns_that_nobody_named_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("Response ID,Submitted,NPS,Phone,Salary\n1,2025-03-01,7,+1 555 0100,9000\n", encoding="utf-8")

    (record,) = records(watch(path, "nps"))

    assert set(record) == {"id", "time", "score", "rating", "low", "high", "import"}
    assert "555" not in json.dumps(record)


@pytest.mark.parametrize(
    ("score", "scale", "rating"),
    [("9", None, 0.9), ("0", None, 0.0), ("10", None, 1.0), ("11", None, None), ("n/a", None, None), ("4", "1-5", 0.75),
     ("3,5", "1 to 5", 0.625), ("-1", "-2..2", 0.25)],
)  # fmt: skip
def test_a_rating_is_a_share_of_the_scale_it_was_given_on(
    tmp_path: Path, score: str, scale: str | None, rating: float | None
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(f'id;date;score\n1;2025-03-01;"{score}"\n', encoding="utf-8")

    (record,) = records(watch(path, "nps", **({"scale": scale} if scale else {})))

    assert record.get("rating") == rating


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({"id": "Nummer"}, "has no column 'Nummer'; it has 'id', 'date', 'text'"),
        ({"nummer": "id"}, "knows no 'nummer'"),
        ({"zone": "Mars/Olympus"}, "IANA name"),
        ({"scale": "many"}, "lowest to highest"),
        ({"delimiter": "tab"}, "one character"),
        ({"encoding": "klingon"}, "not in klingon"),
    ],
)
def test_a_layout_that_does_not_fit_says_what_does(tmp_path: Path, layout: dict[str, str], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        records(watch(in_csv(tmp_path / "all", 1), **layout))


def test_the_folder_is_the_tool_whose_ids_these_are(tmp_path: Path) -> None:
    tools = [tmp_path / "Buzz", tmp_path / "Poll"]
    for tool in tools:
        tool.mkdir()
        in_csv(tool / "all", 1)

    keys = {
        understand("importer", watch(tool / "all.csv"), records(watch(tool / "all.csv")), at=STANDS_AT).posts[0].key
        for tool in tools
    }

    assert keys == {"importer:row:buzz/0", "importer:row:poll/0"}


FLAT = """
import resource, sys
from hub.domain import Cursor, Watch
from hub.kit import Connection, Services
import connectors, pyarrow.parquet
network = connectors.load("importer")(connectors.manifest("importer"), Connection(id="i"), Services.local())
def peak(path):
    watch = Watch(network="importer", kind="posts", value=path)
    count = sum(len(page.records) for page in network.pull(watch, Cursor()))
    return count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
_, small = peak(sys.argv[1])
count, large = peak(sys.argv[2])
print(count, large - small)
"""


@pytest.mark.parametrize("made", [in_csv, in_json_lines, in_parquet])
def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path, made: Any) -> None:
    small, large = made(tmp_path / "small", 2_000), made(tmp_path / "large", 120_000)

    said = subprocess.run(
        [sys.executable, "-c", FLAT, str(small), str(large)], capture_output=True, text=True, check=True
    )
    count, more = map(int, said.stdout.split())

    assert count == 120_000
    assert more < 30_000, f"{more} KB more for sixty times the rows"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_whatever_a_file_holds_ends_in_rows_or_a_named_error(body: bytes) -> None:
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / "hub-import-any"
    for head in (b"", HEAD.encode(), b"PAR1", b'{"id": "1", "date": "2025-03-01", "text": "x"}\n'):
        path.write_bytes(head + body)
        try:
            understand("importer", watch(path), records(watch(path)), at=STANDS_AT)
        except HubError:
            pass
    path.unlink()


def test_a_file_of_unknown_origin_can_be_rehearsed(tmp_path: Path) -> None:
    assert [outcome["post"]["native_id"] for outcome in rehearse("importer", [in_csv(tmp_path / "all", 2)])] == [
        "0",
        "1",
    ]


def test_a_parquet_file_that_breaks_off_says_so(tmp_path: Path) -> None:
    path = in_parquet(tmp_path / "all", 1_000)
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(ContractBroken, match="Parquet"):
        records(watch(path))
