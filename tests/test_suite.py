"""A suite: runs are read once on their sealed seeds, shipped with what proves them, and add up to one figure."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labs import charged, lab_in, tried

from fastheur.budget import Budget
from fastheur.cli import main as cli
from fastheur.commands import suite as command
from fastheur.errors import ConfigError
from fastheur.score import iqm
from fastheur.suite.definition import Suite, find_suite
from fastheur.suite.figures import Game, Standing, interval
from fastheur.suite.filming import film
from fastheur.suite.page import rows_of, sealed_cost, write_page
from fastheur.suite.record import Best, Read, RunRecord, read_record
from fastheur.suite.sealing import runs_in, seal, sealed
from fastheur.suite.verifying import verify
from fastheur.tasks import find_environment, find_protocol, human_normalised

STILL = 'TASK = "atari/breakout"\nOBS = "ram"\n\n\ndef act(obs, info, state, params):\n    return {}\n'
SMALL = Suite("small", {"Breakout-v5": "atari/breakout"}, 20_000, (300, 4_000, 20_000), 4, 2, "robust", "weng2026", 600)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """A folder with one run: a start that stands still, and a champion that serves and follows the ball."""
    folder = tmp_path_factory.mktemp("campaign")
    breakout = find_environment("atari/breakout")
    settings = {
        "environment": breakout,
        "mode": "ram",
        "protocol": find_protocol("robust", breakout, max_steps=SMALL.max_steps),
        "budget": Budget(SMALL.budget),
        "start": STILL.format(0),
        "train_episodes": 2,
        "validation_episodes": 4,
        "error": 0.2,
        "golden_share": 0.02,
        "confirm_episodes": SMALL.episodes,
    }
    follow = STILL.format("1 if int(obs[101]) == 0 else 2 if int(obs[99]) > int(obs[72]) + 8 else 3")
    with lab_in(folder / "breakout", **settings) as lab:
        start = charged(lab)
        assert start > SMALL.checkpoints[0]
        tried(lab, STILL.format(1), "serve", protocol="weng2026")
        assert tried(lab, follow, "follow the ball").data["promoted"]
        tried(lab, follow, "follow the ball", protocol="weng2026")
        assert SMALL.checkpoints[1] < charged(lab) < SMALL.budget
    return folder


@pytest.fixture(scope="module")
def shipped(campaign, tmp_path_factory):
    """The campaign's run, sealed and shipped: the folder and its record."""
    out = tmp_path_factory.mktemp("systems") / "breakout"
    return out, seal(runs_in(campaign, SMALL)["atari/breakout"], SMALL, out)


def test_a_run_is_shipped_with_everything_that_proves_it(shipped):
    out, record = shipped
    assert sorted(path.name for path in out.iterdir()) == [
        "golden.json",
        "memory.md",
        "ram.py",
        "run.json",
        "trials.jsonl",
    ]
    assert read_record(out) == record
    nobody, start, final = record.reads
    assert nobody.version is None and nobody.returns == ()
    assert (start.version, len(start.returns)) == ("v1", SMALL.checkpoint_episodes)
    assert (final.version, len(final.returns)) == ("v3", SMALL.episodes)
    assert final.sha256 not in record.sources and start.sha256 in record.sources  # the last one is ram.py
    assert record.best[-1].version == "v3"
    assert [one.score for one in record.best] == sorted({one.score for one in record.best})
    assert sum(record.by_role.values()) == record.env_steps <= record.budget
    lines = [json.loads(line) for line in (out / "trials.jsonl").read_text().splitlines()]
    assert record.sealed_steps == sum(line["env_steps"] for line in lines if line["split"] == "sealed") > 0
    assert record.sealed_wall_s == pytest.approx(sum(line["wall_s"] for line in lines if line["split"] == "sealed"))
    assert {"weng2026", "robust"} <= {line["protocol"] for line in lines}
    assert lines[-1]["cumulative_env_steps"] == record.env_steps


def test_a_sealed_run_is_read_once(campaign, shipped):
    out, record = shipped
    folder = campaign / "breakout"
    assert sealed(folder, out)
    again = seal(folder, SMALL, out)
    assert (again.sealed_steps, again.reads) == (record.sealed_steps, record.reads)


def test_champions_play_again_as_their_records_say_and_a_changed_one_is_found(shipped, tmp_path):
    out, record = shipped
    checks = verify(record, out, tmp_path / "verify.db")
    assert len(checks) == 3 and not any(check.differs for check in checks)
    assert all(check.env_steps > 0 for check in checks)
    first, *others = record.reads[-1].returns
    forged = replace(record, reads=(*record.reads[:-1], replace(record.reads[-1], returns=(first + 1, *others))))
    assert [check.differs for check in verify(forged, out, tmp_path / "verify.db")][-1] == "episodes [0] differ"
    forged = replace(record, reads=(replace(record.reads[-1], action_hashes=("0",) * len(record.reads[-1].returns)),))
    with pytest.raises(ConfigError, match="played with other actions than its record says"):
        film(forged, out / "ram.py", tmp_path / "verify.db", tmp_path / "page")


def test_a_run_that_is_not_the_suites_is_refused(campaign, tmp_path):
    with pytest.raises(
        ConfigError, match=r"budget.env_steps is 20000, and the suite atari57 expects 1000000|max_steps is 600"
    ):
        seal(campaign / "breakout", find_suite("atari57"), tmp_path)
    with pytest.raises(ConfigError, match="expected folders named after games"):
        runs_in(tmp_path, SMALL)


def test_a_run_leaves_policies_of_another_origin_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "POLICIES", tmp_path)
    home, settings = tmp_path / "atari" / "pong", {"systems": None}
    home.mkdir(parents=True)
    assert command._folder(settings, "atari/pong") == home
    (home / "ram.py").touch()
    assert command._folder(settings, "atari/pong") == home / "run"
    (home / "run.json").touch()  # now it is the run's own
    assert command._folder(settings, "atari/pong") == home
    assert command._folder({"systems": "elsewhere"}, "atari/pong") == Path("elsewhere/pong")


def _record(env_id, task, best, returns):
    """A record with two checkpoints of the suite ``TWO``."""
    reads = tuple(Read(at, "v1", "a", tuple(found), (1,) * len(found), ("h",) * len(found)) for at, found in returns)
    bests = tuple(Best(at, score, "v1", "a", {}, "h") for at, score in best)
    return RunRecord(
        task, env_id, "ram", "robust", "weng2026", 27_000, 1000, 900, {"train": 900}, 100, 3, 2, 1.0, None, "", "", "", bests, reads,
        sealed_wall_s=5.0,
    )  # fmt: skip


TWO = Suite("two", {"Breakout-v5": "atari/breakout", "Pong-v5": "atari/pong", "Qbert-v5": "atari/qbert"}, 1000, (500, 1000), 2, 2,
            "robust", "weng2026", 27_000)  # fmt: skip


@pytest.fixture
def standing():
    breakout = _record(
        "Breakout-v5", "atari/breakout", [(100, 30.5), (700, 59.3)], [(500, [1.7, 30.5]), (1000, [30.5, 59.3])]
    )
    pong = _record("Pong-v5", "atari/pong", [(600, 14.6)], [(500, []), (1000, [14.6, 14.6])])
    known = {"Breakout-v5": breakout, "Pong-v5": pong}
    return Standing(TWO, tuple(Game(env_id, task, known.get(env_id)) for env_id, task in TWO.games.items()))


def test_the_two_curves_count_what_is_missing_as_random_play(standing):
    assert [(one.env_steps, round(one.median, 6)) for one in standing.reference] == [
        (100, 0.0), (500, 0.0), (600, 1.0), (700, 1.0), (1000, 1.0),
    ]  # fmt: skip
    half, end = standing.sealed
    assert (half.scored, end.scored) == (1, 2)
    assert half.median == 0.0 and half.mean == pytest.approx(0.5 / 3)
    assert end.median == pytest.approx(1.0) and end.human == 2 and end.low == 1
    assert end.iqm == pytest.approx(iqm([1.5, 1.0, 0.0]))
    assert human_normalised("Breakout-v5", 30.5) == 1.0


def test_the_interval_draws_games_and_the_episodes_of_each():
    assert interval([np.array([0.5]), np.array([0.5])], np.median) == (0.5, 0.5)
    games = [np.array([0.0]), np.array([1.0]), np.array([2.0])]
    low, high = interval(games, np.mean)
    assert low < 0.5 and high > 1.5
    one = [np.linspace(0.0, 2.0, 20)]  # one game: only its episodes are drawn
    low, high = interval(one, np.mean)
    assert 0.6 < low < 1.0 < high < 1.4
    assert interval(games, np.mean) == interval(games, np.mean)


def test_the_page_has_every_game_and_both_figures(standing, tmp_path):
    text = write_page(standing, tmp_path / "out").read_text()
    assert "2 of 3 games have a system" in text and "qbert" in text
    assert sealed_cost(standing) == "200 frames in 10 s of stepping, 20 a second" and sealed_cost(standing) in text
    assert text.count("<svg") >= 1 and "fastheur, sealed and sticky 1.00" in text
    row = next(row for row in rows_of(standing) if row.game == "qbert")
    assert row.best is None and row.sealed_hns is None and row.frames is None


def test_a_damaged_record_is_refused_by_name(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"run.json is no record of a run"):
        read_record(tmp_path)
    assert read_record(tmp_path / "nowhere") is None


def test_the_command_seals_ships_shows_and_verifies(campaign, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli(["suite", "atari75"]) == 2
    assert "Did you mean atari57?" in capsys.readouterr().err
    assert cli(["suite", "atari57", f"systems={tmp_path}/none"]) == 2
    assert "No system of this suite is shipped" in capsys.readouterr().err
    assert cli(["suite", "atari57", "games=[brekout]", "verify=true"]) == 2
    assert "Did you mean breakout" in capsys.readouterr().err
    assert cli(["suite", "atari57", f"runs={campaign}", f"systems={tmp_path}/systems"]) == 2
    assert "the suite atari57 expects" in capsys.readouterr().err


def test_the_command_seals_ships_verifies_and_shows_a_suite(campaign, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fastheur.commands.suite.find_suite", lambda name: SMALL)  # the jobs run in this process
    words = ["suite", "small", f"runs={campaign}", f"systems={tmp_path}/systems", "verify=true", "films=true"]
    assert cli(words) == 0
    said = capsys.readouterr().out
    assert "shipped to" in said and "the same scores and actions" in said
    assert "1 of 1 games have a system" in said and "our terms (sealed robust): median" in said
    page = tmp_path / "runs/suite-small/index.html"
    [film] = page.parent.glob("films/breakout-*.mp4")
    assert film.stat().st_size > 1_000 and f"films/{film.name}" in page.read_text()
    assert cli([*words[:2], words[3], "out=false"]) == 0 and not (tmp_path / "false").exists()
    path = tmp_path / "systems/breakout/run.json"
    path.write_text(path.read_text().replace('"action_hashes": [\n    "', '"action_hashes": [\n    "0', 1))
    assert cli([*words[:2], *words[3:], "out=false"]) == 2
    assert "did not play as their records say" in capsys.readouterr().err
