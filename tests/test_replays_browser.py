"""Replays of every suite, and of every kind of trial that a run has, play in headless Chromium: right size, length and speed."""

import pytest
from browsers import opened
from recalled_runs import make_run, trials_of

from fastheur.evaluation import evaluate
from fastheur.replays import replay

TASKS = {
    "ram": ("atari/breakout", {"obs": "ram", "max_steps": 240}),
    "native": ("atari/breakout", {"obs": "native", "max_steps": 200, "protocol": "robust"}),
    "mujoco": ("mujoco/half_cheetah", {"max_steps": 60}),
    "faster than 60 per second": ("mujoco/hopper", {}),
    "vizdoom": ("vizdoom/d3_battle", {"max_steps": 60}),
    "cartpole": ("CartPole-v1", {}),
}
_PLAY = """
document.body.innerHTML = '';
const video = document.createElement('video');
video.muted = true; video.src = arguments[0]; video.id = 'it';
document.body.append(video);
video.play().catch(error => { video.dataset.problem = String(error); });
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    (folder / "page.html").write_text("<!doctype html><title>Replays</title><body></body>")
    with opened(folder) as browser:
        browser.open(folder / "page.html")
        yield browser


def plays(browser, made):
    """The video of a replay goes on by itself, and is as its facts say."""
    facts = made.facts
    browser.run(_PLAY, made.video.resolve().as_uri())
    browser.wait(
        "const it = document.getElementById('it'); return it.currentTime > 0.1 || it.dataset.problem || it.error"
    )
    found = browser.run(
        "const it = document.getElementById('it');"
        "return [it.dataset.problem || null, it.videoWidth, it.videoHeight, it.duration]"
    )
    assert found[:3] == [None, facts["width"], facts["height"]]
    return found[3]


@pytest.mark.parametrize("name", TASKS)
def test_an_episode_of_every_suite_plays_at_its_true_speed(name, browser, tmp_path):
    env, settings = TASKS[name]
    card = evaluate("random", env, episodes=1, ledger=tmp_path / "ledger.db", **settings)
    made = replay(tmp_path / "ledger.db", isolation="none", trace=None)
    assert made.facts["action_hash_equal"] and made.facts["pictures_per_s"] <= 60
    seconds = (card.episodes[0].length + 1) / made.facts["frames_per_s"]
    assert plays(browser, made) == pytest.approx(seconds, abs=2 / made.facts["pictures_per_s"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("role", ["train", "validation", "golden", "search", "sealed"])
def test_a_trial_of_every_role_of_a_run_plays(role, run, browser, tmp_path):
    made = replay(run, trial=trials_of(run, role)[-1], out=tmp_path, isolation="none", trace=None)
    assert made.facts["role"] == role
    plays(browser, made)


def test_two_versions_beside_one_another_play(run, browser, tmp_path):
    made = replay(run, trial="v2", episode="changed", out=tmp_path, isolation="none", trace=None)
    assert plays(browser, made) > 2.0  # the last picture stays
