"""SQL over the export: DuckDB, shut in. It reads these files and nothing else, and has no way to a network.

The export's text was written by strangers, and queries are copied from anywhere: neither may open another file, load an
extension or write. Answers are shown as text.
"""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import duckdb
from duckdb import StatementType

from hub.cli.app import answer_table, say
from hub.errors import SetupError
from hub.stages.export import DATASETS
from hub.stages.export.columns import Dataset

NO_EXPORT = "There is no export in {}; run `hub export` first, or set HUB_EXPORT to where it is."
READS_ONLY = "`hub sql` only reads the export; ask by SELECT, and take `--csv` or `--json` to keep an answer."
MOST_SHOWN = 1000  # rows of a table; CSV and JSON have all
ALLOWED = {StatementType.SELECT, StatementType.EXPLAIN, StatementType.CREATE, StatementType.DROP, StatementType.MULTI}
WRITES = re.compile(r"\b(copy|export|attach|import|install|load)\b", re.IGNORECASE)  # inside of what only seems to ask
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes a text for that begins so
HELP = """Ask in SQL, ended by a semicolon, such as
  SELECT network, count(*) FROM posts GROUP BY network ORDER BY 2 DESC;
.tables          the datasets, with what a row is
.schema NAME     the columns of one, with what they mean
.help            this
.quit            leave; so does Ctrl-D"""


@dataclass(frozen=True)
class Answer:
    """Columns and rows, as DuckDB gives them."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    @property
    def shown(self) -> list[list[Any]]:
        """As a table shows them: NULL is said, and what is no number is text."""
        return [[_cell(value) for value in row] for row in self.rows[:MOST_SHOWN]]


class Desk:
    """One opened export."""

    def __init__(self, url: str, *, memory: str) -> None:
        self.url = url.removeprefix("file://").rstrip("/")
        locked = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        self._duck = duckdb.connect(
            ":memory:", config={**locked, "memory_limit": memory, "allow_unsigned_extensions": "false"}
        )
        try:
            self._open()
        except BaseException:
            self._duck.close()
            raise

    def ask(self, query: str) -> Answer | None:
        """What the last of these statements answers; a SetupError says what is wrong with them."""
        try:
            statements = self._duck.extract_statements(query)
            for statement in statements:
                if statement.type not in ALLOWED or (
                    statement.type in (StatementType.EXPLAIN, StatementType.MULTI) and WRITES.search(statement.query)
                ):
                    raise SetupError(READS_ONLY)
            for statement in statements:
                self._duck.execute(statement)
            if not statements or self._duck.description is None:
                return None
            return Answer([column[0] for column in self._duck.description], self._duck.fetchall())
        except duckdb.PermissionException as refused:
            raise SetupError(f"{READS_ONLY} Nothing outside {self.url} can be opened.") from refused
        except duckdb.OutOfMemoryException as full:
            raise SetupError(
                "The answer takes more memory than HUB_SQL_MEMORY allows; ask for less, or raise it."
            ) from full
        except duckdb.Error as wrong:
            raise SetupError(_sentence(str(wrong))) from wrong

    def close(self) -> None:
        """Nothing more is asked."""
        self._duck.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        """A view of each dataset; then everything else is shut, for good."""
        reach = self._reach()
        for dataset in DATASETS:
            if reach(dataset):
                files = f"{self._root}/{'/'.join((dataset.name, *['*'] * len(dataset.parts), '*.parquet'))}".replace(
                    "'", "''"
                )
                types = ", ".join(f"'{part}': {'DATE' if part == 'day' else 'VARCHAR'}" for part in dataset.parts)
                hive = f"hive_partitioning = true, hive_types = {{{types}}}" if types else "hive_partitioning = false"
                # Our own words, and a path of ours with its quotes doubled.
                self._duck.execute(f"CREATE VIEW {dataset.name} AS FROM read_parquet('{files}', {hive})")
            else:
                self._duck.register(dataset.name, _empty(dataset))
        folders = ", ".join(f"'{each}/'" for each in self._own)
        self._duck.execute(f"SET allowed_directories = [{folders}]")
        self._duck.execute("SET enable_external_access = false")
        self._duck.execute("SET lock_configuration = true")

    def _reach(self) -> Callable[[Dataset], bool]:
        """Whether there is any file of a dataset; buckets are read through fsspec."""
        if "://" not in self.url:
            self._root = str(Path(self.url).resolve())
            self._own = [self._root.replace("'", "''")]
            if not (Path(self._root) / "_export.json").exists():
                raise SetupError(NO_EXPORT.format(self.url))
            return lambda dataset: any((Path(self._root) / dataset.name).rglob("*.parquet"))
        import fsspec

        self._root = self.url
        try:
            files, root = fsspec.core.url_to_fs(self.url)
            if not files.exists(f"{root}/_export.json"):
                raise SetupError(NO_EXPORT.format(self.url))
        except (ImportError, ValueError) as missing:
            raise SetupError(
                f"Nothing here can reach {self.url}; install fsspec's package for it (s3fs for s3://), or use a folder."
            ) from missing
        self._duck.register_filesystem(files)
        scheme = self.url.partition("://")[0]
        self._own = [each.replace("'", "''") for each in (self.url, f"{scheme}://{root}")]  # as some list their files
        return lambda dataset: bool(files.exists(f"{root}/{dataset.name}"))


def shell(desk: Desk, *, history: Path, read: Callable[[str], str] = input) -> None:
    """Ask line by line, until Ctrl-D; what was asked is kept for the next time."""
    _remember(history)
    say(f"DuckDB over {desk.url}. .help says what can be asked.")
    asked = ""
    while True:
        try:
            line = read("   ...> " if asked else "hub sql> ")
        except EOFError:
            return
        except KeyboardInterrupt:
            asked = ""
            continue
        if not asked and line.strip().startswith("."):
            if line.strip() in (".quit", ".exit"):
                return
            told(line)
            continue
        asked = f"{asked}\n{line}".strip()
        if asked.endswith(";"):
            _answer(desk, asked)
            asked = ""


def told(line: str) -> None:
    """What a word with a dot asks for."""
    word, _, name = line.strip().rstrip(";").partition(" ")
    known = {dataset.name: dataset for dataset in DATASETS}
    if word == ".tables":
        answer_table("Datasets", ["Name", "One row is"], [(one.name, one.meaning) for one in DATASETS])
    elif word == ".schema" and name.strip() in known:
        dataset = known[name.strip()]
        rows = [(one.name, str(one.kind), one.unit, one.meaning) for one in dataset.columns]
        parts = [(part, "date" if part == "day" else "string", "", "folder") for part in dataset.parts]
        answer_table(dataset.meaning, ["Column", "Type", "Unit", "Meaning"], [*parts, *rows])
    elif word == ".schema":
        say(f"There is no {name.strip()!r}{_near(name.strip(), known)}; there are {', '.join(known)}.")
    elif word == ".help":
        say(HELP)
    else:
        say(f"There is no {word}; .help says what there is.")


def as_csv(answer: Answer) -> str:
    """A file that spreadsheets open, and in which no text of others is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(answer.columns)
    writer.writerows([_harmless(value) for value in row] for row in answer.rows)
    return out.getvalue()


def _answer(desk: Desk, asked: str) -> None:
    try:
        answer = desk.ask(asked)
    except SetupError as wrong:
        say(str(wrong))
        return
    except KeyboardInterrupt:
        say("Stopped.")
        return
    if answer is not None:
        show(answer)


def show(answer: Answer) -> None:
    """The answer as a table, cut where nobody would read on."""
    answer_table("", answer.columns, answer.shown, empty="No rows.")
    if len(answer.rows) > MOST_SHOWN:
        say(f"The first {MOST_SHOWN} of {len(answer.rows)} rows; add LIMIT, or take --csv for all.")


def _remember(history: Path) -> None:
    """Lines of before, where this Python can edit lines at all."""
    import atexit

    try:
        import readline
    except ImportError:
        return
    history.parent.mkdir(parents=True, exist_ok=True)
    if history.exists():
        readline.read_history_file(history)
    readline.set_history_length(1000)
    atexit.register(readline.write_history_file, history)


def _empty(dataset: Dataset) -> Any:
    import pyarrow as pa

    kinds = {"network": pa.string(), "day": pa.date32()}
    return pa.schema([*dataset.schema, *(pa.field(part, kinds[part]) for part in dataset.parts)]).empty_table()


def _sentence(said: str) -> str:
    """DuckDB's words without their place in the query; it names what is near to a wrong name itself."""
    lines = [line.strip() for line in said.split("\n\nLINE ")[0].splitlines() if line.strip()]
    return f"{' '.join(lines)} `.tables` and `.schema NAME` in `hub sql` say what there is."


def _near(name: str, known: Any) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}" if near else ""


def _cell(value: Any) -> Any:
    return "NULL" if value is None else value if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _harmless(value: Any) -> Any:
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.lstrip(" ").startswith(FORMULA) else text
