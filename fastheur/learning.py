"""Runs an agent on a Lab until the run is over, and confirms its champion once on sealed seeds."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastheur.agents.base import Agent, Assignment
from fastheur.board import Board
from fastheur.budget import Budget
from fastheur.errors import ConfigError, RunOver
from fastheur.judge import Order, row_of
from fastheur.lab import Lab
from fastheur.lab_server import DoorServer
from fastheur.lab_wire import SOCKET
from fastheur.learn_result import LearnResult
from fastheur.run_ledger import RunLedger, Version
from fastheur.runs import Run, RunConfig
from fastheur.score import Scorecard


def begin(config: RunConfig, folder: Path, board: Board | None = None) -> Lab:
    """Make a run and try its start policy, its first champion; returns the Lab, ready for an agent.

    Raises:
        ConfigError: the folder holds a run, the start policy breaks the contract, or the budget is too small for it.
    """
    return _started(Run.create(folder, config), board)


def resume(name: str | Path, board: Board | None = None, **budget: Any) -> Lab:
    """Take up a run where it stopped; ``budget`` changes limits of it (``env_steps=400_000``).

    Raises:
        ConfigError: there is no such run, it is in use, or it is over and confirmed.
    """
    run = Run.open(name, lock=True)
    try:
        if run.status == "confirmed":
            raise ConfigError(
                f"The run {run.folder} is over and its champion confirmed; `fastheur show {run.folder}` shows it. Begin another "
                f"one from there: start={run.folder}/champion.py"
            )
        if budget:
            changed = replace(run.config, budget=Budget(**{**vars(run.config.budget), **budget}))
            run.ledger.put(config=changed.to_dict())
            run.config = changed
            if str(run.ledger.value("over") or "").startswith("the "):  # a budget was spent, or the goal was reached
                run.ledger.put(over=None, status="open")
    except BaseException:
        run.close()
        raise
    return _started(run, board)


def _started(run: Run, board: Board | None) -> Lab:
    try:
        lab = Lab(run, board)
    except BaseException:
        run.close()
        raise
    try:
        lab.start()
    except BaseException:
        lab.close()
        raise
    return lab


def work(lab: Lab, agent: Agent, resumed: bool = False) -> None:
    """Let an agent work until it is done or the run is over; its socket takes other callers meanwhile.

    Raises:
        FastheurError: the agent cannot work. KeyboardInterrupt: Ctrl-C; the run can be resumed.
    """
    config = lab.run.config
    if resumed and agent.replays:
        lab.replay()
    limit = config.budget.wall_s
    left = None if limit is None else max(0.0, limit - lab.spent.wall_s)
    assignment = Assignment(lab.run.folder, config.agent, config.seed, left, resumed, lambda: lab.idle_s)
    with DoorServer(lab, lab.run.folder / SOCKET) as server, contextlib.suppress(RunOver):
        if lab.over is None:
            agent.run(server.door, assignment)
    if lab.over is None and not agent.waits:
        lab.end("the agent has no more ideas")


def confirm(lab: Lab) -> Scorecard:
    """Play the champion of a run that is over on the run's sealed seeds, once, and keep it as the headline.

    The champions of the run's checkpoints play there too, in the same read: see :func:`confirm_checkpoints`.
    """
    run, ledger = lab.run, lab.run.ledger
    champion, config = ledger.champion, run.config
    assert champion is not None
    if lab.over is None:
        raise ConfigError("The run goes on; its champion is confirmed when it is over (`finish`).")
    lab.judge.deadline = lambda: config.trial_s  # a wall time that is spent does not spoil what was learnt in it
    operation = ledger.open_operation("confirm", {})
    card = _sealed(lab, champion, operation, config.confirm_episodes)
    reads = _checkpoint_reads(lab, operation, config.checkpoints, config.checkpoint_episodes)
    with ledger.at_once("write the confirmation"):
        ledger.close_operation(operation, "done", {"text": str(card), "data": card.to_dict()})
        ledger.put(status="confirmed", confirmed=card.to_dict(), checkpoints=reads)
    lab.board.doing = ""
    return card


def confirm_checkpoints(lab: Lab, checkpoints: Sequence[int], episodes: int) -> list[dict[str, Any]]:
    """Play the champions of ``checkpoints`` (env steps) on the sealed seeds of a run whose own champion is confirmed.

    For runs that were begun without checkpoints. Nothing can be tuned any more: the run is over for good.
    """
    ledger = lab.run.ledger
    if ledger.value("status") != "confirmed":
        raise ConfigError("The run is not confirmed yet; its checkpoints are read together with its champion.")
    lab.judge.deadline = lambda: lab.run.config.trial_s
    operation = ledger.open_operation("confirm", {"checkpoints": list(checkpoints)})
    reads = _checkpoint_reads(lab, operation, checkpoints, episodes)
    with ledger.at_once("write the checkpoints"):
        ledger.close_operation(operation, "done", {"text": f"{len(reads)} checkpoints", "data": {}})
        ledger.put(checkpoints=reads)
    lab.board.doing = ""
    return reads


def _checkpoint_reads(lab: Lab, operation: int, checkpoints: Sequence[int], episodes: int) -> list[dict[str, Any]]:
    """Return frames, version and Scorecard per checkpoint; an unchanged champion is read once, and None where nobody was."""
    ledger, reads = lab.run.ledger, []
    for env_steps in sorted(checkpoints):
        version = ledger.champion_at(env_steps)
        final = version is not None and version.verdict == "champion"
        count = lab.run.config.confirm_episodes if final else episodes
        card = None if version is None else _sealed(lab, version, operation, count).to_dict()
        reads.append({"env_steps": env_steps, "version": version and version.version, "card": card})
    return reads


def _sealed(lab: Lab, version: Version, operation: int, episodes: int) -> Scorecard:
    """Play a version on the run's sealed seeds; what was played there before is not played again."""
    config, name = lab.run.config, f"{version.name}.py"
    lab.board.doing = f"confirming {version.name} on {episodes} sealed episodes"
    declared = lab.judge.ask("check", source=version.source, name=name)
    order = Order(
        operation, "sealed", "sealed", range(episodes), config.confirm_protocol, notes="sealed confirmation",
        secret=lab.run.ledger.value("secret"),
    )  # fmt: skip
    row = row_of(name, version.source, version.policy_sha256, declared)
    return lab.judge.play([row], order)[0].card


def result(run: Run) -> LearnResult:
    """Return what a run came to so far.

    Raises:
        ConfigError: not even its start policy was played to the end.
    """
    ledger = run.ledger
    champion = ledger.champion
    if champion is None:
        raise ConfigError(f"Nothing was decided in {run.folder} yet: its start policy was not played to the end.")
    charged, sealed = ledger.steps()
    start = next(version for version in ledger.versions() if version.reign == 1)
    tokens, money = ledger.charged()
    over = ledger.value("over")
    return LearnResult(
        folder=run.folder,
        config=run.config,
        start=start,
        champion=champion,
        episodes=(_episodes(ledger, start), _episodes(ledger, champion)),
        confirmed=ledger.value("confirmed"),
        reason=over,
        env_steps=charged,
        sealed_steps=sealed,
        steps_per_s=steps_per_s(ledger),
        tried=len(ledger.versions()),
        tokens=tokens,
        money=money,
        model_steps=ledger.model_steps(),
        secret=ledger.value("secret") if ledger.value("status") == "confirmed" else None,
    )


def _episodes(ledger: RunLedger, version: Version) -> int | None:
    trial = None if version.trial is None else ledger.trial(version.trial)
    return None if trial is None else trial["episodes"]


def steps_per_s(ledger: RunLedger) -> float:
    """Return env steps per second of stepping, over all trials of a run."""
    trials = [trial for trial in ledger.trials() if trial["wall_s"]]
    seconds = sum(trial["wall_s"] for trial in trials)
    return sum(trial["env_steps"] for trial in trials) / seconds if seconds else 0.0
