"""Functions called over HTTP: which overload is meant, and the statement that calls it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from embedded.rest.errors import NotInCache, RestError
from embedded.rest.schema import Column, Function, Name, Parameter, Schema, Table
from embedded.rest.sql import Parameters, qualified, quote
from embedded.rest.write import definitions

# The types a single unnamed parameter may have, by the type of the body that is passed to it whole.
UNNAMED = {
    "application/json": ("json", "jsonb"),
    "text/plain": ("text",),
    "text/xml": ("xml",),
    "application/octet-stream": ("bytea",),
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call passes: pairs of text, or a body; `body_type` is None when there is no body."""

    names: frozenset[str]
    pairs: tuple[tuple[str, str], ...] = ()
    body: str = ""
    body_type: str | None = None


def find_function(schema: Schema, name: Name, arguments: Arguments) -> Function:
    """The one overload that takes these arguments. PGRST202 if none does, PGRST203 if several do."""
    overloads = schema.functions.get(name, [])
    found = [function for function in overloads if _takes(function, arguments)]
    found = found or [function for function in overloads if takes_body_whole(function, arguments)]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(found)
    raise _not_found(schema, name, arguments, overloads)


def takes_body_whole(function: Function, arguments: Arguments) -> bool:
    """Whether the function has one unnamed parameter of a type that fits the body."""
    types = UNNAMED.get(arguments.body_type or "", ())
    return len(function.parameters) == 1 and not function.parameters[0].name and function.parameters[0].type in types


def _takes(function: Function, arguments: Arguments) -> bool:
    if arguments.body_type in UNNAMED and arguments.body_type != "application/json":
        return False  # such a body names no arguments
    required = {parameter.name for parameter in function.parameters if parameter.required}
    return required <= arguments.names <= {parameter.name for parameter in function.parameters}


def call(function: Function, arguments: Arguments, parameters: Parameters) -> str:
    """The statement inside `with pgrst_source as (…)`; a scalar result is named `pgrst_scalar`."""
    values, source = _pass(function, arguments, parameters)
    invocation = f"{qualified(function.name)}({values})"
    if function.rows is None:
        return f"select {invocation} as pgrst_scalar{f' from {source}' if source else ''}"
    return f"select pgrst_call.* from {f'{source}, lateral ' if source else ''}{invocation} as pgrst_call"


def result(function: Function) -> Table:
    """What a call's rows look like to those who filter, order and select them."""
    return function.rows or Table(function.name, {"pgrst_scalar": Column("pgrst_scalar", function.returns)})


def _pass(function: Function, arguments: Arguments, parameters: Parameters) -> tuple[str, str]:
    """The argument list, and the source of arguments that come as JSON."""
    if not _takes(function, arguments):
        return parameters.text(arguments.body, function.parameters[0].type), ""
    given = [parameter for parameter in function.parameters if parameter.name in arguments.names]
    if arguments.body_type and given:
        columns = definitions(Column(parameter.name, parameter.type) for parameter in given)
        source = f"json_to_record({parameters.add(arguments.body, 'json')}) as pgrst_args({columns})"
        values = [f"pgrst_args.{quote(parameter.name)}" for parameter in given]
    else:
        source = ""
        values = [_direct(parameter, arguments, parameters) for parameter in given]
    passed = zip(given, values, strict=True)
    return ", ".join(
        f"{'variadic ' if one.variadic else ''}{quote(one.name)} := {value}" for one, value in passed
    ), source


def _direct(parameter: Parameter, arguments: Arguments, parameters: Parameters) -> str:
    values = [value for name, value in arguments.pairs if name == parameter.name]
    if parameter.variadic:
        return parameters.texts(tuple(values), parameter.type.removesuffix("[]"))
    return parameters.text(values[-1], parameter.type)


def _ambiguous(found: list[Function]) -> RestError:
    signatures = ", ".join(
        f"{'.'.join(one.name)}({', '.join(f'{parameter.name} => {parameter.type}' for parameter in one.parameters)})"
        for one in found
    )
    return RestError(
        300, "PGRST203", f"Could not choose the best candidate function between: {signatures}",
        hint="Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )  # fmt: skip


def _not_found(schema: Schema, name: Name, arguments: Arguments, overloads: list[Function]) -> NotInCache:
    title, body_type = ".".join(name), arguments.body_type
    names = ", ".join(sorted(arguments.names))
    plural = "s" if len(arguments.names) > 1 else ""
    shown = f"({names})" if names else " without parameters"
    searched = f" with parameter{plural} {names}" if names else " without parameters"
    if body_type == "application/json":
        searched += " or with a single unnamed json/jsonb parameter"
    elif body_type in UNNAMED:
        shown, searched = "", f" with a single unnamed {UNNAMED[body_type][0]} parameter"
    if overloads:
        named = [sorted(parameter.name for parameter in one.parameters if parameter.name) for one in overloads]
        signatures = [f"({', '.join(names)})" for names in named if names]
        close = [name[1] + signature for signature in get_close_matches(shown, signatures, 1, 0.4)]
    else:
        close = get_close_matches(name[1], [known[1] for known in schema.functions if known[0] == name[0]], 1)
    return NotInCache(
        404, "PGRST202", f"Could not find the function {title}{shown} in the schema cache",
        details=f"Searched for the function {title}{searched}, but no matches were found in the schema cache.",
        hint=f"Perhaps you meant to call the function {name[0]}.{close[0]}" if close else None,
    )  # fmt: skip
