"""``fastheur check FILE``: does this policy keep the contract on this task, and how fast does it think?"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastheur.commands import settings
from fastheur.engines import make_engine
from fastheur.errors import ConfigError, PolicyError, whole
from fastheur.evaluation import Plan, plan, run
from fastheur.host import Candidate
from fastheur.in_process import make_host
from fastheur.loading import Policy, load_policy
from fastheur.model_steps import planned
from fastheur.rollout import TimedHost
from fastheur.score import Scorecard
from fastheur.tasks import Environment, find_environment


def main(config: Mapping[str, Any], file: str) -> int:
    """Load, compile and play a few short episodes of a policy; print what was found."""
    steps, episodes = whole("steps", config["steps"]), whole("episodes", config["episodes"])
    policy = load_policy(file)
    plans = ", plans with a model" if policy.plans else ""
    print(
        f"{file}: {policy.style} policy{plans}, obs {' or '.join(policy.modes) or 'any'}, sha256 {policy.sha256[:12]}"
    )
    for name, param in policy.params.items():
        allowed = f"one of {param.choices}" if param.choices else f"{param.low} .. {param.high}"
        print(f"  params.{name} = {param.default}  ({allowed})")
    where = _environment(config, policy)
    what = plan(
        where,
        obs=config["obs"] or next((mode for mode in where.modes if mode in policy.modes), None),
        protocol=settings.protocol(config, where),
        max_steps=steps,
        episodes=episodes,
        notes="fastheur check",
        ledger=config["ledger"],
    )
    candidate = Candidate(policy, policy.values(settings.numbers(config["params"])))
    began = time.perf_counter()
    host = make_host([candidate], make_engine(what.engine, what.task, what.protocol).spec, what.episodes)
    print(
        f"  ready in {time.perf_counter() - began:.2f} s ({'compiled or from the cache' if policy.style == 'kernel' else 'built'})"
    )
    timed = TimedHost(host)
    card = run(what, [candidate], host=timed)[0]
    share = timed.seconds / max(timed.actions, 1) * 1e6
    print(
        f"  played {len(card.episodes)} episodes of up to {steps} steps of {what.task.name}: {card.cost.env_steps:,} "
        f"env steps, {share:.2f} us of policy per action, all actions valid"
    )
    if card.cost.model_steps is not None:
        print(f"  {planned(card.cost.model_steps)}")
    if policy.style == "batch" and card.cost.slots > 1:  # of kernels the harness sees to it
        _play_alone(what, candidate, card)
    print("ok")
    return 0


def _play_alone(what: Plan, candidate: Candidate, card: Scorecard) -> None:
    """Play the same episodes one after another.

    Raises:
        PolicyError: one of them went another way.
    """
    alone = run(replace(what, slots=1), [candidate])[0]
    for one, beside in zip(alone.episodes, card.episodes, strict=True):
        if (one.action_hash, one.ret) != (beside.action_hash, beside.ret):
            raise PolicyError(
                f"{candidate.policy.name} plays episode {one.index} otherwise with 1 slot ({one.ret:,.2f}) than with "
                f"{card.cost.slots} ({beside.ret:,.2f}); expected actions that do not depend on the rows beside. Sums and products "
                "over whole batches (BLAS) may round otherwise; randomness comes from random.uniform(slots)."
            )
    print(f"  the same episodes with 1 slot as with {card.cost.slots}")


def _environment(config: Mapping[str, Any], policy: Policy) -> Environment:
    if config.get("env"):
        return settings.environment(config)
    if policy.task:
        return find_environment(policy.task)
    raise ConfigError(
        f'{Path(policy.name).name} does not say which task it plays. Name one with env=TASK, or write TASK = "atari/breakout" in it.'
    )
