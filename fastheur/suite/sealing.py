"""The one sealed read of a suite's run: ends it, plays the champions of its checkpoints, and ships what came out."""

from pathlib import Path

from fastheur.errors import ConfigError
from fastheur.lab import Lab
from fastheur.learning import confirm, confirm_checkpoints
from fastheur.runs import Run
from fastheur.suite.definition import Suite
from fastheur.suite.record import RunRecord, read_record
from fastheur.suite.shipping import ship


def runs_in(folder: Path, suite: Suite) -> dict[str, Path]:
    """Return the run folders in ``folder`` by task; a run's folder has the name of its game.

    Raises:
        ConfigError: there is none.
    """
    names = {task.rpartition("/")[2]: task for task in suite.games.values()}
    found = {
        names[path.parent.name]: path.parent for path in sorted(folder.glob("*/ledger.db")) if path.parent.name in names
    }
    if not found:
        raise ConfigError(
            f"There are no runs in {folder}; expected folders named after games, such as {folder}/{next(iter(names))}."
        )
    return found


def seal(folder: Path, suite: Suite, out: Path) -> RunRecord:
    """End the run in ``folder`` if need be, read it on its sealed seeds, and ship it to ``out``.

    What was read before is not read again, so a read that was killed goes on where it stopped.
    """
    run = Run.open(folder, lock=True)
    try:
        _check(run, suite)
    except BaseException:
        run.close()
        raise
    lab = Lab(run)
    try:
        lab.end("the campaign has ended")
        if run.ledger.value("status") != "confirmed":
            confirm(lab)
        read = {one["env_steps"] for one in run.ledger.value("checkpoints") or []}
        if not read.issuperset(suite.checkpoints):
            confirm_checkpoints(lab, suite.checkpoints, suite.checkpoint_episodes)
        return ship(run, suite, out)
    finally:
        lab.close()


def _check(run: Run, suite: Suite) -> None:
    config = run.config
    wanted = {
        "protocol": (config.confirm_protocol.label(config.task), suite.protocol),
        "protocol.max_steps": (config.confirm_protocol.max_steps, suite.max_steps),
        "budget.env_steps": (config.budget.env_steps, suite.budget),
        "confirm_episodes": (config.confirm_episodes, suite.episodes),
    }
    for name, (found, expected) in wanted.items():
        if found != expected:
            raise ConfigError(f"{run.folder}: {name} is {found}, and the suite {suite.name} expects {expected}.")


def sealed(folder: Path, out: Path) -> bool:
    """True where ``out`` holds the record of this very run."""
    record = read_record(out)
    return record is not None and record.commitment == Run.open(folder).ledger.value("commitment")
