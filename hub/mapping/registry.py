"""The functions a mapping may call, each declared in one place with its signature, docstring and example.

Two families share the registry. JMESPath's own are strict: a wrong type raises `WrongType`, as the
specification asks. Ours are total: null or a wrong type gives null, so that an absent field never
costs a record. The reference page and the compiler read the same entries.
"""

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

MISSING: Any = inspect.Parameter.empty
TYPE_NAMES: dict[Any, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    NoneType: "null",
}


class WrongType(Exception):
    """A standard function was given a value of a type that it does not take; never holds the value."""


class Expression:
    """What `&field` stands for: an expression that a function applies to each element."""

    __slots__ = ("apply",)

    def __init__(self, apply: Callable[[Any], Any]) -> None:
        self.apply = apply


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a function: which JMESPath types it takes, whether it may be absent or repeated."""

    name: str
    types: tuple[str, ...]  # empty: any value
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the mapping language, with all that its page in the reference shows."""

    name: str
    call: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    returns: tuple[str, ...]
    about: str
    example: str
    gives: Any
    standard: bool
    once: bool  # it must not be applied to its own result

    @property
    def signature(self) -> str:
        """Such as `cut(text, length, [unit])`."""
        return f"{self.name}({', '.join(map(_shown, self.parameters))})"

    @property
    def arity(self) -> tuple[int, int | None]:
        """The least and the most arguments it takes; None means any number."""
        least = sum(not parameter.optional for parameter in self.parameters)
        return least, None if any(p.repeated for p in self.parameters) else len(self.parameters)

    @property
    def nullable(self) -> bool:
        """Whether null may come out."""
        return not self.returns or "null" in self.returns


def _shown(parameter: Parameter) -> str:
    name = f"...{parameter.name}" if parameter.repeated else parameter.name
    return f"[{name}]" if parameter.optional else name


FUNCTIONS: dict[str, Function] = {}
Defined = TypeVar("Defined", bound=Callable[..., Any])


def function(example: str, *, gives: Any, once: bool = False) -> Callable[[Defined], Defined]:
    """Add one of our total functions to the language, under its Python name without a trailing underscore."""

    def register(call: Defined) -> Defined:
        _add(call, call, example, gives=gives, standard=False, once=once)
        return call

    return register


def standard(example: str, *, gives: Any) -> Callable[[Defined], Defined]:
    """Add one of JMESPath's functions; its annotations are checked on every call."""

    def register(call: Defined) -> Defined:
        _add(call, _checked(call), example, gives=gives, standard=True, once=False)
        return call

    return register


def _add(source: Callable[..., Any], call: Callable[..., Any], example: str, **facts: Any) -> None:
    name = source.__name__.rstrip("_")
    if name in FUNCTIONS:
        raise ValueError(f"The function {name} is registered twice.")
    about = inspect.cleandoc(source.__doc__ or "")
    parameters = _parameters(source)
    returns = _type_names(inspect.signature(source).return_annotation)
    FUNCTIONS[name] = Function(name, call, parameters, returns, about, example, **facts)


def _parameters(call: Callable[..., Any]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            name=parameter.name.rstrip("_"),
            types=_type_names(parameter.annotation),
            optional=parameter.default is not MISSING or parameter.kind is parameter.VAR_POSITIONAL,
            repeated=parameter.kind is parameter.VAR_POSITIONAL,
        )
        for parameter in inspect.signature(call).parameters.values()
    )


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _type_names(annotation: Any) -> tuple[str, ...]:
    if annotation in (Any, MISSING):
        return ()
    names = []
    for each in _alternatives(annotation):
        origin = get_origin(each) or each
        names.append("expression" if origin is Expression else TYPE_NAMES[origin])
    return tuple(dict.fromkeys(names))


def type_name(value: Any) -> str:
    """What JMESPath calls the type of this value."""
    return "expression" if isinstance(value, Expression) else TYPE_NAMES.get(type(value), "unknown")


def _checked(call: Callable[..., Any]) -> Callable[..., Any]:
    name = call.__name__.rstrip("_")
    declared = list(inspect.signature(call).parameters.values())
    checks = [_check(name, parameter.annotation) for parameter in declared if parameter.annotation is not Any]
    if not checks:
        return call
    if declared[-1].kind is inspect.Parameter.VAR_POSITIONAL:
        every = checks[-1]

        def repeated(*arguments: Any) -> Any:
            for argument in arguments:
                every(argument)
            return call(*arguments)

        return repeated
    places = [place for place, parameter in enumerate(declared) if parameter.annotation is not Any]
    pairs = tuple(zip(places, checks, strict=True))

    def checked(*arguments: Any) -> Any:
        for place, check in pairs:
            check(arguments[place])
        return call(*arguments)

    return checked


def _check(name: str, annotation: Any) -> Callable[[Any], None]:
    """A check that raises `WrongType` unless a value has one of the annotated types, elements included."""
    allowed = _type_names(annotation)
    arrays = [each for each in _alternatives(annotation) if get_origin(each) is list]
    elements = [set(types) for array in arrays if (types := _type_names(get_args(array)[0]))]
    classes = _classes(allowed)
    uniform = [_classes(types) for types in elements]

    def check(value: Any) -> None:
        kind = value.__class__
        if kind in classes:  # nearly always: classes are compared faster than names
            if kind is not list or not uniform:
                return
            found_classes = set(map(type, value))
            for fitting in uniform:
                if found_classes <= fitting:
                    return
        if type_name(value) not in allowed:
            raise WrongType(f"{name}() takes {' or '.join(allowed)}, not {type_name(value)}")
        if elements and isinstance(value, list) and value:
            found = {type_name(element) for element in value}
            if not any(found <= types for types in elements):
                wanted = " or ".join(sorted("/".join(sorted(types)) for types in elements))
                raise WrongType(f"{name}() takes an array of {wanted}, not of {', '.join(sorted(found))}")

    return check


def _classes(names: Collection[str]) -> frozenset[type]:
    """Python's classes for these JMESPath types."""
    return frozenset(kind for kind, name in TYPE_NAMES.items() if name in names)
