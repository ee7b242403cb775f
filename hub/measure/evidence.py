"""Evidence: what a check found, in words, each with the page that tells more."""

from hub.domain import Model


class Found(Model, omit_defaults=False):
    """One figure that a check stands on, and the page that tells more."""

    said: str
    page: str  # of the command centre, without its prefix


class Evidence(Model, omit_defaults=False):
    """What one check asks, whether it holds, by which figures, and what to do where it does not."""

    asks: str
    holds: bool
    found: tuple[Found, ...]
    next: str


def made(asks: str, holds: bool, *found: tuple[str, str], next: str) -> Evidence:
    """Evidence, of pairs of what was found and the page that tells more."""
    return Evidence(asks=asks, holds=holds, found=tuple(Found(said=said, page=page) for said, page in found), next=next)


def count(number: int, noun: str) -> str:
    """`3 leads`, `1 lead`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
