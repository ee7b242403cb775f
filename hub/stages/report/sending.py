"""Reports are made once and sent once: frozen, with all that is to be sent of them, in one transaction.

What was made stays: whoever asks for the same report of the same time gets the one that is there, with the same figures
and the same pictures. Its files are kept before its row is, and its row comes with the intents to send it; so a crash
leaves either no report or one that will be sent, and a repeat finds nothing new to send.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from hub.domain import Delivery, Scope, external_id
from hub.domain.config import Config
from hub.domain.reports import Addressees, Report, ReportPlan
from hub.errors import RecordRefused, SetupError
from hub.kit.mail import EMAIL, LETTER, Enclosed, Letter
from hub.stages.report.making import make
from hub.stages.report.message import message
from hub.stages.report.page import html, mail_html
from hub.stages.report.pdf import pdf
from hub.stages.report.periods import called
from hub.stages.report.showing import Plain, in_words, quoted, shown
from hub.store import Draft, KeptFiles, Store, View, faultpoint, handoff_of
from hub.store import Made as Row

SLACK, MESSAGE = "slack", "report"


@dataclass
class Kept:
    """A report that is there, and whether it was made just now."""

    report: Report
    digest: str
    new: bool = False
    seconds: dict[str, float] = field(default_factory=dict)


def keep(
    store: Store, files: KeptFiles, config: Config, plan: ReportPlan, scope: Scope, *, keep_open: bool = False
) -> Kept:
    """The report of this plan and time: the one that is kept, else one that is made now, and kept if its time is over.

    Time that is not over can be looked at, and is made anew each time; `keep_open` says that it may.
    """
    with store.read() as view:
        there = view.reports.get(plan.name, scope.since, scope.until)
        if there is not None:
            return Kept(_read(files, there.digest), there.digest)
        if view.now < scope.until and not keep_open:
            raise SetupError("This period is not over, so its report is not sent yet; make a file of it with --out.")
        made = make(view, config, plan, scope)
        over = view.now >= scope.until
    for content in made.pictures.values():
        files.put(content)
    digest = files.put(msgspec.json.encode(made.report, order="deterministic"))
    faultpoint("report.made")
    if not over:
        return Kept(made.report, digest, new=True, seconds=made.seconds)
    with store.begin() as tx:
        row = tx.reports.freeze(_row(made.report, digest))
    first = row.digest == digest
    return Kept(made.report if first else _read(files, row.digest), row.digest, new=first, seconds=made.seconds)


def send(store: Store, config: Config, kept: Kept, to: Addressees, *, link_base: str) -> int:
    """Intend one message for each channel and one letter for each address; returns how many are new.

    The same again is nothing new. A channel's message changes where a post that it names is gone by now.
    """
    report = kept.report
    with store.begin() as tx:
        facts = shown(report, quoted(tx, report), link_base)
        drafts = [_message(report, facts, channel) for channel in dict.fromkeys(to.slack)]
        drafts += [_letter(report, kept.digest, address) for address in dict.fromkeys(to.email)]
        intended = tx.outbox.intend(drafts)
    faultpoint("report.intended")
    return intended.new


def put(folder: Path, kept: Kept, facts: Plain, files: KeptFiles) -> list[Path]:
    """PDF and HTML in a folder, whole or not at all, under the same names each time."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix, content in (("pdf", pdf(facts, files.read)), ("html", html(facts, files.read).encode())):
        path = folder / f"{file_name(kept.report)}.{suffix}"
        draft = path.with_name(f".{path.name}.new")
        draft.write_bytes(content)
        draft.replace(path)
        written.append(path)
    return written


def file_name(report: Report) -> str:
    """What a file of it is called, without its ending: plain letters, digits and hyphens."""
    period = called(Scope(since=report.since, until=report.until), ZoneInfo(report.zone))
    return f"{report.name}-{period.replace(' ', '-')}"


def compose(view: View, files: KeptFiles, delivery: Delivery, *, link_base: str) -> Letter:
    """The letter that a delivery stands for, with the posts as they are now; RecordRefused where it is lost."""
    try:
        report = _read(files, str(delivery.body["report"]))
        facts = shown(report, quoted(view, report), link_base)
        pictures = tuple(
            Enclosed(name=picture.digest, type="image/png", content=files.read(picture.digest))
            for picture in report.pictures
        )
        attached = Enclosed(name=f"{file_name(report)}.pdf", type="application/pdf", content=pdf(facts, files.read))
    except SetupError as lost:
        raise RecordRefused(str(lost), reason="report_lost") from None
    return Letter(
        subject=f"{facts['title']}: {facts['organisation']}, {facts['period']}",
        text=in_words(facts), html=mail_html(facts), pictures=pictures, attachments=(attached,),
    )  # fmt: skip


def read(files: KeptFiles, digest: str) -> Report:
    """A kept report."""
    return _read(files, digest)


def _read(files: KeptFiles, digest: str) -> Report:
    try:
        return msgspec.json.decode(files.read(digest), type=Report)
    except msgspec.DecodeError:
        raise SetupError(f"The report {digest[:12]} was kept by another version of the hub; update this one.") from None


def _row(report: Report, digest: str) -> Row:
    return Row(
        name=report.name, since=report.since, until=report.until, title=report.title, department=report.department,
        period=report.period, digest=digest, partial=report.partial, made_at=report.made_at,
    )  # fmt: skip


def _message(report: Report, facts: Plain, channel: str) -> Draft:
    return Draft(
        destination=SLACK, object=MESSAGE, external_id=_id(report, SLACK, channel),
        body=message(report, facts, channel), handoff=_handoff(report), lane=f"report:{channel}",
    )  # fmt: skip


def _letter(report: Report, digest: str, address: str) -> Draft:
    return Draft(
        destination=EMAIL, object=LETTER, external_id=_id(report, EMAIL, address),
        body={"to": address, "report": digest}, handoff=_handoff(report), lane=f"report:{address}",
    )  # fmt: skip


def _id(report: Report, destination: str, addressee: str) -> str:
    """One object for each report, time and addressee."""
    return external_id("report", report.name, _said(report.since), _said(report.until), destination, addressee)


def _handoff(report: Report) -> str:
    return handoff_of(report.name, report.since, report.until)


def _said(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}"


def destinations_of(to: Addressees) -> Sequence[str]:
    """Which destinations these addressees are at."""
    return [name for name, there in ((SLACK, to.slack), (EMAIL, to.email)) if there]
