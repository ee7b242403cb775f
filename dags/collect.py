"""Collect: bring new posts in, one DAG per network.

    pull (all watches of the network, in threads under one budget) ─▶ posts landed ─▶ wakes triage

Airflow parses this file again and again, so it reads the manifests and hub.yaml and nothing else: no network,
no database, no heavy import. The work is in `hub.stages`, imported inside the task. The task hands on how
many batches wait, never the posts.
"""

import pendulum
from airflow.sdk import Asset, dag

from hub.airflow_bridge import (
    POSTS_LANDED,
    due_within,
    open_hub,
    poll_interval,
    run_name,
    scheduled_networks,
    step,
    tell_operations,
)
from hub.domain import Manifest

DOC = """
Reads every watch on **{title}** that `hub.yaml` names, and lands what is new. Triage is woken when
anything waits.

**If it fails**

- *AccessDenied, SetupError*: not tried again. Correct the connection `{name}_default` or the watch; the
  next run goes on where the last one stopped, nothing is skipped.
- *RateLimited, Unavailable*: tried again after the time that {title} asked for. Nothing to do unless it
  lasts.
- *ContractBroken*: {title} answers in a form that we do not know. The cursor is kept; read
  `connectors/{name}/README.md`, "When it breaks".

A cursor that {title} does not take any more is let go: the watch is read again by time, and operations are
told. One watch that fails does not stop the others. The command centre shows the age of each.
"""


def collect_dag(manifest: Manifest) -> None:
    """Make the DAG of one network; it registers itself."""
    cursors = Asset(f"cursors_{manifest.name}", uri=f"hub://cursors/{manifest.name}", group="hub")

    @dag(
        dag_id=f"collect_{manifest.name}",
        schedule=poll_interval(manifest),
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,  # the cursor knows where to go on
        max_active_runs=1,  # a cursor has one reader
        default_args={"owner": manifest.owner},
        deadline=due_within(20),
        tags=["collect", manifest.name],
        doc_md=DOC.format(title=manifest.title, name=manifest.name),
    )
    def flow():
        @step(minutes=15, pool=manifest.name, wakes=POSTS_LANDED, inlets=[cursors])
        def pull(asset_state_store=None) -> int:
            from hub import wiring

            with open_hub() as hub:
                batches, failures = wiring.collect(hub, manifest, run_name(), tell=tell_operations)
                with hub.store.read() as view:
                    waiting = view.batches.pending()
                    listing = view.watches.listing(manifest.name)
            if batches:  # for people to look at, in Airflow's asset page; we read our own store
                for watch in listing:
                    asset_state_store[cursors].set(watch.key, watch.cursor.plain())
            for failure in failures.values():
                raise failure
            return waiting

        pull()

    flow()


for network in scheduled_networks():
    collect_dag(network)
