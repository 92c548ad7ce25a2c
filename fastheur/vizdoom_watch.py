"""Clears away what VizDoom leaves behind when the process that played it ends, in whatever way that happens.

EnvPool's VizDoom environments are processes with named memory in /dev/shm, and both outlive an owner that is killed. Run
as a script, this waits for the owner's end in a session of its own, so that Ctrl-C and the owner's group pass it by; it
needs the standard library only, to be there early. The owner stands in its scratch folder's name: nobody else's is touched.
"""

import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PREFIX = "fastheur-vizdoom-"
BUILDING = "building"
"""A file in the scratch folder while a pool is being built: memory may exist then that no child of the owner names."""

_SHARED = "/dev/shm"
_SEGMENT = "ViZDoom"
_KINDS = ("SM", "MQDoom", "MQCtr")
_INSTANCE = "+viz_instance_id"
_LOOK_S = 0.03
_QUIET_LOOKS = 3
"""So many looks in a row must find nobody: a child between fork and exec can be invisible to all but root."""
_LOADING_LOOKS = 30
"""A child that is not VizDoom yet is left alone for so many looks: its command line is about to name its memory."""
_MOST_LOOKS = 150
_GLANCE_MS = 5000
"""A child that hangs between fork and exec holds the pipe open too: now and then it is asked whether the parent is another."""


def prefix(pid: int) -> str:
    """Return how the names of a process's scratch folders begin: its id, when it started, its namespace of ids."""
    return f"{PREFIX}{pid}-{_started(pid)}-{os.stat('/proc/self/ns/pid').st_ino}-"


def abandoned(parent: str) -> list[str]:
    """Return this user's scratch folders without an owner: those in ``parent``, and those that something works in."""
    there = {str(path) for path in Path(parent).glob(f"{PREFIX}*") if _is_own(str(path))}
    return sorted(folder for folder in there | {folder for _, folder in inhabitants()} if _is_abandoned(folder))


def _is_abandoned(folder: str) -> bool:
    """True where the owner of a scratch folder has ended; False too where that cannot be told."""
    words = os.path.basename(folder).removeprefix(PREFIX).split("-")
    if len(words) != 4 or not words[0].isdecimal() or words[2] != str(os.stat("/proc/self/ns/pid").st_ino):
        return False
    return _started(int(words[0])) != words[1]


def clear(folder: str) -> tuple[int, int]:
    """Kill what still works in an abandoned scratch folder, remove its shared memory, then the folder itself.

    Returns:
        How many processes were killed and how many pieces of shared memory removed.
    """
    killed: set[int] = set()
    names: set[str] = set()
    quiet = 0
    for look in range(_MOST_LOOKS):
        found = [pid for pid, where in inhabitants() if where == folder]
        quiet = 0 if found else quiet + 1
        if quiet == _QUIET_LOOKS:
            break
        for pid in found:
            instance = _instance(pid)
            if instance or look >= _LOADING_LOOKS:
                names |= {f"{_SHARED}/{_SEGMENT}{kind}{instance}" for kind in _KINDS}
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        time.sleep(_LOOK_S)
    removed = sum(map(unlinked, names))
    with suppress(OSError):
        removed += sum(map(unlinked, unheld(os.stat(os.path.join(folder, BUILDING)).st_mtime - 1)))
    shutil.rmtree(folder, ignore_errors=True)
    return len(killed), removed


def inhabitants() -> Iterator[tuple[int, str]]:
    """Yield this user's VizDoom processes (or what is about to become one) and the scratch folder each works in."""
    ours = _link(os.getpid(), "exe")
    for pid in _pids():
        folder = _link(pid, "cwd")
        if os.path.basename(folder).startswith(PREFIX) and pid != os.getpid():
            program = _link(pid, "exe")
            if os.path.basename(program) == "vizdoom" or program == ours:
                yield pid, folder


def unheld(since: float = 0.0) -> list[str]:
    """Return this user's pieces of VizDoom's shared memory that no process has open; none where that cannot be told.

    Args:
        since: older ones are left out, in seconds since the epoch.
    """
    paths = {path for path in _segments() if _is_own(path, since)}
    for pid in _pids() if paths else ():
        try:  # descriptors first: whoever makes a piece holds one until it has mapped it
            with os.scandir(f"/proc/{pid}/fd") as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        paths.discard(os.readlink(entry.path))
            paths -= {path for _, path in _maps(pid)}
        except PermissionError:  # a player of policies lets nobody look; agents for keys do not count
            if "python" in " ".join(_command(pid)):
                return []
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(paths)


def unlink_own() -> None:
    """Take away the names of the shared memory that this process and its environments have open: then nothing can leak."""
    for inode, path in set(_maps(os.getpid())):
        with suppress(FileNotFoundError):
            if os.stat(path).st_ino == inode:
                os.unlink(path)


def _maps(pid: int) -> Iterator[tuple[int, str]]:
    """Yield inode and path of every piece of VizDoom's shared memory that a process has mapped."""
    for line in _read(pid, "maps").splitlines():
        if f"{_SHARED}/{_SEGMENT}" in line:
            words = line.split(None, 5)
            yield int(words[4]), words[5]


def _segments() -> list[str]:
    with suppress(OSError):
        return [f"{_SHARED}/{name}" for name in os.listdir(_SHARED) if name.startswith(_SEGMENT)]
    return []


def _is_own(path: str, since: float = 0.0) -> bool:
    with suppress(OSError):
        found = os.lstat(path)
        return found.st_uid == os.getuid() and found.st_ctime >= since
    return False


def unlinked(path: str) -> bool:
    """Remove a file; False where it is not there or not ours."""
    with suppress(OSError):
        os.unlink(path)
        return True
    return False


def _pids() -> Iterator[int]:
    """Yield the processes of this user."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError):
                users = [line.split()[1] for line in _read(int(name), "status").splitlines() if line.startswith("Uid:")]
                if users == [str(os.getuid())]:
                    yield int(name)


def _link(pid: int, name: str) -> str:
    """Return what a link of a process points to, "" where that is not to be seen."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/{name}").removesuffix(" (deleted)")
    return ""


def _started(pid: int) -> str:
    """Return when a process started, in ticks since the machine did; "" where it has ended."""
    with suppress(OSError):
        fields = _read(pid, "stat").rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    return ""


def _instance(pid: int) -> str:
    """Return the name that a VizDoom process was given for its shared memory, "" where it has none yet."""
    words = _command(pid)
    return words[words.index(_INSTANCE) + 1] if _INSTANCE in words[:-1] else ""


def _command(pid: int) -> list[str]:
    with suppress(OSError):
        return _read(pid, "cmdline").split("\0")
    return []


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text("utf-8", "replace")


def main() -> None:
    """Wait for the owner's end, who holds the pipe open that is stdin here, and clear its folder; arguments: its id, the folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # it leaves with its owner, not before
    owner, folder = int(sys.argv[1]), sys.argv[2]
    closed = select.poll()
    closed.register(0, 0)  # a hang-up is always told; data does not count
    while os.getppid() == owner and not closed.poll(_GLANCE_MS):
        pass
    clear(folder)


if __name__ == "__main__":
    main()
