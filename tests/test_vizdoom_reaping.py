"""VizDoom's processes, shared memory and scratch folder are gone soon after their owner, however that ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastheur import vizdoom_watch
from fastheur.commands.doctor import main as doctor

OWNER = """
import os, signal, sys
import numpy as np
from fastheur.engine_envpool import make_pool
from fastheur.tasks import find_environment, find_protocol, make_task
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

def say(word):
    print(word, flush=True)
"""
PLAYS = OWNER + "pool = build()\nplay(pool, 3)\nsay('plays')\nplay(pool, 10**9)\n"
BUILDS = OWNER + "say('builds')\npool = build()\nplay(pool, 10**9)\n"
ENDS = OWNER + "pool = build()\nplay(pool, 3)\nsay('plays')\ninput()\n"
SEVERAL = (
    OWNER
    + "old = build()\npool = build()\ndel old\nplay(pool, 600)\ndel pool\npool = build()\nplay(pool, 3)\nsay('plays')\n"
)


@contextlib.contextmanager
def owner(folder, source, first, words=(), **options):
    """A process that owns a pool, after its first word; its scratch folder is in ``folder``."""
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", source, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "TMPDIR": str(folder)}, **options,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == first + "\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


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


def soon(condition):
    """True once a condition holds, False where it does not within five seconds."""
    end = time.monotonic() + 5
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


def test_a_pool_has_processes_a_folder_and_a_watch_but_no_named_memory(tmp_path):
    with owner(tmp_path, PLAYS, "plays"):
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
def test_nothing_is_left_of_an_owner_that_a_signal_ends_in_mid_episode(tmp_path, number):
    with owner(tmp_path, PLAYS, "plays") as process:
        process.send_signal(number)
        assert soon(lambda: left(tmp_path) == (set(), set(), []))
        assert process.wait() != 0


def test_nothing_is_left_of_owners_killed_while_they_build_a_pool(tmp_path):
    for number, moment in enumerate((0.0, 0.02, 0.05, 0.08, 0.12, 0.17, 0.23, 0.3)):
        with owner(tmp_path / str(number), BUILDS, "builds") as process:
            time.sleep(moment)
            process.kill()
    assert soon(lambda: all(left(tmp_path / str(number)) == (set(), set(), []) for number in range(8)))


def test_nothing_is_left_of_an_owner_that_ends_by_itself_with_its_pool_open(tmp_path):
    with owner(tmp_path, ENDS, "plays") as process:
        assert process.communicate("\n", timeout=20) and process.returncode == 0
        assert soon(lambda: left(tmp_path) == (set(), set(), []))


def test_pools_come_and_go_in_one_process_with_one_watch(tmp_path):
    with owner(tmp_path, SEVERAL, "plays") as process:
        assert process.wait(20) == 0
    assert soon(lambda: left(tmp_path) == (set(), set(), []))


def test_ctrl_c_in_a_terminal_ends_all_and_another_users_pool_plays_on(tmp_path):
    """Ctrl-C reaches everything in the foreground, VizDoom too."""
    ours, others = tmp_path / "ours", tmp_path / "others"
    with owner(others, PLAYS, "plays") as other, owner(ours, PLAYS, "plays", start_new_session=True) as process:
        foreign = left(others)
        os.killpg(process.pid, signal.SIGINT)
        assert soon(lambda: left(ours) == (set(), set(), []))
        assert process.wait() != 0
        assert other.poll() is None and left(others) == foreign
    assert soon(lambda: left(others) == (set(), set(), []))


def test_a_forked_process_gets_a_folder_of_its_own_and_its_end_is_not_the_owners(tmp_path):
    forks = OWNER + (
        "pool = build()\nplay(pool, 3)\n"
        "from fastheur.vizdoom_folder import vizdoom_folder\n"
        "from multiprocessing import get_context\n"
        "def child():\n    with vizdoom_folder() as folder:\n        say(folder)\n"
        "with vizdoom_folder() as folder:\n    say(folder)\n"
        "process = get_context('fork').Process(target=child)\nprocess.start()\nprocess.join()\n"
        "play(pool, 3)\nsay('plays')\ninput()\n"
    )
    with owner(tmp_path, "print('starts', flush=True)" + forks, "starts") as process:
        mine, childs, word = (process.stdout.readline().strip() for _ in range(3))
        assert word == "plays" and mine != childs
        assert soon(lambda: left(tmp_path)[2] == [Path(mine)])
        assert len(works_in(tmp_path)) == 2


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
    with owner(scratch, SUPERVISOR, "supervises", words) as supervisor:
        assert soon(lambda: len(works_in(scratch) - leaders(scratch)) == 2 and not works_in(scratch) & leaders(scratch))
        (pid,) = leaders(scratch)
        assert pid != os.getpgid(supervisor.pid)
        os.kill(supervisor.pid if killed == "supervisor" else pid, signal.SIGKILL)
        assert soon(lambda: not Path(f"/proc/{pid}").exists() and left(scratch) == (set(), set(), []))


def orphan(folder):
    """Kill an owner together with its watch, so that everything stays, and return its scratch folder."""
    with owner(folder, PLAYS, "plays"):
        for pid in watches(folder):
            os.kill(pid, signal.SIGKILL)
    (scratch,) = folder.glob("*")
    return scratch


def test_doctor_reports_what_is_left_and_removes_it_on_request(tmp_path, monkeypatch):
    monkeypatch.setattr("fastheur.commands.doctor.PLAYED", ())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "dead"))
    orphan(tmp_path / "dead")
    out = tmp_path / "found.json"

    def found(clean):
        assert doctor({"out": str(out), "clean": clean}) == 0
        return json.loads(out.read_text())["VizDoom leftovers"]

    with owner(tmp_path / "living", PLAYS, "plays"):
        living = left(tmp_path / "living")
        before = found(False)
        assert not before["works"] and "1 scratch folders" in before["found"]
        assert ", 1 scratch folders" in found(True)["found"]
        assert left(tmp_path / "dead") == (set(), set(), [])
        assert found(False) == {"works": True, "found": "none"}
        assert left(tmp_path / "living") == living


def test_doctor_finds_processes_whose_folder_is_gone(tmp_path):
    scratch = orphan(tmp_path / "dead")
    for path in sorted(scratch.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    scratch.rmdir()
    assert vizdoom_watch.abandoned(str(tmp_path)) == [str(scratch)]
    assert vizdoom_watch.clear(str(scratch))[0] > 0
    assert not works_in(tmp_path)
