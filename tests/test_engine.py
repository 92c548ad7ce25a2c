"""The engine counts env steps exactly, keeps reset transitions apart, and plays every episode once."""

import subprocess
import sys

import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.errors import ConfigError
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task


def build(name, mode=None, protocol=None, threads=0, **changes):
    environment = find_environment(name)
    chosen = find_protocol(protocol, environment, **changes)
    return make_engine("envpool", make_task(environment, mode, chosen), chosen, threads)


def play(engine, episodes, slots, choose=lambda batch: 0, **options):
    """Play with one action everywhere; return per episode (return, length, terminated, truncated) and all batches' sizes."""
    seeds = episode_seeds("train", 0, episodes)
    results, running, rows = {}, {}, []
    for batch in engine.episodes(seeds, slots, **options):
        rows.append(len(batch.slots))
        for row, place in enumerate(batch.episodes):
            if batch.first is not None and batch.first[row]:
                assert batch.reward[row] == 0 and batch.info["elapsed"][row] == 0
                assert place not in running and place not in results
                running[place] = [0.0, 0]
                continue
            running[place][0] += float(batch.reward[row])
            running[place][1] += 1
            assert running[place][1] == batch.info["elapsed"][row]
            if batch.terminated[row] or batch.truncated[row]:
                results[place] = (*running.pop(place), bool(batch.terminated[row]), bool(batch.truncated[row]))
        batch.actions[:] = choose(batch)
    assert not running
    return results, rows


@pytest.mark.parametrize("slots", [1, 3, 7])
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("lanes", [1, 2])
def test_every_episode_is_played_once_and_every_step_counted(slots, warm, lanes):
    engine = build("CartPole-v1")
    results, _ = play(engine, 10, slots, warm=warm, lanes=lanes)
    assert sorted(results) == list(range(10))
    assert engine.env_steps == sum(length for _, length, _, _ in results.values())


def test_a_tail_wastes_no_step_and_does_not_hang():
    engine = build("CartPole-v1")
    results, rows = play(engine, 5, 64)
    assert len(results) == 5
    assert max(rows) == 5 and rows[-1] >= 1
    assert engine.env_steps == sum(rows) - 5  # all rows but the five first observations


def test_fresh_episodes_do_not_depend_on_slots_threads_lanes_or_company():
    one, _ = play(build("CartPole-v1"), 12, 12)
    for slots, threads, lanes in [(1, 1, 1), (5, 2, 2), (12, 1, 2), (7, 2, 1)]:
        again, _ = play(build("CartPole-v1", threads=threads), 12, slots, lanes=lanes)
        assert again == one


def test_a_cut_off_episode_is_truncated_and_a_lost_one_terminated():
    cut, _ = play(build("mujoco/half_cheetah", max_steps=7), 2, 2)
    assert all(episode[1:] == (7, False, True) for episode in cut.values())
    lost, _ = play(build("CartPole-v1"), 2, 2)
    assert all(episode[2:] == (True, False) for episode in lost.values())


def test_game_over_on_the_last_allowed_step_is_game_over():
    engine = build("atari/breakout", "ram", "weng2026")
    fire = play(engine, 1, 1, lambda batch: 1)[0][0]
    assert fire[2]  # Breakout with nobody at the paddle is lost
    capped = build("atari/breakout", "ram", "weng2026", max_steps=fire[1])
    assert play(capped, 1, 1, lambda batch: 1)[0][0] == fire


def test_a_cap_that_envpool_does_not_keep_is_an_error_and_no_endless_episode():
    with pytest.raises(ConfigError, match="does not keep a cap for Catch-v0"):
        play(build("Catch-v0", max_steps=3), 1, 1)


def test_atari_under_weng2026_is_the_same_episode_for_every_seed():
    results, _ = play(build("atari/pong", "ram", "weng2026", max_steps=200), 3, 3)
    assert len(set(results.values())) == 1


def test_ram_mode_gives_the_ram_and_native_mode_the_rgb_frame():
    seeds = episode_seeds("train", 0, 2)
    for mode, shape in [("ram", (2, 128)), ("native", (2, 3, 210, 160))]:
        engine = build("atari/pong", mode, "weng2026", max_steps=3)
        batch = next(engine.episodes(seeds, 2))
        assert batch.obs.shape == shape and batch.obs.dtype == np.uint8
        assert engine.spec.obs_shape == shape[1:]
        assert set(batch.info.dtype.names) == {"lives", "reward", "elapsed"}


def test_stopping_early_still_counts_the_steps_that_were_sent():
    engine = build("CartPole-v1")
    for number, batch in enumerate(engine.episodes(episode_seeds("train", 0, 4), 4)):
        batch.actions[:] = 1
        if number == 5:
            break
    assert engine.env_steps == 4 * 5


def test_dictionary_observations_arrive_as_records():
    engine = build("MiniGrid-FourRooms-v0")
    assert engine.spec.obs_dtype.names == ("direction", "image", "mission")
    batch = next(engine.episodes(episode_seeds("train", 0, 2), 2))
    assert batch.obs["image"].shape == (2, 7, 7, 3)


@pytest.mark.parametrize(("name", "shape"), [("vizdoom/d1_basic", (3, 240, 320)), ("vizdoom/d3_battle", (3, 480, 640))])
def test_the_packages_own_vizdoom_files_give_colour_frames_from_any_folder(name, shape, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = build(name, max_steps=2)
    assert engine.spec.obs_shape == shape and "KILLCOUNT" in engine.spec.info_dtype.names
    batches = engine.episodes(episode_seeds("train", 0, 1), 1)
    colours = np.unique(next(batches).obs[0].reshape(3, -1), axis=1)
    batches.close()
    assert 20 < colours.shape[1] <= 256  # Doom's palette: channels in another order would mix into more


def test_a_missing_vizdoom_file_is_named_with_those_there_are():
    environment = find_environment("vizdoom/d1_basic", {"cfg_path": "nowhere.cfg"})
    protocol = find_protocol(None, environment)
    with pytest.raises(ConfigError, match=r"no VizDoom configuration .*nowhere.cfg.* vizdoom_d1_basic.cfg"):
        make_engine("envpool", make_task(environment, None, protocol), protocol)


def test_vizdoom_shows_game_variables_takes_buttons_and_leaves_the_folder_clean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = build("vizdoom/d1_basic", max_steps=4)
    assert engine.spec.action.kind == "buttons" and "HEALTH" in engine.spec.info_dtype.names
    assert engine.spec.action.meanings == ("TURN_LEFT", "TURN_RIGHT", "MOVE_FORWARD")
    results, _ = play(engine, 2, 2)
    assert len(results) == 2
    assert list(tmp_path.iterdir()) == []


def test_envpool_is_loaded_family_by_family_and_is_complete_for_whoever_looks():
    script = """
import sys
from fastheur.envpool_tasks import task_ids
from fastheur.envpool_families import envpool
spec = envpool.make_spec("Ant-v5")
assert "Pong-v5" in envpool.registration.registry.specs and "matplotlib" not in sys.modules
assert envpool.registration.registry.specs.get("Nothing-v0") is None and "Nothing-v0" not in envpool.list_all_envs()
import envpool.entry
print(len(task_ids()), len(envpool.registration.registry.specs))
"""
    plain = "import envpool; print(2 * f' {len(envpool.list_all_envs())}')"
    found = [subprocess.run([sys.executable, "-c", one], capture_output=True, text=True) for one in (script, plain)]
    assert found[0].stdout.split() == found[1].stdout.split(), found[0].stderr
