"""VizDoom with a policy in the loop beside bare EnvPool, and what its game variables say at the end of an episode.

    python bench/vizdoom.py speed [TASK] [POLICY] [SLOTS] [THREADS] [PAIRS]
    python bench/vizdoom.py kills [TASK] [POLICY] [EPISODES] [SPLIT] [LEDGER]

``speed``: the policy plays one episode per slot; bare EnvPool then steps the same environments with the recorded actions,
so that both draw the same pictures. Building is left out on both sides. ``kills``: an evaluation like any other, with the
means of KILLCOUNT and others beside the return, for published figures that count kills. The variables are those that the
policy saw last, one step before the end.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastheur.batch import StepBatch
from fastheur.candidates import make_candidates
from fastheur.engine_envpool import EnvPoolEngine, make_pool
from fastheur.evaluation import Plan, plan, run
from fastheur.host import Candidate, Host
from fastheur.rollout import Job, TimedHost, rollout
from fastheur.seeds import episode_seeds

VARIABLES = ("KILLCOUNT", "DAMAGECOUNT", "HITCOUNT", "HEALTH", "AMMO2")


class Watching(TimedHost):
    """A host that remembers what its policies were shown last, and did, by the place of the episode."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.last: dict[int, np.void] = {}
        self.taken: dict[int, list[np.ndarray]] = {}

    def act(self, batch: StepBatch) -> None:
        """Pass on to the host, and remember."""
        super().act(batch)
        for row in range(len(batch.slots)) if batch.live is None else batch.live:
            episode = int(batch.episodes[row])
            self.last[episode] = batch.info[row].copy()
            self.taken.setdefault(episode, []).append(batch.actions[row].copy())


def prepared(task: str, policy: str, **settings: Any) -> tuple[Plan, list[Candidate], EnvPoolEngine]:
    """Return what an evaluation needs, without playing it."""
    what = plan(task, **settings)
    engine = EnvPoolEngine(what.task, what.protocol, what.threads)
    return what, make_candidates(policy, what.task, [{}], what.place), engine


def speed(task: str, policy: str, slots: int, threads: int, pairs: int) -> None:
    """Print env steps per second of both, pair by pair, and the median of their ratios."""
    what, candidates, engine = prepared(task, policy, episodes=slots, slots=slots, threads=threads)
    seeds = episode_seeds(what.split, what.first, slots)
    jobs = [Job(0, place, seed) for place, seed in enumerate(seeds)]

    def played(host: Host) -> float:
        built, began = engine.build_s, time.perf_counter()
        steps = sum(episode.length for episode in rollout(engine, host, jobs, slots, lanes=engine.default_lanes(slots)))
        return steps / (time.perf_counter() - began - (engine.build_s - built))

    watching = Watching(what.place.host(candidates, engine.spec, slots))
    played(watching)  # warms up, and records
    steps = min(map(len, watching.taken.values()))
    tape = np.array([watching.taken[place][:steps] for place in range(slots)]).swapaxes(0, 1)
    host = what.place.host(candidates, engine.spec, slots)

    def bare() -> float:
        pool = make_pool(engine.task, engine.protocol, seeds, threads)
        places = np.arange(slots, dtype=np.int32)
        pool.reset()
        began = time.perf_counter()
        for actions in tape:
            pool.step(actions, places)
        return steps * slots / (time.perf_counter() - began)

    ratios = []
    for pair in range(pairs):
        both: list[tuple[str, Callable[[], float]]] = [("ours", lambda: played(host)), ("bare", bare)]
        found = {name: measure() for name, measure in (both if pair % 2 else both[::-1])}
        ratios.append(found["ours"] / found["bare"])
        print(f"{found['ours']:,.0f} with the policy, {found['bare']:,.0f} bare env steps/s: {ratios[-1]:.3f}")
    print(
        f"{task}, {Path(policy).name}, {slots} slots, {threads} threads: median ratio {statistics.median(ratios):.3f} "
        f"({min(ratios):.3f} .. {max(ratios):.3f}) of {pairs} pairs"
    )


def kills(task: str, policy: str, episodes: int, split: str, ledger: str) -> None:
    """Print every episode's return and last game variables, and their means."""
    what, candidates, engine = prepared(
        task, policy, episodes=episodes, split=split, ledger=ledger, slots=min(16, episodes), threads=8,
        notes="game variables",
    )  # fmt: skip
    watching = Watching(what.place.host(candidates, engine.spec, min(16, episodes)))
    card = run(what, candidates, host=watching)[0]
    rows = np.array([[watching.last[place][name] for name in VARIABLES] for place in range(episodes)])
    played = sorted(card.episodes, key=lambda episode: episode.index)
    for episode, row in zip(played, rows, strict=True):
        print(f"{episode.ret:9.3f} {episode.length:5d}  " + "  ".join(map("{} {:g}".format, VARIABLES, row)))
    for first in (10, episodes):
        returns = [episode.ret for episode in played[:first]]
        print(
            f"first {len(returns)}: mean {np.mean(returns):.3f}, min {min(returns):.3f}, max {max(returns):.3f}; "
            + ", ".join(map("{} {:.2f}".format, VARIABLES, rows[:first].mean(axis=0)))
        )


def main(kind: str = "speed", task: str = "vizdoom/d3_battle", policy: str = "", *numbers: str) -> None:
    """Run one of the two with what was given, and defaults for the rest."""
    policy = policy or str(Path(__file__).parent.parent / "policies" / task / "screen.py")
    if kind == "kills":
        count, split, ledger = (*numbers, *("20", "train", "runs/ledger.db")[len(numbers) :])
        kills(task, policy, int(count), split, ledger)
    else:
        slots, threads, pairs = map(int, (*numbers, *("16", "8", "5")[len(numbers) :]))
        speed(task, policy, slots, threads, pairs)


if __name__ == "__main__":
    main(*sys.argv[1:])
