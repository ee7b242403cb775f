"""Pictures of a page are drawn before anybody asks for them, once, and nobody waits for what cannot be drawn."""

from pathlib import Path

from command_centre import ahead
from hub.pictures import Bar, Gallery, bar_chart

BARS = bar_chart("Mentions", [Bar(name="Acme", value=3.0)], unit="count")


def test_what_a_page_plans_is_drawn_before_it_is_asked_for(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    digest = ahead.ask(gallery, gallery.plan(BARS))
    ahead.drawn(digest)

    assert not list(tmp_path.glob("*.png"))  # its page is not sent yet
    ahead.begin()
    ahead.drawn(digest)

    assert [file.name for file in tmp_path.glob("*.png")] == [f"{digest}-light.png"]
    before = (tmp_path / f"{digest}-light.png").stat().st_mtime_ns
    ahead.ask(gallery, digest)
    ahead.begin()
    ahead.drawn(digest)
    assert (tmp_path / f"{digest}-light.png").stat().st_mtime_ns == before


def test_what_cannot_be_drawn_holds_nobody_up(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    broken, sound = "0" * 32, gallery.plan(BARS)
    (tmp_path / f"{broken}.json").write_text("{")
    for digest in (broken, sound):
        ahead.ask(gallery, digest)
    ahead.begin()
    for digest in (broken, sound):
        ahead.drawn(digest)

    assert gallery.has(sound, "light")
    assert not gallery.has(broken, "light")
