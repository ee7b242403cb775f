"""A report is made once, of figures that `Figures` gives, and shows the same in every format."""

import base64
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import vl_convert

from hub.domain import Figure, Scope
from hub.domain.reports import Chart, Row, SectionPlan
from hub.errors import SetupError
from hub.measure.figures import Figures
from hub.stages.report import Kept, in_words, quoted, shown, words
from hub.stages.report.message import message
from hub.stages.report.page import html, mail_html
from hub.stages.report.pdf import pdf
from hub.store import KeptFiles
from tests.unit.stages.report.conftest import config, plan
from tests.unit.stages.world import COMPLAINS, NOW, Town, tweet

BASE = "http://hub.test"


def facts_of(town: Town, kept: Kept) -> dict:
    with town.store.read() as view:
        return shown(kept.report, quoted(view, kept.report), BASE)


def test_every_figure_is_the_one_that_figures_gives(town: Town, talk, keep) -> None:
    talk()

    kept = keep()

    rows = [row for section in kept.report.sections for row in section.rows]
    with town.store.read() as view:
        figures = Figures(view, config())
        asked = {row.figure.definition: figures.figure(row.figure.definition.partition("@")[0], row.figure.scope)
                 for row in rows}  # fmt: skip
    assert rows
    assert [row.figure for row in rows] == list(asked.values())
    assert next(row for row in rows if row.title == "Mentions").figure.value >= 2


def test_what_was_made_stays_whatever_is_said_later(town: Town, talk, keep) -> None:
    talk()
    first = keep()
    town.hear({**_late(7)})

    again = keep()

    assert (first.new, again.new) == (True, False)
    assert again.report == first.report
    assert again.digest == first.digest


def _late(number: int) -> dict:
    return tweet(number, COMPLAINS, author="late", minutes_ago=31)


def test_all_formats_show_the_same_figures_and_the_same_pictures(town: Town, talk, keep, files: KeptFiles) -> None:
    talk()
    kept = keep()
    facts = facts_of(town, kept)
    page, words_of_it, slack = html(facts, files.read), in_words(facts), message(kept.report, facts, "#exec")

    letter_pictures = re.findall(r'src="cid:([0-9a-f]{64})"', mail_html(facts))
    inside = [base64.b64decode(each) for each in re.findall(r'src="data:image/png;base64,([^"]+)"', page)]
    assert {sha256(each).hexdigest() for each in inside} == {each.digest for each in kept.report.pictures}
    assert letter_pictures == [each.digest for each in kept.report.pictures]
    assert [each["digest"] for each in slack["pictures"]] == letter_pictures
    assert inside
    for row in (row for section in facts["sections"] for row in section["rows"]):
        assert f"{row['value']}</td>" in page or f"{row['value']}<br>" in page
        assert f"{row['title']} [{row['note']}]: {row['value']}" in words_of_it
        assert f"*{row['value']}*" in str(slack["blocks"])


def test_each_figure_has_its_definition_and_version_below(town: Town, talk, keep, files: KeptFiles) -> None:
    talk()
    kept = keep("executive-weekly", "this-week", keep_open=True)
    page = html(facts_of(town, kept), files.read)

    ids = {note.definition.id for note in kept.report.footnotes}
    assert "mentions@1" in ids
    assert [id for id in ids if f"({id})" not in page] == []
    assert len(re.findall(r'id="note-\d+"', page)) == len(ids)


def test_a_kpi_without_data_is_said_once_and_is_no_row(town: Town, talk, keep) -> None:
    talk()
    section = SectionPlan(title="Service", groups=("service", "sales"))

    kept = keep(plan().with_(sections=(section, section)))

    lacks = [lack.title for each in kept.report.sections for lack in each.lacks]
    assert len(set(lacks)) == len(lacks)
    assert {row.title for each in kept.report.sections for row in each.rows}.isdisjoint(lacks)


def test_a_period_that_is_not_over_is_partial_and_neither_kept_nor_sent(town: Town, talk, keep) -> None:
    talk()

    looked_at = keep(period="today", keep_open=True)

    assert looked_at.report.partial
    with town.store.read() as view:
        assert view.reports.recent() == []
    with pytest.raises(SetupError, match="not over"):
        keep(period="today")


def test_periods_are_compared_only_when_both_are_whole(town: Town, talk, keep) -> None:
    talk()

    open_rows = [row for section in keep(period="today", keep_open=True).report.sections for row in section.rows]

    closed_rows = [row for section in keep().report.sections for row in section.rows]
    assert [row for row in closed_rows if row.figure.partial and row.before] == []
    assert [row.before for row in open_rows] == [None] * len(open_rows)


def test_a_picture_that_fails_hides_no_figure(town: Town, talk, keep, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise RuntimeError("no fonts")

    monkeypatch.setattr(vl_convert, "vegalite_to_png", broken)
    monkeypatch.setattr(vl_convert, "vega_to_png", broken, raising=False)
    talk()

    kept = keep()

    assert kept.report.pictures == ()
    assert [row.title for section in kept.report.sections for row in section.rows]
    assert "could not be drawn" in in_words(facts_of(town, kept))


HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(2)"> @acme #panic("typst") $x$ *b* _i_ `r` [link](j:a) '
    '{{7*7}} {% raw %} ]] #read("/etc/passwd") \u202eevil\u202c \x00\x1b[31m @acme <!channel> <@U1> terrible Brew One'
)


def test_hostile_words_change_the_structure_of_no_format(town: Town, talk, keep, files: KeptFiles) -> None:
    talk(HOSTILE, f"Acme Brew One {'W' * 900}", "שלום @acme Brew One مرحبا 👩‍👩‍👧‍👦🚀")
    kept = keep()
    facts = facts_of(town, kept)
    page, slack = html(facts, files.read), str(message(kept.report, facts, "#x"))

    tags = set(re.findall(r"<([a-zA-Z]+)", page))
    assert "script" not in tags
    assert "onerror" not in re.sub(r"&[^;]+;", "", " ".join(re.findall(r"<[^>]+>", page)))
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src &#39;none&#39;; img-src data:" in page
    assert re.findall(r'(?:src|href)="(?!data:image/png|#note-|https?://)', page) == []
    assert "<!channel>" not in slack
    assert "\u202e" not in page


def test_a_pdf_holds_the_words_as_they_are_and_embeds_its_fonts(town: Town, talk, keep, files, tmp_path: Path) -> None:
    talk(HOSTILE, f"Acme Brew One {'W' * 900}")
    path = tmp_path / "report.pdf"

    path.write_bytes(pdf(facts_of(town, keep()), files.read))

    text = _run("pdftotext", "-layout", str(path), "-")
    assert '#panic("typst")' in text
    assert '#read("/etc/passwd")' in text
    assert "root:" not in text
    assert [line.split()[-5] for line in _run("pdffonts", str(path)).splitlines()[2:]] != []
    assert {line.split()[-5] for line in _run("pdffonts", str(path)).splitlines()[2:]} == {"yes"}


def test_the_same_report_is_the_same_file(town: Town, talk, keep, files: KeptFiles) -> None:
    talk()
    facts = facts_of(town, keep())

    assert pdf(facts, files.read) == pdf(facts, files.read)
    assert html(facts, files.read) == html(facts, files.read)


def _run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed (poppler-utils)")
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_post_that_is_gone_is_quoted_no_more(town: Town, talk, keep, files: KeptFiles) -> None:
    talk("I hate the Acme Brew One")
    kept = keep()
    before = in_words(facts_of(town, kept))

    with town.store.begin() as tx:
        tx.keeping.empty(["x:post:1"], "deleted")
    after = in_words(facts_of(town, kept))

    assert "I hate the Acme Brew One" in before
    assert "I hate" not in after
    assert b"I hate" not in files.read(kept.digest)  # it was never in the frozen report


def row(value: float, then: float | None, unit: str = "count", better: str = "more") -> Row:
    scope = Scope(since=NOW, until=NOW)
    figure = Figure(definition="x@1", scope=scope, value=value)
    earlier = None if then is None else figure.with_(value=then)
    return Row(title="X", unit=unit, better=better, note=1, figure=figure, before=earlier)


@pytest.mark.parametrize(
    ("shown_row", "change", "tone"),
    [
        (row(120, 100), "+20 %", "good"),
        (row(80, 100), "-20 %", "bad"),
        (row(80, 100, better="less"), "-20 %", "good"),
        (row(80, 100, better="neither"), "-20 %", "plain"),
        (row(5, 0), "from 0", "good"),
        (row(0, 0), "as before", "plain"),
        (row(100.2, 100), "as before", "plain"),
        (row(12.5, 10.0, unit="percent"), "+2.5 points", "good"),
        (row(5, None), "", "plain"),
    ],
)
def test_a_change_is_said_as_people_say_it(shown_row: Row, change: str, tone: str) -> None:
    assert (words.change(shown_row), words.tone(shown_row)) == (change, tone)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h"), (-120, "-2 min")],
)
def test_a_duration_is_said_in_its_largest_units(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


def test_two_hundred_parts_make_a_table_that_goes_on_over_pages(town: Town, talk, keep, files, tmp_path: Path) -> None:
    talk()
    kept = keep(plan().with_(sections=(SectionPlan(title="Talk", tables=(Chart(kpi="mentions", by="subject"),)),)))
    (table,) = kept.report.sections[0].tables
    many = table.with_(parts=tuple(table.parts[0].with_(name=f"{at} {'Long name ' * 12}") for at in range(200)))
    section = kept.report.sections[0].with_(tables=(many,))
    report = kept.report.with_(sections=(section,))
    path = tmp_path / "many.pdf"

    facts = shown(report, {}, BASE)
    path.write_bytes(pdf(facts, files.read))

    text = _run("pdftotext", "-layout", str(path), "-")
    assert [at for at in range(200) if not re.search(rf"\b{at}\b", text)] == []
    assert text.count("Subject") >= 4  # the header is on every page
    assert len(str(message(report, facts, "#x")["blocks"])) < 13_000
