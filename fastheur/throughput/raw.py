"""The limit: simulators without anything around them, one loop and one process per core.

Nothing here imports fastheur's engine or Numba, so that these processes are small and quick to start.
"""

import itertools
import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from fastheur.throughput.setting import Setting
from fastheur.throughput.tape import Tape
from fastheur.throughput.workloads import COLUMNS, Workload

Step = Callable[[Any], None]

XML = {"Ant-v5": "ant.xml", "HalfCheetah-v5": "half_cheetah.xml"}
"""Gymnasium's models, which EnvPool uses too."""


class RawTeam:
    """One :class:`RawLoop` per core, started together; the slowest one's time counts."""

    def __init__(self, workload: Workload, setting: Setting) -> None:
        _loop(workload, 0)  # a missing peer is found here, where the error is reported
        self.slots = setting.threads
        self.horizon = workload.horizon if workload.kind == "atari" else None
        context = multiprocessing.get_context("spawn")
        self._barrier = barrier = context.Barrier(self.slots)  # kept: processes that still start open it by its name
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        for place in range(self.slots):
            mine, its = context.Pipe()
            process = context.Process(target=_serve, args=(its, barrier, workload, place), daemon=True)
            process.start()
            its.close()
            self._pipes.append(mine)
            self._processes.append(process)

    def load(self, tape: Tape) -> None:
        self._ask("load", tape)

    def rewind(self) -> None:
        self._ask("rewind")

    def play(self, first: int, steps: int) -> float:
        return max(self._ask("play", first, steps))

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(5)

    def _ask(self, *words: Any) -> list[Any]:
        for pipe in self._pipes:
            pipe.send(words)
        return [pipe.recv() for pipe in self._pipes]


class RawLoop:
    """One simulator and the recorded actions of one column."""

    def __init__(self, workload: Workload, place: int) -> None:
        self._step, self._reset, self._actions_from = _loop(workload, place)
        self._place = place
        self._actions: list[Any] = []

    def load(self, tape: Tape) -> None:
        column = tape.for_slots(1, tape.actions.dtype, self._place)[:, 0]
        self._actions = self._actions_from(column)

    def rewind(self) -> None:
        self._reset()

    def play(self, first: int, steps: int) -> float:
        """Play on; the recording starts over where it is too short."""
        step = self._step
        whole = itertools.cycle(self._actions)
        actions = list(itertools.islice(whole, first % len(self._actions), first % len(self._actions) + steps))
        began = time.perf_counter()
        for action in actions:
            step(action)
        return time.perf_counter() - began


def _serve(pipe: Connection, barrier: Any, workload: Workload, place: int) -> None:
    """Answer one request after the other, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the contender's process hangs up
    loop = RawLoop(workload, place)
    while True:
        try:
            verb, *rest = pipe.recv()
        except EOFError:
            return
        if verb == "play":
            barrier.wait()
        pipe.send(getattr(loop, verb)(*rest))


def _loop(workload: Workload, place: int) -> tuple[Step, Callable[[], None], Callable[[Any], list[Any]]]:
    return {"atari": _atari, "mujoco": _mujoco, "cartpole": _cartpole}[workload.kind](workload, place)


def open_ale(workload: Workload, seed: int) -> Any:
    """Return ale-py's emulator, set up as EnvPool sets up its own."""
    import ale_py
    from ale_py import roms

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", seed)
    ale.setFloat("repeat_action_probability", workload.envpool_args()["repeat_action_probability"])
    rom = roms.get_rom_path(workload.peer)
    assert rom is not None, f"ale-py has no ROM {workload.peer}"
    ale.loadROM(rom)
    return ale


def _atari(workload: Workload, place: int) -> tuple[Step, Callable[[], None], Callable[[Any], list[Any]]]:
    ale = open_ale(workload, place)
    act, buttons = ale.act, ale.getMinimalActionSet()
    frame = np.zeros((210, 160, 3) if workload.key == "native" else (210, 160), np.uint8)
    ram = np.zeros(128, np.uint8)

    def step_ram(action: Any) -> None:
        act(action)
        ale.getRAM(ram)

    def step_native(action: Any) -> None:
        act(action)
        ale.getScreenRGB(frame)

    def step_small(action: Any) -> None:
        for _ in range(4):
            act(action)
        ale.getScreenGrayscale(frame)
        resize(frame, (84, 84), small, interpolation=area)

    if workload.key == "84x84":
        import cv2

        cv2.setNumThreads(1)
        small, resize, area = np.zeros((84, 84), np.uint8), cv2.resize, cv2.INTER_AREA
    step = {"ram": step_ram, "native": step_native, "84x84": step_small}[workload.key]
    return step, ale.reset_game, lambda actions: [buttons[action] for action in actions]


def _mujoco(workload: Workload, place: int) -> tuple[Step, Callable[[], None], Callable[[Any], list[Any]]]:
    import gymnasium
    import mujoco

    del place
    assets = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets"
    model = mujoco.MjModel.from_xml_path(str(assets / XML[workload.peer]))
    data = mujoco.MjData(model)
    advance, control = mujoco.mj_step, data.ctrl

    def step(action: Any) -> None:
        control[:] = action
        advance(model, data, nstep=5)  # Gymnasium's frame_skip of both robots

    return step, lambda: mujoco.mj_resetData(model, data), list


def _cartpole(workload: Workload, place: int) -> tuple[Step, Callable[[], None], Callable[[Any], list[Any]]]:
    env = endless_cartpole()
    return env.step, lambda: env.reset(seed=place % COLUMNS), lambda actions: [int(action) for action in actions]


def endless_cartpole() -> Any:
    """Return CartPole whose pole may fall and whose cart may leave: replayed elsewhere, the actions do not balance.

    A step costs the same wherever the pole is; without this, resets would be timed.
    """
    from gymnasium.envs.classic_control import CartPoleEnv

    env = CartPoleEnv()
    env.theta_threshold_radians = env.x_threshold = float("inf")
    return env
