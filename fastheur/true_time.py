"""How many env steps of a task are one second of its own true time.

Atari and VizDoom have a clock of their own, a MuJoCo model says how long its time step is, and Gymnasium says how fast it
shows its small tasks. What has no time of its own is shown at :data:`DEFAULT` steps a second, or, where one takes turns, at
:data:`TURNS`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ATARI_FRAMES_PER_S = 60.0
"""Frames of an NTSC television; an env step shows ``frame_skip`` of them."""

VIZDOOM_TICS_PER_S = 35.0
"""Doom's own clock (TICRATE in its sources); an env step lasts ``frame_skip`` tics."""

MUJOCO_TIMESTEP_S = 0.002
"""A model's time step where it gives none (MuJoCo XML reference, option/timestep)."""

SHOWN_PER_S = {
    "CartPole": 50.0, "MountainCar": 30.0, "MountainCarContinuous": 30.0, "Acrobot": 15.0, "Pendulum": 30.0,
    "LunarLander": 50.0, "LunarLanderContinuous": 50.0, "BipedalWalker": 50.0, "BipedalWalkerHardcore": 50.0,
    "CarRacing": 50.0,
}  # fmt: skip
"""Steps per second by task, without namespace and version: ``metadata["render_fps"]`` in Gymnasium 1.4."""

TURNS = 4.0
"""Steps per second of board games and grids: what Gymnasium gives its toy texts."""

DEFAULT = 30.0
"""Steps per second where nothing is known."""

_IN_TURNS = ("envpool.toy_text", "envpool.minigrid", "envpool.pgx", "envpool.jumanji")


def steps_per_s(family: str, env_id: str, config: Mapping[str, Any]) -> float:
    """Return the env steps per second of a task.

    Args:
        family: EnvPool's module of the task, for instance ``envpool.atari``.
        config: EnvPool's whole configuration of the task, defaults included.
    """
    skip = int(config.get("frame_skip", 1))
    if family == "envpool.atari":
        return ATARI_FRAMES_PER_S / skip
    if family == "envpool.vizdoom":
        return VIZDOOM_TICS_PER_S / skip
    model = model_path(family, env_id, config)
    if model is not None:
        return 1.0 / (_timestep(model) * skip)
    if family in _IN_TURNS:
        return TURNS
    return SHOWN_PER_S.get(re.sub(r"-v\d+$", "", env_id.rpartition("/")[2]), DEFAULT)


def model_path(family: str, env_id: str, config: Mapping[str, Any]) -> Path | None:
    """Return the XML file that EnvPool loads for a Gymnasium or dm_control task, or None for any other."""
    assets = Path(str(config.get("base_path", ""))) / "mujoco"
    if family == "envpool.mujoco.gym":
        path = assets / "assets_gym" / str(config.get("xml_file", "")).replace(".xml", "_envpool.xml")
        return path if path.is_file() else None
    if family == "envpool.mujoco.dmc":
        domains = [path for path in (assets / "assets_dmc").glob("*.xml") if _starts(env_id, path.stem)]
        return max(domains, key=lambda path: len(path.stem), default=None)
    return None


def _starts(env_id: str, domain: str) -> bool:
    """True for ``CartpoleSwingup-v1`` and ``cartpole``."""
    return env_id.lower().startswith(domain.replace("_", "").lower())


def _timestep(model: Path) -> float:
    option = ElementTree.parse(model).getroot().find("option")
    return float(option.get("timestep", MUJOCO_TIMESTEP_S)) if option is not None else MUJOCO_TIMESTEP_S
