"""What runs in a policy's own process: it loads one policy, and plays it on whatever the inbox shows.

Forked from a template that has the libraries loaded and the file system closed. The system calls are closed before the
policy is seen. Nothing that is said from here is believed by the host without checking.
"""

import contextlib
import io
import itertools
import json
import mmap
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numba.core.errors import NumbaSystemWarning
from numba.np.ufunc import parallel

from fastheur import planner
from fastheur._core import Word
from fastheur.batch import StepBatch
from fastheur.errors import FastheurError, PolicyError
from fastheur.host import Candidate, Host
from fastheur.in_process import make_host
from fastheur.isolation import turns
from fastheur.isolation.template import BELL_IN, BELL_OUT, INBOX, OUTBOX
from fastheur.loading import Policy, policy_from_source
from fastheur.mailbox import (
    DONE,
    FAILED,
    INBOX_HEADER,
    INBOX_LETTER,
    LOAD,
    MOST_WORDS,
    OUTBOX_HEADER,
    OUTBOX_LETTER,
    PLAY,
    Box,
    inbox_columns,
    outbox_columns,
    spec_from_dict,
)
from fastheur.policy import state_dtype

_WARM = """
OBS = "any"


def act(obs, info, state, params):
    return 1 if obs[0] > 0.0 else 0
"""


def warm() -> None:
    """Compile a kernel, so that Numba has loaded what it loads at first use."""
    cv2.setNumThreads(1)
    from fastheur.spec import BASE_INFO, ActionSpec, Spec

    spec = Spec(
        "", "state", "", (4,), np.dtype(np.float32), np.dtype(BASE_INFO, align=True), ActionSpec("discrete", n=2)
    )
    policy = policy_from_source(_WARM, "warm.py")
    make_host([Candidate(policy, policy.values())], spec, 1)


def serve(lock: Callable[[], str], plans: bool) -> None:
    """Map the memory, start Numba's thread, ``lock`` the process, and answer bells until the host is gone.

    One that ``plans`` loads MuJoCo and starts its threads before, which it may not do afterwards.
    """
    inbox = Box(_mapped(INBOX, mmap.PROT_READ), INBOX_HEADER, INBOX_LETTER)
    outbox = Box(_mapped(OUTBOX, mmap.PROT_READ | mmap.PROT_WRITE), OUTBOX_HEADER, OUTBOX_LETTER)
    sys.stdout = sys.stderr = _Log()  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaSystemWarning)  # of a lock between processes, which this one has none of
        parallel._launch_threads()
    if plans:
        planner.prepare()
    turns.shorten()
    lock()
    _Worker(inbox, outbox).serve()


def _mapped(descriptor: int, protection: int) -> mmap.mmap:
    return mmap.mmap(descriptor, os.fstat(descriptor).st_size, prot=protection)


class _Log(io.TextIOBase):
    """Writes to the bounded log, and forgets what it has no room for: printing is never a policy's undoing."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            os.write(1, text.encode("utf-8", "replace"))
        return len(text)


class _Worker:
    """One policy, and the host that plays it once it is prepared."""

    def __init__(self, inbox: Box, outbox: Box) -> None:
        self._inbox, self._outbox = inbox, outbox
        self._call, self._look_ns = Word(inbox.header["call"]), inbox.header["look_ns"]
        self._asleep = Word(outbox.header["asleep"])
        self._policy: Policy | None = None
        self._host: Host | None = None

    def serve(self) -> None:
        """Answer every call; leave when there is nobody any more to make one."""
        header, answer = self._inbox.header, self._outbox.header
        command, status, answered = header["command"], answer["status"], Word(answer["call"])
        host_asleep = Word(header["asleep"])
        for number in itertools.count(1):
            if not self._called(number):
                return
            try:
                if command[0] == PLAY:
                    self._play()
                else:
                    self._said(self._load() if command[0] == LOAD else self._prepare())
                status[0] = DONE
            except (Exception, SystemExit) as error:
                self._said(_told(error))
                status[0] = FAILED
            answered.store(number)
            if host_asleep.load():
                os.write(BELL_OUT, b"!")

    def _called(self, number: int) -> bool:
        """Wait for a call, a short time awake; False when the host is gone."""
        if self._call.wait(number, int(self._look_ns[0])):
            return True
        self._asleep.store(1)
        while self._call.load() != number:
            if not os.read(BELL_IN, 64):
                return False
        self._asleep.store(0)
        return True

    def _said(self, letter: dict[str, Any]) -> None:
        try:
            self._outbox.write(json.dumps(letter).encode("ascii"))
        except ValueError as error:
            raise PolicyError(f"what it declares does not fit: {error}.") from error

    def _load(self) -> dict[str, Any]:
        asked = json.loads(self._inbox.read())
        # the columns of observations are the host's work: here frames arrive as FRAME asks for them
        policy = policy_from_source(asked["source"], asked["name"], fenced=asked["fenced"])
        self._policy = replace(policy, frame=None)
        return policy.to_dict()

    def _prepare(self) -> dict[str, Any]:
        asked = json.loads(self._inbox.read())
        policy, spec, slots = self._policy, spec_from_dict(asked["spec"]), asked["slots"]
        assert policy is not None
        seen = self._inbox.laid_out(inbox_columns(spec, slots))
        done = self._outbox.laid_out(outbox_columns(spec, slots, state_dtype(policy.state)))
        candidates = [Candidate(policy, values) for values in asked["values"]]
        self._host = make_host(candidates, spec, slots, memory=done)
        self._seen, self._actions = seen, done["actions"]
        return {}

    def _play(self) -> None:
        header, seen, host = self._inbox.header, self._seen, self._host
        assert host is not None
        rows, starts = int(header["rows"][0]), int(header["starts"][0])
        if starts:
            slots, candidates, keys = (
                seen[name][:starts] for name in ("start_slots", "start_candidates", "start_keys")
            )
            host.reset(slots, candidates, keys.tolist())
        if rows:
            none = seen["slots"][:0]
            slots, info = (
                seen[name][:rows].copy() for name in ("slots", "info")
            )  # writable, as what was compiled expects
            columns = (slots, none, seen["obs"][:rows], info, none, none)
            host.act(StepBatch(*columns, None, none, none, None, self._actions[:rows]))


def _told(error: BaseException) -> dict[str, Any]:
    """Return an error as a letter; nothing of a hostile one is trusted to be small, or to be text."""
    known = isinstance(error, FastheurError)
    kind = type(error).__name__ if known else "PolicyError"
    message = str(error) if known else f"{type(error).__name__}: {error}"
    line = getattr(error, "line", None)
    return {"kind": kind, "message": message[:MOST_WORDS], "line": line if isinstance(line, int) else None}
