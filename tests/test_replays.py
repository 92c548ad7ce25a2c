"""A replay is the very episode: the recorded actions, shown as video, contact sheet and step table; or it is an error."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys

import av
import numpy as np
import pytest
from labs import START, STRONG
from PIL import Image
from recalled_runs import change, make_run, rows, trials_of

import fastheur
from fastheur.cli import main
from fastheur.engine import Engine
from fastheur.errors import ConfigError, ReplayMismatch
from fastheur.evaluation import evaluate
from fastheur.replaying.overlay import PANEL
from fastheur.replaying.parting import GAP
from fastheur.replays import replay

TASKS = {
    "ram": ("atari/breakout", {"obs": "ram", "max_steps": 120}),
    "native": ("atari/breakout", {"obs": "native", "max_steps": 60, "protocol": "robust"}),
    "mujoco": ("mujoco/ant", {"max_steps": 40}),
    "vizdoom": ("vizdoom/d1_basic", {"max_steps": 40}),
    "cartpole": ("CartPole-v1", {}),
}
COUNTS = """OBS = 'any'
STATE = [('seen', 'i8'), ('mean', 'f8'), ('last', 'f8', (2,))]
def act(obs, info, state, params):
    state.seen += 1
    state.mean = 0.5 * state.mean + 0.1
    state.last[1] = info.elapsed
    return state.seen % 2
"""
SLOW = COUNTS.replace("% 2", "// 9 % 2")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs"))


def pictures(path):
    """All pictures of a video, uint8 (N, H, W, 3), and how many there are in a second."""
    with av.open(str(path)) as file:
        rate = file.streams.video[0].average_rate
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]), float(rate)


def table(path):
    """Rows of a CSV trace."""
    return list(csv.DictReader(io.StringIO(path.read_text())))


@pytest.mark.parametrize("name", TASKS)
def test_an_episode_of_every_suite_comes_out_as_recorded(name, tmp_path):
    env, settings = TASKS[name]
    card = evaluate("random", env, episodes=2, ledger=tmp_path / "ledger.db", **settings)
    made = replay(tmp_path / "ledger.db", episode=1, isolation="none")
    facts, episode = made.facts, card.episodes[1]
    assert facts["action_hash"] == facts["recorded_action_hash"] == episode.action_hash and facts["action_hash_equal"]
    assert (facts["length"], facts["return"]) == (episode.length, episode.ret)
    shown, rate = pictures(made.video)
    every = -(-facts["frames_per_s"] // 60)
    assert shown.shape[1:] == (facts["height"], facts["width"], 3)
    assert len(shown) == facts["pictures"] and abs(len(shown) - (episode.length + 1) / every) < 2
    assert rate == pytest.approx(facts["frames_per_s"] / every)
    assert shown.std() > 5 and Image.open(made.sheet).format == "PNG" and made.sheet.stat().st_size <= 200_000
    steps = table(made.trace)
    assert [int(row["step"]) for row in steps] == list(range(1, episode.length + 1))
    assert float(steps[-1]["return"]) == pytest.approx(episode.ret)
    assert sorted(path.name for path in made.files) == sorted(path.name for path in made.facts_file.parent.iterdir())


def test_at_the_strict_level_the_same_is_shown(tmp_path):
    (tmp_path / "counts.py").write_text(COUNTS)
    evaluate(tmp_path / "counts.py", "CartPole-v1", episodes=1, ledger=tmp_path / "ledger.db")
    strict = replay(tmp_path / "ledger.db", out=tmp_path / "strict")
    none = replay(tmp_path / "ledger.db", out=tmp_path / "none", isolation="none")
    assert strict.facts["isolation"] == "strict" and strict.facts["action_hash_equal"]
    for mine, theirs in zip(strict.files[:-1], none.files[:-1], strict=True):
        assert mine.read_bytes() == theirs.read_bytes()


def test_the_trace_pairs_what_was_seen_with_what_was_done_and_remembered(tmp_path):
    (tmp_path / "counts.py").write_text(COUNTS)
    evaluate(tmp_path / "counts.py", "atari/breakout", obs="ram", max_steps=30, ledger=tmp_path / "ledger.db")
    made = replay(tmp_path / "ledger.db", isolation="none", video=False, sheet=False)
    steps = table(made.trace)
    assert made.video is None and made.sheet is None and len(steps) == 30
    assert [int(row["action"]) for row in steps] == [(place + 1) % 2 for place in range(30)]
    assert {row["meaning"] for row in steps} == {"NOOP", "FIRE"}
    assert [int(row["state.seen"]) for row in steps] == list(range(1, 31))
    assert [float(row["state.last[1]"]) for row in steps] == list(range(30))
    assert all(0 <= int(row["RAM 127"]) < 256 for row in steps) and len({row["RAM 90"] for row in steps}) > 1
    parquet = replay(tmp_path / "ledger.db", isolation="none", video=False, sheet=False, trace="parquet").trace
    import pandas

    frame = pandas.read_parquet(parquet)
    assert list(frame.columns) == list(steps[0]) and frame["state.mean"].tolist() == [
        float(row["state.mean"]) for row in steps
    ]


def test_a_part_is_shown_and_the_whole_is_checked(run, tmp_path):
    made = replay(run, trial=1, episode=2, from_step=10, to_step=20, out=tmp_path, isolation="none", trace=None)
    assert made.video.name == "trial1-episode2-steps10-20.mp4"  # beside those of the whole episode, not over them
    shown, _ = pictures(made.video)
    assert len(shown) == 11 and made.facts["length"] == 57 and made.facts["action_hash_equal"]
    assert {moment["step"] for moment in made.moments} >= {10, 20} and made.traces == ()
    with pytest.raises(ConfigError, match="from_step is 100, and what can be shown ends at step 57"):
        replay(run, trial=1, episode=2, from_step=100, out=tmp_path, isolation="none")


@pytest.mark.parametrize("column", ["action_hash", "ret", "length"])
def test_another_outcome_than_the_recorded_one_is_an_error_and_leaves_nothing(run, tmp_path, column):
    copy = shutil.copytree(run, tmp_path / "copy")
    value = {"action_hash": "0123456789abcdef", "ret": 1.5, "length": 12}[column]
    change(copy, f"UPDATE episodes SET {column} = ? WHERE trial = 1 AND episode = 0", value)
    change(copy, "UPDATE trials SET versions = json_set(versions, '$.numpy', '1.0.0')")
    with pytest.raises(ReplayMismatch, match="does not come out as it was recorded") as caught:
        replay(copy, trial=1, episode=0, isolation="none")
    assert "numpy 1.0.0 then" in str(caught.value) and "Nothing of it was kept" in str(caught.value)
    if column == "action_hash":
        assert value in str(caught.value)
    assert not list((copy / "replays").iterdir())


def test_a_changed_hash_is_told_from_a_changed_game(tmp_path):
    (tmp_path / "start.py").write_text(START)
    evaluate(tmp_path / "start.py", "CartPole-v1", episodes=1, actions=True, ledger=tmp_path / "ledger.db")
    change(tmp_path, "UPDATE episodes SET action_hash = '0123456789abcdef'")
    with pytest.raises(ReplayMismatch, match="log of its actions has another hash than the episode"):
        replay(tmp_path / "ledger.db", isolation="none")


def test_a_policy_that_plays_otherwise_every_time_is_found_out(tmp_path, monkeypatch):
    (tmp_path / "moody.py").write_text(
        "import numpy as np\nOBS = 'state'\nMOODS = []\nclass Policy:\n    def __init__(self, spec, params, random):\n"
        "        MOODS.append(1)\n    def reset(self, slots):\n        pass\n    def act(self, obs, info, slots):\n"
        "        return np.full(len(slots), len(MOODS) % 2, np.int64)\n"
    )
    evaluate(tmp_path / "moody.py", "CartPole-v1", episodes=1, slots=1, actions=True, ledger=tmp_path / "ledger.db")
    with pytest.raises(
        ReplayMismatch, match=r"They part after 0 env steps: \d then, \d now.*does not follow from its inputs alone"
    ):
        replay(tmp_path / "ledger.db", isolation="none")
    monkeypatch.setattr("fastheur.rechecking.check", lambda *_: None)
    with pytest.raises(ReplayMismatch, match="the second time came out otherwise"):
        replay(tmp_path / "ledger.db", isolation="none")
    assert not list((tmp_path / "replays").iterdir())


def test_an_episode_that_a_rule_cut_is_shown_up_to_there(tmp_path):
    (tmp_path / "counts.py").write_text(SLOW)
    settings = {"obs": "ram", "max_steps": 300, "stop_stalled": 50, "ledger": tmp_path / "ledger.db"}
    [episode] = evaluate(tmp_path / "counts.py", "atari/breakout", episodes=1, **settings).episodes
    assert episode.cut
    made = replay(tmp_path / "ledger.db", isolation="none", video=False)
    assert made.facts["length"] == episode.length < 300 and made.facts["ending"] == "cut by a stop rule"
    assert made.facts["action_hash"] == episode.action_hash


def test_two_versions_are_shown_beside_one_another_up_to_where_they_part(run, tmp_path):
    made = replay(run, trial="v2", episode="changed", out=tmp_path, isolation="none")
    left, right = (table(path) for path in made.traces)
    parted = made.facts["parted_at"]
    actions = [(one["action"], other["action"]) for one, other in zip(left, right, strict=False)]
    assert all(one == other for one, other in actions[:parted]) and actions[parted][0] != actions[parted][1]
    assert [row["obs[2]"] for row in left[: parted + 1]] == [row["obs[2]"] for row in right[: parted + 1]]
    shown, rate = pictures(made.video)
    assert len(shown) == parted + 1 + 2 * round(rate)
    assert made.facts["left"]["version"] == "v2" and made.facts["right"]["version"] == "v1"
    assert made.facts["outcome"].startswith(f"They part at step {parted}: v2 (trial 3) ")
    assert made.video.name == f"trial3-vs-trial1-episode{made.facts['left']['episode']}.mp4"
    longer = replay(run, trial="v2", episode="changed", out=tmp_path, isolation="none", after=10)
    assert len(pictures(longer.video)[0]) == len(shown) + 10


def test_one_goes_on_where_the_other_has_ended(run, tmp_path):
    made = replay(run, trial="v2", episode="changed", out=tmp_path, isolation="none", after=60, trace=None)
    shown, rate = pictures(made.video)
    assert made.facts["right"]["length"] < made.facts["to_step"] == made.facts["parted_at"] + 60
    assert len(shown) == made.facts["to_step"] + 1 + 2 * round(rate)
    width = (shown.shape[2] - GAP) // 2
    after = shown[made.facts["right"]["length"] + 1 : made.facts["to_step"], :300].astype(int)
    left, right = after[:, :, : width - PANEL], after[:, :, width + GAP : -PANEL]
    changes = [int(np.abs(np.diff(side, axis=0)).max()) for side in (left, right)]
    assert changes[0] > 100 > 20 > changes[1]


def test_versions_that_never_part_say_so(tmp_path):
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(f"# {name}\n{STRONG}")
        evaluate(tmp_path / name, "CartPole-v1", episodes=1, max_steps=60, ledger=tmp_path / "ledger.db")
    made = replay(tmp_path / "ledger.db", trial=2, episode=0, against=1, isolation="none", trace=None)
    assert made.facts["parted_at"] is None and made.facts["outcome"].startswith(
        "They never part: the same actions in all 60"
    )


def test_a_policy_that_fails_is_shown_up_to_there(run, tmp_path):
    made = replay(run, trial="v3", out=tmp_path, isolation="none")
    assert made.facts["length"] == 20 and "returned the action 7" in made.facts["problem"]
    assert made.facts["action_hash_equal"] is None and len(pictures(made.video)[0]) == 21


def test_sealed_episodes_are_shown_when_the_run_is_over_and_nobody_is_charged(run, tmp_path):
    before = rows(run, "SELECT count(*) AS n, sum(steps) AS steps FROM run_reservations")
    made = replay(run, trial=trials_of(run, "sealed")[0], episode=2, out=tmp_path, isolation="none", trace=None)
    assert made.facts["split"] == "sealed" and made.facts["action_hash_equal"] and Engine.meter is None
    assert made.facts["env_steps"] == 2 * made.facts["length"]
    assert rows(run, "SELECT count(*) AS n, sum(steps) AS steps FROM run_reservations") == before
    with pytest.raises(ConfigError, match="its run is still open"):
        replay(run.parent / "open", trial=trials_of(run.parent / "open", "validation")[0], out=tmp_path)


def test_the_command_tells_what_it_made(run, capsys, monkeypatch):
    monkeypatch.chdir(run.parent)
    assert main(["replay", "./one", "trial=1", "episode=best", "isolation=none"]) == 0
    out = capsys.readouterr().out
    [row] = rows(run, "SELECT * FROM episodes WHERE trial = 1 ORDER BY ret DESC LIMIT 1")
    assert f"action hash equal ({row['action_hash']})" in out and f"return {row['ret']:g} in" in out
    assert re.search(rf"replays/trial1-episode{row['episode']}\.mp4  [\d,]+ kB, \d+ x \d+, 1\.\d s at 50 pictures", out)
    assert (
        json.loads((run / f"replays/trial1-episode{row['episode']}.json").read_text())["action_hash"]
        == row["action_hash"]
    )
    assert main(["replay", "one", "trial=77"]) == 2
    assert main(["replay", "./one", "trial=77"]) == 2 and "There is no trial 77" in capsys.readouterr().err
    assert (
        main(["replay", "./one", "trace=xls"]) == 2 and "trace is 'xls', expected one of csv" in capsys.readouterr().err
    )


def test_the_same_replay_made_twice_at_once_is_whole(run, tmp_path):
    command = [
        sys.executable,
        "-m",
        "fastheur",
        "replay",
        str(run),
        "trial=1",
        "episode=2",
        "isolation=none",
        f"out={tmp_path}",
    ]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    shown, _ = pictures(tmp_path / "trial1-episode2.mp4")
    assert len(shown) == 58 and len(list(tmp_path.iterdir())) == 4


def test_ctrl_c_leaves_no_file(run, tmp_path):
    def stop(what, done, total):
        if what == "pictures":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(run, trial=3, episode=0, out=tmp_path, isolation="none", trace=None, progress=stop)
    assert not list(tmp_path.iterdir())


def test_what_a_policy_declares_as_marks_is_drawn(tmp_path):
    sheets = []
    for name, marks in (("plain.py", ""), ("marked.py", 'MARKS = {"here": ("seen + 20", 100.0)}\n')):
        (tmp_path / name).write_text(marks + COUNTS)
        evaluate(tmp_path / name, "atari/breakout", max_steps=30, ledger=tmp_path / "ledger.db")
        made = replay(tmp_path / "ledger.db", isolation="none", video=False, trace=None)
        sheets.append(np.asarray(Image.open(made.sheet).convert("RGB")).astype(int))
    plain, marked = sheets
    assert plain.shape == marked.shape and np.abs(plain - marked).max() > 100


def test_a_notebook_shows_video_and_sheet(run, tmp_path):
    made = fastheur.replay(run, trial=1, out=tmp_path, isolation="none", trace=None)
    shown = made._repr_html_()
    assert "data:video/mp4;base64," in shown and "data:image/png;base64," in shown and "trial 1" in shown
