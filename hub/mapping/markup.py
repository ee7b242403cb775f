"""Functions that make a person's text harmless in the mark-up of the place it is written to.

Text is stored raw and encoded once, by the mapping of the destination. `slack_escape` inside `slack_escape`
is refused when the mapping is loaded, since the reader would see `&amp;lt;`.
"""

from typing import Any

from hub.mapping.links import http_url
from hub.mapping.registry import function
from hub.mapping.text import prefix_that_fits, single_line

APART = "\u200b"  # a space without width: nothing to see, and enough to break a token


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@function("slack_escape('Q&A <!here>')", gives="Q&amp;A &lt;!here&gt;", once=True)
def slack_escape(text: str | None) -> str | None:
    """The text with &, < and > escaped, so that no mention, link or channel bell in it is live."""
    return _escaped(text) if isinstance(text, str) else None


@function("slack_cut('R&D lab', `6`)", gives="R&amp;", once=True)
def slack_cut(text: str | None, length: int | None) -> str | None:
    """Like `slack_escape`, but at most `length` characters in Slack's count, and no escape cut in two.

    `cut(slack_escape(text), ...)` may leave half an `&amp;`, `slack_escape(cut(text, ...))` may be too long.
    """
    if not isinstance(text, str) or isinstance(length, bool) or not isinstance(length, int):
        return None
    escaped = _escaped(text)
    if _slack_size(text) <= length:
        return escaped
    return _escaped(prefix_that_fits(text, length, _slack_size))


def _slack_size(text: str) -> int:
    return len(_escaped(text).encode("utf-16-le", "surrogatepass")) // 2


@function("slack_link('https://acme.test/a', 'Open <it>')", gives="<https://acme.test/a|Open &lt;it&gt;>")
def slack_link(url: str | None, label: str | None) -> str | None:
    """A link in Slack's mark-up; just the escaped label if the address is not http or https."""
    words = _escaped(single_line(label) or "")
    target = http_url(url)
    if target is None:
        return words or None
    address = _escaped(target).replace("|", "%7C")
    return f"<{address}|{words.replace('|', '/')}>" if words else f"<{address}>"


@function("break_placeholders('my id is {{ticket.id}}')", gives="my id is {\u200b{ticket.id}}")
def break_placeholders(text: str | None) -> str | None:
    """The text with `{{` and `{%` broken by a space without width, so that Zendesk fills nothing in."""
    if not isinstance(text, str):
        return None
    apart = "{" + APART + "{"
    return text.replace("{{", apart).replace("{{", apart).replace("{%", "{" + APART + "%")


@function("break_images('![x](https://spy.test/a.gif)')", gives="!\u200b[x](https://spy.test/a.gif)")
def break_images(text: str | None) -> str | None:
    """The text with Markdown's `![` broken, so that nobody who reads it fetches a stranger's picture."""
    return _replaced(text, "![", "!" + APART + "[")


def _replaced(text: Any, old: str, new: str) -> str | None:
    return text.replace(old, new) if isinstance(text, str) else None
