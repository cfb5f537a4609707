"""Further terms: reaching, grasping, lifting, placing, inserting, turning in the hand. The scene comes from the host."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, angle, euler, norm, qmul, rot, sq, ss, unrot, wrap

TABLE: List[Row] = []
row = rows_of(TABLE)
POINT = Host("xyz; m; world", [0.4, 0, 0.1], 0.12)
SPEED = Host("xyz; m/s; world", 0, 0.4)
ROTATION = Host("rotation;; body->world")
FLAG = Host("bool")
tanh_reach = lambda a, b, k: 1 - np.tanh(k * norm(a - b))


def hamacher(a, b):
    d = a + b - a * b
    return np.where(d > 0, a * b / np.where(d > 0, d, 1), 0)


def tail(x, upper, margin):
    """dm_control's long_tail tolerance above a bound, 0.1 at the margin."""
    return np.where(x <= upper, 1, 1 / (sq((x - upper) / margin * 3) + 1))


HAMACHER = "hamacher(a, b) = where(a + b - a * b > 0, a * b / (a + b - a * b), 0)\n"


@row("pick_cube", "ManiSkill", "reach + grasped + place*grasped + static*placed, 5 on success", """
success lifted when placed and norm(dof_vel) < 12
reach = 1 - tanh(5 * distance(cube, tcp))
place = 1 - tanh(5 * distance(goal, cube))
static = 1 - tanh(0.1 * norm(dof_vel))
reward = reach + grasped + place * grasped + static * placed
total = where(lifted, 5, reward)
""", cube=POINT, tcp=POINT, goal=POINT, grasped=FLAG, placed=FLAG)  # fmt: skip
def _(s):
    r = (
        tanh_reach(s.cube, s.tcp, 5)
        + s.grasped
        + tanh_reach(s.goal, s.cube, 5) * s.grasped
        + (1 - np.tanh(0.1 * norm(s.qd))) * s.placed
    )
    return np.where(s.placed & (norm(s.qd) < 12), 5, r)


@row("stack_cube", "ManiSkill", "staged: reach, 4 + place, 6 + (ungrasp + static)/2, 8", """
side = 0.04[m]
goal = cube_b + [0, 0, side]
reach = 2 * (1 - tanh(5 * distance(tcp, cube_a)))
place = 1 - tanh(5 * distance(goal, cube_a))
static = 1 - tanh(norm(cube_vel) * 10[s/m] + norm(cube_spin) * 1[s/rad])
offset = cube_a - cube_b
on_top = norm(offset.xy) <= 0.1[m] and abs(offset.z - side) <= 0.05[m]
opening = where(grasped, opened / 0.08[m], 1)
done = on_top and norm(cube_vel) < 0.4[m/s] and not grasped
where(done, 8, where(on_top, 6 + (opening + static) / 2, where(grasped, 4 + place, reach))) as stacked
""", cube_a=POINT, cube_b=POINT, tcp=POINT, cube_vel=SPEED, cube_spin=Host("xyz; rad/s; world", 0, 0.5), grasped=FLAG, opened=Host("; m", 0.04, 0.04))  # fmt: skip
def _(s):
    goal = s.cube_b + [0, 0, 0.04]
    static = 1 - np.tanh(norm(s.cube_vel) * 10 + norm(s.cube_spin))
    off = s.cube_a - s.cube_b
    top = (norm(off[:, :2]) <= 0.1) & (np.abs(off[:, 2] - 0.04) <= 0.05)
    r = 2 * tanh_reach(s.tcp, s.cube_a, 5)
    r = np.where(s.grasped, 4 + tanh_reach(goal, s.cube_a, 5), r)
    r = np.where(top, 6 + (np.where(s.grasped, s.opened / 0.08, 1) + static) / 2, r)
    return np.where(top & (norm(s.cube_vel) < 0.4) & ~s.grasped, 8, r)


@row("push_t", "ManiSkill", "((cos(dyaw) + 1)/2)^2/2 + (1 - tanh(5 d))^2/2 + sqrt(1 - tanh(5 d_tcp))/20", """
turned = cos(yaw(tee_quat) - 1.2)
reward =
    ((turned + 1) / 2)^2 / 2
  + (1 - tanh(5 * distance(tee.xy, goal.xy)))^2 / 2 as near
  + sqrt(1 - tanh(5 * distance(tee, tcp))) / 20 as touching
""", tee=POINT, goal=POINT, tcp=POINT, tee_quat=ROTATION)  # fmt: skip
def _(s):
    c = np.cos(euler(s.tee_quat)[2] - 1.2)
    return (
        sq((c + 1) / 2) / 2
        + sq(1 - np.tanh(5 * norm((s.tee - s.goal)[:, :2]))) / 2
        + np.sqrt(tanh_reach(s.tee, s.tcp, 5)) / 20
    )


@row("peg_insertion_side", "ManiSkill", "3(1 - tanh(.5(a + b) + 4.5 max(a, b))), a, b = yz distances in the hole's frame", """
head = rotate_inverse(hole_quat, peg_head - hole)
middle = rotate_inverse(hole_quat, peg - hole)
a = norm(head.yz)
b = norm(middle.yz)
grasped * 3 * (1 - tanh(0.5 * (a + b) + 4.5 * max(a, b))) + 5 * (1 - tanh(5 * norm(head))) * (grasped and a < 0.1 and b < 0.1) as insert
""", peg=POINT, peg_head=POINT, hole=POINT, hole_quat=ROTATION, grasped=FLAG)  # fmt: skip
def _(s):
    head, mid = unrot(s.hole_quat, s.peg_head - s.hole), unrot(s.hole_quat, s.peg - s.hole)
    a, b = norm(head[:, 1:]), norm(mid[:, 1:])
    return s.grasped * 3 * (1 - np.tanh(0.5 * (a + b) + 4.5 * np.maximum(a, b))) + 5 * (
        1 - np.tanh(5 * norm(head))
    ) * (s.grasped & (a < 0.1) & (b < 0.1))


@row("pull_cube", "ManiSkill", "reach behind the cube + place*reached", """
behind = cube + [0.02 + 2 * 0.005, 0, 0]
d = distance(behind, tcp)
(1 - tanh(5 * d)) + (1 - tanh(5 * distance(cube.xy, goal.xy))) * (d < 0.1) as pull
""", cube=POINT, tcp=POINT, goal=POINT)  # fmt: skip
def _(s):
    d = norm(s.cube + [0.03, 0, 0] - s.tcp)
    return 1 - np.tanh(5 * d) + (1 - np.tanh(5 * norm((s.cube - s.goal)[:, :2]))) * (d < 0.1)


@row("roll_ball", "ManiSkill", "20 near*latched + reach*(1 - latched) + latched", """
hit = ball + normalize(ball - goal) * (0.035 + 0.05)
d = distance(hit, tcp)
reached = ever(d < 0.15)
20 * (1 - tanh(distance(ball.xy, goal.xy) / 1[m])) * reached + (1 - tanh(2 * d)) * (1 - reached) + reached
""", ball=POINT, goal=POINT, tcp=POINT)  # fmt: skip
def _(s, m):
    away = s.ball - s.goal
    d = norm(s.ball + away / norm(away)[:, None] * 0.085 - s.tcp)
    m["reached"] = m("reached", np.zeros(len(d), bool)).astype(bool) | (d < 0.15)
    r = m.kept["reached"]
    return 20 * (1 - np.tanh(norm((s.ball - s.goal)[:, :2]))) * r + (1 - np.tanh(2 * d)) * ~r + r


@row("lift_peg_upright", "ManiSkill", "abs(dot(R x, z)) + 1 - tanh(5 dz) + reach/5, 1 if grasped", """
reward =
    abs(dot(rotate(peg_quat, [1, 0, 0]), [0, 0, 1])) as turn
  + 1 - tanh(5 * abs(peg.z - 0.1)) as height
  + where(grasped, 1, 1 - tanh(5 * distance(peg, tcp))) / 5 as reach
""", peg=POINT, tcp=POINT, peg_quat=ROTATION, grasped=FLAG)  # fmt: skip
def _(s):
    return (
        np.abs(rot(s.peg_quat, [1.0, 0, 0])[:, 2])
        + 1
        - np.tanh(5 * np.abs(s.peg[:, 2] - 0.1))
        + np.where(s.grasped, 1, tanh_reach(s.peg, s.tcp, 5)) / 5
    )


@row("rotate_valve", "ManiSkill", "1 - tanh(10 |tip distances - wanted|) + 4 tanh(5 qd) + clip(angle/2pi, -1, 1)", """
apart = distance(tips.xy, valve.xy)
1 - tanh(10 * norm(apart - 0.1)) as circle
+ 4 * tanh(5 * valve_speed) as spin
+ clip(valve_angle / pi / 2, -1, 1) as progress_made
""", tips=Host("fingers=3 xyz; m; world", [0.4, 0, 0.1], 0.15), valve=POINT, valve_speed=Host("; rad/s", 0, 0.4), valve_angle=Host("; rad", 0, 5.0))  # fmt: skip
def _(s):
    e = norm(norm((s.tips - s.valve[:, None])[..., :2]) - 0.1)
    return 1 - np.tanh(10 * e) + 4 * np.tanh(5 * s.valve_speed) + np.clip(s.valve_angle / np.pi / 2, -1, 1)


@row("rotate in hand", "ManiSkill", "mean over fingers of clip(0.1/(0.02 + 4 d), 0, 1)", "mean(clip(0.1 / (0.02 + 4 * distance(tips, cube)), 0, 1))",
     tips=Host("fingers=4 xyz; m; world", [0.4, 0, 0.1], 0.1), cube=POINT)  # fmt: skip
def _(s):
    return np.clip(0.1 / (0.02 + 4 * norm(s.tips - s.cube[:, None])), 0, 1).mean(1)


@row("two_robot_stack_cube reach", "ManiSkill", "((1 - tanh 5a) + (1 - tanh 5b))/2, and leaving the line y = 0.2", """
push = cube_b + [0, 0.025, 0]
(1 - tanh(5 * distance(left_tcp, cube_a)) + 1 - tanh(5 * distance(push, right_tcp))) / 2 + (1 - tanh(5 * abs(right_tcp.y - 0.2))) as two
""", cube_a=POINT, cube_b=POINT, left_tcp=POINT, right_tcp=POINT)  # fmt: skip
def _(s):
    return (
        (tanh_reach(s.left_tcp, s.cube_a, 5) + tanh_reach(s.cube_b + [0, 0.025, 0], s.right_tcp, 5)) / 2
        + 1
        - np.tanh(5 * np.abs(s.right_tcp[:, 1] - 0.2))
    )


@row("open_cabinet_drawer", "ManiSkill", "reach (2 once it moves) + 2(1 - share left), 3 when open", """
left_over = (0.3[m] - drawer) / 0.3[m]
where(left_over < 0.999, 2, 1 - tanh(5 * distance(tcp, handle))) + where(left_over < 0.1, 3, 2 * (1 - left_over)) as opening
""", tcp=POINT, handle=POINT, drawer=Host("; m", 0.15, 0.2))  # fmt: skip
def _(s):
    left = (0.3 - s.drawer) / 0.3
    return np.where(left < 0.999, 2, tanh_reach(s.tcp, s.handle, 5)) + np.where(left < 0.1, 3, 2 * (1 - left))


@row("lift", "robosuite", "2.25 on success, else 1 - tanh(10 d) + 0.25 grasped; scaled", """
success raised when cube.z > 0.15[m]
reward = 1 - tanh(10 * distance(tcp, cube)) as reach + 0.25 * grasped
total = where(raised, 2.25, reward) / 2.25
""", cube=POINT, tcp=POINT, grasped=FLAG)  # fmt: skip
def _(s):
    return np.where(s.cube[:, 2] > 0.15, 2.25, tanh_reach(s.tcp, s.cube, 10) + 0.25 * s.grasped) / 2.25


@row("stack", "robosuite", "max(reach, lift, stack)", """
up = cube_a.z > 0.1[m]
reach = (1 - tanh(10 * distance(tcp, cube_a))) * 0.25 + 0.25 * grasped
lift = up * (1 + 0.5 * tanh_kernel(distance(cube_a.xy, cube_b.xy), 1))
stack = 2 * (not grasped and up and touching)
max(reach, lift, stack)
""", cube_a=POINT, cube_b=POINT, tcp=POINT, grasped=FLAG, touching=FLAG)  # fmt: skip
def _(s):
    up = s.cube_a[:, 2] > 0.1
    reach = tanh_reach(s.tcp, s.cube_a, 10) * 0.25 + 0.25 * s.grasped
    lift = up * (1 + 0.5 * (1 - np.tanh(norm((s.cube_a - s.cube_b)[:, :2]))))
    return np.maximum(np.maximum(reach, lift), 2.0 * (~s.grasped & up & s.touching))


@row("pick_place", "robosuite", "max of reach, grasp, lift, hover over the objects not in a bin yet", """
left_over = not in_bin
reach = where(any(left_over), (1 - tanh(10 * min(where(left_over, distance(tcp, objects), 100)))) * 0.1, 0)
grasp = 0.35 * grasped
short = max(0.3[m] - objects.z, 0)
lift = where(grasped and any(left_over), 0.35 + (1 - tanh(15 * min(where(left_over, short, 100)))) * 0.15, 0)
above = abs(objects.x - bins.x) < 0.1 and abs(objects.y - bins.y) < 0.1
hover = where(above, 0.5, lift) + (1 - tanh(10 * distance(bins.xy, objects.xy))) * 0.2
count(in_bin) + max(reach, grasp, lift, max(where(left_over, hover, 0)))
""", tcp=POINT, objects=Host("things=4 xyz; m; world", [0.4, 0, 0.1], 0.15), bins=Host("things=4 xyz; m; world", [0.4, 0, 0.1], 0.15), in_bin=Host("bool things=4"), grasped=FLAG)  # fmt: skip
def _(s):
    out = []
    for i in range(len(s.grasped)):
        act = ~s.in_bin[i]
        reach = lift = hover = 0.0
        if act.any():
            reach = (1 - np.tanh(10 * norm(s.tcp[i] - s.objects[i, act]).min())) * 0.1
            if s.grasped[i]:
                lift = 0.35 + (1 - np.tanh(15 * np.maximum(0.3 - s.objects[i, act, 2], 0).min())) * 0.15
            d = (s.objects[i] - s.bins[i])[act, :2]
            over = (np.abs(d) < 0.1).all(1)
            hover = (np.where(over, 0.5, lift) + (1 - np.tanh(10 * norm(d))) * 0.2).max()
        out.append(s.in_bin[i].sum() + max(reach, 0.35 * s.grasped[i], lift, hover))
    return np.array(out)


@row("door", "robosuite", ".25(1 - tanh 10 d) + clip(.25 abs(q/(pi/2)), -.25, .25), 1 if open", """
success opened when hinge > 0.3[rad]
reward = 0.25 * (1 - tanh(10 * distance(tcp, handle))) as reach + clip(0.25 * abs(latch / (0.5 * pi)), -0.25, 0.25) as turn
total = where(opened, 1, reward)
""", tcp=POINT, handle=POINT, latch=Host("; rad", 0, 2.0), hinge=Host("; rad", 0.1, 0.4))  # fmt: skip
def _(s):
    return np.where(
        s.hinge > 0.3,
        1,
        0.25 * tanh_reach(s.tcp, s.handle, 10) + np.clip(0.25 * np.abs(s.latch / (0.5 * np.pi)), -0.25, 0.25),
    )


@row("two_arm_lift", "robosuite", "10*upright*clip(h - .05, 0, .15) + reaches and grasps", """
straight = rotate(pot_quat, [0, 0, 1]).z >= cos(pi / 6)
reward =
    10 * straight * clip(pot.z - 0.05[m], 0, 0.15)
  + 0.25 * count(gripped) + 0.5 * sum(1 - tanh(10 * distance(hands_at, handles))) as arms
""", pot=POINT, pot_quat=ROTATION, gripped=Host("bool sides=2"), hands_at=Host("sides=2 xyz; m; world", 0, 0.1), handles=Host("sides=2 xyz; m; world", 0, 0.1))  # fmt: skip
def _(s):
    ok = rot(s.pot_quat, [0, 0, 1.0])[:, 2] >= np.cos(np.pi / 6)
    return (
        10 * ok * np.clip(s.pot[:, 2] - 0.05, 0, 0.15)
        + 0.25 * s.gripped.sum(1)
        + 0.5 * tanh_reach(s.hands_at, s.handles, 10).sum(1)
    )


@row("two_arm_peg_in_hole", "robosuite", "1 - tanh(d) + 1 - tanh(perpendicular) + 1 - tanh(abs(t)) + cos", """
axis = rotate(hole_quat, [0, 0, 1])
t = dot(peg - hole, axis)
perpendicular = norm(peg - hole - t * axis)
aligned = abs(dot(axis, rotate(peg_quat, [0, 0, 1])))
tanh_kernel(distance(peg, hole), 1) as reach + tanh_kernel(perpendicular, 1) as line + tanh_kernel(t, 1) as depth + aligned
""", peg=POINT, hole=POINT, peg_quat=ROTATION, hole_quat=ROTATION)  # fmt: skip
def _(s):
    axis, r = rot(s.hole_quat, [0, 0, 1.0]), s.peg - s.hole
    t = (r * axis).sum(-1)
    return (3 - np.tanh(norm(r)) - np.tanh(norm(r - t[:, None] * axis)) - np.tanh(np.abs(t))
            + np.abs((axis * rot(s.peg_quat, [0, 0, 1.0])).sum(-1)))  # fmt: skip


@row("wipe", "robosuite", "50 new markers + multiplier(1 - tanh(5 d)) + contact - force beyond the limit", """
new = count(rising(wiped))
remaining = mean(markers, over=dirt, where=not wiped)
press = norm(ee_force)
reward =
    50 * new
  + 5 * (1 - tanh(5 * distance(remaining, tcp))) * any(not wiped) as near
  + 0.01 * touching - 0.05 * press * (press > 30[N]) as hard
  + (0.01 + 0.01 * press / 1[N]) * (5[N] < press <= 30[N]) as pressing
""", wiped=Host("bool dirt=5"), markers=Host("dirt=5 xyz; m; world", [0.4, 0, 0.1], 0.2), tcp=POINT, ee_force=Host("xyz; N; world", 0, 30.0), touching=FLAG)  # fmt: skip
def _(s):
    new = (s.wiped & ~s.last.wiped).sum(1)
    left = ~s.wiped
    mid = (s.markers * left[..., None]).sum(1) / np.maximum(left.sum(1), 1)[:, None]
    f = norm(s.ee_force)
    return (50.0 * new + 5 * tanh_reach(mid, s.tcp, 5) * left.any(1) + 0.01 * s.touching - 0.05 * f * (f > 30)
            + (0.01 + 0.01 * f) * ((f > 5) & (f <= 30)))  # fmt: skip


@row("peg-insertion-side", "Meta-World", "Hamacher product of grasp and long-tailed placing, scaled axes", HAMACHER + """
d = norm((peg_head - goal) * [1, 2, 2])
start = norm((sample(peg_head, episode_step == 0) - goal) * [1, 2, 2])
in_place = tolerance(d, 0, 0.07, start, "long_tail")
where(d <= 0.07, 10, hamacher(grasp, in_place)) as insertion
""", peg_head=POINT, goal=Host("xyz; m; world", [0.1, 0, 0.1], 0.1), grasp=Host("; 1", 0.5, 0.5))  # fmt: skip
def _(s, m):
    k = np.array([1, 2, 2.0])
    m["head"] = m("head", s.last.peg_head)
    d, start = norm((s.peg_head - s.goal) * k), norm((m.kept["head"] - s.goal) * k)
    return np.where(d <= 0.07, 10, hamacher(s.grasp, tail(d, 0.07, start)))


@row("door-lock", "Meta-World", "2 hamacher(opened, near) + 8 pressed", HAMACHER + """
near = tolerance(norm((lock - tcp) * [0.25, 1, 0.5]), 0, 0.01, 0.3, "long_tail")
pressed = tolerance(abs(target_z - lock.z), 0, 0.005, 0.1, "long_tail")
2 * hamacher(max(opened, 0), near) + 8 * pressed
""", lock=POINT, tcp=POINT, opened=Host("; 1", 0.4, 0.6), target_z=Host("; m", 0.05, 0.05))  # fmt: skip
def _(s):
    near = tail(norm((s.lock - s.tcp) * [0.25, 1, 0.5]), 0.01, 0.3)
    return 2 * hamacher(np.maximum(s.opened, 0), near) + 8 * tail(
        np.abs(s.target_z - s.lock[:, 2]), 0.005, 0.1
    )


@row("gripper_caging_reward", "Meta-World", "two tolerances per pad with a margin that moves, joined by Hamacher products", HAMACHER + """
pads = [left_pad.y, right_pad.y]
apart = abs(pads - cube.y)
margin = abs(abs(pads - cube_start.y) - 0.05)
caging = tolerance(apart, 0.015, 0.05, margin, "long_tail")
caging_y = hamacher(caging.x, caging.y)
caging_xz = tolerance(distance(tcp.xz, cube.xz), 0, 0.005, 0.25, "long_tail")
caged = hamacher(caging_y, caging_xz)
gripping = where(caged > 0.5, clip(grip, 0, 1), 0)
(hamacher(caged, gripping) + caged) / 2
""", left_pad=POINT, right_pad=POINT, cube=POINT, cube_start=POINT, tcp=POINT, grip=Host("; 1", 0.5, 0.6))  # fmt: skip
def _(s):
    pads = np.stack((s.left_pad[:, 1], s.right_pad[:, 1]), -1)
    x = np.abs(pads - s.cube[:, 1:2])
    margin = np.abs(np.abs(pads - s.cube_start[:, 1:2]) - 0.05)
    outside = np.maximum(np.maximum(0.015 - x, x - 0.05), 0)
    lr = np.where(outside <= 0, 1, 1 / (sq(outside / margin * 3) + 1))
    xz = tail(norm((s.tcp - s.cube)[:, [0, 2]]), 0.005, 0.25)
    caged = hamacher(hamacher(lr[:, 0], lr[:, 1]), xz)
    return (hamacher(caged, np.where(caged > 0.5, np.clip(s.grip, 0, 1), 0)) + caged) / 2


@row("rect_prism_tolerance", "Meta-World", "product of shares inside a box, 1 outside", """
share = (peg_head - corner) / (far_corner - corner)
inside = all(0 <= share <= 1)
where(inside, prod(share), 1) as collision
""", peg_head=POINT, corner=Host("xyz; m; world", [0.25, -0.15, -0.1], 0.02), far_corner=Host("xyz; m; world", [0.55, 0.15, 0.3], 0.02))  # fmt: skip
def _(s):
    share = (s.peg_head - s.corner) / (s.far_corner - s.corner)
    return np.where(((share >= 0) & (share <= 1)).all(1), share.prod(1), 1)


@row(
    "reward_quat",
    "Meta-World hammer",
    "max(1 - |q - q*|_1-ish/0.4, 0) by the angle between",
    "max(1 - quat_error(hammer_quat, axis_angle([0, 0, 1], 0)) / 2, 0)",
    hammer_quat=ROTATION,
)
def _(s):
    return np.maximum(1 - angle(s.hammer_quat, np.array([0, 0, 0, 1.0])) / 2, 0)


@row("adroit hammer", "Gymnasium-Robotics", "-|palm - hammer|.. + 2 lifted + 25, 75 near the nail", """
far = distance(nail, goal)
reward =
    0.1 * distance(palm, hammer)
  - distance(head, nail)
  - 10 * far as nailing
  - 1e-2 * norm(dof_vel) as speed
  + 2 * (hammer.z > 0.04[m] and head.z > 0.04[m]) as lifted
  + 25 * (far < 0.12[m]) as close
  + 75 * (far < 0.06[m]) as done
""", palm=POINT, hammer=POINT, head=POINT, nail=POINT, goal=POINT)  # fmt: skip
def _(s):
    far = norm(s.nail - s.goal)
    return (0.1 * norm(s.palm - s.hammer) - norm(s.head - s.nail) - 10 * far - 1e-2 * norm(s.qd)
            + 2 * ((s.hammer[:, 2] > 0.04) & (s.head[:, 2] > 0.04)) + 25 * (far < 0.12) + 75 * (far < 0.06))  # fmt: skip


@row("adroit pen", "Gymnasium-Robotics", "-d + dot(o, o*) + bonuses - 5 dropped", """
o = (tip - tail_end) / 0.15
wanted = (goal_tip - goal_tail) / 0.15
d = distance(pen, goal)
alike = dot(o, wanted)
reward = -d + alike + 10 * (d < 0.12 and alike > 0.3) as near - 5 * (pen.z < 0.075[m]) as dropped
""", pen=POINT, goal=POINT, tip=POINT, tail_end=POINT, goal_tip=POINT, goal_tail=POINT)  # fmt: skip
def _(s):
    alike = ((s.tip - s.tail_end) / 0.15 * (s.goal_tip - s.goal_tail) / 0.15).sum(-1)
    d = norm(s.pen - s.goal)
    return -d + alike + 10 * ((d < 0.12) & (alike > 0.3)) - 5 * (s.pen[:, 2] < 0.075)


@row("adroit door", "Gymnasium-Robotics", "0.1|palm - handle| - 0.1(q - 1.57)^2 - 1e-5 |qd|^2 + bonuses", """
reward =
    0.1 * distance(palm, handle)
  - 0.1 * (hinge - 1.57)^2
  - 1e-5 * sum(dof_vel^2)
  + 2 * (hinge > 0.2) + 8 * (hinge > 1.0) + 10 * (hinge > 1.35)
""", palm=POINT, handle=POINT, hinge=Host("; rad", 0.7, 0.9))  # fmt: skip
def _(s):
    q = s.hinge
    return (
        0.1 * norm(s.palm - s.handle)
        - 0.1 * sq(q - 1.57)
        - 1e-5 * ss(s.qd)
        + 2.0 * (q > 0.2)
        + 8.0 * (q > 1)
        + 10.0 * (q > 1.35)
    )


@row("adroit relocate", "Gymnasium-Robotics", "0.1|palm - ball| + lifted*(1 - .5|palm - goal| - .5|ball - goal|) + bonuses", """
lifted = ball.z > 0.08[m]
off = distance(ball, goal)
0.1 * distance(palm, ball) + lifted * 1 + lifted * (-0.5 * distance(palm, goal) - 0.5 * off) as carrying + 10 * (off < 0.2) + 20 * (off < 0.1)
""", palm=POINT, ball=POINT, goal=POINT)  # fmt: skip
def _(s):
    up, off = s.ball[:, 2] > 0.08, norm(s.ball - s.goal)
    return (
        0.1 * norm(s.palm - s.ball)
        + up * (1 - 0.5 * norm(s.palm - s.goal) - 0.5 * off)
        + 10.0 * (off < 0.2)
        + 20.0 * (off < 0.1)
    )


@row(
    "fetch sparse",
    "Gymnasium-Robotics",
    "-(d > th)",
    "reward = -(distance(achieved, goal) > 0.15[m])\n",
    achieved=POINT,
    goal=POINT,
)
def _(s):
    return -(norm(s.achieved - s.goal) > 0.15).astype(float)


@row(
    "object_ee_distance",
    "Isaac Lab dexsuite",
    "1 - tanh(max over bodies of the distance/std)",
    "1 - tanh(max(distance(fingertips, cube)) / 0.4)",
    fingertips=Host("fingers=4 xyz; m; world", [0.4, 0, 0.1], 0.1),
    cube=POINT,
)
def _(s):
    return 1 - np.tanh(norm(s.fingertips - s.cube[:, None]).max(1) / 0.4)


@row("contacts gate", "Isaac Lab dexsuite", "thumb and any other finger pressing", """
press = norm(tip_forces) > 1[N]
good = press["thumb"] and any(press["*", "!thumb"])
(1 - tanh(distance(cube, rotate(root_quat, goal_b) + root_pos) / 0.8)) * good as held
""", tip_forces=Host("digits=thumb,index,middle,ring xyz; N; world", 0.6, 1.5), cube=POINT, goal_b=Host("xyz; m; base", 0.2, 0.2))  # fmt: skip
def _(s):
    press = norm(s.tip_forces) > 1
    good = press[:, 0] & press[:, 1:].any(1)
    return (1 - np.tanh(norm(s.cube - rot(s.root, s.goal_b) - s.x) / 0.8)) * good


@row("success_reward", "Isaac Lab dexsuite", "(1 - tanh(d/std))*(1 - tanh(angle/std))", "tanh_kernel(distance(cube, goal), 0.2) * tanh_kernel(quat_error(quat_multiply(root_quat, goal_turn), cube_quat), 1)",
     cube=POINT, goal=POINT, goal_turn=Host("rotation;; body->base"), cube_quat=ROTATION)  # fmt: skip
def _(s):
    return tanh_reach(s.cube, s.goal, 5) * (1 - np.tanh(angle(qmul(s.root, s.goal_turn), s.cube_quat)))


@row("object_is_lifted", "Isaac Lab lift", "1[z > h]", "15 * (cube.z > 0.1)", cube=POINT)
def _(s):
    return 15 * (s.cube[:, 2] > 0.1)


@row("object_goal_distance", "Isaac Lab lift", "1[z > h]*(1 - tanh(d/std)), goal in the robot's frame", """
goal = root_pos + rotate(root_quat, goal_b)
(cube.z > 0.1) * (1 - tanh(distance(goal, cube) / 0.9))
""", cube=POINT, goal_b=Host("xyz; m; base", 0.2, 0.2))  # fmt: skip
def _(s):
    return (s.cube[:, 2] > 0.1) * (1 - np.tanh(norm(s.x + rot(s.root, s.goal_b) - s.cube) / 0.9))


@row("position_command_error", "Isaac Lab reach", "-0.2 d + 0.1(1 - tanh(d/std)) - 0.1 angle", """
goal = root_pos + rotate(root_quat, goal_b)
d = distance(body_pos["left_foot"], goal)
reward = -0.2 * d + 0.1 * (1 - tanh(d / 0.5)) as fine - 0.1 * quat_error(body_quat["left_foot"], quat_multiply(root_quat, goal_turn)) as turn
""", goal_b=Host("xyz; m; base", 0.2, 0.2), goal_turn=Host("rotation;; body->base"))  # fmt: skip
def _(s):
    i = s.b("left_foot")
    d = norm(s.p[:, i] - s.x - rot(s.root, s.goal_b))
    return -0.2 * d + 0.1 * (1 - np.tanh(d / 0.5)) - 0.1 * angle(s.R[:, i], qmul(s.root, s.goal_turn))


@row(
    "staged_position_reward",
    "mjlab",
    "reach*(1 + bring), Gaussian",
    "gauss(distance(tcp, cube), 0.2) * (1 + gauss(distance(goal, cube), 0.3))",
    tcp=POINT,
    cube=POINT,
    goal=POINT,
)
def _(s):
    return np.exp(-ss(s.tcp - s.cube) / 0.04) * (1 + np.exp(-ss(s.goal - s.cube) / 0.09))


@row("keypoint logistic kernel", "IsaacGymEnvs trifinger", "mean 1/(exp(30 d) + 2 + exp(-30 d)) over keypoints", """
logistic(x, scale) = 1 / (exp(x * scale) + 2 + exp(-x * scale))
at = cube + rotate(cube_quat, corners)
wanted = goal + rotate(goal_quat, corners)
100 * mean(logistic(distance(at, wanted) / 1[m], 10))
""", cube=POINT, cube_quat=ROTATION, goal=POINT, goal_quat=ROTATION, corners=Host("keypoints=8 xyz; m; body", 0, 0.05))  # fmt: skip
def _(s):
    place = lambda p, q: p[:, None] + rot(q[:, None] + 0 * s.corners[..., :1], s.corners)
    d = norm(place(s.cube, s.cube_quat) - place(s.goal, s.goal_quat))
    return 100 * (1 / (np.exp(10 * d) + 2 + np.exp(-10 * d))).mean(1)


@row(
    "object rotation",
    "IsaacGymEnvs trifinger",
    "dt/(3 abs(angle) + 0.01)",
    "dt / (3 * abs(quat_error(cube_quat, goal_quat)) + 0.01)",
    cube_quat=ROTATION,
    goal_quat=ROTATION,
)
def _(s):
    return s.dt / (3 * angle(s.cube_quat, s.goal_quat) + 0.01)


@row("cube stack", "IsaacGymEnvs franka_cube_stack", "16 if stacked, else .1 max(d, align) + 1.5 lifted + 2 align", """
near = 1 - tanh(10 * (distance(cube_a, tcp) + distance(cube_a, left_finger) + distance(cube_a, right_finger)) / 3)
height = cube_a.z - 0.02[m]
lifted = height - 0.05[m] > 0.04[m]
align = (1 - tanh(10 * norm(cube_b - cube_a + [0, 0, 0.06]))) * lifted
stacked = distance(cube_a.xy, cube_b.xy) < 0.1 and abs(height - 0.1) < 0.05 and distance(tcp, cube_a) > 0.04
where(stacked, 16, 0.1 * max(near, align) + 1.5 * lifted + 2 * align) as stack
""", cube_a=POINT, cube_b=POINT, tcp=POINT, left_finger=POINT, right_finger=POINT)  # fmt: skip
def _(s):
    d = norm(s.cube_a - s.tcp)
    near = 1 - np.tanh(10 * (d + norm(s.cube_a - s.left_finger) + norm(s.cube_a - s.right_finger)) / 3)
    h = s.cube_a[:, 2] - 0.02
    up = h - 0.05 > 0.04
    align = (1 - np.tanh(10 * norm(s.cube_b - s.cube_a + [0, 0, 0.06]))) * up
    done = (norm((s.cube_a - s.cube_b)[:, :2]) < 0.1) & (np.abs(h - 0.1) < 0.05) & (d > 0.04)
    return np.where(done, 16, 0.1 * np.maximum(near, align) + 1.5 * up + 2 * align)


@row("hand reorientation", "IsaacGymEnvs shadow_hand", "-10 d + 1/(abs(angle) + .1) - 2e-4 |a|^2 + 250 reached, -50 far", """
d = distance(cube, palm)
turn = quat_error(cube_quat, goal_quat)
reward = -10 * d + 1 / (abs(turn) + 0.1) as turn_it - 2e-4 * sum(actions^2) as effort + 250 * (turn <= 0.6) as bonus
total = where(d >= 0.24, reward - 50, reward)
""", cube=POINT, palm=POINT, cube_quat=ROTATION, goal_quat=ROTATION)  # fmt: skip
def _(s):
    d, a = norm(s.cube - s.palm), angle(s.cube_quat, s.goal_quat)
    r = -10 * d + 1 / (a + 0.1) - 2e-4 * ss(s.a) + 250 * (a <= 0.6)
    return np.where(d >= 0.24, r - 50, r)


@row("spin about an axis", "HORA, leap rotate", "clip(w about z by difference of poses, -.5, .5)", """
spin = wrap_angle(delta(yaw(cube_quat))) / dt
clip(spin, -0.5, 0.5) - 0.3 * sum(abs(rate(cube))) as still
""", cube=POINT, cube_quat=ROTATION)  # fmt: skip
def _(s):
    spin = wrap(euler(s.cube_quat)[2] - euler(s.last.cube_quat)[2]) / s.dt
    return np.clip(spin, -0.5, 0.5) - 0.3 * np.abs((s.cube - s.last.cube) / s.dt).sum(1)


@row(
    "work penalty",
    "HORA",
    "-(sum tau*qd)^2 and -|q - q_init|^2",
    "reward = -1e-6 * sum(torques * dof_vel)^2 - 0.4 * sum((dof_pos - default_dof_pos)^2) as pose\n",
)
def _(s):
    return -1e-6 * sq((s.tau * s.qd).sum(1)) - 0.4 * ss(s.q - s.q0)


@row("keypoints squashing", "IndustReal, Factory", "1/(exp(a x) + b + exp(-a x)), coarse and fine", """
squash(x, a, b) = 1 / (exp(a * x) + b + exp(-a * x))
d = mean(distance(held_points, fixed_points)) / 1[m]
squash(d, 5, 4) as coarse + squash(d, 50, 2) as fine
""", held_points=Host("keypoints=4 xyz; m; world", 0, 0.04), fixed_points=Host("keypoints=4 xyz; m; world", 0, 0.04))  # fmt: skip
def _(s):
    d = norm(s.held_points - s.fixed_points).mean(1)
    k = lambda a, b: 1 / (np.exp(a * d) + b + np.exp(-a * d))
    return k(5, 4) + k(50, 2)


@row(
    "pusher",
    "Gymnasium",
    "-.5|near| - |dist| - .1 |a|^2",
    "reward = -0.5 * distance(cube, tcp) - distance(cube, goal) - 0.1 * sum(actions^2)\n",
    cube=POINT,
    tcp=POINT,
    goal=POINT,
)
def _(s):
    return -0.5 * norm(s.cube - s.tcp) - norm(s.cube - s.goal) - 0.1 * ss(s.a)


@row("fish swim", "dm_control", "(7 tolerance(|mouth to target|) + (up + 1)/2)/8", """
in_target = tolerance(norm(mouth_to_target), upper=0.1, margin=0.2)
(7 * in_target + 0.5 * (rotate(root_quat, [0, 0, 1]).z + 1)) / 8 as swim
""", mouth_to_target=Host("xyz; m; base", 0, 0.3))  # fmt: skip
def _(s):
    d = np.maximum(norm(s.mouth_to_target) - 0.1, 0) / 0.2
    return (7 * np.exp(sq(d) * np.log(0.1)) + 0.5 * (rot(s.root, [0, 0, 1.0])[:, 2] + 1)) / 8


@row("stacker", "dm_control", "min distance of the boxes close, hand far", """
box_is_close = tolerance(min(distance(boxes, goal)), 0, 0, 0.08)
hand_is_far = tolerance(distance(tcp, goal), lower=0.1, margin=0.05)
box_is_close * hand_is_far
""", boxes=Host("stack=4 xyz; m; world", [0.4, 0, 0.1], 0.1), goal=POINT, tcp=POINT)  # fmt: skip
def _(s):
    near = norm(s.boxes - s.goal[:, None]).min(1) / 0.08
    far = np.maximum(0.1 - norm(s.tcp - s.goal), 0) / 0.05
    return np.exp(sq(near) * np.log(0.1)) * np.exp(sq(far) * np.log(0.1))


@row(
    "mocap handle",
    "myosuite",
    "act magnitude and exp of a joint group",
    'exp(-5 * mean(abs(dof_pos["*_hip_roll", "*_hip_yaw"]))) - norm(muscles) / 7 as act',
    muscles=Host("fibres=7; 1", 0.5, 0.5),
)
def _(s):
    return np.exp(-5 * np.abs(s.q[:, s.J("*_hip_roll", "*_hip_yaw")]).mean(1)) - norm(s.muscles) / 7
