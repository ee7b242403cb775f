"""Reads one JMESPath expression into jmespath's own parse tree, and refuses what can never work.

jmespath.py finds an unknown function, a wrong number of arguments or a slice step of zero only when it
comes to evaluate them. A mapping is written once and run for years, so they are found when it is loaded.
"""

import difflib
import re
from collections.abc import Iterator
from typing import Any

import jmespath.exceptions
from jmespath.parser import Parser

from hub.errors import MappingError
from hub.mapping.registry import FUNCTIONS, Function, type_name

Node = dict[str, Any]


def parse(expression: str, where: str) -> Node:
    """The parse tree of an expression; `where` (file and field) opens every complaint."""
    try:
        tree: Node = Parser().parse(expression).parsed
    except jmespath.exceptions.EmptyExpressionError:
        raise MappingError(f"{where}: the expression is empty; write a field's name or `null`.") from None
    except jmespath.exceptions.ParseError as problem:
        raise MappingError(f"{where}: {_explain(problem, expression)}") from None
    except (RecursionError, ValueError) as problem:
        raise MappingError(f"{where}: this cannot be read as JMESPath ({type(problem).__name__}).") from None
    for node in walk(tree):
        complaint = _complaint(node)
        if complaint:
            raise MappingError(f"{where}{_position(node, expression)}: {complaint}")
    return tree


def walk(tree: Node) -> Iterator[Node]:
    """Every node of a parse tree, the outer ones first."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if node["type"] != "slice":  # a slice's children are numbers
            pending.extend(reversed(node["children"]))


def nearest(word: str, known: Any) -> str:
    """A hint such as ` Did you mean trim?`, or nothing when no known word is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]}?" if close else ""


def _explain(problem: Any, expression: str) -> str:
    if isinstance(problem, jmespath.exceptions.IncompleteExpressionError):
        return f"the expression ends too early: {expression!r}."
    column = problem.lex_position + 1
    hint = ""
    if problem.token_value == "=":
        hint = " Write == to compare."
    elif "Unclosed" in getattr(problem, "message", ""):
        hint = " Close the quotation mark."
    elif problem.token_type in ("STRING", "LITERAL", "UNQUOTED_IDENTIFIER", "NUMBER"):
        hint = " Texts stand in '...', numbers and true or false in `...`."
    return f"column {column}, near {str(problem.token_value)[:30]!r}: this is not JMESPath.{hint}"


def _position(node: Node, expression: str) -> str:
    """jmespath's tree keeps no positions, so a function is looked for by its name."""
    if node["type"] != "function_expression":
        return ""
    found = re.search(rf"\b{re.escape(node['value'])}\s*\(", expression)
    return f", column {found.start() + 1}" if found else ""


def _complaint(node: Node) -> str | None:
    if node["type"] == "slice" and node["children"][2] == 0:
        return "a slice cannot have a step of 0."
    if node["type"] != "function_expression":
        return None
    name = node["value"]
    if name not in FUNCTIONS:
        return f"there is no function {name}().{nearest(name, FUNCTIONS)}"
    known = FUNCTIONS[name]
    return _arity_complaint(known, len(node["children"])) or _argument_complaint(known, node["children"])


def _arity_complaint(known: Function, given: int) -> str | None:
    least, most = known.arity
    if given >= least and (most is None or given <= most):
        return None
    return f"{known.name}() was given {given} arguments; it is {known.signature}."


def _argument_complaint(known: Function, arguments: list[Node]) -> str | None:
    parameters = list(known.parameters)
    parameters += parameters[-1:] * (len(arguments) - len(parameters))
    for parameter, argument in zip(parameters, arguments, strict=False):
        wants_expression = parameter.types == ("expression",)
        if argument["type"] == "expref" and parameter.types and not wants_expression:
            return f"{known.name}() takes no expression (&) as its {parameter.name}."
        if argument["type"] != "expref" and wants_expression:
            return f"{known.name}() takes an expression as its {parameter.name}; put & before it."
        if argument["type"] == "literal" and parameter.types:
            found = type_name(argument["value"])
            if found not in parameter.types:
                wanted = " or ".join(parameter.types)
                return f"{known.name}() takes {wanted} as its {parameter.name}, not {found}."
        if known.once and any(inner.get("value") == known.name for inner in walk(argument)):
            return f"{known.name}() stands inside {known.name}(); it must be applied exactly once."
    return None
