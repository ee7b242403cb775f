"""Functions that are written out where they stand, since the common case of each needs no call.

What is written asks whether the value is such a case, and calls the function itself for all others. A function that
is never given null, or whose result is known to be a text in which there is something to see, asks for less still.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hub.mapping.registry import MISSING
from hub.mapping.sharing import cannot_refuse
from hub.mapping.syntax import Node
from hub.mapping.text import shown
from hub.mapping.values import MOST_DECIMALS
from hub.mapping.writer import Value

if TYPE_CHECKING:
    from hub.mapping.compiler import Compiler

MARKS = {"break_images": "![", "break_placeholders": "{", "decode_entities": "&"}  # without it, a text stays as it is
WIDEST = {"characters": 1, "utf16": 2, "bytes": 4}  # units of one character, at most
SEPARATORS = {"lines": "\n", "paragraphs": "\n\n"}
FIRST_SEEN, LAST_SEEN = "'!'", "'\\x7f'"  # what begins from the one to before the other, begins with what can be seen
ALWAYS_SHOWN = {  # functions whose texts are never blank
    "fingerprint", "http_url", "joined", "labelled", "lines", "paragraphs", "say_date", "say_list", "say_number",
    "say_percent", "say_short_number", "say_time",
}  # fmt: skip
KEEP_SHOWN = {"break_images", "break_placeholders", "single_line", "slack_escape"}  # what can be seen stays

Form = Callable[[Sequence[Node]], bool]
Writing = Callable[["Compiler", str, Sequence[Node], str], Value]


def written_out(compiler: "Compiler", node: Node, subject: str) -> Value | None:
    """Code for a call, if there is something shorter than the call itself."""
    name, given = node["value"], node["children"]
    fits, writing = WRITINGS.get(name, (None, None))
    return writing(compiler, name, given, subject) if fits and writing and fits(given) else None


def is_shown(name: str, given: Sequence[Value]) -> bool:
    """Whether what this function gives for these is null, or a text in which there is something to see."""
    return name in ALWAYS_SHOWN or (name in KEEP_SHOWN and given[0].shown)


# Texts that are short, or on one line, or without what would have to be broken.


def _shortened(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    """`cut` and `shorten` of what surely fits."""
    length, unit = _limit(given)
    rest = "".join(f", {each['value']!a}" for each in given[1:])
    value = compiler.value(given[0], subject)
    return _unless(compiler, name, value, lambda held: f"len({held}) <= {length // WIDEST[unit]}", rest)


def _marked(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    value = compiler.value(given[0], subject)
    return _unless(compiler, name, value, lambda held: f"{MARKS[name]!a} not in {held}")


def _unless(
    compiler: "Compiler", name: str, value: Value, asked: Callable[[str], str], rest: str = ""
) -> Value:  # fmt: skip
    """The value itself where it is null or a text for which what is asked holds, else what the function makes of it."""
    first, held = compiler.held(value)
    nullable = value.nullable or not value.text
    if not nullable:
        stays = asked(first)
    elif value.text:
        stays = f"{first} is None or {asked(held)}"
    else:
        stays = f"{first} is None or {held}.__class__ is str and {asked(held)}"
    code = f"({held} if {stays} else call_{name}({held}{rest}))"
    return Value(code, nullable=nullable, text=True, shown=is_shown(name, [value]))


def _on_one_line(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    value = compiler.value(given[0], subject)
    first, held = compiler.held(value)
    code = f"(' '.join({held}.split()) if {first}.__class__ is str and {held}.isprintable() else call_{name}({held}))"
    return Value(code, nullable=value.nullable or not value.text, text=True, shown=value.shown)


def _measured(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    first, held = compiler.held(compiler.value(given[0], subject))
    return Value(f"(len({held}) if {first}.__class__ in SIZED else call_{name}({held}))", nullable=False)


def _rounded(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    """`round_to` of a fraction that is not enormous, as most scores are."""
    first, held = compiler.held(compiler.value(given[0], subject))
    digits = given[1]["value"]
    is_usual = f"{first}.__class__ is float and -1e9 < {held} < 1e9"
    return Value(f"(round({held}, {digits}) if {is_usual} else call_{name}({held}, {digits}))")


# Texts that are put together from parts, of which the blank ones are left out.


def _defaulted(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    value, default = (compiler.value(each, subject) for each in given)
    first, held = compiler.held(value)
    is_there = f"{first} is not None" if value.shown else f"{first}.__class__ is str and {_seen(held)}"
    otherwise = default.code if value.shown else f"call_{name}({held}, {default.code})"
    text = value.text and default.text
    return Value(
        f"({held} if {is_there} else {otherwise})",
        nullable=default.nullable, text=text, shown=text and value.shown and default.shown,
    )  # fmt: skip


def _labelled(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    label, part = (compiler.value(each, subject) for each in given)
    first, held = compiler.held(_part(compiler, part))
    return Value(f"({f'{shown(label.constant)} '!a} + {held} if {first} is not None else None)", text=True, shown=True)


def _joined(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    """`joined`, `lines` and `paragraphs` of a list that is written there; null where the current value is null."""
    separator, parts = SEPARATORS.get(name) or given[1]["value"], given[0]["children"]
    if compiler.is_object(subject):
        return _glued(compiler, separator, parts, subject)
    target = compiler.name()
    compiler.write(f"{target} = None")
    with compiler.block(f"if {subject} is not None:"):
        compiler.write(f"{target} = {_glued(compiler, separator, parts, subject).code}")
    return Value(target, simple=True, text=True, shown=True)


def _glued(compiler: "Compiler", separator: str, parts: Sequence[Node], subject: str) -> Value:
    """The parts that are not blank, with the separator between them; what is known of them is glued together now."""
    pieces: list[Value] = []
    for value in [compiler.value(part, subject) for part in parts]:
        if value.constant is MISSING:
            pieces.append(_part(compiler, value))
        elif (text := shown(value.constant)) is not None:
            known = pieces.pop().constant + separator if pieces and pieces[-1].constant is not MISSING else ""
            pieces.append(_constant(known + text))
    unsure = [piece for piece in pieces if piece.constant is MISSING]
    sure = separator.join(piece.constant for piece in pieces if piece.constant is not MISSING)
    if not unsure:
        return _constant(sure or None)
    if len(pieces) == 1:
        return pieces[0]
    if len(unsure) == 1:
        first, held = compiler.held(unsure[0])
        place = pieces.index(unsure[0])
        around = ["".join(each.constant + separator for each in pieces[:place]), held]
        around.append("".join(separator + each.constant for each in pieces[place + 1 :]))
        glued = " + ".join(code if code is held else ascii(code) for code in around if code)
        return Value(f"({glued} if {first} is not None else {sure!a})", nullable=False, text=True, shown=True)
    glued = f"{separator!a}.join(filter(None, ({', '.join(piece.code for piece in pieces)})))"
    return Value(glued if sure else f"({glued} or None)", nullable=not sure, text=True, shown=True)


def _summed(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    """A `join` as a sum of its parts, where they all are texts: an address in the making."""
    glue = given[0]["value"]
    if not compiler.is_object(subject):
        return Value(f"call_{name}({glue!a}, {compiler.value(given[1], subject).code})", nullable=False, text=True)
    bound = [compiler.bind(compiler.value(part, subject)) for part in given[1]["children"]]
    unsure = [part.code for part in bound if not isinstance(part.constant, str)]
    between = f" + {glue!a} + " if glue else " + "
    called = f"call_{name}({glue!a}, [{', '.join(part.code for part in bound)}])"
    if not unsure:
        return Value(called, nullable=False, text=True)
    texts = " and ".join(f"{code}.__class__ is str" for code in unsure)
    summed = between.join(part.code for part in bound)
    return Value(f"({summed} if {texts} else {called})", nullable=False, text=True)


def _first_there(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    """A `not_null`, all of whose arguments are computed before one is chosen."""
    *bound, last = [compiler.named(compiler.value(each, subject)) for each in given]
    return Value("(" + "".join(f"{code} if {code} is not None else " for code in bound) + f"{last})")


def _compacted(compiler: "Compiler", name: str, given: Sequence[Node], subject: str) -> Value:
    """`compact` of parts that are null where they are blank; else the call."""
    if not compiler.is_object(subject):
        return Value(f"call_{name}({compiler.value(given[0], subject).code})")
    parts = [compiler.value(part, subject) for part in given[0]["children"]]
    codes = ", ".join(part.code for part in parts)
    if all(part.shown for part in parts):
        return Value(f"list(filter(None, ({codes},)))", nullable=False)
    return Value(f"call_{name}([{codes}])")


def _part(compiler: "Compiler", value: Value) -> Value:
    """What stands for a part: its text, or null where there is nothing to see."""
    if value.shown:
        return value
    first, held = compiler.held(value)
    is_there = f"{first} is None or {_seen(held)}" if value.text else f"{first}.__class__ is str and {_seen(held)}"
    return Value(f"({held} if {is_there} else shown({held}))", text=True, shown=True)


def _seen(held: str) -> str:
    """A condition that holds for most texts that are not blank, and for no other."""
    return f"{FIRST_SEEN} <= {held} < {LAST_SEEN}"


def _constant(text: str | None) -> Value:
    return Value(ascii(text), simple=True, nullable=text is None, constant=text, text=True, shown=True)


# Which calls are of the form that is written out.


def _limit(given: Sequence[Node]) -> tuple[int, str]:
    """Length and unit of a `cut` or `shorten`."""
    return given[1]["value"], given[2]["value"] if len(given) > 2 else "characters"


def _any(given: Sequence[Node]) -> bool:
    return True


def _has_limit(given: Sequence[Node]) -> bool:
    if any(each["type"] != "literal" for each in given[1:]):
        return False
    length, unit = _limit(given)
    return length.__class__ is int and length >= 0 and isinstance(unit, str) and unit in WIDEST


def _has_default(given: Sequence[Node]) -> bool:
    return cannot_refuse(given[1])  # for then nobody can tell whether it was asked for


def _has_digits(given: Sequence[Node]) -> bool:
    digits = given[1]["value"] if given[1]["type"] == "literal" else None
    return digits.__class__ is int and 0 <= digits <= MOST_DECIMALS


def _has_label(given: Sequence[Node]) -> bool:
    return given[0]["type"] == "literal" and shown(given[0]["value"]) is not None


def _has_glue(given: Sequence[Node]) -> bool:
    return [each["type"] for each in given] == ["literal", "multi_select_list"]


def _has_parts(given: Sequence[Node]) -> bool:
    separators = given[1:]
    return given[0]["type"] == "multi_select_list" and all(
        each["type"] == "literal" and isinstance(each["value"], str) for each in separators
    )


WRITINGS: dict[str, tuple[Form, Writing]] = {
    "cut": (_has_limit, _shortened), "shorten": (_has_limit, _shortened),
    "break_images": (_any, _marked), "break_placeholders": (_any, _marked), "decode_entities": (_any, _marked),
    "single_line": (_any, _on_one_line),
    "length": (_any, _measured), "round_to": (_has_digits, _rounded),
    "if_blank": (_has_default, _defaulted), "labelled": (_has_label, _labelled),
    "joined": (_has_parts, _joined), "lines": (_has_parts, _joined), "paragraphs": (_has_parts, _joined),
    "compact": (_has_parts, _compacted), "join": (_has_glue, _summed), "not_null": (_any, _first_there),
}  # fmt: skip
