"""card.reward, compiled by rewardlang for the task humanoid."""

import triton
import triton.language as tl

TERMS = ("forward_vel", "alive", "sum_torques_2")
CAUSES = ("fallen",)
METRICS = ()
INPUTS = ("epoch", "frames", "progress", "gamma")  # what `p` holds
CONSTANTS = ()  # what `k` holds
READ = {"step": ("root_quat", "root_lin_vel", "root_pos", "torques", "root_ang_vel", "dof_pos", "default_dof_pos", "dof_vel", "time_limit"), "at_reset": ("root_quat", "root_lin_vel", "root_ang_vel", "dof_pos", "default_dof_pos", "dof_vel")}
OBSERVATIONS = 33
SUMS = 46  # in a row of `sums`
ROWS = 512  # of `sums`, which blocks share
# Shape after [N] and kind of what is remembered from step to step.
STATE = ()


@triton.jit
def finite(x):
    return tl.abs(x) < float("inf")


@triton.jit
def all_of(x, axis: tl.constexpr):
    return tl.min(x.to(tl.int32), axis) > 0


@triton.jit
def square(x):
    return x * x


@triton.jit
def cross(ax, ay, az, bx, by, bz):
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


@triton.jit
def rotate_inverse(qx, qy, qz, qw, vx, vy, vz):
    """v turned back by q."""
    tx, ty, tz = cross(qx, qy, qz, vx, vy, vz)
    tx, ty, tz = 2.0 * tx, 2.0 * ty, 2.0 * tz
    ux, uy, uz = cross(qx, qy, qz, tx, ty, tz)
    return vx - qw * tx + ux, vy - qw * ty + uy, vz - qw * tz + uz


@triton.jit
def columns(parts, count: tl.constexpr, padded: tl.constexpr):
    """Numbers of the environments side by side, as a tile. [BLOCK, padded]"""
    place = tl.arange(0, padded)[None, :]
    tile = parts[0].to(tl.float32)[:, None] + tl.zeros((1, padded), tl.float32)
    for i in tl.static_range(1, count):
        tile = tl.where(place == i, parts[i].to(tl.float32)[:, None], tile)
    return tile


@triton.jit
def kept(first: tl.constexpr, columns: tl.constexpr, terms: tl.constexpr, w, about, episode, row, live, stride):
    """What the books of the terms from `first` on go by: weights, ends of the range, and sums of the episode. [C], [BLOCK, C]"""
    term = first + tl.arange(0, columns)
    there = term < terms
    at = term[None, :] * stride + row[:, None]
    weight = tl.load(w + term, mask=there, other=0.0)
    low = tl.load(about + term, mask=there, other=0.0)
    high = tl.load(about + terms + term, mask=there, other=0.0)
    gained = tl.load(episode + at, mask=live[:, None] & there[None, :], other=0.0)
    return weight, low, high, gained


@triton.jit
def add(sums, x, there):
    """Add to sums, as others may that share the row: nothing waits for what they were."""
    tl.atomic_add(sums, x.to(tl.float64), mask=there, sem="relaxed")


@triton.jit
def four(a, b, c, d):
    """Numbers of the terms side by side, to be added in one go. [C, 4]"""
    return tl.reshape(tl.join(tl.join(a, c), tl.join(b, d)), (a.shape[0], 4))


@triton.jit
def account(first: tl.constexpr, columns: tl.constexpr, terms: tl.constexpr, values, weight, low, high, gained, contributions, episode, sums, row,
            live, stride):
    """Book the terms from `first` on: contributions, sums of the episode and of the log.

    Gives what is paid, where it is finite, and the sums of the episode. [BLOCK, C]
    """
    term = first + tl.arange(0, columns)
    there = term < terms
    at = term[None, :] * stride + row[:, None]
    on = live[:, None] & there[None, :]
    value = tl.load(values + at, mask=on, other=0.0)
    paid = value * weight[None, :]
    fine = finite(paid)
    paid = tl.where(fine, paid, 0.0)
    gained += paid
    tl.store(contributions + at, paid, mask=on)
    tl.store(episode + at, gained, mask=on)
    zero = value == 0.0
    # A count of at most 255 environments fits in a quarter of a number: four are added up at once.
    ends = ((value <= low[None, :]) & on).to(tl.int32) + ((value >= high[None, :]) & on).to(tl.int32) * 256
    counts = tl.sum(ends + (zero & on).to(tl.int32) * 65536 + ((~fine) & on).to(tl.int32) * 16777216, 0)
    raw = tl.where(fine, value, 0.0)
    amount, weight = tl.sum(raw, 0), weight.to(tl.float64)
    sums += term
    amounts = four(amount * weight, tl.sum(tl.abs(raw), 0) * tl.abs(weight), tl.sum(raw * raw, 0) * (weight * weight), amount.to(tl.float64))
    numbers = four((counts >> 16) & 255, counts & 255, (counts >> 8) & 255, (counts >> 24) & 255)
    place = sums[:, None] + tl.arange(0, 4)[None, :] * terms
    add(place, amounts, there[:, None])
    add(place + 4 * terms, numbers, there[:, None])
    return paid, fine, gained


@triton.jit
def nats(places: tl.constexpr, terms: tl.constexpr, values, about, sums, row, live, stride):
    """Book -log of the kernels among the terms, where no gate is closed: `about` ends with their numbers, and -1 for the places left."""
    term = tl.load(about + 3 * terms + tl.arange(0, places)).to(tl.int32)
    there = term >= 0
    gate = tl.load(about + 2 * terms + term, mask=there, other=0.0)
    on = live[:, None] & there[None, :]
    value = tl.load(values + (term[None, :] * stride + row[:, None]), mask=on, other=1.0)
    size = tl.where(value == value, tl.abs(value), 1.0)
    size = -tl.log(tl.minimum(tl.maximum(size, 1.1754944e-38), 1.0))
    size = tl.where(on & ((value != 0.0) | (gate[None, :] <= 0)), size, 0.0)
    add(sums + 8 * terms + term, tl.sum(size, 0), there)


@triton.jit
def tally(sums, x, count: tl.constexpr, padded: tl.constexpr, on):
    """Add up columns over the environments that are on; what is not finite counts as 0."""
    place = tl.arange(0, padded)
    add(sums + place, tl.sum(tl.where(on[:, None] & finite(x), x, 0.0), 0), place < count)


@triton.jit
def settle(sums, products, x, whole, done, count: tl.constexpr, padded: tl.constexpr):
    """Book the episodes that ended: their sums, and these times the return, in float64 as a variance is a small difference."""
    place = tl.arange(0, padded)
    x = tl.where(done[:, None], x, 0.0).to(tl.float64)
    add(sums + place, tl.sum(x, 0), place < count)
    add(products + place, tl.sum(x * whole[:, None], 0), place < count)


@triton.jit
def step(
    q_root_quat, q_root_quat_0: tl.constexpr, q_root_quat_1: tl.constexpr,
    q_root_lin_vel, q_root_lin_vel_0: tl.constexpr, q_root_lin_vel_1: tl.constexpr,
    q_root_pos, q_root_pos_0: tl.constexpr, q_root_pos_1: tl.constexpr,
    q_torques, q_torques_0: tl.constexpr, q_torques_1: tl.constexpr,
    q_root_ang_vel, q_root_ang_vel_0: tl.constexpr, q_root_ang_vel_1: tl.constexpr,
    q_dof_pos, q_dof_pos_0: tl.constexpr, q_dof_pos_1: tl.constexpr,
    q_default_dof_pos, q_default_dof_pos_0: tl.constexpr,
    q_dof_vel, q_dof_vel_0: tl.constexpr, q_dof_vel_1: tl.constexpr,
    q_time_limit, q_time_limit_0: tl.constexpr,
    p, w, k, about, shared, contributions, values, flags, observations, episode, sums, N, stride,
    NATS: tl.constexpr, WIDE: tl.constexpr, FULL: tl.constexpr, BLOCK: tl.constexpr,
):
    """What one control step pays, its ends, observations, next state and sums, of BLOCK environments."""
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = row < N
    if FULL:  # no block has fewer
        live = tl.full((BLOCK,), True, tl.int1)
    if WIDE:  # more than 2^31 numbers in a tensor
        row, stride = row.to(tl.int64), stride.to(tl.int64)
    sums += tl.program_id(0) % 512 * 46
    gained = tl.load(episode + 3 * stride + row, mask=live, other=0.0)
    lasted = tl.load(episode + 4 * stride + row, mask=live, other=0.0)
    weight_0, low_0, high_0, before_0 = kept(0, 4, 3, w, about, episode, row, live, stride)
    lane16 = tl.arange(0, 16)
    inside12 = lane16 < 12
    root_quat_x = tl.load(q_root_quat + row * q_root_quat_0, mask=live, other=0)                # [N, xyzw] <projected_gravity of task humanoid>
    root_quat_y = tl.load(q_root_quat + row * q_root_quat_0 + 1 * q_root_quat_1, mask=live, other=0)  # [N, xyzw] <projected_gravity of task humanoid>
    root_quat_z = tl.load(q_root_quat + row * q_root_quat_0 + 2 * q_root_quat_1, mask=live, other=0)  # [N, xyzw] <projected_gravity of task humanoid>
    root_quat_w = tl.load(q_root_quat + row * q_root_quat_0 + 3 * q_root_quat_1, mask=live, other=0)  # [N, xyzw] <projected_gravity of task humanoid>
    root_lin_vel_x = tl.load(q_root_lin_vel + row * q_root_lin_vel_0, mask=live, other=0)       # [N] m/s <base_lin_vel of task humanoid>
    root_lin_vel_y = tl.load(q_root_lin_vel + row * q_root_lin_vel_0 + 1 * q_root_lin_vel_1, mask=live, other=0)  # [N] m/s <base_lin_vel of task humanoid>
    root_lin_vel_z = tl.load(q_root_lin_vel + row * q_root_lin_vel_0 + 2 * q_root_lin_vel_1, mask=live, other=0)  # [N] m/s <base_lin_vel of task humanoid>
    root_pos_z = tl.load(q_root_pos + row * q_root_pos_0 + 2 * q_root_pos_1, mask=live, other=0)  # [N] m <base_height of task humanoid>
    torques = tl.load(q_torques + row[:, None] * q_torques_0 + lane16 * q_torques_1, mask=live[:, None] & inside12, other=0)  # [N, joints] N*m card.reward:1
    root_ang_vel_x = tl.load(q_root_ang_vel + row * q_root_ang_vel_0, mask=live, other=0)       # [N] rad/s <base_ang_vel of task humanoid>
    root_ang_vel_y = tl.load(q_root_ang_vel + row * q_root_ang_vel_0 + 1 * q_root_ang_vel_1, mask=live, other=0)  # [N] rad/s <base_ang_vel of task humanoid>
    root_ang_vel_z = tl.load(q_root_ang_vel + row * q_root_ang_vel_0 + 2 * q_root_ang_vel_1, mask=live, other=0)  # [N] rad/s <base_ang_vel of task humanoid>
    dof_pos = tl.load(q_dof_pos + row[:, None] * q_dof_pos_0 + lane16 * q_dof_pos_1, mask=live[:, None] & inside12, other=0)  # [N, joints] rad task.yaml:65
    default_dof_pos = tl.load(q_default_dof_pos + lane16 * q_default_dof_pos_0, mask=inside12, other=0)  # [joints] rad task.yaml:65
    dof_vel = tl.load(q_dof_vel + row[:, None] * q_dof_vel_0 + lane16 * q_dof_vel_1, mask=live[:, None] & inside12, other=0)  # [N, joints] rad/s task.yaml:66
    time_limit = tl.load(q_time_limit + row * q_time_limit_0, mask=live, other=0)               # [N] bool

    zero = tl.zeros((BLOCK,), tl.float32)
    base_lin_vel_x, base_lin_vel_y, base_lin_vel_z = rotate_inverse(root_quat_x, root_quat_y, root_quat_z, root_quat_w, root_lin_vel_x, root_lin_vel_y, root_lin_vel_z)  # [N] m/s <base_lin_vel of task humanoid>
    projected_gravity_x, projected_gravity_y, projected_gravity_z = rotate_inverse(root_quat_x, root_quat_y, root_quat_z, root_quat_w, 0.0, 0.0, -1.0)  # [N] <projected_gravity of task humanoid>
    fallen = (root_pos_z < 0.24) | (projected_gravity_z > -0.6)                                 # [N] bool task.yaml:60
    alive = ~fallen                                                                             # [N] bool card.reward:1
    alive_2 = alive.to(tl.float32)                                                              # [N] 1 card.reward:1
    sum_torques_2 = tl.sum(tl.where(inside12, square(torques), 0.0), 1)                         # [N] N^2*m^2 card.reward:1
    mul_x = base_lin_vel_x * 2.0                                                                # [N] task.yaml:63
    mul_y = base_lin_vel_y * 2.0                                                                # [N] task.yaml:63
    mul_z = base_lin_vel_z * 2.0                                                                # [N] task.yaml:63
    base_ang_vel_x, base_ang_vel_y, base_ang_vel_z = rotate_inverse(root_quat_x, root_quat_y, root_quat_z, root_quat_w, root_ang_vel_x, root_ang_vel_y, root_ang_vel_z)  # [N] rad/s <base_ang_vel of task humanoid>
    mul_x_2 = base_ang_vel_x * 0.25                                                             # [N] task.yaml:64
    mul_y_2 = base_ang_vel_y * 0.25                                                             # [N] task.yaml:64
    mul_z_2 = base_ang_vel_z * 0.25                                                             # [N] task.yaml:64
    sub = dof_pos - default_dof_pos                                                             # [N, joints] rad task.yaml:65
    mul = dof_vel * 0.05                                                                        # [N, joints] task.yaml:66

    tl.debug_barrier()  # all that is overwritten below is read
    tl.store(values + 0 * stride + row, base_lin_vel_x, mask=live)
    tl.store(values + 1 * stride + row, alive_2, mask=live)
    tl.store(values + 2 * stride + row, sum_torques_2, mask=live)
    tl.store(observations + row * 33, mul_x, mask=live)
    tl.store(observations + row * 33 + 1, mul_y, mask=live)
    tl.store(observations + row * 33 + 2, mul_z, mask=live)
    tl.store(observations + row * 33 + 3, mul_x_2, mask=live)
    tl.store(observations + row * 33 + 4, mul_y_2, mask=live)
    tl.store(observations + row * 33 + 5, mul_z_2, mask=live)
    tl.store(observations + row[:, None] * 33 + lane16 + 6, sub, mask=live[:, None] & inside12)
    tl.store(observations + row[:, None] * 33 + lane16 + 18, mul, mask=live[:, None] & inside12)
    tl.store(observations + row * 33 + 30, projected_gravity_x, mask=live)
    tl.store(observations + row * 33 + 31, projected_gravity_y, mask=live)
    tl.store(observations + row * 33 + 32, projected_gravity_z, mask=live)
    tl.debug_barrier()  # the values are written
    paid_0, fine_0, gained_0 = account(0, 4, 3, values, weight_0, low_0, high_0, before_0, contributions, episode, sums, row, live, stride)
    if NATS > 0:
        nats(NATS, 3, values, about, sums, row, live, stride)
    bad = ~(all_of(fine_0, 1))
    reward = tl.sum(paid_0, 1)
    unpaid = ~finite(reward)
    reward = tl.where(unpaid, 0.0, reward)

    cause_fallen = fallen
    doubt_fallen = ~(finite(root_pos_z) & finite(projected_gravity_z))
    time_out_2 = time_limit & alive                                                             # [N] bool
    unseen = ~(finite(mul_x) & finite(mul_y) & finite(mul_z) & finite(mul_x_2) & finite(mul_y_2) & finite(mul_z_2) & finite(projected_gravity_x) & finite(projected_gravity_y) & finite(projected_gravity_z) & all_of((finite(sub) & finite(mul)) | ~inside12, 1))
    nonfinite = bad | unpaid | unseen | doubt_fallen
    terminated = fallen
    time_out = (time_out_2) & ~nonfinite
    done = terminated | time_out | nonfinite

    tl.store(shared + 0 * stride + row, reward, mask=live)
    tl.store(flags + 0 * stride + row, cause_fallen, mask=live)
    tl.store(flags + 1 * stride + row, time_out, mask=live)
    tl.store(flags + 2 * stride + row, nonfinite, mask=live)
    tl.store(flags + 3 * stride + row, done, mask=live)
    tl.store(flags + 4 * stride + row, terminated, mask=live)
    gained += reward
    lasted += 1.0
    tl.store(episode + 3 * stride + row, gained, mask=live)
    tl.store(episode + 4 * stride + row, lasted, mask=live)
    tl.atomic_add(sums + 37, tl.minimum(N - tl.program_id(0) * BLOCK, BLOCK).to(tl.float64), sem="relaxed")
    tally(sums + 38, columns((reward,), 1, 1), 1, 1, live)

    if tl.max((live & (done)).to(tl.int32), 0) > 0:
        ended = done & live
        whole = tl.sum(gained_0.to(tl.float64), 1)
        settle(sums + 27, sums + 32, gained_0, whole, ended, 3, 4)
        settle(sums + 30, sums + 35, columns((gained, lasted,), 2, 2), whole, ended, 2, 2)
        tally(sums + 39, columns((doubt_fallen, unpaid, unseen, cause_fallen, time_out, nonfinite, done,), 7, 8), 7, 8, live)


@triton.jit
def at_reset(
    q_root_quat, q_root_quat_0: tl.constexpr, q_root_quat_1: tl.constexpr,
    q_root_lin_vel, q_root_lin_vel_0: tl.constexpr, q_root_lin_vel_1: tl.constexpr,
    q_root_ang_vel, q_root_ang_vel_0: tl.constexpr, q_root_ang_vel_1: tl.constexpr,
    q_dof_pos, q_dof_pos_0: tl.constexpr, q_dof_pos_1: tl.constexpr,
    q_default_dof_pos, q_default_dof_pos_0: tl.constexpr,
    q_dof_vel, q_dof_vel_0: tl.constexpr, q_dof_vel_1: tl.constexpr,
    p, w, k, anew, observations, episode, N, stride,
    WIDE: tl.constexpr, FULL: tl.constexpr, BLOCK: tl.constexpr,
):
    """The state to start from and the observations, of those of BLOCK environments that start anew."""
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = row < N
    if FULL:  # no block has fewer
        live = tl.full((BLOCK,), True, tl.int1)
    if WIDE:  # more than 2^31 numbers in a tensor
        row, stride = row.to(tl.int64), stride.to(tl.int64)
    mask = tl.load(anew + row, mask=live, other=0) != 0
    lane16 = tl.arange(0, 16)
    inside12 = lane16 < 12
    if tl.max(mask.to(tl.int32), 0) > 0:
        root_quat_x = tl.load(q_root_quat + row * q_root_quat_0, mask=live, other=0)            # [N, xyzw] <projected_gravity of task humanoid>
        root_quat_y = tl.load(q_root_quat + row * q_root_quat_0 + 1 * q_root_quat_1, mask=live, other=0)  # [N, xyzw] <projected_gravity of task humanoid>
        root_quat_z = tl.load(q_root_quat + row * q_root_quat_0 + 2 * q_root_quat_1, mask=live, other=0)  # [N, xyzw] <projected_gravity of task humanoid>
        root_quat_w = tl.load(q_root_quat + row * q_root_quat_0 + 3 * q_root_quat_1, mask=live, other=0)  # [N, xyzw] <projected_gravity of task humanoid>
        root_lin_vel_x = tl.load(q_root_lin_vel + row * q_root_lin_vel_0, mask=live, other=0)   # [N] m/s <base_lin_vel of task humanoid>
        root_lin_vel_y = tl.load(q_root_lin_vel + row * q_root_lin_vel_0 + 1 * q_root_lin_vel_1, mask=live, other=0)  # [N] m/s <base_lin_vel of task humanoid>
        root_lin_vel_z = tl.load(q_root_lin_vel + row * q_root_lin_vel_0 + 2 * q_root_lin_vel_1, mask=live, other=0)  # [N] m/s <base_lin_vel of task humanoid>
        root_ang_vel_x = tl.load(q_root_ang_vel + row * q_root_ang_vel_0, mask=live, other=0)   # [N] rad/s <base_ang_vel of task humanoid>
        root_ang_vel_y = tl.load(q_root_ang_vel + row * q_root_ang_vel_0 + 1 * q_root_ang_vel_1, mask=live, other=0)  # [N] rad/s <base_ang_vel of task humanoid>
        root_ang_vel_z = tl.load(q_root_ang_vel + row * q_root_ang_vel_0 + 2 * q_root_ang_vel_1, mask=live, other=0)  # [N] rad/s <base_ang_vel of task humanoid>
        dof_pos = tl.load(q_dof_pos + row[:, None] * q_dof_pos_0 + lane16 * q_dof_pos_1, mask=live[:, None] & inside12, other=0)  # [N, joints] rad task.yaml:65
        default_dof_pos = tl.load(q_default_dof_pos + lane16 * q_default_dof_pos_0, mask=inside12, other=0)  # [joints] rad task.yaml:65
        dof_vel = tl.load(q_dof_vel + row[:, None] * q_dof_vel_0 + lane16 * q_dof_vel_1, mask=live[:, None] & inside12, other=0)  # [N, joints] rad/s task.yaml:66
        base_lin_vel_x, base_lin_vel_y, base_lin_vel_z = rotate_inverse(root_quat_x, root_quat_y, root_quat_z, root_quat_w, root_lin_vel_x, root_lin_vel_y, root_lin_vel_z)  # [N] m/s <base_lin_vel of task humanoid>
        base_ang_vel_x, base_ang_vel_y, base_ang_vel_z = rotate_inverse(root_quat_x, root_quat_y, root_quat_z, root_quat_w, root_ang_vel_x, root_ang_vel_y, root_ang_vel_z)  # [N] rad/s <base_ang_vel of task humanoid>
        projected_gravity_x, projected_gravity_y, projected_gravity_z = rotate_inverse(root_quat_x, root_quat_y, root_quat_z, root_quat_w, 0.0, 0.0, -1.0)  # [N] <projected_gravity of task humanoid>
        tl.store(observations + row * 33, base_lin_vel_x * 2.0, mask=mask)
        tl.store(observations + row * 33 + 1, base_lin_vel_y * 2.0, mask=mask)
        tl.store(observations + row * 33 + 2, base_lin_vel_z * 2.0, mask=mask)
        tl.store(observations + row * 33 + 3, base_ang_vel_x * 0.25, mask=mask)
        tl.store(observations + row * 33 + 4, base_ang_vel_y * 0.25, mask=mask)
        tl.store(observations + row * 33 + 5, base_ang_vel_z * 0.25, mask=mask)
        tl.store(observations + row[:, None] * 33 + lane16 + 6, dof_pos - default_dof_pos, mask=mask[:, None] & inside12)
        tl.store(observations + row[:, None] * 33 + lane16 + 18, dof_vel * 0.05, mask=mask[:, None] & inside12)
        tl.store(observations + row * 33 + 30, projected_gravity_x, mask=mask)
        tl.store(observations + row * 33 + 31, projected_gravity_y, mask=mask)
        tl.store(observations + row * 33 + 32, projected_gravity_z, mask=mask)
        for column in range(5):
            tl.store(episode + column * stride + row, 0.0, mask=mask)
