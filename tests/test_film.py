"""What is shown of an episode: each decision with what it was taken on and the state after it, and what is done behind."""

import threading

import pytest

from fastheur.engines import make_engine
from fastheur.host import Candidate
from fastheur.places import find_place
from fastheur.replaying.film import Behind, Film, action_words
from fastheur.replaying.scene import Scene, play
from fastheur.replaying.steps import Steps, step_rows
from fastheur.seeds import episode_seeds
from fastheur.spec import ActionSpec
from fastheur.tasks import find_environment, find_protocol, make_task

COUNTS = """OBS = 'state'
STATE = [('seen', 'i8'), ('lean', 'f8'), ('past', 'f8', (2, 2))]
MARKS = {'pole': ('seen', 10.0)}
def act(obs, info, state, params):
    state.seen += 1
    state.lean = obs[2]
    state.past[1, 0] = info.elapsed
    return state.seen % 2
"""


@pytest.fixture(scope="module")
def scene():
    environment = find_environment("CartPole-v1")
    protocol = find_protocol(None, environment)
    policy = find_place("none").load(COUNTS, "counts.py")
    seed = episode_seeds("train", 0, 1)[0]
    return Scene(make_task(environment, None, protocol), protocol, Candidate(policy, {}), 0, seed)


def steps_of(scene):
    bare = Steps(details=True)
    [episode] = play([scene], make_engine("envpool", scene.task, scene.protocol), find_place("none"), bare)
    return episode, bare.tables[0]


def frames_of(scene, wanted=lambda step: True):
    engine, frames = make_engine("envpool", scene.task, scene.protocol, pictures=True), []
    film = Film([engine], lambda _, frame: frames.append(frame), wanted, [scene.candidate.policy.marks])
    play([scene], engine, find_place("none"), film)
    return frames


def test_a_frame_has_what_was_seen_and_the_state_after_the_decision(scene):
    episode, table = steps_of(scene)
    frames = frames_of(scene)
    assert [frame.step for frame in frames] == list(range(episode.length + 1))
    assert [frame.state["seen"] for frame in frames] == [*range(1, episode.length + 1), episode.length]
    assert [frame.action for frame in frames] == [*map(str, table.actions.rows), ""]
    assert [frame.score for frame in frames] == [row.score for row in step_rows(table)]
    assert frames[4].marks[0].label == "pole" and frames[4].marks[0].x == 5
    assert (frames[0].picture != frames[-1].picture).any()


def test_frames_that_nobody_wants_are_not_made_and_the_end_always_is(scene):
    frames = frames_of(scene, lambda step: step == 3)
    assert len(frames) == 2 and frames[0].step == 3
    assert frames[1].action == "" and frames[1].state["seen"] == frames[1].step


def test_the_steps_of_an_episode_say_what_it_returned(scene):
    episode, table = steps_of(scene)
    assert len(table) == episode.length == len(table.state) == len(table.obs)
    assert table.scores.rows[-1] == episode.ret and table.rewards.rows.sum() == episode.ret
    assert table.state_names == ["seen", "lean", "past[0,0]", "past[0,1]", "past[1,0]", "past[1,1]"]
    assert (table.state.rows[:, 1] == table.obs.rows[:, 2]).all() and table.whole == [True] + [False] * 5


def test_a_scene_may_be_played_in_part(scene):
    episode, table = steps_of(scene.first(5))
    whole, _ = steps_of(scene)
    assert episode.length == len(table) == 5 < whole.length and episode.cut
    assert steps_of(scene.first(10_000))[0] == whole


@pytest.mark.parametrize(
    ("kind", "action", "words"),
    [
        ("discrete", 1, "FIRE"),
        ("buttons", [1.0, 0.0, 1.0], "NOOP+RIGHT"),
        ("buttons", [0.0, 0.0, 0.0], "none"),
        ("continuous", [0.5, -1.0], "+0.50 -1.00"),
    ],
)
def test_actions_are_put_into_words(kind, action, words):
    assert action_words(action, ActionSpec(kind, n=3, size=3, meanings=("NOOP", "FIRE", "RIGHT"))) == words


def test_what_is_done_behind_is_done_in_order_and_to_the_end():
    done = []
    with Behind(lambda item: done.append((item, threading.current_thread()))) as give:
        for number in range(100):
            give(number)
    assert [item for item, _ in done] == list(range(100))
    assert {thread for _, thread in done} != {threading.main_thread()}


def test_what_fails_behind_is_raised_in_front():
    def fail(item):
        raise ValueError(f"cannot do {item}")

    with pytest.raises(ValueError, match="cannot do 0"), Behind(fail) as give:
        for number in range(1000):
            give(number)


def test_after_an_error_in_front_nothing_more_is_done_behind():
    done, wait = [], threading.Event()

    def work(item):
        wait.wait(5)
        done.append(item)

    with pytest.raises(KeyboardInterrupt), Behind(work) as give:
        for number in range(10):
            give(number)
        threading.Timer(0.05, wait.set).start()
        raise KeyboardInterrupt
    assert done in ([], [0])
