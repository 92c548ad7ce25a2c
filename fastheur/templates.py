"""The host's side of a template: the process that has libraries loaded and the file system closed, and forks the cells."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastheur import isolation as walls
from fastheur.errors import EngineError, IsolationError
from fastheur.isolation import packages

START_S = 120.0
"""A template has so long to load the libraries, on a machine that may be busy."""

_LIBRARIES = ("numpy", "numba", "llvmlite", "cv2", "mujoco", "typing_extensions", "fastheur")
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",  # each thread that simulates would reserve 64 MB of the address space
    "MUJOCO_GL": "disable",
    "NUMBA_NUM_THREADS": "1",
    "NUMBA_THREADING_LAYER": "workqueue",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XDG_CACHE_HOME": "/dev/null",  # what was compiled elsewhere is not for untrusted eyes, and the reverse
}


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
        try:
            found = packages.locate(_LIBRARIES)
        except walls.IsolationError as error:
            raise IsolationError(f"Policies cannot be isolated here: {error}") from error
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        watched, self._alive = os.pipe()  # nothing is ever written: the kernel tells the template when our end closes
        self._connection = ours
        self._stamp: dict[str, Any] | None = None
        setup = {
            "socket": theirs.fileno(), "alive": watched, "strict": strict, "memory": memory_mb << 20, "entry": "fastheur.worker",
            "packages": {name: str(path) for name, path in found.items()},
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
                f"isolation={'strict' if self.strict else 'process'} cannot be had on this machine: {reason.rstrip('.')}. To run "
                "lower is your choice: isolation=process keeps crashes and hangs where they are and nothing more, isolation=none "
                "trusts the policy."
            )
        return self._stamp

    def fork(self, descriptors: Sequence[int], plans: bool) -> int:
        """Return the process id of a new cell that was given ``descriptors``: log, bells, inbox, outbox."""
        return int(self._asked({"do": "fork", "plans": plans}, descriptors)["pid"])

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
