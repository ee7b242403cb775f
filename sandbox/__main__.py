"""`python -m sandbox`: the internet in a box, on one local port."""

import argparse
import os
import sys
from pathlib import Path

from hub.errors import HubError
from sandbox.app import Plan, serve


def main() -> None:
    """Read the options and play."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    port = os.environ.get("HUB_SANDBOX_PORT", "8790")  # the variable that the message about a taken port names
    parser.add_argument("--port", type=int, default=port, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--var", type=Path, default=Path("var/sandbox"), help="folder for state, keys and certificates")
    parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same world")
    parser.add_argument("--scenario", default="crisis", help="quiet_day, crisis, busy_day, rate_storm or lost_answer")
    parser.add_argument("--live", action="append", default=[], help="a network that is let through to the real one")
    parser.add_argument(
        "--load", type=Path, help="play real posts (JSON lines, also gzipped) in place of invented ones"
    )
    parser.add_argument("--keep-times", action="store_true", help="leave the times of loaded posts as they are")
    parser.add_argument("--live-per-minute", type=float, default=0.0, help="new invented posts a minute")
    parser.add_argument("--fresh", action="store_true", help="begin anew: forget the world that --var holds")
    parser.add_argument("--no-limits", action="store_true", help="count calls, but refuse nobody")
    parser.add_argument("--ready-file", type=Path, help="written once it answers: port and variables")
    given = parser.parse_args()
    live = tuple(name.strip() for one in given.live for name in one.split(",") if name.strip())
    try:
        serve(
            Plan(
                port=given.port,
                var=given.var,
                seed=given.seed,
                scenario=given.scenario,
                live=live,
                load=given.load,
                keep_times=given.keep_times,
                live_per_minute=given.live_per_minute,
                enforce_limits=not given.no_limits,
                fresh=given.fresh,
                ready_file=given.ready_file,
            )
        )
    except HubError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
