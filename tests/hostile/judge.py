"""A case against what became of it."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.stages.route import PROTECTED
from tests.faults.ground import DESTINATIONS
from tests.hostile.cases import Case
from tests.hostile.feeds import feed_of
from tests.hostile.firing import Seen, fire
from tests.hostile.sinks import CHECKS, twin_differs

SAME = {  # the set's words for a reason, where ours is another
    "bad_time": {"bad_time", "time_unreadable"},
}
CANARIES = ("CANARY-CONN", "CANARY-VAR")
SECONDS = 10.0  # of processor time: a whole hub runs twice, and the first one of a process is imported meanwhile


@dataclass
class Judged:
    """How a case ended; no problems is a pass."""

    case: Case
    verdict: str
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0  # of processor time
    megabytes: float = 0.0  # by which memory has grown


def judge(case: Case, folder: Path, migrated: Path, patch: Any, *, seconds: float = SECONDS) -> Judged:
    """Fire a case and compare; `seconds` is the most that it may take of the processor."""
    feed = feed_of(case)
    if feed is None:
        return Judged(case, "not fired", [f"there is no way in for {case.category} cases of {case.network} yet"])
    try:
        seen = fire(case, feed, folder, migrated, patch)
    except Exception as died:  # noqa: BLE001  the first thing that holds for every case
        where = died.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "nowhere"
        return Judged(case, "died", [f"the run died of {type(died).__name__} in {place}"])
    problems = [*_universal(seen, seconds), *_verdict(case, seen), *_sinks(case, seen)]
    if "html_no_new_elements" in case.sinks and case.text is not None:
        twin = fire(case.with_text("x"), feed, folder.with_name(f"{folder.name}-twin"), migrated, patch)
        problems += twin_differs(seen, twin)
    if case.raw is not None and "html_no_new_elements" in case.sinks:
        problems += ["a script is an element of a page" for page in seen.pages.values() if "<script>" in page]
    return Judged(case, seen.verdict, problems, seen.seconds, seen.megabytes)


def _universal(seen: Seen, seconds: float) -> list[str]:
    """What holds for every case."""
    problems = list(seen.problems)
    if seen.seconds > seconds:
        problems.append(f"{seen.seconds:.1f} s of processor time")
    places = seen.everything + "".join(seen.pages.values())
    problems += [f"{what} was made or run outside of the hub's folder" for what in sorted(seen.files)]
    return problems + [f"{canary} is somewhere" for canary in CANARIES if canary in places]


def _verdict(case: Case, seen: Seen) -> list[str]:
    wanted = {case.expect, *case.also_ok}
    verdicts = {seen.verdict} | ({"land"} if seen.verdict == "land_flag" and case.expect == "land" else set())
    if not verdicts & wanted:
        return [f"{seen.verdict}, where {' or '.join(sorted(wanted))} was asked for ({'; '.join(seen.said)})"]
    problems = []
    kept = seen.post is not None and seen.post.text == case.text
    if seen.verdict in ("land", "land_flag") and case.expect == "land" and case.text is not None and not kept:
        problems.append("the stored text is not the text that was sent")
    if seen.verdict == case.expect or seen.verdict == "land_flag":
        problems += [f"the flag {flag} is missing" for flag in case.flags if not SAME.get(flag, {flag}) & seen.flags]
    return problems


def _sinks(case: Case, seen: Seen) -> list[str]:
    problems = []
    for name, wanted in case.sinks.items():
        check = CHECKS.get(name)
        problems += (
            [f"nothing checks {name}"] if check is None else [f"{name}: {one}" for one in check(case, seen, wanted)]
        )
    if seen.post is not None and case.sinks and case.network == "x" and not seen.flags & PROTECTED:
        problems += [f"nothing of it reached {name}" for name in DESTINATIONS if not seen.held.get(name)]
    return problems


def migrated_store(folder: Path) -> Path:
    """A store's file to begin each case with."""
    from hub.store import Store

    path = Path(tempfile.mkdtemp(dir=folder)) / "hub.db"
    Store.open(f"sqlite:///{path}").close()
    return path
