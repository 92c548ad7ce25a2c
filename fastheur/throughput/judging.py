"""What judging a policy costs beside the stepping: fresh starts, an edit, memory, many slots and many episodes.

Everything here goes through the same path as ``fastheur eval``; nothing is replayed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastheur.engines import make_engine
from fastheur.host import Candidate
from fastheur.in_process import make_host
from fastheur.loading import policy_from_source
from fastheur.rollout import Job, rollout
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task
from fastheur.throughput.setting import cores
from fastheur.throughput.workloads import NATIVE_RULE, RAM_RULE

PLAIN_BREAKOUT = '''"""Breakout from RAM: keep the paddle under the ball."""
OBS = "ram"
def act(obs, info, state, params):
    if obs[101] == 0:
        return 1
    gap = int(obs[99]) - int(obs[72]) - 5
    return 2 if gap > 3 else 3 if gap < -3 else 0
'''
POLE = '''"""CartPole: push towards the side the pole falls to."""
OBS = "state"
def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] + 0.03 * obs[0] + 0.06 * obs[1] > 0 else 0
'''

FLAT = 1.10
"""A cost per step within this of the best counts as flat."""


@dataclass(frozen=True)
class Finding:
    """One measured figure.

    Attributes:
        name: what was measured. value, unit: the figure. target: the most it is meant to be; None where it is shown only.
        detail: the parts it is made of, in words.
    """

    name: str
    value: float
    unit: str
    target: float | None
    detail: str

    def __str__(self) -> str:
        word = "" if self.target is None else "met: " if self.value <= self.target else "missed: "
        goal = "" if self.target is None else f", target <= {self.target:g}"
        return f"{word}{self.name}: {self.value:.3g} {self.unit}{goal} ({self.detail})"


@dataclass(frozen=True)
class Point:
    """One point of a curve: how much was asked for, and what an env step cost, in microseconds of wall time."""

    curve: str
    amount: int
    us_per_step: float


@dataclass(frozen=True)
class Played:
    """One evaluation: its env steps, seconds in all and in building, and what ``look`` returned on the way."""

    env_steps: int
    episodes: int
    wall_s: float
    build_s: float
    seen: float = 0.0


def play(
    env: str,
    mode: str,
    protocol: str,
    source: str,
    *,
    engine: str,
    episodes: int,
    slots: int,
    cap: int | None = None,
    steps: int | None = None,
    look: Callable[[], float] | None = None,
) -> Played:
    """Play fresh train episodes with everything an evaluation does; stop early after about ``steps`` env steps.

    ``look`` is called once, when the last episode has begun or the stepping stops; stopping early leaves building out.
    """
    where = find_environment(env)
    chosen = find_protocol(protocol, where, max_steps=cap)
    player = make_engine(engine, make_task(where, mode, chosen), chosen)
    policy = policy_from_source(source, "judging")
    host = make_host([Candidate(policy, policy.values())], player.spec, slots)
    jobs = [Job(0, index, seed) for index, seed in enumerate(episode_seeds("train", 0, episodes))]
    clock = _Clock(player, slots, steps)
    began, done = time.perf_counter(), 0
    play_on = rollout(player, host, jobs, slots, lanes=player.default_lanes(slots), watch=clock.tick)
    try:
        for _ in play_on:
            done += 1
            if look and done == episodes:
                clock.seen = look()
    except _Enough:
        return Played(clock.steps, done, clock.seconds, 0.0, look() if look else 0.0)
    return Played(player.env_steps, done, time.perf_counter() - began, player.build_s, clock.seen)


class _Enough(Exception):
    """As many steps as were asked for have been timed."""


class _Clock:
    def __init__(self, engine: Any, slots: int, steps: int | None) -> None:
        self._engine, self._warm, self._wanted = engine, 8 * slots, steps
        self._from: tuple[float, int] | None = None
        self.steps, self.seconds, self.seen = 0, 0.0, 0.0

    def tick(self) -> None:
        """Called after every batch."""
        if self._wanted is None:
            return
        now = (time.perf_counter(), self._engine.env_steps)
        if self._from is None:
            self._from = now if now[1] >= self._warm else None
            return
        self.seconds, self.steps = now[0] - self._from[0], now[1] - self._from[1]
        if self.steps >= self._wanted:
            raise _Enough


def fresh() -> Iterator[Finding]:
    """The share of building in many fresh Atari episodes, with snapshots and on EnvPool, and what that means for the whole."""
    speeds = {}
    for engine, episodes, target in (("ale", 1000, 5.0), ("envpool", 128, None)):
        slots = 16 * cores() if engine == "ale" else 64
        found = play(
            "atari/breakout", "ram", "robust", PLAIN_BREAKOUT, engine=engine, episodes=episodes, slots=slots, cap=1500
        )
        speeds[engine] = found.episodes / found.wall_s
        detail = f"{found.build_s:.1f} s of {found.wall_s:.1f} s, {found.env_steps / episodes:,.0f} steps per episode"
        name = f"building in {episodes:,} fresh Breakout episodes, engine={engine}"
        yield Finding(name, 100 * found.build_s / found.wall_s, "% of wall time", target, detail)
    ratio = speeds["ale"] / speeds["envpool"]
    detail = f"{speeds['ale']:.2f} and {speeds['envpool']:.2f} episodes/s, building included"
    yield Finding("fresh Breakout episodes per second, engine=ale over envpool", ratio, "x", None, detail)


def verdict() -> Iterator[Finding]:
    """From saving an edited kernel to the verdict on 64 episodes, in a terminal with a resident process."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FASTHEUR_RESIDENT": "1", "XDG_RUNTIME_DIR": folder}
        for title, env, rule, extra in (
            ("Pong RAM", "atari/pong", RAM_RULE, ("obs=ram", "protocol=robust", "protocol.max_steps=1500")),
            ("CartPole", "CartPole-v1", POLE, ()),
        ):
            took = [_edited(folder, environment, env, rule + f"# edit {n}\n", extra) for n in range(6)][1:]
            rest, stepping = sorted(took)[len(took) // 2]
            name = f"edit to verdict on 64 episodes, {title}: all but stepping"
            yield Finding(
                name, rest, "s", 1.0, f"median of {len(took)} edits; stepping {stepping:.2f} s; resident process"
            )
        subprocess.run([*_CALL, "resident", "stop"], env=environment, check=False, capture_output=True)


_CALL = (sys.executable, "-m", "fastheur")


def _edited(
    folder: str, environment: dict[str, str], env: str, source: str, extra: tuple[str, ...]
) -> tuple[float, float]:
    """Save a policy, evaluate it, and return the seconds beside the stepping, and of the stepping."""
    policy, out = Path(folder, "edited.py"), Path(folder, "card.json")
    out.unlink(missing_ok=True)
    began = time.perf_counter()
    policy.write_text(source)
    settings = ["episodes=64", f"out={out}", f"ledger={folder}/ledger.db", *extra]
    subprocess.run(
        [*_CALL, "eval", f"env={env}", f"policy={policy}", *settings], env=environment, check=True, capture_output=True
    )
    wall = time.perf_counter() - began
    stepping = float(json.loads(out.read_text())["wall_s"])
    return wall - stepping, stepping


def memory() -> Iterator[Finding]:
    """Proportional memory of this process and its workers while 64 native slots play."""
    for engine in ("ale", "envpool"):
        code = f"from fastheur.throughput.judging import report_memory; report_memory({engine!r})"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        name = f"memory of 64 native slots, engine={engine}"
        yield Finding(name, float(done.stdout) / 1024, "MiB", 1024.0, "proportional set size, workers included")


def report_memory(engine: str) -> None:
    """Print the KiB that 64 native slots take in this process and its children."""
    found = play(
        "atari/pong",
        "native",
        "robust",
        NATIVE_RULE,
        engine=engine,
        episodes=64,
        slots=64,
        steps=6400,
        look=_memory_kib,
    )
    print(found.seen)


def _memory_kib() -> float:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return float(sum(_proportional_kib(pid) for pid in ("self", *children)))


def _proportional_kib(pid: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def scaling() -> Iterator[Point]:
    """What an env step costs with 1 to 1,024 slots (stepping alone) and in 1 to 10,000 episodes (everything)."""
    pole = ("CartPole-v1", "state", "default", POLE)
    pong = ("atari/pong", "ram", "robust", RAM_RULE)
    for slots in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024):
        for title, task, engine, steps in (
            ("CartPole, engine=envpool", pole, "envpool", min(400 * slots, 200_000)),
            ("Pong RAM, engine=ale", pong, "ale", 20_000 + 8 * slots),
        ):
            best = min(_cost(*task, engine=engine, episodes=slots, slots=slots, steps=steps) for _ in range(3))
            yield Point(f"slots: {title}", slots, best)
    for episodes in (1, 10, 100, 1_000, 10_000):
        for title, task, engine, slots, cap in (
            ("CartPole, engine=envpool", pole, "envpool", 512, None),
            ("Pong RAM of 100 steps, engine=ale", pong, "ale", 16 * cores(), 100),
        ):
            some = min(slots, episodes)
            best = min(_cost(*task, engine=engine, episodes=episodes, slots=some, cap=cap) for _ in range(2))
            yield Point(f"episodes: {title}", episodes, best)


def _cost(*task: Any, **settings: Any) -> float:
    """Return microseconds per env step of one evaluation; noise only ever adds, so callers take the least of a few."""
    found = play(*task, **settings)
    return 1e6 * found.wall_s / found.env_steps


def flatness(points: list[Point]) -> list[Finding]:
    """Return per curve how far the cost rises again after its best point."""
    findings = []
    for curve in dict.fromkeys(point.curve for point in points):
        line = [point for point in points if point.curve == curve]
        best = min(line, key=lambda point: point.us_per_step)
        worst = max(point.us_per_step for point in line if point.amount >= best.amount)
        detail = f"best {best.us_per_step:.2f} us at {best.amount:,}; " + ", ".join(
            f"{point.amount:,}: {point.us_per_step:.2f}" for point in line
        )
        findings.append(
            Finding(f"cost per step after the best point, {curve}", worst / best.us_per_step, "x", FLAT, detail)
        )
    return findings


MEASURES: dict[str, Callable[[], Iterator[Finding]]] = {"fresh": fresh, "verdict": verdict, "memory": memory}
"""What ``only=`` takes beside the workloads, ``core`` and ``scaling``."""


def as_json(findings: list[Finding], points: list[Point]) -> dict[str, Any]:
    """Return everything as plain JSON values."""
    rows = [asdict(found) | {"met": found.target is None or found.value <= found.target} for found in findings]
    return {"judging": rows, "curves": [asdict(point) for point in points]}
