"""The nouns that the store's tests speak of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.domain import (
    Author,
    Batch,
    Cursor,
    Delivery,
    Engagement,
    Handoff,
    Post,
    Provenance,
    Receipt,
    Signal,
    Watch,
    external_id,
)
from hub.store import Draft, Store

START = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
WATCH = Watch(network="mastodon", kind="hashtag", value="#acme")


def make_post(number: int = 1, **changes: Any) -> Post:
    author = Author(key="mastodon:account:social.test/7", native_id="7", handle="ana@social.test", followers=12)
    fields: dict[str, Any] = {
        "key": f"mastodon:status:social.test/{number}", "network": "mastodon", "native_id": str(number),
        "text": f"The grinder of number {number} broke", "published_at": START - timedelta(minutes=number),
        "collected_at": START, "author": author, "engagement": Engagement(likes=1), "seen_by": (WATCH.key,),
    }  # fmt: skip
    return Post(**{**fields, **changes})


def make_signal(post: Post, **changes: Any) -> Signal:
    fields: dict[str, Any] = {"post": post.key, "found_by": "rules@1", "intent": "support", "subjects": ("Acme",)}
    return Signal(**{**fields, **changes})


def make_handoff(post: Post, **changes: Any) -> Handoff:
    signal = make_signal(post, confidence=0.9)
    provenance = Provenance(post=post.key, route="help@1", classifier="rules@1", confidence=0.9, run="triage-1")
    fields: dict[str, Any] = {
        "key": f"case:{post.author.key}", "kind": "Case", "post": post, "author": post.author, "signal": signal,
        "team": "support", "provenance": provenance,
    }  # fmt: skip
    return Handoff(**{**fields, **changes})


def make_batch(number: int = 1, *, records: int = 3, **changes: Any) -> Batch:
    fields: dict[str, Any] = {
        "name": f"batch-{number}", "network": "mastodon", "watch": WATCH.key, "run": "collect-1",
        "path": f"mastodon/2025-03-01/{number}.jsonl.zst", "digest": f"{number:064x}", "records": records,
        "landed_at": START,
    }  # fmt: skip
    return Batch(**{**fields, **changes})


def make_draft(number: int = 1, **changes: Any) -> Draft:
    fields: dict[str, Any] = {
        "destination": "salesforce", "object": "Lead", "external_id": external_id(f"thing {number}"),
        "body": {"LastName": f"Person {number}"}, "handoff": f"handoff-{number}", "lane": f"author-{number}",
        "mapping": "salesforce@2",
    }  # fmt: skip
    return Draft(**{**fields, **changes})


def created(delivery: Delivery) -> Receipt:
    return Receipt(delivery=delivery.id, outcome="created", object_id=f"00Q{delivery.id}", url="https://crm.test/1")


def land(store: Store, number: int = 1, *, records: int = 3, **changes: Any) -> Batch:
    batch = make_batch(number, records=records, **changes)
    with store.begin() as tx:
        tx.watches.register(WATCH)
        tx.batches.land(batch, Cursor(position=str(number)))
    return batch


class Patient:
    """A clock that tests own: sleeping moves it."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def now(self) -> datetime:
        moment: datetime = self._clock.now
        return moment

    def sleep(self, seconds: float) -> None:
        self._clock.forward(seconds=seconds)
