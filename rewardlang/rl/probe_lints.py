"""Lints measured on scripted behaviours: dying early pays, standing still pays, one term dominates, a kernel is saturated."""

from __future__ import annotations

import math
from typing import Callable, Iterator, List, Mapping, Optional, Tuple

import torch

from ..lang.compiler import Compiled
from ..lang.diagnostics import Diagnostic
from ..lang.ir import Term
from ..lang.lints import is_event, pays_for_motion, warning
from .behaviours import Course

Courses = Mapping[str, Course]
COMMANDS = {"command_lin_vel", "command_ang_vel", "command_heading"}
MOST = 0.7  # of what is on offer: beyond that there is little to learn for
WIDE, NARROW = 0.98, 0.02  # a kernel's value, of its range: flat at the top, or at the bottom
DOMINANT = 100  # times the spread of the next term


def ended_at_once(program: Compiled, courses: Courses) -> Iterator[Diagnostic]:
    """RW511: the default pose itself is a failure."""
    hold = courses["hold"]
    if _ends_at_once(hold):
        cause = next((c.name for c in program.typed.causes if not c.success), "")
        statement = program.resolved.causes[cause].condition if cause else program.terms[0]
        yield warning("RW511", statement.span, f"the default pose of {program.vocabulary.task} ends the episode within {_steps(hold.length)}",
                      "the limit does not fit this robot: `rewardlang quantities` and task.yaml show its heights; a param takes `--set NAME=VALUE`")  # fmt: skip


def _steps(length: float) -> str:
    count = max(1, round(length))
    return "1 step" if count == 1 else f"{count} steps"


def _ends_at_once(hold: Course) -> bool:
    return hold.length <= 3 and float(hold.failed.float().mean()) > 0.9


def dying_early(program: Compiled, courses: Courses) -> Iterator[Diagnostic]:
    """RW511: standing in the default pose earns less than failing."""
    hold = courses["hold"]
    if _ends_at_once(hold):
        return
    standing, steps = _standing(hold)
    falls = [
        (c, name)
        for name, c in courses.items()
        if name in ("limp", "fall") and float(c.failed.float().mean()) > 0.9
    ]
    if not falls or steps <= 0:
        return
    course, name = max(falls, key=lambda one: float(one[0].returns.mean()))
    ended, lasted = float(course.returns.mean()), float(course.discounted_steps.mean())
    if standing >= ended or steps <= lasted:
        return
    bonus = (ended - standing) / (steps - lasted)
    fine = (ended - standing) / float((hold.gamma ** (course.on.sum(0).float() - 1)).mean())
    worst = int(hold.per_step.argmin())
    term = program.terms[worst]
    cause = next((c.name for c in program.typed.causes if not c.success), "terminated")
    yield warning("RW511", term.span,
                  f"dying early pays: `{name}` is worth {ended:.4g} and holding the default pose {standing:.4g} (discounted), mostly for `{term.name}`, {float(hold.per_step[worst]):.3g} a step",
                  f"they break even with {bonus:.3g} more a step for staying alive, or with `- {_up(fine)} * {cause}`; or lower the weight of `{term.name}`")  # fmt: skip


def _standing(hold: Course) -> Tuple[float, float]:
    """The return of holding the pose and its discounted steps: of those that stay up, else as if they had."""
    up = ~hold.failed
    if float(up.float().mean()) >= 0.25:
        return float(hold.returns[up].mean()), float(hold.discounted_steps[up].mean())
    early = hold.on & (
        torch.cumsum(hold.on.long(), 0) <= torch.clamp(hold.on.sum(0) // 2, min=1)
    )  # before it topples
    mean = float((hold.total * early).sum() / early.sum())
    return mean / (1 - hold.gamma), 1 / (1 - hold.gamma)


def _up(x: float) -> str:
    unit = 10.0 ** (math.floor(math.log10(x)) - 1)
    return f"{math.ceil(x / unit) * unit:g}"


def standing_still(program: Compiled, courses: Courses) -> Iterator[Diagnostic]:
    """RW512: holding the pose collects most of what the reward can pay, though some terms pay for motion."""
    most = offered(program)
    moving = _paid_for_motion(program)
    hold = courses["hold"]
    paid = float(hold.total.sum() / hold.on.sum())
    if moving is not None and math.isfinite(most) and paid > MOST * most > 0:
        got = float(hold.per_step[[t.name for t in program.typed.terms].index(moving.name)])
        yield warning("RW512", moving.span, f"standing still pays: holding the default pose earns {paid:.3g} of the {most:.3g} a step that is on offer ({paid / most:.0%}), {got:.3g} of it for `{moving.name}`",
                      "narrow the kernel, ask for larger commands, or pay for progress rather than for being there")  # fmt: skip


def offered(program: Compiled) -> float:
    """The most that a step can pay: of all terms together, or of the `total` rule; inf if nothing bounds it."""
    typed = program.typed
    if typed.total is not None:
        return program.bounds.of(typed.total).high
    return sum(max(program.bounds.pays(term)[1], 0.0) for term in typed.terms)


def unjudged(program: Compiled) -> str:
    """Why RW512 cannot be measured of a reward that pays for motion; empty if it is."""
    if math.isfinite(offered(program)) or _paid_for_motion(program) is None:
        return ""
    endless = [t.name for t in program.typed.terms if program.bounds.pays(t)[1] == math.inf]
    rule = [] if program.typed.total is None else ["total"]
    return f"whether standing still pays (RW512) is not judged: nothing bounds {', '.join(rule or endless)}"


def _paid_for_motion(program: Compiled) -> Optional[Term]:
    """The first term with something to offer that reads a command, else one that pays for motion."""
    for term in program.typed.terms:
        if program.bounds.pays(term)[1] > 0 and program.typed.reads(term.value) & COMMANDS:
            return term
    return pays_for_motion(program.resolved, program.typed, program.bounds)


def dominant(program: Compiled, courses: Courses) -> Iterator[Diagnostic]:
    """RW514: what one term pays varies far more than what the others do."""
    sizes = _spread(program, courses)
    if len(sizes) > 1 and sizes[0][0] > DOMINANT * sizes[1][0]:
        (most, first), (next_, second) = sizes[:2]
        yield warning("RW514", first.span, f"`{first.name}` dominates: what it pays varies by {most:.3g} a step, {most / next_:.0f} times as much as the next term, `{second.name}`",
                      "give it a smaller weight, or the others larger ones")  # fmt: skip


def _spread(program: Compiled, courses: Courses) -> List[Tuple[float, Term]]:
    """The standard deviation of what each term pays, over the behaviours that are no fall; the largest first."""
    paid = torch.cat([c.paid[c.on] for name, c in courses.items() if name != "fall"])
    out = [
        (float(s), term)
        for s, term in zip(paid.std(0), program.typed.terms)
        if not is_event(program.typed, term) and s > 0
    ]
    return sorted(out, key=lambda one: -one[0])


def saturated(program: Compiled, courses: Courses) -> Iterator[Diagnostic]:
    """RW515: a bounded term that is at one end of its range whatever the robot does."""
    for i, term in enumerate(program.typed.terms):
        low, high = program.bounds.of(term.value)[:2]
        if (
            low != 0
            or not math.isfinite(high)
            or high <= 0
            or is_event(program.typed, term)
            or not _has_kernel(program, term)
        ):
            continue
        seen = torch.cat([c.values[:, :, i][c.on] for c in courses.values()]) / high
        top, bottom = float(seen.max()), float(seen.min())
        if top < NARROW:
            yield warning("RW515", term.span, f"`{term.name}` never came above {top:.2g} of its range while the robot stood, shook, fell and moved at random: there is no slope to climb",
                          "make the kernel wider: about as wide as the errors that an untrained policy makes")  # fmt: skip
        elif bottom > WIDE:
            yield warning("RW515", term.span, f"`{term.name}` never came below {bottom:.3f} of its range while the robot stood, shook, fell and moved at random: it pays the same for anything",
                          "make the kernel narrower: about as wide as the errors that matter")  # fmt: skip


def never_touched(program: Compiled, courses: Courses) -> Iterator[Diagnostic]:
    """RW515: a bonus for contacts that none is like."""
    for i, term in enumerate(program.typed.terms):
        weight = program.bounds.of(term.weight)
        touched = program.typed.reads(term.value) == {"contact_forces"} and weight.low >= 0 < weight.high
        if touched and not any(bool(c.values[:, :, i][c.on].any()) for c in courses.values()):
            yield warning("RW515", term.span, f"`{term.name}` was always 0 while the robot stood, shook, fell and moved at random: no contact is like that",
                          "check the bodies, and the threshold against the robot's weight")  # fmt: skip


def _has_kernel(program: Compiled, term: Term) -> bool:
    """Whether a value is a kernel: an exponential, a fraction, or a tanh on the way to it, not behind a condition."""
    nodes = program.typed.nodes
    todo, found = [term.value], False
    while todo:
        node = nodes[todo.pop()]
        if node.op in ("float", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"):
            return False
        if node.op in ("exp", "tanh") or (node.op == "div" and nodes[node.args[0]].op == "const"):
            found = True
        elif node.op in ("mul", "neg", "sub", "add", "mean", "sum"):
            todo += node.args
        elif node.op == "where":  # `tolerance`: a kernel beyond its bounds
            todo += node.args[1:]
    return found


RULES: Tuple[Callable[[Compiled, Courses], Iterator[Diagnostic]], ...] = (
    ended_at_once,
    dying_early,
    standing_still,
    dominant,
    saturated,
    never_touched,
)
