"""Atari as the game itself goes: every frame is a step and is seen as it is drawn, nothing stacked, shrunk or turned grey.

What such a task shows and takes is known without opening the game, which costs a quarter of a second, and is the same for
every engine.
"""

import numpy as np

from fastheur.ale_lane import OBS_SHAPES, SCREEN
from fastheur.spec import BASE_INFO, ActionSpec, Spec
from fastheur.tasks import Protocol, Task, atari_actions

_FIXED = {
    "stack_num": 1,
    "frame_skip": 1,
    "full_action_space": False,
    "reward_clip": False,
    "episodic_life": False,
    "img_height": SCREEN[0],
    "img_width": SCREEN[1],
}
"""EnvPool arguments that have to be these."""

_FREE = ("noop_max", "use_fire_reset", "repeat_action_probability", "max_episode_steps", "gray_scale")
"""EnvPool arguments that may be anything."""


def why_other(task: Task, protocol: Protocol) -> str | None:
    """Return why a task is not plain Atari, as the end of a sentence that begins with the engine's name, or None where it is."""
    args = protocol.envpool_args(task)
    if task.suite != "atari" or not atari_actions(task.env_id):
        return "it plays the 57 Atari games only"
    if task.mode == "native" and args.get("gray_scale", True):
        return "it gives RGB frames, and gray_scale is not false"
    for name, wanted in _FIXED.items():
        if args.get(name, None) != wanted:
            return f"it needs {name}={wanted}, found {name}={args.get(name, 'unset')}"
    other = [name for name in args if name not in (*_FIXED, *_FREE)]
    return f"it does not know the argument {other[0]}" if other else None


def plain_spec(task: Task) -> Spec:
    """Return the specification of a plain Atari task."""
    meanings = atari_actions(task.env_id)
    return Spec(
        task.env_id,
        task.mode,
        task.suite,
        OBS_SHAPES[task.mode],
        np.dtype(np.uint8),
        np.dtype(BASE_INFO, align=True),
        ActionSpec("discrete", n=len(meanings), meanings=meanings),
    )
