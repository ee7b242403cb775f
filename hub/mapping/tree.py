"""The fields of a mapping as one tree, and the Python that fills it for one record.

Leaves are expressions or constants; `fixed` and `fields` grow into the same tree. Nulls are left out, and so
are objects and lists in which nothing is left.
"""

from dataclasses import dataclass
from typing import Any

from hub.errors import MappingError
from hub.mapping.compiler import Compiler
from hub.mapping.syntax import Node, parse


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of the result: a parsed expression, or a constant."""

    path: str
    node: Node


Branch = Leaf | dict[str, "Branch"] | list["Branch"]


def constant(value: Any, path: str) -> Leaf:
    """A leaf that is the same for every record."""
    return Leaf(path, {"type": "literal", "value": value, "children": []})


def grow(written: Any, path: str, where: str) -> Branch:
    """The tree of what stands under `fields:`; `where` is the file."""
    if isinstance(written, str):
        return Leaf(path, parse(written, f"{where}: {path}"))
    if isinstance(written, bool | int | float):
        return constant(written, path)
    if isinstance(written, dict) and written:
        return {name: grow(part, f"{path}.{name}", where) for name, part in written.items()}
    if isinstance(written, list) and written:
        return [grow(part, f"{path}[{place}]", where) for place, part in enumerate(written)]
    raise MappingError(f"{where}: {path} is empty; write an expression, or remove it.")


def merge(fixed: dict[str, Any], grown: dict[str, Branch], path: str, where: str) -> dict[str, Branch]:
    """Both in one tree; a field that is fixed and also computed is a contradiction."""
    merged = dict(grown)
    for name, value in fixed.items():
        here, present = f"{path}.{name}".removeprefix("."), merged.get(name)
        if value is None:
            raise MappingError(f"{where}: {here} under `fixed` is empty; nulls are left out anyway, so remove it.")
        if isinstance(value, dict) and isinstance(present, dict):
            merged[name] = merge(value, present, here, where)
        elif present is not None:
            raise MappingError(f"{where}: {here} stands under both `fixed` and `fields`; keep one.")
        else:
            merged[name] = constant(value, here)
    return merged


def leaves(branch: Branch) -> list[Leaf]:
    """Every leaf of a tree, in the order of the file."""
    if isinstance(branch, Leaf):
        return [branch]
    parts = branch.values() if isinstance(branch, dict) else branch
    return [leaf for part in parts for leaf in leaves(part)]


def fill(compiler: Compiler, branch: Branch) -> tuple[str, str | None]:
    """Write what computes the branch; gives code for its value, and when there is one (None: always)."""
    if isinstance(branch, Leaf):
        compiler.origin = branch.path
        value = compiler.value(branch.node, compiler.body.subject)
        if not value.nullable:
            return value.code, None
        held = compiler.bind(value).code
        return held, f"{held} is not None"
    target = compiler.name("made")
    of_object = isinstance(branch, dict)
    compiler.write(f"{target} = {'{}' if of_object else '[]'}")
    conditions = []
    for name, part in branch.items() if isinstance(branch, dict) else enumerate(branch):
        code, condition = fill(compiler, part)
        put = f"{target}[{name!a}] = {code}" if of_object else f"{target}.append({code})"
        compiler.write(f"if {condition}: {put}" if condition else put)
        conditions.append(condition)
    return target, target if all(conditions) else None
