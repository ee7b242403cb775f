"""A post's text as the rules see it: cut to a limit, folded, in tokens.

Folding drops what people leave out or disguise: case, accents, zero-width characters. `línea` meets `linea`,
and a word joiner cannot hide `cancel`. Every pattern here is one pass without nested repetition, so time grows
with the length of the text and no faster.
"""

import re
import unicodedata
from itertools import chain

TEXT_LIMIT = 4_000  # characters; what follows says nothing new and would cost as much as ten posts

LINK = re.compile(r"https?://\S+|www\.\S+")
HANDLE = re.compile(r"@[\w.]+")
INVISIBLE = re.compile(
    "[\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0f\ufeff\x00-\x08\x0b-\x1f]"
)
TOKEN = re.compile(
    r"\w\w*+(?:'\w++)*+"  # a word, with what an apostrophe ties to it
    r"|[$€£\u2600-\u27bf\U0001f300-\U0001faff]"  # money and pictures, one by one
    r"|[.!?](?=\s)"  # the end of a sentence, which `line` leaves out
    r"|@\w++(?:'\w++)*+"  # a handle
    r"|[:;=]['-]?[()dpo/|*\[\]](?!\w)|<3"  # emoticons (the text is lower case by now)
)
SENTENCE_ENDS = frozenset(".!?")
SHOUTED = re.compile("[A-Z]{4}")  # cheap, and true of every shout
PIECES_KEPT, LONGEST_PIECE = 20_000, 30  # texts are mostly made of the same few thousand words
SHOUT = re.compile(r"\b[A-Z]{4,}\b")
APOSTROPHES = "’`´"


class Reading:
    """One text, read once for all rules: `said` is its tokens without ends of sentences.

    `line` is what is said with single spaces round each token.
    """

    __slots__ = ("folded", "line", "links", "said", "text", "tokens", "words")

    def __init__(self, text: str) -> None:
        text = text[:TEXT_LIMIT]
        links = 0
        if "http" in text or "www." in text:
            text, links = LINK.subn(" ", text)
        self.text = text
        self.links = links
        self.folded = folded = fold(text)
        self.tokens = self.said = tokens = _cut(folded)
        self.words = words = frozenset(tokens)
        if not SENTENCE_ENDS.isdisjoint(words):
            self.said = [token for token in tokens if token not in SENTENCE_ENDS]
        self.line = f" {' '.join(self.said)} "

    @property
    def plain(self) -> str:
        """The text without handles, which belong to no language."""
        return HANDLE.sub(" ", self.text) if "@" in self.text else self.text

    @property
    def shouts(self) -> int:
        """How many words of four letters or more are written in capitals."""
        return len(SHOUT.findall(self.text)) if SHOUTED.search(self.text) else 0


def fold(text: str) -> str:
    """Lower case, without accents, zero-width characters and typographic apostrophes."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold()
    for apostrophe in APOSTROPHES:
        folded = folded.replace(apostrophe, "'")
    return INVISIBLE.sub("", folded)


class _Pieces(dict[str, tuple[str, ...]]):
    """What stands between blanks, with the tokens that it is cut into. No token reaches over a blank."""

    def __missing__(self, piece: str) -> tuple[str, ...]:
        tokens = (piece,) if piece.isalnum() else tuple(TOKEN.findall(f"{piece} "))
        if len(piece) <= LONGEST_PIECE:
            if len(self) >= PIECES_KEPT:
                self.clear()
            self[piece] = tokens
        return tokens


_PIECES = _Pieces()


def _cut(folded: str) -> list[str]:
    """The tokens of a folded text."""
    tokens = list(chain.from_iterable(map(_PIECES.__getitem__, folded.split())))
    if folded[-1:] in SENTENCE_ENDS:
        tokens.pop()  # of a sentence's end we know only where a blank follows it
    return tokens


def tokens_of(text: str) -> list[str]:
    """The tokens of a word or name from configuration, cut as a post's text is cut."""
    return [token for token in TOKEN.findall(fold(text)) if token not in SENTENCE_ENDS]
