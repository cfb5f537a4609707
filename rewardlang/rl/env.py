"""The vectorised environment: actions → physics → reward on the state reached → resets → observations."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional, Tuple

import torch

from ..lang.compiler import Compiled
from ..quantities import ROWS
from ..reward import Reward, StepOutput
from ..sim.protocol import Sim
from ..task import Task
from .commands import Commands, worthwhile
from .graph import Recorded

Host = Mapping[str, Callable[["RewardEnv"], torch.Tensor]]
Step = Tuple[torch.Tensor, torch.Tensor, torch.Tensor, Dict[str, torch.Tensor]]
FORCES = {row.name for row in ROWS if row.tensor in ("dof_forces", "contact_forces")}


class Box:
    """A box space. rl_games asks a space's class for its name, so neither Gym nor Gymnasium is needed."""

    def __init__(self, low: float, high: float, shape: Tuple[int, ...]) -> None:
        import numpy

        self.low, self.high = numpy.full(shape, low, numpy.float32), numpy.full(shape, high, numpy.float32)
        self.shape, self.dtype = shape, self.low.dtype


class RewardEnv:
    """N environments of a task that pay a compiled reward; the interface is rl_games' IVecEnv.

    An environment whose episode ends is reset within the same `step`: its reward is that of the state that ended it, its
    observations are those of the reset state.
    """

    def __init__(
        self,
        task: Task,
        program: Compiled,
        sim: Sim,
        seed: int = 1,
        gamma: float = 0.99,
        host: Optional[Host] = None,
    ) -> None:
        """`host` gives the tensors of host quantities, each by a function of this environment, asked after every step and reset.

        Raises ValueError if the simulator is not that of the task, or a quantity that the spec reads is given by nobody.
        """
        if tuple(sim.dof_names) != tuple(task.dof_names) or tuple(sim.body_names) != tuple(task.body_names):
            raise ValueError(
                f"the simulator's joints or bodies are not those of the task {task.name}, in its order"
            )
        self.task, self.program, self.sim, self.num_envs = task, program, sim, sim.num_envs
        self.device = sim.root_states.device
        self.control_rate = program.vocabulary.control_rate
        self.reward = Reward(program, self.num_envs, self.device, gamma=gamma)
        self.generator = torch.Generator(device=self.device).manual_seed(seed)
        self.last: Optional[StepOutput] = None
        n = self.num_envs
        self.default_dof_pos = self._tensor(task.default_dof_pos)
        driven = [task.dof_names.index(name) for name in task.actuated]
        self.default_targets = self.default_dof_pos[driven]
        self.action_scale = self._tensor(task.action_scale)
        self.actions = torch.zeros(n, len(driven), device=self.device)
        self.asked = torch.zeros_like(self.actions)  # of the step to come
        self.episode_step = torch.zeros(n, device=self.device)
        self.episode_time = torch.zeros(n, device=self.device)
        self.time_limit = torch.zeros(n, dtype=torch.bool, device=self.device)
        self.commands = (
            None if task.commands is None else Commands(task.commands, n, task.dt, self.device, self._uniform)
        )
        self.quantities = self._bind()
        self.host = {name: give for name, give in (host or {}).items() if name in self.reward.needs}
        self._require_all()
        # What operators start from has the forces of an episode's first physics step, which is to be done anyway. Those of motors that
        # hold the reset state cost a solve of their own: for who looks before there is an action.
        self.forces_at_start = bool(self.reward.read.remembered & FORCES)
        self.begun = torch.zeros(n, dtype=torch.bool, device=self.device)
        sim.forces_at_reset = bool(self.host) or bool(self.reward.read.observed & FORCES)
        self.recorded: Optional[Recorded] = None
        self._lay_out_noise()
        observations = self.reset()
        self.observation_space = Box(-float("inf"), float("inf"), tuple(observations.shape[1:]))
        self.action_space = Box(-1.0, 1.0, (len(driven),))

    def reset(self) -> torch.Tensor:
        """Every environment anew. Observations [N, O]."""
        everyone = torch.ones(self.num_envs, dtype=torch.bool, device=self.device)
        return self._reset(everyone)

    @torch.no_grad()
    def step(self, actions: torch.Tensor) -> Step:
        """One control step with actions [N, A], each scaled to an offset of a joint's target from its default.

        Gives observations [N, O], reward [N], done [N] bool and {"time_outs": [N] bool}.
        """
        if self.recorded is not None:
            return self.recorded(actions)
        return self._step(actions)

    def record(self, split: bool = False) -> None:
        """From the third step on, replay the step as one CUDA graph, or with `split` as one between each two calls of the simulator.

        Tensors that a step gives are then overwritten by the next, but for the observations. Nothing happens on a CPU, or if a host
        gives quantities: its Python code runs on every step.
        """
        if self.device.type == "cuda" and not self.host:
            self.recorded = Recorded(self, split)

    def _step(self, actions: torch.Tensor) -> Step:
        """A step in operations that a CUDA graph can hold: no number comes to the host, nothing branches on one."""
        if self.commands is not None:
            self.commands.before_step(self.episode_step)
        limit = self.task.clip_actions
        self.asked.copy_(actions).clamp_(-limit, limit)
        self._move(torch.addcmul(self.default_targets, self.action_scale, torch.nan_to_num(self.asked)))
        self.actions.copy_(self.asked)
        self.episode_step += 1
        torch.div(self.episode_step, self.control_rate, out=self.episode_time)
        torch.ge(self.episode_step, self.task.max_episode_length, out=self.time_limit)
        if self.commands is not None:
            self.commands.follow_heading(self.quantities["root_quat"])
        self._ask_host()
        out = self.last = self.reward.step(self.quantities)
        done = out.done
        observations = out.observations
        if worthwhile(done):
            observations = self._reset(done)
        return observations, out.reward, done, {"time_outs": out.time_out}

    def _move(self, targets: torch.Tensor) -> None:
        """The physics of a step. In episodes that begin with it, operators start from the forces of its first physics step."""
        if not (self.forces_at_start and worthwhile(self.begun)):
            self.sim.step(targets)
            return
        self.sim.begin(targets, self.begun)
        self.reward.reset(self.quantities, self.begun)  # all but the forces is still as it was at the reset
        self.begun.zero_()
        self.sim.finish()

    def _reset(self, mask: torch.Tensor) -> torch.Tensor:
        """Reset the environments of `mask` [N] bool. Observations [N, O] of all."""
        root, dof_pos, dof_vel = self._initial_states()
        self.sim.reset(mask, root, dof_pos, dof_vel)
        self.begun.logical_or_(mask)
        self.actions.masked_fill_(mask[:, None], 0.0)
        self.episode_step.masked_fill_(mask, 0.0)
        self.episode_time.masked_fill_(mask, 0.0)
        self.time_limit.masked_fill_(mask, False)
        if self.commands is not None:
            self.commands.resample(mask)
            self.commands.follow_heading(self.quantities["root_quat"])
        self._ask_host()
        return self.reward.reset(self.quantities, mask)

    def _ask_host(self) -> None:
        """Host quantities of the state that the simulator shows."""
        for name, give in self.host.items():
            self.quantities[name] = give(self)

    def _require_all(self) -> None:
        missing = [
            name for name in self.reward.needs if name not in self.quantities and name not in self.host
        ]
        if missing:
            raise ValueError(
                f"the spec reads `{missing[0]}`, which a Python host gives: from Python train(..., host={{{missing[0]!r}: function}}), "
                "or probe(..., host=...), with a function of the environment that returns the tensor"
            )

    def _lay_out_noise(self) -> None:
        """The task's initial state as ranges of one row of random numbers: velocities of the base, half of its turn, joints."""
        task, noise, dofs = self.task, self.task.init_noise, len(self.task.dof_names)
        init = task.init_state
        parts = [("lin_vel", init.lin_vel), ("ang_vel", init.ang_vel), ("yaw", (0.0,)),
                 ("dof_pos", task.default_dof_pos), ("dof_vel", (0.0,) * dofs)]  # fmt: skip
        middle = self._tensor([value for _, values in parts for value in values])
        widths = [len(values) for _, values in parts]
        half = self._tensor([noise.get(name, 0.0) for name, values in parts for _ in values])
        half[6] *= 0.5
        self.noise_low, self.noise_span, self.noise_widths = middle - half, 2 * half, widths
        x, y, z, w = init.rot
        self.initial_pos = self._tensor(init.pos).expand(self.num_envs, 3)
        # (0, 0, sin, cos) * rot = cos * rot + sin * turned: a turn about the vertical by twice the angle
        self.initial_rot, self.turned_rot = self._tensor(init.rot), self._tensor((-y, x, w, -z))

    def _initial_states(self) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Initial states with the task's noise, drawn for all environments so that the draw doesn't depend on who resets."""
        drawn = torch.addcmul(self.noise_low, self._uniform(len(self.noise_low)), self.noise_span)
        lin_vel, ang_vel, half, dof_pos, dof_vel = drawn.split(self.noise_widths, 1)
        rot = torch.addcmul(torch.cos(half) * self.initial_rot, torch.sin(half), self.turned_rot)
        root = torch.cat((self.initial_pos, rot, lin_vel, ang_vel), 1)  # [N, 13]
        return root, torch.clamp(dof_pos, self.sim.dof_pos_lower, self.sim.dof_pos_upper), dof_vel

    def _uniform(self, width: int) -> torch.Tensor:
        """Uniform numbers in [0, 1]. [N, width]"""
        return torch.rand(self.num_envs, width, generator=self.generator, device=self.device)

    def _bind(self) -> Dict[str, torch.Tensor]:
        """Every raw quantity as a view of a persistent tensor: reading costs nothing."""
        own = {"actions": self.actions, "episode_step": self.episode_step, "episode_time": self.episode_time,
               "time_limit": self.time_limit, "default_dof_pos": self.default_dof_pos, "action_scale": self.action_scale,
               "stiffness": self._tensor(self.task.stiffness), "damping": self._tensor(self.task.damping)}  # fmt: skip
        if self.commands is not None:
            own.update(self.commands.tensors())
        out = {}
        for row in ROWS:
            if row.tensor and (row.kind != "command" or self.commands is not None):
                tensor = own[row.tensor] if row.tensor in own else getattr(self.sim, row.tensor)
                out[row.name] = tensor if row.columns is None else tensor[..., row.columns]
        return out

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device)

    # rl_games

    def get_env_info(self) -> Dict[str, Any]:
        """The spaces, as rl_games wants them."""
        return {"observation_space": self.observation_space, "action_space": self.action_space}

    def get_number_of_agents(self) -> int:
        return 1

    def set_train_info(self, frames: int, algo: Any) -> None:
        """How far the run is, for schedules: called by rl_games before each epoch."""
        last = getattr(algo, "max_epochs", -1)
        progress = min(1.0, algo.epoch_num / last) if last and last > 0 else 0.0
        self.reward.set_globals(epoch=algo.epoch_num, frames=frames, progress=progress)

    def get_env_state(self) -> Dict[str, Any]:
        """What a checkpoint keeps of the environment: the reward's state, the commands and the random generator's state.

        The simulator's is not kept: a run that goes on starts new episodes, with commands drawn where the generator was.
        """
        state = {"reward": self.reward.state_dict(), "generator": self.generator.get_state()}
        if self.commands is not None:
            state["commands"] = self.commands.state_dict()
        return state

    def set_env_state(self, saved: Optional[Mapping[str, Any]]) -> None:
        if saved:
            self.reward.load_state_dict(saved["reward"])
            if self.commands is not None and "commands" in saved:  # not in checkpoints of earlier versions
                self.commands.load_state_dict(saved["commands"])
            drawn = saved["generator"].cpu()
            if drawn.shape == self.generator.get_state().shape:  # a CUDA generator's does not fit a CPU's
                self.generator.set_state(drawn)
