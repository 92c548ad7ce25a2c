"""Whatever fills the disk, cuts the log, kills the process or turns the clock back: what was acknowledged stays."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from labs import STRONG, lab_in, play_here, tried

from fastheur import evaluate, evaluation, run_folder
from fastheur.errors import ConfigError, PolicyError
from fastheur.learning import resume
from fastheur.ledger import Ledger
from fastheur.ledger_check import check
from fastheur.ledger_repair import repair

HERE = Path(__file__).parent


@pytest.fixture
def played_here(monkeypatch):
    """Trials take no time."""
    play_here(monkeypatch)


def rows(path, query):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def mere_ends(path):
    """A check finds nothing, or what a crash leaves."""
    return all(finding.kind in ("cut off", "note") for finding in check(path).findings)


# ---------------------------------------------------------------------- a log that was cut


def test_a_log_cut_anywhere_keeps_every_earlier_commit_and_a_check_says_so(tmp_path):
    path = tmp_path / "ledger.db"
    code = (
        "import os, sys; from fastheur.run_ledger import RunLedger\n"
        "ledger, log = RunLedger(sys.argv[1]), sys.argv[1] + '-wal'\n"
        "for number in range(40):\n"
        "    ledger.keep('k', number); print(os.path.getsize(log), flush=True)\n"
        "os._exit(0)"
    )
    sizes = list(map(int, subprocess.check_output([sys.executable, "-c", code, str(path)]).split()))
    data, log = path.read_bytes(), path.with_name("ledger.db-wal").read_bytes()
    assert len(log) == sizes[-1] and len(set(sizes)) == 40
    frame = 24 + 4096
    told = 0
    for length in [*range(sizes[0], len(log), 12_345), sizes[3], sizes[7] - frame, sizes[9] + 1, sizes[9] + 30]:
        case = tmp_path / str(length)
        case.mkdir()
        (case / "ledger.db").write_bytes(data)
        (case / "ledger.db-wal").write_bytes(log[:length])
        whole = sum(size <= length for size in sizes)
        report = check(case / "ledger.db")
        assert not report.damaged and report.sound == (length in sizes), (length, report.findings)
        told += any("write-ahead log" in str(finding) for finding in report.findings)
        done = repair(case / "ledger.db")
        assert done is None or done.report.sound
        assert rows(case / "ledger.db", "SELECT content FROM run_kept") == [(str(number),) for number in range(whole)]
    assert told > 10


def test_a_damaged_log_is_told_and_what_is_before_the_damage_stays(tmp_path):
    path = tmp_path / "ledger.db"
    code = (
        "import os, sys; from fastheur.run_ledger import RunLedger\n"
        "ledger = RunLedger(sys.argv[1]); ledger.keep('k', 1); print(os.path.getsize(sys.argv[1] + '-wal'))\n"
        "ledger.keep('k', 2); sys.stdout.flush(); os._exit(0)"
    )
    size = int(subprocess.check_output([sys.executable, "-c", code, str(path)]))
    log = bytearray(path.with_name("ledger.db-wal").read_bytes())
    log[size + 500] ^= 4
    path.with_name("ledger.db-wal").write_bytes(log)
    [finding] = check(path).findings
    assert "does not agree with its checksum" in finding.text
    assert rows(path, "SELECT content FROM run_kept") == [("1",)]
    path.with_name("ledger.db-wal").write_bytes(b"x" * 5000)
    assert "header is damaged" in str(check(path).findings)


# ---------------------------------------------------------------------- killed


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_had_told(tmp_path):
    path = tmp_path / "ledger.db"
    code = (
        "import sys; from fastheur.run_ledger import RunLedger\n"
        "ledger, number = RunLedger(sys.argv[1]), int(sys.argv[2])\n"
        "while True:\n"
        "    ledger.keep('k', number); print(number, flush=True); number += 1"
    )
    known = 0
    for turn in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(known)], stdout=subprocess.PIPE, text=True
        )
        writer.stdout.readline()
        threading.Timer(0.01 + 0.017 * turn, writer.kill).start()
        told = [known, *map(int, writer.stdout.read().split())]
        assert writer.wait() == -signal.SIGKILL
        writer.stdout.close()
        assert mere_ends(path)
        kept = [int(text) for (text,) in rows(path, "SELECT content FROM run_kept")]
        assert kept == list(range(len(kept))) and kept[-1] >= told[-1]
        known = len(kept)
    assert known > 20


# ---------------------------------------------------------------------- several writers


def test_a_second_writer_is_refused_on_a_run_and_waits_on_a_ledger(tmp_path, monkeypatch, random_kernel, played_here):
    monkeypatch.setattr(run_folder, "_PATIENCE_S", 0.1)
    with lab_in(tmp_path / "run"), pytest.raises(ConfigError, match=r"is in use by another process \(\d+\)"):
        resume(tmp_path / "run")
    path = tmp_path / "ledger.db"
    Ledger(path).__exit__()
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, holder.execute, ["COMMIT"])
    timer.start()
    evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=2, ledger=path)
    timer.join()
    holder.close()
    assert [trial["status"] for trial in Ledger(path).trials()] == ["finished"]


# ---------------------------------------------------------------------- read-only places

AS_NOBODY = """
import os, sys
from fastheur import evaluate
from fastheur.errors import FastheurError
from fastheur.loading import policy_from_source
source = 'OBS = "state"\\ndef act(obs, info, state, params):\\n    return 0\\n'
settings = {"policy": policy_from_source(source, "p.py"), "env": "CartPole-v1", "episodes": 2, "slots": 2}
evaluate(**settings)  # loads everything
if os.getuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    evaluate(**settings, ledger=sys.argv[1])
except FastheurError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("what", ["file", "folder", "new"])
def test_a_place_that_may_not_be_written_is_named_and_stays_as_it_is(what, random_kernel):
    top = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        path = top / "ledger.db"
        evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=2, ledger=path)
        data, names = path.read_bytes(), sorted(top.iterdir())
        path.chmod(0o666 if what == "folder" else 0o444)
        top.chmod(0o777 if what == "file" else 0o555)
        target = top / "sub" / "ledger.db" if what == "new" else path
        environment = {**os.environ, "XDG_CACHE_HOME": str(top / "cache"), "PYTHONPATH": str(HERE.parent)}
        command = [sys.executable, "-c", AS_NOBODY, str(target)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")
        assert done.returncode == 1 and f"in the ledger {target}: " in done.stderr, done.stderr
        assert any(word in done.stderr for word in ("readonly", "unable to open", "Permission denied"))
        assert "Traceback" not in done.stderr
        top.chmod(0o755)
        assert path.read_bytes() == data and set(names) <= set(top.iterdir()) and not (top / "sub").exists()
        assert check(path).sound
    finally:
        top.chmod(0o755)
        shutil.rmtree(top)


# ---------------------------------------------------------------------- a clock that goes backwards


def test_a_clock_that_jumps_back_changes_no_order_and_no_duration(tmp_path, monkeypatch, random_kernel, played_here):
    now = [2e9]

    def clock():
        now[0] -= 3600.0
        return now[0]

    with monkeypatch.context() as patch:
        patch.setattr(time, "time", clock)
        path = tmp_path / "ledger.db"
        cards = [evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=2, ledger=path) for _ in range(3)]
        with lab_in(tmp_path / "run") as lab:
            lab.call("note", {"text": "first"})
        lab = resume(tmp_path / "run")
        lab.call("note", {"text": "second"})
        assert tried(lab, STRONG).data["promoted"]
        assert [entry.text for entry in lab.run.ledger.memory()] == ["first", "second"]
        assert lab.spent.wall_s >= 0
        lab.close()
    with Ledger(path) as ledger:
        trials = ledger.trials()
    assert [trial["trial"] for trial in trials] == [card.trial for card in cards] == [1, 2, 3]
    assert trials[0]["started"] > trials[2]["started"] and all(trial["wall_s"] >= 0 for trial in trials)
    assert check(path).sound and check(tmp_path / "run" / "ledger.db").sound
    assert all(seconds >= 0 for (seconds,) in rows(tmp_path / "run" / "ledger.db", "SELECT seconds FROM run_sessions"))


# ---------------------------------------------------------------------- returns that are no number


def test_a_return_that_is_no_number_fails_the_trial_in_words(tmp_path, monkeypatch, random_kernel):
    from dataclasses import replace

    real = evaluation.rollout

    def broken(*given, **named):
        for number, episode in enumerate(real(*given, **named)):
            yield replace(episode, ret=float("nan")) if number == 3 else episode

    monkeypatch.setattr(evaluation, "rollout", broken)
    path = tmp_path / "ledger.db"
    with pytest.raises(PolicyError, match="returned nan, expected a finite number"):
        evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=6, ledger=path)
    with Ledger(path) as ledger:
        [trial] = ledger.trials()
    assert trial["status"] == "failed" and trial["score_mean"] is None and "returned nan" in trial["error"]
    assert trial["episodes"] == 3 and trial["env_steps"] > 0 and check(path).sound
