"""Cuts episodes that can no longer reach a wanted return: early verdicts for screening, never a score.

An episode's return so far, plus the task's largest reward for every step left to the cap, is the most it can still reach.
Where that is below the wanted return, nothing the policy does can change the verdict, and the rest is not played. The
decision looks at the episode alone, so it is the same whatever the slots, the threads and the neighbours.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.errors import ConfigError
from fastheur.tasks import Protocol, Task, environments

SLACK = 1e-9
"""Relative margin: the running sum of rewards is rounded, and must not cut an episode that would just reach the bound."""


@dataclass(frozen=True)
class StopRule:
    """Cut an episode that cannot reach ``below`` any more.

    Attributes:
        below: return that an episode must still be able to reach. upper: largest reward of one env step.
        cap: env steps after which an episode is over.
    """

    below: float
    upper: float
    cap: int

    @property
    def stamp(self) -> str:
        """What goes behind the protocol's name: one under which episodes may be cut never keeps a bare name."""
        return f" (stop_below={self.below:g})"

    def hopeless(self, batch: StepBatch, scores: Array) -> Array:
        """Return the live rows of ``batch`` to cut, int64; ``scores`` are the slots' accumulators, this step included."""
        live = np.arange(len(batch.slots)) if batch.live is None else batch.live
        so_far = scores[batch.slots[live]]
        reachable = so_far["ret"] + self.upper * (self.cap - so_far["length"])
        return live[reachable < self.below - SLACK * max(1.0, abs(self.below))]


def stop_rule(below: Any, task: Task, protocol: Protocol, cap: int | None, split: str, warm: bool) -> StopRule:
    """Return the rule behind ``stop_below``, after checking that the verdict is certain.

    Args:
        below: the wanted return. task, protocol: what is played. cap: its env steps per episode, None where unknown.
        split, warm: of the evaluation.

    Raises:
        ConfigError: says why episodes cannot be cut here, and what to do.
    """
    if isinstance(below, bool) or not isinstance(below, (int, float)) or not math.isfinite(below):
        raise ConfigError(f"stop_below is {below!r}, expected a number: the return an episode must be able to reach.")
    if split == "sealed":
        raise ConfigError("stop_below is for screening, and found split='sealed'; leave one of them away.")
    if warm:
        raise ConfigError("stop_below needs fresh slots, and found warm=true: a slot cannot be reset in mid-episode.")
    bounds = task.environment.reward
    if bounds is None:
        raise ConfigError(
            f"stop_below needs to know the rewards of {task.name}, and its entry declares no bounds. Where they are "
            "certain, add `reward: [0, 1]` (lowest and highest reward of one step) to its file in conf/env."
        )
    if bounds[0] < 0:
        raise ConfigError(
            f"stop_below needs a return that cannot fall, and a step of {task.name} can give {bounds[0]:g}; expected a "
            "lower bound of at least 0. Leave stop_below away."
        )
    altered = _altered(task, protocol)
    if altered:
        raise ConfigError(
            f"The reward bounds of {task.name} hold for its own arguments, and found {', '.join(altered)} changed; "
            "leave stop_below or the change away."
        )
    if cap is None:
        raise ConfigError(f"stop_below needs an episode cap, and {task.name} has none; set max_steps=N.")
    if below > bounds[1] * cap:
        raise ConfigError(
            f"stop_below is {below:g}, and no episode of {task.name} can return more than {bounds[1] * cap:g} in {cap} "
            "steps; expected at most that."
        )
    return StopRule(float(below), bounds[1], cap)


def _altered(task: Task, protocol: Protocol) -> list[str]:
    """Names of EnvPool arguments in force that the task's entry does not have; the cap alone changes no reward."""
    listed = environments().get(task.environment.name)
    own = (listed or task.environment).args
    force = protocol.envpool_args(task)
    return sorted(k for k, v in force.items() if k != "max_episode_steps" and (k not in own or own[k] != v))
