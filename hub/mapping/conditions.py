"""Python conditions that agree with JMESPath: what is true, what is equal, what comes before what.

0 is true; null, false and whatever is empty are false. 1 is not true, 0 is not false. Only numbers and
texts have an order, and comparing anything else gives null.
"""

from hub.mapping.registry import MISSING
from hub.mapping.runtime import NUMBERS
from hub.mapping.syntax import Node
from hub.mapping.writer import Value

CHAINS = {"subexpression", "index_expression", "index", "pipe", "or_expression"}  # null for null where their parts are
ORDERS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def constant_truth(constant: object) -> bool:
    """Whether JMESPath calls this constant true."""
    return bool(constant) or constant.__class__ in NUMBERS


def is_true(value: Value, name: str) -> str:
    """A condition that holds when the value is true; `name` is free to hold it meanwhile."""
    if value.constant is not MISSING:
        return str(constant_truth(value.constant))
    if value.boolean or value.text:
        return value.code
    if value.simple:
        return f"({value.code} is not None and ({value.code} or {value.code}.__class__ in NUMBERS))"
    return f"(({name} := {value.code}) is not None and ({name} or {name}.__class__ in NUMBERS))"


def is_false(value: Value) -> str:
    """A condition that holds when the value, which must be simple, is false."""
    if value.boolean or value.text:
        return f"not {value.code}"
    return f"{value.code} is None or not {value.code} and {value.code}.__class__ not in NUMBERS"


def equal(left: Value, right: Value) -> str:
    """A condition that holds when both are equal."""
    if MISSING in (left.constant, right.constant):
        for value, other in ((left, right), (right, left)):
            constant = other.constant
            if constant is None or isinstance(constant, bool):
                return f"({value.code} is {other.code})"
            if isinstance(constant, str) or (isinstance(constant, int | float) and constant not in (0, 1)):
                return f"({value.code} == {other.code})"
    return f"equal({left.code}, {right.code})"


def ordered(kind: str, left: Value, right: Value, name: str) -> str:
    """Code for a comparison by order: true, false, or null where there is none."""
    if isinstance(right.constant, int | float) and not isinstance(right.constant, bool):
        by_hand = f"{name} {ORDERS[kind]} {right.code}"
        is_number = f"({name} := {left.code}).__class__ in NUMBERS"
        return f"({by_hand} if {is_number} else compare({name}, {right.code}, {kind}))"
    return f"compare({left.code}, {right.code}, {kind})"


def alternatives(node: Node) -> list[Node]:
    """All sides of a chain of ||, in order; how they are grouped makes no difference."""
    chain: list[Node] = []
    while node["type"] == "or_expression":
        chain.append(node["children"][1])
        node = node["children"][0]
    return [node, *reversed(chain)]


def is_worth_a_look(node: Node) -> bool:
    """Whether this takes several steps that all give null for null, so that it pays to ask first."""
    is_choice = node["type"] == "or_expression" or node.get("value") == "not_null"
    return is_choice and all(map(_gives_null_for_null, node["children"]))


def _gives_null_for_null(node: Node) -> bool:
    return node["type"] == "field" or (node["type"] in CHAINS and all(map(_gives_null_for_null, node["children"])))


def is_guarded_constant(node: Node) -> bool:
    """`condition && 'constant'`, where the constant is true, so that the condition alone decides."""
    if node["type"] != "and_expression" or node["children"][1]["type"] != "literal":
        return False
    return constant_truth(node["children"][1]["value"])
