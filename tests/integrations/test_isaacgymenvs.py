"""Specs in tasks of IsaacGymEnvs: in a small one of the same shape, and in its own unmodified Humanoid and Ant.

REWARDLANG_ISAACGYMENVS names a checkout of IsaacGymEnvs for the latter: first on a fake simulator with states far from any walk, then
on the double of Isaac Gym with MuJoCo's physics, through IsaacGymEnvs' own `make` and its own train.py.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import torch

import rewardlang
from rewardlang.integrations.isaacgymenvs import attach

from .fake_gym import FakeGym

ENVS, STEPS = 5, 60
CHECKOUT = os.environ.get("REWARDLANG_ISAACGYMENVS", "")


class Small:
    """The order of calls and the names of a VecTask."""

    def __init__(self) -> None:
        self.gym, self.sim, self.envs = (
            FakeGym(["hip", "knee"], ["base", "leg", "foot"], ENVS),
            None,
            [None] * ENVS,
        )
        self.cfg, self.control_freq_inv, self.max_episode_length = {"sim": {"dt": 0.01}}, 2, 9
        self.num_envs, self.num_actions, self.device = ENVS, 2, "cpu"
        self.root_states = self.gym.root_states
        state = self.gym.dof_state.view(ENVS, 2, 2)
        self.dof_pos, self.dof_vel = state[..., 0], state[..., 1]
        self.contact_forces, self.score = self.gym.contact_forces, torch.zeros(ENVS)
        self.rew_buf, self.extras = torch.zeros(ENVS), {}  # type: torch.Tensor, Dict[str, Any]
        self.reset_buf, self.progress_buf = (
            torch.ones(ENVS, dtype=torch.long),
            torch.zeros(ENVS, dtype=torch.long),
        )

    def compute_reward(self, actions: torch.Tensor) -> None:
        self.rew_buf[:] = 7.0
        fallen = self.root_states[:, 2] < 0.3
        self.reset_buf = torch.where(fallen | (self.progress_buf >= self.max_episode_length - 1), 1, 0)

    def reset_idx(self, env_ids: torch.Tensor) -> None:
        self.root_states[env_ids] = torch.tensor([0.0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        self.progress_buf[env_ids] = 0
        self.reset_buf[env_ids] = 0

    def step(self, actions: torch.Tensor) -> None:
        self.actions = actions
        self.gym.draw()
        self.score.copy_(self.root_states[:, 0])
        self.progress_buf += 1
        ids = self.reset_buf.nonzero().flatten()
        if len(ids) > 0:
            self.reset_idx(ids)
        self.compute_reward(self.actions)


SPEC = """
reward = 2*delta(root_pos.x) as forward - 0.1*sum(delta(actions)^2) as jerk + alive + 0.5*score
    + 0.01*count(norm(contact_forces[feet]) > 1[N]) as touch + 0.001*episode_step as late
terminate high when base_height > 3.4[m]
"""


def test_a_small_task() -> None:
    """Terms, resets and what observers read; the class itself pays as before."""
    host = {"score": rewardlang.HostQuantity()}
    groups = {"feet": ("bodies", ["foot"])}
    task = attach(Small, rewardlang.parse(SPEC), groups=groups, host=host)()
    assert isinstance(task, Small) and type(task).__name__ == "Small"
    buffer, ended, high = task.rew_buf, 0, 0
    x, last = torch.zeros(ENVS), torch.zeros(ENVS, 2)
    for _ in range(STEPS):
        begun = task.reset_buf.bool()
        actions = torch.randn(ENVS, 2)
        task.step(actions)
        x = torch.where(begun, task.root_states[:, 0], x)
        last = torch.where(begun[:, None], torch.zeros(2), last)
        fell = (task.root_states[:, 2] < 0.3) & (task.progress_buf < 8)
        too_high = task.root_states[:, 2] > 3.4
        ended, high = ended + int(fell.sum()), high + int(too_high.sum())
        touch = task.contact_forces.view(ENVS, 3, 3)[:, 2].norm(dim=1) > 1
        paid = {"forward": 2 * (task.root_states[:, 0] - x), "jerk": -0.1 * (actions - last).square().sum(1),
                "alive": 1.0 - (fell | too_high).float(), "score": 0.5 * task.score, "touch": 0.01 * touch.float(),
                "late": 0.001 * (task.progress_buf + 1)}  # fmt: skip
        for name, mine in paid.items():
            torch.testing.assert_close(
                task.extras["episode_cumulative"][f"rew_{name}"], mine, atol=1e-5, rtol=0
            )
            torch.testing.assert_close(task.extras["episode"][f"rew_{name}"], mine.mean(), atol=1e-5, rtol=0)
        torch.testing.assert_close(task.rew_buf, sum(paid.values()), atol=1e-5, rtol=0)
        assert task.rew_buf is buffer and task.extras["gt_reward"] == 7.0 and task.reset_buf[too_high].all()
        x, last = task.root_states[:, 0].clone(), actions
    assert ended and high
    plain = Small()
    plain.step(torch.zeros(ENVS, 2))
    assert (plain.rew_buf == 7.0).all()


def test_what_a_task_lacks() -> None:
    task = attach(Small, rewardlang.parse("reward = sum(body_pos.z) as x"))()
    with pytest.raises(rewardlang.QuantityError, match="reads `body_pos`, for which Small has nothing"):
        task.step(torch.zeros(ENVS, 2))
    task = attach(Small, rewardlang.parse("reward = sum(torques^2)"))()
    with pytest.raises(rewardlang.QuantityError, match="reads `torques`"):
        task.step(torch.zeros(ENVS, 2))


def test_mistakes_are_told_before_a_training() -> None:
    """A name that nobody has where the spec is attached, what this robot lacks where it is made."""
    with pytest.raises(rewardlang.RewardError, match="unknown name `base_hieght`"):
        attach(Small, rewardlang.parse("reward = base_hieght / 1[m]"))
    with pytest.raises(rewardlang.RewardError, match="unknown name `feet`"):
        attach(Small, rewardlang.parse("reward = count(norm(contact_forces[feet]) > 1[N])"))
    elbow = attach(Small, rewardlang.parse('reward = dof_pos["elbow"] / 1[rad]'))
    with pytest.raises(rewardlang.RewardError, match="they are `hip`, `knee`"):
        elbow()
    with pytest.raises(TypeError, match="a class of a task is due"):
        attach(lambda: Small(), rewardlang.parse("reward = alive"))


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`isaacgymenvs.tasks.NAME` of the checkout, with modules in place of the simulator and of its base class."""
    if not CHECKOUT:
        pytest.skip("REWARDLANG_ISAACGYMENVS names no checkout of IsaacGymEnvs")
    root = Path(CHECKOUT) / "isaacgymenvs"
    made: Dict[str, Dict[str, Any]] = {
        "isaacgym": {"__path__": []}, "isaacgym.gymapi": {}, "isaacgym.gymtorch": {"unwrap_tensor": lambda x: x},
        "isaacgymenvs": {"__path__": [str(root)]}, "isaacgymenvs.utils": {"__path__": [str(root / "utils")]},
        "isaacgymenvs.tasks": {"__path__": [str(root / "tasks")]}, "isaacgymenvs.tasks.base": {"__path__": []},
        "isaacgymenvs.tasks.base.vec_task": {"VecTask": type("VecTask", (), {})},
    }  # fmt: skip
    for name, content in made.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
        if "." in name:
            monkeypatch.setattr(
                sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module, raising=False
            )
    before = set(sys.modules)
    yield lambda name: importlib.import_module(f"isaacgymenvs.tasks.{name}")
    for name in set(sys.modules) - before:
        if name.startswith("isaacgym"):  # torch's own parts are not to be registered twice
            del sys.modules[name]


ANT = 'extends "zoo/isaacgymenvs/ant_as_published.reward"'
HUMANOID = 'extends "zoo/isaacgymenvs/humanoid.reward"'
COMMON = {"up_weight": 0.1, "heading_weight": 0.5, "energy_cost_scale": 0.05, "contact_force_scale": 0.1, "angular_velocity_scale": 0.1,
          "up_axis_idx": 2, "randomize": False, "viewer": None, "debug_viz": False, "power_scale": 1.0, "control_freq_inv": 1, "device": "cpu",
          "max_episode_length": 20}  # fmt: skip
ROBOTS = {
    "Humanoid": (HUMANOID, 21, 12, {"actions_cost_scale": 0.01, "dof_vel_scale": 0.1, "death_cost": -1.0, "termination_height": 0.8, "joints_at_limit_cost_scale": 0.25}),
    "Ant": (ANT, 8, 24, {"actions_cost_scale": 0.005, "dof_vel_scale": 0.2, "death_cost": -2.0, "termination_height": 0.31, "joints_at_limit_cost_scale": 0.1}),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ROBOTS)
def test_unmodified_tasks_are_paid_the_same(name: str, upstream: Any) -> None:
    """On states without physics, over resets: the zoo's spec and the task's own reward."""
    spec, joints, sensors, numbers = ROBOTS[name]
    original = getattr(upstream(name.lower()), name)
    task_class = attach(original, rewardlang.parse(spec))
    task = task_class.__new__(task_class)
    gym = FakeGym([f"j{i}" for i in range(joints)], [f"b{i}" for i in range(joints)], ENVS, torch.float64)
    state = gym.dof_state.view(ENVS, joints, 2)
    double = lambda *shape: torch.zeros(*shape, dtype=torch.float64)
    props = gym.get_actor_dof_properties(None, 0)
    root = double(ENVS, 13)
    root[:, 2], root[:, 6] = 1.3, 1.0
    vars(task).update(COMMON, **numbers, gym=gym, sim=None, envs=[None], num_envs=ENVS, num_dof=joints, num_actions=joints, dt=1 / 60,
                      cfg={"sim": {"dt": 1 / 60}}, root_states=gym.root_states, initial_root_states=root, dof_state=gym.dof_state,
                      dof_pos=state[..., 0], dof_vel=state[..., 1], initial_dof_pos=torch.zeros(ENVS, joints), dof_force_tensor=double(ENVS, joints),
                      vec_sensor_tensor=double(ENVS, sensors), dof_limits_lower=torch.tensor(props["lower"]),
                      dof_limits_upper=torch.tensor(props["upper"]), motor_efforts=torch.linspace(20, 60, joints).double(),
                      joint_gears=torch.full((joints,), 15.0).double(), max_motor_effort=60.0, extras={}, rew_buf=double(ENVS),
                      obs_buf=double(ENVS, {"Humanoid": 108, "Ant": 60}[name]), reset_buf=torch.ones(ENVS, dtype=torch.long),
                      progress_buf=torch.zeros(ENVS, dtype=torch.long), randomize_buf=torch.zeros(ENVS, dtype=torch.long),
                      up_vec=double(ENVS, 3), heading_vec=double(ENVS, 3), inv_start_rot=torch.tensor([[0.0, 0, 0, 1]]).double().repeat(ENVS, 1),
                      basis_vec0=torch.tensor([[1.0, 0, 0]]).double().repeat(ENVS, 1), basis_vec1=torch.tensor([[0.0, 0, 1]]).double().repeat(ENVS, 1),
                      targets=torch.tensor([[1000.0, 0, 0]]).double().repeat(ENVS, 1), potentials=double(ENVS), prev_potentials=double(ENVS))  # fmt: skip
    own: list = []
    task_own = original.compute_reward

    def kept(self: Any, actions: torch.Tensor) -> None:
        task_own(self, actions)
        own.append((self.rew_buf.clone(), self.reset_buf.clone()))

    original.compute_reward = kept
    for _ in range(STEPS):
        gym.draw()
        task.actions = torch.rand(ENVS, joints, dtype=torch.float64) * 2 - 1
        task.post_physics_step()
        paid, reset = own[-1]
        torch.testing.assert_close(task.rew_buf, paid, atol=2e-3, rtol=0)
        assert torch.equal(task.reset_buf, reset)
    total = torch.stack([paid for paid, _ in own])
    assert total.std() > 1 and sum(int(reset.sum()) for _, reset in own) > 10


ROOT = Path(__file__).parents[2]
MODES = {"cpu": "several_joints=hinges", "gpu": "several_joints=hinges,gpu_rules=True,held_until=return"}
NEEDS = ("gym", "hydra", "omegaconf", "scipy", "tkinter", "warp", "rl_games", "tensorboard")
UNUSED = {"pysdf": "SDF", "trimesh": "Trimesh", "urdfpy": "URDF"}  # imported by tasks of other robots


def test_attached_again() -> None:
    """The second spec alone pays, and what it remembers moves on once a step."""
    spec = rewardlang.parse("reward = steps(root_pos.z > -1e9[m]) as held")
    once, twice = attach(Small, spec)(), attach(attach(Small, rewardlang.parse("reward = 5*alive")), spec)()
    for task in (once, twice):
        torch.manual_seed(0)
        for _ in range(3):
            task.step(torch.zeros(ENVS, 2))
    assert set(twice.extras["episode"]) == {"rew_held"} and torch.equal(once.rew_buf, twice.rew_buf)

    class Mine(attach(Small, spec)):  # type: ignore[misc]
        pass

    with pytest.raises(TypeError, match="Mine is made of a task that has a spec already"):
        attach(Mine, spec)


def test_groups_are_patterns() -> None:
    spec = rewardlang.parse("reward = sum(contact_forces[low].z) as load")
    attach(Small, spec, groups={"low": ("bodies", "*o*")})().step(torch.zeros(ENVS, 2))
    with pytest.raises(
        rewardlang.QuantityError, match=r"the group low: no name matches '\*fot'; there is base, leg, foot"
    ):
        attach(Small, spec, groups={"low": ("bodies", ["*fot"])})()
    with pytest.raises(rewardlang.QuantityError, match="the group low is of 'bodys'"):
        attach(Small, spec, groups={"low": ("bodys", ["foot"])})()


def test_an_unknown_name_is_not_looked_for_on_the_command_line() -> None:
    with pytest.raises(rewardlang.RewardError) as caught:
        attach(
            Small,
            rewardlang.parse("reward = sum(contact_forces[qqq].z) as x"),
            groups={"low": ("bodies", "*o*")},
        )
    assert "`rewardlang quantities` lists the language's names; Small has the groups low" in str(caught.value)


@pytest.fixture
def itself(tmp_path: Path) -> Any:
    """A function of a mode of the double, a script and its arguments: what it prints, run beside the checkout."""
    if not CHECKOUT:
        pytest.skip("REWARDLANG_ISAACGYMENVS names no checkout of IsaacGymEnvs")
    lacks = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if lacks:
        pytest.skip(f"IsaacGymEnvs needs {', '.join(lacks)}")
    if int(importlib.metadata.version("numpy").split(".")[0]) > 1:
        pytest.skip("IsaacGymEnvs needs numpy below 2: it reads np.Inf")
    absent = tmp_path / "absent"
    absent.mkdir()
    for name, what in UNUSED.items():
        if importlib.util.find_spec(name) is None:
            (absent / f"{name}.py").write_text(f"class {what}: pass\n")

    def run(mode: str, script: Path, *words: str) -> List[str]:
        path = os.pathsep.join(
            map(str, (ROOT / "tests" / "isaacgym_double", Path(CHECKOUT).resolve(), ROOT, absent))
        )
        known = {**os.environ, "PYTHONPATH": path, "ISAACGYM_DOUBLE": MODES[mode], "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, str(script), *words],
            env=known,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout.splitlines()

    return run


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ROBOTS)
def test_unmodified_tasks_with_physics(name: str, mode: str, itself: Any) -> None:
    """Over some hundred steps and many resets: the same pay, nothing remembered over a reset, and mistakes told in time.

    The source's progress is a difference of two potentials of 60,000 in float32, which moves in steps of 0.004; with that one term in
    float64 the rest is equal to float32's accuracy.
    """
    found = json.loads(itself(mode, Path(__file__).with_name("isaacgymenvs_runs.py"), name, "300")[-1])
    equal, remembered = found["equal"], found["remembered"]
    assert (
        equal["worst"] < 0.02 and equal["exact"] < 1e-5 and equal["terms"] < 1e-5 and equal["gt_reward"] == 0
    ), equal
    assert (
        equal["falls"] > 10 and equal["timeouts"] > 3 and equal["resets"] < 200 and equal["spread"] > 0.3
    ), equal
    assert remembered["worst"] < 1e-5 < 0.05 < remembered["leak"], remembered
    unknown, lacks = found["refused"].values()
    assert "unknown name `base_hieght`" in unknown and "did you mean `base_height`" in unknown
    assert '"elbow_9" matches none of the joints' in lacks


@pytest.mark.parametrize(("name", "mode"), [("Ant", "cpu"), ("Humanoid", "gpu")])
def test_its_own_training(name: str, mode: str, itself: Any, tmp_path: Path) -> None:
    """The example, which runs IsaacGymEnvs' train.py with RLGPUEnv, RLGPUAlgoObserver and rl_games: what its event file has."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = ROOT / "examples" / "isaacgymenvs"
    itself(mode, folder / "train.py", str(folder / "walk.reward"), f"task={name}", "num_envs=16", "sim_device=cpu", "rl_device=cpu", "pipeline=cpu",
           "headless=True", "max_iterations=4", "task.env.episodeLength=20", "train.params.config.minibatch_size=128", "+train.params.config.torch_compile=False")  # fmt: skip
    (events,) = tmp_path.glob("runs/*/summaries")
    log = EventAccumulator(str(events))
    log.Reload()
    values = lambda tag: [point.value for point in log.Scalars(tag)]
    terms = ("forward", "alive", "upright", "effort", "jerk")
    for term in terms:
        assert len(values(f"Episode/rew_{term}")) == 4
    assert len(values("gt_reward/iter")) == 4 and len(values("losses/a_loss")) == 4
    summed = lambda kind: sum(values(f"{kind}/rew_{term}")[-1] for term in terms)
    assert summed("episode_cumulative") == pytest.approx(values("rewards/iter")[-1], rel=1e-4)
    assert 0.9 < values("Episode/rew_alive")[0] <= 1 and max(values("Episode/rew_effort")) < 0
    assert list(tmp_path.glob("runs/*/nn/*.pth"))
