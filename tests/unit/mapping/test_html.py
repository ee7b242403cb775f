"""HTML as text: what a reader sees, whatever was sent, in linear time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping import FUNCTIONS

html_to_text = FUNCTIONS["html_to_text"].call
html_links = FUNCTIONS["html_links"].call
html_images = FUNCTIONS["html_images"].call

MASTODON_LINK = (
    '<p>Read <a href="https://acme.test/a/long/path?x=1&amp;y=2" rel="nofollow"><span class="invisible">https://'
    '</span><span class="ellipsis">acme.test/a/long</span><span class="invisible">/path?x=1&amp;y=2</span></a>!</p>'
)
MENTION = (
    '<p><span class="h-card"><a href="https://m.test/@acme" class="u-url mention">@<span>acme</span></a></span> hi</p>'
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Slow &amp; broken</p><p>Help?</p>", "Slow & broken\n\nHelp?"),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("<p>one<br></p><p>two</p>", "one\n\ntwo"),
        ("a<br><br><br><br>b", "a\n\nb"),
        (MASTODON_LINK, "Read https://acme.test/a/long/path?x=1&y=2!"),
        (MENTION, "@acme hi"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>after", "one\ntwo\n\nafter"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("so <b>bold</b>, <i> very </i>so", "so bold, very so"),
        ("  much \n\t space  ", "much space"),
        ("<pre>keep\n  this</pre>", "keep\n  this"),
        ("if a < b && c > d then \"ok\"", 'if a < b && c > d then "ok"'),
        ("I <3 you and </3 them", "I <3 you and </3 them"),
        ("x<script>alert('<p>')</script>y<style>p{}</style>z", "xyz"),
        ("<!-- a <p> comment -->x<!-->y", "xy"),
        ("<!DOCTYPE html><?xml version='1.0'?>x", "x"),
        ("<p title='it>s'>x</p>", "x"),
        ("<p title=it's>x</p><p>y</p>", "x\n\ny"),
        ("x<a href=\"cut", "x"),
        ("x<!-- cut", "x"),
        ("<script>never closed", ""),
        ("&lt;b&gt; stays &amp;amp; once", "<b> stays &amp; once"),
        ("a&nbsp;b", "a\xa0b"),
        ("ok <img class='emoji' alt=':wink:' src=x> <img alt='a photo' src=y>", "ok :wink:"),
        ('<p class="quote-inline">RE: <a href="x">x</a></p><p>Mine</p>', "Mine"),
        ("", ""),
        ("<p></p>", ""),
        ("plain", "plain"),
        (None, None),
        (5, None),
    ],
)  # fmt: skip
def test_html_says_what_a_reader_sees(html: object, text: str | None) -> None:
    assert html_to_text(html) == text


def test_links_are_found_once_and_without_mentions() -> None:
    html = MASTODON_LINK + MENTION + MASTODON_LINK + '<a href="javascript:x">j</a><A HREF=http://b.test/c>c</A><a>d</a>'

    assert html_links(html) == ["https://acme.test/a/long/path?x=1&y=2", "http://b.test/c"]


def test_pictures_are_found_once_and_without_emoji() -> None:
    picture = '<img src="//files.test/a.png" alt="A &amp; B">'
    html = f'{picture}{picture}<img class="emoji only" src="https://x.test/e.png"><img src="javascript:x"><img>'

    assert html_images(html) == [{"kind": "image", "url": "https://files.test/a.png", "description": "A & B"}]
    assert html_images(None) is None


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_escaped_as_html_comes_back_but_for_its_white_space(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "")
    ascii_space = str.maketrans(dict.fromkeys("\t\n\x0c\r", " "))

    assert html_to_text(f"<p>{escaped}</p>").split(" ") == [
        word for word in text.replace("\r", "").translate(ascii_space).split(" ") if word
    ] or not text.strip("\t\n\f\r ")


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="<>/!-'\"=ab p&;#x1\n"))
def test_any_soup_of_tags_gives_text(soup: str) -> None:
    assert isinstance(html_to_text(soup), str)
    assert isinstance(html_links(soup), list)
    assert isinstance(html_images(soup), list)


HOSTILE = {
    "nested": lambda n: "<div>" * n,
    "badly nested": lambda n: "<b><p>" * n + "</b></p>" * n,
    "lone signs": lambda n: "<" * n,
    "open comments": lambda n: "<!--" * n,
    "open tags": lambda n: "<a " * n,
    "open quotes": lambda n: "<a '>" * n,
    "mixed quotes": lambda n: "<a \"'>" * n,
    "many attributes": lambda n: "<a " + "x=1 " * n + ">",
    "spaces in a tag": lambda n: "<a " + " " * n + ">",
    "open scripts": lambda n: "<script>" * n,
    "nearly closed scripts": lambda n: "<script>" + "</scrip" * n,
    "ampersands": lambda n: "&" * n,
    "entities": lambda n: "&amp" * n,
    "digits": lambda n: "&#" + "1" * n + ";",
    "line breaks": lambda n: "<br>" * n + "x",
    "spaces": lambda n: " " * n + "x",
    "quoted posts": lambda n: "<p quote-inline>" * n,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_takes_linear_time(name: str) -> None:
    def seconds(count: int) -> float:
        html = HOSTILE[name](count)
        start = time.process_time()
        html_to_text(html)
        html_links(html)
        html_images(html)
        return time.process_time() - start

    small = max(min(seconds(20_000) for _ in range(3)), 0.002)

    assert seconds(160_000) < small * 8 * 4  # eight times the input, and room for a noisy machine
