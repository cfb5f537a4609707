"""Names and calls in expressions: whether there is such a name, and whether a call fits the function's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional, Set

from . import nodes as n
from .diagnostics import Diagnostic, did_you_mean, error
from .qualified import alias_of
from .registry import BUILTINS
from .source import Span

if TYPE_CHECKING:
    from .resolve import Resolved
    from .vocabulary import Vocabulary


# Names that people write out of habit → what to write instead.
ELSEWHERE = {
    "True": "write `1`", "False": "write `0`", "None": "leave the term out", "self": "names stand alone: `base_lin_vel`, not `self.base_lin_vel`",
    "math": "names stand alone: `pi`, `exp(x)`", "torch": "names stand alone: `exp(x)`", "np": "names stand alone: `exp(x)`",
    "clamp": "write `clip(x, lo, hi)`", "maximum": "write `max(a, b)`", "minimum": "write `min(a, b)`", "hypot": "write `norm([x, y])`",
    "round": "write `floor(x + 0.5)`", "ceil": "write `-floor(-x)`", "sigmoid": "write `1 / (1 + exp(-x))`", "softplus": "write `log1p(exp(x))`",
    "cosh": "write `(exp(x) + exp(-x)) / 2`", "sinh": "write `(exp(x) - exp(-x)) / 2`", "logical_and": "write `a and b`",
    "logical_or": "write `a or b`", "logical_not": "write `not a`", "quat_error_magnitude": "write `quat_error(p, q)`",
    "square": "write `x^2`", "pow": "write `x^y`", "len": "`count(condition)` counts", "float": "a condition counts as 0 or 1",
}  # fmt: skip


def is_known(resolved: Resolved, name: str) -> bool:
    """Whether a name stands for a value or a selection."""
    return (name == "pi" or name in resolved.params or name in resolved.definitions or name in resolved.causes
            or name in resolved.vocabulary.quantities or name in resolved.vocabulary.groups or name in resolved.vocabulary.axes)  # fmt: skip


def unknown(resolved: Resolved, use: n.Name, scope: Set[str]) -> Diagnostic:
    """The diagnostic for a name that nothing has."""
    name = use.id
    known = [
        *scope,
        *resolved.params,
        *resolved.definitions,
        *resolved.causes,
        *resolved.vocabulary.quantities,
        *resolved.vocabulary.groups,
        "pi",
    ]
    imported = None if name in resolved.functions else _of_import(resolved, use)
    if imported is not None:
        return imported
    if name not in resolved.groups and name in resolved.only_terms:
        help = "`total` reads groups: give the term one of its own" if scope & set(resolved.groups) else f"define what it is, `x = ...`, and read that here and in the term: `x as {name}`"  # fmt: skip
        return error("RW101", use.span, f"`{name}` is a term: terms are made last, of definitions and terminations, which cannot read them",
                     help=help)  # fmt: skip
    help = ELSEWHERE.get(name) or did_you_mean(name, known)
    if scope & set(resolved.groups) and not help and "total" not in scope:
        help = f"`total` reads the groups: {', '.join(resolved.groups)}"
    if name in resolved.groups:
        return error("RW101", use.span, f"the reward group `{name}` can be read in `total` only")
    if name in BUILTINS or name in resolved.functions or name in resolved.vocabulary.axes:
        form = BUILTINS[name].form if name in BUILTINS else f"{name}(...)"
        return error("RW101", use.span, f"`{name}` is a function", help=f"call it: `{form}`")
    axis = next((axis.name for axis in resolved.vocabulary.axes.values() if name in axis.elements), None)
    if axis is not None:
        return error(
            "RW101",
            use.span,
            f"`{name}` is one of the {axis}, not a value",
            help=f'select it in quotes: `x["{name}"]`',
        )
    return error(
        "RW101",
        use.span,
        f"unknown name `{name}`",
        help=help or _where(resolved.vocabulary),
    )


def _where(names: Vocabulary) -> str:
    """Where all names of a task are found: also of one that is an environment of another project."""
    if names.listed:
        return f"`rewardlang quantities {names.listed}` lists the names"
    groups = f"the groups {', '.join(names.groups)}" if names.groups else "no groups"
    return f"`rewardlang quantities` lists the language's names; {names.task} has {groups}"


def _of_import(resolved: Resolved, use: n.Name) -> Optional[Diagnostic]:
    """The diagnostic for the name of an import, and for what an import does not take."""
    if use.id in resolved.imports:
        has = resolved.imports[use.id]
        return error("RW101", use.span, f"`{use.id}` is the name of an import, not a value",
                     help=f"read what it has: `{has}`" if has else f"read what it has, as `{use.id}.NAME`")  # fmt: skip
    if not alias_of(use.id):
        return None
    name = use.id.rpartition(".")[2]
    return error("RW101", use.span, f"`{name}` is not there for a file that imports this one",
                 help="an import takes definitions, functions and params; no terminations, no reward")  # fmt: skip


def check_call(resolved: Resolved, call: n.Call) -> List[Diagnostic]:
    """What is wrong with a call's name and the number and names of its arguments."""
    found: List[Diagnostic] = []
    name, arguments = call.function, len(call.arguments)
    if name in resolved.vocabulary.axes or name == "table":
        return found
    if name not in BUILTINS and name not in resolved.functions:
        known = [*BUILTINS, *resolved.functions, *resolved.vocabulary.axes, "table"]
        at = Span(call.span.source, call.span.start, call.span.start + len(name))
        if is_known(resolved, name):
            found.append(error("RW104", at, f"`{name}` is no function", help="write `*` to multiply"))
        else:
            found.append(
                error("RW104", at, f"unknown function `{name}`", help=_function_help(resolved, call, known))
            )
        return found
    if name in BUILTINS:
        builtin = BUILTINS[name]
        names = [p.name for p in builtin.parameters if not p.variadic]
        form, fewest, most = builtin.form, builtin.fewest, builtin.most
        required = [p.name for p in builtin.parameters if not p.optional and not p.variadic]
    else:
        names = list(resolved.functions[name].parameters)
        form, fewest, most = f"{name}({', '.join(names)})", len(names), len(names)
        required = names
    for keyword in call.keywords:
        if keyword.name not in names:
            found.append(error("RW106", keyword.span, f"`{name}` has no parameter `{keyword.name}`",
                                    help=did_you_mean("over" if keyword.name in ("axis", "dim") else keyword.name, names)
                                    or f"its form is `{form}`"))  # fmt: skip
        elif names.index(keyword.name) < arguments and most is not None:
            found.append(
                error(
                    "RW105",
                    keyword.span,
                    f"`{keyword.name}` of `{name}` is given twice",
                    help=f"its form is `{form}`",
                )
            )
    given = arguments + sum(k.name in names for k in call.keywords)
    if any(k.name not in names for k in call.keywords):
        return found
    if given < fewest or (most is not None and given > most):
        wants = (
            str(fewest) if most == fewest else f"at least {fewest}" if most is None else f"{fewest} to {most}"
        )
        found.append(error("RW105", call.span, f"`{name}` takes {wants} argument{'' if wants == '1' else 's'}, this call has {given}",
                                help=f"its form is `{form}`"))  # fmt: skip
        return found
    left_out = [
        p for p in required if names.index(p) >= arguments and p not in {k.name for k in call.keywords}
    ]
    if left_out and not found:  # as many as are due, but not the right ones: `sum(where=touch)`
        found.append(
            error(
                "RW105",
                call.span,
                f"`{name}` is called without `{left_out[0]}`",
                help=f"its form is `{form}`",
            )
        )
    return found


def _function_help(resolved: Resolved, call: n.Call, known: List[str]) -> str:
    """What to write for a function that is not there: `torques.sum()`, `torch.exp(x)` and `square(x)` are habits."""
    owner, _, last = call.function.rpartition(".")
    if last in BUILTINS and owner and is_known(resolved, owner):
        return f"write `{last}({owner})`"
    if last in BUILTINS and owner:
        return f"write `{last}(...)`"
    return ELSEWHERE.get(last) or did_you_mean(last, known)
