"""``fastheur race``: every combination of the listed parameter values as a candidate, the clearly worse dropped early."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from fastheur.candidates import make_candidates, resolve_policy
from fastheur.commands import output, settings
from fastheur.commands.display import console, progress
from fastheur.commands.play import INTERRUPTED
from fastheur.errors import ConfigError, Interrupted
from fastheur.evaluation import Plan
from fastheur.model_steps import planned
from fastheur.racing import Race, Standing, race_plan, run_race
from fastheur.score import Scorecard

MOST = 10_000
"""Candidates that a product of lists may make: more is a slip of the keyboard."""


def main(config: Mapping[str, Any]) -> int:
    """Race once and print the ranking."""
    config = settings.texts(config)
    where = settings.environment(config)
    names = (
        "obs",
        "episodes",
        "first",
        "split",
        "engine",
        "slots",
        "threads",
        "debug",
        "notes",
        "ledger",
        "isolation",
        "limits",
    )
    what = race_plan(where, protocol=settings.protocol(config, where), **{name: config[name] for name in names})
    policy = resolve_policy(config["policy"], what.task, what.place)
    rows = product(settings.numbers(config["params"]))
    candidates = make_candidates(policy, what.task, rows, what.place)
    out = output.checked(config["out"], config["ledger"], policy.name)
    try:
        with progress(f"{what.task.name} race of {len(rows)}", what.episodes * len(rows)) as report:
            found = run_race(what, candidates, error=config["error"], keep=config["keep"], progress=report)
    except Interrupted as stop:
        if out:
            output.write_json({"complete": False, "scorecards": [card.to_dict() for card in stop.cards]}, out)
        print(_interrupted(what, stop.cards), flush=True)
        return INTERRUPTED
    if out:
        output.write_json(found.to_dict(), out)
    console().print(_ranking(found, [name for name in rows[0] if len({row[name] for row in rows}) > 1]))
    print("\n".join(_verdict(found)))
    if found.model_steps is not None:
        print(f"{Path(policy.name).name} {planned(found.model_steps)}.")
    if what.ledger:
        print(f"Its trials are in {what.ledger}, one per candidate and stage.")
    return 0


def product(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every combination of the values in ``params``, where a value may be a list; the last name varies first.

    Raises:
        ConfigError: an empty list, or more than :data:`MOST` combinations.
    """
    lists = {name: value if isinstance(value, list) else [value] for name, value in params.items()}
    count = 1
    for name, values in lists.items():
        count *= len(values)
        if not values:
            raise ConfigError(f"params.{name} is an empty list, expected values such as params.{name}=1,2,3.")
    if count > MOST:
        raise ConfigError(f"The lists of params make {count:,} candidates, expected at most {MOST:,}; shorten them.")
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def _ranking(found: Race, varied: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("rank", "params", "mean so far", "95 % interval", "eps", "dropped after"):
        table.add_column(name, justify="left" if name == "params" else "right")
    for rank, one in enumerate(found.standings, 1):
        table.add_row(
            str(rank),
            " ".join(f"{name}={one.values[name]:g}" for name in varied) or "-",
            f"{one.mean:,.2f}",
            _interval(one, found.exact),
            str(len(one.card.episodes)),
            "-" if one.eliminated_after is None else str(one.eliminated_after),
        )
    return table


def _interval(one: Standing, exact: bool) -> str:
    if exact:
        return "exact"
    return "-" if one.interval is None else "{:,.2f}..{:,.2f}".format(*one.interval)


def _verdict(found: Race) -> list[str]:
    """What it took, what the error means, and that none of it is a score."""
    left = len(found.survivors)
    if found.exact:
        return [
            f"{found.env_steps:,} env steps; {left} of {len(found.standings)} candidates left. Every episode is the same "
            "under this protocol: one each is everything, no statistics."
        ]
    if not found.stages.looks:
        return [
            f"{found.env_steps:,} env steps. {found.episodes} episodes are too few to drop any of "
            f"{len(found.standings)} candidates at error={found.error:g}; give more episodes."
        ]
    return [
        f"{found.env_steps:,} env steps taken, about {found.steps_saved:,} saved (estimate: the episodes not played, at each "
        f"candidate's own mean length); {left} of {len(found.standings)} candidates left; the truly best one was dropped "
        f"with probability at most {found.error:g} (paired sign-flip tests: its differences to the others taken as symmetric).",
        "An early verdict, no score: evaluate what is left on other episodes (split=validation).",
    ]


def _interrupted(what: Plan, cards: Sequence[Scorecard]) -> str:
    episodes, steps = sum(len(card.episodes) for card in cards), sum(card.cost.env_steps for card in cards)
    kept = f"what was measured is kept in {what.ledger}." if what.ledger else "no ledger was asked for."
    return f"Interrupted after {episodes:,} episodes of {len(cards)} candidates and {steps:,} env steps; {kept}"
