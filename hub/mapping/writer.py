"""Writes Python functions line by line, and remembers which field of a mapping each line came from.

Text from a mapping enters the code only as `ascii()` of a constant: it stays on its line and can be nothing
but that constant. Nothing of a record ever enters it.
"""

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

from hub.mapping import runtime
from hub.mapping.registry import FUNCTIONS, MISSING, Expression
from hub.mapping.text import shown

NAMES: dict[str, Any] = {
    "__builtins__": {
        "isinstance": isinstance,
        "dict": dict,
        "str": str,
        "len": len,
        "filter": filter,
        "float": float,
        "round": round,
        "list": list,
        "Exception": Exception,
    },
    "NUMBERS": runtime.NUMBERS,
    "SIZED": runtime.SIZED,
    "EMPTY": runtime.EMPTY,
    "Expression": Expression,
    "equal": runtime.equal,
    "compare": runtime.compare,
    "flatten": runtime.flatten,
    "shown": shown,
    "inf": float("inf"),
    "nan": float("nan"),
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Value:
    """Python code that gives a value. It may refuse, so it stands in the result exactly once, unless `simple`."""

    code: str
    simple: bool = False
    nullable: bool = True
    boolean: bool = False
    text: bool = False  # a text or null
    shown: bool = False  # a text in which there is something to see, or null
    constant: Any = MISSING


@dataclass(slots=True)
class Body:
    """One function in the making. `known` are the objects fetched at its head, by their path."""

    name: str
    subject: str = "record"
    indent: int = 1
    head: list[tuple[str, str]] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    known: dict[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compiled:
    """Python source, the field that each of its lines belongs to, and the function to call."""

    source: str
    origins: tuple[str, ...]
    entry: str

    def load(self, filename: str, refuse: Callable[[Exception], Exception]) -> Callable[[Any], Any]:
        """The function itself. It raises what `refuse` makes of an error; `filename` is for `origin_of`."""
        calls = {f"call_{known.name}": known.call for known in FUNCTIONS.values()}
        space = {**NAMES, **calls, "refuse": refuse}
        exec(compile(self.source, filename, "exec"), space)
        made: Callable[[Any], Any] = space[self.entry]
        return made

    def origin_of(self, trace: TracebackType | None, filename: str) -> str:
        """The mapping's field in which an error arose."""
        while trace:
            if trace.tb_frame.f_code.co_filename == filename:
                return self.origins[trace.tb_lineno - 1]
            trace = trace.tb_next
        return ""


class Writer:
    """Collects statements for the function in hand. `origin` is the field that the next lines belong to."""

    def __init__(self, name: str) -> None:
        self.origin = ""
        self.body = Body(name)
        self.finished: list[Body] = []
        self._names = 0

    def write(self, line: str) -> None:
        """Add one statement at the current depth."""
        self.body.lines.append(("    " * self.body.indent + line, self.origin))

    def name(self, prefix: str = "v") -> str:
        """A name that nothing else uses."""
        self._names += 1
        return f"{prefix}{self._names}"

    @contextmanager
    def block(self, opening: str) -> Iterator[None]:
        """What is written inside stands one level deeper, below `opening`."""
        self.write(opening)
        self.body.indent += 1
        yield
        self.body.indent -= 1

    @contextmanager
    def aside(self) -> Iterator[list[tuple[str, str]]]:
        """What is written inside is handed over, one level deeper, for a block that may not be needed."""
        body, statements = self.body, list[tuple[str, str]]()
        lines, body.lines, body.indent = body.lines, statements, body.indent + 1
        yield statements
        body.lines, body.indent = lines, body.indent - 1

    def bind(self, value: Value) -> Value:
        """The same value in a form that can be repeated: a local name, or a constant as it is."""
        return value if value.simple else replace(value, code=self.named(value), simple=True, constant=MISSING)

    def held(self, value: Value) -> tuple[str, str]:
        """Code that gives the value where it is first asked for, and code that gives it from then on."""
        if value.simple and value.constant is MISSING:
            return value.code, value.code
        name = self.name()
        return f"({name} := {value.code})", name

    def named(self, value: Value) -> str:
        """A local name that holds the value."""
        if value.simple and value.constant is MISSING:
            return value.code
        name = self.name()
        self.write(f"{name} = {value.code}")
        return name

    def finish(self) -> Compiled:
        """Everything written so far as Python functions, the last of which is the one to call."""
        lines: list[tuple[str, str]] = []
        for body in self.finished:
            lines += [(f"def {body.name}({body.subject}):", ""), *body.head, *body.lines]
        lines += [(f"def {self.body.name}({self.body.subject}):", ""), ("    try:", "")]
        lines += [("    " + line, origin) for line, origin in [*self.body.head, *self.body.lines]]
        lines += [("    except Exception as problem: raise refuse(problem) from None", "")]
        source = "\n".join(line for line, _ in lines) + "\n"
        return Compiled(source, tuple(origin for _, origin in lines), self.body.name)
