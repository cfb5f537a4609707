"""Probes of the tensors of states: what they hold, when they are renewed, and what setters do."""

from __future__ import annotations

from typing import Dict, Iterator, Tuple

from rewardlang.doctor.probes.scene import Scene, gymtorch, refused

# isort: split
import torch

Answers = Iterator[Tuple[str, str]]


def nearest(seen: torch.Tensor, answers: Dict[str, torch.Tensor], tolerance: float) -> str:
    """The answer whose value was seen, "neither" if none is near."""
    off = {answer: float((seen - value).abs().max()) for answer, value in answers.items()}
    best = min(off, key=lambda answer: off[answer])
    return best if off[best] <= tolerance else "neither"


def after_prepare(device: str) -> Answers:
    scene = Scene(device, 2, gravity=(0, 0, -9.81), dt=0.01)
    put = torch.tensor([0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], device=scene.root.device)
    shown = bool(((scene.root[0] - put).abs() < 0.1).all())
    yield "first buffer", "the state" if shown else "something else"
    scene.refresh("refresh_actor_root_state_tensor")
    away = (scene.root[1, :3] - put[:3]).abs().max() > 1
    yield "positions", "the world's origin" if away else "the environment's origin"
    yield "after prepare_sim", "moved" if float(scene.root[0, 9].abs()) > 1e-5 else "as it was put"


def points_and_frames(device: str) -> Answers:
    """A brick that spins about z with its arm, in the air, without gravity."""
    scene = Scene(device, 1, drive={"driveMode": 1, "stiffness": 1000.0, "damping": 10.0, "effort": 1000.0})
    half = 0.5**0.5
    scene.command("targets", 0.0)
    spin = torch.tensor([[0, 0, 3, 0, 0, half, half, 0, 0, 0, 0, 0, 4.0]], device=scene.root.device)
    scene.root[:], scene.dof[:] = spin, 0
    scene.put("root", scene.root, [0])
    scene.put("joints", scene.dof, [0])
    scene.step()
    scene.refresh()
    ahead = scene.body[0, 1, :3] - scene.body[0, 0, :3]
    turned = {"xyzw": torch.tensor([0, 0.1, 0]), "wxyz": torch.tensor([-0.1, 0, 0])}
    yield "quaternions", nearest(ahead.cpu(), turned, 0.02)
    # the brick's centre of mass is 0.05 m before its origin: it moves by -4 * 0.05 m/s along x
    first = scene.root[0, 0].clone()
    yield "velocity that is written", nearest(first / scene.dt, {"the origin": first * 0, "the centre of mass": first * 0 + 0.2}, 0.08)  # fmt: skip
    seen = []
    for _ in range(3):
        scene.refresh()
        seen.append((scene.root[0].clone(), scene.body[0].clone()))
        scene.step()
    (before, limbs_before), (now, limbs), (after, limbs_after) = seen
    arms = torch.tensor([[0.05, 0, 0.02], [0.1, 0, 0]], device=now.device)
    for name, states, start, end, arm in (
        ("velocity of the root", now, before, after, arms[0]),
        ("velocity of bodies", limbs[1], limbs_before[1], limbs_after[1], arms[1]),
    ):
        origin = (end[:3] - start[:3]) / (2 * scene.dt)
        level = torch.stack((states[5] * 2 * states[6], 1 - 2 * states[5] ** 2))  # sine and cosine of the yaw
        ahead = torch.stack((arm[0] * level[1], arm[0] * level[0], arm[2]))
        centre = origin + torch.cross(states[10:13], ahead, dim=0)
        yield name, nearest(states[7:10], {"the origin": origin, "the centre of mass": centre}, 0.08)


def after_setters(device: str) -> Answers:
    scene = Scene(device, 3)
    scene.step()
    scene.refresh()
    old = scene.root[1, 2].clone()
    scene.root[1, 2], scene.dof[1, 0] = old + 5, 0.5
    scene.put("root", scene.root, [1])
    scene.put("joints", scene.dof, [1])
    number = torch.tensor
    heights = {"new": old + 5, "old": old, "untouched": old + 90}
    angles = {"new": number(0.5), "old": number(0.0), "untouched": number(90.0)}
    for name, kind, tensor, place, answers in (
        ("root", "refresh_actor_root_state_tensor", scene.root, (1, 2), heights),
        ("joints", "refresh_dof_state_tensor", scene.dof, (1, 0), angles),
        ("bodies", "refresh_rigid_body_state_tensor", scene.body, (1, 0, 2), heights),
    ):
        tensor[place] = answers["untouched"]
        if refused(lambda kind=kind: scene.refresh(kind)):  # type: ignore[misc]
            yield f"{name} after a setter", "refused"
        else:
            yield (
                f"{name} after a setter",
                nearest(tensor[place].cpu(), {k: v.cpu() for k, v in answers.items()}, 0.1),
            )
    scene.root[1, 2] = old + 90
    scene.step()
    scene.refresh()
    used = {"at the call": old + 5, "at the step": old + 90, "never": old}
    yield "values are read", nearest(scene.root[1, 2], used, 0.1)


def setters(device: str) -> Answers:
    scene = Scene(device, 3)
    scene.step()
    scene.refresh()
    heights = scene.root[:, 2].clone()
    calls = []
    for env in (0, 1):
        scene.root[env, 2] += 5
        calls.append(refused(lambda env=env: scene.put("root", scene.root, [env])))  # type: ignore[misc]
    scene.step()
    scene.refresh()
    moved = (scene.root[:, 2] - heights > 4).tolist()
    kinds = {(True, True, False): "both count", (False, True, False): "the second counts", (True, False, False): "the first counts"}  # fmt: skip
    yield "two calls of a setter in a step", "refused" if any(calls) else kinds.get(tuple(moved), "neither")
    wide = refused(lambda: scene.put("root", scene.root, [2], torch.int64))
    yield "ids of 64 bits", "refused" if wide else "taken"
    spread = scene.root.repeat(2, 1)[::2]
    yield "tensors that are not contiguous", "refused" if refused(lambda: gymtorch.unwrap_tensor(spread)) else "taken"  # fmt: skip
    if not scene.gpu:
        scene.gym.simulate(scene.sim)
        early = refused(lambda: scene.refresh("refresh_actor_root_state_tensor"))
        yield "refresh before fetch_results", "refused" if early else "taken"


GROUPS = (after_prepare, points_and_frames, after_setters, setters)
