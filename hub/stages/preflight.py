"""Preflight: what the mappings write is compared with what the destination takes, before anything is sent."""

from collections.abc import Sequence

from hub.domain import MappedObject
from hub.errors import SetupError, Unavailable
from hub.kit import Destination, Finding
from hub.stages.trouble import understood

DAY_SECONDS = 86_400.0
TOLD = 5  # findings that the error says in full; `hub setup` shows all of them


def prove(destination: Destination, mapped: Sequence[MappedObject]) -> None:
    """SetupError while the destination would not take what these mappings write.

    That all was well is remembered for a day and for these very mappings, by all processes; trouble is asked anew.
    """
    memory = destination.services.memory
    place = f"preflight:{destination.manifest.name}:{destination.connection.id}"
    digests = sorted({one.digest for one in mapped})
    if memory.get(place) == digests:
        return
    findings = _asked(destination, mapped)
    if findings:
        name = destination.manifest.name
        said = " ".join(finding.remedy for finding in findings[:TOLD])
        more = f" And {len(findings) - TOLD} more." if len(findings) > TOLD else ""
        raise SetupError(
            f"{destination.manifest.title} does not take what mappings/{name}.yaml writes, so nothing is sent and "
            f"everything waits. {said}{more} `hub setup {name}` shows and makes what is missing."
        )
    memory.set(place, digests, keep_seconds=DAY_SECONDS)


def _asked(destination: Destination, mapped: Sequence[MappedObject]) -> list[Finding]:
    try:
        with understood(destination.manifest.name):
            return list(destination.preflight(mapped))
    except Unavailable as lost:  # it only reads: of what was to be sent nothing is in doubt
        raise Unavailable(str(lost), retry_after=lost.retry_after, sent=False) from None
