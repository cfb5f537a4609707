"""What the sensors of an mjlab scene measure, as quantities along the bodies that they are on."""

from __future__ import annotations

import math
import re
from typing import Any, Optional, Sequence, Tuple

import torch
from mjlab.sensor import BuiltinSensor, ContactSensor, RayCastSensor, TerrainHeightSensor

from .. import HostQuantity
from .articulation import Described, Read, contact_quantities, sorted_columns, taking


class Sensed:
    """One sensor, and the description that its quantities go to; they are called NAME_WHAT."""

    def __init__(self, about: Described, env: Any, asset: str, key: str) -> None:
        self.about, self.env, self.asset, self.key = about, env, asset, key
        self.name = re.sub(r"\W", "_", short(key, asset))
        self.sensor = env.scene.sensors[key]

    def add(self) -> None:
        if isinstance(self.sensor, ContactSensor):
            self._contact()
        elif isinstance(self.sensor, RayCastSensor):
            self._rays()
        elif isinstance(self.sensor, BuiltinSensor) and not any(
            self.key.startswith(f"{other}_") for other in self.env.scene.sensors
        ):
            self._builtin()  # a contact sensor is made of some, which are left out

    def data(self, env: Any) -> Any:
        return env.scene[self.key].data

    def _give(
        self, what: str, read: Read, columns: Optional[torch.Tensor], doc: str, **quantity: Any
    ) -> None:
        self.about.given[f"{self.name}_{what}"] = (HostQuantity(doc=doc, **quantity), taking(read, columns))

    def _contact(self) -> None:
        cfg = self.sensor.cfg
        if cfg.num_slots > 1 and cfg.reduce != "netforce":
            return  # several contacts of a body, in no order
        kind, whose = cfg.primary.mode.replace("subtree", "body"), cfg.primary.entity
        names = [f"{whose}/{name}" if whose else name for name in self.sensor.primary_names]
        axis, columns = self._axis(kind, names)
        frame = "world" if cfg.reduce == "netforce" or cfg.global_frame else ""
        if "found" in cfg.fields:
            self._give(
                "found",
                lambda env: self.data(env).found,
                columns,
                "How many contacts.",
                axes=[axis],
                unit="1",
                range=(0, math.inf),
            )
        if "force" in cfg.fields:
            force = lambda env: self.data(env).force
            self._give(
                "force",
                force,
                columns,
                "Contact force, from the body on what it touches.",
                axes=[axis, "xyz"],
                unit="N",
                frame=frame,
            )
            if cfg.history_length:
                axes = [axis, {f"{self.name}_substeps": cfg.history_length}, "xyz"]
                doc = "Contact force of the last physics steps, newest first."
                self._give(
                    "force_history",
                    lambda env: self.data(env).force_history,
                    columns,
                    doc,
                    axes=axes,
                    unit="N",
                    frame=frame,
                )
            every = sorted(f"{self.asset}/{name}" for name in self.env.scene[self.asset].body_names)
            net = cfg.reduce == "netforce" and cfg.secondary is None and cfg.primary.mode == "body"
            if (
                net and sorted(names) == every
            ):  # MuJoCo's is the force that the body gives, the language's the one that it gets
                self.about.sources.setdefault("contact_forces", taking(lambda env: -force(env), columns))
        if cfg.track_air_time:
            sensor = lambda env: env.scene[self.key]
            self.about.given.update(contact_quantities(self.name, axis, self.data, sensor, columns))

    def _rays(self) -> None:
        cfg = self.sensor.cfg
        frames = cfg.frame if isinstance(cfg.frame, tuple) else (cfg.frame,)
        if len({frame.type for frame in frames}) > 1:
            return
        axis, columns = self._axis(frames[0].type, [frame.prefixed_name() for frame in frames])
        if isinstance(self.sensor, TerrainHeightSensor) and cfg.reduction != "none":
            self._give(
                "heights",
                lambda env: self.data(env).heights,
                columns,
                "Height above the terrain.",
                axes=[axis],
                unit="m",
            )
        if frames[0].type == "site" and all(frame.entity == self.asset for frame in frames):
            at = [self.env.scene[self.asset].site_names.index(frame.name) for frame in frames]
            robot = lambda env: env.scene[self.asset].data
            place = lambda env: robot(env).site_pos_w[:, at] - env.scene.env_origins[:, None]
            doc = "Of the sites that it is on."
            self._give("pos", place, columns, doc, axes=[axis, "xyz"], unit="m", frame="world")
            self._give(
                "lin_vel",
                lambda env: robot(env).site_lin_vel_w[:, at],
                columns,
                doc,
                axes=[axis, "xyz"],
                unit="m/s",
                frame="world",
            )
        if len(frames) == 1:
            doc = "Length of each ray; below 0 without a hit."
            self._give("distances", lambda env: self.data(env).distances, None, doc, axes=[{f"{self.name}_rays": self.sensor.num_rays_per_frame}], unit="m")  # fmt: skip

    def _builtin(self) -> None:
        width = self.sensor.data.shape[-1]
        axes = ["xyz"] if width == 3 else [{f"{self.name}_values": width}] if width > 1 else []
        read = self.data if width > 1 else lambda env: self.data(env)[:, 0]
        self.about.given[self.name] = (HostQuantity(axes=axes, doc="A sensor of the model."), read)

    def _axis(self, kind: str, names: Sequence[str]) -> Tuple[Any, Optional[torch.Tensor]]:
        """The bodies that the elements are on, as a group NAME_bodies, if each is on one of its own; else an axis NAME_parts. With the
        columns to take for the model's order."""
        model, bodies = self.env.sim.mj_model, list(self.env.scene[self.asset].body_names)
        of = {"body": lambda name: model.body(name).id, "geom": lambda name: model.geom(name).bodyid[0], "site": lambda name: model.site(name).bodyid[0]}[kind]  # fmt: skip
        on = [short(model.body(int(of(name))).name, self.asset) for name in names]
        if len(set(on)) < len(on) or not set(on) <= set(bodies):
            return {f"{self.name}_parts": [short(name, self.asset) for name in names]}, None
        ordered, columns = sorted_columns(on, bodies)
        self.about.groups[f"{self.name}_bodies"] = ("bodies", ordered)
        return f"{self.name}_bodies", columns


def short(name: str, asset: str) -> str:
    """A name in the scene as the robot itself has it."""
    return name[len(asset) + 1 :] if name.startswith(f"{asset}/") else name
