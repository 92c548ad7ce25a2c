"""What an agent is told first: task, contract, memory, ledger, champion and budget, in words."""

from collections.abc import Mapping
from typing import Any

from fastheur import gaits, memory
from fastheur.budget import Spent
from fastheur.regress import GoldenCase
from fastheur.run_ledger import RunLedger, Version
from fastheur.runs import RunConfig
from fastheur.tasks import references

MEMORY_TOKENS = 1500
LAST_VERSIONS = 12
NO_CAP = 2**31 - 1
"""EnvPool's word for episodes without a cap: the largest int32."""

CONTRACT = """A policy is one self-contained Python file. It may import numpy, numba, math, cv2, fastheur.policy and
fastheur.vision, nothing else. It is compiled by Numba and run for many environments at once: write plain scalar code.

    from fastheur.policy import Param, uniform

    OBS = "{mode}"
    STATE = [("last_x", "f8"), ("stuck", "i8")]  # fields of `state`, zeroed at every episode start
    PARAMS = {{"deadband": Param(2.0, 0.0, 8.0), "shift": Param(0, choices=(0, 1))}}  # tunable: default, low, high

    def act(obs, info, state, params{extra}):
        ...{body}

info has {info}. {bytes}Randomness only through uniform(state), in [0, 1).
Functions of the file may call one another. A file that opens files, imports anything else, or uses names that start with _
is refused. What it prints is seen by nobody, and slow: look into an episode with `trace`."""


GAITS = """
fastheur.policy has building blocks of gaits for act, on plain numbers: {names}.
wanted = p.mid + wave(phase, p.sin, p.cos) + p.lean * pitch; action[0] = servo(wanted, angle, speed, p.kp, p.kd).
Or without a clock: action[0] = clip(weighted(params, "hip", state.seen), 1.0) weighs what is seen with the parameters hip_..."""

PLANNING = """
To look ahead, a policy may plan with the simulator's own model. Then it is a class on whole NumPy batches, and may import
fastheur.planner besides:

    from fastheur.planner import MPC, Model

    class Policy:
        def __init__(self, spec, params, random):  # params: one record per slot
            self.params, self.model = params, Model(spec)
            self.mpc = MPC(self.model, value, params, random, candidates=64, horizon=12, knots=6)

        def reset(self, slots):
            self.mpc.reset(slots)

        def act(self, obs, info, slots):  # rows of obs and info belong to slots; returns actions, one row each
            return self.mpc.act(slots, self.model.observe(obs, slots), 0.3)  # 0.3: deviation of the noise

value(start, states, sensors, actions, params) -> float says what one future is worth, compiled: states (horizon, 1 + nq + nv)
hold time, positions and speeds. Model(spec).rollout(slots, states, plans) plays plans of your own. Model steps are counted
beside env steps, and simulating them takes the time of a trial."""


def brief(config: RunConfig, ledger: RunLedger, world: Mapping[str, Any], spent: Spent) -> str:
    """Return the brief; ``world`` is what the player said of the task."""
    parts = [
        ("Task", _task(config, world)),
        ("How a candidate is judged", _judging(config)),
        ("Policy file", _contract(config, world)),
        ("Budget", f"Used: {spent.text(config.budget)}."),
        ("Memory", memory.shown(ledger.memory(), MEMORY_TOKENS)),
        ("Tried so far", _versions(ledger.versions())),
        ("Golden cases", _golden(ledger.golden())),
    ]
    champion = ledger.champion
    if champion:
        parts.append((f"Champion {champion.name}: {champion.reason}", f"```python\n{champion.source.rstrip()}\n```"))
    return "\n\n".join(f"# {title}\n{text}" for title, text in parts)


def data(config: RunConfig, ledger: RunLedger, world: Mapping[str, Any], spent: Spent) -> dict[str, Any]:
    """Return the brief as JSON values."""
    champion = ledger.champion
    return {
        "task": config.task.name,
        "mode": config.mode,
        "protocol": config.protocol.label(config.task),
        "deterministic": config.deterministic,
        "observation": world["observation"],
        "action": world["action"],
        "meanings": world["meanings"],
        "spent": spent.to_dict(),
        "left": spent.left(config.budget),
        "champion": None if champion is None else {"version": champion.version, "score": champion.score},
        "champion_source": None if champion is None else champion.source,
        "versions": len(ledger.versions()),
        "golden": [case.name for case in ledger.golden()],
    }


def _task(config: RunConfig, world: Mapping[str, Any]) -> str:
    task, protocol = config.task, config.protocol
    args = protocol.envpool_args(task)
    cap = args.get("max_episode_steps", world["cap"])
    record = references().get(task.env_id)
    lines = [
        f"{task.name} ({task.env_id}), observation mode {task.mode}: obs is {world['observation']}"
        + (", a plain number: obs itself." if world["observation"].endswith(" ()") else "."),
        f"An action is {world['action']}.",
        f"Protocol {protocol.label(task)}: an episode lasts at most {cap:,} env steps." if cap and cap < NO_CAP else
        f"Protocol {protocol.label(task)}.",
        "The score is the mean of the undiscounted returns over the episodes.",
    ]  # fmt: skip
    if task.suite == "atari":
        sticky = args.get("repeat_action_probability", 0.0)
        lines.append(
            "One env step is one frame. "
            + (f"With probability {sticky:g} the game repeats the last action. " if sticky else "")
            + ("Every episode is the same: one is the whole evaluation." if config.deterministic else "")
        )
    if record:
        lines.append(f"Reference: {record.score:,.6g} under {record.protocol} ({record.source}).")
    return "\n".join(line.strip() for line in lines)


def _judging(config: RunConfig) -> str:
    first = (
        "Every episode is the same here, so one decides (unless the policy draws random numbers)."
        if config.deterministic
        else f"A trial plays train episodes 0..{config.train_episodes - 1}. What looks better there is compared with the "
        f"champion on up to {config.validation_episodes} validation episodes that you never see; a candidate that is no "
        f"better passes with probability at most {config.error:g}."
    )
    return (
        f"{first} No golden case may fall under its floor. At an equal score the simpler program wins. When the run is over "
        f"the champion plays {config.confirm_episodes} sealed episodes under {config.confirm_protocol.name}: that is the "
        "result, so closed-loop rules count and memorised action sequences fail."
    )


def _contract(config: RunConfig, world: Mapping[str, Any]) -> str:
    discrete, model = world["kind"] == "discrete", world.get("model")  # which older runs do not say
    told = CONTRACT.format(
        mode=config.mode,
        extra="" if discrete else ", action",
        body="\n        return 0  # an integer" if discrete else "\n        action[0] = 0.0  # fill it, return nothing",
        info=", ".join(f"info.{name}" for name in world["info"]),
        bytes="Convert bytes with int() before subtracting. " if "uint8" in world["observation"] else "",
    )
    return told + GAITS.format(names=", ".join(gaits.__all__)) + PLANNING if model else told


def _versions(versions: list[Version]) -> str:
    if not versions:
        return "Nothing yet."
    shown = [version for version in versions if version in versions[-LAST_VERSIONS:] or version.reign is not None]
    left_out = len(versions) - len(shown)
    lines = [f"({left_out} older ones without success left out)"] if left_out else []
    for one in shown:
        score = "" if one.score is None else f" {one.score:,.2f}"
        reason = f" [{' '.join(one.reason.split())}]" if one.reason else ""
        trial = "" if one.trial is None else f" (trial {one.trial})"
        lines.append(f"{one.name} {one.verdict}{score}{trial}: {one.hypothesis}{reason}")
    return "\n".join(lines)


def _golden(cases: list[GoldenCase]) -> str:
    if not cases:
        return "None yet."
    return "\n".join(f"{case.name}: train episode {case.index}, floor {case.floor:,.2f}" for case in cases)
