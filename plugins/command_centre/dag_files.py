"""DAG files that Airflow cannot read: their DAGs stand still, and nothing else would tell of it here."""

from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Unread:
    """One file, and the kind of error; its words are for those whom Airflow shows them."""

    name: str
    error: str


def unread() -> list[Unread]:
    """What is wrong with the files now, by name; nothing while Airflow's database cannot be asked."""
    import sqlalchemy as sa
    from airflow.models.errors import ParseImportError
    from airflow.utils.session import create_session

    try:
        with create_session(scoped=False) as session:
            wanted = sa.select(ParseImportError.filename, ParseImportError.stacktrace)
            rows = session.execute(wanted.order_by(ParseImportError.filename)).all()
    except sa.exc.SQLAlchemyError as trouble:  # our own pages are still worth showing
        log.warning("the DAG files could not be asked for", error=type(trouble).__name__)
        return []
    return [Unread(name or "", _kind(said or "")) for name, said in rows]


def _kind(stack_trace: str) -> str:
    """`SyntaxError` of a stack trace that ends so."""
    last = stack_trace.strip().rpartition("\n")[2]
    word = last.partition(":")[0].rpartition(".")[2]
    return word if word.isidentifier() else "an error"
