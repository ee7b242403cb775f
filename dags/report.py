"""Reports: every morning those of the day before, every week those of the week before, each made once and sent once.

names ─▶ make (one task for each report; wakes deliver, which posts to Slack) ─▶ mail (all letters that wait)
"""

import pendulum
from airflow.sdk import CronTriggerTimetable, Param, dag

from hub.airflow_bridge import HANDOFFS_READY, due_within, open_hub, step
from hub.settings import load_config

CONFIG = load_config()
DOC = """
Makes the reports of the last whole {period} in the organisation's time zone and sends them to whom `reports` in
hub.yaml names: one message for each Slack channel, one letter for each e-mail address, PDF and HTML in a folder. What
was made stays as it is: a run that is repeated, by hand or after a failure, finds it made and sends nothing twice.

Started by hand, the form takes one report's name, another period (`2026-W47`, `2026-11-23`), and whether to only make
it.

**If a task fails**

- *names*: hub.yaml or a file in mappings/reports cannot be used; the message says where.
- *make*: the message names the report and what is wrong with it. The other reports are made and sent.
- *mail*, AccessDenied or SetupError: correct the connection `smtp_default`, then clear the task; the letters wait.
- *mail*, Unavailable: the mail server asks us to come again; it is tried again by itself, and what is left goes with
  the next run.
- *mail*, RecordRefused: a letter was refused, or nobody knows whether it arrived. It is in **quarantine** with the next
  step; it is not sent again by itself.
- A picture that cannot be drawn fails nothing: the report says so, and shows its figures.
"""


def each(at: str, weekday: str = "*") -> CronTriggerTimetable:
    """By the clock of the organisation's place."""
    hour, _, minute = at.partition(":")
    return CronTriggerTimetable(f"{int(minute)} {int(hour)} * * {weekday}", timezone=CONFIG.organisation.timezone)


def reports_of(period: str, schedule) -> None:
    """The DAG that makes the reports of one rhythm."""

    @dag(
        dag_id="report_daily" if period == "day" else "report_weekly",
        schedule=schedule,
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "social-data"},
        deadline=due_within(60),
        tags=["report"],
        params={
            "name": Param(
                None, type=["null", "string"], pattern=r"^[a-z][a-z0-9-]{0,60}$", title="Report",
                description_md="One report; empty: all of this rhythm.",
            ),
            "period": Param(
                None, type=["null", "string"], pattern=r"^[0-9a-zW/-]{5,30}$", title="Period",
                description_md="Such as `2026-W47`, `2026-11-23` or `yesterday`; empty: the last whole one.",
            ),
            "dry": Param(False, type="boolean", title="Dry run", description_md="Make it, and send it to nobody."),
        },
        doc_md=DOC.format(period=period),
    )  # fmt: skip
    def flow():
        @step(minutes=5)
        def names(rhythm: str, params=None) -> list[str]:
            from hub.wiring import reporting

            with open_hub() as hub:
                if params["name"]:
                    return [reporting.plan_named(hub, params["name"]).name]
                return [plan.name for plan in reporting.due(hub, rhythm)]

        @step(minutes=20, wakes=HANDOFFS_READY)
        def make(name: str, params=None) -> int:
            from airflow.sdk.exceptions import AirflowSkipException

            from hub.wiring import reporting

            with open_hub() as hub:
                plan = reporting.plan_named(hub, name)
                period = reporting.period_of(hub, plan, params["period"])
                if params["period"] is None and not reporting.was_watched(hub, period):
                    raise AirflowSkipException("Nothing was watched yet in this time: there is nothing to report.")
                kept = reporting.made(hub, plan, period)
                return 0 if params["dry"] else reporting.send(hub, kept, plan.to)

        @step(minutes=30)
        def mail() -> dict[str, int]:
            from airflow.sdk.exceptions import AirflowSkipException

            from hub.wiring import reporting

            with open_hub() as hub:
                done = reporting.deliver_mail(hub)
                reporting.require_sent(hub, done)
            if not done.outcomes:
                raise AirflowSkipException("No letter waits.")
            return done.outcomes

        make.expand(name=names(period)) >> mail.override(trigger_rule="all_done")()

    flow()


reports_of("day", each(CONFIG.reporting.daily_at))
reports_of("week", each(CONFIG.reporting.weekly_at, CONFIG.reporting.weekly_on))
