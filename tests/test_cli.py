"""The command line: one clear message and exit code 2 for bad input, nothing written but runs/, results that are kept."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from fastheur.cli import main

POLICY = "OBS = 'state'\nTASK = 'CartPole-v1'\ndef act(obs, info, state, params):\n    return {}\n"
GOOD = POLICY.format("int(obs[2] + 0.3 * obs[3] > 0)")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words, capsys):
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_eval_prints_a_table_and_writes_the_scorecard_and_nothing_but_runs(tmp_path, capsys):
    code, out, _ = run("eval", "env=CartPole-v1", "policy=random", "episodes=6", "out=card.json", capsys=capsys)
    assert code == 0 and "CartPole-v1" in out and "steps/s" in out
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["episodes"] == 6 and card["complete"]
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "card.json"}


@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1", "MiniGrid-FourRooms-v0"])
def test_a_task_nobody_configured_plays_at_once_with_the_random_policy(env, capsys):
    code, out, _ = run("eval", "env=envpool", f"env.id={env}", "policy=random", "episodes=2", capsys=capsys)
    assert code == 0 and env in out


def test_parameters_need_no_plus_signs(tmp_path, capsys):
    (tmp_path / "p.py").write_text(
        "from fastheur.policy import Param\nOBS = 'state'\nPARAMS = {'gain': Param(1.0, 0.0, 9.0)}\n"
        "def act(obs, info, state, params):\n    return int(obs[2] * params.gain > 0)\n"
    )
    args = ("eval", "env=CartPole-v1", "policy=p.py", "episodes=1", "params.gain=4", "out=x.json")
    assert run(*args, capsys=capsys)[0] == 0
    assert json.loads((tmp_path / "x.json").read_text())["params"] == {"gain": 4.0}


def test_atari_resolves_against_the_one_table_and_the_cap_can_be_set(tmp_path, capsys):
    args = (
        "eval",
        "env=atari/boxing",
        "obs=native",
        "policy=random",
        "protocol.max_steps=20",
        "episodes=1",
        "out=x.json",
    )
    assert run(*args, capsys=capsys)[0] == 0
    card = json.loads((tmp_path / "x.json").read_text())
    assert (card["env_id"], card["protocol"], card["lengths"]) == ("Boxing-v5", "weng2026", [20])


def test_a_sealed_evaluation_shows_secret_commitment_and_count(capsys):
    for number in (1, 2):
        code, out, _ = run("eval", "env=CartPole-v1", "policy=random", "split=sealed", "episodes=1", capsys=capsys)
        assert code == 0 and "secret" in out and f"sealed read {number} of this ledger" in " ".join(out.split())


def test_a_sweep_runs_every_combination_and_leaves_a_file_per_job(tmp_path):
    (tmp_path / "p.py").write_text(
        "from fastheur.policy import Param\nOBS = 'state'\nPARAMS = {'side': Param(0, 0, 1)}\n"
        "def act(obs, info, state, params):\n    return params.side\n"
    )
    words = "eval -m env=CartPole-v1 policy=p.py,random params.side=0,1 episodes=2 jobs=2 out=cards"
    done = cli(words.split())
    assert done.returncode == 2, done.stdout + done.stderr  # random has no parameter `side`: those two jobs fail
    assert "2 jobs done, 2 failed" in done.stdout
    assert len(list((tmp_path / "cards").glob("*.json"))) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "cards", "p.py"}
    assert count("trials") == 2


BAD = [
    (["eval", "env=atari/brekout"], "Did you mean atari/breakout"),
    (["eval", "env=CartPol-v1", "policy=random"], "CartPole-v1"),
    (["eval", "env=envpool"], "env.id=CartPole-v1"),
    (["eval", "obs=rma"], "no observation mode 'rma', expected ram or native"),
    (["eval", "env=mujoco/ant", "obs=ram"], "expected state"),
    (["eval", "episodes=0"], "episodes is 0"),
    (["eval", "episodes=-3"], "episodes is -3"),
    (["eval", "slots=0"], "slots is 0"),
    (["eval", "threads=-1"], "threads is -1"),
    (["eval", "split=test"], "split is 'test'"),
    (["eval", "protocol=wang"], "robust"),
    (["eval", "epsiodes=3"], "Did you mean episodes"),
    (["eval", "policy=none.py"], "no policy file 'none.py'"),
    (["eval", "env=atari/zaxxon"], "No shipped policy plays atari/zaxxon"),
    (["eval", "params.nothing=1", "policy=random"], "has no parameter 'nothing'"),
    (["eval", "out=/proc/none/x.json", "policy=random"], "Cannot write out"),
    (["eval", "out=.", "policy=random"], "is a folder"),
    (["eval", "env=["], "env="),
    (["eval", "word"], "takes no bare words"),
    (["eval", "--fast"], "unknown option --fast"),
    (["evla"], "Did you mean eval"),
    (["check"], "takes FILE"),
    (["check", "nofile.py"], "Cannot read"),
    (["new", "x", "env=atari/pnog"], "atari/pong"),
    (["ledger", "burn"], "knows export"),
    (["bench", "slots=0"], "slots is 0"),
    (["eval", "protocol.max_steps=0", "policy=random"], "protocol.max_steps is 0"),
    (["list", "-m"], "-m sweeps evaluations"),
]


@pytest.mark.parametrize("words, message", BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_bad_input_is_answered_with_one_message_and_exit_code_2(words, message, capsys):
    code, out, err = run(*words, capsys=capsys)
    assert code == 2 and message in err and out == ""
    assert "Traceback" not in err and err.startswith("fastheur: ")


def test_a_policy_that_misbehaves_is_exit_code_2_and_keeps_its_trial(tmp_path, capsys):
    (tmp_path / "p.py").write_text(POLICY.format("3"))
    code, _, err = run("eval", "env=CartPole-v1", "policy=p.py", capsys=capsys)
    assert code == 2 and "action 3 in slot 0 at step 0" in err
    assert count("trials WHERE status = 'failed'") == 1


def test_check_plays_a_little_and_says_ok(tmp_path, capsys):
    (tmp_path / "p.py").write_text(GOOD)
    code, out, _ = run("check", "p.py", capsys=capsys)
    assert code == 0 and out.endswith("ok\n") and "us of policy per action" in out


def test_check_wants_a_task_where_the_file_names_none(tmp_path, capsys):
    (tmp_path / "p.py").write_text(GOOD.replace("TASK = 'CartPole-v1'\n", ""))
    code, _, err = run("check", "p.py", capsys=capsys)
    assert code == 2 and "env=TASK" in err


@pytest.mark.parametrize("env", ["atari/pong", "mujoco/ant", "vizdoom/d1_basic", "CartPole-v1"])
def test_new_writes_a_start_that_passes_check(env, tmp_path, capsys):
    assert run("new", "mine", f"env={env}", capsys=capsys)[0] == 0
    [policy] = (tmp_path / "mine").glob("*.py")
    assert (tmp_path / "mine" / "memory.md").exists()
    code, _, err = run("check", str(policy), "steps=20", capsys=capsys)
    assert code == 0, err
    code, _, err = run("new", "mine", f"env={env}", capsys=capsys)
    assert code == 2 and "exists already" in err


def test_list_shows_every_task_and_what_is_shipped(capsys):
    code, out, _ = run("list", capsys=capsys)
    assert code == 0
    for name in ("atari/breakout", "mujoco/ant", "vizdoom/d3_battle", "CartPole-v1", "864"):
        assert name in out


def test_the_ledger_is_exported(tmp_path, capsys):
    run("eval", "env=CartPole-v1", "policy=random", "episodes=1", capsys=capsys)
    code, out, _ = run("ledger", "export", "out=there", capsys=capsys)
    assert code == 0
    assert [line.split("/")[-1] for line in out.split()] == ["trials.jsonl", "summary.csv"]
    assert {path.name for path in (tmp_path / "there").iterdir()} == {"trials.jsonl", "summary.csv"}


@pytest.mark.parametrize("verb", ["eval", "check", "new", "list", "ledger", "bench", "doctor", "demo"])
def test_every_verb_explains_its_settings(verb, capsys):
    code, out, _ = run(verb, "--help", capsys=capsys)
    assert code == 0 and out.startswith(f"# fastheur {verb}")


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_kill_end_cleanly_and_keep_what_was_measured(tmp_path, signal_):
    process = subprocess.Popen(
        [sys.executable, "-m", "fastheur.cli", "eval", "env=CartPole-v1", "policy=random", "episodes=3000000"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.time() + 60
    while time.time() < deadline and not (
        (tmp_path / "runs/ledger.db").exists() and count("sqlite_master") > 4 and count("episodes")
    ):
        time.sleep(0.2)
    process.send_signal(signal_)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Interrupted after" in out and "Traceback" not in err
    assert count("trials WHERE status = 'interrupted' AND score_mean IS NULL AND env_steps > 0") == 1
    assert count("episodes") > 0


def cli(words):
    return subprocess.run(
        [sys.executable, "-m", "fastheur.cli", *words], capture_output=True, text=True, timeout=120, env=os.environ
    )


def count(table):
    with sqlite3.connect("runs/ledger.db") as db:
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
