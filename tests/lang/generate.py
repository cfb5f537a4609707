"""Random well-typed expressions as text, for hypothesis. Everything has the unit 1, so that any two numbers combine.

`number(axes)` and `condition(axes)` give expressions with exactly these axes: "" a single number, "joints", "bodies", "xyz" (base
frame), "pairs" (of joints), "feet" (selected bodies), "points" (bodies and xyz, world frame). Depth is bounded; leaves are quantities divided by a scale, tables, literals and params.
"""

from __future__ import annotations

from hypothesis import strategies as st

LEAVES = {
    "": ["forward_vel / 1[m/s]", "base_height / 1[m]", "sin(heading)", "projected_gravity.z", "knob", "progress", "(forward_vel > 0)", "episode_step / 10",
         "actions[\"left_knee\"]", "phase(0.37[s], 0.21)", "alive", "time_out"],
    "joints": ["actions", "dof_pos / 1[rad]", "torques / torque_limits", "sin(default_dof_pos)", "(dof_vel > 0)",
               'table(joints, "*_knee": 0.7, "left_*": -0.4, "*": knob)'],
    "bodies": ["contact_forces.z / 1[N]", "body_pos.z / 1[m]", "body_mass / 1[kg]", "(contact_forces.z > 0.1[N])",
               'table(bodies, "*_foot": 1, "*": 0.2)'],
    "pairs": ["left(actions)", "right(actions)", "left(dof_pos) / 1[rad]", "right(torques / torque_limits)", "(left(dof_vel) > right(dof_vel))"],
    "feet": ["contact_forces[feet].z / 1[N]", "table(feet, \"left_*\": 1, \"*\": -0.5)", "(contact_forces[feet].z > 0.1[N])", "yaw(body_quat[feet])"],
    "points": ["body_pos / 1[m]", "contact_forces / 1[N]", "rotate(body_quat, [0.1, -0.2, 0.3])", "body_lin_vel / 1[m/s]",
               "rotate(root_quat, rotate_inverse(root_quat, body_pos)) / 1[m]", "(contact_forces > 0.2[N])"],
    "xyz": ["base_lin_vel / 1[m/s]", "projected_gravity", "[0.5, -1, 2]", "base_ang_vel / 1[rad/s]", "rotate_inverse(root_quat, root_pos) / 1[m]"],
}  # fmt: skip
FITTING = {"": [""], "points": ["", "bodies", "points"]}  # what may stand beside a value with these axes
UNARY = ["abs({})", "sign({})", "tanh({})", "sin({})", "exp(-abs({}))", "-{}", "({})^2", "floor({})", "relu({})", "sqrt(abs({}))", "log1p(abs({}))",
         "gauss({}, 0.7)", "laplace({}, 1.5)", "inverse({}, 2)", "deadband({}, 0.2)", "wrap_angle({})", "clip({}, -0.5, knob)", "mod({}, 0.8)",
         "smoothstep({}, -1, 1)", "({})", "tanh_kernel({}, 0.6)", "tolerance({}, -0.2, 0.3, margin=knob)",
         'tolerance({}, lower=0.1, margin=0.8, shape="reciprocal")', 'tolerance({}, upper=0.4, margin=1.5, shape="cosine", value_at_margin=0.2)',
         "triangle(mod({}, 1))", "half_sine(mod({}, 1))", "bezier_swing(mod({}, 1), 0.8)", "stance(mod({}, 1), 0.55, width=0.12)",
         "atan2({}, 0.7)", "asin(clip({}, -1, 1))", "cos({})"]  # fmt: skip
STATE = [
    "prev({})",
    "delta({})",
    "prev2({})",
    "ema({}, 0.1)",
    "integral({}) / 1[s]",
    "running_max({})",
    "running_min({})",
    "rate({} * (base_height / 1[m])) * 0.01[s]",
    "delta2({})",
    "potential({})",
    "mirror({})",
    "mirror(prev({}))",
]
RESTARTED = [
    "integral({}, reset_when={}) / 1[s]",
    "running_max({}, reset_when={})",
    "running_min({}, reset_when={})",
]
BINARY = [
    "({} + {})",
    "({} - {})",
    "{} * {}",
    "min({}, {})",
    "max({}, {})",
    "({}) / (1 + abs({}))",
    "lerp({}, {}, 0.3)",
    "atan2({}, 1 + abs({}))",
]
TESTS = ["{} > {}", "{} <= {}", "-1 < {} < {}"]
EVENTS = ["rising({})", "falling({})", "ever({})", "debounce({}, 2)", "prev({})", "not ({})", "mirror({})"]
COUNTS = ["timer({}) / 1[s]", "last_duration({}) / 1[s]", "steps({})", "timer(not ({})) / 1[s]"]
# What gives fewer axes: a form, and the axes of its parts.
NARROWED = {
    "pairs": [("left({})", "joints"), ("right({})", "joints")],
    "feet": [("({})[feet]", "bodies"), ("norm(({})[feet])", "points"), ("({})[bodies(\"*_foot\")].y", "points")],
    "bodies": [("norm({})", "points"), ("({}).z", "points"), ("sum({}, over=xyz)", "points"), ("max({}, over=xyz)", "points"),
               ("dot({}, {})", "points", "points"), ("std({}, over=xyz)", "points"), ("any(({}) > 0.4, over=xyz)", "points")],
    "xyz": [("rotate_inverse(root_quat, mean({}, over=bodies))", "points"), ("rotate_inverse(root_quat, max({}, over=bodies))", "points"),
            ("rotate_inverse(root_quat, sum({}, over=bodies, where={}))", "points", "condition"), ("cross({}, {})", "xyz", "xyz")],
}  # fmt: skip
REDUCE = ["sum({})", "mean({})", "max({})", "min({})", "std({})", "var({})", "prod(1 + 0.1*sin({}))"]


@st.composite
def number(draw: st.DrawFn, axes: str = "", depth: int = 3) -> str:
    """A number with these axes."""
    if depth <= 0:
        return draw(
            st.sampled_from(LEAVES[axes]) if axes else st.sampled_from([*LEAVES[""], "2", "0.5", "-1"])
        )
    how = draw(st.integers(0, 9 if axes else 13))
    one = lambda a=axes: draw(number(a, depth - 1))
    other = draw(st.sampled_from(FITTING.get(axes, ["", axes])))
    if how <= 2:
        return draw(st.sampled_from(UNARY)).format(f"({one()})")
    if how <= 4:
        first, second = f"({one()})", f"({one(other)})"
        return (
            draw(st.sampled_from(BINARY)).format(first, second)
            if draw(st.booleans())
            else draw(st.sampled_from(BINARY[:5])).format(second, first)
        )
    if how == 5:
        return f"where({draw(condition(other if axes != 'xyz' else '', depth - 1))}, {one()}, {one(other)})"
    if how == 6:
        if draw(st.integers(0, 3)) == 0:
            return draw(st.sampled_from(RESTARTED)).format(
                one(), draw(condition(other if axes != "xyz" else "", depth - 1))
            )
        return draw(st.sampled_from(STATE)).format(one())
    if how == 7 and axes != "xyz":
        return draw(st.sampled_from(COUNTS)).format(draw(condition(axes, depth - 1)))
    if how == 8:
        return f"sample({one()}, {draw(condition('', depth - 1))})"
    if axes in NARROWED and how == 9:
        form, *parts = draw(st.sampled_from(NARROWED[axes]))
        make = {"condition": lambda: condition("bodies", depth - 1)}
        return form.format(
            *(draw(make.get(part, lambda part=part: number(part, depth - 1))()) for part in parts)
        )
    if how == 9 or (axes and how == 7):
        return draw(st.sampled_from(LEAVES[axes]))
    inside = draw(st.sampled_from(["joints", "bodies", "xyz", "pairs", "feet", "points"]))
    x = draw(number(inside, depth - 1))
    if how == 10:
        return draw(st.sampled_from(REDUCE)).format(x)
    if how == 11 and inside == "points":
        return (
            f"max(norm({x}))" if draw(st.booleans()) else f"sum(dot({x}, {draw(number(inside, depth - 1))}))"
        )
    if how == 11:
        return f"norm({x})" if draw(st.booleans()) else f"dot({x}, {draw(number(inside, depth - 1))})"
    if inside == "xyz":
        return f"({x}).{draw(st.sampled_from('xyz'))}"
    if how == 12:
        return f"{draw(st.sampled_from(['sum', 'mean']))}({x}, where={draw(condition(inside, depth - 1))})"
    return f"count({draw(condition(inside, depth - 1))})"


@st.composite
def condition(draw: st.DrawFn, axes: str = "", depth: int = 2) -> str:
    """A bool with these axes."""
    compare = draw(st.sampled_from(TESTS)).format(
        f"({draw(number(axes, depth - 1))})", f"({draw(number('', depth - 1))})"
    )
    if depth <= 0:
        return compare
    how = draw(st.integers(0, 4))
    if how == 0:
        return draw(st.sampled_from(EVENTS)).format(draw(condition(axes, depth - 1)))
    if how == 1:
        word = draw(st.sampled_from(["and", "or"]))
        return f"({draw(condition(axes, depth - 1))}) {word} ({draw(condition('', depth - 1))})"
    if how == 2 and not axes:
        inside = draw(st.sampled_from(["joints", "bodies", "feet", "points"]))
        return f"{draw(st.sampled_from(['any', 'all']))}({draw(condition(inside, depth - 1))})"
    return compare


@st.composite
def spec(draw: st.DrawFn) -> str:
    """A whole file: a param, a definition that is used twice, a function, a few terms, a termination."""
    head = ["param knob = 0.4 in [0, 1]", f"shared = {draw(number('', 2))}", f"twice(x) = x + {draw(number('', 1))} * mirror(x)",
            f"terminate odd when {_early(draw(condition('', 2)))}"]  # fmt: skip
    terms = [
        f"{draw(st.sampled_from(['0.5 * ', '-2 * ', 'knob * ', '']))}({draw(number('', 3))}) * 1"
        for _ in range(draw(st.integers(1, 3)))
    ]
    terms += ["shared * shared", "3 * twice(shared)"]
    rows = [f"  + ({term}) as t{i}" for i, term in enumerate(terms)]
    return "\n".join([*head, "reward =", *rows]) + "\n"


def _early(text: str) -> str:
    """A condition of a termination: it reads nothing that comes later in a step."""
    for late, early in (("alive", "(heading > 0)"), ("time_out", "(heading < 1)"), ("potential", "delta")):
        text = text.replace(late, early)
    return text
