"""An ale worker: steps Atari machines for the lanes it is rung for, and answers in shared memory. The importer of ale-py.

Run as a process of its own (ale-py holds Python's global lock while it steps), with one JSON argument; it ends when the
harness closes its end of the command pipe.

A start is fresh at once: the machine's state right after its first reset is kept, and every episode begins by restoring
it with the random generator of the episode's own seed, then plays the no-ops and the FIRE that EnvPool plays at a reset.
"""

import itertools
import json
import os
import select
import signal
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ale_py import ALEInterface, ALEState, LoggerMode, roms

from fastheur import _core
from fastheur.ale_lane import ROWS, SCREEN, Lookout, blocks

Array = npt.NDArray[Any]

NOOP, FIRE = 0, 1

SPIN_S = 0.0005
"""How long a worker looks out for its next command before it sleeps, where the harness says that there is a core for it."""

PROOF_FRAMES = 30
"""Frames over which a restored state has to repeat itself before it is trusted."""


@dataclass(frozen=True)
class Setup:
    """What a worker is told: descriptors of the shared memory and the two pipes, its lanes, the game, when it was started, and
    how many machines per lane it loads for as long as nobody rings."""

    memory: int
    commands: int
    answers: int
    lanes: int
    first_lane: int
    own_lanes: int
    rom: str
    mode: str
    max_steps: int
    noop_max: int
    fire_reset: bool
    sticky: float
    began: float
    machines: int


class Machine:
    """One Atari with its game: fresh starts, and the count of steps since."""

    def __init__(self, setup: Setup) -> None:
        self.ale = ALEInterface()
        self.ale.setInt("max_num_frames_per_episode", 0)
        self.ale.setFloat("repeat_action_probability", setup.sticky)
        self._setup = setup
        self.load(seed=0)
        self.actions = list(self.ale.getMinimalActionSet())
        self.elapsed = 0
        self._fire = setup.fire_reset and any(action.value == FIRE for action in self.actions)

    def load(self, seed: int) -> None:
        """Insert the cartridge anew, as a machine that is built for ``seed`` does."""
        self.ale.setInt("random_seed", seed)
        self.ale.loadROM(roms.get_rom_path(self._setup.rom) or "")
        self.ale.reset_game()

    def start(self, snapshot: "Snapshot", seed: int) -> None:
        """Begin the episode of ``seed`` as a machine that was built for it does."""
        chance = np.random.RandomState(seed)  # MT19937, seeded as the C++ standard's mt19937 is
        if not snapshot.restore(self.ale, chance):
            self.load(seed)
        # EnvPool draws the number of no-ops from that generator by multiplication, and FIRE takes the place of one
        draw = int.from_bytes(chance.bytes(4), "little")
        for _ in range((draw * self._setup.noop_max >> 32) + 1 - self._fire):
            self.ale.act(NOOP)
        if self._fire:
            self.ale.act(FIRE)
        self.elapsed = 0

    def future(self) -> list[bytes]:
        """Go on for some frames, the first as an episode begins, and return all that can be seen of them."""
        first: list[Any] = [FIRE if self._fire else NOOP]
        seen = []
        for action in [*first, *itertools.islice(itertools.cycle(self.actions), PROOF_FRAMES - 1)]:
            reward = self.ale.act(action)
            screen = self.ale.getScreen().tobytes() if self._setup.mode == "native" else b""
            seen.append(b"%d %d" % (reward, self.ale.lives()) + self.ale.getRAM().tobytes() + screen)
        return seen


class Snapshot:
    """The state of a machine loaded with seed 0, right after its first reset, and how the other seeds' follow from it.

    Without sticky actions chance plays no part. With them a state differs in its random generator alone, which is put in
    for each seed, except where the reset itself draws from it (Berzerk, Double Dunk). Two things no state holds: the last
    action, which a sticky one repeats, and the last two frames, of which a few games do not redraw every pixel. So every
    start plays two no-ops that cannot be replaced before it restores. Whether a game then goes on as a new machine does
    is tried; one that does not (Qbert) is loaded anew for every episode, as are those whose reset draws.
    """

    def __init__(self, machine: Machine, sticky: float) -> None:
        """Take the snapshot of ``machine``, which was just built."""
        # a header, the length of what follows, the emulator, the generator's length and text, a trailer
        whole: Any = machine.ale.cloneState(include_rng=True).__getstate__()  # bytes, whatever its stub says
        text = _generator_text(np.random.RandomState(0))
        at = whole.rfind(text)
        self._fixed = None if sticky else machine.ale.cloneState()
        self._usable = sticky == 0 or at >= 0
        if self._usable and sticky:
            end = at + len(text)
            inner = next((i for i in range(0, 64, 4) if whole[i : i + 4] == _length(end - i - 4)), None)
            if inner is None or whole[at - 4 : at] != _length(len(text)):
                raise RuntimeError("this version of ale-py keeps its random generator elsewhere in a state")
            self._header, self._emulator, self._trailer = whole[:inner], whole[inner + 4 : at - 4], whole[end:]
        if self._usable:
            self._calm = self._state(_calm(sticky))
            new = machine.future()
            self.restore(machine.ale, np.random.RandomState(0))
            self._usable = machine.future() == new

    def restore(self, ale: ALEInterface, chance: np.random.RandomState) -> bool:
        """Put ``ale`` into the state of the seed that ``chance`` was just seeded with; False where it has to be loaded."""
        if self._usable:
            ale.restoreState(self._calm)
            ale.act(NOOP)
            ale.act(NOOP)
            ale.restoreState(self._state(chance))
        return self._usable

    def _state(self, chance: np.random.RandomState) -> ALEState:
        if self._fixed is not None:
            return self._fixed
        text = _generator_text(chance)
        inside = self._emulator + _length(len(text)) + text
        state = ALEState.__new__(ALEState)
        state.__setstate__(self._header + _length(len(inside)) + inside + self._trailer)
        return state


def _calm(sticky: float) -> np.random.RandomState:
    """Return a generator with which the next frame's actions, one per player, are not replaced by the last ones."""
    for seed in range(100_000):
        draws = np.frombuffer(np.random.RandomState(seed).bytes(8), "<u4") / 2**32
        if draws.min() > sticky:
            return np.random.RandomState(seed)
    raise RuntimeError(f"found repeat_action_probability={sticky}, expected clearly less than 1")


def _length(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _generator_text(chance: np.random.RandomState) -> bytes:
    """Return a generator as the C++ standard library writes it: 624 words and the position."""
    state: Any = chance.get_state()
    _, words, position, *_ = state
    return f"{' '.join(map(str, words.tolist()))} {position}".encode()


class Lane:
    """Answers the commands of one block."""

    def __init__(self, block: np.void, setup: Setup) -> None:
        self._block = block
        self._setup = setup
        self._machines: list[Machine | None] = [None] * ROWS
        self._screens = np.zeros((ROWS, *SCREEN), np.uint8) if setup.mode == "native" else None
        self._rows = list(block["obs"] if self._screens is None else self._screens)

    def answer(self, snapshots: list[Snapshot]) -> None:
        """Carry out the command in the block."""
        block = self._block
        rows = int(block["rows"])
        places = block["place"][:rows].tolist()
        starts = block["start"][:rows]
        fresh = self._start(places, starts, block["seed"][:rows], snapshots) if starts.any() else ()
        answers = self._step(places, block["action"][:rows].tolist(), fresh)
        for name, column in zip(("reward", "done", "cut", "elapsed", "lives"), zip(*answers, strict=True), strict=True):
            block[name][:rows] = column
        if self._screens is not None:
            _core.palette_rgb(self._screens[:rows], TABLE, block["obs"][:rows])

    def load(self, place: int, snapshots: list[Snapshot]) -> Machine:
        """Return the machine at ``place``, built if there is none yet; the very first one also gives the snapshot."""
        machine = self._machines[place]
        if machine is None:
            machine = self._machines[place] = Machine(self._setup)
            if not snapshots:
                snapshots.append(Snapshot(machine, self._setup.sticky))
                _check_screen(machine, self._setup.rom)
        return machine

    def _start(self, places: list[int], starts: Array, seeds: Array, snapshots: list[Snapshot]) -> set[int]:
        """Start the episodes that begin now and return their places."""
        began = time.perf_counter()
        rows = np.flatnonzero(starts).tolist()
        for row in rows:
            self.load(places[row], snapshots).start(snapshots[0], int(seeds[row]))
        self._block["build_s"] += time.perf_counter() - began
        return {places[row] for row in rows}

    def _step(self, places: list[int], actions: list[int], fresh: Collection[int]) -> list[tuple[Any, ...]]:
        """Step every machine that is not ``fresh``; put what it shows into the rows, return the other answers."""
        machines, most, native = self._machines, self._setup.max_steps, self._screens is not None
        answers = []
        for place, action, shown in zip(places, actions, self._rows, strict=False):
            machine = machines[place]
            assert machine is not None
            ale, reward = machine.ale, 0.0
            if not fresh or place not in fresh:
                machine.elapsed += 1
                reward = ale.act(machine.actions[action])
            if native:
                ale.getScreen(shown)
            else:
                ale.getRAM(shown)
            elapsed = machine.elapsed
            over = ale.game_over(with_truncation=False)
            answers.append((reward, over or elapsed >= most, elapsed >= most and not over, elapsed, ale.lives()))
        return answers


def _check_screen(machine: Machine, rom: str) -> None:
    found = machine.ale.getScreenDims()
    if tuple(found) != SCREEN:
        raise RuntimeError(f"{rom} draws {found[0]} x {found[1]} pixels, expected {SCREEN[0]} x {SCREEN[1]}")


TABLE = np.zeros((256, 3), np.uint8)
"""Colour of every byte of ALE's screen; only even bytes occur."""
TABLE[::2] = _core.PALETTE


def main() -> None:
    """Serve until the command pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness, which lets running batches finish
    ALEInterface.setLoggerMode(LoggerMode.Error)
    setup = Setup(**json.loads(sys.argv[1]))
    shared = blocks(setup.memory, setup.mode, setup.lanes)
    own = range(setup.first_lane, setup.first_lane + setup.own_lanes)
    lanes = {number: Lane(shared[number], setup) for number in own}
    snapshots: list[Snapshot] = []
    shared["build_s"][setup.first_lane] = time.perf_counter() - setup.began
    idle = [(lane, place) for place in reversed(range(setup.machines)) for lane in lanes.values()]
    while idle and not select.select([setup.commands], [], [], 0)[0]:
        lane, place = idle.pop()
        lane.load(place, snapshots)
    bell = select.poll()
    bell.register(setup.commands, select.POLLIN)
    lookout = Lookout(SPIN_S)
    while message := os.read(setup.commands, 2):
        number = int.from_bytes(message, "little")
        lanes[number].answer(snapshots)
        os.write(setup.answers, message)
        if shared["spin"][number]:
            lookout.look(lambda: bool(bell.poll(0)))


if __name__ == "__main__":
    main()
