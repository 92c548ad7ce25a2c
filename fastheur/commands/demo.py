"""``fastheur demo``: the shipped Breakout and Pong policies, on both protocols, beside the record."""

from collections.abc import Mapping
from typing import Any

from fastheur.commands.display import console, progress, scorecards
from fastheur.evaluation import evaluate
from fastheur.score import Scorecard

BREAKOUT_CAP = 108_000
"""The cap under which the published 864 was reached."""

RUNS = (
    ("atari/breakout", "ram", "weng2026", BREAKOUT_CAP, "train"),
    ("atari/breakout", "native", "weng2026", BREAKOUT_CAP, "train"),
    ("atari/pong", "ram", "weng2026", None, "train"),
    ("atari/pong", "native", "weng2026", None, "train"),
    ("atari/breakout", "ram", "robust", BREAKOUT_CAP, "sealed"),
    ("atari/pong", "ram", "robust", None, "sealed"),
)


def main(config: Mapping[str, Any]) -> int:
    """Play them all and print one table."""
    cards: list[Scorecard] = []
    for env, obs, protocol, cap, split in RUNS:
        episodes = 1 if protocol == "weng2026" else config["episodes"]
        print(f"{env} obs={obs} protocol={protocol}, {episodes} {split} episode{'s' * (episodes > 1)} ...", flush=True)
        with progress(f"{env} {obs} {protocol}", episodes) as report:
            cards.append(
                evaluate(
                    None, env, obs=obs, protocol=protocol, max_steps=cap, episodes=episodes, split=split,
                    ledger=config["ledger"], notes="fastheur demo", progress=report,
                )
            )  # fmt: skip
        if not cards[-1].complete:
            print(f"Interrupted; what was measured is kept in {config['ledger']}.")
            return 130
    console().print(scorecards(cards, "Programs, not networks: the shipped policies on this machine"))
    print(
        "weng2026: the deterministic setting of the published figures. robust: sticky actions and random starts,\n"
        f"on seeds drawn just now. Every trial, episode and policy source is in {config['ledger']}.\n"
        "Next: fastheur list"
    )
    return 0
