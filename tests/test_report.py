"""The report: what is gathered from a ledger, and what its files say; what a browser makes of them is tested beside this."""

import difflib
import json
import re
import shlex
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from labs import START, STRONG, WEAK, config, lab_in, play_here, tried
from made_runs import make_run, settings

from fastheur.budget import Budget
from fastheur.cli import compose, main
from fastheur.commands import settings as command_settings
from fastheur.errors import ConfigError
from fastheur.learning import confirm
from fastheur.ledger import Ledger, TrialStart
from fastheur.report import wording, write_report
from fastheur.report.comparing import Sample, paired, t_quantile, unpaired
from fastheur.report.curves import axes_of, curves, spread
from fastheur.report.diffs import changed, changes, counted
from fastheur.report.gap import gap_of
from fastheur.report.gathering import gather
from fastheur.report.glyphs import GLYPHS, dots
from fastheur.report.grid import ledger_entries, summaries
from fastheur.report.replays import found_in, missing
from fastheur.report.reproducing import command_of, literal
from fastheur.report.scales import short, ticks
from fastheur.report.searches import defaults_of
from fastheur.report.searches import tried as tried_values
from fastheur.report.subjects import subjects_of
from fastheur.report.tabling import rows_of
from fastheur.resources import POLICIES
from fastheur.rollout import Episode
from fastheur.run_settings import run_config
from fastheur.runs import Run
from fastheur.score import Cost, Scorecard, Setting
from fastheur.tasks import atari_table, find_environment, find_protocol

EVIL = "<script>alert('x')</script> & \"quoted\" </pre><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A run that was really played: promoted, rejected, failed, remembered, charged and confirmed."""
    folder = tmp_path_factory.mktemp("played") / "run"
    with pytest.MonkeyPatch.context() as patch:
        play_here(patch)
        with lab_in(folder, confirm_episodes=3) as lab:
            lab.charge(1_200, 0.012)
            tried(lab, WEAK, EVIL)
            lab.charge(800, None)
            tried(lab, STRONG + f"# {EVIL}\n", "the turning speed matters")
            tried(lab, "OBS = 'state'\n", "no act at all")
            tried(lab, STRONG.replace("0.05", "0.07"), "another weight")
            lab.call("note", {"text": f"turning speed matters {EVIL}", "summary": False})
            lab.call("failed_direction", {"text": f"pushing the other way {EVIL}"})
            lab.call("finish", {"reason": "done"})
            confirm(lab)
    return folder


@pytest.fixture(scope="module")
def record(played):
    with Run.open(played).ledger as ledger:
        return gather(Run(played, ledger, Run.open(played).config))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of 300 trials that nobody played."""
    return make_run(tmp_path_factory.mktemp("made") / "run", 300)


def text_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.suffix in (".html", ".js", ".css", ".json")
    }


# ---------------------------------------------------------------- gathering


def test_everything_that_was_tried_is_gathered_with_its_verdict(record):
    assert [idea.verdict for idea in record.ideas] == ["dethroned", "rejected", "champion", "failed", "rejected"]
    assert [idea.version for idea in record.reigns] == [1, 3]
    assert record.status == "confirmed" and record.over == "finished: done"
    assert {trial.role for trial in record.trials} == {"train", "validation", "golden", "sealed"}
    assert record.champion.score == pytest.approx(np.mean(record.train.returns))
    assert len(record.train.returns) == 4, "train episodes only, no golden ones"
    assert len(record.sealed.returns) == 3 and record.sealed.rules == record.train.rules


def test_places_add_up_to_what_the_run_has_taken(record):
    steps = [idea.place.env_steps for idea in record.ideas]
    assert steps == sorted(steps) and steps[0] > 0
    assert record.spent.env_steps == sum(n for role, n in record.steps_by_role.items() if role != "sealed")
    assert record.sealed_steps == record.steps_by_role["sealed"]
    seconds = [idea.place.wall_s for idea in record.ideas]
    assert seconds == sorted(seconds) and 0 < seconds[-1] <= record.spent.wall_s + 0.5
    for idea in record.ideas:
        assert idea.place.env_steps <= record.spent.env_steps and idea.place.episodes <= record.spent.episodes


def test_tokens_belong_to_the_version_that_was_tried_next_and_unknown_is_never_zero(record, tmp_path, monkeypatch):
    assert [idea.tokens for idea in record.ideas] == [0, 1_200, 800, 0, 0]
    assert record.spent.tokens == 2_000 and record.spent.money == pytest.approx(0.012)
    play_here(monkeypatch)
    with lab_in(tmp_path / "run") as lab:
        found = gather(lab.run)
    assert found.spent.tokens is None and found.ideas[0].tokens is None and found.ideas[0].place.money is None
    assert [axis.name for axis in axes_of(found)] == ["env_steps", "episodes", "wall_s"]


def test_the_difference_is_to_the_champion_of_that_time_on_the_same_train_episodes(record, played):
    with Run.open(played).ledger as ledger:
        first, third = (ledger.version(number) for number in (1, 3))
        mine, other = ([ledger.episode(one.trial, index)["ret"] for index in range(4)] for one in (third, first))
    found = record.ideas[2].difference
    assert found.mean == pytest.approx(np.mean(np.subtract(mine, other))) and found.episodes == 4
    assert found.low <= found.mean <= found.high
    assert record.ideas[0].difference is None and record.ideas[3].difference is None


def test_an_open_run_is_reported_and_its_secret_is_kept(tmp_path, monkeypatch):
    play_here(monkeypatch)
    with lab_in(tmp_path / "run") as lab:
        page = write_report([str(tmp_path / "run")], tmp_path / "out")
        secret = lab.run.ledger.value("secret")
    everything = "".join(text_of(tmp_path / "out").values())
    assert secret not in everything and "kept until the champion is confirmed" in page.read_text()


def test_what_one_could_still_tune_to_is_left_out_of_a_report(tmp_path):
    going = make_run(tmp_path / "open", 200, over=False)
    with closing(Run.open(going)) as run:
        record = gather(run)
        assert record.hidden == ("validation", "sealed") and record.validation is None and record.secret is None
        checked = [trial for trial in record.trials if trial.role == "validation"]
        assert checked and all((trial.score, trial.low, trial.high) == (None, None, None) for trial in checked)
        assert all(trial.score is not None for trial in record.trials if trial.role == "search")
        assert "validation scores are left out too" in gap_of(record).sentences[-1]
        run.ledger.put(status="over", over="the budget of env steps is spent")  # and can be taken up again with more
        record = gather(run)
        secret = run.ledger.value("secret")
    assert record.hidden == ("sealed",) and record.validation is not None and record.secret is None
    write_report([str(going)], tmp_path / "out")
    assert secret not in "".join(text_of(tmp_path / "out").values())


def test_the_secret_of_a_run_that_is_over_is_shown_with_its_commitment(played, record, tmp_path):
    page = write_report([str(played)], tmp_path / "out").read_text()
    assert record.secret in page and record.commitment in page


# ---------------------------------------------------------------- numbers


def test_quantiles_of_students_t_are_those_of_the_tables():
    for freedom, value in (
        (1, 12.706),
        (7, 2.365),
        (30, 2.042),
        (31, 2.0395),
        (60, 2.0003),
        (120, 1.9799),
        (1e6, 1.95996),
    ):
        assert t_quantile(freedom) == pytest.approx(value, abs=6e-4)
    assert t_quantile(7.9) == t_quantile(7)


def test_the_interval_of_paired_differences_covers_as_often_as_it_says():
    random, inside = np.random.default_rng(3), 0
    for _ in range(2_000):
        gains = dict(enumerate(random.normal(1.0, 5.0, 6)))
        found = paired(gains, dict.fromkeys(gains, 0.0))
        inside += found.low <= 1.0 <= found.high
    assert 0.935 < inside / 2_000 < 0.965


def test_pairs_are_the_episodes_that_both_have_and_one_has_no_interval():
    assert paired({0: 3.0, 7: 9.0}, {0: 1.0, 1: 5.0}).mean == 2.0
    assert paired({0: 3.0}, {0: 1.0}).low is None and paired({0: 3.0}, {1: 1.0}) is None


def test_welchs_interval_agrees_with_the_textbook():
    mine = Sample.of(
        "p", "{}", [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]
    )
    other = Sample.of(
        "p", "{}", [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4]
    )
    found = unpaired(mine, other)  # degrees of freedom 24.99 by Welch-Satterthwaite, taken as 24
    pooled = (mine_var := np.var(mine.returns, ddof=1)) / 15 + np.var(other.returns, ddof=1) / 15
    assert mine_var > 0 and found.mean == pytest.approx(np.mean(mine.returns) - np.mean(other.returns))
    assert found.high - found.mean == pytest.approx(t_quantile(24) * np.sqrt(pooled), rel=0.01)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (wording.number(None), "–"), (wording.number(0), "0"), (wording.number(864.0), "864"), (wording.number(-1234.5), "−1,234.5"),
        (wording.number(0.12345), "0.1235"), (wording.signed(-3.0), "−3"), (wording.signed(0.0), "0"), (wording.signed(7.25), "+7.25"),
        (wording.whole(None), "–"),
        (wording.third(-0.0625), "−0.062"), (wording.third(None), "–"), (wording.seconds(0.42), "0.42 s"),
        (wording.seconds(200), "3 min 20 s"),
        (wording.seconds(18_720), "5 h 12 min"), (wording.dollars(None), "–"), (wording.dollars(0.0264), "$0.0264"),
        (wording.dollars(12), "$12.00"), (wording.when(None), "–"), (wording.interval(1.0, None), ""),
        (short(0.25), "0.25"), (short(8_000), "8,000"), (short(15_000), "15k"), (short(1_200_000), "1.2M"), (short(2e9), "2G"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_what_is_unknown_is_a_dash(written, text):
    assert written == text


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.7, 12), (0, 8_400), (1e6, 1.2e6), (0.001, 0.0042), (5, 5)])
def test_ticks_are_round_and_inside(low, high):
    found = ticks(low, high, 6)
    assert 1 <= len(found) <= 7
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
    if len(found) > 1:
        step = found[1] - found[0]
        assert float(f"{step:.0e}"[0]) in (1, 2, 5)


def test_labels_are_moved_apart_and_keep_their_order():
    moved = spread([100.0, 99.0, 98.5, 10.0])
    assert sorted(moved) == [moved[3], moved[2], moved[1], moved[0]]
    assert min(np.diff(sorted(moved))) >= 11.9


# ---------------------------------------------------------------- pictures


def test_every_version_has_its_point_and_every_verdict_a_shape_of_its_own(record):
    shapes = [glyph.path for glyph in GLYPHS.values()]
    assert len(set(shapes)) == len(shapes)
    for curve in curves(record):
        assert len(re.findall("<a href=", curve.wide)) == len(record.ideas)
        assert "&lt;script&gt;" in curve.wide and "<script" not in curve.wide
    assert curves(record)[0].axis.label == "env steps"


def test_many_versions_are_drawn_together_and_champions_stay_links(made):
    run = Run.open(made)
    record = gather(run)
    run.close()
    curve = curves(record)[0]
    assert curve.axis.label == "frames"
    drawn = re.findall(r'<polyline class="crowd" points="([^"]*)"', curve.wide)
    points = sum(len({*zip(*[iter(points.split())] * 2, strict=True)}) for points in drawn)
    assert all(len(points.split()) >= 4 for points in drawn), "a line of one point has no markers"
    assert curve.wide.count("<a href=") == len(record.reigns)
    assert 0.9 * len(record.ideas) < points + len(record.reigns) <= len(record.ideas), (
        "those on one pixel are drawn once"
    )


def test_every_row_of_a_search_with_a_score_is_a_point_below_the_versions(made):
    run = Run.open(made)
    record = gather(run)
    run.close()
    rows = [trial for trial in record.trials if trial.role == "search"]
    assert len(record.searched) == len(rows) > 8
    for curve in curves(record):
        for drawing in (curve.wide, curve.narrow):
            [path] = re.findall(r'<path class="dots" d="([^"]*)"', drawing)
            assert 1 <= path.count("h0") <= len(rows) and re.fullmatch(r"M0 0(m-?\d+(-| )\d+h0)+", path)
            assert drawing.index('class="dots"') < drawing.index('class="crowd"')
    unscored = [replace(trial, score=None) for trial in record.trials]
    assert "dots" not in curves(replace(record, trials=unscored))[0].wide


def test_dots_stand_at_their_pixel_and_once():
    assert dots([(10.2, 20), (10, 20.4), (13, 7)]) == '<path class="dots" d="M0 0m10 20h0m3-13h0"/>' and dots([]) == ""


def test_a_row_of_a_search_tells_what_differs_from_the_defaults():
    text = (
        'from fastheur.policy import Param\nPARAMS = {"a": Param(1, 0, 9), "b": Param(default=-0.5), "c": Param(N)}\n'
    )
    assert defaults_of(text) == {"a": 1, "b": -0.5} and defaults_of("def") == {}
    assert tried_values({"a": 1, "b": 0.25, "c": 3}, defaults_of(text)) == "b=0.25, c=3"
    assert tried_values({"a": 1, "b": -0.5}, defaults_of(text)) == "the defaults"


def test_a_reference_far_from_the_scores_is_named_and_not_drawn(made, tmp_path):
    page = write_report([str(made)], tmp_path / "out").read_text()
    assert "Off the chart:" in page and "PPO, 40M frames 465.9" in page


# ---------------------------------------------------------------- the gap


def sample(returns, rules="{}", protocol="robust"):
    return Sample.of(protocol, rules, returns)


def test_over_fitting_is_said_where_the_interval_shows_it(record):
    train, sealed = sample([100.0, 101, 99, 100]), sample([50.0, 52, 48, 51])
    [_, words] = gap_of(replace(record, train=train, sealed=sealed, validation=sample([99.0, 100, 98, 101]))).sentences
    assert words.startswith("Train 100, sealed 50.25: 49.8 % lower under the same rules")
    assert "part of the train score is over-fitting" in words
    near = gap_of(replace(record, train=train, sealed=sample([98.0, 103, 100]), validation=None)).sentences[-1]
    assert "no over-fitting to be seen" in near


def test_other_rules_are_never_taken_for_over_fitting(record):
    train = sample([864.0], '{"noop_max": 1}', "weng2026")
    found = gap_of(replace(record, train=train, sealed=sample([851.0, 851.6], '{"noop_max": 30}'), validation=None))
    assert "1.47 % lower under other rules (weng2026 against robust)" in found.sentences[0]
    assert "not comparable as over-fitting" in found.sentences[0]


# ---------------------------------------------------------------- escaping


def test_texts_of_a_run_stay_texts_wherever_they_stand(played, tmp_path):
    write_report([str(played)], tmp_path / "out")
    pages = text_of(tmp_path / "out")
    for name, text in pages.items():
        if name.endswith(".html"):
            assert "<script>" not in text and "<img src=x" not in text and "onerror=alert(1)>" not in text, name
            assert len(re.findall("<script", text)) == 1, name
    assert "&lt;script&gt;" in pages["index.html"] and "&lt;script&gt;" in pages["versions/0001.html"]
    data = json.loads(pages["data.js"].removeprefix("fastheurData(").removesuffix(");\n"))
    assert any(EVIL in row for row in data["ideas"])


def test_no_page_asks_for_anything_outside_of_the_folder(played, tmp_path):
    write_report([str(played)], tmp_path / "out")
    for name, text in text_of(tmp_path / "out").items():
        assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:|//)""", text), name
        if name.endswith(".html"):
            assert (
                "default-src 'none'" in text
                and 'style="' not in text
                and not re.search(r"\son\w+=", re.sub("&[^;]*;.*", "", text))
            )


# ---------------------------------------------------------------- differences


def test_a_difference_is_the_same_whether_or_not_equal_ends_are_left_away():
    old = "".join(f"line {number}\n" for number in range(300))
    new = old.replace("line 150\n", "line 150, changed\nand one more\n").replace("line 157\n", "")
    whole = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "old", "new", "", "", 3, ""))[2:]
    found = [line for part in changes(old, new) for line in part.text.split("\n")]
    assert [line for line in found if line.strip()] == [line for line in whole if line.strip()]
    assert counted(changes(old, new)) == (2, 2)
    assert changes(old, old) == []


@pytest.mark.parametrize(
    ("old", "new"), [("", "a\n"), ("a\n", ""), ("a", "a\n"), ("a\nb", "a\nc"), ("x\n" * 9, "x\n" * 10)]
)
def test_a_difference_at_the_ends_of_a_text_is_found(old, new):
    added, removed = counted(changes(old, new))
    assert added + removed >= 1


def test_changed_lines_are_marked_and_escaped():
    html = "".join(map(changed, changes("a = 1\nb = '<'\n", "a = 1\nb = '&'\n")))
    assert "<del>-b = '&lt;'</del><ins>+b = '&amp;'</ins>" in html


# ---------------------------------------------------------------- table


def test_the_table_has_every_trial_once_and_versions_that_never_played(record):
    rows = rows_of(record)
    assert sorted(row.trial for row in rows if row.trial) == [trial.trial for trial in record.trials]
    [failed] = [row for row in rows if row.outcome == "failed"]
    assert failed.version == 4 and failed.trial is None and failed.text == "no act at all"
    assert {row.version for row in rows if row.role == "train" and row.idea} == {1, 2, 3, 4, 5}


def test_a_batch_of_a_search_is_one_row_with_its_rows_behind_it(made):
    run = Run.open(made)
    rows = rows_of(gather(run))
    run.close()
    heads = [place for place, row in enumerate(rows) if row.rows]
    assert heads
    for place in heads:
        inner = rows[place + 1 : place + 1 + rows[place].rows]
        assert {row.population for row in inner} == {rows[place].population}
        assert rows[place].env_steps == sum(row.env_steps for row in inner)
        assert rows[place].score == max(row.score for row in inner)


# ---------------------------------------------------------------- reproduce


def again(run_settings, folder):
    """The settings that the printed command composes to, given in a folder with the start policy."""
    command = command_of(run_settings)
    if command.start:
        (folder / command.start).parent.mkdir(exist_ok=True)
        (folder / command.start).write_text(run_settings.start)
    given = compose("learn", command.words)
    environment = command_settings.environment(given)
    return run_config(given, environment, command_settings.protocol(given, environment))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"agent": compose("learn", ["env=CartPole-v1", "agent=script", "agent.files=[a.py,'b c.py']"])["agent"]},
        {"agent": compose("learn", ["env=CartPole-v1", "agent.space={turn:[0,0.5]}", "agent.patience=2"])["agent"]},
        {
            "agent": compose("learn", ["env=CartPole-v1", "agent=command", r"agent.program=[sh,-c,'it\'s {folder}']"])[
                "agent"
            ]
        },
        {
            "budget": Budget(5_000, wall_s=60.0, must_use=True),
            "goal": 450.5,
            "threads": 3,
            "error": 0.01,
            "search_stall": 70,
        },
    ],
)
def test_the_printed_command_makes_the_same_run(changes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = config(**{"agent": compose("learn", ["env=CartPole-v1"])["agent"], **changes})
    assert again(mine, tmp_path).to_dict() == {**mine.to_dict(), "start_name": "start.py"}


def test_the_printed_command_knows_tasks_protocols_and_shipped_policies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = find_environment("atari/pong", {"noop_max": 7})
    protocol = find_protocol("robust", environment, max_steps=900, args={"repeat_action_probability": 0.1})
    random = (POLICIES / "random.py").read_text()
    agent = compose("learn", ["env=atari/pong", "agent=openai", "agent.model=some-model:7b"])["agent"]
    mine = settings(
        environment=environment, mode="native", protocol=protocol, start=random, start_name="random.py", agent=agent
    )
    command = command_of(mine)
    assert not any(word.startswith("start=") for word in command.words)
    assert again(mine, tmp_path).to_dict() == mine.to_dict()
    shipped = settings(agent=agent)
    assert "start=examples/breakout_start" in command_of(shipped).words
    assert again(shipped, tmp_path).to_dict() == shipped.to_dict()


@pytest.mark.parametrize(
    "value", ["plain", "two words", "it's", 'a"b', "back\\", "back\\'", "a,b", "null", "7", "[x]", "", "ü"]
)
def test_any_text_is_written_as_hydra_reads_it(value):
    found = compose("learn", ["env=CartPole-v1", "agent=openai", f"agent.model={literal(value)}"])
    assert found["agent"]["model"] == value


# ---------------------------------------------------------------- the folder


def test_a_new_report_replaces_its_own_files_and_leaves_all_others(made, played, tmp_path):
    out = tmp_path / "out"
    write_report([str(made)], out)
    pages = set(text_of(out))
    assert "versions/0003.html" in pages
    (out / "versions" / "mine.txt").write_text("mine")
    write_report([str(played)], out)
    left = set(text_of(out))
    assert "versions/0003.html" not in left and "versions/0001.html" in left
    assert (out / "versions" / "mine.txt").read_text() == "mine"
    first = text_of(out)
    write_report([str(played)], out)
    assert text_of(out) == first


def test_a_folder_with_other_things_is_refused(played, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="holds files and no report"):
        write_report([str(played)], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(ConfigError, match=r"cannot be written to /proc/.*; give another out=FOLDER"):
        write_report([str(played)], "/proc/report")
    with pytest.raises(ConfigError, match="is a file"):
        write_report([str(played)], tmp_path / "thesis.tex")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text('{"files": ["../thesis.tex"]}')
    (tmp_path / "out" / "mine").mkdir()
    (tmp_path / "out" / "report.json").write_text('{"files": ["../thesis.tex", "mine"]}')
    write_report([str(played)], tmp_path / "out")
    assert (tmp_path / "thesis.tex").exists() and (tmp_path / "out" / "mine").is_dir()


def test_a_report_stays_small(made, tmp_path):
    write_report([str(made)], tmp_path / "out")
    size = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert size < 300 * 3_500


def test_replays_are_taken_over_and_missing_ones_are_named(played, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    (folder / "replays").mkdir()
    for name in ("trial1-episode0.mp4", "trial1-episode0.png", "v1-v3-episode2.png", "trial1-episode0.csv"):
        (folder / "replays" / name).write_bytes(name.encode())
    (folder / "replays" / "trial1-episode0.json").write_text('{"title": "v1, episode 0 <b>"}')
    page = write_report([str(folder)]).read_text()
    assert (folder / "report/replays/trial1-episode0.mp4").read_bytes() == b"trial1-episode0.mp4"
    assert 'src="replays/trial1-episode0.mp4"' in page and 'poster="replays/trial1-episode0.png"' in page
    assert "v1, episode 0 &lt;b&gt;" in page and "v1-v3-episode2" in page
    run = Run.open(folder)
    wanted = missing(gather(run), found_in(folder))
    run.close()
    assert [one.version for one in wanted] == [3]
    assert "No replay yet of champion v3" in page and f"fastheur report {folder} replays=champions" in page
    write_report([str(folder)], replays="none")
    assert not (folder / "report/replays").exists() and (folder / "replays/trial1-episode0.mp4").exists()


def test_replays_of_the_champions_are_made_where_they_are_wanted(played, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    told = []
    page = write_report([str(folder)], replays="champions", say=told.append).read_text()
    assert len(told) == 2 and all("return" in line for line in told)
    assert page.count("<video") == 2 and "No replay yet" not in page
    write_report([str(folder)], replays="champions", say=told.append)
    assert len(told) == 2  # once is enough


# ---------------------------------------------------------------- many, and the verb


def test_many_runs_and_ledgers_get_one_index(made, played, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, run in (("one", played), ("two", made)):
        shutil.copytree(run, tmp_path / "runs" / name)
    words = ["eval", "env=CartPole-v1", "policy=p.py", "episodes=2", "ledger=runs/ledger.db", "isolation=none"]
    (tmp_path / "p.py").write_text(START)
    assert main(words) == 0
    capsys.readouterr()
    assert main(["report", "runs"]) == 0
    assert capsys.readouterr().out == "runs/report/index.html\n"
    page = (tmp_path / "runs/report/index.html").read_text()
    assert page.count("<tr>") == 1 + 3 and page.count('class="spark"') == 3
    assert 'href="one/index.html"' in page and "p.py" in page
    assert (tmp_path / "runs/report/two/versions/0001.html").exists()
    assert 'href="../report.css"' in (tmp_path / "runs/report/two/index.html").read_text()
    assert main(["report", "one", "two", "out=both"]) == 0
    assert (tmp_path / "both/one/index.html").exists()
    assert main(["report", "one"]) == 0 and (tmp_path / "runs/one/report/index.html").exists()
    assert "run_versions" not in (tmp_path / "runs/ledger.db").read_bytes().decode("latin-1"), (
        "an eval ledger stays one"
    )


def test_a_suite_is_summed_up_by_mode_protocol_and_split(tmp_path):
    games = list(atari_table())[:7]
    with Ledger(tmp_path / "ledger.db") as ledger:
        for number, env_id in enumerate(games):
            for score in (100.0 * number, 200.0 * number):
                setting = Setting(env_id, "ram", "robust", "train", {}, False, "a/b/c/p.py", "0" * 64, {"gain": 2.0})
                policy = SimpleNamespace(name="a/b/c/p.py", source="", sha256="0" * 64)
                [trial] = ledger.start([TrialStart("p", setting, policy, 8, 2, {})])
                episodes = [Episode(0, n, score + n, 100, True, 0, 5, 0, 0, 0, f"{n}", False) for n in (0, 1)]
                ledger.add_episodes(trial, "train", episodes)
                ledger.finish(trial, Scorecard(setting, tuple(episodes), Cost(200, 1, 1, 8, 2)), "finished")
    entries = ledger_entries(tmp_path / "ledger.db")
    assert [entry.task for entry in entries] == sorted(snake for snake in (entry.task for entry in entries))
    assert all(entry.tried == 2 and entry.frames == 400 and entry.policy == "b/c/p.py (1 params)" for entry in entries)
    assert entries[1].score == 200.5 and entries[1].low <= 200.5 <= entries[1].high
    [whole] = summaries(entries)
    assert whole.games == 7 and whole.median == pytest.approx(np.median([entry.hns for entry in entries]))
    page = write_report([str(tmp_path / "ledger.db")]).read_text()
    assert "median HNS, ram, robust, train" in page and page.count('class="spark"') == 7


def test_names_with_any_letters_make_links_that_work(made, tmp_path):
    for name in ("a run #1?", "b%20"):
        shutil.copytree(made, tmp_path / "runs" / name)
    page = write_report([str(tmp_path / "runs")]).read_text()
    assert 'href="a%20run%20%231%3F/index.html"' in page and 'href="b%2520/index.html"' in page
    data = (tmp_path / "runs/report/a run #1?/data.js").read_text()
    assert json.dumps(shlex.quote(str(tmp_path / "runs" / "a run #1?"))) in data


def test_what_is_no_run_is_refused_in_words(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for words, reason in (
        (["report"], "takes RUN ..."),
        (["report", "nothing"], "no run"),
        (["report", "empty"], "holds no run"),
    ):
        assert main(words) == 2
        assert reason in capsys.readouterr().err
    with pytest.raises(ConfigError, match="existing, champions or none"):
        write_report(["x"], replays="all")


def test_a_folder_of_runs_is_all_of_them(made, tmp_path):
    shutil.copytree(made, tmp_path / "a")
    found = subjects_of([str(tmp_path)])
    assert found.runs == (tmp_path / "a",) and found.ledgers == ()
    assert subjects_of([str(tmp_path / "a")]).home == tmp_path / "a"


def test_a_run_whose_start_failed_or_never_ended_still_has_a_page(tmp_path, monkeypatch):
    play_here(monkeypatch)
    with pytest.raises(ConfigError), lab_in(tmp_path / "run", start="OBS = 'state'\n"):
        pass
    page = write_report([str(tmp_path / "run")]).read_text()
    assert "Nothing was decided yet." in page and "There is no champion yet." in page


def test_scores_beyond_all_sense_are_unknown_and_break_nothing(tmp_path):
    made = make_run(tmp_path / "run", 40)
    with closing(Run.open(made)) as run:
        for version, score in ((2, float("inf")), (3, float("nan")), (4, -1e200), (5, -1e12), (6, None)):
            run.ledger.change_version(version, score=score)
        for kind in ("note", "summary"):
            run.ledger.add_memory(kind, f"\r\n\t\x00\u2028日本語{EVIL}", 1)
        scores = [idea.score for idea in gather(run).ideas[1:6]]
    assert scores == [None, None, None, -1e12, None]
    write_report([str(made)], tmp_path / "out")
    for name, text in text_of(tmp_path / "out").items():
        assert not re.search(r"\b(nan|inf|NaN|Infinity)\b", text) or name.endswith(("report.js", "report.css")), name


def test_a_run_whose_first_version_has_a_score_and_no_verdict_yet_has_a_page(tmp_path):
    made = make_run(tmp_path / "run", 1, over=False)
    with closing(Run.open(made)) as run:
        run.ledger.change_version(1, verdict="open", reign=None)
    page = write_report([str(made)], tmp_path / "out").read_text()
    assert "There is no champion yet." in page and "undecided <b>1</b>" in page


def test_a_run_in_a_folder_that_cannot_be_written_has_a_report_elsewhere(made, tmp_path, monkeypatch):
    write_report([str(made)], tmp_path / "usual")
    before = {path: path.stat().st_mtime_ns for path in made.iterdir()}
    monkeypatch.setattr("os.access", lambda path, mode: not Path(path).is_relative_to(made))
    monkeypatch.setattr(Run, "open", lambda folder, usual=Run.open: usual(folder) if folder != made else pytest.fail())
    write_report([str(made)], tmp_path / "out")
    assert text_of(tmp_path / "out") == text_of(tmp_path / "usual")
    assert {path: path.stat().st_mtime_ns for path in made.iterdir()} == before


def test_runs_of_any_name_have_a_folder_of_their_own_and_are_told_apart(made, tmp_path):
    for folder in ("a/run", "b/run", "b/report.css", "b/index.html"):
        shutil.copytree(made, tmp_path / folder)
    page = write_report([str(tmp_path / "a/run"), str(tmp_path / "b")], tmp_path / "out").read_text()
    names = re.findall(r'<td><a href="([^"]+)/index.html">([^<]+)</a>', page)
    assert sorted(names) == [(name, name) for name in ("index.html-2", "report.css-2", "run", "run-2")]


def test_the_forgetting_matrix_tells_who_lost_what(made, tmp_path):
    page = write_report([str(made)], tmp_path / "out").read_text()
    run = Run.open(made)
    matrix = gather(run).matrix
    run.close()
    assert matrix.cases and all(f">{case.name}<" in page for case in matrix.cases)
    assert page.count('class="h-kept"') == matrix.counts["kept"]
    for event in matrix.events:
        assert f"<b>{event.case}</b>" in page
