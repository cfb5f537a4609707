"""Triton functions that emitted kernels bring along when they need them. Quaternions are xyzw; `tl.abs` and its like are Triton's own.

Those of the first table are plain mathematics that Triton lacks, or has without NaN; those of the second move a block's results.
"""

from __future__ import annotations

from typing import Dict

MATHEMATICS: Dict[str, str] = {
    "finite": """
def finite(x):
    return tl.abs(x) < float("inf")
""",
    "least": """
def least(a, b):
    return tl.minimum(a, b, propagate_nan=tl.PropagateNan.ALL)
""",
    "greatest": """
def greatest(a, b):
    return tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)
""",
    "least_of": """
def least_of(x, axis: tl.constexpr):
    return tl.reduce(x, axis, least)
""",
    "greatest_of": """
def greatest_of(x, axis: tl.constexpr):
    return tl.reduce(x, axis, greatest)
""",
    "times": """
def times(a, b):
    return a * b
""",
    "product_of": """
def product_of(x, axis: tl.constexpr):
    return tl.reduce(x, axis, times)
""",
    "any_of": """
def any_of(x, axis: tl.constexpr):
    return tl.max(x.to(tl.int32), axis) > 0
""",
    "all_of": """
def all_of(x, axis: tl.constexpr):
    return tl.min(x.to(tl.int32), axis) > 0
""",
    "square": """
def square(x):
    return x * x
""",
    "sign": """
def sign(x):
    return (x > 0).to(tl.float32) - (x < 0).to(tl.float32)
""",
    "whole_power": '''
def whole_power(x, n: tl.constexpr):
    """x to a whole power n > 0."""
    y = x
    for _ in tl.static_range(n - 1):
        y = y * x
    return y
''',
    "power": '''
def power(x, y):
    """x to the power y; of a negative x only to whole powers."""
    size = tl.exp2(y * tl.log2(tl.abs(x)))
    half = 0.5 * y
    signed = tl.where(tl.floor(half) == half, size, -size)
    negative = tl.where(tl.floor(y) == y, signed, float("nan"))
    return tl.where(y == 0, 1.0, tl.where(x < 0, negative, size))
''',
    "remainder": '''
def remainder(x, y):
    """What is left of x after whole y; it has the sign of y."""
    r = tl.fma(-tl.floor(tl.div_rn(x, y)), y, x)
    r = tl.where((r != 0) & ((r < 0) != (y < 0)), r + y, r)
    return tl.where(tl.abs(r) >= tl.abs(y), r - y, r)
''',
    "log1p": '''
def log1p(x):
    """log(1 + x), exact for small x: what 1 + x loses is made up for by x/((1 + x) - 1)."""
    u = 1.0 + x
    exact = tl.div_rn(tl.log(u) * x, tl.where(u == 1.0, 1.0, u - 1.0))
    return tl.where(u == 1.0, x, tl.where(u == float("inf"), u, exact))
''',
    "tanh": '''
def tanh(x):
    """By its series for small x, by exp for others."""
    a = tl.minimum(tl.abs(x), 10.0)
    z = x * x
    small = x + x * z * (-0.333332819 + z * (0.133314422 + z * (-0.0537397155 + z * (0.0206390887 - 0.00570498872 * z))))
    large = 1.0 - 2.0 / (tl.exp(2.0 * a) + 1.0)
    large = tl.where(x < 0, -large, large)
    return tl.where(x != x, x, tl.where(a < 0.625, small, large))
''',
    "tan": """
def tan(x):
    return tl.div_rn(tl.sin(x), tl.cos(x))
""",
    "angle_of": '''
def angle_of(t):
    """Arc tangent of t >= 0: by its series within tan(pi/8), turned by pi/4 or pi/2 beyond."""
    far, near = t > 2.414213562, t > 0.4142135624
    x = tl.where(far, -1.0 / tl.where(far, t, 1.0), tl.where(near, (t - 1.0) / (t + 1.0), t))
    z = x * x
    x = x + x * z * (-0.333329491539 + z * (0.199777106478 + z * (-0.138776856032 + 0.0805374449538 * z)))
    return x + tl.where(far, 1.5707963267948966, tl.where(near, 0.7853981633974483, 0.0))
''',
    "atan2": '''
def atan2(y, x):
    """Angle of the point (x, y), in [-pi, pi]; the sign of a zero counts."""
    y, x = y + tl.zeros_like(x + y), x + tl.zeros_like(x + y)
    a, b = tl.abs(y), tl.abs(x)
    both = (a == b) & (a > 0)
    t = tl.where(both, 1.0, tl.div_rn(a, tl.where((a == 0) & (b == 0), 1.0, b)))
    angle = tl.where((t == t) & (t < float("inf")), angle_of(t), tl.where(t == t, 1.5707963267948966, t))
    left = x.to(tl.int32, bitcast=True) < 0
    angle = tl.where(left, 3.141592653589793 - angle, angle)
    return tl.where(y.to(tl.int32, bitcast=True) < 0, -angle, angle)
''',
    "asin": """
def asin(x):
    return atan2(x, tl.sqrt((1.0 - x) * (1.0 + x)))
""",
    "acos": """
def acos(x):
    return atan2(tl.sqrt((1.0 - x) * (1.0 + x)), x)
""",
    "cross": """
def cross(ax, ay, az, bx, by, bz):
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
""",
    "rotate": '''
def rotate(qx, qy, qz, qw, vx, vy, vz):
    """v turned by q."""
    tx, ty, tz = cross(qx, qy, qz, vx, vy, vz)
    tx, ty, tz = 2.0 * tx, 2.0 * ty, 2.0 * tz
    ux, uy, uz = cross(qx, qy, qz, tx, ty, tz)
    return vx + qw * tx + ux, vy + qw * ty + uy, vz + qw * tz + uz
''',
    "rotate_inverse": '''
def rotate_inverse(qx, qy, qz, qw, vx, vy, vz):
    """v turned back by q."""
    tx, ty, tz = cross(qx, qy, qz, vx, vy, vz)
    tx, ty, tz = 2.0 * tx, 2.0 * ty, 2.0 * tz
    ux, uy, uz = cross(qx, qy, qz, tx, ty, tz)
    return vx - qw * tx + ux, vy - qw * ty + uy, vz - qw * tz + uz
''',
    "axis_angle": '''
def axis_angle(x, y, z, angle):
    """The rotation by an angle about a unit vector."""
    s = tl.sin(0.5 * angle)
    return x * s, y * s, z * s, tl.cos(0.5 * angle)
''',
    "quat_multiply": '''
def quat_multiply(px, py, pz, pw, qx, qy, qz, qw):
    """First q, then p."""
    cx, cy, cz = cross(px, py, pz, qx, qy, qz)
    return pw * qx + qw * px + cx, pw * qy + qw * py + cy, pw * qz + qw * pz + cz, pw * qw - (px * qx + py * qy + pz * qz)
''',
    "quat_inverse": '''
def quat_inverse(x, y, z, w):
    """The rotation back."""
    return -x, -y, -z, w
''',
    "quat_error": '''
def quat_error(px, py, pz, pw, qx, qy, qz, qw):
    """The angle between two rotations, in [0, pi]."""
    cx, cy, cz = cross(px, py, pz, qx, qy, qz)
    x, y, z = pw * qx - qw * px - cx, pw * qy - qw * py - cy, pw * qz - qw * pz - cz
    return 2.0 * atan2(tl.sqrt(x * x + y * y + z * z), tl.abs(px * qx + py * qy + pz * qz + pw * qw))
''',
    "roll": '''
def roll(x, y, z, w):
    """x of the xyz Euler angles, in [-pi, pi]."""
    return atan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y))
''',
    "pitch": '''
def pitch(x, y, z, w):
    """y of the xyz Euler angles, in [-pi/2, pi/2]."""
    return asin(least(greatest(2.0 * (w * y - z * x), -1.0), 1.0))
''',
    "yaw": '''
def yaw(x, y, z, w):
    """z of the xyz Euler angles, in [-pi, pi]."""
    return atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
''',
    "yaw_frame": '''
def yaw_frame(x, y, z, w):
    """The heading of q as a rotation about z."""
    half = 0.5 * yaw(x, y, z, w)
    return tl.zeros_like(half), tl.zeros_like(half), tl.sin(half), tl.cos(half)
''',
}  # fmt: skip

BOOKS: Dict[str, str] = {
    "columns": '''
def columns(parts, count: tl.constexpr, padded: tl.constexpr):
    """Numbers of the environments side by side, as a tile. [BLOCK, padded]"""
    place = tl.arange(0, padded)[None, :]
    tile = parts[0].to(tl.float32)[:, None] + tl.zeros((1, padded), tl.float32)
    for i in tl.static_range(1, count):
        tile = tl.where(place == i, parts[i].to(tl.float32)[:, None], tile)
    return tile
''',
    "kept": '''
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
''',
    "add": '''
def add(sums, x, there):
    """Add to sums, as others may that share the row: nothing waits for what they were."""
    tl.atomic_add(sums, x.to(tl.float64), mask=there, sem="relaxed")
''',
    "four": '''
def four(a, b, c, d):
    """Numbers of the terms side by side, to be added in one go. [C, 4]"""
    return tl.reshape(tl.join(tl.join(a, c), tl.join(b, d)), (a.shape[0], 4))
''',
    "account": '''
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
''',
    "nats": '''
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
''',
    "tally": '''
def tally(sums, x, count: tl.constexpr, padded: tl.constexpr, on):
    """Add up columns over the environments that are on; what is not finite counts as 0."""
    place = tl.arange(0, padded)
    add(sums + place, tl.sum(tl.where(on[:, None] & finite(x), x, 0.0), 0), place < count)
''',
    "settle": '''
def settle(sums, products, x, whole, done, count: tl.constexpr, padded: tl.constexpr):
    """Book the episodes that ended: their sums, and these times the return, in float64 as a variance is a small difference."""
    place = tl.arange(0, padded)
    x = tl.where(done[:, None], x, 0.0).to(tl.float64)
    add(sums + place, tl.sum(x, 0), place < count)
    add(products + place, tl.sum(x * whole[:, None], 0), place < count)
''',
}  # fmt: skip
PRELUDE: Dict[str, str] = {**MATHEMATICS, **BOOKS}
