"""Those who read the pages, each run in a process of its own by benchmarks/pull.py.

    python -m benchmarks.pulling.runners NAME PORT PAGES FOLDER

Prints one line of JSON: how many posts were fetched, known, bad and kept. What it cost is measured from outside.
"""

import http.client
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RECENT = 10_000  # keys: without a store, posts are known for so long at least, and memory stays flat
Counts = dict[str, Any]

LEAD = """
mapping: bench
version: 1
reads: Lead
makes: sObject Lead
fields:
  LastName: author.display_name || author.handle
  Company: company || 'Not stated'
  Website: author.url
  Rating: signal.confidence >= `0.8` && 'Hot' || 'Warm'
  Description: post.text
  Language__c: post.lang
  Network__c: post.network
  Post_URL__c: post.url
  Posted_At__c: post.published_at
  Followers__c: author.followers
  Likes__c: post.engagement.likes
  Intent__c: signal.intent
"""


def floor(port: int, pages: int, folder: Path) -> Counts:
    """The least that anyone pays: bytes read, JSON parsed."""
    import orjson

    wire = http.client.HTTPConnection("127.0.0.1", port)
    fetched, token = 0, "0"
    while token:
        wire.request("GET", f"/2/tweets/search/recent?query=pages:{pages}&next_token={token}")
        body = orjson.loads(wire.getresponse().read())
        fetched += len(body["data"])
        token = body["meta"].get("next_token")
    return {"fetched": fetched}


class Work:
    """Everything that happens to a post but its landing: the same functions for the kit and for dlt."""

    def __init__(self, folder: Path) -> None:
        import msgspec

        import connectors
        from hub.classify import item_of, load_engine
        from hub.mapping import load_mapping
        from hub.stages.posts import PostMaker
        from hub.stages.validate import sort_records

        (folder / "lead.yaml").write_text(LEAD)
        self.lead = load_mapping(folder / "lead.yaml").apply
        self.mapping = load_mapping(connectors.mapping_path("x"))
        self.engine = load_engine("three_patterns")
        self.item_of, self.sort = item_of, sort_records
        self.plain: Callable[[Any], dict[str, Any]] = msgspec.to_builtins
        self.maker = PostMaker(network="x", record_type="post", watch="x:keyword:bench", collected_at=datetime.now(UTC))
        self.recent: set[str] = set()
        self.before: set[str] = set()
        self.counts = {"fetched": 0, "bad": 0, "known": 0, "kept": 0}

    def on(
        self, records: list[dict[str, Any]]
    ) -> tuple[list[tuple[Any, Any, dict[str, Any] | None]], list[dict[str, Any]]]:
        """Posts with signal and lead, and the rows for quarantine."""
        found = self.sort(records, self.mapping, self.maker)
        posts = [post for post, _ in found.posts if self._is_new(post.key)]
        signals = self.engine.classify([self.item_of(post) for post in posts])
        kept = []
        for post, signal in zip(posts, signals, strict=True):
            kept.append((post, signal, self._payload(post, signal)))
        bad = [{"reason": one.reason, "detail": one.detail, "record": one.record} for one in found.bad]
        self._count(len(records), len(found.posts), len(kept), len(bad))
        return kept, bad

    def _payload(self, post: Any, signal: Any) -> dict[str, Any] | None:
        """The lead, where there is work for anybody."""
        if signal.intent == "none":
            return None
        plain = self.plain(post)
        return self.lead({"post": plain, "author": plain["author"], "signal": self.plain(signal)})

    def _is_new(self, key: str) -> bool:
        if key in self.recent or key in self.before:
            return False
        if len(self.recent) >= RECENT:
            self.recent, self.before = set(), self.recent
        self.recent.add(key)
        return True

    def _count(self, fetched: int, mapped: int, kept: int, bad: int) -> None:
        more = {"fetched": fetched, "bad": bad, "known": mapped - kept, "kept": kept}
        self.counts = {name: value + more[name] for name, value in self.counts.items()}


def kit(port: int, pages: int, folder: Path) -> Counts:
    """P1: the real connector and kit; posts with signals and leads land in one file, bad rows in another.

    Neither does this land raw records, as dlt does not; the hub's own way does, and is measured by itself.
    """
    import msgspec

    from hub.domain import Cursor, Watch
    from hub.stages.collector import seldom_collected

    work, encode = Work(folder), msgspec.json.Encoder().encode_lines
    watch = Watch(network="x", kind="keyword", value=f"pages:{pages}")
    with ExitStack() as stack:
        stack.enter_context(seldom_collected())  # as in the stages
        network = stack.enter_context(_connector(port))
        good, held = (stack.enter_context((folder / f"{name}.jsonl").open("wb")) for name in ("posts", "bad"))
        for page in network.pull(watch, Cursor()):
            kept, bad = work.on(page.records)
            good.write(encode(kept))
            held.write(encode(bad))
    return work.counts


def _connector(port: int) -> Any:
    import connectors
    from hub.domain import Budget
    from hub.kit import Connection, Services

    connection = Connection(
        id="x_default", host=f"http://127.0.0.1:{port}", extra={"bearer_token": "bench", "monthly_limit": 1_000_000}
    )
    manifest = connectors.manifest("x").with_(budget=Budget(requests=1_000_000, per_minutes=1))
    return connectors.load("x")(manifest, connection, Services.local())


def peer(port: int, pages: int, folder: Path) -> Counts:
    """P1b: dlt's REST client and pipeline around the same functions; it is spared the landing of raw records."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DLT_DATA_DIR": str(folder)}
    import dlt
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

    from hub.stages.collector import seldom_collected

    work, joined = Work(folder), _connector(port).records
    client = RESTClient(
        base_url=f"http://127.0.0.1:{port}", data_selector="$",
        paginator=JSONResponseCursorPaginator(cursor_path="meta.next_token", cursor_param="next_token"),
    )  # fmt: skip

    @dlt.resource(name="posts", max_table_nesting=0)
    def posts() -> Iterator[Any]:
        for bodies in client.paginate("/2/tweets/search/recent", params={"query": f"pages:{pages}"}):
            kept, bad = work.on(joined(bodies[0]))
            yield [{**work.plain(post), "signal": work.plain(signal), "lead": lead} for post, signal, lead in kept]
            yield dlt.mark.with_table_name([{**row, "record": json.dumps(row["record"])} for row in bad], "bad")

    target = dlt.destinations.filesystem(bucket_url=(folder / "loaded").as_uri())
    pipeline = dlt.pipeline("bench", pipelines_dir=str(folder / "work"), destination=target, dataset_name="x")
    with seldom_collected():  # what helps us helps dlt
        pipeline.run(posts(), loader_file_format="jsonl")
    return work.counts


RUNNERS = {"floor": floor, "kit": kit, "dlt": peer}


def main() -> None:
    """Run one of them and say what it did."""
    name, port, pages, folder = sys.argv[1:]
    print(json.dumps(_runner(name)(int(port), int(pages), Path(folder))))


def _runner(name: str) -> Callable[[int, int, Path], Counts]:
    """The product's own module is imported only where it is run: the others do not pay for it."""
    if name in RUNNERS:
        return RUNNERS[name]
    from benchmarks.pulling import product

    return {"product": product.product, "product_without_gx": product.product_without_gx}[name]


if __name__ == "__main__":
    main()
