"""Warp kernels between MuJoCo Warp's state and the tensors of protocol.Sim. W worlds, B bodies, D joints, M motors.

Quaternions are wxyz in MuJoCo's arrays and xyzw in ours, which is also Warp's.
"""

# mypy: ignore-errors
# Annotations are Warp's types here, and what looks like Python is compiled by it.

from __future__ import annotations

import warp as wp

FREE = wp.constant(0)  # mjtJoint
BALL = wp.constant(1)
SLIDE = wp.constant(2)

wp.set_module_options({"enable_backward": False})


@wp.struct
class Robot:
    """What of a model places the robot's bodies; joints of any kind are numbered as in the model."""

    parent: wp.array(dtype=int)  # [B] of the robot's bodies; -1: the world
    pos: wp.array(dtype=wp.vec3)  # [B] in the parent
    quat: wp.array(dtype=wp.quat)  # [B] xyzw
    joint_first: wp.array(dtype=int)  # [B]
    joint_count: wp.array(dtype=int)  # [B]
    joint_type: wp.array(dtype=int)
    joint_qpos: wp.array(dtype=int)  # first place in qpos
    joint_qvel: wp.array(dtype=int)
    joint_axis: wp.array(dtype=wp.vec3)  # in the body
    joint_pos: wp.array(dtype=wp.vec3)
    qpos0: wp.array(dtype=float)
    dof_qpos: wp.array(dtype=int)  # [D] places of the joints that the task names
    dof_qvel: wp.array(dtype=int)  # [D]
    motor: wp.array(dtype=int)  # [M] actuators that are servos
    motor_action: wp.array(dtype=int)  # [M] the action that drives it
    motor_dof: wp.array(dtype=int)  # [M] the joint it drives
    start: wp.array(dtype=float)  # [nq] where a reset puts what is neither root nor joint
    free_qpos: int  # of the root's free joint; -1: its base is fixed
    free_qvel: int


@wp.struct
class Shown:
    """The tensors of protocol.Sim."""

    body_states: wp.array(dtype=float, ndim=3)  # [W, B, 13]
    dof_pos: wp.array(dtype=float, ndim=2)  # [W, D]
    dof_vel: wp.array(dtype=float, ndim=2)
    dof_forces: wp.array(dtype=float, ndim=2)
    contact_forces: wp.array(dtype=float, ndim=3)  # [W, B, 3]


@wp.func
def unit(q: wp.quat) -> wp.quat:
    """q of length 1. Warp's `normalize` would make the identity of one that is NaN."""
    return q * (1.0 / wp.length(q))


@wp.kernel
def steer(robot: Robot, targets: wp.array(dtype=float, ndim=2), ctrl: wp.array(dtype=float, ndim=2)) -> None:
    """Targets [W, A] to the controls of the servos. One thread for each motor of each world."""
    w, m = wp.tid()
    ctrl[w, robot.motor[m]] = targets[w, robot.motor_action[m]]


@wp.kernel
def place(
    robot: Robot,
    mask: wp.array(dtype=wp.bool),
    root: wp.array(dtype=float, ndim=2),
    dof_pos: wp.array(dtype=float, ndim=2),
    dof_vel: wp.array(dtype=float, ndim=2),
    qpos: wp.array(dtype=float, ndim=2),
    qvel: wp.array(dtype=float, ndim=2),
    ctrl: wp.array(dtype=float, ndim=2),
    act: wp.array(dtype=float, ndim=2),
    warmstart: wp.array(dtype=float, ndim=2),
    time: wp.array(dtype=float),
) -> None:
    """States of the masked worlds. One thread for each world."""
    w = wp.tid()
    if not mask[w]:
        return
    for i in range(qpos.shape[1]):
        qpos[w, i] = robot.start[i]
    for i in range(qvel.shape[1]):
        qvel[w, i] = 0.0
        warmstart[w, i] = 0.0  # else the solver would start from the forces of the episode before
    for i in range(act.shape[1]):
        act[w, i] = 0.0
    time[w] = 0.0
    if robot.free_qpos >= 0:
        a = robot.free_qpos
        v = robot.free_qvel
        quat = wp.quat(root[w, 3], root[w, 4], root[w, 5], root[w, 6])
        spin = wp.quat_rotate_inv(
            quat, wp.vec3(root[w, 10], root[w, 11], root[w, 12])
        )  # MuJoCo's is in the body
        for i in range(3):
            qpos[w, a + i] = root[w, i]
            qpos[w, a + 4 + i] = root[w, 3 + i]
            qvel[w, v + i] = root[w, 7 + i]
            qvel[w, v + 3 + i] = spin[i]
        qpos[w, a + 3] = root[w, 6]
    for i in range(robot.dof_qpos.shape[0]):
        qpos[w, robot.dof_qpos[i]] = dof_pos[w, i]
        qvel[w, robot.dof_qvel[i]] = dof_vel[w, i]
    for i in range(robot.motor.shape[0]):
        ctrl[w, robot.motor[i]] = dof_pos[w, robot.motor_dof[i]]


@wp.kernel
def show(
    robot: Robot,
    masked: bool,
    mask: wp.array(dtype=wp.bool),
    qpos: wp.array(dtype=float, ndim=2),
    qvel: wp.array(dtype=float, ndim=2),
    qfrc_actuator: wp.array(dtype=float, ndim=2),
    out: Shown,
) -> None:
    """Poses, velocities and joints from qpos and qvel alone, so that all are of one instant. One thread for each world.

    Of all worlds, with the motors' forces; or, if `masked`, of those in the mask, with forces 0. Contact forces are 0 until added.
    """
    w = wp.tid()
    if masked and not mask[w]:
        return
    for i in range(robot.dof_qpos.shape[0]):
        out.dof_pos[w, i] = qpos[w, robot.dof_qpos[i]]
        out.dof_vel[w, i] = qvel[w, robot.dof_qvel[i]]
        if masked:
            out.dof_forces[w, i] = 0.0
        else:
            out.dof_forces[w, i] = qfrc_actuator[w, robot.dof_qvel[i]]
    for b in range(robot.parent.shape[0]):
        up = robot.parent[b]
        origin = wp.vec3(0.0, 0.0, 0.0)  # of the parent
        frame = wp.quat(0.0, 0.0, 0.0, 1.0)
        lin = wp.vec3(0.0, 0.0, 0.0)
        ang = wp.vec3(0.0, 0.0, 0.0)
        if up >= 0:
            origin = wp.vec3(out.body_states[w, up, 0], out.body_states[w, up, 1], out.body_states[w, up, 2])
            frame = wp.quat(
                out.body_states[w, up, 3],
                out.body_states[w, up, 4],
                out.body_states[w, up, 5],
                out.body_states[w, up, 6],
            )
            lin = wp.vec3(out.body_states[w, up, 7], out.body_states[w, up, 8], out.body_states[w, up, 9])
            ang = wp.vec3(out.body_states[w, up, 10], out.body_states[w, up, 11], out.body_states[w, up, 12])
        arm = wp.quat_rotate(
            frame, robot.pos[b]
        )  # from the parent's origin, which keeps it exact far from the world's
        quat = frame * robot.quat[b]
        turn = wp.vec3(0.0, 0.0, 0.0)  # angular velocity of the joints so far
        slip = wp.vec3(0.0, 0.0, 0.0)  # what they would move a point at the parent's origin by
        for k in range(robot.joint_count[b]):
            j = robot.joint_first[b] + k
            a = robot.joint_qpos[j]
            v = robot.joint_qvel[j]
            kind = robot.joint_type[j]
            if kind == FREE:
                origin = wp.vec3(qpos[w, a], qpos[w, a + 1], qpos[w, a + 2])
                arm = wp.vec3(0.0, 0.0, 0.0)
                quat = unit(wp.quat(qpos[w, a + 4], qpos[w, a + 5], qpos[w, a + 6], qpos[w, a + 3]))
                slip = wp.vec3(qvel[w, v], qvel[w, v + 1], qvel[w, v + 2])
                turn = wp.quat_rotate(quat, wp.vec3(qvel[w, v + 3], qvel[w, v + 4], qvel[w, v + 5]))
                quat = quat * (
                    1.0 + 0.0 * wp.dot(turn, turn)
                )  # MuJoCo Warp writes the identity for one that diverged
            elif kind == SLIDE:
                axis = wp.quat_rotate(quat, robot.joint_axis[j])
                arm += axis * (qpos[w, a] - robot.qpos0[a])
                slip += axis * qvel[w, v]
            else:
                anchor = arm + wp.quat_rotate(quat, robot.joint_pos[j])
                rate = wp.vec3(0.0, 0.0, 0.0)
                if kind == BALL:
                    quat = quat * unit(wp.quat(qpos[w, a + 1], qpos[w, a + 2], qpos[w, a + 3], qpos[w, a]))
                    rate = wp.quat_rotate(quat, wp.vec3(qvel[w, v], qvel[w, v + 1], qvel[w, v + 2]))
                else:
                    axis = robot.joint_axis[j]
                    rate = wp.quat_rotate(quat, axis) * qvel[w, v]
                    quat = quat * wp.quat_from_axis_angle(axis, qpos[w, a] - robot.qpos0[a])
                arm = anchor - wp.quat_rotate(quat, robot.joint_pos[j])
                turn += rate
                slip -= wp.cross(rate, anchor)
        quat = unit(quat)
        pos = origin + arm
        vel = lin + wp.cross(ang, arm) + slip + wp.cross(turn, arm)
        spin = ang + turn
        for i in range(3):
            out.body_states[w, b, i] = pos[i]
            out.body_states[w, b, 7 + i] = vel[i]
            out.body_states[w, b, 10 + i] = spin[i]
            out.contact_forces[w, b, i] = 0.0
        for i in range(4):
            out.body_states[w, b, 3 + i] = quat[i]


@wp.kernel
def show_forces(
    robot: Robot,
    mask: wp.array(dtype=wp.bool),
    qfrc_actuator: wp.array(dtype=float, ndim=2),
    row: wp.array(dtype=int),
    out: Shown,
) -> None:
    """The motors' forces of the masked worlds, whose contact forces are 0 until added in their `row`; -1 for the others. One thread for
    each world."""
    w = wp.tid()
    row[w] = wp.where(mask[w], w, -1)
    if not mask[w]:
        return
    for i in range(robot.dof_qvel.shape[0]):
        out.dof_forces[w, i] = qfrc_actuator[w, robot.dof_qvel[i]]
    for b in range(robot.parent.shape[0]):
        for i in range(3):
            out.contact_forces[w, b, i] = 0.0


@wp.kernel
def add_contacts(
    first_body: int,
    geom_body: wp.array(dtype=int),
    count: wp.array(dtype=int),
    geoms: wp.array(dtype=wp.vec2i),
    world: wp.array(dtype=int),
    force: wp.array(dtype=wp.spatial_vector),
    row: wp.array(dtype=int),
    out: wp.array(dtype=float, ndim=3),
) -> None:
    """Each contact's force to its two bodies, in the row of its world; -1: none. One thread for each contact."""
    c = wp.tid()
    if c >= count[0]:
        return
    w = row[world[c]]
    if w < 0:
        return
    pair = geoms[c]
    push = wp.spatial_top(force[c])
    for side in range(2):
        b = geom_body[pair[side]] - first_body
        if b >= 0 and b < out.shape[1]:
            sign = wp.where(side == 0, -1.0, 1.0)
            for i in range(3):
                wp.atomic_add(out, w, b, i, sign * push[i])


@wp.kernel
def line_up(mask: wp.array(dtype=wp.bool), count: wp.array(dtype=int), line: wp.array(dtype=int)) -> None:
    """The worlds of the mask, one after the other; `count` starts at 0. One thread for each world."""
    w = wp.tid()
    if mask[w]:
        line[wp.atomic_add(count, 0, 1)] = w


@wp.kernel
def go_on(
    done: int, count: wp.array(dtype=int), begin: wp.array(dtype=int), more: wp.array(dtype=int)
) -> None:
    """`begin` of the line after `done` more of it, and whether anybody stands there. One thread."""
    begin[0] = begin[0] + done
    more[0] = wp.where(begin[0] < count[0], 1, 0)


@wp.kernel
def take(
    count: wp.array(dtype=int),
    line: wp.array(dtype=int),
    begin: wp.array(dtype=int),
    qpos: wp.array(dtype=float, ndim=2),
    qvel: wp.array(dtype=float, ndim=2),
    ctrl: wp.array(dtype=float, ndim=2),
    row: wp.array(dtype=int),
    qpos_out: wp.array(dtype=float, ndim=2),
    qvel_out: wp.array(dtype=float, ndim=2),
    ctrl_out: wp.array(dtype=float, ndim=2),
    warmstart_out: wp.array(dtype=float, ndim=2),
) -> None:
    """States of the worlds in line from `begin` on, to worlds that are there for this. One thread for each of those.

    Where the line ends before them, the others take the state of its last, and belong to no row: the solver goes on until all have
    converged, and would wait for what they held before.
    """
    s = wp.tid()
    last = count[0] - 1
    w = line[wp.clamp(begin[0] + s, 0, wp.max(last, 0))]
    row[s] = wp.where(begin[0] + s <= last, w, -1)
    for i in range(qpos.shape[1]):
        qpos_out[s, i] = qpos[w, i]
    for i in range(qvel.shape[1]):
        qvel_out[s, i] = qvel[w, i]
        warmstart_out[s, i] = 0.0
    for i in range(ctrl.shape[1]):
        ctrl_out[s, i] = ctrl[w, i]


@wp.kernel
def give_forces(
    robot: Robot,
    row: wp.array(dtype=int),
    qfrc_actuator: wp.array(dtype=float, ndim=2),
    out: wp.array(dtype=float, ndim=2),
) -> None:
    """The motors' forces to the rows they belong to. One thread for each joint of each world."""
    s, i = wp.tid()
    if row[s] >= 0:
        out[row[s], i] = qfrc_actuator[s, robot.dof_qvel[i]]
