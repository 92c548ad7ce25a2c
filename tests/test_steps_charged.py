"""Env steps charged are env steps taken, counted where they reach the simulator, whatever happens in between."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from labs import LOOP, START, STRONG, WEAK, lab_in, tried

from fastheur.budget import Budget
from fastheur.learning import confirm, resume
from fastheur.limits import Limits
from fastheur.runs import Run

HERE = Path(__file__).parent
SLOTS = 8


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """A function that returns how many actions have reached EnvPool in any process of the test."""
    file = tmp_path / "count"
    file.write_bytes(bytes(8))
    monkeypatch.setenv("FASTHEUR_TEST_COUNT", str(file))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE / "counting"), str(HERE.parent)]))
    return lambda: int(np.fromfile(file, np.int64)[0])


def charged(folder):
    run = Run.open(folder)
    try:
        return sum(run.ledger.steps())
    finally:
        run.close()


@pytest.mark.parametrize("level", ["strict", "none"])
def test_over_any_mix_of_operations(tmp_path, counted, level):
    with lab_in(tmp_path / "run", idle_s=1.5, slots=SLOTS, isolation=level, limits=Limits(call_s=1.0)) as lab:
        lab.call("probe", {"kind": "values", "steps": 77})
        tried(lab, WEAK)
        tried(lab, WEAK)
        tried(lab, STRONG, episodes=7)
        tried(lab, LOOP)
        tried(lab, START.replace("return 1", "return 5 if info.elapsed > 20 else 1"), "breaks in the middle")
        lab.call("trace", {"trial": 1, "episode": 2, "around": "end"})
        lab.call("replay", {"trial": 1, "episode": 1, "tiles": 2})
        lab.call("search", {"source": START, "steps": 3_000})
        lab.call("golden", {"name": "mine", "episode": 3, "floor": 10.0})
        tried(lab, STRONG.replace("0.3", "0.4"))
        lab.call("finish", {"reason": "enough"})
        confirm(lab)
        assert sum(lab.run.ledger.steps()) == counted()
        trials = lab.run.ledger.trials()
        roles = lab.run.ledger.steps_by_role()
        instrumented = roles["probe"] + roles["trace"] + roles["replay"]
        assert sum(trial["env_steps"] for trial in trials) + instrumented == counted()


def test_a_budget_is_never_exceeded(tmp_path, counted):
    with lab_in(tmp_path / "run", budget=Budget(1_000), slots=SLOTS) as lab:
        turn = 0
        while lab.over is None:
            turn += 1
            tried(lab, STRONG + f"# {turn}\n")
        assert charged(tmp_path / "run") == counted() <= 1_000


def test_also_when_the_supervisor_is_killed(tmp_path, counted):
    folder = tmp_path / "run"
    (tmp_path / "go.py").write_text(
        f"import json, sys\nsys.path[:0] = [{str(HERE)!r}]\nfrom pathlib import Path\n"
        "from labs import STRONG, config, tried\nfrom fastheur.learning import begin, resume\n"
        f"folder = Path({str(folder)!r})\n"
        "lab = resume(folder) if (folder / 'go').exists() else begin(config(), folder)\n"
        "(folder / 'go').touch()\nprint('ready', flush=True)\n"
        "for turn in range(10_000):\n    tried(lab, STRONG + f'# {turn}\\n', episodes=50 + turn)\n"
    )
    kills = 3
    for turn in range(kills):
        process = subprocess.Popen([sys.executable, str(tmp_path / "go.py")], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.11 + 0.07 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    lab = resume(folder)
    try:
        # a kill between the charge and the send leaves at most one batch charged that was not taken
        assert 0 <= sum(lab.run.ledger.steps()) - counted() <= kills * SLOTS
        assert all(trial["status"] != "running" for trial in lab.run.ledger.trials())
        assert sum(trial["env_steps"] for trial in lab.run.ledger.trials()) == sum(lab.run.ledger.steps())
    finally:
        lab.close()
