"""``fastheur eval``: play a policy, show and keep its Scorecard."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.box import SIMPLE_HEAD
from rich.table import Table

from fastheur.candidates import resolve_policy
from fastheur.commands import output, settings
from fastheur.commands.display import console, scorecards
from fastheur.commands.jobs import contained
from fastheur.commands.play import INTERRUPTED, play, reveal
from fastheur.engine import default_threads
from fastheur.errors import ConfigError, Interrupted, LedgerError
from fastheur.evaluation import Plan, plan
from fastheur.host import Candidate
from fastheur.score import Scorecard


def main(config: Mapping[str, Any]) -> int:
    """Evaluate once and print the Scorecard."""
    config = settings.texts(config)
    what, candidate = _planned(config)
    out = output.checked(config["out"], config["ledger"], candidate.policy.name)
    try:
        card = play(what, candidate)
    except Interrupted as stop:
        if out:
            _save(stop.cards[0], out)
        return INTERRUPTED
    if out:
        _save(card, out)
    _show(what, card)
    return 0


def main_in_sweep(config: Mapping[str, Any], folder: Path, number: int) -> None:
    """Evaluate as one job of a sweep: leaves ``scorecard.json``, ``error.txt`` or ``interrupted.txt`` in ``folder``.

    Raises:
        KeyboardInterrupt: Ctrl-C in one job stops the whole sweep.
    """
    with contained(folder, f"{number:3d} "):
        try:
            card = _job(settings.texts(config), number)
        except Interrupted as stop:
            (folder / "interrupted.txt").write_text(f"{len(stop.cards[0].episodes)} episodes were played.\n")
            raise KeyboardInterrupt from None  # the cards need not travel between processes: the ledger has them
        _save(card, folder / "scorecard.json")
        print(f"{number:3d}  {card}", flush=True)


def summary(folder: Path) -> int:
    """Print the jobs of a sweep, best first, and return 2 if any of them failed."""
    done = [(path.parent, json.loads(path.read_text())) for path in folder.glob("*/scorecard.json")]
    failed = sorted(folder.glob("*/error.txt"))
    if done:
        console().print(_ranking(done))
    print(f"\n{len(done)} jobs done, {len(failed)} failed; Scorecards in {folder}")
    return 2 if failed or not done else 0


def _ranking(done: list[tuple[Path, dict[str, Any]]]) -> Table:
    """One row per job: what it was, the settings that not all jobs share, and its score."""
    overrides = {folder: _overrides(folder) for folder, _ in done}
    shared = set.intersection(*map(set, overrides.values()))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("job", "task", "protocol", "settings", "score"):
        table.add_column(name, justify="right" if name in ("job", "score") else "left")
    for folder, card in sorted(done, key=lambda job: _best_first(job[1]["score_mean"])):
        varied = " ".join(word for word in overrides[folder] if word not in shared) if len(done) > 1 else ""
        table.add_row(
            folder.name,
            f"{card['env_id']} {card['obs_mode']}",
            f"{card['protocol']} {card['split']}",
            varied,
            "-" if card["score_mean"] is None else f"{card['score_mean']:,.2f}",
        )
    return table


def _best_first(score: float | None) -> float:
    return float("inf") if score is None else -score  # no score: episodes were cut


def _overrides(folder: Path) -> list[str]:
    try:
        return [str(word).lstrip("+") for word in yaml.safe_load((folder / ".hydra/overrides.yaml").read_text())]
    except (OSError, yaml.YAMLError, TypeError):  # only for show
        return []


def _job(config: Mapping[str, Any], number: int) -> Scorecard:
    suite = settings.environment(config).suite
    threads = config["threads"]
    if threads in (0, "auto"):
        threads = max(1, default_threads(suite) // int(config["jobs"]))
    what, candidate = _planned({**config, "threads": threads})
    card = play(what, candidate)
    reveal(what)
    if config["out"]:
        setting = card.setting
        name = f"{number:03d}_{setting.env_id}_{setting.obs_mode}_{setting.protocol}.json"
        _save(card, Path(config["out"]) / name.replace("/", "_"))
    return card


def _planned(config: Mapping[str, Any]) -> tuple[Plan, Candidate]:
    if config["split"] == "sealed" and config["ledger"] is None:
        raise ConfigError("split=sealed needs a ledger, as every sealed read is logged; found ledger=null.")
    where = settings.environment(config)
    names = (
        "obs",
        "episodes",
        "first",
        "split",
        "engine",
        "slots",
        "threads",
        "warm",
        "debug",
        "isolation",
        "limits",
        "stop_below",
        "stop_stalled",
        "notes",
        "ledger",
        "actions",
    )
    what = plan(where, protocol=settings.protocol(config, where), **{name: config[name] for name in names})
    policy = resolve_policy(config["policy"], what.task, what.place)
    return what, Candidate(policy, policy.values(settings.numbers(config["params"])))


def _show(what: Plan, card: Scorecard) -> None:
    console().print(scorecards([card]))
    cost = card.cost
    print(f"{card.setting.policy}: {card.spread}.")
    if len(card.episodes) > 1 and card.mean is not None:
        row = card.to_dict()
        names = ("min", "median", "iqm", "max")
        print(
            ", ".join(f"{name.upper() if name == 'iqm' else name} {row['score_' + name]:,.2f}" for name in names) + "."
        )
    print(
        f"{cost.env_steps:,} env steps; set-up {cost.setup_s:.1f} s, stepping {cost.wall_s:.1f} s; "
        f"engine {cost.engine}, {cost.schedule}."
    )
    if card.setting.warm:
        print("Warm slots: for screening only; this score depends on what the slots played before.")
    if what.stop:
        print(f"{what.stop.stamp.strip(' ()')}: for screening only; never merged or promoted.")
    if what.ledger:
        print(f"Trial {card.trial} in {what.ledger}.")
    reveal(what)


def _save(card: Scorecard, path: Path) -> None:
    try:
        output.write_json(card.to_dict(), path)
    except OSError as error:
        kept = f" The result is kept as trial {card.trial} of the ledger." if card.trial else f" The result was: {card}"
        raise LedgerError(f"Cannot write {path}: {error.strerror}.{kept}") from error
