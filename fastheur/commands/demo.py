"""``fastheur demo``: the shipped Breakout and Pong policies, on both protocols, beside the record."""

from collections.abc import Mapping
from typing import Any

from fastheur.candidates import resolve_policy
from fastheur.commands.display import console, scorecards
from fastheur.commands.play import INTERRUPTED, play, reveal
from fastheur.errors import ConfigError, Interrupted, whole
from fastheur.evaluation import plan
from fastheur.host import Candidate
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
    sealed = whole("episodes", config["episodes"])
    ledger = config["ledger"]
    if ledger is None:
        raise ConfigError("The demo plays sealed episodes, and every sealed read is logged; found ledger=null.")
    cards: list[Scorecard] = []
    for env, obs, protocol, cap, split in RUNS:
        episodes = 1 if protocol == "weng2026" else sealed
        print(f"{env} obs={obs} protocol={protocol}, {episodes} {split} episode{'s' * (episodes > 1)} ...", flush=True)
        what = plan(
            env, obs=obs, protocol=protocol, max_steps=cap, episodes=episodes, split=split, ledger=ledger,
            notes="fastheur demo",
        )  # fmt: skip
        policy = resolve_policy(None, what.task)
        try:
            cards.append(play(what, Candidate(policy, policy.values({}))))
        except Interrupted:
            return INTERRUPTED
        reveal(what)
    console().print(scorecards(cards, "Programs, not networks: the shipped policies on this machine"))
    print(
        "weng2026: the deterministic setting of the published figures. robust: sticky actions and random starts,\n"
        f"on seeds drawn just now. Every trial, episode and policy source is in {ledger}.\n"
        "Next: fastheur list"
    )
    return 0
