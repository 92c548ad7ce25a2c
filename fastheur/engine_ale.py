"""The engine over ale-py: Atari frame by frame in worker processes, every start fresh at once.

It gives the same observations, rewards and ends as EnvPool, bit for bit, sticky actions and random no-ops included: same
emulator, same generators, same seeds. What it leaves out is EnvPool's conversion of a frame that nobody looks at, and the
50 ms it takes to build an environment. Each worker has a few lanes of slots and steps one while the harness thinks about
another; a slot whose episode ended starts the next one in the same breath.
"""

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from fastheur import _core
from fastheur.ale_crew import Crew, hire, release
from fastheur.ale_lane import ROWS
from fastheur.batch import StepBatch
from fastheur.engine import Engine, default_threads
from fastheur.errors import EngineError
from fastheur.plain_atari import plain_spec, why_other
from fastheur.tasks import Protocol, Task, snake_case
from fastheur.true_time import ATARI_FRAMES_PER_S


def why_not(task: Task, protocol: Protocol) -> str | None:
    """Return why this engine cannot play a task, or None where it can."""
    reason = why_other(task, protocol)
    if reason:
        return reason
    if "max_episode_steps" not in protocol.envpool_args(task):
        return "it needs a cap: protocol.max_steps"
    return None if find_spec("ale_py") else "ale-py is not installed (pip install ale-py)"


class AleEngine(Engine):
    """An Atari game in ``ram`` or ``native`` mode; see :class:`Engine`. ``threads`` are worker processes."""

    name = "ale"
    can_snapshot = True

    def __init__(self, task: Task, protocol: Protocol, threads: int) -> None:
        super().__init__(task, protocol, plain_spec(task), threads)
        args = protocol.envpool_args(task)
        self._game: dict[str, Any] = {
            "rom": snake_case(task.env_id.removesuffix("-v5")),
            "mode": task.mode,
            "max_steps": int(args["max_episode_steps"]),
            "noop_max": int(args.get("noop_max", 30)),
            "fire_reset": bool(args.get("use_fire_reset", True)),
            "sticky": float(args.get("repeat_action_probability", 0.0)),
        }

    def prepare(self, slots: int, lanes: int) -> None:
        """Start the workers, which load their machines while the harness compiles the policy."""
        workers = self._workers(slots)
        release(hire(self._game, workers, lanes, -(-slots // (workers * lanes))), self._game, workers, lanes)

    def _workers(self, slots: int) -> int:
        return min(self.threads, max(1, slots))

    @property
    def frames_per_s(self) -> float:
        """Every frame is a step."""
        return ATARI_FRAMES_PER_S

    def default_lanes(self, slots: int) -> int:
        """Two per worker: it steps one while the harness thinks about the other."""
        return 2

    def episodes(self, seeds: Sequence[int], slots: int, *, lanes: int = 2, warm: bool = False) -> Iterator[StepBatch]:
        """See :meth:`Engine.episodes`; a warm start is a fresh one here."""
        slots = min(slots, len(seeds))
        workers = self._workers(slots)
        slots = min(slots, workers * lanes * ROWS)
        crew = hire(self._game, workers, lanes)
        queue = deque(enumerate(seeds))
        built = float(crew.blocks["build_s"].sum())
        playing: set[int] = set()
        exact = True  # False once something was raised in here, Ctrl-C perhaps: who is playing may then be wrong
        try:
            players = self._lanes(crew, workers, lanes, slots)
            spin = min(slots, len(players)) < default_threads(self.task.suite)
            crew.blocks["spin"] = spin
            playing |= {lane.number for lane in players if lane.begin(queue)}
            while playing:
                lane = players[crew.wait(spin)]
                playing.discard(lane.number)
                batch = lane.receive()
                yield batch
                if lane.send(batch, queue):
                    playing.add(lane.number)
        except GeneratorExit:  # the caller has had enough
            raise
        except BaseException:
            exact = False
            raise
        finally:
            if exact and self._drain(crew, playing):
                self.build_s += (float(crew.blocks["build_s"].sum()) - built) / workers
                release(crew, self._game, workers, lanes)
            else:
                crew.close()

    def _lanes(self, crew: Crew, workers: int, lanes: int, slots: int) -> list["_Lane"]:
        """Return the lanes by number, with the slots dealt out to the first lane of every worker, then to the second."""
        bounds = np.linspace(0, slots, workers * lanes + 1).astype(int)
        spans = list(itertools.pairwise(bounds.tolist()))
        numbers = [worker * lanes + lane for lane in range(lanes) for worker in range(workers)]
        players = {number: _Lane(self, crew, number, span) for number, span in zip(numbers, spans, strict=True)}
        return [players[number] for number in range(workers * lanes)]

    @staticmethod
    def _drain(crew: Crew, playing: set[int]) -> bool:
        """Wait for the lanes that are still stepping; False if a worker is gone."""
        try:
            while playing:
                playing.discard(crew.wait())
        except EngineError:
            return False
        except BaseException:  # Ctrl-C while waiting
            crew.close()
            raise
        return True


class _Lane:
    """The slots of one lane: which of them play, and what they are told next."""

    def __init__(self, engine: AleEngine, crew: Crew, number: int, span: tuple[int, int]) -> None:
        self.number = number
        self._engine = engine
        self._crew = crew
        self._width = span[1] - span[0]
        self._columns = _core.Transitions(np.arange(*span, dtype=np.int32), engine.spec.info_dtype)
        self._actions = np.zeros(self._width, np.int64)
        self._block = block = crew.blocks[number]
        self._place, self._start, self._seed, self._action = (
            block[key] for key in ("place", "start", "seed", "action")
        )
        self._answer = [block[key] for key in ("place", "reward", "done", "cut", "elapsed", "lives", "obs")]
        self._seen = [column[:0] for column in self._answer]
        self._rows = 0
        self._starts = False

    def begin(self, queue: deque[tuple[int, int]]) -> bool:
        """Start the first episodes; False when there are none for this lane."""
        self._assign(np.empty(0, np.int32), range(self._width), queue)
        return self._go(0)

    def receive(self) -> StepBatch:
        """Return the transitions that the worker has written."""
        rows = self._rows
        if rows != len(self._seen[0]):
            self._seen = [column[:rows] for column in self._answer]
        place, reward, done, cut, elapsed, lives, obs = self._seen
        going, firsts, _ = self._columns.absorb(place, reward, done, cut, elapsed, None, lives)
        return StepBatch.of(self._columns, rows, going, firsts, obs, reward, self._actions[:rows])

    def send(self, batch: StepBatch, queue: deque[tuple[int, int]]) -> bool:
        """Send the actions of the live rows and start episodes in the others' places; False when the lane is done."""
        if batch.live is None:
            if self._starts:
                self._start[: self._rows] = self._starts = False
            self._action[: self._rows] = batch.actions
            return self._go(self._rows)
        kept = self._place[batch.live]
        actions = batch.actions[batch.live]
        ended = sorted(set(self._place[: self._rows].tolist()) - set(kept.tolist()))
        self._assign(kept, ended, queue)
        self._action[: len(kept)] = actions
        return self._go(len(kept))

    def _assign(self, kept: npt.NDArray[np.int32], free: Sequence[int], queue: deque[tuple[int, int]]) -> None:
        """Let the rows be those of ``kept``, then a new episode in each place of ``free`` while there are any."""
        rows = len(kept)
        self._place[:rows] = kept
        self._start[:rows] = False
        for place in free:
            if not queue:
                break
            episode, seed = queue.popleft()
            self._columns.begin(place, episode)
            self._place[rows], self._start[rows], self._seed[rows] = place, True, seed
            rows += 1
        self._rows, self._starts = rows, rows > len(kept)

    def _go(self, steps: int) -> bool:
        if self._rows == 0:
            return False
        self._block["rows"] = self._rows
        self._engine.charge(steps)
        self._crew.ring(self.number)
        return True
