"""The resident process: the same answers as a direct call, nothing left behind by a call, and no call lost in silence."""

import contextlib
import json
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastheur import resident, resident_call, resident_client, resident_server, sockets

ROOT = Path(__file__).parent.parent
POLE = "OBS = 'state'\nTASK = 'CartPole-v1'\ndef act(obs, info, state, params):\n    return {}\n"
GOOD = POLE.format("int(obs[2] + 0.3 * obs[3] > 0)")
ENV = {"FASTHEUR_RESIDENT": "1"}
TIMES = ("env_steps_per_s", "wall_s", "setup_s", "steps_per_s", "trial")
CHECK = ("check", "p.py", "ledger=null")
LONG = ("eval", "env=CartPole-v1", "episodes=20000", "slots=8", "threads=1")


@pytest.fixture(scope="module", autouse=True)
def _runtime(tmp_path_factory):
    """Sockets of these tests apart from the user's; whatever was started is stopped at the end."""
    folder = tmp_path_factory.mktemp("runtime")
    before = {name: os.environ.get(name) for name in ("XDG_RUNTIME_DIR", "FASTHEUR_RESIDENT")}
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    os.environ.pop("FASTHEUR_RESIDENT", None)
    yield
    assert cli("resident", "stop").returncode == 0
    assert not list(folder.glob("*/*.sock"))
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.py").write_text(GOOD)


def command(*words):
    return [sys.executable, "-m", "fastheur", *words]


def cli(*words, env=None, **options):
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})}, **options
    )


def served(*words, **options):
    return cli(*words, env={**ENV, **options.pop("env", {})}, **options)


def begun(*words, **options):
    return subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **ENV}, **options
    )


def serving():
    """Process id of the resident process that calls of these tests meet."""
    connection = resident_client.connection_to(resident.place())
    assert connection, "no resident process runs"
    with connection:
        return sockets.peer(connection)[0]


def until(condition, seconds=60):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, "it did not happen"
        time.sleep(0.05)


def count(table):
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect("runs/ledger.db")) as db:
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return 0


def card(path):
    return {name: value for name, value in json.loads(Path(path).read_text()).items() if name not in TIMES}


def test_a_served_call_gives_what_a_direct_one_gives_and_one_process_serves_all():
    words = ("eval", "env=CartPole-v1", "policy=p.py", "episodes=5")
    direct = cli(*words, "out=direct.json")
    first = served(*words, "out=first.json")
    pid = serving()
    second = served(*words, "out=second.json")
    assert direct.returncode == first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert card("direct.json") == card("first.json") == card("second.json")
    assert serving() == pid and count("trials") == 3
    told = [line for line in direct.stdout.splitlines() if line.startswith(("p.py: ", "min "))]
    assert len(told) == 2 and set(told) <= set(second.stdout.splitlines())


def test_the_client_loads_nothing_heavy():
    script = "import sys\nfrom fastheur.__main__ import main\ncode = main()\nprint(code, *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script, "check", "p.py"], capture_output=True, text=True, env={**os.environ, **ENV}
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "0" and "ok" in done.stdout, done.stderr
    assert not {"numpy", "numba", "envpool", "hydra", "rich", "yaml", "fastheur.cli"} & set(modules)


def test_bad_input_is_answered_as_in_a_direct_call():
    for words in (("eval", "env=CartPole-v2x"), ("eval", "epsiodes=1"), ("check",), ("check", "none.py")):
        direct, there = cli(*words), served(*words)
        assert (there.returncode, there.stdout, there.stderr) == (direct.returncode, direct.stdout, direct.stderr)
        assert there.returncode == 2


def test_other_verbs_sweeps_and_help_stay_in_the_calling_process(monkeypatch):
    monkeypatch.setenv("FASTHEUR_RESIDENT", "1")
    assert resident_client.wanted(["eval", "env=CartPole-v1"])
    for words in (["eval", "-m", "first=0,1"], ["bench"], ["demo"], ["eval", "--help"], [], ["resident", "stop"]):
        assert not resident_client.wanted(words)
    for off in ("", "0"):
        monkeypatch.setenv("FASTHEUR_RESIDENT", off)
        assert not resident_client.wanted(["eval"])


def open_files(process):
    """Names of what a process has open; one that closes meanwhile is left out."""
    names = []
    for link in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            names.append(str(link.readlink()))
    return names


def test_folder_environment_umask_and_policy_are_those_of_each_call(tmp_path):
    for name, mask in (("a", 0o077), ("b", 0o022)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "p.py").write_text(GOOD if name == "a" else POLE.format(7))
        done = served(
            "eval", "env=CartPole-v1", "policy=p.py", "episodes=1", "out=card.json", cwd=folder, umask=mask,
            env={"XDG_CACHE_HOME": str(folder / "cache")},
        )  # fmt: skip
        assert done.returncode == (0 if name == "a" else 2), done.stderr
        assert (folder / "runs/ledger.db").stat().st_mode & 0o777 == 0o666 & ~mask
        assert (folder / "cache/fastheur/kernels").is_dir()
    process = Path(f"/proc/{serving()}")
    assert (process / "cwd").readlink() == Path("/")
    assert not [name for name in open_files(process) if str(tmp_path) in name]


def test_an_edited_policy_is_read_again():
    assert served(*CHECK).returncode == 0
    Path("p.py").write_text(POLE.format(7))
    done = served(*CHECK)
    assert done.returncode == 2 and "action 7" in done.stderr


def test_a_pipe_ends_with_the_call_that_started_the_process_too():
    assert cli("resident", "stop").returncode == 0
    words = " ".join(command("eval", "env=CartPole-v1", "policy=p.py", "episodes=1"))
    done = subprocess.run(
        f"{words} | cat", shell=True, capture_output=True, text=True, timeout=60, env={**os.environ, **ENV}
    )
    assert done.returncode == 0 and "CartPole-v1" in done.stdout and serving()


def test_a_reader_that_has_gone_is_no_error_and_a_full_disk_is():
    words = command("eval", "env=CartPole-v1", "policy=p.py", "episodes=1")
    reading, writing = os.pipe()
    os.close(reading)
    assert subprocess.run(words, stdout=writing, timeout=60, env={**os.environ, **ENV}).returncode == 0
    os.close(writing)
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env={**os.environ, **ENV})
    assert done.returncode == 2 and done.stderr == "fastheur: No space left on device.\n"
    assert served(*CHECK).stdout.endswith("ok\n")


def test_a_terminal_is_a_terminal_to_the_call():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("eval", "env=CartPole-v1", "policy=p.py", "episodes=1"), stdout=theirs, stderr=theirs,
        env={**os.environ, **ENV, "COLUMNS": "100", "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal without a process ends
        while part := os.read(ours, 1 << 16):
            shown += part
    os.close(ours)
    assert process.wait(60) == 0 and b"\x1b[1m" in shown


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_twice_settles_the_trial_and_the_process_serves_on(signal_):
    assert served(*CHECK).returncode == 0
    pid, process = serving(), begun(*LONG)
    until(lambda: count("episodes"))
    process.send_signal(signal_)
    time.sleep(0.02)
    process.send_signal(signal_)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Interrupted after" in out and "kept as trial 1" in out and "Traceback" not in err
    assert count("trials WHERE status = 'interrupted' AND score_mean IS NULL AND env_steps > 0") == 1
    assert served(*CHECK).returncode == 0 and serving() == pid


def test_a_client_that_dies_interrupts_its_call():
    process = begun(*LONG)
    until(lambda: count("episodes"))
    process.kill()
    process.communicate()
    until(lambda: count("trials WHERE status = 'interrupted'") == 1, 20)
    assert served(*CHECK).returncode == 0


def test_a_killed_process_is_replaced_and_one_that_dies_in_a_call_is_told():
    assert served(*CHECK).returncode == 0
    pid = serving()
    os.kill(pid, signal.SIGKILL)
    assert Path(resident.place()).exists() and served(*CHECK).returncode == 0
    assert serving() != pid
    process = begun(*LONG)
    until(lambda: count("episodes"))
    os.kill(serving(), signal.SIGKILL)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and "died during the call. The trial stays open" in err and err.count("\n") == 1
    assert count("trials WHERE status = 'running'") == 1 and count("episodes") > 0


def test_a_polite_kill_settles_the_call_and_ends_the_process():
    process = begun(*LONG)
    until(lambda: count("episodes"))
    pid = serving()
    os.kill(pid, signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 130 and count("trials WHERE status = 'interrupted'") == 1
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert not Path(resident.place()).exists()


def test_clients_at_once_start_one_process_and_all_get_their_own_answers(tmp_path):
    assert cli("resident", "stop").returncode == 0
    processes = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        words = (
            "eval",
            "env=CartPole-v1",
            "policy=random",
            f"first={number}",
            f"episodes={number + 1}",
            "out=card.json",
        )
        processes.append(begun(*words, cwd=tmp_path / str(number)))
    for number, process in enumerate(processes):
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert card(tmp_path / str(number) / "card.json")["episodes"] == number + 1
    assert "3 calls" in cli("resident", "status").stdout


def test_a_client_that_waits_is_told_so_and_can_leave_without_disturbing_the_others():
    long = begun(*LONG)
    until(lambda: count("episodes"))
    waiting = begun(*CHECK)
    assert "waiting for the resident process" in waiting.stderr.readline()
    assert "busy" in cli("resident", "status").stdout
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=10)
    assert waiting.returncode == 130 and "fastheur: interrupted" in err
    assert long.poll() is None
    long.send_signal(signal.SIGINT)
    long.communicate(timeout=30)
    assert long.returncode == 130 and served(*CHECK).returncode == 0
    assert count("trials") == 1


def test_start_status_and_stop():
    cli("resident", "stop")
    assert cli("resident", "status").stdout == "No resident process runs.\n"
    started = cli("resident", "start", "idle=0.05")
    assert started.returncode == 0 and "ends after 0.05 idle minutes" in started.stdout
    pid = serving()
    until(lambda: not Path(f"/proc/{pid}").exists(), 30)  # by itself
    assert cli("resident", "start").returncode == 0
    assert "ran already" in cli("resident", "start").stdout
    assert "0 calls" in cli("resident", "status").stdout
    assert "has ended" in cli("resident", "stop").stdout
    assert cli("resident", "status").stdout == "No resident process runs.\n"
    for words, message in (
        (("resident", "begin"), "start, stop, status"),
        (("resident", "start", "idle=0"), "idle is 0"),
    ):
        done = cli(*words)
        assert done.returncode == 2 and message in done.stderr


def test_a_process_of_older_sources_makes_room_for_a_new_one(monkeypatch):
    assert served(*CHECK).returncode == 0
    pid = serving()
    message = {"kind": "call", "identity": resident.identity(), "stamp": "another"}
    with resident_client.connection_to(resident.place()) as connection:
        assert resident.asked(connection, message)[0] == resident.OLD
    assert served(*CHECK).returncode == 0 and serving() != pid


def test_the_stamp_and_the_name_follow_what_they_stand_for(tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    monkeypatch.setattr(resident, "_PACKAGE", str(tmp_path))
    first, name = resident.stamp(), resident.place()
    Path("p.py").write_text(GOOD + "\n")
    assert resident.stamp() != first and resident.place() == name
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert resident.place() != name
    monkeypatch.setattr(resident, "_PACKAGE", "/elsewhere")
    assert resident.installation() not in name


def test_a_folder_that_others_can_enter_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run/fastheur").mkdir(mode=0o777, parents=True)
    (tmp_path / "run/fastheur").chmod(0o777)
    done = served(*CHECK)
    assert done.returncode == 2 and "expected one with mode 700" in done.stderr


def test_a_folder_with_a_long_name_will_do(tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    try:
        assert served(*CHECK).returncode == 0
        assert list(folder.glob("*/*.sock"))
    finally:
        assert "has ended" in cli("resident", "stop").stdout


def test_nonsense_on_the_socket_harms_nobody():
    assert served(*CHECK).returncode == 0
    pid = serving()
    for nonsense in (b"", b"abc", b"\xff" * 9, b"\x02\0\0\0{]", b"\x02\0\0\0[]", b"\x02\0\0\0{}"):
        with resident_client.connection_to(resident.place()) as connection:
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(99):
                    pass
    assert served(*CHECK).returncode == 0
    assert serving() == pid


def test_idle_work_runs_after_the_answer_and_its_faults_stay_in_the_log(monkeypatch, tmp_path, capsys):
    done = []
    monkeypatch.setattr(resident, "idle_work", [lambda: 1 / 0, lambda: done.append(1)])
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server = resident_server.Server(str(tmp_path / "s.sock"), 1)
        server._work_idly()
        server._leave()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done == [1] and "ZeroDivisionError" in capsys.readouterr().err


def test_an_interrupt_before_the_command_begins_is_not_lost_and_one_while_it_settles_is_not_doubled(capsys):
    before = signal.getsignal(signal.SIGINT)
    try:
        interrupts = resident_call.Interrupts()
        signal.raise_signal(signal.SIGINT)
        assert interrupts.run(lambda: 0) == 130 and "interrupted" in capsys.readouterr().err
        interrupts.clear()

        def settles():
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            return 7

        assert interrupts.run(settles) == 7
    finally:
        signal.signal(signal.SIGINT, before)
