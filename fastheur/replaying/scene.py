"""One episode that is played again, and how: the whole of it, or a part of it from its beginning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.engine import Engine
from fastheur.host import Candidate
from fastheur.places import Place
from fastheur.rollout import Episode, Job, Observer, rollout
from fastheur.tasks import Protocol, Task

Watch = Callable[[], None]

_NEVER = 1 << 40


@dataclass(frozen=True)
class Scene:
    """One episode to play again.

    Attributes:
        task, protocol, candidate: what is played, how, and by whom. index, seed: which episode.
        steps: how many env steps of it at most; None for all.
    """

    task: Task
    protocol: Protocol
    candidate: Candidate
    index: int
    seed: int
    steps: int | None = None

    def first(self, steps: int) -> "Scene":
        """Return its first ``steps``."""
        return replace(self, steps=steps if self.steps is None else min(steps, self.steps))


@dataclass(frozen=True)
class Enough:
    """Stops the episodes of slots after so many env steps each; in place of a :data:`fastheur.hopeless.Rule`."""

    steps: Array

    @property
    def cap(self) -> int:
        """More than the steps: whatever is stopped is not over."""
        return int(self.steps.max()) + 1

    def hopeless(self, batch: StepBatch, scores: Array) -> Array:
        """Return the live rows of ``batch`` that have had their steps, int64."""
        live = np.arange(len(batch.slots)) if batch.live is None else batch.live
        slots = batch.slots[live]
        return live[scores[slots]["length"] >= self.steps[slots]]


def play(
    scenes: Sequence[Scene], engine: Engine, place: Place, observer: Observer, watch: Watch | None = None
) -> list[Episode]:
    """Play scenes, which differ in candidate and length only, beside one another, and return their episodes in order.

    Args:
        engine: of their task. place: where the policies run. observer: looks on; scene ``k`` plays in slot ``k`` alone.
        watch: called now and then.

    Raises:
        PolicyError: a policy failed.
    """
    host = place.host([scene.candidate for scene in scenes], engine.spec, len(scenes))
    jobs = [Job(number, scene.index, scene.seed) for number, scene in enumerate(scenes)]
    steps = [scene.steps for scene in scenes]
    stop: Any = None
    if any(most is not None for most in steps):
        stop = Enough(np.array([_NEVER if most is None else most for most in steps], np.int64))
    found = rollout(engine, host, jobs, len(jobs), stop=stop, watch=watch, recorder=observer)
    return sorted(found, key=lambda episode: episode.candidate)
