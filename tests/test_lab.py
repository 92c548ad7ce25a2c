"""The Lab: what is tried is judged, kept and charged; what is not worth playing costs nothing."""

import sqlite3

import pytest
from labs import LOOP, START, STRONG, WEAK, charged, lab_in, tried

from fastheur.budget import Budget
from fastheur.engines import make_engine
from fastheur.errors import ConfigError, RunOver
from fastheur.limits import Limits
from fastheur.runs import Run
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task


@pytest.fixture
def lab(tmp_path):
    with lab_in(tmp_path / "run") as lab:
        yield lab


@pytest.fixture(scope="module")
def any_lab(tmp_path_factory):
    """A Lab that several tests send their nonsense to."""
    with lab_in(tmp_path_factory.mktemp("any") / "run") as lab:
        yield lab


def ledger_rows(lab, query):
    with sqlite3.connect(lab.run.folder / "ledger.db") as db:
        return db.execute(query).fetchall()


def test_the_start_policy_is_the_first_champion(lab):
    champion = lab.run.ledger.champion
    assert (champion.name, champion.source, champion.parent) == ("v1", START, None)
    assert champion.score < 100
    assert (lab.run.folder / "champion.py").read_text() == START


def test_a_better_candidate_becomes_champion_through_the_gate(lab):
    answer = tried(lab, STRONG, "turning speed matters")
    assert answer.data["promoted"] and answer.data["difference"] > 100
    assert "validation" in answer.text or "sign-flip" in answer.text
    assert lab.run.ledger.champion.source == STRONG
    assert (lab.run.folder / "champion.py").read_text() == STRONG
    roles = lab.run.ledger.steps_by_role()
    assert roles["validation"] > 0 and roles["golden"] > 0
    assert "simplification" in answer.text


def test_a_worse_candidate_costs_no_validation_and_is_kept_with_its_reason(lab):
    answer = tried(lab, WEAK, "wait a little")
    assert not answer.data["promoted"]
    assert "train" in answer.data["reason"]
    assert "validation" not in lab.run.ledger.steps_by_role()
    version = lab.run.ledger.versions()[-1]
    assert (version.verdict, version.hypothesis, version.parent) == ("rejected", "wait a little", 1)


def test_what_wins_on_train_and_loses_on_validation_is_not_promoted(lab):
    seeds = episode_seeds("train", 0, 4)
    environment = find_environment("CartPole-v1")
    protocol = find_protocol(None, environment)
    engine = make_engine("auto", make_task(environment, "state", protocol), protocol)
    first = next(engine.episodes(seeds, 4))
    known = " or ".join(f"abs(obs[0] - {float(obs[0])!r}) < 1e-6" for obs in first.obs)
    memorised = STRONG.replace(
        "def act(obs, info, state, params):\n",
        "STATE = [('known', 'i8')]\ndef act(obs, info, state, params):\n"
        f"    if info.elapsed == 0:\n        state.known = 1 if {known} else 0\n"
        "    if state.known == 0:\n        return 0\n",
    )
    answer = tried(lab, memorised, "I know these episodes")
    assert answer.data["score_mean"] > lab.run.ledger.champion.score
    assert not answer.data["promoted"]
    assert "hopeless" in answer.text or "not shown to be better" in answer.text
    assert lab.run.ledger.steps_by_role()["validation"] > 0
    assert lab.run.ledger.champion.name == "v1"


def test_a_lost_golden_case_stops_a_promotion_unless_allowed_by_name(lab):
    lab.call("golden", {"name": "impossible", "episode": 5, "floor": 501})
    answer = tried(lab, STRONG)
    assert not answer.data["promoted"]
    assert "impossible" in answer.data["reason"] and answer.data["lost_golden"] == ["impossible"]
    allowed = tried(lab, STRONG + "\n# once more\n", allow_loss=["impossible"])
    assert allowed.data["promoted"]
    outcomes = lab.run.ledger.outcomes()
    assert outcomes[2, "impossible"] < 501 and outcomes[3, "impossible"] < 501


def test_a_text_that_lost_a_golden_case_is_decided_again_once_the_loss_is_allowed(lab):
    lab.call("golden", {"name": "impossible", "episode": 5, "floor": 501})
    assert not tried(lab, STRONG).data["promoted"]
    assert tried(lab, STRONG).data["status"] == "known"
    again = tried(lab, STRONG, allow_loss=["impossible"])
    assert again.data["promoted"] and again.data["version"] == lab.run.ledger.champion.version == 2
    assert tried(lab, STRONG, allow_loss=["impossible"]).data["status"] == "known"


def test_a_simpler_program_that_plays_the_same_becomes_champion(lab):
    shorter = START.replace("    if params.far:\n        lean += 0.05 * obs[1]\n", "").replace(
        ', "far": Param(0, choices=(0, 1))', ""
    )
    answer = tried(lab, shorter, "without the switch that is off")
    assert answer.data["promoted"] and "simpler" in answer.data["reason"]


def test_the_same_text_again_is_answered_from_the_ledger(lab):
    first = tried(lab, WEAK)
    before = charged(lab)
    again = tried(lab, WEAK, "maybe now")
    assert charged(lab) == before
    assert again.data["status"] == "known" and again.data["version"] == first.data["version"]
    assert len(lab.run.ledger.versions()) == 2


def test_a_look_under_another_protocol_gives_a_score_and_no_verdict(tmp_path):
    breakout = find_environment("atari/breakout")
    robust = find_protocol("robust", breakout, max_steps=300)
    still = 'OBS = "ram"\n\n\ndef act(obs, info, state, params):\n    return {}\n'
    settings = {
        "environment": breakout,
        "mode": "ram",
        "protocol": robust,
        "train_episodes": 2,
        "start": still.format(0),
    }
    with lab_in(tmp_path / "run", **settings) as lab:
        seen = tried(lab, still.format(1), "fire", protocol="weng2026")
        assert (seen.data["status"], seen.data["promoted"], seen.data["protocol"]) == ("seen", False, "weng2026")
        assert "under weng2026" in seen.text and "No verdict" in seen.text
        version = lab.run.ledger.versions()[-1]
        assert version.verdict == "open" and version.trial is None
        before = charged(lab)
        assert tried(lab, still.format(1), "fire", protocol="weng2026").data["score_mean"] == seen.data["score_mean"]
        assert charged(lab) == before
        traced = lab.call("trace", {"trial": seen.data["trial"], "episode": 0, "around": "end", "last": 3})
        assert "FIRE" in traced.text
        before = charged(lab)
        for settings, label in (({"protocol": "weng2026"}, "weng2026"), ({"episodes": 1}, "robust")):
            short = tried(lab, still.format(1), "fire", max_steps=40, **settings)
            assert (short.data["status"], short.data["protocol"]) == ("seen", f"{label} max_steps=40")
            assert charged(lab) - before == 40
            traced = lab.call("trace", {"trial": short.data["trial"], "episode": 0, "around": "end", "last": 3})
            assert "40" in traced.text and charged(lab) - before == 80
            before = charged(lab)
        with pytest.raises(ConfigError, match="max_steps=300 cuts nothing: episodes end after 300 env steps"):
            tried(lab, still.format(1), "fire", max_steps=300)
        answer = tried(lab, still.format(1), "fire")  # what was only looked at is tried when it is sent again
        assert answer.data["status"] in ("promoted", "rejected")
        assert lab.run.ledger.version_of(version.policy_sha256).verdict in ("champion", "rejected")
        with pytest.raises(ConfigError, match="There is no protocol 'robsut'"):
            tried(lab, still.format(2), "right", protocol="robsut")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("I think the pole should be balanced by pushing.", "syntax error"),
        ("x" * 50_000_000, "50,000,000 bytes"),
        ("def act():\n    return 0\0", "binary"),
        ("   \n", "empty"),
        ("\udcff\udcfe", "UTF-8"),
        (START.replace("from fastheur.policy", "import os\nfrom fastheur.policy"), "imports 'os'"),
        (START.replace("1 if lean > 0.0 else 0", "7"), "returned the action 7"),
    ],
    ids=["prose", "50 MB", "binary", "empty", "bytes", "import", "bad action"],
)
def test_what_is_no_policy_is_told_so_and_the_run_goes_on(any_lab, source, found):
    answer = tried(any_lab, source)
    assert found in answer.text
    assert answer.data["status"] in ("refused", "failed")
    assert (any_lab.run.folder / "ledger.db").stat().st_size < 5_000_000
    assert tried(any_lab, f"{WEAK}# after {found}\n").data["status"] == "rejected"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"isolation": "none", "idle_s": 4.0}, "no env step in 4 s"),
        ({"isolation": "process", "limits": Limits(call_s=1.0)}, "no answer within 1 s"),
        ({"isolation": "strict", "limits": Limits(call_s=1.0)}, "no answer within 1 s"),
    ],
    ids=["none", "process", "strict"],
)
def test_a_policy_that_hangs_is_killed_and_the_next_one_plays(tmp_path, settings, words):
    with lab_in(tmp_path / "run", **settings) as lab:
        answer = tried(lab, LOOP, "round and round")
        assert answer.data["status"] == "failed" and words in answer.text
        assert lab.run.ledger.versions()[-1].verdict == "failed"
        assert tried(lab, WEAK).data["status"] == "rejected"
        assert ledger_rows(lab, "SELECT count(*) FROM trials WHERE status = 'failed'") == [(1,)]


def test_a_search_finds_the_parameter_and_writes_it_into_the_source(lab):
    answer = lab.call("search", {"source": START, "steps": 20_000, "hypothesis": "tune"})
    assert answer.data["promoted"] and answer.data["best"]["turn"] > 0
    champion = lab.run.ledger.champion
    assert f"Param({answer.data['best']['turn']!r}" in champion.source
    assert champion.hypothesis.startswith("tune: ")
    again = lab.call("search", {"source": START, "steps": 20_000, "hypothesis": "tune"})
    assert again.data["generations"] > answer.data["generations"]


def test_a_trial_can_be_traced_and_only_a_train_trial(lab):
    answer = lab.call("trace", {"trial": 1, "episode": 0, "around": "end", "last": 5})
    assert "obs" in answer.text.lower()
    tried(lab, STRONG)
    validation = ledger_rows(lab, "SELECT trial FROM trials WHERE split = 'validation'")[0][0]
    with pytest.raises(ConfigError, match="only the harness sees"):
        lab.call("trace", {"trial": validation, "episode": 0})
    with pytest.raises(ConfigError, match="no trial 999"):
        lab.call("trace", {"trial": 999, "episode": 0})


def test_probes_are_charged(lab):
    before = charged(lab)
    answer = lab.call("probe", {"kind": "values", "steps": 300})
    assert "obs" in answer.text.lower()
    assert 0 < charged(lab) - before <= 300


def test_memory_is_kept_and_shown_in_the_next_brief(lab):
    lab.call("note", {"text": "The pole falls slowly at first."})
    lab.call("failed_direction", {"text": "Pushing at random."})
    brief = lab.call("brief", {}).text
    assert "falls slowly" in brief and "Pushing at random" in brief
    assert "Pushing at random" in (lab.run.folder / "memory.md").read_text()
    assert START.splitlines()[0] in brief
    with pytest.raises(ConfigError, match="empty"):
        lab.call("note", {"text": "  "})


def test_finish_ends_the_run_and_must_use_does_not_let_it(tmp_path):
    with lab_in(tmp_path / "a") as lab:
        assert lab.call("finish", {"reason": "enough"}).over == "finished: enough"
        with pytest.raises(RunOver, match="enough"):
            lab.call("brief", {})
    with lab_in(tmp_path / "b", budget=Budget(50_000, must_use=True)) as lab:
        with pytest.raises(ConfigError, match="whole budget"):
            lab.call("finish", {"reason": "enough"})
        assert lab.over is None


def test_whichever_budget_is_spent_first_ends_the_run(tmp_path):
    with lab_in(tmp_path / "steps", budget=Budget(3_000)) as lab:
        answers = [tried(lab, STRONG + f"# {turn}\n") for turn in range(3) if lab.over is None]
        assert answers[-1].over and "env steps" in answers[-1].over
        assert charged(lab) <= 3_000
        with pytest.raises(RunOver):
            tried(lab, WEAK)
    with lab_in(tmp_path / "tokens", budget=Budget(50_000, tokens=100)) as lab:
        lab.charge(99, None)
        with pytest.raises(RunOver, match="100 tokens"):
            lab.charge(1, 0.5)
        assert lab.spent.tokens == 100 and lab.spent.money == 0.5
    with lab_in(tmp_path / "money", budget=Budget(50_000, money=1.0)) as lab:
        lab.charge(None, None)
        assert lab.spent.tokens is None
        with pytest.raises(RunOver, match=r"\$1.00"):
            lab.charge(None, 1.0)


def test_a_budget_too_small_for_one_episode_says_so(tmp_path):
    with pytest.raises(ConfigError, match="does not reach"), lab_in(tmp_path / "run", budget=Budget(10)):
        pass


def test_a_start_policy_that_breaks_the_contract_says_so(tmp_path):
    with (
        pytest.raises(ConfigError, match=r"cannot be played: .*defines neither"),
        lab_in(tmp_path / "run", start="x = 1"),
    ):
        pass


def test_a_run_folder_has_one_user_at_a_time(lab):
    with pytest.raises(ConfigError, match="in use by another process"):
        Run.open(lab.run.folder, lock=True)
