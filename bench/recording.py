"""What the action log costs: ``python bench/recording.py [ROUNDS]`` plays the same episodes with and without it, in turn.

Prints env steps per second of whole evaluations, writing to a ledger included, and the ratio of the pairs: ``actions=true``
to without (median, lowest, highest). Without it no code of it runs, so that off is what it was before. A second run
without it in every round shows how far two equal runs are apart on this machine. ``inside`` is what a stopwatch in the log
and around the ledger's writes says, as a share of the stepping: it also holds on a machine that does other things.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastheur import evaluation
from fastheur.action_log import ActionLog
from fastheur.ledger import Ledger

SLOTS = 64
WORKLOADS = {
    "Breakout RAM": ("atari/breakout", {"obs": "ram", "protocol": "robust", "max_steps": 500, "episodes": SLOTS}),
    "Breakout native": ("atari/breakout", {"obs": "native", "protocol": "robust", "max_steps": 300, "episodes": SLOTS}),
    "Ant gait": ("mujoco/ant", {"max_steps": 200, "episodes": SLOTS}),
    "CartPole": ("CartPole-v1", {"episodes": 1000}),
}
RUNS = {"off": False, "on": True, "off again": False}

inside = 0.0
"""Seconds in the log and in the ledger's writes, of the evaluation that runs."""


def timed(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``method`` with a stopwatch."""

    def call(*values: Any, **named: Any) -> Any:
        global inside
        began = time.perf_counter()
        found = method(*values, **named)
        inside += time.perf_counter() - began
        return found

    return call


def play(name: str, actions: bool, folder: str) -> tuple[float, float]:
    """Return env steps per second of one evaluation, and the share of its stepping that the log and the ledger took."""
    global inside
    inside = 0.0
    env, settings = WORKLOADS[name]
    card = evaluation.evaluate(
        None, env, slots=SLOTS, threads=2, ledger=Path(folder) / "ledger.db", actions=actions, **settings
    )
    return card.steps_per_s, inside / card.cost.wall_s


def main(rounds: int) -> None:
    """Measure and print."""
    for owner, name in ((ActionLog, "scored"), (ActionLog, "acted"), (Ledger, "add_episodes")):
        setattr(owner, name, timed(getattr(owner, name)))
    for name in WORKLOADS:
        found: dict[str, list[tuple[float, float]]] = {run: [] for run in RUNS}
        with tempfile.TemporaryDirectory() as folder:
            play(name, True, folder)  # compiles
            for turn in range(rounds):
                for run in list(RUNS) if turn % 2 else list(RUNS)[::-1]:
                    found[run].append(play(name, RUNS[run], folder))
        shown = []
        for run in ("on", "off again"):
            ratios = sorted(one / other for (one, _), (other, _) in zip(found[run], found["off"], strict=True))
            shown.append(f"{run} {statistics.median(ratios):.4f} ({ratios[0]:.3f} .. {ratios[-1]:.3f})")
        speed = statistics.median(speed for speed, _ in found["off"])
        share = statistics.median(on - off for (_, on), (_, off) in zip(found["on"], found["off"], strict=True))
        print(f"{name:16} off {speed:9,.0f} steps/s; {', '.join(shown)}; inside {100 * share:.2f} %", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
