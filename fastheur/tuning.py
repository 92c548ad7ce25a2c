"""Finds how many slots, threads and lanes play a task fastest on this machine, by a short scan that is remembered.

None of them is ever part of a result: an episode is the same whatever the schedule. The scan plays train episodes with the
policy at hand and throws the results away; its env steps are charged to the trial that asked for it. What it found is kept
in the user's cache folder, one file per machine, versions, task, protocol and kind of policy: an edited kernel does not
scan again, another batch policy (a planner, say) does.
"""

import contextlib
import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from fastheur.engine import Engine, default_threads, processor
from fastheur.engines import make_engine, step_cap
from fastheur.errors import FastheurError
from fastheur.host import Candidate
from fastheur.places import Place
from fastheur.resources import cache_folder
from fastheur.rollout import Job, rollout
from fastheur.seeds import episode_seeds

WORTH = 500_000
"""Env steps that an evaluation may take before a scan of a few seconds is worth it."""

BUDGET_S = 6.0
"""A scan that has taken this long starts no further measurement; building EnvPool's Atari takes most of it."""

WARM_S, MEASURE_S = 0.1, 0.3
"""Seconds of stepping before a measurement, and of the measurement; one of less than a quarter of that does not count."""

EPISODES, MOST_EPISODES = 64, 1 << 16
"""Episodes per slot, and in all, that are at hand for a measurement: short ones are over before it is."""

GAIN = 1.03
"""A setting must be this much faster than the best so far to replace it: less is noise."""

MOST_SLOTS = 1024


@dataclass(frozen=True)
class Schedule:
    """How an evaluation uses the machine.

    Attributes:
        slots: environments at a time. threads: EnvPool's threads per pool, or ale's worker processes. lanes: groups of
        slots that take turns. source: where it comes from, in words.
    """

    slots: int
    threads: int
    lanes: int
    source: str

    def __str__(self) -> str:
        return f"{self.slots} slots, {self.threads} threads, {self.lanes} lane{'s' * (self.lanes > 1)} ({self.source})"


@dataclass(frozen=True)
class Found:
    """A schedule, the env steps that finding it took, and the Ctrl-C that came meanwhile: a trial is to be charged first."""

    schedule: Schedule
    env_steps: int = 0
    stop: KeyboardInterrupt | None = None


def find_schedule(
    engine: Engine,
    candidate: Candidate,
    jobs: int,
    slots: int | None,
    threads: int,
    place: Place,
    debug: bool = False,
) -> Found:
    """Return the schedule for an evaluation.

    Args:
        engine: what will play, with any number of threads. candidate: the policy. jobs: how many episodes.
        slots, threads: what was asked for; None and 0 are to be found. place: where the policy runs.
        debug: kernels run as plain Python: nothing is measured, as stepping takes no part of such a run.
    """
    start = _default(engine, slots and min(slots, jobs), threads)
    if slots and threads:
        return Found(replace(start, source="as asked"))
    file = _file(engine, candidate, slots, threads)
    known = _read(file, start)
    if known:
        return Found(replace(known, slots=slots or known.slots, threads=threads or known.threads))
    cap = step_cap(engine.task, engine.protocol)
    unworthy = candidate.policy.plans or jobs < 2 * start.threads or jobs * (cap or 0) < WORTH
    if debug or unworthy or engine.protocol.deterministic(engine.task):
        return Found(start)
    scan = _Scan(engine, candidate, place)
    try:
        found = scan.climb(start, free_slots=slots is None, free_threads=not threads)
    except KeyboardInterrupt as stop:
        return Found(start, scan.env_steps, stop)
    except FastheurError:  # the policy may play its own episodes well; if not, the trial will say so
        return Found(start, scan.env_steps)
    _write(file, replace(found, source=f"measured {time.strftime('%Y-%m-%d')}"), scan.speeds)
    return Found(replace(found, source=f"measured now in {scan.seconds:.1f} s"), scan.env_steps)


def _default(engine: Engine, slots: int | None, threads: int) -> Schedule:
    threads = threads or default_threads(engine.task.suite)
    slots = slots or (16 * threads if engine.name == "ale" else 64)
    return Schedule(slots, threads, engine.default_lanes(slots), "default")


class _Scan:
    """Measures schedules one after another, each on an engine of its own."""

    def __init__(self, engine: Engine, candidate: Candidate, place: Place) -> None:
        self._engine = engine
        self._candidate = candidate
        self._place = place
        self._began = time.perf_counter()
        self.speeds: dict[str, float] = {}
        self.env_steps = 0

    @property
    def seconds(self) -> float:
        """Seconds since the scan began."""
        return time.perf_counter() - self._began

    def climb(self, start: Schedule, *, free_slots: bool, free_threads: bool) -> Schedule:
        """Go uphill from ``start``: more slots, or else fewer; then other numbers of lanes and threads."""
        best, top = start, self._speed(start)
        if not top:  # building takes all the time, or the episodes were over too soon
            return start
        moves: list[Callable[[Schedule], Iterator[Schedule]]] = []
        if free_slots:
            moves += [_doubled, _halved]
        moves.append(_other_lanes)
        if free_threads:
            moves += [_more_threads] if self._engine.name == "ale" else [_shared_out, _more_threads]
        for move in moves:
            for other in move(best):
                if self.seconds > BUDGET_S:
                    return best
                if _name(other) in self.speeds:  # where the climb came from
                    break
                speed = self._speed(other)
                if speed < GAIN * top:
                    break
                best, top = other, speed
        return best

    def _speed(self, schedule: Schedule) -> float:
        """Return env steps per second, building left out."""
        source = self._engine
        engine = make_engine(source.name, source.task, source.protocol, schedule.threads)
        count = max(schedule.slots, min(EPISODES * schedule.slots, MOST_EPISODES))
        jobs = [Job(0, i, seed) for i, seed in enumerate(episode_seeds("train", 0, count))]
        host = self._place.host([self._candidate], engine.spec, schedule.slots)
        clock = _Clock(engine, schedule.slots, self._began + BUDGET_S)
        try:
            for _ in rollout(engine, host, jobs, schedule.slots, lanes=schedule.lanes, watch=clock.tick):
                pass
        except _Enough:
            pass
        finally:
            self.env_steps += engine.env_steps
        speed = clock.steps / clock.seconds if clock.seconds >= MEASURE_S / 4 else 0.0
        self.speeds[_name(schedule)] = round(speed)
        return speed


def _name(schedule: Schedule) -> str:
    return f"{schedule.slots} slots, {schedule.threads} threads, {schedule.lanes} lanes"


class _Enough(Exception):
    """The measurement is long enough."""


class _Clock:
    """Starts after a warm-up, and ends the rollout in time; seconds of building do not count."""

    def __init__(self, engine: Engine, slots: int, latest: float) -> None:
        self._engine = engine
        self._latest = latest
        self._least = 4 * slots  # every slot is playing by then
        self._first = self._now()
        self._from: tuple[float, int] | None = None
        self.steps = 0
        self.seconds = 0.0

    def _now(self) -> float:
        return time.perf_counter() - self._engine.build_s

    def tick(self) -> None:
        """Called after every batch."""
        now = self._now()
        if time.perf_counter() > self._latest:
            raise _Enough
        if self._from is None:
            if now - self._first > WARM_S and self._engine.env_steps >= self._least:
                self._from = (now, self._engine.env_steps)
            return
        self.seconds, self.steps = now - self._from[0], self._engine.env_steps - self._from[1]
        if self.seconds > MEASURE_S:
            raise _Enough


def _doubled(schedule: Schedule) -> Iterator[Schedule]:
    slots = 2 * schedule.slots
    while slots <= MOST_SLOTS:
        yield replace(schedule, slots=slots)
        slots *= 2


def _halved(schedule: Schedule) -> Iterator[Schedule]:
    slots = schedule.slots // 2
    while slots >= 2 * schedule.threads:
        yield replace(schedule, slots=slots)
        slots //= 2


def _other_lanes(schedule: Schedule) -> Iterator[Schedule]:
    yield replace(schedule, lanes=3 - schedule.lanes)


def _shared_out(schedule: Schedule) -> Iterator[Schedule]:
    """Two lanes with half of the threads each, for EnvPool, whose threads belong to a lane."""
    if schedule.lanes == 1 and schedule.threads > 1:
        yield replace(schedule, lanes=2, threads=schedule.threads // 2)


def _more_threads(schedule: Schedule) -> Iterator[Schedule]:
    yield replace(schedule, threads=schedule.threads + 1)
    yield replace(schedule, threads=2 * schedule.threads)


def _file(engine: Engine, candidate: Candidate, slots: int | None, threads: int) -> Path:
    policy = candidate.policy
    frame = getattr(policy.frame, "format", None)
    args = {k: v for k, v in engine.protocol.envpool_args(engine.task).items() if k != "max_episode_steps"}
    what: dict[str, Any] = {
        "machine": [platform.node(), platform.machine(), processor(), default_threads("atari")],
        "versions": [metadata.version(name) for name in ("fastheur", "envpool", "ale-py", "numba", "numpy")],
        "task": [engine.name, engine.task.env_id, engine.task.mode, repr(sorted(args.items(), key=str))],
        "policy": [policy.style, frame, policy.name if policy.style == "batch" else None],
        "given": [slots, threads],
    }
    name = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:24]
    return cache_folder() / "tuning" / f"{name}.json"


def _read(file: Path, start: Schedule) -> Schedule | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # absent or damaged: scan again
        known = Schedule(**json.loads(file.read_text())["schedule"])
        most_slots, most_threads = max(MOST_SLOTS, start.slots), 2 * start.threads
        limits = ((known.slots, most_slots), (known.threads, most_threads), (known.lanes, 2))
        if all(type(value) is int and 1 <= value <= most for value, most in limits) and isinstance(known.source, str):
            return known
    return None


def _write(file: Path, schedule: Schedule, speeds: dict[str, float]) -> None:
    with contextlib.suppress(OSError):  # a cache that cannot be written costs another scan, nothing else
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{time.monotonic_ns()}")
        draft.write_text(json.dumps({"schedule": asdict(schedule), "steps_per_second": speeds}, indent=1))
        draft.replace(file)
