"""Replay: started by hand; quarantined items go back to the stage they left, with today's mappings and rules.

form (stage, reason, network, items, dry run) ─▶ replay ─▶ handoffs ready ─▶ wakes deliver
"""

import pendulum
from airflow.sdk import Param, dag

from hub.airflow_bridge import HANDOFFS_READY, open_hub, operator, run_name, step

DOC = """
Sends open items of the **quarantine** back, after the cause was mended: a mapping, a route, a permission.
Without any filter it takes all of them; the command centre's quarantine page starts it for some. A *dry run*
changes nothing and says what would come of it.

What still cannot go on returns to quarantine with one more try counted. Replaying twice does no harm: posts
are known by their keys, deliveries by their external ids. Who started it is kept in the audit log.

**If it fails**, the message says what must be mended first; the items are still in quarantine.
"""
CODE = {"type": ["null", "string"], "pattern": "^[a-z0-9_.-]{1,64}$"}


@dag(
    dag_id="replay",
    schedule=None,
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"owner": "social-data"},
    tags=["replay"],
    doc_md=DOC,
    params={
        "stage": Param(
            None, title="Stage", description_md="Only items that left this stage, such as `validate`.", **CODE
        ),
        "reason": Param(
            None, title="Reason", description_md="Only items with this reason, such as `id_missing`.", **CODE
        ),
        "network": Param(
            None, title="Network", description_md="Only items from this network, or to this destination.", **CODE
        ),
        "ids": Param(
            [],
            type="array",
            items={"type": "integer", "minimum": 1},
            maxItems=1000,
            title="Items",
            description_md="Only these numbers of the quarantine page. None: all that match.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description_md="Change nothing, say what would come of it.",
        ),
    },
)
def flow():
    @step(minutes=60, wakes=HANDOFFS_READY)
    def replay(params=None) -> int:
        import structlog

        from hub import wiring
        from hub.stages import replay as stage
        from hub.wiring import reporting

        chosen = dict(params)
        with open_hub() as hub:
            asked = {name: chosen[name] for name in ("stage", "reason", "network") if chosen[name]}
            ids = stage.choose(hub.store, ids=chosen["ids"] or (), **asked)
            done = stage.run(wiring.rulebook(hub), ids, store=hub.store, run=run_name(), dry_run=chosen["dry_run"])
            structlog.get_logger(__name__).info("replayed", dry_run=chosen["dry_run"], **stage.summary(done))
            if chosen["dry_run"]:
                return 0
            filters = ", ".join(f"{name} {value}" for name, value in asked.items())
            stage.kept(hub.store, run_name(), done, who=operator(), filters=filters)
            reporting.deliver_mail(hub)  # deliver has no task for letters: they come with reports
            with hub.store.read() as view:
                return sum(view.outbox.due(name) for name in view.outbox.destinations())

    replay()


flow()
