"""M1: what a compiled mapping costs against a plain function and against jmespath.py.

    python -m benchmarks.mapping

One run holds all three, over the same leads and with equal results, which is checked first. Rounds are
interleaved and the best of each counts, in CPU time, so that a busy machine slows all of them alike.
"""

import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jmespath

from hub.mapping import load_mapping

LEADS = 2_000
ROUNDS = 15
BUDGET, AIM = 2.0, 1.3

FIELDS = {
    "LastName": "author.display_name || author.handle",
    "Company": "company || 'Not stated'",
    "Website": "author.url",
    "Rating": "signal.confidence >= `0.8` && 'Hot' || 'Warm'",
    "Title": "title",
    "Language__c": "post.lang",
    "Network__c": "post.network",
    "Post_URL__c": "post.url",
    "Posted_At__c": "post.published_at",
    "Followers__c": "author.followers",
    "Likes__c": "post.engagement.likes",
    "Intent__c": "signal.intent",
}
MAPPING = "mapping: bench\nversion: 1\nreads: Lead\nmakes: sObject Lead\nfields:\n"


def plain(lead: dict[str, Any]) -> dict[str, Any]:
    """The same twelve fields by hand, nulls left out: the fastest of the ways to write it that were tried."""
    author = lead.get("author") or {}
    post = lead.get("post") or {}
    signal = lead.get("signal") or {}
    confidence = signal.get("confidence")
    fields = {
        "Company": lead.get("company") or "Not stated",
        "Rating": "Hot" if confidence is not None and confidence >= 0.8 else "Warm",
    }
    if (name := author.get("display_name") or author.get("handle")) is not None:
        fields["LastName"] = name
    if (website := author.get("url")) is not None:
        fields["Website"] = website
    if (title := lead.get("title")) is not None:
        fields["Title"] = title
    if (language := post.get("lang")) is not None:
        fields["Language__c"] = language
    if (network := post.get("network")) is not None:
        fields["Network__c"] = network
    if (url := post.get("url")) is not None:
        fields["Post_URL__c"] = url
    if (posted := post.get("published_at")) is not None:
        fields["Posted_At__c"] = posted
    if (followers := author.get("followers")) is not None:
        fields["Followers__c"] = followers
    if (likes := (post.get("engagement") or {}).get("likes")) is not None:
        fields["Likes__c"] = likes
    if (intent := signal.get("intent")) is not None:
        fields["Intent__c"] = intent
    return fields


def compiled() -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """The mapping language's function for the twelve fields."""
    lines = [f"  {name}: {json.dumps(expression)}" for name, expression in FIELDS.items()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.yaml")
        path.write_text(MAPPING + "\n".join(lines))
        return load_mapping(path).apply


def interpreted() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The twelve fields as one multi-select of jmespath.py, nulls left out."""
    written = ", ".join(f"{name}: {expression}" for name, expression in FIELDS.items())
    search = jmespath.compile(f"{{{written}}}").search
    return lambda lead: {name: value for name, value in search(lead).items() if value is not None}


def leads(count: int, *, seed: int = 7) -> list[dict[str, Any]]:
    """Handoffs as they reach Salesforce's mapping: now and then a name, company or number is absent."""
    dice = random.Random(seed)
    return [
        {
            "title": f"Lead {number}",
            "company": dice.choice([None, "", "Coffee Lovers Ltd"]),
            "author": {
                "display_name": dice.choice(["", f"Person {number}"]),
                "handle": f"person{number}@mastodon.test",
                "url": f"https://mastodon.test/@person{number}",
                "followers": dice.choice([None, dice.randrange(10_000)]),
            },
            "post": {
                "network": "mastodon",
                "lang": dice.choice(["en", "de", None]),
                "url": f"https://mastodon.test/@person{number}/{number}",
                "published_at": "2026-05-01T07:25:37Z",
                "engagement": {"likes": dice.randrange(100)},
            },
            "signal": {"confidence": dice.random(), "intent": "purchase"},
        }
        for number in range(count)
    ]


def measure(contenders: dict[str, Callable[[dict[str, Any]], Any]], records: list[dict[str, Any]]) -> dict[str, float]:
    """The least CPU seconds that each needed for all records."""
    best = dict.fromkeys(contenders, float("inf"))
    gc.collect()
    gc.disable()
    for _ in range(ROUNDS):
        for name, apply in contenders.items():
            start = time.process_time()
            for record in records:
                apply(record)
            best[name] = min(best[name], time.process_time() - start)
    gc.enable()
    return best


def main() -> int:
    """Print the ratios; 1 if the budget is missed."""
    records = leads(LEADS)
    contenders = {"plain function": plain, "compiled mapping": compiled(), "jmespath.py": interpreted()}
    for record in records:
        results = [apply(record) for apply in contenders.values()]
        assert results[0] == results[1] == results[2], "the contenders disagree"
    best = measure(contenders, records)
    floor = best["plain function"]
    print(f"M1  {len(FIELDS)} fields, {LEADS} leads, best of {ROUNDS} interleaved rounds, CPU time")
    for name, seconds in best.items():
        print(f"  {name:<17} {seconds / LEADS * 1e6:7.2f} us a record   x {seconds / floor:5.2f}")
    ratio = best["compiled mapping"] / floor
    verdict = "meets the aim" if ratio <= AIM else "within the budget" if ratio <= BUDGET else "over the budget"
    print(f"  compiled / plain = {ratio:.2f} (aim {AIM}, budget {BUDGET}): {verdict}")
    return 0 if ratio <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
