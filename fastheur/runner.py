"""Learning as one call: make or resume a run, let its agent work, confirm its champion, say what came out."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastheur import learning
from fastheur.agents.base import Agent
from fastheur.agents.registry import make_agent
from fastheur.board import Board
from fastheur.budget import Budget
from fastheur.errors import ConfigError
from fastheur.lab import Lab
from fastheur.learn_result import LearnResult
from fastheur.learning import begin, confirm, result, work
from fastheur.loading import Policy
from fastheur.run_folder import new_folder
from fastheur.run_settings import OWN, agent_settings, given, run_config, with_defaults
from fastheur.run_watch import watched
from fastheur.tasks import Environment, Protocol, find_environment, find_protocol


def learn(
    env: str | Environment | None = None,
    *,
    start: str | Path | Policy | None = None,
    agent: str | Mapping[str, Any] | Agent | None = None,
    obs: str | None = None,
    protocol: str | Protocol | None = None,
    max_steps: int | None = None,
    env_args: Mapping[str, Any] | None = None,
    name: str | Path | None = None,
    resume: str | Path | None = None,
    budget: int | Mapping[str, Any] | Budget | None = None,
    progress: bool = False,
    **settings: Any,
) -> LearnResult:
    """Have an agent improve a policy within a budget, play its champion on sealed seeds, and return what came out.

    The settings are those of ``fastheur learn`` (``conf/learn.yaml`` says what each is for)::

        found = fastheur.learn("CartPole-v1", start="start.py", budget=100_000)
        print(found)                       # a table; in a notebook the object shows itself
        found.score, found.champion.source, found.folder
        fastheur.load(found.folder).pandas("trials")

    Args:
        env: a task name (``atari/breakout``) or any EnvPool id (``CartPole-v1``); None with ``resume``.
        start: the policy to start from: a file, the name of a shipped one, or a loaded policy; None for random actions.
        agent: ``"tuner"`` (the default: no key, no network), ``"openai"``, ``"command"``, ``"script"`` and so on; a mapping with
            its ``name`` and settings of its own (``{"name": "script", "files": ["a.py"]}``); or an object of your own that
            keeps :class:`fastheur.agents.base.Agent`.
        obs: observation mode; None for the task's first. protocol, max_steps, env_args: as in :func:`fastheur.evaluate`.
        name: of the run folder under ``runs/``, or a path; None for date, task and agent.
        resume: a run to go on with exactly where it stopped, by name or folder. Only ``budget``, ``agent`` (an object) and
            ``progress`` may be given with it.
        budget: env steps (default: 300,000), or a mapping of ``env_steps``, ``model_steps`` (of policies that plan), ``wall_s``
            (seconds), ``tokens``, ``money`` (US dollars) and ``must_use``.
        progress: show on standard error how it goes: bars on a terminal, lines in a notebook.
        settings: ``seed``, ``goal``, ``train_episodes``, ``validation_episodes``, ``error``, ``golden_share``,
            ``golden_cases``, ``golden_max_steps``, ``confirm_episodes``, ``checkpoints``, ``checkpoint_episodes``, ``search`` (a
            mapping), ``slots``, ``threads``, ``engine``, ``trial_s``, ``idle_s``, ``isolation`` (default: ``strict``) and ``limits``
            (a mapping).

    Returns:
        What the run came to: folder, start, champion, the confirmed Scorecard's values, env steps.

    Raises:
        ConfigError: a setting that does not exist or does not fit; nothing was made.
        FastheurError: the start policy breaks the contract, or the agent cannot work; the run can be resumed.
        KeyboardInterrupt: Ctrl-C; everything measured is kept, and ``resume=`` goes on.
    """
    if not isinstance(agent, (str, Mapping, type(None))) and not callable(getattr(agent, "check", None)):
        raise ConfigError(f"agent is {agent!r}, expected a name, a mapping with a name, or an object that keeps Agent.")
    if not isinstance(env, (str, Environment, type(None))):
        raise ConfigError(f"env is {env!r}, expected a task's name, or an Environment.")
    if not isinstance(protocol, (str, Protocol, type(None))):
        raise ConfigError(f"protocol is {protocol!r}, expected a name, or a Protocol.")
    board, limits = Board(), _limits(budget)
    own = None if agent is None or isinstance(agent, (str, Mapping)) else agent
    if resume is not None:
        others = {"env": env, "start": start, "obs": obs, "protocol": protocol, "max_steps": max_steps, "env_args": env_args,
                  "name": name, "agent": None if own else agent, **settings}  # fmt: skip
        if given(others):
            raise ConfigError(
                f"Found {', '.join(given(others))} beside resume: a resumed run keeps its settings, all but budget."
            )
        return carry_on(learning.resume(resume, board, **given(limits)), own, board, resumed=True, shown=progress)
    if env is None:
        raise ConfigError("No task was given: learn('atari/breakout'), or resume=RUN goes on with a run.")
    environment = env if isinstance(env, Environment) else find_environment(env, env_args)
    if not isinstance(protocol, Protocol):
        protocol = find_protocol(protocol, environment, max_steps=max_steps)
    chosen = _agent_settings(agent)
    config = with_defaults({**settings, "obs": obs, "start": start, "budget": limits, "agent": chosen})
    wanted = run_config(config, environment, protocol)
    folder = new_folder(None if name is None else str(name), wanted.task.name, str(chosen["name"]))
    if own is None:
        worker = make_agent(wanted.agent, wanted.start)
    else:
        worker = own
        own.check(chosen, wanted.start)
    with watched(board, wanted) if progress else contextlib.nullcontext():
        lab = begin(wanted, folder, board)
    return carry_on(lab, worker, board, resumed=False, shown=progress)


def carry_on(lab: Lab, agent: Agent | None, board: Board, resumed: bool, shown: bool) -> LearnResult:
    """Let an agent work on an open Lab, confirm its champion where the run is over, and close the Lab, whatever happens.

    Args:
        agent: None for the run's own. resumed: the run goes on after a stop. shown: show on standard error how it goes.

    Raises:
        ConfigError: the run's agent is none that is known by its name. See :func:`fastheur.learning.work`.
    """
    try:
        config, champion = lab.run.config, lab.run.ledger.champion
        agent = agent or make_agent(config.agent, champion.source if champion else "")
        with watched(board, config) if shown else contextlib.nullcontext():
            work(lab, agent, resumed)
            if lab.over:
                confirm(lab)
        return result(lab.run)
    finally:
        lab.close()


def _agent_settings(agent: str | Mapping[str, Any] | Agent | None) -> dict[str, Any]:
    if agent is None or isinstance(agent, (str, Mapping)):
        return agent_settings(agent or "tuner")
    return {"name": type(agent).__name__, OWN: True}


def _limits(budget: int | Mapping[str, Any] | Budget | None) -> dict[str, Any]:
    if budget is None:
        return {}
    if isinstance(budget, Budget):
        return asdict(budget)
    if isinstance(budget, Mapping):
        return dict(budget)
    return {"env_steps": budget}
