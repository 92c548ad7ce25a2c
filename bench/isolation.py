"""What isolation costs: ``python bench/isolation.py [ROUNDS]`` plays the same episodes at each level in turn, and starts cells.

Prints env steps per second at each level with the ratio to ``none`` (median of the rounds' ratios), and how long a policy
takes from its text to its first actions: without a template, from one that waits, and compiled anew in this process.
"""

import contextlib
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from fastheur.candidates import shipped_policies
from fastheur.engines import make_engine
from fastheur.errors import PolicyDied
from fastheur.host import Candidate
from fastheur.limits import Limits
from fastheur.places import LEVELS, Place, find_place
from fastheur.rollout import Job, rollout
from fastheur.tasks import find_environment, find_protocol, make_task

SECONDS = 3.0
SLOTS = 64
WARM = 50
GAMES = (("atari/breakout", "ram"), ("atari/breakout", "native"), ("atari/pong", "ram"), ("CartPole-v1", "state"))
HANG_S = 0.5
LOOPS = ("while obs[0] < 1e9:\n        state.last += 1.0", "for turn in range(1 << 62):\n        state.last += obs[0]")
FRESH = """
from fastheur.policy import Param

OBS = "any"
STATE = [("last", "f8")]
PARAMS = {"gain": Param(0.5, 0.0, 1.0)}


def act(obs, info, state, params):
    state.last = params.gain * state.last + float(obs[0]) - float(obs[1])
    return 1 if state.last > %d.0 else 0
"""


class _Enough(Exception):
    """The measurement is long enough."""


def speed(place: Place, name: str, mode: str) -> float:
    """Return env steps per second of the full path, compiling and building left out."""
    environment = find_environment(name)
    protocol = find_protocol(None, environment)
    task = make_task(environment, mode, protocol)
    engine = make_engine("auto", task, protocol, 0)
    there = shipped_policies(environment)
    file = there.get(mode) or there.get("gait")
    source = file.read_text() if file else FRESH % 0
    policy = place.load(source, file.name if file else "fresh.py")
    lanes = engine.default_lanes(SLOTS)
    engine.prepare(SLOTS, lanes)
    host = place.host([Candidate(policy, policy.values())], engine.spec, SLOTS)
    until = began = steps = 0.0

    def tick() -> None:
        nonlocal until, began, steps
        now = time.perf_counter()
        if not began and engine.env_steps > WARM * SLOTS:  # machines are loaded, and caches filled
            began, steps, until = now, engine.env_steps, now + SECONDS
        if began and now > until:
            raise _Enough

    jobs = [Job(0, index, 1000 + index) for index in range(100_000)]
    with contextlib.suppress(_Enough):
        for _ in rollout(engine, host, jobs, SLOTS, lanes=lanes, watch=tick):
            pass
    return (engine.env_steps - steps) / (time.perf_counter() - began)


def start(place: Place, number: int) -> float:
    """Return the seconds from a policy's text to its first actions."""
    environment = find_environment("CartPole-v1")
    protocol = find_protocol(None, environment)
    engine = make_engine("auto", make_task(environment, None, protocol), protocol, 0)
    began = time.perf_counter()
    policy = place.load(FRESH % number, "fresh.py")
    host = place.host([Candidate(policy, policy.values())], engine.spec, 1)
    for batch in engine.episodes([0], 1):
        host.reset(batch.slots, np.zeros(1, np.int64), [0])
        host.act(batch)
        break
    return time.perf_counter() - began


def hang(place: Place, does: str) -> float:
    """Return the seconds beyond its deadline after which a policy that never answers was stopped."""
    began = 0.0
    try:
        policy = place.load(FRESH.replace("state.last =", f"{does}\n    state.last =") % 0, "hang.py")
        environment = find_environment("CartPole-v1")
        protocol = find_protocol(None, environment)
        engine = make_engine("auto", make_task(environment, None, protocol), protocol, 0)
        host = place.host([Candidate(policy, policy.values())], engine.spec, 1)
        began = time.perf_counter()
        for _ in rollout(engine, host, [Job(0, 0, 0)], 1):
            pass
    except PolicyDied:
        return time.perf_counter() - began - HANG_S
    raise SystemExit("a policy that hangs was not stopped")


def main(rounds: int) -> None:
    """Measure and print."""
    number = int(time.time()) % 1_000_000
    for level in LEVELS[:2]:
        cold, warm = [], []
        for turn in range(rounds):
            place = find_place(level, Limits(memory_mb=3072 + turn))  # a place of its own: with no template yet
            cold.append(start(place, number + 10 * turn))
            warm += [start(place, number + 10 * turn + again) for again in range(1, 4)]
            place.close()
        print(
            f"{level:8} text to first action: cold {statistics.median(cold):.2f} s (most {max(cold):.2f}), "
            f"from a waiting template {statistics.median(warm):.2f} s (most {max(warm):.2f})"
        )
    for level in LEVELS[:2]:
        place = find_place(level, Limits(call_s=HANG_S))
        late = [hang(place, does) for does in LOOPS for _ in range(rounds)]
        print(f"{level:8} a loop without end is stopped {max(late):.2f} s after its deadline at most")
    inside = [start(find_place("none"), number + 5_000_000 + turn) for turn in range(rounds)]
    print(f"{'none':8} text to first action: {statistics.median(inside):.2f} s")
    for name, mode in GAMES:
        speeds: dict[str, list[float]] = {level: [] for level in LEVELS}
        for turn in range(rounds):
            for level in LEVELS if turn % 2 else LEVELS[::-1]:
                speeds[level].append(speed(find_place(level), name, mode))
        base = speeds["none"]
        ratios = {
            level: sorted(one / other for one, other in zip(speeds[level], base, strict=True)) for level in LEVELS[:2]
        }
        shown = ", ".join(
            f"{level} {statistics.median(found):.3f} ({found[0]:.3f} .. {found[-1]:.3f})"
            for level, found in ratios.items()
        )
        print(f"{Path(name).name} {mode:7} none {statistics.median(base):8,.0f} steps/s; {shown}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
