"""Specs as sums of terms: multiplied by a number, added up, renamed. Trees in, trees out; `compose.Spec` is the face of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from . import format
from . import nodes as n
from .addends import Factors, Untyped, flatten, natural_name
from .names import reads_pay
from .qualified import alias_of, qualified
from .rename import renamed_tree
from .tidy import Weight, rounded, tidy, weight_sum, weights

Statements = Sequence[n.Statement]
FOLLOWS = (n.Weight, n.Drop)
RESERVED = {"and", "or", "not", "as", "in", "when", "per", "reward", "total", "expect", "pi"}


class SpecError(ValueError):
    """Specs that do not combine."""


def scaled(statements: Statements, by: float) -> List[n.Statement]:
    """All that a spec pays, times a number: each term's weight, or the `total` where there is one.

    An `expect` line about what is paid was about the amounts before, and goes.
    """
    if by == 1:
        return list(statements)
    ruled = any(isinstance(s, n.Total) for s in statements)
    table = Untyped(statements)
    groups = {*(s.group for s in statements if isinstance(s, n.Reward)), "total"}
    names = {*table.names(), *groups}
    plain = groups | table.only_terms(names)
    out: List[n.Statement] = []
    for s in statements:
        if isinstance(s, n.Total):
            s = replace(s, value=tidy(_times(by, s.value)))
        elif isinstance(s, (n.Reward, n.Weight)) and not ruled:
            s = replace(s, value=tidy(_times(by, s.value)))
        if not (isinstance(s, n.Expect) and reads_pay(s.condition, plain, names)):
            out.append(s)
    return out


def _times(by: float, expr: n.Expr) -> n.Expr:
    """A reward's expression times a number, addend by addend, so that its terms stay what they are."""
    if isinstance(expr, n.Sum):
        return replace(expr, addends=tuple((op, _times(by, addend)) for op, addend in expr.addends))
    if isinstance(expr, n.Named):
        return replace(expr, value=_times(by, expr.value))
    if isinstance(expr, n.Minus):
        return replace(expr, operand=_times(by, expr.operand))
    if isinstance(expr, n.Number):
        return n.Number(expr.span, rounded(expr.value * by), expr.unit)
    factors: Factors = expr.factors if isinstance(expr, n.Product) else (("*", expr),)
    return n.Product(expr.span, (("*", n.Number(expr.span, by)), *factors))


def added(mine: Statements, other: Statements) -> List[n.Statement]:
    """Both specs' terms. What both have alike is taken once; the weights of a term that both have are added up.

    A `total` holds for the groups of its own spec. Raises SpecError if one name means two things.
    """
    mine, other = settled(mine), settled(other)
    other = _apart(mine, other)
    _check_terms(mine, other)
    total = _total(mine, other)
    out: List[n.Statement] = [s for s in mine if not isinstance(s, n.Total)]
    known = {_key(s): s for s in out}
    table = Untyped([*mine, *other])
    for s in other:
        twin = known.get(_key(s))
        if isinstance(s, n.Reward):
            out = _merged(table, out, s, total is not None)
        elif isinstance(s, n.Total):
            continue
        elif twin is None:
            out.append(s)
        elif twin != s:
            shown = format.STATEMENTS[type(s)](s).splitlines()[0]
            raise SpecError(
                f"both specs have `{shown}`, with different meanings; `.renamed(...)` gives one another name"
            )
    return _begun(out) + ([total] if total is not None else [])


def settled(statements: Statements) -> List[n.Statement]:
    """The spec with its `weight` and `drop` statements carried out in the terms that they are about.

    One stays a statement where only a task can tell what is weight in its term (a table among the factors), or which term it is.
    """
    if not any(isinstance(s, FOLLOWS) for s in statements):
        return list(statements)
    table = Untyped(statements)
    terms = {
        name: factors for s in statements if isinstance(s, n.Reward) for name, _, factors in table.terms(s)
    }
    sure = {name for name, factors in terms.items() if not any(table.unsure(factor) for _, factor in factors)}
    new: Dict[str, Optional[n.Expr]] = {}
    for s in statements:
        if isinstance(s, n.Weight) and s.name in sure:
            value = table.value_of(terms[s.name])
            new[s.name] = n.Product(s.span, (("*", s.value), *value)) if value else s.value
    new.update(
        (s.name, None) for s in statements if isinstance(s, n.Drop) and s.what == "term" and s.name in sure
    )
    gone = {name for name, value in new.items() if value is None}
    out: List[n.Statement] = []
    for s in statements:
        if isinstance(s, n.Reward) and {name for name, _, _ in table.terms(s)} & set(new):
            out += _without_sums(table, s, new)
        elif isinstance(s, FOLLOWS) and s.name in new and getattr(s, "what", "term") == "term":
            continue
        elif not (isinstance(s, n.Expect) and reads_pay(s.condition, table.only_terms(gone), gone)):
            out.append(s)
    return _begun(out)


def _begun(statements: Statements) -> List[n.Statement]:
    """The statements with `=` where a group begins and `+=` where it goes on."""
    seen: Set[str] = set()
    out: List[n.Statement] = []
    for s in statements:
        if isinstance(s, n.Reward):
            s = replace(s, adds=s.group in seen)
            seen.add(s.group)
        out.append(s)
    return out


def _apart(mine: Statements, other: Statements) -> List[n.Statement]:
    """The other spec, with another name for a group that cannot join the one of the same name in mine."""
    ruled = any(isinstance(s, n.Total) for s in (*mine, *other))
    groups = {s.group: s.per_second for s in mine if isinstance(s, n.Reward) and not s.adds}
    own = {s.group: s.per_second for s in other if isinstance(s, n.Reward) and not s.adds}
    names = {getattr(s, "name", "") for s in (*mine, *other)} | set(own)
    new: Dict[str, str] = {}
    for group, per_second in own.items():
        fits = group
        count = 1
        while fits in groups and (ruled or groups[fits] != per_second) or (fits != group and fits in names):
            count += 1
            fits = f"{group}_{count}"
        if fits != group:
            new[group] = fits
            names.add(fits)
    return [_group_renamed(s, new) for s in other]


def _group_renamed(s: Any, new: Mapping[str, str]) -> Any:
    if isinstance(s, n.Reward):
        return replace(s, group=new.get(s.group, s.group))
    return renamed_tree(s, new, {}) if isinstance(s, n.Total) and new else s


def _total(mine: Statements, other: Statements) -> Optional[n.Total]:
    """The sum of both totals, where a spec without one has the sum of its groups; None if neither has one."""
    totals = [next((s for s in statements if isinstance(s, n.Total)), None) for statements in (mine, other)]
    first = next((t for t in totals if t is not None), None)
    if first is None:
        return None
    parts: List[Tuple[str, n.Expr]] = []
    for statements, total in zip((mine, other), totals):
        if total is not None:
            parts.append(("+", total.value))
        else:
            groups = dict.fromkeys(s.group for s in statements if isinstance(s, n.Reward))
            parts += [("+", n.Name(first.span, group)) for group in groups]
    return n.Total(first.span, n.Sum(first.span, tuple(parts)) if len(parts) > 1 else parts[0][1])


def _check_terms(mine: Statements, other: Statements) -> None:
    """Refuse what a `weight` or `drop` of one spec would do to a term of the other."""
    for one, two in ((mine, other), (other, mine)):
        names = Untyped(two).names()
        for s in one:
            if isinstance(s, FOLLOWS) and s.name in names and getattr(s, "what", "term") == "term":
                raise SpecError(f"`{format.STATEMENTS[type(s)](s)}` of one spec is about a term that the other has too; "
                                "`.renamed(...)` gives one another name")  # fmt: skip


def _merged(table: Untyped, out: List[n.Statement], s: n.Reward, ruled: bool) -> List[n.Statement]:
    """The statements with a further reward statement, the weights of terms that are there already added to theirs."""
    there = {
        name: (at, sign, factors)
        for at in out
        if isinstance(at, n.Reward)
        for name, sign, factors in table.terms(at)
    }
    both: Dict[str, Optional[n.Expr]] = {}
    for name, sign, factors in table.terms(s):
        if name not in there:
            continue
        at, old_sign, before = there[name]
        value = table.value_of(factors)
        if value != table.value_of(before):
            raise SpecError(
                f"both specs have a term `{name}`, with different values; `.renamed({name}=...)` gives one another name"
            )
        if ruled or at.per_second != s.per_second:
            raise SpecError(
                f"both specs have a term `{name}`, in groups that are apart; `.renamed({name}=...)` gives one another name"
            )
        both[name] = _joined(s, [*_weight(table, old_sign, before), *_weight(table, sign, factors)], value)
    if not both:
        return [*out, s]
    new: List[n.Statement] = []
    for old in out:
        if isinstance(old, n.Reward) and {name for name, _, _ in table.terms(old)} & set(both):
            new += _without_sums(table, old, both)
        else:
            new.append(old)
    rest = table.changed(s, lambda name, addend: None if name in both else addend)
    return new if rest is None else [*new, rest]


def _without_sums(table: Untyped, reward: n.Reward, new: Mapping[str, Optional[n.Expr]]) -> List[n.Reward]:
    """The statement as a plain sum of its terms, with other addends for some or none: a factor in front of several is multiplied
    out. Nothing if none is left."""
    addends: List[Tuple[str, n.Expr]] = []
    for name, sign, factors in table.terms(reward):
        value: Optional[n.Expr] = n.Product(reward.span, factors) if len(factors) > 1 else factors[0][1]
        if name in new:
            sign, value = 1.0, new[name]
        if value is not None:
            if name != natural_name(table.value_of(flatten(value))):
                value = n.Named(reward.span, value, name)
            addends.append(("+" if sign > 0 else "-", value))
    return [replace(reward, value=tidy(n.Sum(reward.span, tuple(addends))))] if addends else []


def _weight(table: Untyped, sign: float, factors: Factors) -> List[Weight]:
    """A term's weight, as a sum of numbers times what they stand before."""
    return weights(sign, tuple((op, factor) for op, factor in factors if not table.depends(factor)))


def _joined(s: n.Reward, parts: Sequence[Weight], value: Factors) -> Optional[n.Expr]:
    """The sum of the weights times the value; None if they cancel."""
    total = weight_sum(s.span, parts)
    if total is None or not value:
        return total
    return n.Product(s.span, (("*", total), *value))


def renamed(statements: Statements, names: Mapping[str, str]) -> List[n.Statement]:
    """The spec with other names for terms, definitions, functions, params, groups, causes and metrics, wherever they are read.

    Raises SpecError for a name that the spec does not have, or one that it has already.
    """
    table = Untyped(statements)
    terms, has = table.names(), _declared(statements)
    groups = {s.group for s in statements if isinstance(s, n.Reward)}
    imports = {alias_of(name) for name in qualified(statements)}
    for old, new in names.items():
        if old not in has and old not in terms:
            raise SpecError(
                f"the spec has no `{old}`; it has {', '.join([*dict.fromkeys([*terms, *sorted(has)])])}"
            )
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", new) or (
            new in RESERVED and not (new == "reward" and old in groups)
        ):
            raise SpecError(f"`{new}` cannot be a name")
        if new in imports:
            raise SpecError(f"`{new}` is the name of an import")
        if list(names.values()).count(new) > 1:
            raise SpecError(f"two names cannot both become `{new}`")
        caught = next((s.name for s in statements if isinstance(s, n.Function) and new in s.parameters), None)
        if caught is not None:
            raise SpecError(f"`{new}` is a parameter of `{caught}`, which would hide it")
        if (new in has or new in terms) and new not in names:
            raise SpecError(f"the spec has `{new}` already")

    followed = {s.name for s in statements if isinstance(s, FOLLOWS)}

    def change(name: str, addend: n.Expr) -> n.Expr:
        if name in followed and name not in names and not isinstance(addend, n.Named):
            return n.Named(addend.span, addend, name)  # its name must not change with what it reads
        if name not in names or (name in has and addend == n.Name(addend.span, name)):
            return addend  # the name that it consists of is another one anyhow
        value = addend.value if isinstance(addend, n.Named) else addend
        return n.Named(addend.span, value, names[name])

    out: List[Any] = []
    values = {old: new for old, new in names.items() if old in has}
    functions = {s.name for s in statements if isinstance(s, n.Function)}
    calls = {old: new for old, new in names.items() if old in functions}
    statement: Any
    for statement in statements:
        s = statement
        if isinstance(s, n.Reward):
            changed = table.changed(s, change)
            assert changed is not None
            s = replace(changed, group=names.get(s.group, s.group))
        elif hasattr(s, "name") and not isinstance(s, n.Task):
            s = replace(s, name=names.get(s.name, s.name))
        out.append(renamed_tree(s, names if isinstance(s, n.Expect) else values, calls))
    return out


def _declared(statements: Statements) -> Set[str]:
    out = {s.group for s in statements if isinstance(s, n.Reward)}
    return out | {s.name for s in statements if hasattr(s, "name") and not isinstance(s, (n.Task, *FOLLOWS))}


def _key(s: n.Statement) -> Tuple[type, str]:
    """What may be there once only; the text of what may be there often."""
    if isinstance(s, n.Reward):
        return n.Reward, s.group
    if isinstance(s, (n.Task, n.Total, n.Extends)):
        return type(s), ""
    if isinstance(s, n.Expect):
        return n.Expect, format.expression(s.condition)
    if isinstance(s, n.Drop):
        return n.Drop, f"{s.what} {s.name}"
    return type(s), s.name
