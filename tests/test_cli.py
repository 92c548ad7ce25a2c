"""The command line: one clear message and exit code 2 for bad input, nothing written but runs/, results that are kept."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest
from planners import EACH, PLAN

from fastheur.cli import main
from fastheur.errors import Interrupted
from fastheur.score import Cost, Scorecard
from fastheur.seeds import commitment

POLICY = "OBS = 'state'\nTASK = 'CartPole-v1'\ndef act(obs, info, state, params):\n    return {}\n"
GOOD = POLICY.format("int(obs[2] + 0.3 * obs[3] > 0)")
LASTING = "episodes=20000 slots=8 threads=1"
"""Plays for a minute, and its first episodes end at once."""


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
    (["eval", "env=Acrobot-v1"], "No shipped policy plays Acrobot-v1"),
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
    (["eval", "=3"], "takes no bare words, found =3"),
    (["eval", "--fast=3"], "unknown option --fast=3"),
    (["eval", "hydra.verbose=true"], "leave it away"),
    (["eval", "split=sealed", "ledger=null", "policy=random"], "every sealed read is logged"),
    (["eval", "env=tabular/CliffWalk-v0", "policy=random"], "tabular/CliffWalking-v0"),
    (["eval", "-m", "jobs=0"], "jobs is '0', expected a whole number from 1"),
    (["eval", "-m", "jobs=abc"], "jobs is 'abc'"),
    (["eval", "-m", "epsiodes=1,2"], "Did you mean episodes"),
    (["eval", "-m", "env=CartPole-v1,atari/pong"], "mixes listed tasks"),
    (["eval", "-m", "out=/proc/none"], "Cannot write into out"),
    (["check", "p.py", "steps=0"], "steps is 0"),
    (["learn"], "No task was given"),
    (["learn", "env=CartPole-v1", "budget.env_steps=0"], "budget.env_steps is 0"),
    (["learn", "env=CartPole-v1", "budget.money=-1"], "budget.money is -1"),
    (["learn", "env=CartPole-v1", "budget.must_use=maybe"], "budget.must_use is 'maybe'"),
    (["learn", "env=CartPole-v1", "agent=scrpt"], "There is no agent 'scrpt', expected one of command, mcp, openai"),
    (["learn", "env=CartPole-v1"], "the start policy declares no PARAMS: give start=FILE"),
    (["learn", "env=CartPole-v1", "agent=script", "agent.files=[none.py]"], "Cannot read the policy file none.py"),
    (["learn", "env=CartPole-v1", "agent=command", "agent.program=no-such-program"], "there is no such program"),
    (["learn", "env=CartPole-v1", "agent=shell", "agent.idle_s=long"], "agent.idle_s is 'long'"),
    (["learn", "env=CartPole-v1", "agent=shell", "budget.tokens=9"], "work with agent=openai"),
    (["learn", "env=CartPole-v1", "agent=openai", "budget.money=1"], "budget.money=1 needs prices"),
    (["learn", "env=CartPole-v1", "validation_episodes=3"], "too few to ever be significant at error=0.05"),
    (["learn", "env=CartPole-v1", "budget=5"], "budget is 5, expected budget.NAME=VALUE"),
    (["learn", "env=CartPole-v1", "start=nothing.py"], "Cannot read the start policy nothing.py"),
    (["learn", "env=CartPole-v1", "name=a b"], "name is 'a b'"),
    (["learn", "env=CartPole-v1", "goal=high"], "goal is 'high'"),
    (["learn", "env=CartPole-v1", "error=2"], "error is 2"),
    (["learn", "env=CartPole-v1", "search.population=0"], "search_population is 0"),
    (["learn", "resume=nothing"], "There is no run 'nothing'"),
    (["show", "nothing"], "There is no run 'nothing'"),
    (["diff", "nothing", "v1", "v2"], "There is no run 'nothing'"),
    (["mcp"], "No run was given"),
    (["mcp", "run=nothing"], "There is no run 'nothing'"),
    (["bench", "out=."], "is a folder"),
    (["doctor", "out=/proc/none/x.json"], "Cannot write out"),
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
    for name in ("atari/breakout", "mujoco/ant", "vizdoom/d3_battle", "CartPole-v1", "864", " gait ", "plan (model)"):
        assert name in out


def test_shipped_policies_are_found_by_their_bare_name(tmp_path, capsys):
    """Each task has its own ``gait`` and ``plan``; what is no name of a file, the task's or any other is refused."""
    words = ("episodes=1", "protocol.max_steps=5", "ledger=null")
    for named in ("mujoco/ant", "mujoco/half_cheetah"):
        code, out, _ = run("eval", f"env={named}", "policy=gait", *words, capsys=capsys)
        assert code == 0 and "gait.py" in out and "plans" not in out
        assert run("eval", f"env={named}", *words, capsys=capsys)[0] == 0
    (tmp_path / "gait").mkdir()
    assert run("eval", "env=mujoco/ant", "policy=gait", *words, capsys=capsys)[0] == 0
    code, _, err = run("eval", "env=mujoco/ant", "policy=gate", *words, capsys=capsys)
    assert code == 2 and "Did you mean gait?" in err and "mujoco/ant has policy=gait" in err
    code, _, err = run("eval", "env=CartPole-v1", "policy=gait", *words, capsys=capsys)
    assert code == 2 and "CartPole-v1 has policy=state" in err


def test_a_policy_that_plans_says_so_in_every_score(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(PLAN)
    words = ("env=mujoco/half_cheetah", "policy=mine.py", "episodes=2", "protocol.max_steps=3")
    code, out, _ = run("eval", *words, "ledger=plan.db", capsys=capsys)
    assert code == 0 and f"mine.py plans with a model: {6 * EACH:,} model steps" in out
    code, out, err = run("check", "mine.py", "env=mujoco/half_cheetah", "steps=3", "episodes=2", capsys=capsys)
    assert code == 0, err
    assert "batch policy, plans with a model" in out and f"plans with a model: {6 * EACH:,} model steps" in out
    assert "the same episodes with 1 slot as with 2" in out


def test_check_finds_a_batch_policy_whose_slots_are_not_apart(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nOBS = 'state'\nclass Policy:\n    def __init__(self, spec, params, random):\n        pass\n"
        "    def reset(self, slots):\n        pass\n"
        "    def act(self, obs, info, slots):\n        return np.arange(len(slots)) % 2\n"
    )
    code, _, err = run("check", "mine.py", "env=CartPole-v1", "steps=60", "episodes=4", capsys=capsys)
    assert code == 2 and "otherwise with 1 slot" in err and "with 4" in err


def test_the_ledger_is_exported(tmp_path, capsys):
    run("eval", "env=CartPole-v1", "policy=random", "episodes=1", capsys=capsys)
    code, out, _ = run("ledger", "export", "out=there", capsys=capsys)
    assert code == 0
    assert [line.split("/")[-1] for line in out.split()] == ["trials.jsonl", "summary.csv"]
    assert {path.name for path in (tmp_path / "there").iterdir()} == {"trials.jsonl", "summary.csv"}


@pytest.mark.parametrize(
    "verb",
    [
        "eval",
        "race",
        "check",
        "new",
        "list",
        "ledger",
        "bench",
        "doctor",
        "demo",
        "resident",
        "lab",
        "mcp",
        "learn",
        "runs",
        "show",
        "diff",
    ],
)
def test_every_verb_explains_its_settings(verb, capsys):
    code, out, _ = run(verb, "--help", capsys=capsys)
    assert code == 0 and out.startswith(f"# fastheur {verb}")


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_kill_end_cleanly_and_keep_what_was_measured(tmp_path, signal_):
    with playing(tmp_path, f"eval env=CartPole-v1 {LASTING}") as process:
        process.send_signal(signal_)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Interrupted after" in out and "Traceback" not in err
    assert count("trials WHERE status = 'interrupted' AND score_mean IS NULL AND env_steps > 0") == 1
    assert count("episodes") > 0


@pytest.mark.parametrize("out", ["runs/ledger.db", "runs/ledger.db-wal", "runs/../p.py", "link.py"])
def test_out_never_replaces_the_ledger_or_the_policy(out, tmp_path, capsys):
    (tmp_path / "p.py").write_text(GOOD)
    (tmp_path / "link.py").symlink_to("p.py")
    code, _, err = run("eval", "env=CartPole-v1", "policy=p.py", "episodes=1", f"out={out}", capsys=capsys)
    assert code == 2 and "would be lost" in err
    assert (tmp_path / "p.py").read_text() == GOOD


def test_out_into_a_pipe_or_through_a_link_writes_there_and_keeps_the_pipe_or_link(tmp_path, capsys):
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    (tmp_path / "link.json").symlink_to("card.json")
    for out in ("pipe", "link.json"):
        words = ("eval", "env=CartPole-v1", "policy=random", "episodes=1", f"out={out}")
        assert run(*words, capsys=capsys)[0] == 0
    assert (tmp_path / "pipe").is_fifo() and json.loads(os.read(reader, 1 << 16))["episodes"] == 1
    os.close(reader)
    assert (tmp_path / "link.json").is_symlink() and json.loads((tmp_path / "card.json").read_text())["episodes"] == 1
    assert not list(tmp_path.glob("*.part"))


def test_the_sealed_commitment_is_shown_before_the_first_step(capsys, monkeypatch):
    def stopped(what, candidates, report):
        assert f"committed to as {commitment(what.secret)}" in capsys.readouterr().out
        raise Interrupted([Scorecard(None, (), Cost(0, 0.0, 0.0, 1, 1), complete=False)])

    monkeypatch.setattr("fastheur.commands.play.run", stopped)
    code, out, _ = run("eval", "env=CartPole-v1", "policy=random", "split=sealed", capsys=capsys)
    assert code == 130 and "Interrupted after 0 of 10" in out and "secret" in out


ODD = {
    "warm": 1,
    "debug": 1,
    "episodes": 3,
    "protocol_args": '{"frame_skip": 4}',
    "env_id": "Moon/Lander-v1",
    "protocol": "gone",
    "obs_mode": "smell",
}
"""What each makes a row that must neither be shown nor break the table."""


def test_list_survives_odd_rows_and_prefers_sealed_scores(capsys):
    for split in ("train", "sealed"):
        words = ("eval", "env=mujoco/reacher", "policy=random", f"split={split}", "episodes=10")
        assert run(*words, capsys=capsys)[0] == 0
    with sqlite3.connect("runs/ledger.db") as db:
        db.row_factory = sqlite3.Row
        db.execute("UPDATE trials SET score_mean = -30 - trial")
        for column, value in ODD.items():
            row = dict(db.execute("SELECT * FROM trials WHERE trial = 1").fetchone())
            row |= {"trial": None, "score_mean": 9e9, column: value}
            db.execute(f"INSERT INTO trials VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    code, out, _ = run("list", capsys=capsys)
    assert code == 0 and "state default (sealed) -32" in out and "9e+09" not in out


def test_names_and_notes_are_taken_as_they_stand(tmp_path, capsys):
    folder = tmp_path / "c d é"
    folder.mkdir()
    notes = "don't, try: ${this} \\"
    for policy in (tmp_path / "pol(é),x.py", folder / "x.py", tmp_path / "a=b.py"):
        policy.write_text(GOOD)
        words = ("eval", "env=CartPole-v1", f"policy={policy}", "episodes=1", f"notes={notes}")
        assert run(*words, capsys=capsys)[0] == 0
    assert run("eval", "env=CartPole-v1", "policy=random", "episodes=1", "notes=null", capsys=capsys)[0] == 0
    assert run("check", "a=b.py", "steps=9", capsys=capsys)[0] == 0
    with sqlite3.connect("runs/ledger.db") as db:
        assert [row[0] for row in db.execute("SELECT notes FROM trials LIMIT 4")] == [notes] * 3 + [""]


def test_ids_with_a_slash_play_and_lists_of_ids_sweep():
    done = cli(["eval", "-m", "env=phys2d/CartPole-v1,CartPole-v1", "policy=random", "episodes=1"])
    assert done.returncode == 0 and "2 jobs done, 0 failed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_in_one_job_stops_the_whole_sweep(jobs, tmp_path):
    words = f"eval -m env=CartPole-v1 {LASTING} first=0,1,2,3 jobs={jobs}"
    with playing(tmp_path, words) as process:
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "0 jobs done" in out and count("trials") <= jobs


def test_an_unforeseen_error_is_one_line_and_exit_code_1(capsys, monkeypatch):
    monkeypatch.setattr("fastheur.commands.list.main", lambda config: {}["nothing"])
    code, _, err = run("list", capsys=capsys)
    assert code == 1 and err.startswith("fastheur: internal error: KeyError: 'nothing'.") and err.count("\n") == 1
    monkeypatch.setenv("FASTHEUR_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["list"])


def test_a_reader_that_has_gone_is_no_error_and_a_full_disk_is():
    words = [sys.executable, "-m", "fastheur.cli", "eval", "env=CartPole-v1", "policy=random", "episodes=1"]
    reading, writing = os.pipe()
    os.close(reading)
    assert subprocess.run(words, stdout=writing, timeout=60).returncode == 0
    os.close(writing)
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr == "fastheur: No space left on device.\n"


@contextmanager
def playing(folder, words):
    """Start a command in a session of its own and wait for its first episode; nothing of it outlives the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fastheur.cli", *words.split()], cwd=folder, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.time() + 60
        while time.time() < deadline and not (
            (folder / "runs/ledger.db").exists() and count("sqlite_master") > 4 and count("episodes")
        ):
            time.sleep(0.2)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def cli(words):
    return subprocess.run(
        [sys.executable, "-m", "fastheur.cli", *words], capture_output=True, text=True, timeout=120, env=os.environ
    )


def count(table):
    with sqlite3.connect("runs/ledger.db") as db:
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
