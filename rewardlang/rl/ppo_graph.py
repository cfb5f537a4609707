"""rl_games' PPO without waiting: the same algorithm, with the policy's step, the advantages and the update as CUDA graphs.

rl_games asks the device for values all along (`nonzero`, `torch.normal`, the KL divergence as a number) and launches some
hundred small kernels for a minibatch. Here nothing is asked until the epoch is over, so the host runs ahead of the GPU; and
what is launched is a graph. Losses, gradients, advantages and normalizing are rl_games' own functions, captured as they are.
What had to be written anew says why.

On a CPU the same functions are called one by one, and give the weights of rl_games' agent.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Mapping

import torch
from torch.nn.utils import clip_grad_norm_

from . import ranks
from .agents import PPO, State
from .captured import Captured, capture_stream
from .meters import Meter, Meters
from .rl_games_import import RunningMeanStd, swap_and_flatten01

ACTED = ("actions", "neglogpacs", "values", "mus", "sigmas")  # what the policy gives in a step
LOSSES = ("actor", "critic", "entropy", "bounds", "kl")  # of a minibatch
BATCH = {"old_values": "values", "old_logp_actions": "neglogpacs", "advantages": "neglogpacs", "returns": "values",
         "actions": "actions", "obs": "obses", "mu": "mus", "sigma": "sigmas"}  # of an epoch: as which tensor of the horizon  # fmt: skip

# Settings that can be captured; with others rl_games' own code trains, since they need a value on the host during an epoch.
CAPTURED = {
    "mixed_precision": (False,),
    "lr_schedule": ("adaptive", None),
    "use_diagnostics": (False,),
    "epochs_between_resets": (0,),
}


def why_not(config: Mapping[str, Any]) -> str:
    """The setting that keeps this `config` of rl_games from being captured; "" if there is none."""
    odd = (key for key, fine in CAPTURED.items() if config.get(key, fine[0]) not in fine)
    return next((f"{key}: {config[key]}" for key in odd), "")


class GraphPPO(PPO):
    """rl_games' PPO in few launches: H steps of N environments, M minibatches. O observations, A actions."""

    runs_ahead = True

    def __init__(self, base_name: str, params: State):
        super().__init__(base_name, params)
        if self.normalize_input:
            self.model.running_mean_std = in_place(self.model.running_mean_std)
        if self.normalize_value:
            self.value_mean_std = self.model.value_mean_std = in_place(self.model.value_mean_std)
        self.meters = Meters(3, self.games_to_track, self.device)
        self.game_rewards, self.game_shaped_rewards, self.game_lengths = (
            Meter(self.meters, i, shape) for i, shape in enumerate(((1, 1), (1, 1), (1,)))
        )
        self.on_gpu = torch.device(self.device).type == "cuda"
        # Adam's kernel wants a float32 on a GPU; on a CPU the rate is as exact as rl_games' own.
        rate = torch.float32 if self.on_gpu else torch.float64
        self.last_lr = torch.tensor(self.last_lr, dtype=rate, device=self.device)
        self._rate_on_device()

    # What goes into a checkpoint is what rl_games' own agent would save.

    def get_full_state_weights(self) -> State:
        state = super().get_full_state_weights()
        plain = {"lr": float(self.last_lr), "capturable": False}
        groups = state["optimizer"]["param_groups"]
        state["optimizer"]["param_groups"] = [{**group, **plain} for group in groups]
        return state

    def set_full_state_weights(self, weights: State, set_epoch: bool = True) -> None:
        rate = self.last_lr
        super().set_full_state_weights(weights, set_epoch)
        self.last_lr = rate.fill_(self.last_lr)
        self._rate_on_device()

    def _rate_on_device(self) -> None:
        for group in self.optimizer.param_groups:
            group.update(lr=self.last_lr, capturable=self.on_gpu)

    # Tensors that stay where they are, and what works on them.

    def init_tensors(self) -> None:
        super().init_tensors()
        zeros = torch.zeros_like
        horizon = self.experience_buffer.tensor_dict
        self.at = torch.zeros(
            1, dtype=torch.long, device=self.device
        )  # the step of the horizon that comes next
        self.seen = zeros(horizon["obses"][0])  # [N, O], what the policy acts on
        # What the environment gave: the reward; 1 where the episode ended; 1 where its time limit did that. [N, 1] each
        self.paid, self.over, self.late = (zeros(horizon["rewards"][0]) for _ in range(3))
        self.over.fill_(1)  # rl_games begins as if all episodes had just ended
        self.value = zeros(horizon["values"][0])  # [N, 1], of what was seen
        self.sent = zeros(horizon["actions"][0])  # [N, A], actions as the environment wants them
        self.running = torch.zeros(
            len(self.seen), 3, device=self.device
        )  # of the episode so far: return, shaped return, length
        self.batch = {name: zeros(swap_and_flatten01(horizon[like])) for name, like in BATCH.items()}
        self.weights = list(self.model.parameters())
        sizes = [weight.numel() for weight in self.weights]
        # The gradient of all weights in one row, then the losses: what the processes exchange.
        self.row = torch.zeros(sum(sizes) + len(LOSSES), device=self.device)
        self.gradient = [
            part.view_as(weight) for part, weight in zip(self.row.split([*sizes, len(LOSSES)]), self.weights)
        ]
        self.found = torch.zeros(len(LOSSES), device=self.device)  # the losses summed over minibatches

        stream = capture_stream(self.device)

        def captured(work: Callable[[], Any]) -> Callable[[], Any]:
            return Captured(work, stream)

        self.run_act, self.run_settle, self.run_estimate = map(
            captured, (self.act, self.settle, self.estimate)
        )
        # Alone, all of a mini-epoch is one graph. Among others, the exchange of gradients divides it.
        piece: Callable = captured if self.multi_gpu else (lambda work: work)
        whole: Callable = (lambda work: work) if self.multi_gpu else captured
        self.run_gradients = [piece(self._gradients_of(i)) for i in range(self.num_minibatches)]
        self.run_descend, self.run_adapt = piece(self.descend), piece(self.adapt)
        self.run_mini_epoch = whole(self.mini_epoch)

    def env_reset(self) -> Any:
        obs = super().env_reset()
        self.seen.copy_(obs["obs"])
        return obs

    # An epoch.

    def epoch(self) -> Any:
        """What rl_games' `train_epoch` gives; the losses are means over a mini-epoch."""
        self.vec_env.set_train_info(self.frame, self)
        start = time.perf_counter()
        with torch.no_grad():
            step_time = self.play()
        middle = time.perf_counter()
        self.curr_frames = self.batch_size
        self.algo_observer.after_steps()
        self.dataset.update_values_dict(self.batch)
        # A copy each: the next replay writes where this one did. All of it comes to the host at once: here the device is waited for.
        found = torch.stack([self.run_mini_epoch().clone() for _ in range(self.mini_epochs_num)]).cpu()
        end = time.perf_counter()
        actor, critic, entropy, bounds, kl = (list(one) for one in found.unbind(1))
        times = (step_time, middle - start, end - middle, end - start)
        return (*times, actor, critic, bounds, entropy, kl, float(self.last_lr), 1.0)

    def play(self) -> float:
        """Act and step until the horizon is full, then fill `batch`. Gives the time in the environment's `step`, s."""
        step_time = 0.0
        self.at.zero_()
        for _ in range(self.horizon_length):
            self.run_act()
            start = time.perf_counter()
            obs, reward, done, infos = self.vec_env.step(self.sent)
            step_time += time.perf_counter() - start
            self.seen.copy_(obs)
            for slot, value in ((self.paid, reward), (self.over, done), (self.late, infos["time_outs"])):
                slot.copy_(value[:, None])
            self.run_settle()
        self.run_estimate()
        return step_time

    def act(self) -> None:
        """What the policy does on `seen`, into `sent` and the horizon."""
        acted = self.policy(self.seen)
        self._keep(obses=self.seen, dones=self.over[:, 0].to(torch.uint8), **acted)
        self.value.copy_(acted["values"])
        self.sent.copy_(self.preprocess_actions(acted["actions"]))

    def policy(self, obs: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Actions drawn for obs [N, O], what they are worth, and what they were drawn from: what rl_games' model gives, but for
        its `torch.normal`, which asks the device whether a deviation is negative.
        """
        model = self.model.eval()
        mu, log_sigma, value, _ = model.a2c_network({"obs": model.norm_obs(obs)})
        sigma = torch.exp(log_sigma)
        actions = torch.randn_like(mu).mul_(sigma).add_(mu)
        neglogp = model.neglogp(actions, mu, sigma, log_sigma)
        return dict(zip(ACTED, (actions, neglogp, model.denorm_value(value), mu, sigma)))

    def settle(self) -> None:
        """Book what the step has paid, and the episodes that it ended."""
        shaped = self.rewards_shaper(self.paid)
        if self.value_bootstrap:
            shaped.add_(self.gamma * self.value * self.late)
        self._keep(rewards=shaped)
        self.at.add_(1)
        self.running.add_(torch.cat((self.paid, shaped, torch.ones_like(shaped)), 1))
        self.meters.add((self.over * self.running).sum(0), self.over.sum())
        self.running.mul_(1.0 - self.over)

    def _keep(self, **step: torch.Tensor) -> None:
        """Write a step into the horizon, at a place that the device knows."""
        for name, value in step.items():
            self.experience_buffer.tensor_dict[name].index_copy_(0, self.at, value[None])

    def estimate(self) -> None:
        """From the full horizon to `batch`: advantages and returns by rl_games' own functions."""
        horizon = self.experience_buffer.tensor_dict
        last, values = self.policy(self.seen)["values"], horizon["values"]
        advantages = self.discount_values(
            self.over[:, 0], last, horizon["dones"].float(), values, horizon["rewards"]
        )
        flat = self.experience_buffer.get_transformed_list(swap_and_flatten01, self.tensor_list)
        self.prepare_dataset({**flat, "returns": swap_and_flatten01(advantages + values)})
        for name, slot in self.batch.items():
            slot.copy_(self.dataset.values_dict[name])

    # The update.

    def mini_epoch(self) -> torch.Tensor:
        """Learn from each minibatch once. LOSSES, means over minibatches. [5]"""
        self.found.zero_()
        for run_gradients in self.run_gradients:
            run_gradients()
            if self.multi_gpu:
                ranks.average(self.row)
            self.run_descend()
        self.run_adapt()
        return self.found

    def _gradients_of(self, minibatch: int) -> Callable[[], None]:
        """What fills `row` from a minibatch, by rl_games' own function."""

        def gradients() -> None:
            actor, critic, entropy, kl, _, _, mu, sigma, bounds = self.train_actor_critic(
                self.dataset[minibatch]
            )
            self.dataset.update_mu_sigma(mu, sigma)
            losses = torch.stack((actor, critic, entropy, bounds, kl)).detach()
            torch.cat([*(weight.grad.view(-1) for weight in self.weights), losses], out=self.row)
            self.train_result = None  # it would keep the whole backward graph

        return gradients

    def trancate_gradients_and_step(self) -> None:
        """Nothing, where rl_games' calculation of the gradients calls it: that is `descend`."""

    def descend(self) -> None:
        """A step of Adam down the gradient in `row`."""
        for weight, gradient in zip(self.weights, self.gradient):
            weight.grad = gradient
        if self.truncate_grads:
            clip_grad_norm_(self.weights, self.grad_norm)
        self.optimizer.step()
        losses = self.row[-len(LOSSES) :]
        self.found.add_(losses / self.num_minibatches)
        if self.schedule_type == "legacy":
            self._adapt_to(losses[-1])

    def adapt(self) -> None:
        """The learning rate after a mini-epoch."""
        if self.schedule_type == "standard":
            self._adapt_to(self.found[-1])

    def _adapt_to(self, kl: torch.Tensor) -> None:
        """rl_games' AdaptiveScheduler, on the device."""
        if not self.is_adaptive_lr:
            return
        rate, limits = self.last_lr, self.scheduler
        slower, faster = (rate / 1.5).clamp(min=limits.min_lr), (rate * 1.5).clamp(max=limits.max_lr)
        new = torch.where(kl > 2.0 * limits.kl_threshold, slower, rate)
        rate.copy_(torch.where(kl < 0.5 * limits.kl_threshold, faster, new))


class InPlace(RunningMeanStd):
    """rl_games' normalizer, its statistics written where they are; rl_games binds new tensors, which a graph can't follow."""

    def _update_mean_var_count_from_moments(self, *given: Any) -> List[torch.Tensor]:  # type: ignore[override]
        held = given[:3]
        for slot, value in zip(held, super()._update_mean_var_count_from_moments(*given)):
            slot.copy_(value)
        return list(held)


def in_place(normalizer: Any) -> InPlace:
    """An InPlace normalizer in the state of another."""
    new = InPlace(tuple(normalizer.running_mean.shape)).to(normalizer.running_mean.device)
    new.load_state_dict(normalizer.state_dict())
    return new
