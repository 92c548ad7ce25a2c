"""Policies in processes of their own: the same results at every level, and crashes, hangs and lies stay where they are."""

import os
import time
from pathlib import Path

import pytest

from fastheur import evaluate, evaluate_many
from fastheur.errors import ActionError, ConfigError, IsolationError, PolicyDied, PolicyError
from fastheur.isolated import KEPT, Isolated
from fastheur.limits import Limits
from fastheur.loading import policy_from_source
from fastheur.places import LEVELS, find_place

HEAD = 'OBS = "any"\ndef act(obs, info, state, params):\n'
BATCH = """
import numpy as np

OBS = "any"
class Policy:
    def __init__(self, spec, params, random):
        self.random, self.calls, self.shape = random, 0, spec.obs_shape
    def reset(self, slots):
        self.calls = 0
    def act(self, obs, info, slots):
        self.calls += 1
        return (self.random.uniform(slots) < 0.5).astype(np.int64)
"""
FORGETFUL = BATCH.replace("self.calls += 1", "self.calls += 1\n        {}")
SHORT = {"call_s": 0.5, "load_s": 5.0, "episode_s": 2.0}


def outcome(card):
    return [(e.index, e.ret, e.length, e.action_hash, e.random) for e in card.episodes]


def batch_that(does):
    return policy_from_source(BATCH.replace("self.calls += 1", f"self.calls += 1\n        {does}"), "odd.py")


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("atari/breakout", {"obs": "ram", "protocol": "robust", "episodes": 6, "max_steps": 400, "slots": 4}),
        ("atari/pong", {"obs": "native", "protocol": "robust", "episodes": 3, "max_steps": 150, "engine": "envpool"}),
        ("mujoco/half_cheetah", {"episodes": 3, "max_steps": 100}),
    ],
    ids=lambda value: value if isinstance(value, str) else value.get("obs", "state"),
)
def test_shipped_policies_play_the_same_at_every_level(task, settings):
    cards = {level: evaluate(None, task, isolation=level, **settings) for level in LEVELS}
    assert outcome(cards["strict"]) == outcome(cards["process"]) == outcome(cards["none"])
    assert {card.setting.isolation for card in cards.values()} == set(LEVELS)


def test_batch_policies_and_populations_play_the_same_at_every_level(random_kernel):
    batch = policy_from_source(BATCH, "batch.py")
    policies, rows = [random_kernel, batch, random_kernel], [{"n": 2}, {}, {"n": 1}]
    cards = {
        level: evaluate_many(policies, "CartPole-v1", rows, episodes=12, slots=5, isolation=level) for level in LEVELS
    }
    for one, two, three in zip(*cards.values(), strict=True):
        assert outcome(one) == outcome(two) == outcome(three)


def test_the_policy_never_runs_in_the_harness(tmp_path):
    mark = tmp_path / "ran"
    file = tmp_path / "policy.py"
    file.write_text(
        f'import sys\nif "fastheur.evaluation" in sys.modules:\n    open("{mark}", "w")\n' + HEAD + "    return 0\n"
    )
    place = Isolated("process", Limits(), fenced=False)
    try:
        place.load(file.read_text(), "policy.py")
    finally:
        place.close()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (HEAD + "    return 7\n", ActionError, "returned the action 7 in slot"),
        (HEAD + "    return int(obs[4000])\n", PolicyError, "line 3"),
        (HEAD + "    return nothing\n", PolicyError, "does not compile"),
        ("OBS = 'any'\nx = 1 / 0\n", PolicyError, "line 2: ZeroDivisionError"),
        ("OBS = 'any'\nimport os\n", PolicyError, "imports 'os'"),
        ("OBS = 'any'\n", PolicyError, "defines neither"),
        (
            HEAD + "    obs[0] = 1.0\n    return 0\n",
            PolicyError,
            "line 3: does not compile: it writes into the observation",
        ),
    ],
)
def test_errors_are_those_of_the_policy_at_every_level(source, error, words, tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text(source)
    said = set()
    for level in LEVELS:
        with pytest.raises(error, match=words) as caught:
            evaluate(file, "CartPole-v1", episodes=2, slots=2, isolation=level)
        said.add(str(caught.value))
    assert len(said) == 1


@pytest.mark.parametrize("level", LEVELS[:2])
@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("while True: pass", "no answer within 0.5 s"),
        ("import time; time.sleep(0.2)", "its calls took .* in one episode, at most 2"),
        ("import os; os._exit(3)", "ended itself with exit code 3"),
        ("import os; os.abort()", "died of signal|was killed"),
        ("import os; os.close(4)\n        while True: pass", "closed its line"),
        ("raise KeyboardInterrupt", "ended itself with exit code 1"),
    ],
)
def test_what_hangs_or_dies_is_named_and_the_next_policy_plays_on(level, does, words):
    place = Isolated(level, Limits(**SHORT), fenced=False)
    source = BATCH.replace("self.calls += 1", f"self.calls += 1\n        {does}")
    try:
        began = time.monotonic()
        with pytest.raises(PolicyDied, match=words):
            play(place, source)
        assert time.monotonic() - began < 15
        assert len(play(place, BATCH)) == 2
    finally:
        place.close()


def play(place, source):
    """Play two episodes of CartPole on 2 slots at a place, past the static check, and return them."""
    from fastheur.engines import make_engine
    from fastheur.host import Candidate
    from fastheur.rollout import Job, rollout
    from fastheur.tasks import find_environment, find_protocol, make_task

    environment = find_environment("CartPole-v1")
    protocol = find_protocol(None, environment)
    engine = make_engine("auto", make_task(environment, None, protocol), protocol, 1)
    policy = place.load(source, "odd.py")
    host = place.host([Candidate(policy, policy.values())], engine.spec, 2)
    return list(rollout(engine, host, [Job(0, index, 7 + index) for index in range(2)], 2))


def test_a_policy_that_hangs_while_it_loads_or_compiles_is_stopped():
    place = Isolated("process", Limits(load_s=0.7), fenced=False)
    try:
        for source in ("while True: pass\n", "try:\n    import sys\n    sys.exit(0)\nfinally:\n    while True: pass\n"):
            with pytest.raises(PolicyDied, match=r"no answer within 0.7 s"):
                place.load(source, "slow.py")
    finally:
        place.close()


def test_output_is_bounded_escaped_and_shown_where_it_helps():
    place = Isolated("strict", Limits(**SHORT), fenced=False)
    shout = BATCH.replace("self.calls += 1", "print('\\x1b[2Jhello' * 100_000)")
    dying = BATCH.replace("self.calls += 1", "print('last \\x1b[31mwords'); import os; os._exit(1)")
    try:
        assert len(play(place, shout)) == 2
        with pytest.raises(PolicyDied, match=r"Its output ends: last \\x1b\[31mwords"):
            play(place, dying)
    finally:
        place.close()


def test_cells_wait_for_their_policy_and_only_so_many_of_them():
    place, others = Isolated("process", Limits()), children()
    try:
        play(place, BATCH)
        first = children()
        play(place, BATCH)
        assert children() == first
        for number in range(KEPT + 3):
            play(place, f"{BATCH}# {number}\n")
        assert len(children() - others) <= KEPT + 1 + 1  # one more while it plays, and the template
    finally:
        place.close()
    assert children() == others


def children():
    """Process ids of this process's descendants that are templates or cells."""
    found = set()
    parents = {os.getpid()}
    table = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                command = (folder / "cmdline").read_text()
            except OSError:
                continue
            table[int(folder.name)] = (int(state[1]), command)
    while parents:
        parents = {pid for pid, (parent, _) in table.items() if parent in parents} - found
        found |= parents
    return {pid for pid in found if "isolation.template" in table[pid][1]}


@pytest.mark.parametrize("binds", [True, False], ids=["bound", "not allowed to"])
def test_the_harness_may_run_where_it_ran_before(binds, monkeypatch):
    before = os.sched_getaffinity(0)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    if not binds:
        monkeypatch.setattr(os, "sched_setaffinity", refuse)
    place = Isolated("process", Limits(**SHORT), fenced=False)
    try:
        assert len(play(place, BATCH)) == 2
        with pytest.raises(PolicyDied):
            play(place, BATCH.replace("self.calls += 1", "while True: pass"))
    finally:
        place.close()
    assert os.sched_getaffinity(0) == before


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="isolation is 'tight', expected one of strict, process, none"):
        find_place("tight")
    with pytest.raises(ConfigError, match=r"limits.call_s is -1, expected seconds above 0"):
        evaluate(None, "CartPole-v1", isolation="strict", limits={"call_s": -1})
    with pytest.raises(ConfigError, match="debug=true needs isolation=none"):
        evaluate(None, "CartPole-v1", isolation="strict", debug=True)


def test_a_level_that_cannot_be_had_is_refused_with_the_reason(monkeypatch):
    from fastheur import templates

    monkeypatch.setattr(templates.Template, "breaches", lambda _: ["create a socket"])
    place = Isolated("strict", Limits())
    try:
        for _ in range(2):
            with pytest.raises(IsolationError, match=r"could still create a socket.*isolation=process"):
                place.load(BATCH, "batch.py")
    finally:
        place.close()
