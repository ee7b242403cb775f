"""From a post appearing on a network to its ticket existing, through Airflow's running scheduler.

Boots the hub with the demo's settings (10 s polling, preload), says twenty things one after the other, and measures
each until the sandbox's Zendesk holds its ticket. The clock is the sandbox's journal and this process's own.

    python benchmarks/latency.py [--posts 20]
"""

import argparse
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hub.launcher import down, up
from hub.settings import Settings
from sandbox.process import Control

AIM_SECONDS = 30.0
PATIENCE_SECONDS = 120.0
QUIET_SECONDS = 15.0
TEXT = "My Brew One arrived broken, number {number}, and nobody answers, @acme. Terrible service, I want my money back."


def main() -> None:
    """Boot, measure, print, stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="five posts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-latency-") as var:
        home = Path(__file__).resolve().parents[1]
        settings = Settings(
            var=var, config=str(home / "sandbox" / "hub.yaml"), airflow_port=free_port(), sandbox_port=free_port()
        )
        running = up(sandbox=True, preload=True, settings=settings, say=lambda text: print(text, file=sys.stderr))
        try:
            took = measure(Control(str(running.sandbox)), 5 if given.quick else given.posts)
        finally:
            down(settings=settings)
    took.sort()
    p95 = took[min(len(took) - 1, int(0.95 * len(took)))]
    p50 = statistics.median(took)
    print(f"posts {len(took)}  p50 {p50:.1f} s  p95 {p95:.1f} s  max {took[-1]:.1f} s  (aim p95 {AIM_SECONDS:g} s)")
    sys.exit(0 if p95 <= AIM_SECONDS else 1)


def measure(control: Control, posts: int) -> list[float]:
    """Seconds from saying each post to its ticket."""
    wait_until_quiet(control)
    took = []
    for number in range(posts):
        began = time.monotonic()
        text = TEXT.format(number=number)
        control.add_post(network="x", author=f"measured_{number}", text=text)
        while not any(text[:60] in str(row.get("body", "")) for row in control.state("zendesk", "comments")):
            if time.monotonic() - began > PATIENCE_SECONDS:
                sys.exit(f"Post {number} had no ticket after {PATIENCE_SECONDS:g} s.")
            time.sleep(0.1)
        took.append(time.monotonic() - began)
        print(f"  post {number + 1}: {took[-1]:.1f} s", file=sys.stderr)
    return took


def wait_until_quiet(control: Control) -> None:
    """Until the first wave is done: tickets exist, and for a while no more come."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS or seen <= 0:
        count = len(control.state("zendesk", "tickets"))
        if count != seen:
            seen, since = count, time.monotonic()
        time.sleep(0.5)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
