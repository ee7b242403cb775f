"""W1, W3, W3b: what handing leads to Salesforce costs, against a raw client that makes the same commits.

    python benchmarks/push.py [--quick] [--records N]

A sink of its own answers each call at once, or after 100 ms. Each runner is a process whose processor seconds are its
own. The raw client keeps a ledger in SQLite: what it is about to send is committed before, what was answered after,
call by call, as the hub does. Both speak plain HTTP to a loopback port. Exit code 1: a budget is missed.
"""

import argparse
import gc
import json
import multiprocessing
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.pushing.sink import sink

SIZES = {"collections of 200": 200, "Composite of 1,000": 1_000}
MOST_CPU, LEAST_SHARE = 3.0, 0.8
LATENCY, SENDERS = 0.1, 4
SEED = "push"


def body_of(number: int) -> dict[str, Any]:
    """A lead of the usual size."""
    return {
        "LastName": f"Ana {number}", "Company": "@ana on x", "LeadSource": "Social", "Rating": "Hot",
        "Description": f"Which espresso machine should I buy, number {number}? The Acme Brew Pro, or another one?",
        "Hub_Network__c": "x", "Hub_Handle__c": f"ana{number}", "Hub_Intent__c": "purchase", "Hub_Score__c": 0.9,
        "Hub_Profile_URL__c": f"https://x.test/ana{number}", "Hub_Post_URL__c": f"https://x.test/ana{number}/1",
    }  # fmt: skip


def raw(folder: Path, port: int, count: int, size: int) -> dict[str, float]:
    """urllib3 and a ledger: pending before, done after."""
    import orjson
    import urllib3

    ledger = sqlite3.connect(folder / "raw.db", isolation_level=None)
    ledger.execute("PRAGMA journal_mode=WAL")
    ledger.execute("PRAGMA synchronous=NORMAL")
    ledger.execute("CREATE TABLE sent (id INTEGER PRIMARY KEY, key TEXT, body TEXT, state TEXT, object_id TEXT)")
    rows = [(f"{number:032x}", json.dumps(body_of(number))) for number in range(count)]
    ledger.execute("BEGIN")
    ledger.executemany("INSERT INTO sent (key, body, state) VALUES (?, ?, 'waiting')", rows)
    ledger.execute("COMMIT")
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, retries=False)
    gc.collect()
    began, cpu, calls = time.perf_counter(), time.process_time(), 0
    while batch := ledger.execute(
        "SELECT id, key, body FROM sent WHERE state = 'waiting' ORDER BY id LIMIT ?", (size,)
    ).fetchall():
        ids = [(row[0],) for row in batch]
        ledger.execute("BEGIN IMMEDIATE")
        ledger.executemany("UPDATE sent SET state = 'pending' WHERE id = ?", ids)
        ledger.execute("COMMIT")
        records = [{"attributes": {"type": "Lead"}, **orjson.loads(body), "Hub_Key__c": key} for _, key, body in batch]
        parts = [records[at : at + 200] for at in range(0, len(records), 200)]
        told = []
        if len(parts) == 1:
            answer = pool.request("POST", "/c", body=orjson.dumps({"records": parts[0]}))
            told = orjson.loads(answer.data)
        else:
            asked = [{"referenceId": str(place), "body": {"records": part}} for place, part in enumerate(parts)]
            answer = pool.request("POST", "/c", body=orjson.dumps({"compositeRequest": asked}))
            told = [one for part in orjson.loads(answer.data)["compositeResponse"] for one in part["body"]]
        calls += 1
        done = [(one["id"], row[0]) for row, one in zip(batch, told, strict=True)]
        ledger.execute("BEGIN IMMEDIATE")
        ledger.executemany("UPDATE sent SET state = 'done', object_id = ? WHERE id = ?", done)
        ledger.execute("COMMIT")
    return {"cpu": time.process_time() - cpu, "seconds": time.perf_counter() - began, "calls": calls}


def raw_threads(folder: Path, port: int, count: int, size: int, senders: int) -> dict[str, float]:
    """The same calls from threads, without a ledger: what this machine lets anybody reach of the ceiling now."""
    import urllib3

    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, retries=False, maxsize=senders)
    body = json.dumps({"records": list(map(body_of, range(size)))}).encode()

    def calls() -> None:
        for _ in range(count // size // senders):
            json.loads(pool.request("POST", "/c", body=body).data)

    began = time.perf_counter()
    with ThreadPoolExecutor(senders) as threads:
        list(threads.map(lambda _: calls(), range(senders)))
    return {"seconds": time.perf_counter() - began}


def draft_of(number: int) -> Any:
    """A lead on its way."""
    from hub.store import Draft

    return Draft(
        destination="salesforce",
        object="Lead",
        external_id=sha256(f"{SEED}{number}".encode()).hexdigest()[:32],
        body=body_of(number),
        handoff=str(number),
        lane=f"x:account:{number}",
        authority={"Company": "fill_blank"},
        mapping="salesforce@1",
        post=f"x:post:{number}",
        author=f"x:account:{number}",
    )


def hub(folder: Path, port: int, count: int, size: int, senders: int = 1) -> dict[str, float]:
    """The hub's own way, from the outbox to the receipts."""
    import connectors
    from connectors.salesforce.connector import Salesforce
    from hub.domain import Budget
    from hub.kit import Connection, Services, Token
    from hub.stages import deliver
    from hub.stages.calls import senders_for
    from hub.store import Store
    from hub.store.services import Shared

    os.environ["NO_PROXY"] = "*"
    Salesforce.plan = lambda self, object, waiting: size  # type: ignore[method-assign]
    url = f"sqlite:///{folder / 'hub.db'}"
    with Store.open(url) as store:
        for start in range(0, count, 10_000):
            drafts = [draft_of(number) for number in range(start, min(start + 10_000, count))]
            with store.begin() as tx:
                tx.outbox.intend(drafts)
        del drafts
    with Store.open(url) as store:  # as a process that did not make them finds them
        shared = Shared(store, token_type=Token, max_wait_seconds=60, key_path=folder / "key")
        manifest = connectors.manifest("salesforce").with_(budget=Budget(requests=1_000_000, per_minutes=1))
        services = Services(
            memory=shared.memory,
            budgets=shared.budgets,
            tokens=shared.tokens,
            clock=shared.clock,
            transport=Plain(port),
        )
        given = {"consumer_key": "k", "consumer_secret": "s", "domain": "acme.my"}
        made = [
            Salesforce(manifest, Connection(id="salesforce_default", extra=given), services)
            for _ in range(senders_for(senders))  # as in `hub.wiring`
        ]
        shared.tokens.get("salesforce_default", lambda _: Token(value="acme.my.salesforce.com key"))
        made[0].shapes.is_unique("Lead")
        gc.collect()
        began, cpu = time.perf_counter(), time.process_time()
        done = deliver.run(*made, store=store, worker="bench", at_once=senders)
        spent = {"cpu": time.process_time() - cpu, "seconds": time.perf_counter() - began}
    if done.outcomes != {"created": count}:
        raise SystemExit(f"the hub did something else: {done.outcomes} {done.stopped}")
    return spent | {"calls": Plain.calls}


class Plain:
    """Sends what was meant for https to the sink's plain port, over a connection pool of its own."""

    calls = 0

    def __init__(self, port: int) -> None:
        from requests.adapters import HTTPAdapter

        self._wire, self._port = HTTPAdapter(pool_maxsize=SENDERS), port

    def send(self, request: Any, **options: Any) -> Any:
        """One call."""
        Plain.calls += request.method != "GET"
        request.url = f"http://127.0.0.1:{self._port}/{request.url.partition('://')[2].partition('/')[2]}"
        return self._wire.send(request, **options)

    def close(self) -> None:
        """Hang up."""
        self._wire.close()


def apart(run: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """In a process of its own, so that nothing one of them leaves behind is another's."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="hub-push-") as folder, ProcessPoolExecutor(1, mp_context=spawn) as alone:
        return alone.submit(run, Path(folder), *arguments).result(timeout=600)  # or what went wrong in there, at once


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description="What handing leads over costs")
    parser.add_argument("--quick", action="store_true", help="5,000 records in place of 20,000")
    parser.add_argument("--records", type=int, help="how many records")
    given = parser.parse_args(arguments)
    count = given.records or (5_000 if given.quick else 20_000)
    missed = 0
    process, port = sink(0.0)
    print(f"{count} leads, one run; CPU seconds for 100,000")
    for name, size in SIZES.items():
        anchor = min((apart(raw, port, count, size) for _ in range(3)), key=lambda said: said["cpu"])
        ours = min((apart(hub, port, count, size) for _ in range(3)), key=lambda said: said["cpu"])
        times = ours["cpu"] / anchor["cpu"]
        missed += times > MOST_CPU
        per = 100_000 / count
        print(
            f"W3  {name:20} raw {anchor['cpu'] * per:6.2f}  hub {ours['cpu'] * per:6.2f}  {times:5.2f} times "
            f"(at most {MOST_CPU}); W1 {ours['calls'] * 1000 / count:.2f} write calls per 1,000"
        )
    process.kill()
    process, port = sink(LATENCY)
    few = min(count, 16_000)
    anchor = apart(raw_threads, port, few, 200, SENDERS)
    ours = apart(hub, port, few, 200, SENDERS)
    ceiling = SENDERS * 200 / LATENCY
    share = few / ours["seconds"] / ceiling
    missed += share < LEAST_SHARE
    print(
        f"W3b {SENDERS} senders, {LATENCY:.1f} s a call: {few / ours['seconds']:.0f} records/s, {share:.2f} of the "
        f"ceiling (at least {LEAST_SHARE}; threads that only call: {few / anchor['seconds'] / ceiling:.2f}), "
        f"{ours['cpu']:.2f} processor seconds for {few / ceiling:.1f} s of calls"
    )
    process.kill()
    return 1 if missed else 0


if __name__ == "__main__":
    threading.current_thread().name = "push"
    sys.exit(main())
