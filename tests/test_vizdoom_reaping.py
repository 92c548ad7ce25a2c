"""VizDoom's processes, shared memory and scratch folder are gone soon after their owner, however that ended."""

import contextlib
import json
import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastheur import vizdoom_watch
from fastheur.commands.doctor import main as doctor

NURSERY = """
import os, signal, sys, tempfile
import numpy as np
from fastheur.engine_envpool import make_pool
from fastheur.tasks import find_environment, find_protocol, make_task
from fastheur.vizdoom_folder import vizdoom_folder
where = find_environment("vizdoom/d1_basic")
protocol = find_protocol(None, where)
task = make_task(where, None, protocol)
places = np.arange(2, dtype=np.int32)

def build():
    return make_pool(task, protocol, [1, 2], 2)

def play(pool, steps):
    pool._reset(places)
    pool._recv()
    for _ in range(steps):
        pool._send([places, places, np.zeros((2, 3))])
        pool._recv()

voice = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # VizDoom talks

def say(*words):
    os.write(voice, (" ".join(map(str, words)) + chr(10)).encode())

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
say("ready")
while line := os.read(0, 4096).decode():
    tempfile.tempdir, source = line.split(chr(10), 1)
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        break
else:
    sys.exit()
os.close(0)
exec(source)
"""
"""A process that forks owners, so that only one has to load the libraries: a line for the scratch folder, then what to do."""

PLAYS = "pool = build(); play(pool, 3); say('plays', os.getpid()); play(pool, 10**9)"
BUILDS = "say('builds', os.getpid()); pool = build(); play(pool, 10**9)"
ENDS = "pool = build(); play(pool, 3); say('ends', os.getpid())"
SEVERAL = "old = build(); pool = build(); del old; play(pool, 600); del pool; " + ENDS
FORKS = """
from multiprocessing import get_context
pool = build()
with vizdoom_folder() as folder:
    say(folder)
def child():
    with vizdoom_folder() as folder:
        say(folder)
process = get_context("fork").Process(target=child)
process.start()
process.join()
play(pool, 3)
say("plays", os.getpid())
play(pool, 10**9)
"""


@pytest.fixture(scope="module")
def nursery():
    with started(NURSERY, "ready") as process:
        yield process


@contextlib.contextmanager
def started(source, first, *words, **env):
    """A process after its first word."""
    process = subprocess.Popen(
        [sys.executable, "-c", source, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **env},
    )  # fmt: skip
    try:
        assert said(process) == [first]
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def said(process):
    """The words of the next line."""
    return process.stdout.readline().decode().split()


@contextlib.contextmanager
def owner(nursery, folder, source, first):
    """The id of a process that owns a pool, after its first word; its scratch folder is in ``folder``."""
    folder.mkdir(exist_ok=True)
    os.write(nursery.stdin.fileno(), f"{folder}\n{source}".encode())
    word, pid = said(nursery)
    assert word == first
    try:
        yield int(pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
        assert soon(lambda: is_gone(pid))


def is_gone(pid):
    """True once a process has ended."""
    return not Path(f"/proc/{pid}").exists()


def works_in(folder):
    """Processes of VizDoom, or about to be, that work somewhere in a folder."""
    return {pid for pid, where in vizdoom_watch.inhabitants() if where.startswith(str(folder))}


def watches(folder):
    """Processes that wait for the end of an owner whose scratch folder is in a folder."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_text().split("\0")
            if any(word.endswith("vizdoom_watch.py") for word in words) and words[-2].startswith(str(folder)):
                found.add(int(path.parent.name))
    return found


def left(folder):
    """All that is left of the owners with scratch folders in a folder."""
    return works_in(folder), watches(folder), sorted(folder.glob("*"))


NOTHING = (set(), set(), [])


def soon(condition, most_s=5.0):
    """True once a condition holds, False where it does not within five seconds."""
    end = time.monotonic() + most_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(autouse=True)
def _memory_is_freed():
    before = set(vizdoom_watch.unheld())
    yield
    assert soon(lambda: not set(vizdoom_watch.unheld()) - before)


def test_a_pool_has_processes_a_folder_and_a_watch_but_no_named_memory(nursery, tmp_path):
    with owner(nursery, tmp_path, PLAYS, "plays"):
        processes, watch, folders = left(tmp_path)
        assert len(processes) == 2 and len(watch) == 1 and len(folders) == 1
        for pid in processes:
            mapped = [line for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "/dev/shm/" in line]
            assert mapped and all(line.endswith(" (deleted)") for line in mapped)
        (pid,) = watch
        assert os.getsid(pid) == pid and os.readlink(f"/proc/{pid}/cwd") == "/"
        pipe = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()} - {"/dev/null"}
        assert len(pipe) == 1 and "pipe:" in min(pipe)
        for child in processes:
            assert min(pipe) not in {os.readlink(path) for path in Path(f"/proc/{child}/fd").iterdir()}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGINT, signal.SIGHUP])
def test_nothing_is_left_of_an_owner_that_a_signal_ends_in_mid_episode(nursery, tmp_path, number):
    with owner(nursery, tmp_path, PLAYS, "plays") as pid:
        os.kill(pid, number)
        assert soon(lambda: is_gone(pid) and left(tmp_path) == NOTHING)


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3])
def test_nothing_is_left_of_an_owner_killed_while_it_builds_a_pool(nursery, tmp_path, moment):
    with owner(nursery, tmp_path, BUILDS, "builds") as pid:
        time.sleep(moment)
        os.kill(pid, signal.SIGKILL)
        assert soon(lambda: is_gone(pid) and left(tmp_path) == NOTHING)


@pytest.mark.parametrize("source", [ENDS, SEVERAL], ids=["one pool", "several pools"])
def test_nothing_is_left_of_an_owner_that_ends_by_itself_with_its_pool_open(nursery, tmp_path, source):
    with owner(nursery, tmp_path, source, "ends") as pid:
        assert soon(lambda: is_gone(pid) and left(tmp_path) == NOTHING)


def test_ctrl_c_in_a_terminal_ends_all_and_the_pool_of_another_process_plays_on(nursery, tmp_path):
    """Ctrl-C reaches everything in the foreground, VizDoom too."""
    ours, others = tmp_path / "ours", tmp_path / "others"
    with owner(nursery, others, PLAYS, "plays") as other, owner(nursery, ours, PLAYS, "plays") as pid:
        foreign = left(others)
        os.killpg(pid, signal.SIGINT)
        assert soon(lambda: is_gone(pid) and left(ours) == NOTHING)
        assert not is_gone(other) and left(others) == foreign
    assert soon(lambda: left(others) == NOTHING)


def test_a_forked_process_gets_a_folder_of_its_own_and_its_end_is_not_the_owners(nursery, tmp_path):
    os.write(nursery.stdin.fileno(), f"{tmp_path}\n{FORKS}".encode())
    (mine,), (childs,), (_, pid) = (said(nursery) for _ in range(3))
    assert mine != childs
    assert soon(lambda: left(tmp_path)[2] == [Path(mine)] and len(watches(tmp_path)) == 1)
    assert len(works_in(tmp_path)) == 2
    os.kill(int(pid), signal.SIGKILL)
    assert soon(lambda: left(tmp_path) == NOTHING)


SUPERVISOR = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from labs import lab_in, tried
from fastheur.tasks import find_environment, find_protocol
where = find_environment("vizdoom/d1_basic")
source = Path(sys.argv[2]).read_text()
settings = {"environment": where, "mode": "screen", "protocol": find_protocol(None, where), "start": source}
print("supervises", flush=True)
with lab_in(Path(sys.argv[3]), **settings, slots=2, train_episodes=2, validation_episodes=5) as lab:
    tried(lab, source)
"""
HANGS = '''"""Shoot a little, then think for ever."""
from fastheur.policy import Param
OBS = "any"
PARAMS = {"after": Param(3.0, 0.0, 9.0)}
def act(obs, info, state, params, action):
    while info.elapsed > params.after:
        action[1] = 1.0 - action[1]
    action[0] = 1.0
'''


def leaders(folder):
    """Leaders of the process groups of those whose work is in a folder."""
    return {os.getpgid(pid) for pid in works_in(folder)}


@pytest.mark.parametrize("killed", ["supervisor", "player"])
def test_nothing_is_left_of_a_player_that_never_answers(tmp_path, killed):
    """It plays VizDoom with a policy that never returns: only the kernel can end it."""
    (tmp_path / "hangs.py").write_text(HANGS)
    words = [str(Path(__file__).parent), str(tmp_path / "hangs.py"), str(tmp_path / "run")]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with started(SUPERVISOR, "supervises", *words, TMPDIR=str(scratch)) as supervisor:
        assert soon(lambda: len(works_in(scratch)) == 2 and not works_in(scratch) & leaders(scratch), 60)
        (pid,) = leaders(scratch)
        assert pid != os.getpgid(supervisor.pid)
        os.kill(supervisor.pid if killed == "supervisor" else pid, signal.SIGKILL)
        assert soon(lambda: is_gone(pid) and left(scratch) == NOTHING)


def orphan(nursery, folder):
    """Kill an owner together with its watch, so that everything stays, and return its scratch folder."""
    with owner(nursery, folder, PLAYS, "plays"):
        for pid in watches(folder):
            os.kill(pid, signal.SIGKILL)
    (scratch,) = folder.glob("*")
    return scratch


def test_doctor_reports_what_is_left_and_removes_it_on_request(nursery, tmp_path, monkeypatch):
    monkeypatch.setattr("fastheur.commands.doctor.PLAYED", ())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "dead"))
    orphan(nursery, tmp_path / "dead")
    out = tmp_path / "found.json"

    def found(clean):
        assert doctor({"out": str(out), "clean": clean}) == 0
        return json.loads(out.read_text())["VizDoom leftovers"]

    with owner(nursery, tmp_path / "living", PLAYS, "plays"):
        living = left(tmp_path / "living")
        before = found(False)
        assert not before["works"] and "1 scratch folders" in before["found"]
        assert ", 1 scratch folders" in found(True)["found"]
        assert left(tmp_path / "dead") == NOTHING
        assert found(False) == {"works": True, "found": "none"}
        assert left(tmp_path / "living") == living


def test_memory_that_nobody_holds_is_found_and_what_is_held_or_older_is_left_alone():
    path = Path("/dev/shm", f"ViZDoomSM{os.getpid()}-test")
    with path.open("wb") as held:
        held.write(bytes(8))
        held.flush()
        assert str(path) not in vizdoom_watch.unheld()
        with path.open("r+b") as again:
            mapped = mmap.mmap(again.fileno(), 8)
    assert str(path) not in vizdoom_watch.unheld()
    mapped.close()
    assert str(path) in vizdoom_watch.unheld()
    assert str(path) not in vizdoom_watch.unheld(since=time.time() + 60)
    assert vizdoom_watch.unlinked(str(path)) and not vizdoom_watch.unlinked(str(path))


def test_doctor_finds_processes_whose_folder_is_gone(nursery, tmp_path):
    scratch = orphan(nursery, tmp_path / "dead")
    for path in sorted(scratch.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    scratch.rmdir()
    assert vizdoom_watch.abandoned(str(tmp_path)) == [str(scratch)]
    assert vizdoom_watch.clear(str(scratch))[0] > 0
    assert not works_in(tmp_path)
