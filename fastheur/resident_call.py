"""Gives the resident process a caller's surroundings for one call and takes them back, and interrupts that call alone."""

import contextlib
import contextvars
import ctypes
import gc
import io
import linecache
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

AGAIN_SECONDS = 10.0
"""Further Ctrl-Cs within this time belong to the first, so that they never cut off the settling of a trial."""

LEFT_SECONDS = 60.0
"""A call whose caller is gone must end within this time, or the process ends with it."""

_STREAMS = ("stdin", "stdout", "stderr")


class Interrupts:
    """Raises KeyboardInterrupt in the main thread, inside :meth:`run` only, and at most once per ``AGAIN_SECONDS``."""

    def __init__(self) -> None:
        self._armed = self._early = False
        self._last = -AGAIN_SECONDS
        signal.signal(signal.SIGINT, self.handle)

    def handle(self, number: int, frame: Any) -> None:
        """Interrupt the call that runs; as a signal handler, in the main thread."""
        now = time.monotonic()
        if not self._armed:
            self._early = True
        elif now - self._last > AGAIN_SECONDS:
            self._last = now
            raise KeyboardInterrupt

    def clear(self) -> None:
        """Forget what came before: the next call begins."""
        self._early, self._last = False, -AGAIN_SECONDS

    def run(self, work: Callable[[], int]) -> int:
        """Return the exit code of ``work``, which a signal may interrupt, also one that came since :meth:`clear`."""
        try:
            try:
                self._armed = True
                if self._early:
                    raise KeyboardInterrupt
                return work()
            finally:
                self._armed = False
        except KeyboardInterrupt:  # came outside the command's own handling of it
            with contextlib.suppress(OSError):
                print("fastheur: interrupted", file=sys.stderr, flush=True)
            return 130


@contextlib.contextmanager
def watched(connection: socket.socket) -> Iterator[None]:
    """Turn a message from the caller, or its end, into SIGINT for the main thread, while the block runs."""
    main, over = threading.main_thread().ident or 0, threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                left = connection.recv(1) == b""
            except OSError:
                left = True
            if over.is_set():
                return
            signal.pthread_kill(main, signal.SIGINT)
            if left:
                if not over.wait(LEFT_SECONDS):  # a compiled policy that never returns cannot be interrupted
                    os._exit(1)
                return

    watcher = threading.Thread(target=watch, name="fastheur-caller", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)
        watcher.join()


@contextlib.contextmanager
def surroundings(call: Mapping[str, Any], files: Sequence[int]) -> Iterator[None]:
    """Wear the caller's streams, environment, umask and arguments for the length of the block; takes over ``files``."""
    kept = [os.dup(number) for number in range(3)]
    streams = [sys.stdin, sys.stdout, sys.stderr]
    environment, arguments, mask = dict(os.environ), sys.argv, os.umask(call["umask"])
    threads = _cv_threads()
    try:
        _wear(files)
        for file in files:
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = (_text(number, how) for number, how in enumerate(call["streams"]))
        sys.argv = list(call["argv"])
        _environment(call["env"])
        with warnings.catch_warnings():  # makes Python forget which warnings it has shown
            yield
    finally:
        _flush()
        _wear(kept)
        for file in kept:
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = streams
        sys.argv = arguments
        _environment(environment)
        os.umask(mask)
        os.chdir("/")
        _cv_threads(threads)
        linecache.clearcache()


def command(call: Mapping[str, Any], main: Callable[[Sequence[str]], int]) -> int:
    """Run the command line in the caller's folder and return its exit code, as the interpreter would."""
    try:
        os.chdir(call["cwd"])
    except OSError as error:
        print(f"fastheur: Cannot enter {call['cwd']}: {error.strerror}.", file=sys.stderr, flush=True)
        return 2
    try:
        # a context of its own: what a policy sets with np.seterr ends with the call
        return contextvars.copy_context().run(main, call["argv"][1:])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception:
        traceback.print_exc()
        return 1


def tidy(settled: bool = False) -> None:
    """Free what an interrupted call left in reference cycles: pools, files, the ledger.

    With ``settled`` all that is left now (the libraries) is never looked at again, which makes later tidying cheap.
    """
    gc.collect()
    if settled:
        gc.freeze()


def _wear(files: Sequence[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)


def _text(number: int, how: Mapping[str, Any]) -> TextIO:
    raw = open(number, "rb" if number == 0 else "wb", closefd=False)  # noqa: SIM115
    text = io.TextIOWrapper(raw, how["encoding"], how["errors"], None, how["line_buffering"], how["write_through"])
    text.mode = "r" if number == 0 else "w"  # type: ignore[misc]
    return text


def _environment(values: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(values)
    tempfile.tempdir = None  # depends on TMPDIR
    time.tzset()


def _flush() -> None:
    for name in _STREAMS[1:]:
        with contextlib.suppress(OSError, ValueError):  # a reader that is gone
            getattr(sys, name).flush()
    ctypes.CDLL(None).fflush(None)  # what simulators printed


def _cv_threads(number: int | None = None) -> int | None:
    """Return OpenCV's number of threads, and set it where one is given: a policy may change it."""
    cv2 = sys.modules.get("cv2")
    if cv2 is None:
        return None
    if number is not None and number != cv2.getNumThreads():
        cv2.setNumThreads(number)
    return int(cv2.getNumThreads())
