"""``fastheur suite NAME``: many shipped systems as one figure; reads runs on their sealed seeds, ships and verifies them."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from fastheur.commands import settings
from fastheur.commands.display import console
from fastheur.commands.jobs import contained
from fastheur.errors import ConfigError, nearest
from fastheur.resources import POLICIES
from fastheur.suite.definition import Suite, find_suite
from fastheur.suite.figures import Game, Standing
from fastheur.suite.filming import film, film_of
from fastheur.suite.page import Row, line, rows_of, sealed_cost, write_page
from fastheur.suite.record import RECORD, read_record
from fastheur.suite.sealing import runs_in, seal, sealed
from fastheur.suite.verifying import verify

VERIFIED = Path("runs") / "suite-verify.db"
"""Ledger of what ``verify=true`` and ``films=true`` step."""


def pending(config: Mapping[str, Any], name: str) -> list[str]:
    """Return the games that have something to be played, by their short names.

    Raises:
        ConfigError: an unknown suite, game or setting, or nothing to play where something was asked for.
    """
    suite, config = find_suite(name), settings.texts(config)
    for flag in ("verify", "films"):
        if not isinstance(config[flag], bool):
            raise ConfigError(f"{flag} is {config[flag]!r}, expected true or false.")
    wanted = _wanted(config, suite)
    found: set[str] = set()
    if config["runs"] is not None:
        for task, folder in runs_in(Path(config["runs"]), suite).items():
            if task in wanted and not sealed(folder, _folder(config, task)):
                found.add(task)
    if config["verify"]:
        found |= {task for task in wanted if read_record(_folder(config, task))}
    if config["films"]:
        found |= {task for task in wanted if task in found or _unfilmed(config, name, task)}
    return [_short(task) for task in suite.games.values() if task in found]


def play(config: Mapping[str, Any], job: Path) -> None:
    """Play one game as a job of its own; leaves ``error.txt`` or ``differs.txt`` in the folder ``job`` where something is wrong.

    Raises:
        KeyboardInterrupt: Ctrl-C in one job stops all.
    """
    config, game = settings.texts(config), str(config["game"])
    began = time.monotonic()
    with contained(job, f"{game:18}"):
        suite = find_suite(str(config["of"]))
        task = next(task for task in suite.games.values() if _short(task) == game)
        said = _sealed(config, suite, task) + _verified(config, task, job) + _filmed(config, suite.name, task)
        print(f"{game:18} {'; '.join(said)} ({time.monotonic() - began:.0f} s)", flush=True)


def played(folder: Path) -> None:
    """Say what went wrong in the jobs of ``folder``.

    Raises:
        ConfigError: a game failed, or did not play as its record says.
    """
    failed, differing = sorted(folder.glob("*/error.txt")), sorted(folder.glob("*/differs.txt"))
    if failed:
        raise ConfigError(f"{len(failed)} games could not be played; the reasons are above and in {folder}.")
    if differing:
        words = "\n".join(path.read_text() for path in differing)
        raise ConfigError(f"{len(differing)} games did not play as their records say:\n{words}")


def main(config: Mapping[str, Any], name: str) -> int:
    """Print how the suite stands, and write its page."""
    config, suite = settings.texts(config), find_suite(name)
    games = [Game(env_id, task, read_record(_folder(config, task))) for env_id, task in suite.games.items()]
    other = [game.task for game in games if game.record and game.record.obs_mode != config["obs"]]
    if other:
        raise ConfigError(f"{', '.join(other)} were learnt on another observation than obs={config['obs']}.")
    standing = Standing(suite, tuple(games))
    if not standing.shipped:
        raise ConfigError(
            "No system of this suite is shipped with a record (run.json); runs=FOLDER ships those of a campaign."
        )
    screen = console()
    screen.print(_table(rows_of(standing)))
    budget, count = suite.budget, len(games)
    shipped = len(standing.shipped)
    others = "" if shipped == count else "; the others count as HNS 0"
    screen.print(f"{shipped} of {count} games have a system{others}.")
    screen.print(
        f"reference terms ({suite.reference_protocol}, best so far at {budget:,} frames): {line(standing.reference_at(budget), count)}"
    )
    screen.print(f"our terms (sealed {suite.protocol}): {line(standing.sealed_at(budget), count)}")
    screen.print(f"sealed reads, counted apart: {sealed_cost(standing)}.")
    if str(config["out"]).lower() != "false":  # names of files come as text
        print(write_page(standing, _out(config, name)))
    return 0


def _sealed(config: Mapping[str, Any], suite: Suite, task: str) -> list[str]:
    if config["runs"] is None:
        return []
    folder, out = runs_in(Path(config["runs"]), suite).get(task), _folder(config, task)
    if folder is None or sealed(folder, out):
        return []
    record = seal(folder, suite, out)
    return [f"{record.env_steps:,} frames, {record.sealed_steps:,} sealed, shipped to {out}"]


def _verified(config: Mapping[str, Any], task: str, job: Path) -> list[str]:
    record = read_record(_folder(config, task))
    if not config["verify"] or record is None:
        return []
    checks = verify(record, _folder(config, task), VERIFIED)
    wrong = [f"{task}, {check.what}: {check.differs}" for check in checks if check.differs]
    if wrong:
        (job / "differs.txt").write_text("\n".join(wrong))
    steps = sum(check.env_steps for check in checks)
    return [f"{len(checks)} champions, {steps:,} frames: {'; '.join(wrong) or 'the same scores and actions'}"]


def _filmed(config: Mapping[str, Any], name: str, task: str) -> list[str]:
    if not config["films"] or not _unfilmed(config, name, task):
        return []
    record, folder = read_record(_folder(config, task)), _folder(config, task)
    assert record is not None
    steps = film(record, folder / f"{record.obs_mode}.py", VERIFIED, _out(config, name))
    return [f"filmed, {steps:,} frames"]


def _unfilmed(config: Mapping[str, Any], name: str, task: str) -> bool:
    record = read_record(_folder(config, task))
    path = film_of(record, _out(config, name)) if record else None
    return path is not None and not path.exists()


def _out(config: Mapping[str, Any], name: str) -> Path:
    return Path(config["out"] or Path("runs") / f"suite-{name}")


def _wanted(config: Mapping[str, Any], suite: Suite) -> set[str]:
    if config["games"] is None:
        return set(suite.games.values())
    known = {_short(task): task for task in suite.games.values()}
    for game in config["games"]:
        if game not in known:
            raise ConfigError(f"There is no game {game!r} in {suite.name}.{nearest(str(game), known)}")
    return {known[game] for game in config["games"]}


def _folder(config: Mapping[str, Any], task: str) -> Path:
    """Return where a game's run is shipped: its folder, or ``run`` in it where policies of another origin are at home."""
    if config["systems"] is not None:
        return Path(config["systems"]) / _short(task)
    folder = POLICIES / task
    others = any(folder.glob("*.py")) and not (folder / RECORD).exists()
    return folder / "run" if others else folder


def _short(task: str) -> str:
    return task.rpartition("/")[2]


def _table(rows: list[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("game", no_wrap=True)
    names = "sealed, HNS, best so far, HNS, random, human, Weng 20M, PPO 1M, BBF 0.8M, frames, trials"
    for name in names.split(", "):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.game, _score(row.sealed), _score(row.sealed_hns, 2), _score(row.best), _score(row.best_hns, 2), _score(row.random),
            _score(row.human), _score(row.weng), _score(row.ppo), _score(row.bbf), _score(row.frames, 0), _score(row.trials, 0),
            style=None if row.frames else "dim",
        )  # fmt: skip
    return table


def _score(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{0 if abs(value) >= 1000.0 else digits}f}"
