"""The host's side of the processes that policies run in: starts them, rings for them, and kills them.

A *template* has the libraries loaded and the file system closed; it forks a *cell* for every policy. A cell shares an inbox, an
outbox and a bounded log with its host, hears one bell and rings another. It cannot be talked to in any other way.
"""

import contextlib
import fcntl
import json
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastheur._core import Word
from fastheur.errors import (
    ConfigError,
    EngineError,
    FastheurError,
    IsolationError,
    PolicyDied,
    PolicyError,
    named_error,
    printable,
    whole,
)
from fastheur.isolation import packages
from fastheur.mailbox import DONE, INBOX_HEADER, INBOX_LETTER, MOST_WORDS, OUTBOX_HEADER, OUTBOX_LETTER, Box

START_S = 120.0
"""A template has so long to load the libraries, on a machine that may be busy."""

LEAST_MB = 1024
"""The libraries alone take most of this address space."""

LOG_BYTES = 64 << 10
"""What a policy prints is kept up to here, and forgotten beyond."""

LOOK_NS = 20_000 if len(os.sched_getaffinity(0)) > 2 else 0
"""How long either side looks out for the other before it sleeps, where a core can be spared for that."""

_DYING_S = 1.0
_TAIL = 400
_SEAL_FUTURE_WRITE = 0x10
_SIZE = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_LIBRARIES = ("numpy", "numba", "llvmlite", "cv2", "fastheur")
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "NUMBA_NUM_THREADS": "1",
    "NUMBA_THREADING_LAYER": "workqueue",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XDG_CACHE_HOME": "/dev/null",  # what was compiled elsewhere is not for untrusted eyes, and the reverse
}


@dataclass(frozen=True)
class Limits:
    """What an isolated policy may take.

    Attributes:
        call_s, load_s, episode_s: wall seconds for one batch, for loading or compiling, and in all batches of one episode.
        memory_mb: address space of its process, in MiB.

    Raises:
        ConfigError: one of them is no number above 0, or so little memory that no library could be loaded.
    """

    call_s: float = 10.0
    load_s: float = 60.0
    episode_s: float = 300.0
    memory_mb: int = 3072

    def __post_init__(self) -> None:
        for name in ("call_s", "load_s", "episode_s"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
                raise ConfigError(f"limits.{name} is {value!r}, expected seconds above 0.")
        whole("limits.memory_mb", self.memory_mb, LEAST_MB)


class Template:
    """The process that cells are forked from; the first use waits until it is ready.

    Args:
        strict: closed to the file system, the network and other processes; its cells have a list of system calls besides.
        memory_mb: address space in MiB.

    Attributes:
        stamp: ``landlock``, the ABI, and ``seccomp``, the hash of the filter; None where there is none.
    """

    def __init__(self, strict: bool, memory_mb: int) -> None:
        self.strict = strict
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        watched, self._alive = os.pipe()  # nothing is ever written: the kernel tells the template when our end closes
        self._connection = ours
        self._stamp: dict[str, Any] | None = None
        setup = {
            "socket": theirs.fileno(), "alive": watched, "strict": strict, "memory": memory_mb << 20, "entry": "fastheur.worker",
            "packages": {name: str(path) for name, path in packages.locate(_LIBRARIES).items()},
        }  # fmt: skip
        boot = f"{packages.bootstrap(Path(__file__).parent)}from fastheur.isolation.template import main\nmain()"
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", boot, json.dumps(setup)],
                pass_fds=(theirs.fileno(), watched),
                stdin=subprocess.DEVNULL,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            os.close(self._alive)
            raise EngineError(f"Cannot start the process that plays policies: {error.strerror or error}.") from error
        finally:
            theirs.close()
            os.close(watched)

    @property
    def stamp(self) -> dict[str, Any]:
        """Landlock's ABI and the hash of the filter.

        Raises:
            IsolationError: the machine does not give what was asked for; says why.
        """
        if self._stamp is None:
            answer = self._answer()
            reason = answer.get("refused")
            if reason is None:
                self._stamp = answer["ready"]
                breaches = self.breaches() if self.strict else []
                if not breaches:
                    return answer["ready"]
                self._stamp = None
                reason = f"a process behind the walls could still {', '.join(breaches)}."
            raise IsolationError(
                f"isolation=strict cannot be had on this machine: {reason.rstrip('.')}. To run lower is your choice: "
                "isolation=process keeps crashes and hangs where they are and nothing more, isolation=none trusts the policy."
            )
        return self._stamp

    def fork(self, descriptors: Sequence[int]) -> int:
        """Return the process id of a new cell that was given ``descriptors``: log, bells, inbox, outbox."""
        return int(self._asked({"do": "fork"}, descriptors)["pid"])

    def reap(self, pid: int, patience_s: float) -> int | None:
        """Wait for a cell that is dying and return its exit code, or minus its signal; None where it lives on."""
        status = self._asked({"do": "reap", "pid": pid, "patience_s": patience_s})["status"]
        return None if status is None else os.waitstatus_to_exitcode(int(status))

    def breaches(self) -> list[str]:
        """Have a child behind the walls attempt each forbidden act, and return those that were not prevented."""
        with tempfile.TemporaryDirectory(prefix="fastheur-") as folder:
            file = Path(folder, "file")
            file.write_text("nothing of worth")
            request = {"do": "prove", "file": str(file), "folder": folder, "parent": os.getpid()}
            return list(self._asked(request)["breached"])

    @property
    def fit(self) -> bool:
        """False once it has ended."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, and every cell with it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()
        with contextlib.suppress(OSError):
            os.close(self._alive)

    def _asked(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        _ = self.stamp
        try:
            socket.send_fds(self._connection, [json.dumps(request).encode()], list(descriptors))
        except OSError as error:
            raise self._lost() from error
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if not select.select([self._connection], [], [], START_S)[0]:
            raise EngineError(f"The process that policies are forked from did not answer within {START_S:g} s.")
        data = self._connection.recv(1 << 16)
        if not data:
            raise self._lost()
        return json.loads(data)

    def _lost(self) -> EngineError:
        code = self._process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return EngineError(f"The process that policies are forked from has ended ({how}); its output may say why.")


class Cell:
    """A policy's process and the memory shared with it.

    Args:
        template: what it is forked from. name: of the policy, for messages. inbox, outbox: bytes.

    Attributes:
        turn: how many letters it was sent.
    """

    def __init__(self, template: Template, name: str, inbox: int, outbox: int) -> None:
        self._template, self._name = template, name
        self.size = inbox, outbox
        self.turn = 0
        self._owner = os.getpid()
        self._calls = 0
        with contextlib.ExitStack() as opened:
            files = [_memory(opened, size) for size in (LOG_BYTES, inbox, outbox)]
            maps = [mmap.mmap(file, size) for file, size in zip(files[1:], self.size, strict=True)]
            for file, seals in zip(files, (_SIZE, _SIZE | _SEAL_FUTURE_WRITE, _SIZE), strict=True):
                fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
            heard, self._bell = os.pipe()
            os.set_blocking(self._bell, False)  # a cell that lets it fill up must not hold its host
            self._answers, rung = os.pipe()
            opened.callback(os.close, heard)
            opened.callback(os.close, rung)
            try:
                self._pid: int | None = template.fork([files[0], heard, rung, *files[1:]])
            except BaseException:
                os.close(self._bell)
                os.close(self._answers)
                raise
            self._log = os.dup(files[0])
        self.inbox = Box(maps[0], INBOX_HEADER, INBOX_LETTER)
        self.outbox = Box(maps[1], OUTBOX_HEADER, OUTBOX_LETTER)
        header, answer = self.inbox.header, self.outbox.header
        self._call, self._answered = Word(header["call"]), Word(answer["call"])
        self._asleep, self._cell_asleep = Word(header["asleep"]), Word(answer["asleep"])
        self._command, self._status = header["command"], answer["status"]
        header["look_ns"][0] = LOOK_NS
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)

    @property
    def fit(self) -> bool:
        """False once it was killed, or died."""
        return self._pid is not None

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        return 0 if self._pid is None else resident(self._pid)

    def ask(self, command: int, letter: dict[str, Any], deadline_s: float) -> dict[str, Any]:
        """Send a letter and return the one that comes back, which nobody has checked yet.

        Raises:
            PolicyError: see :meth:`call`; or the letters do not fit.
        """
        try:
            self.inbox.write(json.dumps(letter).encode("ascii"))
        except ValueError as error:
            raise PolicyError(f"{self._name}: too much to send to its process: {error}.") from error
        self.turn += 1
        self._signal(signal.SIGCONT)
        self.call(command, deadline_s)
        return self._letter()

    def call(self, command: int, deadline_s: float) -> None:
        """Have the cell carry out a command.

        Raises:
            PolicyError: what it says went wrong. PolicyDied: it crashed, or was killed for hanging.
        """
        self._calls += 1
        self._command[0] = command
        self._call.store(self._calls)
        try:
            self._wait(deadline_s)
        except FastheurError:
            raise
        except BaseException:  # Ctrl-C: it is in the middle of something nobody wants any more
            self.close()
            raise
        if self._status[0] != DONE:
            raise self._failure()

    def _wait(self, deadline_s: float) -> None:
        """Ring if the cell sleeps, look out for its answer for a moment, then sleep until it rings back."""
        if self._cell_asleep.load():
            try:
                os.write(self._bell, b"!")
            except BrokenPipeError as error:
                raise self._died() from error
            except BlockingIOError as error:
                raise self._hung("it answers, and does not listen") from error
        if self._answered.wait(self._calls, LOOK_NS):
            return
        self._asleep.store(1)
        began = time.monotonic()
        left = deadline_s
        while self._answered.load() != self._calls:
            if left <= 0.0:
                raise self._hung(f"no answer within {deadline_s:g} s")
            if self._poll.poll(1000.0 * left + 1.0) and not os.read(self._answers, 64):
                raise self._died()
            left = began + deadline_s - time.monotonic()
        self._asleep.store(0)

    def _letter(self) -> dict[str, Any]:
        try:
            letter = json.loads(self.outbox.read())
        except (ValueError, RecursionError):
            letter = None
        if not isinstance(letter, dict):
            raise PolicyError(f"{self._name}: its process sent something unreadable in place of an answer.")
        return letter

    def _failure(self) -> FastheurError:
        told = self._letter()
        line, words = told.get("line"), told.get("message")
        message = printable(words[:MOST_WORDS])[:MOST_WORDS] if type(words) is str else "failed without a word"
        if not message.startswith(self._name):  # whatever it says, it is this policy that says it
            message = f"{self._name}: {message}"
        kind = "ActionError" if told.get("kind") == "ActionError" else "PolicyError"
        return named_error(kind, message, line if type(line) is int and 0 < line <= INBOX_LETTER else None)

    def rest(self, turn: int) -> None:
        """Halt it until its next letter, where it had none since ``turn``: what goes on behind its answer takes no core."""
        if turn == self.turn and self._owner == os.getpid():
            self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None:
            _signal_group(self._pid, number)

    def stop(self, why: str) -> FastheurError:
        """Kill the cell and return the error that says why."""
        return self._hung(why)

    def _hung(self, why: str) -> FastheurError:
        said = self.close()
        return PolicyDied(f"{self._name} was stopped: {why}. A loop that never ends?{said}")

    def _died(self) -> FastheurError:
        assert self._pid is not None
        code = self._template.reap(self._pid, _DYING_S)
        if code is None:  # it only left its bell, and may go on for ever
            return PolicyDied(f"{self._name} was stopped: it closed its line to the harness.{self.close()}")
        said = self._ended(self._pid)
        if code == -signal.SIGSYS:
            return PolicyDied(
                f"{self._name} was killed: it asked the system for something that a policy may not have (files to write, "
                f"network, processes, threads, signals, other memory).{said}"
            )
        how = f"died of signal {-code} ({_signal_name(-code)})" if code < 0 else f"ended itself with exit code {code}"
        return PolicyDied(f"{self._name}: its process {how}.{said}")

    def close(self) -> str:
        """Kill the cell with its whole process group, and return the end of its output as a sentence."""
        pid = self._pid
        if pid is None:
            return ""
        _signal_group(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):  # one so young that it leads no group yet
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(EngineError):  # the template is gone, and the cell with it
            self._template.reap(pid, START_S)
        return self._ended(pid)

    def _ended(self, pid: int) -> str:
        """Forget the cell, which is dead, and return the end of its output as a sentence."""
        self._pid = None
        _signal_group(pid, signal.SIGKILL)  # what it may have started, where nothing forbids that
        text = os.pread(self._log, LOG_BYTES, 0).rstrip(b"\0").decode("utf-8", "replace").strip()
        for descriptor in (self._bell, self._answers, self._log):
            os.close(descriptor)
        return f" Its output ends: {printable(text[-_TAIL:])}" if text else ""


def _memory(opened: contextlib.ExitStack, size: int) -> int:
    """Return a new piece of memory as a descriptor, closed with ``opened``."""
    file = os.memfd_create("fastheur", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    opened.callback(os.close, file)
    os.ftruncate(file, size)
    return file


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 where it has gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a process group; its number is its leader's, which nobody else gets before the group is empty."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return "unknown"
