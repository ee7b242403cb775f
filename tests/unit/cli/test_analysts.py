"""hub export and hub sql: what analysts read, and that asking opens nothing else."""

from pathlib import Path

import pytest

from hub.cli.sql import Answer, Desk, as_csv, shell
from hub.errors import SetupError
from hub.store import Store
from tests.unit.cli.conftest import Hub
from tests.unit.stages.exported import export
from tests.unit.store.builders import make_post, make_signal


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two posts, one of which would be a formula in a spreadsheet."""
    posts = [make_post(1, text="=HYPERLINK(1)\x1b[2J"), make_post(2, tags=("acme",))]
    tmp_path = tmp_path_factory.mktemp("analysts")
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        with store.begin() as tx:
            tx.posts.save(posts)
            tx.signals.save([(posts[0], make_signal(posts[0], scores={"support": 0.5}))])
        export(store, tmp_path / "it's here")
    return tmp_path / "it's here"


def asked(folder: Path | str, query: str) -> Answer | None:
    with Desk(str(folder), memory="200MB") as desk:
        return desk.ask(query)


def test_every_dataset_is_there_also_one_that_has_no_row(folder: Path) -> None:
    both = asked(folder, "SELECT network, day, likes FROM posts ORDER BY ALL")
    assert both is not None
    assert [(row[0], str(row[1]), row[2]) for row in both.rows] == [("mastodon", "2025-03-01", 1)] * 2
    typed = asked(folder, "SELECT typeof(scores), typeof(published_at), typeof(day), subjects[1] FROM signals")
    assert typed is not None
    assert typed.rows == [("MAP(VARCHAR, DOUBLE)", "TIMESTAMP WITH TIME ZONE", "DATE", "Acme")]
    empty = asked(folder, "SELECT network, day, handoff, subjects FROM handoffs")
    assert empty is not None
    assert (empty.columns, empty.rows) == (["network", "day", "handoff", "subjects"], [])
    mine = asked(folder, "CREATE TABLE mine AS FROM posts; SELECT count(*) FROM mine")
    assert mine is not None
    assert mine.rows == [(2,)]


@pytest.mark.parametrize("query", [
    "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM glob('/*')",
    "SELECT * FROM read_parquet('https://host.test/x.parquet')", "ATTACH '/tmp/x.db'", "INSTALL httpfs", "LOAD httpfs",
    "COPY posts TO '{}/x.csv'", "COPY posts TO '/tmp/x.csv'", "EXPORT DATABASE '{}/x'", "SET memory_limit = '9GB'",
    "SET enable_external_access = true", "PREPARE p AS COPY posts TO '{}/x.csv'",
    "EXPLAIN ANALYZE COPY posts TO '{}/x.csv'",
    "SELECT 1; COPY posts TO '{}/x.csv'", "PRAGMA database_list", "SELECT * FROM read_text('{}/../hub.db')",
])  # fmt: skip
def test_nothing_else_is_opened_and_nothing_written(folder: Path, query: str) -> None:
    before = sorted(folder.rglob("*"))

    with pytest.raises(SetupError):
        asked(folder, query.format(str(folder).replace("'", "''")))

    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(("query", "says"), [
    ("SELECT * FROM postz", 'Did you mean "posts"'), ("SELECT likez FROM posts", '"likes"'),
    ("SELCT 1", "syntax error"), ("SELECT count(text + 1) FROM posts", "Could not convert|No function|Conversion"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_what_is_near(folder: Path, query: str, says: str) -> None:
    with pytest.raises(SetupError, match=says):
        asked(folder, query)


def test_too_much_for_the_memory_is_said_with_the_setting(folder: Path) -> None:
    with Desk(str(folder), memory="20MB") as desk, pytest.raises(SetupError, match="HUB_SQL_MEMORY"):
        desk.ask("SELECT list(a.range || b.range) FROM range(100000) a, range(100) b")


def test_a_file_for_spreadsheets_holds_no_formula(folder: Path) -> None:
    answer = asked(folder, "SELECT text, -1 AS less FROM posts ORDER BY text LIMIT 1")

    assert answer is not None
    assert as_csv(answer) == "text,less\r\n'=HYPERLINK(1)\x1b[2J,-1\r\n"


def test_a_bucket_is_asked_like_a_folder(tmp_path: Path) -> None:
    import fsspec

    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        with store.begin() as tx:
            tx.posts.save([make_post(1)])
        export(store, "memory://sql/export")
    found = asked("memory://sql/export", "SELECT count(*), any_value(network) FROM posts")
    assert found is not None
    assert found.rows == [(1, "mastodon")]
    with pytest.raises(SetupError):
        asked("memory://sql/export", "SELECT * FROM read_text('/etc/passwd')")
    fsspec.filesystem("memory").rm("/sql", recursive=True)


def test_without_an_export_it_says_how_to_get_one(hub: Hub, acme: Path) -> None:
    failed = hub("sql", "SELECT 1")

    assert failed.code == 2
    assert "run `hub export` first" in failed.err


def test_export_and_ask_by_command(hub: Hub, acme: Path, store: Store) -> None:
    with store.begin() as tx:
        tx.posts.save([make_post(1, text="=1\x1b[2J"), make_post(2)])

    done = hub("export", "--json").json
    assert (done["full"], done["rows"]["posts"]) == (True, 2)
    assert hub("export").out == "Nothing had changed.\n"
    query = "SELECT network, count(*) AS posts FROM posts GROUP BY ALL"
    assert hub("sql", query, "--json").json == [{"network": "mastodon", "posts": 2}]
    assert hub("sql", query, "--csv").out == "network,posts\r\nmastodon,2\r\n"
    assert "mastodon" in hub("sql", query).out
    assert "\x1b" not in hub("sql", "SELECT text FROM posts").out
    assert hub("export", "--since", "soon").code == 2


def test_line_by_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter([
        ".tables", ".schema posts", ".schema postz", ".wrong", ".help", "SELECT count(*)", "FROM posts;",
        "SELECT * FROM postz;", ".quit", "never",
    ])  # fmt: skip

    with Desk(str(folder), memory="200MB") as desk:
        shell(desk, history=tmp_path / "history", read=lambda _: next(lines))

    shown = capsys.readouterr()
    assert "One post, as it reads now." in shown.out
    assert "published_at" in shown.out
    assert "did you mean 'posts'" in shown.err
    assert "There is no .wrong" in shown.err
    assert "Did you mean" in shown.err
    assert next(lines) == "never"
