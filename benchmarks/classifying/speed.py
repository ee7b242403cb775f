"""How fast: the whole `hub classify` process, start-up included, and the engine by itself. Processor seconds."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.classify import Item, default_engine

REPO = Path(__file__).resolve().parents[2]
POSTS = 20_000
MUST_PROCESS, MUST_INSIDE = 1_000, 2_000  # posts a second on one core
ROUNDS = 5


def measure(texts: Sequence[str]) -> Iterator[dict[str, object]]:
    """Posts a second, on these texts over and over."""
    posts = [texts[number % len(texts)] for number in range(POSTS)]
    lines = b"\n".join(json.dumps({"id": n, "text": text, "lang": ""}).encode() for n, text in enumerate(posts))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", "from hub.cli import main; main()", "classify"],
        input=lines,
        capture_output=True,
        check=True,
        cwd=REPO,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    yield {
        "speed": "hub classify, whole process", "posts": POSTS, "posts_a_cpu_second": round(POSTS / seconds),
        "must": MUST_PROCESS, "holds": POSTS / seconds >= MUST_PROCESS,
    }  # fmt: skip
    for language in (None, "en"):
        microseconds = inside(posts[:4_000], language)
        yield {
            "speed": f"engine alone, network names {language or 'no language'}",
            "microseconds_a_post": round(microseconds, 1), "posts_a_cpu_second": round(1e6 / microseconds),
            "must": MUST_INSIDE, "holds": 1e6 / microseconds >= MUST_INSIDE,
        }  # fmt: skip


def inside(texts: Sequence[str], language: str | None) -> float:
    """Microseconds a post, the best of some rounds, with everything loaded."""
    items = [Item(key=str(n), text=text, network="x", lang=language) for n, text in enumerate(texts)]
    engine = default_engine()
    engine.classify(items[:200])
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        engine.classify(items)
        best = min(best, (time.process_time() - start) / len(items) * 1e6)
    return best
