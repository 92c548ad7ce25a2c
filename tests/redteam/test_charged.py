"""What a hostile policy has stepped stays charged, its trial says what happened, and the next one plays on."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpus import HERE, Aim, corpus, prepare, state
from labs import START, STRONG, charged, lab_in, tried

from fastheur import evaluate, places
from fastheur.budget import Budget
from fastheur.errors import PolicyError
from fastheur.isolated import Isolated
from fastheur.ledger import Ledger
from fastheur.limits import Limits
from fastheur.loading import policy_from_source

LIMITS = {"call_s": 1.0, "load_s": 10.0, "episode_s": 2.5, "memory_mb": 1152}
BY_NAME = {one.name: one for one in corpus()}
LATE = (
    "action_not_finite", "bomb_by_calls", "bomb_by_elapsed", "bomb_in_second_episode", "bomb_reads_late", "flood_slowly",
    "slow_drip", "forge_answers", "forge_bell", "loop_in_batch", "frames_of_traceback", "error_huge",
)  # fmt: skip
"""They misbehave while they play."""

NASTIEST = {
    "bomb_by_calls": "no answer within 1 s",
    "slow_drip": "was stopped",
    "loop_in_kernel": "no answer within 1 s",
    "loop_that_swallows": "no answer within 1 s",
    "exit_at_once": "ended itself with exit code",
    "segfault": "signal 11",
    "abort": "killed|signal",
    "raise_interrupt": "ended itself with exit code 1",
    "patch_numpy": "",
    "forge_worker": "",
    "forge_bell": "",
    "flood_numpy": "MemoryError|killed|was stopped",
    "fork_bomb": "asked the system for something that a policy may not have",
    "syscall_kill_harness": "asked the system for something that a policy may not have",
    "bomb_reads_late": "PermissionError",
    "error_huge": "ValueError|was stopped",
    "action_out_of_range": "returned the action",
}
"""What the agent is told of each; nothing where several things may happen."""


class Unfenced(Isolated):
    """The walls alone."""

    def __init__(self, level, limits):
        super().__init__(level, limits, fenced=False)


@pytest.fixture
def count(tmp_path, monkeypatch):
    """A function that returns how many actions have reached EnvPool in the Lab's player."""
    file = tmp_path / "count"
    file.write_bytes(bytes(8))
    monkeypatch.setenv("FASTHEUR_TEST_COUNT", str(file))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE / "unfenced"), str(HERE.parent.parent)]))
    return lambda: int(np.fromfile(file, np.int64)[0])


@pytest.fixture
def aim(tmp_path):
    folder = tmp_path / "aim"
    folder.mkdir()
    prepare(folder)
    return Aim(folder, os.getpid(), os.getpid(), 9)


@pytest.fixture(scope="module")
def sends():
    """The actions that reached the pools of this process."""
    import envpool

    sent, make = [], envpool.make_gymnasium

    class Counted:
        def __init__(self, pool):
            self._pool = pool

        def __getattr__(self, name):
            return getattr(self._pool, name)

        def _send(self, action):
            sent.append(len(action[0]))
            self._pool._send(action)

    envpool.make_gymnasium = lambda *given, **named: Counted(make(*given, **named))
    yield sent
    envpool.make_gymnasium = make


@pytest.mark.parametrize("name", LATE)
def test_through_a_ledger(name, aim, tmp_path, monkeypatch, sends):
    attack, before = BY_NAME[name], state(aim.folder)
    monkeypatch.setattr(places, "Isolated", Unfenced)
    policy = policy_from_source(START, f"{name}.py")
    policy = replace(policy, source=attack.source(aim))
    sends.clear()
    settings = {"episodes": max(4, attack.episodes), "slots": 2, "isolation": "strict", "limits": LIMITS}
    failure = ""
    try:
        evaluate(policy, attack.task, ledger=tmp_path / "ledger.db", **settings)
    except PolicyError as error:
        failure = str(error)
    with Ledger(tmp_path / "ledger.db") as ledger:
        trial = ledger.trials()[-1]
    assert trial["env_steps"] == sum(sends)
    assert trial["status"] == ("failed" if failure else "finished")
    assert (trial["error"] or "") == failure
    assert (trial["landlock"], bool(trial["seccomp"])) > (0, False)
    assert failure or "harmless" in attack.behind
    assert state(aim.folder) == before
    good = evaluate(policy_from_source(STRONG, "good.py"), "CartPole-v1", **settings)
    assert [episode.ret for episode in good.episodes] == [500.0] * settings["episodes"]


def test_through_a_lab(aim, tmp_path, count):
    before = state(aim.folder)
    with lab_in(
        tmp_path / "run", isolation="strict", limits=Limits(**LIMITS), budget=Budget(2_000_000), slots=4
    ) as lab:
        for turn, (name, words) in enumerate(NASTIEST.items()):
            told = tried(lab, BY_NAME[name].source(aim), f"try {name}")
            assert all(trial["status"] != "running" for trial in lab.run.ledger.trials()), name
            assert charged(lab) == count(), name
            if words:
                assert told.data["status"] == "failed", (name, told.text)
                assert any(part in told.text for part in words.split("|")), (name, told.text)
            assert len(told.text) < 12_000 and told.text.replace("\n", "").isprintable(), name
            honest = tried(lab, STRONG + f"# {turn}\n", "honest", episodes=4)
            assert honest.data["status"] != "failed", (name, honest.text)
            assert charged(lab) == count(), name
            assert os.getpid() == aim.harness
        assert sum(trial["env_steps"] or 0 for trial in lab.run.ledger.trials()) == count()
        assert not lab.run.ledger.open_reservations()
    assert state(aim.folder) == before
    assert not [name for name in Path("/dev/shm").iterdir() if "redteam" in name.name]
