"""Probes of a game: short instrumented rollouts that say what acts on what, before any policy is written.

Every env step is taken through an :class:`fastheur.engine.Engine`, and a probe takes at most as many as it was given.
"""

from dataclasses import replace
from typing import Any

from fastheur.engine import Engine
from fastheur.engines import make_engine
from fastheur.errors import ConfigError, whole
from fastheur.operations import Answer, Picture
from fastheur.probing.effects import probe_actions
from fastheur.probing.memory import probe_ram
from fastheur.probing.payoffs import probe_rewards
from fastheur.probing.picturing import picture
from fastheur.probing.ranges import probe_values
from fastheur.probing.walking import Choose, chosen, walk, wander
from fastheur.tasks import Protocol, Task
from fastheur.wording import bounded

KINDS = ("actions", "ram", "values", "rewards", "frame")

MOST_TOKENS = 1000
"""Bound on an answer's text."""

PICTURES = 4
"""Pictures of a ``frame`` probe, spread evenly over its steps."""


def probe(
    task: Task,
    protocol: Protocol,
    kind: str,
    *,
    steps: int = 600,
    seed: int,
    action: int | None = None,
    after: int = 0,
    engine: str = "auto",
) -> Answer:
    """Probe a game.

    Args:
        task, protocol: what is played and how. kind: one of :data:`KINDS`.
        steps: env steps that may be taken, second passes included; ``data["env_steps"]`` says how many were.
        seed: environment seed of the episode that is played, again if it ends early. action: the move to hold, see
            :func:`fastheur.probing.walking.moves`; None: random ones (``actions``: every one).
        after: steps of random actions before those of ``actions``, the same for each.
        engine: of :data:`fastheur.engines.ENGINES`.

    Raises:
        ConfigError: the kind or the action does not exist, does not fit the task, or needs more steps.
    """
    if kind not in KINDS:
        raise ConfigError(f"kind is {kind!r}, expected one of {', '.join(KINDS)}.")
    whole("steps", steps)
    if kind == "ram" and task.mode != "ram":
        raise ConfigError(
            f"kind=ram shows what lies behind the observation, and found obs={task.mode}: a policy that cannot see the RAM "
            "must not be written from it. Use kind=actions, values, rewards or frame."
        )
    if after and kind != "actions":
        raise ConfigError(f"after is for kind=actions, found kind={kind}.")
    if kind == "frame" and task.mode == "ram":
        task = replace(task, mode="native")  # the same game, seen as its frames
    played = make_engine(engine, task, protocol)
    choose = _choice(played, seed, action)
    engines = [played]
    pictures: tuple[Picture, ...] = ()
    if kind == "actions":
        lines, data = probe_actions(played, seed, steps, action, after)
    elif kind == "ram":
        if steps < 2:
            raise ConfigError("steps is 1, expected at least 2: kind=ram plays everything twice.")
        engines.append(make_engine(engine, replace(task, mode="native"), protocol))
        lines, data = probe_ram(played, engines[1], seed, steps, choose)
    elif kind == "values":
        lines, data = probe_values(played, seed, steps, choose)
    elif kind == "rewards":
        lines, data = probe_rewards(played, seed, steps, choose)
    else:
        lines, data, pictures = _frames(played, seed, steps, choose)
    taken = sum(one.env_steps for one in engines)
    heading = f"probe {kind} of {task.name} ({task.mode}), {taken:,} env steps."
    text = bounded([heading, *lines], MOST_TOKENS)
    return Answer(text, {"kind": kind, "env_steps": taken, **data}, pictures)


def _choice(engine: Engine, seed: int, action: int | None) -> Choose:
    if action is None:
        return wander(engine.spec.action, seed)
    value = chosen(engine.spec.action, action).value
    return lambda batch: value


def _frames(
    engine: Engine, seed: int, steps: int, choose: Choose
) -> tuple[list[str], dict[str, Any], tuple[Picture, ...]]:
    spec = engine.spec
    if spec.obs_dtype.names or len(spec.obs_shape) < 2 or min(spec.obs_shape[-2:]) < 8:
        return [f"This task has no frames: an observation is {spec.obs_text}. kind=values shows its numbers."], {}, ()
    wanted = {steps * (place + 1) // PICTURES for place in range(PICTURES)}
    pictures, captions, taken, episode = [], [], 0, -1
    for batch in walk(engine, seed, steps, choose):
        episode += batch.first is not None
        taken += batch.first is None
        if batch.first is None and taken in wanted:
            captions.append(f"step {int(batch.info['elapsed'][0]):,} of episode {episode}")
            pictures.append(picture(batch.obs[0], captions[-1]))
    return [f"Pictures: {'; '.join(captions)}."], {"captions": captions}, tuple(pictures)
