"""``fastheur eval``: play a policy, show and keep its Scorecard."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastheur.commands import settings
from fastheur.commands.display import console, progress, scorecards
from fastheur.errors import ConfigError, FastheurError, LedgerError
from fastheur.evaluation import Plan, plan, resolve_policy, run
from fastheur.host import Candidate
from fastheur.ledger import Ledger
from fastheur.score import Scorecard

INTERRUPTED = 130


def main(config: Mapping[str, Any]) -> int:
    """Evaluate once and print the Scorecard."""
    out = _writable(config.get("out"))
    what, card = _evaluate(config)
    if out:
        _save(card, out)
    _show(what, card)
    return 0 if card.complete else INTERRUPTED


def main_in_sweep(config: Mapping[str, Any], folder: Path, number: int) -> None:
    """Evaluate as one job of a sweep: leaves ``scorecard.json`` or ``error.txt`` in ``folder``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config = {**config, "threads": config["threads"] or max(1, (os.cpu_count() or 1) // int(config["jobs"]))}
        _, card = _evaluate(config)
        _save(card, folder / "scorecard.json")
        if config.get("out"):
            setting = card.setting
            _save(
                card, Path(config["out"]) / f"{number:03d}_{setting.env_id}_{setting.obs_mode}_{setting.protocol}.json"
            )
        print(f"{number:3d}  {card}", flush=True)
    except FastheurError as error:
        (folder / "error.txt").write_text(str(error))
        print(f"{number:3d}  fastheur: {error}", file=sys.stderr, flush=True)


def summary(folder: Path) -> int:
    """Print the jobs of a sweep, best first, and return 2 if any of them failed."""
    cards = [json.loads(path.read_text()) for path in sorted(folder.glob("*/scorecard.json"))]
    failed = sorted(folder.glob("*/error.txt"))
    print(f"\n{len(cards)} jobs done, {len(failed)} failed; Scorecards in {folder}")
    return 2 if failed or not cards else 0


def _evaluate(config: Mapping[str, Any]) -> tuple[Plan, Scorecard]:
    where = settings.environment(config)
    what = plan(
        where,
        protocol=settings.protocol(config, where),
        **{
            key: config[key]
            for key in ("obs", "episodes", "first", "split", "slots", "warm", "debug", "notes", "ledger")
        },
        threads=config["threads"],
    )
    policy = resolve_policy(config["policy"], what.task)
    candidate = Candidate(policy, policy.values(settings.numbers(config["params"])))
    title = f"{what.task.name} {what.task.mode} {what.protocol.name}"
    with progress(title, what.episodes) as report:
        return what, run(what, [candidate], report)[0]


def _show(what: Plan, card: Scorecard) -> None:
    if not card.complete:
        print(
            f"Interrupted after {len(card.episodes)} of {what.episodes} episodes and {card.cost.env_steps:,} env steps; "
            + (f"what was measured is kept as trial {card.trial}." if card.trial else "no ledger was asked for.")
        )
        return
    console().print(scorecards([card]))
    cost = card.cost
    print(f"{card.setting.policy}: {card.spread}.")
    if len(card.episodes) > 1:
        row = card.to_dict()
        names = ("min", "median", "iqm", "max")
        print(
            ", ".join(f"{name.upper() if name == 'iqm' else name} {row['score_' + name]:,.2f}" for name in names) + "."
        )
    print(
        f"{cost.env_steps:,} env steps; set-up {cost.setup_s:.1f} s, stepping {cost.wall_s:.1f} s; {cost.slots} slots."
    )
    if card.setting.warm:
        print("Warm slots: for screening only; this score depends on what the slots played before.")
    if what.ledger:
        print(f"Trial {card.trial} in {what.ledger}.")
    if what.split == "sealed":
        count = ""
        if what.ledger:
            with Ledger(what.ledger) as ledger:
                count = f" This was sealed read {ledger.sealed_reads()} of this ledger."
        print(
            f"Sealed seeds: secret {card.sealed_secret}, committed to before the run as {card.setting.sealed_commitment}.{count}"
        )


def _writable(out: Any) -> Path | None:
    """Check before the first step that the Scorecard can be written."""
    if out is None:
        return None
    path = Path(str(out))
    if path.is_dir():
        raise ConfigError(f"out={out} is a folder, expected a file for the Scorecard (under -m it is a folder).")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        existed = path.exists()
        with path.open("a"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise ConfigError(f"Cannot write out={out}: {error.strerror}.") from error
    return path


def _save(card: Scorecard, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".part")
        draft.write_text(json.dumps(card.to_dict(), indent=2) + "\n")
        draft.replace(path)
    except OSError as error:
        kept = f" The result is kept as trial {card.trial} of the ledger." if card.trial else f" The result was: {card}"
        raise LedgerError(f"Cannot write {path}: {error.strerror}.{kept}") from error
