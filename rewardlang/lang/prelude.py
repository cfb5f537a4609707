"""Torch functions that emitted code brings along when it needs them. Quaternions are xyzw."""

from __future__ import annotations

from typing import Dict

PRELUDE: Dict[str, str] = {
    "rotate": '''
def rotate(q, v):
    """v turned by q. q [..., 4], v [..., 3]."""
    axis, w = q[..., :3], q[..., 3:]
    axis, v = torch.broadcast_tensors(axis, v)
    t = 2 * torch.cross(axis, v, dim=-1)
    return v + w * t + torch.cross(axis, t, dim=-1)
''',
    "rotate_inverse": '''
def rotate_inverse(q, v):
    """v turned back by q. q [..., 4], v [..., 3]."""
    axis, w = q[..., :3], q[..., 3:]
    axis, v = torch.broadcast_tensors(axis, v)
    t = 2 * torch.cross(axis, v, dim=-1)
    return v - w * t + torch.cross(axis, t, dim=-1)
''',
    "cross": '''
def cross(a, b):
    """Cross product. [..., 3]"""
    a, b = torch.broadcast_tensors(a, b)
    return torch.cross(a, b, dim=-1)
''',
    "axis_angle": '''
def axis_angle(axis, angle):
    """The rotation by an angle about a unit vector. axis [..., 3], angle [...]."""
    half = 0.5 * (angle + torch.zeros_like(axis[..., 0]))[..., None]
    return torch.cat((axis * torch.sin(half), torch.cos(half) * torch.ones_like(axis[..., :1])), -1)
''',
    "quat_multiply": '''
def quat_multiply(p, q):
    """First q, then p. [..., 4]"""
    p, q = torch.broadcast_tensors(p, q)
    a, b = p[..., :3], q[..., :3]
    xyz = p[..., 3:] * b + q[..., 3:] * a + torch.cross(a, b, dim=-1)
    return torch.cat((xyz, p[..., 3:] * q[..., 3:] - (a * b).sum(-1, keepdim=True)), -1)
''',
    "quat_inverse": '''
def quat_inverse(q):
    """The rotation back. [..., 4]"""
    return torch.cat((-q[..., :3], q[..., 3:]), -1)
''',
    "quat_error": '''
def quat_error(p, q):
    """The angle between two rotations, in [0, pi]. [...]"""
    p, q = torch.broadcast_tensors(p, q)
    a, b = p[..., :3], q[..., :3]
    xyz = p[..., 3:] * b - q[..., 3:] * a - torch.cross(a, b, dim=-1)
    return 2 * torch.atan2(xyz.norm(dim=-1), (p * q).sum(-1).abs())
''',
    "roll": '''
def roll(q):
    """x of the xyz Euler angles, in [-pi, pi]. [...]"""
    x, y, z, w = q.unbind(-1)
    return torch.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
''',
    "pitch": '''
def pitch(q):
    """y of the xyz Euler angles, in [-pi/2, pi/2]. [...]"""
    x, y, z, w = q.unbind(-1)
    return torch.asin((2 * (w * y - z * x)).clamp(-1.0, 1.0))
''',
    "yaw": '''
def yaw(q):
    """z of the xyz Euler angles, in [-pi, pi]. [...]"""
    x, y, z, w = q.unbind(-1)
    return torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
''',
    "yaw_frame": '''
def yaw_frame(q):
    """The heading of q as a rotation about z. [..., 4]"""
    x, y, z, w = q.unbind(-1)
    half = 0.5 * torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return torch.stack((torch.zeros_like(half), torch.zeros_like(half), torch.sin(half), torch.cos(half)), -1)
''',
}
