"""``fastheur new NAME env=TASK``: a commented start for a Heuristic System, which runs as it is."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastheur.commands import settings
from fastheur.engines import make_engine
from fastheur.errors import ConfigError
from fastheur.spec import Spec
from fastheur.tasks import Task, make_task, references

_HEADER = '''"""{task} from {mode}: a first rule to start from.

One function for one environment; fastheur compiles it and runs it over the whole batch.
obs    {obs}
info   record: {info}
state  your own fields per episode (STATE), zeroed when an episode starts
params your tunables (PARAMS): fastheur eval ... params.NAME=VALUE
"""

from fastheur.policy import Param, uniform

TASK = "{task}"
OBS = "{mode}"
STATE = [("ticks", "i8")]
PARAMS = {{"hold": Param(4, 1, 60)}}  # default, low, high
{marks}
'''
_MARKS = '# MARKS = {"ball": ("ball_x - 48", "ball_y")}  # fields of STATE that replays draw: x, y in pixels of the picture\n'
_DISCRETE = """
def act(obs, info, state, params):
    # Actions: {actions}.
    # Begin here: keep one random action for `hold` steps. Replace it by rules that look at obs.
    state.ticks += 1
    if state.ticks % params.hold != 1 and params.hold > 1:
        return state.action
    state.action = int(uniform(state) * {n})
    return state.action
"""
_VECTOR = """
def act(obs, info, state, params, action):
    # Fill `action`: {actions}. It is zeroed before every call.
    # Begin here: draw new values every `hold` steps. Replace it by rules that look at obs.
    state.ticks += 1
    for joint in range({n}):
        if state.ticks % params.hold == 1 or params.hold == 1:
            state.action[joint] = {draw}
        action[joint] = state.action[joint]
"""
_MEMORY = """# {task}, {mode}: memory

What this Heuristic System has learnt. Keep it short and true; every figure with its protocol, split and episodes.

- Target: {target}
- Observation: {obs}
- Actions: {actions}

## What the observation means

## What works

## Failed directions

## Scores

| version | protocol | split | episodes | score | env steps |
|---|---|---|---|---|---|
"""


def main(config: Mapping[str, Any], name: str) -> int:
    """Write the folder ``name`` and say what to run next."""
    where = settings.environment(config)
    protocol = settings.protocol(config, where)
    task = make_task(where, config["obs"], protocol)
    spec = make_engine("auto", task, protocol).spec
    folder = Path(name)
    policy = folder / f"{task.mode}.py"
    if policy.exists():
        raise ConfigError(f"{policy} exists already; give another name, or another obs=MODE.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        policy.write_text(_policy(task, spec))
        memory = folder / "memory.md"
        if not memory.exists():
            memory.write_text(_memory(task, spec))
    except OSError as error:
        raise ConfigError(f"Cannot write into {folder}: {error.strerror}.") from error
    env = task.name if "/" in task.name else f"envpool env.id={task.env_id}"
    check, play = shlex.quote(str(policy)), shlex.quote(f"policy={policy}")
    print(
        f"Wrote {policy} and {memory}. Next:\n  fastheur check {check}\n  fastheur eval env={env} obs={task.mode} {play}"
    )
    return 0


def _policy(task: Task, spec: Spec) -> str:
    info = ", ".join(spec.info_dtype.names or ())
    marks = _MARKS if spec.suite in ("atari", "vizdoom") else ""
    header = _HEADER.format(task=task.name, mode=task.mode, obs=spec.obs_text, info=info, marks=marks)
    if spec.action.kind == "discrete":
        header = header.replace('("ticks", "i8")', '("ticks", "i8"), ("action", "i8")')
        return header + _DISCRETE.format(actions=spec.action, n=spec.action.n)
    header = header.replace('("ticks", "i8")', f'("ticks", "i8"), ("action", "f8", ({spec.action.size},))')
    if spec.action.kind == "buttons":
        draw = "1.0 if uniform(state) < 0.5 else 0.0"
    else:
        low, high = float(spec.action.low.max()), float(spec.action.high.min())
        draw = f"{low:g} + uniform(state) * {high - low:g}"
    return header + _VECTOR.format(actions=spec.action, n=spec.action.size, draw=draw)


def _memory(task: Task, spec: Spec) -> str:
    record = references().get(task.env_id)
    target = f"{record.score:g} ({record.protocol}; {record.source})" if record else "none published here"
    return _MEMORY.format(task=task.name, mode=task.mode, target=target, obs=spec.obs_text, actions=spec.action)
