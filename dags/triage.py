"""Triage: what has landed becomes checked posts, signals, and work for people.

    posts landed, or the timer ─▶ triage (everything that waits) ─▶ handoffs ready ─▶ wakes deliver

One task does it all, since Great Expectations costs seconds to import and each task would pay. Runs may
overlap: batches are claimed, and a claim has one holder. So `max_active_runs` keeps its default; at one,
Airflow leaves events waiting until the next one comes.
"""

import pendulum
from airflow.sdk import dag

from hub.airflow_bridge import (
    HANDOFFS_READY,
    POSTS_LANDED,
    due_within,
    open_hub,
    run_name,
    step,
    tell_operations,
    woken_by,
)

DOC = """
Takes every batch that has landed: maps its records to posts, checks them, finds out what they want, and
decides which become leads, cases and alerts. What cannot go on is put into **quarantine** with its reason and
stays there until it is replayed (DAG `replay`); the rest of its batch goes on.

**If it fails**

- *ContractBroken, "the batch gate held"*: too many posts break the expectations, so something has changed at
  the source. Nothing is lost: the batches wait. Mend the source's mapping or `mappings/_expectations.json`;
  the next run takes them.
- *MappingError, SetupError*: a mapping, a route or `hub.yaml` cannot be used; the message names the place.
- A message that a source *has brought nothing* is no failure: it is read and answers, and its own past expects posts
  at this time. Look there whether the page, tag or query still exists; `detection` in hub.yaml says when it is told.
- *Unavailable*: the store is locked or away; tried again by itself.
"""


@dag(
    dag_id="triage",
    schedule=woken_by(POSTS_LANDED, every_minutes=5),
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"owner": "social-data"},
    deadline=due_within(15),
    tags=["triage"],
    doc_md=DOC,
)
def flow():
    @step(minutes=30, wakes=HANDOFFS_READY)
    def triage() -> int:
        from hub import wiring

        with open_hub() as hub:
            wiring.triage(hub, run_name())
            wiring.silences(hub, tell_operations)
            with hub.store.read() as view:
                return sum(view.outbox.due(name) for name in view.outbox.destinations())

    triage()


flow()
