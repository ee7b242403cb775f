"""What a text gives away that people must be careful with: account numbers, a wish to be left alone, a child.

Flags only. The text stays as it was sent; who may use a flagged post for what is decided by policy.
"""

import re

LONG_NUMBER = re.compile(r"\d[\dA-Z -]{6}")  # cheap, and true of every number below
DIGITS = re.compile(r"(?<![\w.])(?:\d[ -]?){12,18}\d(?!\w)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b")
SOCIAL_SECURITY = re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")
CARD_STARTS = "23456"
OPT_OUT = re.compile(
    r"\bunsubscribe\b|\bstop (?:contact|messag|e-?mail|text|call)ing\b|\bopt(?:ing)?[ -](?:me )?out\b"
    r"|\b(?:do not|don'?t|never|please stop) contact me\b|\bremove me\b|\bleave me alone\b"
    r"|\bdelete my data\b"
    r"|\blass(?:t|en sie)? mich in ruhe\b|\bkontaktier\w* (?:sie )?mich nicht\b|\bbitte (?:mich )?abmelden\b"
    r"|\blöscht? (?:bitte )?meine daten\b|\bdej(?:en|ad) de (?:escribir|contactar|llamar|molestar)\w*"
    r"|\bborr(?:en|ad|ar) mis datos\b|\bne me contactez plus\b|\bdésabonne[zr]?[- ]moi\b"
    r"|\bsupprime[zr] mes données\b|\blaissez-moi tranquille\b"
)
CHILD = re.compile(
    r"\b(?:i'?m|i am) (?:only |just )?(?:[5-9]|1[0-5])(?: ?(?:years?|yrs?|yo|y/o)\b| ?[.,!;)]| ?$| and\b)"
    r"|\bich bin (?:erst )?(?:[5-9]|1[0-5]) (?:jahre )?alt\b|\btengo (?:solo )?(?:[5-9]|1[0-5]) años\b"
    r"|\bj'ai (?:[5-9]|1[0-5]) ans\b"
)


def personal_flags(text: str, flags: set[str]) -> None:
    """Add `sensitive_number`, `opt_out` and `minor` where the text calls for them."""
    lowered = text.lower()
    if _may_opt_out(lowered) and OPT_OUT.search(lowered):
        flags.add("opt_out")
    if _has_digit(text):
        if has_sensitive_number(text):
            flags.add("sensitive_number")
        if CHILD.search(lowered):
            flags.add("minor")


def _has_digit(text: str) -> bool:
    """Whether one of the ten stands there: looking for one character at a time is fastest, the commonest first."""
    return (
        "0" in text or "1" in text or "2" in text or "5" in text or "3" in text
        or "4" in text or "6" in text or "8" in text or "9" in text or "7" in text
    )  # fmt: skip


def _may_opt_out(lowered: str) -> bool:
    """Whether a part of a word that stands in whatever OPT_OUT matches is there: looking for one by one is fastest."""
    return (
        "e me" in lowered or "onta" in lowered or "opt" in lowered or "stop " in lowered or " dat" in lowered
        or "unsub" in lowered or "ruhe" in lowered or "abmeld" in lowered or "dej" in lowered or "laissez" in lowered
        or (not lowered.isascii() and ("donn" in lowered or "abonn" in lowered))
    )  # fmt: skip


def has_sensitive_number(text: str) -> bool:
    """Whether a card, bank account or social security number stands in the text; checksums spare order numbers."""
    return LONG_NUMBER.search(text) is not None and (
        any(_is_card(found[0]) for found in DIGITS.finditer(text))
        or any(_is_iban(found[0]) for found in IBAN.finditer(text))
        or SOCIAL_SECURITY.search(text) is not None
    )


def _is_card(written: str) -> bool:
    """Luhn's sum, for the lengths and first digits that cards have."""
    digits = [int(character) for character in written if character.isdigit()]
    if not 13 <= len(digits) <= 19 or written[0] not in CARD_STARTS:
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(written: str) -> bool:
    """The remainder that every IBAN has."""
    account = written.replace(" ", "")
    if not 15 <= len(account) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in account[4:] + account[:4])) % 97 == 1
