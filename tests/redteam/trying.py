"""Tries hostile policies behind the walls, past the static check, and tells what came of each: a program of its own.

    python tests/redteam/trying.py FOLDER [NAME ...]

It is the harness that they aim at, so that a wall with a hole costs this process and not the one that runs the tests. Several
lanes run side by side; each has a folder, a port and a process of its own to aim at. What came of them is printed as JSON, by name.
"""

import ctypes
import json
import os
import queue
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from corpus import HERE, PLAIN, Aim, Attack, corpus, prepare, state

from fastheur.engines import make_engine
from fastheur.errors import FastheurError
from fastheur.host import Candidate
from fastheur.in_process import InProcess
from fastheur.isolated import Isolated
from fastheur.limits import Limits
from fastheur.places import Place
from fastheur.rollout import Job, rollout
from fastheur.sandbox import LOG_BYTES
from fastheur.tasks import find_environment, find_protocol, make_task

HASTY = Limits(call_s=0.5, load_s=2.0, episode_s=1.5, memory_mb=1152)
"""For those that may hang, which live until one of these ends them."""
PATIENT = replace(HASTY, call_s=20.0, load_s=60.0, episode_s=60.0)
"""For the others and for honest policies, so that a busy machine hangs none of them."""

HONEST = (PLAIN.read_text(), (HERE / "parts" / "honest.py").read_text())
"""Policies that have to play as ever after an attack: a kernel, and a batch policy that asks for randomness."""

_SLOTS = 2
_FIRST_SEED = 7
_SHORT = 100
_LONG = 500
_LANES = 3
_KERNEL_EVERY = 8
_SUBREAPER = 36


@dataclass
class Outcome:
    """What came of an attack.

    Attributes:
        ended: ``killed``, ``hung``, ``error``, ``played``, or ``harness`` for an error that is none of a policy. message: the
            trial's. log: what a worker that lives on has printed. returns: of the episodes it played. changed: what is no
            longer as it was before it. seconds: how long it took.
    """

    ended: str = "played"
    message: str = ""
    log: str = ""
    returns: list[float] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    seconds: float = 0.0


Played = list[tuple[float, int, str, bool]]
"""Return, length, action hash, and whether it was random, of each episode."""


def play(
    place: Place, source: str, name: str, task: str = "CartPole-v1", episodes: int = 4, steps: int = _SHORT
) -> Played:
    """Play a policy's first episodes, of at most so many env steps each."""
    environment = find_environment(task)
    protocol = find_protocol(None, environment, max_steps=steps)
    engine = make_engine("auto", make_task(environment, None, protocol), protocol, 1)
    policy = place.load(source, name)
    host = place.host([Candidate(policy, policy.values())], engine.spec, _SLOTS)
    jobs = [Job(0, index, _FIRST_SEED + index) for index in range(episodes)]
    found = sorted(rollout(engine, host, jobs, _SLOTS), key=lambda one: one.index)
    for slot in range(_SLOTS):
        json.dumps(host.state_of(slot))
    return [(one.ret, one.length, one.action_hash, one.random) for one in found]


class _Lane:
    """One thread's policies, and what they aim at."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        folder.mkdir()
        self._folder, self._before = folder, prepare(folder)
        self._engine = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        opened.callback(self._engine.wait)
        opened.callback(self._engine.kill)
        self._stream = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = self._stream.getsockname()[1]
        self._datagrams = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._datagrams.bind(("127.0.0.1", port))
        self._aim = Aim(folder, os.getpid(), self._engine.pid, port)
        self._place = Isolated("strict", PATIENT, fenced=False)
        opened.callback(self._place.close)
        self._place.begin()
        self._tried = 0

    def attempt(self, attack: Attack, honest: Sequence[Played]) -> Outcome:
        """Try one, and have an honest policy play after it."""
        outcome, harness, name = Outcome(), _harness(), f"{attack.name}.py"
        steps = _LONG if attack.attack in ("hang", "time-bomb") else _SHORT
        self._place._limits = HASTY if "hung" in attack.behind else PATIENT
        began = time.monotonic()
        try:
            played = play(self._place, attack.source(self._aim), name, attack.task, attack.episodes, steps)
            outcome.returns = [one[0] for one in played]
        except Exception as error:
            outcome.ended, outcome.message = _ending(error), str(error)
        outcome.seconds = round(time.monotonic() - began, 3)
        outcome.log = self._log(name)
        outcome.changed = [*self._changed(), *(name for name, value in _harness().items() if harness[name] != value)]
        self._tried += 1
        self._place._limits = PATIENT
        for source, expected in list(zip(HONEST, honest, strict=True))[self._tried % _KERNEL_EVERY != 0 :]:
            try:
                if play(self._place, source, "honest.py") != expected:
                    outcome.changed.append("what an honest policy plays after it")
            except FastheurError as error:
                outcome.changed.append(f"that an honest policy plays after it: {error}")
        return outcome

    def _log(self, name: str) -> str:
        cells = [cell for (_, of), (cell, _) in self._place._cells.items() if of == name and cell.fit]
        return "".join(os.pread(cell._log, LOG_BYTES, 0).rstrip(b"\0").decode("utf-8", "replace") for cell in cells)

    def _changed(self) -> list[str]:
        found = state(self._folder)
        names = {*found, *self._before}
        changed = [f"the file {one}" for one in sorted(names) if found.get(one) != self._before.get(one)]
        if self._engine.poll() is not None:
            changed.append("the engine's process, which has ended")
        if select.select([self._stream, self._datagrams], [], [], 0)[0]:
            changed.append("the port, to which somebody talked")
        template = self._place._template
        cells = _children(template._process.pid) if template else []
        if any(_children(cell) for cell in cells):
            changed.append("the processes: a worker has a child")
        return changed


def _ending(error: Exception) -> str:
    text = str(error)
    if not isinstance(error, FastheurError) or type(error).__name__ not in ("PolicyError", "ActionError", "PolicyDied"):
        return "harness"
    if type(error).__name__ != "PolicyDied":
        return "error"
    return "hung" if " was stopped: " in text else "killed"


def _harness() -> dict[str, Any]:
    """Return what no policy may change of this process, and of what all processes share."""
    me = os.getpid()
    return {
        "the harness's limits": [resource.getrlimit(one) for one in range(16)],
        "the harness's blocked signals": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "the harness's priority": (
            os.getpriority(os.PRIO_PROCESS, 0),
            os.sched_getscheduler(0),
            os.sched_getaffinity(0),
        ),
        "the harness's masks and flags": re.findall(
            "^(?:Umask|TracerPid|Seccomp).*", Path("/proc/self/status").read_text(), re.M
        ),
        "the harness's folder": os.getcwd(),
        "the harness's timers": signal.getitimer(signal.ITIMER_REAL),
        "the signals the harness got": list(_SIGNALS),
        "adopted processes": [one for one in _children(me) if one not in _OWN and _ALE not in _command(one)],
        "shared memory": [name for name in os.listdir("/dev/shm") if "redteam" in name],
        "System V objects": [Path(f"/proc/sysvipc/{kind}").read_text().count("\n") for kind in ("shm", "sem", "msg")],
    }


_ALE = "fastheur.ale_worker"  # the engine's own, which it keeps for the next evaluation
_SIGNALS: list[int] = []
_OWN: set[int] = set()
_LASTING = ("adopted processes", "the signals the harness got", "shared memory")


def _children(pid: int) -> list[int]:
    found = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def _notice_signals() -> None:
    for one in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE}:
        with suppress(OSError):
            signal.signal(one, lambda number, frame: _SIGNALS.append(number))


def main(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """Try the policies so named, or all of them; return outcomes by name, and two more: what an honest policy
    plays as ``plain``, and what was left behind as ``after``."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    _notice_signals()
    honest = [play(InProcess(), source, "honest.py") for source in HONEST]
    waiting = queue.SimpleQueue[Attack]()
    for attack in corpus():
        if not names or attack.name in names:
            waiting.put(attack)
    outcomes: dict[str, Any] = {"plain": {"returns": [one[0] for one in honest[0]]}}
    with ExitStack() as opened:
        opened.callback(_OWN.clear)

        def work(lane: _Lane) -> None:
            with suppress(queue.Empty):
                while True:
                    attack = waiting.get_nowait()
                    outcomes[attack.name] = asdict(lane.attempt(attack, honest))

        lanes = [_Lane(folder / str(number), opened) for number in range(_LANES)]
        for lane in lanes:
            lane._place._ready()
        _OWN.update(_children(os.getpid()))
        threads = [threading.Thread(target=work, args=[lane]) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    outcomes["after"] = {"changed": [name for name, value in _harness().items() if name in _LASTING and value]}
    return outcomes


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2:])))
