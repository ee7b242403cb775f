"""Refresh: look again at what was collected, one DAG per network.

    refresh (edits, counters, deletions of young posts; our accounts' numbers; what may not be kept) ─▶ posts landed

Airflow parses this file again and again, so it reads the manifests and hub.yaml and nothing else.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from hub.airflow_bridge import POSTS_LANDED, due_within, open_hub, run_name, scheduled_networks, step
from hub.domain import Manifest

DOC = """
Looks again at **{title}**: posts of the last days are read once more for edits, counters and deletions, our own
accounts are measured (followers, reach), and what its terms do not let us keep is let go.

What was deleted there is emptied here at once, is not sent any more, and does not come back.

**If it fails**

- *AccessDenied, SetupError*: correct the connection `{name}_default`; the next run goes on with what waits longest.
- *RateLimited, Unavailable*: nothing to do; it is tried again, and the next run goes on.

New posts do not depend on this DAG: `collect_{name}` brings them.
"""
DAILY = timedelta(days=1)


def often(manifest: Manifest) -> timedelta:
    """As often as posts are read again, and four times in the hours within which deletions must be honoured."""
    honour = manifest.policy.honour_deletes_within_hours
    asked = [timedelta(hours=manifest.reread.every_hours)] if manifest.reread else []
    return min([DAILY, *asked, *([timedelta(hours=honour / 4)] if honour else [])])


def refresh_dag(manifest: Manifest) -> None:
    """Make the DAG of one network; it registers itself."""

    @dag(
        dag_id=f"refresh_{manifest.name}",
        schedule=often(manifest),
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": manifest.owner},
        deadline=due_within(60),
        tags=["refresh", manifest.name],
        doc_md=DOC.format(title=manifest.title, name=manifest.name),
    )
    def flow():
        @step(minutes=45, pool=manifest.name, wakes=POSTS_LANDED)
        def refresh() -> int:
            from hub import wiring

            with open_hub() as hub:
                done = wiring.refresh(hub, manifest, run_name())
                with hub.store.read() as view:
                    waiting = view.batches.pending()
            for failure in done.failures:
                raise failure
            return waiting

        refresh()

    flow()


for network in scheduled_networks():
    refresh_dag(network)
