"""Deliver: hand the work to the systems that people use, one task per destination.

    handoffs ready, or the timer ─▶ salesforce
                                 ─▶ slack
                                 ─▶ zendesk

The tasks know nothing of each other and each has a pool of its own: a destination that is down or slow
delays no other. Runs may overlap, since every delivery is claimed before it is sent.
"""

import pendulum
from airflow.sdk import dag

from hub.airflow_bridge import (
    HANDOFFS_READY,
    due_within,
    open_hub,
    scheduled_destinations,
    started_by_hand,
    step,
    woken_by,
)
from hub.domain import Manifest

DOC = """
Sends what waits to each destination: claimed, sent once, its answer kept. What was sent and never answered
is looked up before anything is sent again, so nothing is there twice.

**If a task fails**

- *RecordRefused*: the destination looked at some objects and said no. They are in **quarantine**, with its
  reason; correct the mapping or the destination, then run the DAG `replay`. The others were delivered.
- *AccessDenied, SetupError*: correct the connection (`<destination>_default`). Everything waits until then. Start this
  DAG by hand, and it goes on at once; by itself it asks again five minutes after each refusal.
- *RateLimited, Unavailable*: tried again by itself; after three failures in a row the destination is left
  alone for a while, and one probe at a time finds out when it is back.
- A *skipped* task had nothing to send, or its destination is not connected.
"""


def deliver_step(manifest: Manifest) -> None:
    """The task of one destination."""

    @step(minutes=20, pool=manifest.name)
    def send(name: str) -> dict[str, int]:
        from airflow.sdk.exceptions import AirflowSkipException

        from hub import wiring
        from hub.errors import RecordRefused

        with open_hub() as hub:
            if name not in {each.name for each in hub.destinations()}:
                raise AirflowSkipException(f"{name} is not connected.")
            done = wiring.deliver(hub, name, by_hand=started_by_hand())
        if done.stopped is not None:
            raise done.stopped
        if refused := done.outcomes.get("refused", 0):
            what = f"{name} refused {refused} deliveries; they are in quarantine."
            raise RecordRefused(what, reason="refused")
        if not done.outcomes:
            raise AirflowSkipException(f"Nothing could be sent to {name} now.")
        return done.outcomes

    send.override(task_id=manifest.name)(manifest.name)


@dag(
    dag_id="deliver",
    schedule=woken_by(HANDOFFS_READY, every_minutes=2),
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"owner": "social-data"},
    deadline=due_within(15),
    tags=["deliver"],
    doc_md=DOC,
)
def flow():
    for manifest in scheduled_destinations():
        deliver_step(manifest)


flow()
