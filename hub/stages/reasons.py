"""Reasons that people give for what they do; the audit log keeps them for good."""

from hub.errors import SetupError

LONGEST = 500  # characters


def one_line(why: str) -> str:
    """A reason in one line of printable text; one that is too long is a SetupError."""
    line = " ".join("".join(char if char.isprintable() else " " for char in why).split())
    if len(line) > LONGEST:
        raise SetupError(f"Say why in at most {LONGEST} characters.")
    return line
