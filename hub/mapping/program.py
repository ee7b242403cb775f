"""Compiled functions as callers meet them: errors of a record become `Unmappable` and name the field."""

from collections.abc import Callable, Iterator
from typing import Any

from hub.errors import Unmappable
from hub.mapping.compiler import Compiler
from hub.mapping.registry import WrongType
from hub.mapping.syntax import Node, parse, walk
from hub.mapping.tree import Branch, fill, leaves
from hub.mapping.writer import Compiled


class Program:
    """One compiled function over a record. `title` (mapping@version) opens its errors."""

    def __init__(self, compiled: Compiled, title: str) -> None:
        self.source = compiled.source
        self._compiled = compiled
        self._title = title
        self._filename = f"<mapping {title}>"
        self.call = compiled.load(self._filename, self._refused)

    def _refused(self, problem: Exception) -> Unmappable:
        """The error for a record that an expression cannot work on; never holds a value of the record."""
        place = self._compiled.origin_of(problem.__traceback__, self._filename)
        wrong_type = isinstance(problem, WrongType)
        said = str(problem) if wrong_type else f"the expression fails on this record ({type(problem).__name__})"
        return Unmappable(f"{self._title}, {place}: {said}.", reason="wrong_type" if wrong_type else "mapping_failed")


def of_fields(tree: Branch, keep: Node | None, title: str) -> Program:
    """What makes the fields of a record, or None where `keep` is not true."""
    compiler = Compiler("apply", subject_is_object=True)
    compiler.share([*([keep] if keep else []), *(leaf.node for leaf in leaves(tree))])
    if keep:
        compiler.origin = "keep"
        compiler.write(f"if not {compiler.truth(keep, compiler.body.subject)}: return None")
    made, _ = fill(compiler, tree)
    compiler.write(f"return {made}")
    return Program(compiler.finish(), title)


def of_condition(node: Node, path: str, title: str) -> Callable[[Any], bool]:
    """Whether JMESPath calls the expression true for a record."""
    compiler = Compiler("condition")
    compiler.origin = path
    condition = compiler.truth(node, compiler.body.subject)
    compiler.write(f"return True if {condition} else False")
    return Program(compiler.finish(), title).call


def of_value(node: Node, path: str, title: str) -> Callable[[Any], Any]:
    """What the expression gives for a record."""
    compiler = Compiler("value")
    compiler.origin = path
    compiler.write(f"return {compiler.value(node, compiler.body.subject).code}")
    return Program(compiler.finish(), title).call


def compile_expression(expression: str, *, where: str = "expression") -> Callable[[Any], Any]:
    """One JMESPath expression as a Python function over any JSON value; `where` names its place in errors."""
    return of_value(parse(expression, where), "value", where)


def names_in(expression: str, *, where: str = "expression") -> frozenset[str]:
    """The fields that an expression mentions, wherever in it; with "@" where it may look at all there is."""
    nodes = list(walk(parse(expression, where)))
    whole = {"@"} if any(node["type"] in ("current", "identity") for node in nodes) else set()
    return frozenset(whole | {node["value"] for node in nodes if node["type"] == "field"})


def paths_in(expression: str, *, where: str = "expression") -> frozenset[tuple[str, ...]]:
    """The chains of fields that an expression looks at, each as far as it is written out: `signal.scores.crisis`.

    Conservative: a field of anything but the record itself is a chain of its own, and `()` stands for all there is.
    """
    return frozenset(_paths(parse(expression, where)))


def _paths(node: Node) -> Iterator[tuple[str, ...]]:
    if node["type"] == "field":
        yield (node["value"],)
    elif node["type"] in ("current", "identity"):
        yield ()
    elif node["type"] == "subexpression" and all(child["type"] == "field" for child in node["children"]):
        yield tuple(child["value"] for child in node["children"])
    elif node["type"] != "slice":  # its children are numbers
        for child in node["children"]:
            yield from _paths(child)
