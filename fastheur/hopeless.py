"""Cuts episodes that cannot reach a wanted return any more, or that have stalled: early verdicts, never a score.

:class:`StopRule` is certain: an episode's return so far, plus the task's largest reward for every step left to the cap, is
the most it can still reach. Where that is below the wanted return, nothing the policy does can change the verdict.
:class:`StallRule` is a wager: an episode that has found no reward for long seldom finds much later. What it has by then
is a lower bound of its return where rewards cannot be negative.

:class:`LengthRule` cuts a look at an episode where its onlooker has seen enough.

Each looks at the episode alone, so that its verdict is the same whatever the slots, the threads and the neighbours.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.errors import ConfigError, whole
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

    @property
    def setting(self) -> Mapping[str, Any]:
        """The rule as a field of a Scorecard's setting."""
        return {"stop_below": self.below}

    def hopeless(self, batch: StepBatch, scores: Array) -> Array:
        """Return the live rows of ``batch`` to cut, int64; ``scores`` are the slots' accumulators, this step included."""
        live, so_far = _live(batch, scores)
        reachable = so_far["ret"] + self.upper * (self.cap - so_far["length"])
        return live[reachable < self.below - SLACK * max(1.0, abs(self.below))]


@dataclass(frozen=True)
class StallRule:
    """Cut an episode that has found no reward for ``steps`` env steps.

    Attributes:
        steps: env steps without a reward other than zero. cap: env steps after which an episode is over.
    """

    steps: int
    cap: int

    @property
    def stamp(self) -> str:
        """What goes behind the protocol's name: one under which episodes may be cut never keeps a bare name."""
        return f" (stop_stalled={self.steps})"

    @property
    def setting(self) -> Mapping[str, Any]:
        """The rule as a field of a Scorecard's setting."""
        return {"stop_stalled": self.steps}

    def hopeless(self, batch: StepBatch, scores: Array) -> Array:
        """Return the live rows of ``batch`` to cut, int64; ``scores`` are the slots' accumulators, this step included."""
        live, so_far = _live(batch, scores)
        return live[so_far["length"] - np.maximum(so_far["last_reward_step"], 0) >= self.steps]


@dataclass(frozen=True)
class LengthRule:
    """Cut an episode after ``cap`` env steps, for a look at its beginning."""

    cap: int

    def hopeless(self, batch: StepBatch, scores: Array) -> Array:
        """Return the live rows of ``batch`` to cut, int64; ``scores`` are the slots' accumulators, this step included."""
        live, so_far = _live(batch, scores)
        return live[so_far["length"] >= self.cap]


Rule = StopRule | StallRule
"""Rules that an evaluation takes."""


def _live(batch: StepBatch, scores: Array) -> tuple[Array, Array]:
    """The rows of ``batch`` that want an action, and their accumulators."""
    live = np.arange(len(batch.slots)) if batch.live is None else batch.live
    return live, scores[batch.slots[live]]


def stall_rule(steps: Any, task: Task, cap: int | None, split: str, warm: bool) -> StallRule:
    """Return the rule behind ``stop_stalled``.

    Args:
        steps: env steps without a reward. task: what is played. cap: its env steps per episode, None where unknown.
        split, warm: of the evaluation.

    Raises:
        ConfigError: says why episodes cannot be cut here, and what to do.
    """
    return StallRule(whole("stop_stalled", steps), _screening("stop_stalled", task, cap, split, warm))


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
    cap = _screening("stop_below", task, cap, split, warm)
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
    if below > bounds[1] * cap:
        raise ConfigError(
            f"stop_below is {below:g}, and no episode of {task.name} can return more than {bounds[1] * cap:g} in {cap} "
            "steps; expected at most that."
        )
    return StopRule(float(below), bounds[1], cap)


def _screening(name: str, task: Task, cap: int | None, split: str, warm: bool) -> int:
    """Return the cap, after checking that episodes may be cut at all; ``name`` is the setting's."""
    if split == "sealed":
        raise ConfigError(f"{name} is for screening, and found split='sealed'; leave one of them away.")
    if warm:
        raise ConfigError(f"{name} needs fresh slots, and found warm=true: a slot cannot be reset in mid-episode.")
    if cap is None:
        raise ConfigError(f"{name} needs an episode cap, and {task.name} has none; set max_steps=N.")
    return cap


def _altered(task: Task, protocol: Protocol) -> list[str]:
    """Names of EnvPool arguments in force that the task's entry does not have; the cap alone changes no reward."""
    listed = environments().get(task.environment.name)
    own = (listed or task.environment).args
    force = protocol.envpool_args(task)
    return sorted(k for k, v in force.items() if k != "max_episode_steps" and (k not in own or own[k] != v))
