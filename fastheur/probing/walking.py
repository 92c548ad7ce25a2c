"""The one loop of all probes: hold actions, or wander at random, for an exact number of env steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.engine import Engine
from fastheur.errors import ConfigError
from fastheur.spec import ActionSpec
from fastheur.wording import action_name

LONGEST_HOLD = 16
"""A random action is held for 1 .. this many steps: a new one at every step would only jitter on the spot."""

Choose = Callable[[StepBatch], Any]


@dataclass(frozen=True)
class Move:
    """One thing that can be done: a discrete action, a button, or one entry of a vector at one of its ends."""

    name: str
    value: Any


def idle(action: ActionSpec) -> Move:
    """Return the move that is nearest to doing nothing."""
    if action.kind == "discrete":
        number = action.meanings.index("NOOP") if "NOOP" in action.meanings else 0
        return Move(action_name(number, action.meanings), number)
    return Move("all zero", np.clip(np.zeros(action.size), action.low, action.high))


def moves(action: ActionSpec) -> list[Move]:
    """Return every move of a task: its discrete actions, its buttons one by one, or each entry at its low and high end."""
    if action.kind == "discrete":
        return [Move(action_name(number, action.meanings), number) for number in range(action.n)]
    ends = [("", action.high)] if action.kind == "buttons" else [(" low", action.low), (" high", action.high)]
    found = []
    for entry in range(action.size):
        for word, end in ends:
            value = idle(action).value.copy()
            value[entry] = np.clip(end[entry], -1e3, 1e3)
            found.append(Move(f"{'button' if action.kind == 'buttons' else 'entry'} {entry}{word}", value))
    return found


def chosen(action: ActionSpec, number: int) -> Move:
    """Return the move ``number``.

    Raises:
        ConfigError: the task has no such move.
    """
    known = moves(action)
    if not 0 <= number < len(known):
        raise ConfigError(
            f"action is {number}, expected 0..{len(known) - 1}: "
            + ", ".join(f"{place} {move.name}" for place, move in enumerate(known[:40]))
        )
    return known[number]


def wander(action: ActionSpec, seed: int) -> Choose:
    """Return a choice of random actions, each held for a while; for a single slot."""
    random = np.random.default_rng(seed)
    held: list[Any] = [0, None]

    def choose(batch: StepBatch) -> Any:
        if held[0] == 0:
            held[:] = int(random.integers(1, LONGEST_HOLD + 1)), _drawn(action, random)
        held[0] -= 1
        return held[1]

    return choose


def _drawn(action: ActionSpec, random: np.random.Generator) -> Any:
    if action.kind == "discrete":
        return int(random.integers(action.n))
    if action.kind == "buttons":
        return random.integers(0, 2, action.size).astype(np.float64)
    return random.uniform(np.clip(action.low, -1e3, 1e3), np.clip(action.high, -1e3, 1e3))


def walk(engine: Engine, seed: int, steps: int, choose: Choose) -> Iterator[StepBatch]:
    """Play the episode of ``seed`` in one slot, again and again, and yield each of its batches with the action chosen.

    Takes ``steps`` env steps, neither more nor fewer, unless the caller stops before.
    """
    left = steps
    for batch in engine.episodes([seed] * steps, 1):
        if batch.live is None and left:
            batch.actions[:] = choose(batch)
            left -= 1
        else:
            batch.live = np.empty(0, np.int64)
        yield batch
        if left == 0 and len(_live(batch)) == 0:
            return


def hold(engine: Engine, seed: int, held: Sequence[Move], each: int, after: int = 0) -> Iterator[StepBatch]:
    """Play one episode per move, all from the same start, each for at most ``each`` env steps; ``episodes`` counts moves.

    ``after`` random actions are taken before, the same in each episode.
    """
    values = np.array([move.value for move in held], engine.spec.action.dtype)
    choose, before = wander(engine.spec.action, seed), np.empty(0)
    for batch in engine.episodes([seed] * len(held), len(held)):
        if len(before) < after:
            before = np.array([choose(batch) for _ in range(after)], values.dtype)
        elapsed = batch.info["elapsed"]
        live = _live(batch)
        batch.live = live[elapsed[live] < after + each]
        batch.actions[batch.live] = values[batch.episodes[batch.live]]
        for row in batch.live[elapsed[batch.live] < after]:
            batch.actions[row] = before[elapsed[row]]
        yield batch


def _live(batch: StepBatch) -> Array:
    return np.arange(len(batch.slots)) if batch.live is None else batch.live
