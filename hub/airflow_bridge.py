"""The one module that imports Airflow: our tasks, errors, connections and alerts, said in Airflow's way.

DAG files import this again and again, so nothing heavy is imported here: the work, and all that it needs, is
imported inside the tasks. Between tasks go names and counts, never a post.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, get_current_context, task
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException

import connectors
from hub.domain import Manifest
from hub.errors import HubError, SetupError, TransientError
from hub.settings import load_config, read_settings

if TYPE_CHECKING:
    from hub.kit import Connection
    from hub.mapping import Mapping
    from hub.stages.admit import Rulebook
    from hub.wiring import Hub

POSTS_LANDED = Asset("posts_landed", uri="hub://posts/landed", group="hub")
HANDOFFS_READY = Asset("handoffs_ready", uri="hub://handoffs/ready", group="hub")
"""Wake-up calls: who hears one takes everything that waits, and a timer makes good for one that is lost."""

OPERATIONS = "operations"  # the team in hub.yaml whose Slack channel hears of failed and late runs
SLACK = "slack_default"
LONGEST_WAIT = timedelta(hours=1)


class ByWhatToDoNext(RetryPolicy):  # type: ignore[misc]  # Airflow is not read by mypy
    """Retries what may work later, when the other side asked us to; fails at once what may not."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide by the kind of error; anything that is not ours is left to the task's own settings."""
        if isinstance(exception, TransientError):
            wait = exception.retry_after
            delay = None if wait is None else min(timedelta(seconds=wait), LONGEST_WAIT)
            return RetryDecision.retry(delay=delay, reason=type(exception).__name__)
        if isinstance(exception, HubError):
            return RetryDecision.fail(reason=f"{type(exception).__name__}: {exception}")
        return RetryDecision.default()


def step(
    *,
    minutes: float = 10,
    pool: str = "default_pool",
    wakes: Asset | None = None,
    inlets: Sequence[Asset] = (),
) -> Callable[[Callable[..., Any]], Any]:
    """`@task` for one of our stages.

    A step that `wakes` somebody returns what is there for them, and is skipped when that is nothing:
    a skipped task wakes nobody.
    """

    def decorate(work: Callable[..., Any]) -> Any:
        @functools.wraps(work)
        def said(*args: Any, **options: Any) -> Any:
            done = work(*args, **options)
            tell_mended()
            if wakes is not None and not done:
                raise AirflowSkipException("There is nothing to hand on.")
            return done

        return task(
            retries=3,
            retry_delay=timedelta(seconds=10),
            retry_exponential_backoff=True,
            max_retry_delay=timedelta(minutes=5),
            retry_policy=ByWhatToDoNext(),
            execution_timeout=timedelta(minutes=minutes),
            pool=pool,
            inlets=list(inlets),
            outlets=[wakes] if wakes else [],
            on_failure_callback=tell_failed,
        )(said)

    return decorate


def woken_by(asset: Asset, *, every_minutes: int) -> AssetOrTimeSchedule:
    """When the asset changes, and by a slow timer: an event may be left unheard while runs overlap."""
    return AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(f"*/{every_minutes} * * * *", timezone="UTC"), assets=[asset]
    )


def due_within(minutes: float) -> DeadlineAlert:
    """Tells operations when a run has not ended so long after it was queued."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=minutes),
        callback=SyncCallback(tell_late),  # by the executor; an AsyncCallback would need a triggerer
    )


def scheduled_networks() -> list[Manifest]:
    """The networks that somebody watches, by name; drafts are left out."""
    watched = {watch.network for watch in load_config().watches}
    found = connectors.manifests(kind="network")
    return [manifest for manifest in found if manifest.name in watched and manifest.maturity != "draft"]


def scheduled_destinations() -> list[Manifest]:
    """The destinations that may be handed work; whether one is connected is seen when it runs."""
    chosen = load_config().destinations
    found = connectors.manifests(kind="destination")
    return [each for each in found if (chosen is None or each.name in chosen) and each.maturity != "draft"]


def poll_interval(manifest: Manifest) -> timedelta:
    """How often this network is read."""
    return timedelta(seconds=read_settings().poll_seconds or manifest.every_seconds)


def known_connectors() -> dict[str, Manifest]:
    """Every connector's manifest, by name, and that of e-mail."""
    from hub.kit import mail

    return {manifest.name: manifest for manifest in (*connectors.manifests(), mail.MANIFEST)}


def mapping_named(network: str) -> "Mapping | None":
    """What a network's words mean; None where it has no connector now."""
    from hub.wiring import opening

    return opening.mapping_named(network)


def run_name() -> str:
    """The run that the current task belongs to, as our ledger and pages name it: `collect_x/scheduled__…`."""
    ti = get_current_context()["ti"]
    return f"{ti.dag_id}/{ti.run_id}"


def started_by_hand() -> bool:
    """Whether a person has started the current run, and no timer and no event."""
    return bool(get_current_context()["dag_run"].run_type == "manual")


def operator() -> str:
    """Who started this run: an account of Airflow, or the schedule."""
    return getattr(get_current_context()["dag_run"], "triggering_user_name", None) or "schedule"


@contextmanager
def open_hub() -> Iterator["Hub"]:
    """The hub with its connections taken from Airflow; the store is closed at the end."""
    from hub.wiring import Hub

    hub = Hub(connect=connect)
    try:
        yield hub
        _note_outage(hub)
    finally:
        hub.close()


@contextmanager
def open_rulebook() -> Iterator[tuple["Hub", "Rulebook"]]:
    """The hub, and everything that it decides by today: mappings, routes and models are read anew."""
    from hub import wiring

    with open_hub() as hub:
        yield hub, wiring.rulebook(hub)


def connect(manifest: Manifest, connection_id: str | None = None) -> "Connection":
    """The connection of a connector, wherever Airflow keeps it: database, secrets backend, environment."""
    from airflow.sdk import BaseHook

    from hub.kit import Connection, NotConnected

    name = connection_id or f"{manifest.name}_default"
    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        if manifest.open_to_strangers and connection_id is None:
            return Connection(id=name)
        needs = ", ".join(manifest.auth.secrets)
        raise NotConnected(
            f"There is no Airflow connection {name} ({needs}); add it, or set AIRFLOW_CONN_{name.upper()}."
        ) from None
    fields = ("conn_type", "host", "login", "password", "port", "schema", "extra")
    try:
        return Connection.from_facts(name, {field: getattr(found, field, None) for field in fields})
    except (ValueError, TypeError):  # what stands there may be a secret: it is not shown
        raise SetupError(f"The connection {name} has an extra field that is no JSON object; correct it.") from None


def tell_failed(context: Any) -> None:
    """Tell operations that a task has failed for good; of one source that is out of order they hear once."""
    from hub.stages import outages
    from hub.wiring import operators

    ti, problem = context["ti"], context.get("exception")
    before = ti.get_previous_dagrun()
    again = before is not None and str(before.state) == "failed"
    source, task = operators.source_of(ti.dag_id, _pool_of(ti)), f"{ti.dag_id}.{ti.task_id}"
    news = operators.ask(connect, lambda tx: outages.failed(tx, source, task))
    if news is False or (news is None and again):  # without the store nobody knows but the run before
        return
    why = f"{type(problem).__name__}: {problem}" if isinstance(problem, HubError) else type(problem).__name__
    message = _tell(f"{ti.dag_id} failed in {ti.task_id}. {why}", dag=ti.dag_id, run=ti.run_id)
    operators.ask(connect, lambda tx: outages.told(tx, source, message))


def tell_late(context: Any) -> None:
    """Tell operations that a run (a dictionary here) is late, unless its source is known to be out of order."""
    from hub.stages import outages
    from hub.wiring import operators

    run = context["dag_run"]
    dag = run["dag_id"]
    if not operators.ask(connect, lambda tx: outages.follows(tx, operators.source_of(dag))):
        _tell(f"{dag} is late: this run should have ended by now.", dag=dag, run=run["dag_run_id"])


def tell_mended() -> None:
    """Tell operations, where they were told that a source is out of order, that it works again."""
    if not _outages:
        return
    from hub.stages import outages
    from hub.wiring import operators

    ti = get_current_context()["ti"]
    source, task = operators.source_of(ti.dag_id, _pool_of(ti)), f"{ti.dag_id}.{ti.task_id}"
    over = operators.ask(connect, lambda tx: (outages.worked(tx, source, task), tx.now))
    _outages.clear()
    outage, now = over or (None, None)
    if outage and now:
        _tell(outages.ended(outage, now), dag=ti.dag_id, run=ti.run_id, thread=outage.message)


def tell_operations(notice: str, thread: str | None = None) -> str | None:
    """Tell operations of what the current task has found or put right; returns the message, if it was sent."""
    ti = get_current_context()["ti"]
    return _tell(notice, dag=ti.dag_id, run=ti.run_id, thread=thread)


def _tell(text: str, *, dag: str, run: str, thread: str | None = None) -> str | None:
    """One Slack message to operations, if they have a channel, and what names it; trouble here is only logged."""
    import structlog

    log = structlog.get_logger(__name__)
    try:
        channel = load_config().team(OPERATIONS).get("slack_channel")
        if channel:
            return _post(channel, f"{text}\n{read_settings().link_base}/dags/{dag}/runs/{run}", thread)
    except Exception as trouble:  # noqa: BLE001  an alert that fails must not hide the failure it tells of
        log.warning("operations could not be told", error=type(trouble).__name__)
    return None


def _post(channel: str, text: str, thread: str | None) -> str:
    """The id of the message: its channel and time, or at least that there is one."""
    from airflow.providers.slack.hooks.slack import SlackHook

    hook = SlackHook(slack_conn_id=SLACK, timeout=15, retry_handlers=[])  # slack-sdk's own would post twice
    where, _, ts = (thread or "").partition("/")
    message = {
        "channel": where if ts else channel, "text": escape(text, quote=False), "username": "Social Intelligence Hub",
        "unfurl_links": False, "unfurl_media": False,
    }  # fmt: skip
    answer = hook.call("chat.postMessage", json=message | ({"thread_ts": ts} if ts else {}))
    return f"{answer.get('channel') or channel}/{answer.get('ts') or ''}"


def _pool_of(ti: Any) -> str | None:
    return getattr(getattr(ti, "task", None), "pool", None)


_outages: list[str] = []  # sources that are known to be out of order, as this process last saw it


def _note_outage(hub: "Hub") -> None:
    """See, while the store is open anyway, whether this task's source is known to be out of order."""
    if "store" not in hub.__dict__:
        return
    from hub.stages import outages
    from hub.wiring import operators

    try:
        ti = get_current_context()["ti"]
        source = operators.source_of(ti.dag_id, _pool_of(ti))
        with hub.store.read() as view:
            _outages[:] = [source] if outages.known(view, source) else []
    except Exception:  # noqa: BLE001  what the task has done is done, whatever operators hear of it
        _outages.clear()
