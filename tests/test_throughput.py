"""The throughput benchmark: what it measures is what it says, and nobody is left out in silence."""

import dataclasses
import json

import numpy as np
import pytest

from fastheur import cli
from fastheur.errors import ConfigError
from fastheur.throughput import ours, report
from fastheur.throughput.arena import Arena, Result
from fastheur.throughput.contenders import SYNC, Contender, contenders
from fastheur.throughput.corner import MISSING, WARM_STEPS, Meter
from fastheur.throughput.setting import Setting
from fastheur.throughput.tape import Tape
from fastheur.throughput.workloads import OURS, PLAIN, WORKLOADS

BY_KEY = {workload.key: workload for workload in WORKLOADS}
CARTPOLE = BY_KEY["cartpole"]


class Counting:
    """A player that keeps account of what is asked of it; every step takes a second."""

    slots = 4

    def __init__(self, horizon):
        self.horizon, self.calls, self.rewinds = horizon, [], 0

    def rewind(self):
        self.rewinds += 1

    def play(self, first, steps):
        assert self.horizon is None or first + steps <= self.horizon
        self.calls.append((first, steps))
        return float(steps)


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("tape") / "tape.npy")
    ours.record(CARTPOLE, path)
    return Tape.load(path)


def test_a_whole_run_on_one_workload(tmp_path, capsys):
    out, plot = tmp_path / "bench.json", tmp_path / "bench.svg"
    words = ["bench", "only=cartpole", "repeats=2", "steps=50", "slots=8", "threads=1", f"out={out}"]
    assert cli.main([*words, "peers=false", f"plot={plot}"]) == 0
    shown, found = capsys.readouterr().out, json.loads(out.read_text())
    rows = {row["contender"]: row for row in found["rows"]}
    assert set(rows) == {SYNC, "bare EnvPool, async", "EnvPool, one env, plain Python policy", OURS}
    for row in rows.values():
        assert row["problem"] is None and 0 < row["low"] <= row["steps_per_s"] <= row["high"]
    assert max(rows[name]["of_bare"] for name in (SYNC, "bare EnvPool, async")) == 1.0 and rows[OURS]["of_bare"]
    assert rows[OURS]["setting"].startswith("8 slots, 1 thread") and rows[OURS]["of_raw"] is None
    assert [target["over"] for target in found["targets"]] == ["best bare EnvPool"]
    assert f"{OURS} over best bare EnvPool" in shown and found["machine"]["envpool"] in shown
    assert plot.read_text().startswith("<?xml")


def test_a_peer_that_is_not_installed_has_a_row_that_says_so(tmp_path, monkeypatch):
    # The child gets this process's search path, and finds a package that cannot be imported.
    (tmp_path / "ale_py.py").write_text("raise ModuleNotFoundError(\"No module named 'ale_py'\", name='ale_py')")
    monkeypatch.syspath_prepend(str(tmp_path))
    ram = dataclasses.replace(CARTPOLE, kind="atari", key="cartpole")
    rival = Contender("ale-py vector", "fastheur.throughput.peers:ale_vector", (Setting(2),), True)
    with Arena() as arena:
        results = arena.hold(ram, [rival], repeats=1)
    assert results[0].problem.startswith(MISSING) and "ale_py" in results[0].problem
    assert report.rows(ram, results)[0].problem == results[0].problem


def test_a_contender_that_fails_is_reported_and_the_others_are_measured():
    bad = Contender("broken", "fastheur.throughput.ours:full_path_ale_of_old", (Setting(2),))
    gone = Contender("gone", "os:_exit", (Setting(2),))
    good = Contender(SYNC, "fastheur.throughput.ours:BareSync", (Setting(4),))
    with Arena() as arena:
        broken, left, measured = arena.hold(CARTPOLE, [bad, gone, good], repeats=2, steps=20)
    assert "full_path_ale_of_old" in broken.problem and not broken.rates and "\n" not in broken.problem
    assert left.problem and not left.rates
    assert measured.problem is None and len(measured.rates) == 2


def test_bare_envpool_replays_exactly_the_recorded_episodes(tape):
    """CartPole falls within 20 steps of wrong actions; replayed to the end of the recording, every pole still stands."""
    player = ours.BareSync(CARTPOLE, Setting(20))
    player.load(tape)
    for _ in range(2):
        player.rewind()
        player.play(0, CARTPOLE.horizon)
    player.load(Tape(1 - tape.actions))
    player.rewind()
    with pytest.raises(ConfigError, match="ended within"):
        player.play(0, CARTPOLE.horizon)


def test_fastheur_decides_what_was_recorded(tape):
    again = ours.FullPath("envpool", CARTPOLE, Setting(20))
    decided = []
    act = again._host.act
    again._host.act = lambda batch: (act(batch), decided.append(batch.actions.copy()))
    again.rewind()
    again.play(0, 100)
    again.close()
    np.testing.assert_array_equal(np.array(decided)[:100], tape.for_slots(20, np.int64)[:100])


def test_an_unknown_engine_is_named():
    with pytest.raises(ConfigError, match="engine is 'warp'"):
        ours.FullPath("warp", CARTPOLE, Setting(2))


@pytest.mark.parametrize("key", PLAIN)
def test_the_plain_rule_decides_as_the_kernel(key, tmp_path):
    workload = dataclasses.replace(BY_KEY[key], horizon=40)
    frames, path = [], str(tmp_path / "tape.npy")
    ours.record(workload, path)
    pool = ours.BareSync(workload, Setting(2))
    pool.load(Tape.load(path))
    pool.rewind()
    receive = pool._receive
    pool._receive = lambda: frames.append(receive()) or frames[-1]
    pool.play(0, 40)
    at = list(pool._all._state_keys).index("obs")
    for step in range(39):
        for slot in range(2):
            assert PLAIN[key](frames[step][at][slot]) == pool._actions[step + 1, slot]
    pool.close()


def test_raw_emulator_and_bare_envpool_reach_the_same_memory():
    """Without chance, the same buttons lead ale-py and EnvPool through the same RAM."""
    raw = pytest.importorskip("fastheur.throughput.raw")
    workload = dataclasses.replace(BY_KEY["ram"], protocol="weng2026")
    buttons = np.random.default_rng(0).integers(0, 6, (120, 1))
    pool = ours.BareSync(workload, Setting(1))
    pool.load(Tape(buttons))
    pool.rewind()
    ale, seen, receive = raw.open_ale(workload, 0), [], pool._receive
    pool._receive = lambda: seen.append(receive()) or seen[-1]
    pool.play(0, 120)
    memory = np.array([state[list(pool._all._state_keys).index("info:ram")][0] for state in seen])
    meanings = ale.getMinimalActionSet()
    ale.act(meanings[1])  # EnvPool's reset presses FIRE
    reached = []
    for button in buttons[:, 0]:
        ale.act(meanings[button])
        reached.append(ale.getRAM())
    np.testing.assert_array_equal(memory, np.array(reached))
    pool.close()


@pytest.mark.parametrize("horizon", [50, 200, None])
def test_the_meter_times_exactly_the_steps_it_was_asked_for(horizon):
    player = Counting(horizon)
    meter = Meter(player)
    assert [meter.seconds(60) for _ in range(5)] == [60.0] * 5
    assert player.calls.count((0, WARM_STEPS)) == player.rewinds
    assert player.rewinds == 1 if horizon is None else player.rewinds > 1


def test_targets_are_met_missed_or_not_measured():
    setting = Setting(8)
    speeds = {"raw": 100.0, SYNC: 90.0, "bare EnvPool, async": 80.0, OURS: 88.0}
    results = [Result(name, setting, (speed,)) for name, speed in speeds.items()]
    results += [Result("ale-py vector", None, (), MISSING), Result("Gymnasium Async", setting, (40.0,))]
    drifting = [Result("one", setting, (10.0, 1.0, 4.0)), Result("other", setting, (20.0, 2.0, 8.0))]
    assert report._ratio(*drifting) == 0.5
    judged = {verdict.over: verdict for verdict in report.verdicts(BY_KEY["ram"], results)}
    assert judged["best bare EnvPool"].met and judged["best bare EnvPool"].ratio == pytest.approx(88 / 90)
    assert judged["Gymnasium Async"].met is False and judged["ale-py vector"].met is None
    assert "not measured" in str(judged["ale-py vector"])
    row = next(row for row in report.rows(BY_KEY["ram"], results) if row.contender == OURS)
    assert row.of_raw == pytest.approx(0.88)


def test_given_slots_and_threads_are_taken_by_all_that_have_them():
    for workload in WORKLOADS:
        for rival in contenders(workload, 12, 3, True):
            for setting in rival.settings:
                assert setting.slots == 12 or rival.name.startswith(("raw", "Gymnasium Async", "EnvPool, one"))


@pytest.mark.parametrize(
    "words, message",
    [
        (["only=rom"], "Did you mean ram"),
        (["peers=3"], "peers is 3"),
        (["plot=x.pdf"], "expected .svg or .png"),
        (["steps=0"], "steps is 0"),
    ],
)
def test_bad_settings_are_answered_in_one_line(words, message, capsys):
    assert cli.main(["bench", *words]) == 2
    assert message in capsys.readouterr().err
