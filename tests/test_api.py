"""The Python interface: learning in one call, and results that show themselves in a terminal and in a notebook."""

import html.parser
import io
import json
from typing import ClassVar

import pytest
import yaml
from labs import START, STRONG, play_here
from rich.console import Console

import fastheur
from fastheur import score_view
from fastheur.budget import Budget
from fastheur.errors import ConfigError
from fastheur.learn_result import LearnResult
from fastheur.resources import CONF
from fastheur.runs import Run

SMALL = {"train_episodes": 4, "validation_episodes": 16, "confirm_episodes": 3, "isolation": "none", "slots": 8}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in, with a start policy; everything is played in this process."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "start.py").write_text(START)
    (tmp_path / "strong.py").write_text(STRONG)
    play_here(monkeypatch)
    return tmp_path


class OneIdea:
    """An agent of the caller's own: tries one text and charges for it."""

    replays: ClassVar[bool] = True
    waits: ClassVar[bool] = False

    def check(self, settings, source):
        assert source == START and settings["name"] == "OneIdea"

    def run(self, door, assignment):
        door.charge(100, 0.5)
        door.call("trial", {"source": STRONG, "hypothesis": "<b>turning</b> & speed"})


def test_learning_with_the_tuner(here, capsys):
    found = fastheur.learn(
        "CartPole-v1", start="start.py", name="one", budget=30_000, seed=3, search={"population": 4},
        agent={"name": "tuner", "round_steps": 8_000, "patience": 1}, **SMALL,
    )  # fmt: skip
    assert isinstance(found, LearnResult) and str(found.folder) == "runs/one"
    assert found.start.score < found.champion.score and found.score == found.confirmed["score_mean"] > 100
    assert 0 < found.env_steps <= 30_000 and found.tried > 1 and found.reason and len(found.secret) == 64
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    run = Run.open("one")
    try:
        assert run.config.search_population == 4 and run.config.search_episodes == 4 and run.config.seed == 3
        assert run.config.agent["sampler"] == "tpe" and run.config.agent["patience"] == 1
    finally:
        run.close()


def test_an_agent_of_ones_own_and_what_the_result_shows(here, capsys):
    start = fastheur.load_policy("start.py")
    found = fastheur.learn(
        "CartPole-v1", start=start, agent=OneIdea(), name=here / "two", budget={"env_steps": 60_000, "tokens": 1000},
        progress=True, **SMALL,
    )  # fmt: skip
    assert found.champion.source == STRONG and (found.tokens, found.money) == (100, 0.5)
    assert "v2" in capsys.readouterr().err
    assert f"confirmed {found.score:,.2f}" in repr(found) and repr(found).count("\n") == 0
    text = str(found)
    assert "100 tokens used, for $0.50." in text and "sealed seeds: secret" in text.lower() and "champion" in text
    page = found._repr_html_()
    assert "<b>" not in page and found.confirmed["policy_sha256"] in page
    well_formed(page)


def test_a_run_that_spent_its_budget_is_confirmed_and_over(here):
    found = fastheur.learn(
        "CartPole-v1",
        start="start.py",
        agent={"name": "script", "files": ["strong.py"]},
        name="one",
        budget=Budget(700),
        **SMALL,
    )
    assert found.champion == found.start and found.confirmed and found.env_steps <= 700
    with pytest.raises(ConfigError, match="over and its champion confirmed"):
        fastheur.learn(resume="one", budget=60_000)


class Stops(OneIdea):
    """Is interrupted at its first thought."""

    def check(self, settings, source):
        pass

    def run(self, door, assignment):
        raise KeyboardInterrupt


def test_ctrl_c_keeps_the_run_and_resume_goes_on(here):
    with pytest.raises(KeyboardInterrupt):
        fastheur.learn("CartPole-v1", start="start.py", agent=Stops(), name="one", budget=60_000, **SMALL)
    assert fastheur.load("one").facts["status"] == "open"
    with pytest.raises(ConfigError, match="There is no agent 'Stops'"):
        fastheur.learn(resume="one")
    found = fastheur.learn(resume=here / "runs/one", agent=OneIdea(), budget={"env_steps": 70_000})
    assert found.champion.source == STRONG and found.config.budget.env_steps == 70_000


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"train_episode": 4}, r"no setting train_episode, .* Did you mean train_episodes"),
        ({"budget": {"steps": 4}}, r"no setting budget.steps, .* Did you mean env_steps"),
        ({"budget": "many"}, "budget.env_steps is 'many'"),
        ({"agent": "tunner"}, r"no agent 'tunner', .* Did you mean tuner"),
        ({"agent": {"name": "script", "file": []}}, r"no setting agent.file, "),
        ({"agent": "script"}, "agent=script needs policy files"),
        ({"search": 8}, "search is 8, expected search.NAME=VALUE"),
        ({"agent": 3}, "agent is 3, expected a name"),
        ({"start": 3}, "start is 3, expected a file"),
        ({"protocol": 3}, "protocol is 3, expected a name"),
        ({"start": "none.py"}, "Cannot read the start policy none.py"),
        ({"resume": "one"}, "Found env beside resume"),
        ({"budget": {"tokens": 5}}, "budget.tokens and budget.money work with agent=openai"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_made(here, settings, said):
    with pytest.raises(ConfigError, match=said):
        fastheur.learn("CartPole-v1", **settings)
    with pytest.raises(ConfigError, match="No task was given"):
        fastheur.learn()
    assert not (here / "runs").exists()


def test_its_docstring_names_every_setting_of_the_verb():
    known = yaml.safe_load((CONF / "learn.yaml").read_text())
    for name in [*(name for name in known if name != "defaults"), *known["budget"]]:
        assert f"{name}" in fastheur.learn.__doc__, name


def well_formed(page):
    """Every element is closed, and nothing is fetched or run."""
    open_ones = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            assert tag not in ("script", "link", "img", "iframe") and not {"href", "src"} & set(dict(attributes))
            open_ones.append(tag)

        def handle_endtag(self, tag):
            assert open_ones.pop() == tag

        def handle_startendtag(self, tag, attributes):
            assert tag == "path"

    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not open_ones


def test_a_scorecard_shows_itself_in_a_notebook_and_a_terminal(here):
    card = fastheur.evaluate("start.py", "CartPole-v1", episodes=20)
    page = card._repr_html_()
    well_formed(page)
    low, high = card.interval
    for text in (f"{card.mean:,.2f}", f"{low:.2f} .. {high:.2f}", "start.py with far=0, turn=0", card.setting.policy_sha256,
                 "20 episodes", "default, split train", "<svg", f"20 returns from {min(card.returns):g}"):  # fmt: skip
        assert text in page, text
    assert repr(card) == f"<Scorecard {card}>"
    text = io.StringIO()
    Console(file=text, width=100).print(card)
    assert "CartPole-v1 state" in text.getvalue() and f"{low:,.1f}..{high:,.1f}" in text.getvalue()


def test_what_stands_in_a_scorecard_is_escaped(here):
    card = fastheur.evaluate("start.py", "CartPole-v1", episodes=2)
    evil = "<script>alert('&')</script>"
    values = card.to_dict() | dict.fromkeys(
        ("env_id", "obs_mode", "protocol", "split", "policy", "policy_sha256"), evil
    )
    values["params"] = {evil: 1.0}
    page = score_view.as_html(values, evil)
    well_formed(page)
    assert page.count("&lt;script&gt;") == 8 and "<script>" not in page


def test_a_scorecard_without_a_score_or_with_equal_returns_shows_no_strip(here):
    card = fastheur.evaluate("start.py", "CartPole-v1", episodes=1)
    values = json.loads(json.dumps(card.to_dict()))
    assert "<svg" not in score_view.as_html(values) and "<svg" not in score_view.as_html(
        values | {"returns": [3.0] * 9}
    )
    assert "<svg" not in score_view.as_html(values | {"returns": [], "score_mean": None})
    assert "<svg" in score_view.as_html(values | {"returns": [1.0, 2.0], "score_mean": None})
    many = score_view.as_html(values | {"returns": [float(number) for number in range(100_000)]})
    assert len(many) < 12_000
