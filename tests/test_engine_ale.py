"""engine=ale: worker processes that are kept, missed when they die, and that leave no step uncounted."""

import os
import signal
from itertools import count
from pathlib import Path

import pytest
from test_engine import play

from fastheur import ale_crew, ale_lane, evaluate
from fastheur.engines import make_engine
from fastheur.errors import ConfigError, EngineError
from fastheur.tasks import find_environment, find_protocol, make_task


def build(name="atari/pong", mode="ram", protocol="weng2026", threads=2, engine="ale", **changes):
    environment = find_environment(name)
    chosen = find_protocol(protocol, environment, **changes)
    return make_engine(engine, make_task(environment, mode, chosen), chosen, threads)


def workers():
    return [child.pid for crew in ale_crew._IDLE.values() for child in crew._children]


@pytest.mark.parametrize("slots", [1, 3, 7, 64])
@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_every_episode_is_played_once_and_every_step_counted(slots, lanes):
    engine = build(max_steps=9)
    results, _ = play(engine, 11, slots, lanes=lanes)
    assert sorted(results) == list(range(11))
    assert engine.env_steps == 11 * 9


def test_breakout_with_nobody_at_the_paddle_is_game_over_even_on_the_last_allowed_step():
    fire = play(build("atari/breakout"), 1, 1, lambda batch: 1)[0][0]
    assert fire[2]
    assert play(build("atari/breakout", max_steps=fire[1]), 1, 1, lambda batch: 1)[0][0] == fire


def test_workers_stay_for_the_next_evaluation_of_their_game():
    play(build(max_steps=5), 4, 4)
    before = workers()
    play(build(max_steps=5), 4, 4)
    assert workers() == before
    for game in ("atari/tennis", "atari/boxing", "atari/freeway"):
        play(build(game, max_steps=3), 1, 1)
    assert len(ale_crew._IDLE) == ale_crew.KEPT


def test_starting_is_timed_as_building():
    engine = build(max_steps=5)
    play(engine, 4, 4)
    assert engine.build_s > 0


def test_a_stopped_evaluation_counts_what_was_sent_and_leaves_the_workers_fit():
    engine = build(max_steps=50)
    for number, batch in enumerate(engine.episodes([5, 6, 7, 8], 4)):
        batch.actions[:] = 0
        if number == 20:
            break
    assert 0 < engine.env_steps <= 4 * 50
    results, _ = play(build(max_steps=50), 4, 4)
    assert len(results) == 4


def test_a_worker_that_is_killed_is_an_error_and_the_next_evaluation_works():
    engine = build(max_steps=5000)
    with pytest.raises(EngineError, match="killed by signal 9"):
        for number, batch in enumerate(engine.episodes([5, 6], 2)):
            batch.actions[:] = 0
            if number == 5:
                victim = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and _is_worker(int(pid))]
                os.kill(victim[-1], signal.SIGKILL)
    assert engine.env_steps > 0
    assert len(play(build(max_steps=5), 2, 2)[0]) == 2


def test_a_worker_that_died_between_two_evaluations_is_replaced():
    play(build(max_steps=5), 1, 1)
    os.kill(workers()[-1], signal.SIGKILL)
    os.waitid(os.P_PID, workers()[-1], os.WEXITED | os.WNOWAIT)
    assert play(build(max_steps=5), 1, 1)[0][0][1] == 5


@pytest.mark.parametrize("moment", ["before", "after"])
def test_ctrl_c_amid_the_bookkeeping_neither_hangs_nor_leaks_into_the_next_evaluation(moment, monkeypatch):
    expected, _ = play(build(max_steps=40), 6, 2)
    ring, calls, descriptors = ale_crew.Crew.ring, [], len(os.listdir("/proc/self/fd"))

    def interrupted(crew, lane):
        calls.append(lane)
        if len(calls) == 9 and moment == "before":
            raise KeyboardInterrupt
        ring(crew, lane)
        if len(calls) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(ale_crew.Crew, "ring", interrupted)
    engine = build(max_steps=40)
    with pytest.raises(KeyboardInterrupt):
        play(engine, 6, 2)
    assert engine.env_steps == len(calls) - 2
    assert len(os.listdir("/proc/self/fd")) < descriptors
    assert play(build(max_steps=40), 6, 2)[0] == expected


def test_ctrl_c_while_waiting_for_the_last_answers_ends_the_workers(monkeypatch):
    def interrupted(crew):
        raise KeyboardInterrupt

    running = build(max_steps=40).episodes([5, 6, 7, 8], 4)
    next(running)
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(ale_crew.Crew, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        running.close()
    assert len(os.listdir("/proc/self/fd")) < before


def test_a_forked_child_has_workers_of_its_own():
    expected, _ = play(build(max_steps=40), 4, 4)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = int(ale_crew._IDLE != {} or play(build(max_steps=40), 4, 4)[0] != expected)
            ale_crew._forget_all()
        finally:
            os._exit(code)
    assert play(build(max_steps=40), 4, 4)[0] == expected
    assert os.waitpid(child, 0)[1] == 0


def test_modules_in_the_callers_folder_are_not_the_workers(tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    assert len(play(build("atari/assault", max_steps=3), 1, 1)[0]) == 1


def test_workers_that_cannot_be_started_are_an_error_and_leave_nothing_behind(monkeypatch):
    started, before, spawn = [], len(os.listdir("/proc/self/fd")), ale_crew.subprocess.Popen

    def second_fails(*words, **options):
        if started:
            raise OSError(24, "Too many open files")
        started.append(spawn(*words, **options))
        return started[0]

    monkeypatch.setattr(ale_crew.subprocess, "Popen", second_fails)
    with pytest.raises(EngineError, match="Cannot start 2 workers of engine=ale: Too many open files"):
        play(build("atari/enduro", max_steps=3), 2, 2)
    assert started[0].returncode is not None
    assert len(os.listdir("/proc/self/fd")) == before


def _is_worker(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"fastheur.ale_worker" in words and int(Path(f"/proc/{pid}/stat").read_text().split()[3]) == os.getpid()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("name", "mode", "changes", "message"),
    [
        ("mujoco/ant", "state", {}, "57 Atari games only"),
        ("atari/pong", "ram", {"args": {"frame_skip": 4}}, "frame_skip=1, found frame_skip=4"),
        ("atari/pong", "native", {"args": {"gray_scale": True}, "modes": {}}, "RGB frames"),
        ("atari/pong", "ram", {"args": {"zero_discount_on_life_loss": True}}, "does not know the argument"),
    ],
)
def test_what_it_cannot_play_is_refused_when_asked_for_and_left_to_envpool_otherwise(name, mode, changes, message):
    protocol = "default" if name == "mujoco/ant" else "weng2026"
    with pytest.raises(ConfigError, match=message):
        build(name, mode, protocol, **changes)
    assert build(name, mode, protocol, engine="auto", **changes).name == "envpool"
    with pytest.raises(ConfigError, match="expected one of auto, envpool, ale"):
        build(name, mode, protocol, engine="gym")


def test_threads_beyond_all_reason_are_refused():
    for engine in ("ale", "envpool"):
        with pytest.raises(ConfigError, match="threads is 1000000, expected at most"):
            build(threads=1_000_000, engine=engine)


def test_it_can_snapshot_and_envpool_cannot():
    assert build().can_snapshot and build(engine="auto").name == "ale"
    assert not build(engine="envpool").can_snapshot


def test_the_scorecard_says_which_engine_played_and_is_the_same_for_both(random_kernel):
    cards = [
        evaluate(random_kernel, "atari/pong", obs="ram", protocol="robust", episodes=5, max_steps=200, engine=name)
        for name in ("ale", "envpool")
    ]
    assert [card.cost.engine for card in cards] == ["ale", "envpool"]
    assert cards[0].episodes == cards[1].episodes
    assert cards[0].setting == cards[1].setting


def test_who_looks_out_in_vain_rests_ever_longer_until_it_pays_again(monkeypatch):
    clock, asked, crowded = count(), [], [False]
    monkeypatch.setattr(ale_lane.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(ale_lane, "_crowded", lambda: crowded[0])
    lookout = ale_lane.Lookout(5)

    def looks(there):
        """True where it asked more than once."""
        asked.clear()
        assert lookout.look(lambda: bool(asked.append(1)) or there(len(asked))) == there(len(asked))
        return len(asked) > 1

    waits = [looks(lambda times: False) for _ in range(24)]
    assert [wait for wait, looked in enumerate(waits) if looked] == [0, 2, 5, 10, 19]
    while not looks(lambda times: times == 3):
        pass
    assert [looks(lambda times: times == 3) for _ in range(3)] == [True] * 3
    assert [looks(lambda times: False) for _ in range(4)] == [True, False, True, False]
    crowded[0] = True
    paid = [looks(lambda times: times == 3) for _ in range(3 * ale_lane.COUNTED_EVERY)]
    assert 0 < sum(paid) < ale_lane.COUNTED_EVERY and not any(paid[-ale_lane.COUNTED_EVERY :])
    crowded[0] = False
    assert sum(looks(lambda times: times == 3) for _ in range(ale_lane.CROWDED_RESTING)) > ale_lane.COUNTED_EVERY


def test_the_machine_is_crowded_while_more_wants_to_run_than_it_has_processors(monkeypatch, tmp_path):
    monkeypatch.setattr(ale_lane.os, "cpu_count", lambda: 2)
    told = tmp_path / "loadavg"
    monkeypatch.setattr(ale_lane, "Path", lambda name: told)
    assert not ale_lane._crowded()  # it does not say
    for running, crowded in ((2, False), (3, True), (11, True)):
        told.write_text(f"0.00 1.23 0.50 {running}/321 4567\n")
        assert ale_lane._crowded() == crowded
