"""A policy's process as its host sees it: what is shared with it, how it is asked, and how it ends.

A *cell* is forked from a template. It shares an inbox, an outbox and a bounded log with its host, hears one bell and rings
another. It cannot be talked to in any other way.
"""

import contextlib
import fcntl
import json
import mmap
import os
import select
import signal
import time
from pathlib import Path
from typing import Any

from fastheur._core import Word, processor
from fastheur.errors import EngineError, FastheurError, PolicyDied, PolicyError, named_error, printable
from fastheur.mailbox import DONE, INBOX_HEADER, INBOX_LETTER, MOST_WORDS, OUTBOX_HEADER, OUTBOX_LETTER, Box
from fastheur.templates import START_S, Template

LOG_BYTES = 64 << 10
"""What a policy prints is kept up to here, and forgotten beyond."""

LOOK_NS = 20_000 if len(os.sched_getaffinity(0)) > 2 else 0
"""How long either side looks out for the other before it sleeps, where a core can be spared for that."""

_DYING_S = 1.0
_TAIL = 400
_SEAL_FUTURE_WRITE = 0x10
_SIZE = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class Cell:
    """A policy's process and the memory shared with it.

    Args:
        template: what it is forked from. name: of the policy, for messages. inbox, outbox: bytes. plans: it has MuJoCo, and
            threads to simulate with, on every processor.

    Attributes:
        turn: how many letters it was sent.
    """

    def __init__(self, template: Template, name: str, inbox: int, outbox: int, plans: bool = False) -> None:
        self._template, self._name, self._plans = template, name, plans
        self.size = inbox, outbox
        self.turn = 0
        self._owner = os.getpid()
        self._calls = 0
        self._here: set[int] = set()
        self._anywhere = os.sched_getaffinity(0)
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
                self._pid: int | None = template.fork([files[0], heard, rung, *files[1:]], plans)
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
        self._draw_near()
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

    def _draw_near(self) -> None:
        """Have it run where this thread runs: they take turns, and a switch is quicker than to wake another processor.

        Not one that plans: the threads that it starts would all stay there.
        """
        here = -1 if self._plans else processor()
        if here >= 0 and here not in self._here and self._pid is not None:
            self._here, self._anywhere = {here}, os.sched_getaffinity(0)
            _bind(self._pid, self._here)

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
        _bind(0, self._here)
        try:
            self._sleep(deadline_s)
        finally:
            _bind(0, self._anywhere)
        self._asleep.store(0)

    def _sleep(self, deadline_s: float) -> None:
        began = time.monotonic()
        left = deadline_s
        while self._answered.load() != self._calls:
            if left <= 0.0:
                raise self._hung(f"no answer within {deadline_s:g} s")
            if self._poll.poll(1000.0 * left + 1.0) and not os.read(self._answers, 64):
                raise self._died()
            left = began + deadline_s - time.monotonic()

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


def _bind(pid: int, processors: set[int]) -> None:
    """Let a process, 0 for this thread, run on these processors only; a machine that does not let it be bound is slower."""
    with contextlib.suppress(OSError):
        os.sched_setaffinity(pid, processors)


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
