"""What our backend uses of `mujoco.batch.Batch`, for MuJoCo before 3.17: loops over MjData on threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import mujoco
import numpy as np

STATE = ("qpos", "qvel", "ctrl", "qacc_warmstart")
POSITION = ("xpos", "xquat", "cvel", "subtree_com")  # made current after a step
FORCE = ("qfrc_actuator", "cfrc_ext")  # those of the last physics step


class Batch:
    """`nsim` simulations of one model. `bind` gives [nsim, ...] float64 arrays; STATE ones may be written."""

    def __init__(self, model: mujoco.MjModel, nsim: int, nthread: int):
        self.model, self.nsim = model, nsim
        self._pool, self._thread = ThreadPoolExecutor(nthread), threading.local()
        self._chunks = max(1, min(nsim, 4 * nthread))
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        self._fields = {}
        for name in STATE + POSITION + FORCE:
            self._fields[name] = np.repeat(np.array(getattr(data, name))[None], nsim, axis=0)
        self._fields["time"] = np.zeros(nsim)

    def bind(self, name: str) -> np.ndarray:
        return self._fields[name]

    def step(self, nstep: int, stage: int) -> None:
        self._run(range(self.nsim), nstep)

    def forward(self, ids) -> None:
        self._run(ids, 0)

    def get_data(self, sim: int) -> mujoco.MjData:
        data = mujoco.MjData(self.model)
        self._load(data, sim)
        return data

    def _run(self, ids, nstep: int) -> None:
        chunks = np.array_split(list(ids), self._chunks)
        list(self._pool.map(lambda chunk: self._run_chunk(chunk, nstep), chunks))

    def _run_chunk(self, ids, nstep: int) -> None:
        model = self.model
        if not hasattr(self._thread, "data"):
            self._thread.data = mujoco.MjData(model)  # one a thread: memory does not grow with nsim
        data = self._thread.data
        for sim in ids:
            self._load(data, sim)
            if nstep:
                mujoco.mj_step(model, data, nstep)
            else:
                mujoco.mj_forward(model, data)
            mujoco.mj_rnePostConstraint(model, data)
            for name in FORCE:
                self._fields[name][sim] = getattr(data, name)
            if nstep:
                mujoco.mj_fwdPosition(model, data)
                mujoco.mj_fwdVelocity(model, data)
            for name in STATE + POSITION:
                self._fields[name][sim] = getattr(data, name)
            self._fields["time"][sim] = data.time

    def _load(self, data: mujoco.MjData, sim: int) -> None:
        for name in STATE:
            getattr(data, name)[:] = self._fields[name][sim]
        data.time = self._fields["time"][sim]
