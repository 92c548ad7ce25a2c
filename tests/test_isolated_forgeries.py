"""A policy that has taken over its process, and speaks to the host itself: whatever it says, the host takes it for a policy's."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from fastheur import places, sandbox
from fastheur.contract import Declaration
from fastheur.engines import make_engine
from fastheur.errors import ActionError, FastheurError, PolicyDied, PolicyError
from fastheur.host import Candidate
from fastheur.isolated import Isolated
from fastheur.limits import Limits
from fastheur.mailbox import MOST_WORDS, PLAY
from fastheur.player_requests import serve
from fastheur.rollout import Job, rollout
from fastheur.tasks import find_environment, find_protocol, make_task

NAME = "forger.py"
LIMITS = Limits(call_s=1.0, load_s=2.0, episode_s=3.0, memory_mb=1152)
PRELUDE = """
import json, os, sys, time
frame = sys._getframe()
while type(frame.f_locals.get("self")).__name__ != "_Worker":
    frame = frame.f_back
worker = frame.f_locals["self"]
inbox, outbox = worker._inbox, worker._outbox
outbox.header["asleep"][0] = 1  # it wants to hear every bell
call, command = inbox.header["call"], inbox.header["command"]
status, answered, length = outbox.header["status"], outbox.header["call"], outbox.header["letter"]
DECLARED = {"style": "kernel", "modes": [], "params": [], "frame": None, "task": None, "marks": [],
            "state": [{"name": "x", "type": "float64", "shape": []}]}

outbox.header["asleep"][0] = 1  # a bell for every call, please

def say(letter, how=1, number=None):
    outbox.write(letter if isinstance(letter, bytes) else json.dumps(letter).encode())
    status[0] = how
    answered[0] = call[0] if number is None else number
    os.write(4, b"!")

def declare(**changes):
    say({**DECLARED, **changes})

def fail(**words):
    say({"kind": "PolicyError", "message": "forger.py: wrong", "line": None, **words}, 2)

def wait():
    while True:
        time.sleep(1.0)

def serve():
    while os.read(3, 1):
        say({})
"""
SPIN = """
while True:
    if answered[0] != call[0]:
        answered[0] = call[0]
        os.write(4, b"!")
"""
HONEST = 'OBS = "any"\ndef act(obs, info, state, params):\n    return 1 if obs[2] > 0.0 else 0\n'


@pytest.fixture(scope="module")
def place():
    found = Isolated("strict", LIMITS, fenced=False)
    play(found, found.load(HONEST, "honest.py"))  # libraries that are imported by it keep its frames
    yield found
    found.close()


def load(place, forgery, times=[0]):  # noqa: B006 - each text is loaded anew
    times[0] += 1
    return place.load(f"{PRELUDE}\n{forgery}\n# {times[0]}\n", NAME)


def play(place, policy, slots=2, steps=60):
    environment = find_environment("CartPole-v1")
    protocol = find_protocol(None, environment, max_steps=steps)
    engine = make_engine("auto", make_task(environment, None, protocol), protocol, 1)
    host = place.host([Candidate(policy, {})], engine.spec, slots)
    return list(rollout(engine, host, [Job(0, index, 7 + index) for index in range(slots)], slots)), host


LETTERS = {
    "deep": "say(b'[' * 200_000)",
    "deep and whole": "say(b'[' * 900 + b']' * 900)",
    "deep within": "declare(params=json.loads('[' * 400 + ']' * 400))",
    "huge number": "say(b'{\"style\": ' + b'9' * 100_000 + b'}')",
    "many digits": "declare(task=10 ** 4000)",
    "infinite": "declare(params=[{'name': 'a', 'default': float('inf'), 'low': 0, 'high': None, 'choices': []}])",
    "no number": "declare(params=[{'name': 'a', 'default': float('nan'), 'low': 0.0, 'high': 1.0, 'choices': []}])",
    "half a character": "declare(task='\\ud800')",
    "escapes": "declare(task='\\x1b[2J')",
    "a name of escapes": "declare(state=[{'name': '\\x1b[2J', 'type': 'int8', 'shape': []}])",
    "objects": "declare(state=[{'name': 'a', 'type': 'O', 'shape': []}])",
    "huge state": "declare(state=[{'name': 'a', 'type': 'int8', 'shape': [65536, 65536, 65536, 65536]}])",
    "huge frame": "declare(frame={'format': 'rgb', 'crop': None, 'maximum': False, 'downsample': [10**30, 1], "
    "'difference': False, 'colours': [], 'most': 1, 'min_area': 0})",
    "an entry more": "declare(name='honest.py')",
    "no object": "say(b'null')",
    "no text": "say(bytes(range(256)) * 4000)",
    "nothing": "say(b'')",
    "a length below none": "outbox.write(b'{}'); length[0] = -1; status[0] = 1; answered[0] = call[0]; os.write(4, b'!')",
    "a length beyond all": "outbox.write(b'{}'); length[0] = 2**31 - 1; status[0] = 1; answered[0] = call[0]; os.write(4, b'!')",
    "wide": "say(b'[' + b'[],' * 340_000 + b'[]]')",
    "a status of its own": "say({'message': 'forger.py: odd'}, 99)",
    "a status below none": "say({'message': 'forger.py: odd'}, -2**31)",
}


@pytest.mark.parametrize("what", LETTERS)
def test_a_letter_that_is_none_is_the_policys_error(place, what):
    with pytest.raises(PolicyError) as caught:
        load(place, f"{LETTERS[what]}\nwait()")
    assert type(caught.value) is PolicyError
    shown_well(caught.value)


ERRORS = {
    "long": ("fail(message='x' * 1_000_000)", PolicyError),
    "long in escapes": ("fail(message='\\U0010ffff' * 80_000)", PolicyError),
    "of another name": ("fail(message='honest.py: score 500\\nkept as champion')", PolicyError),
    "of the harness": ("fail(kind='EngineError', message='The engine is broken, try isolation=none.')", PolicyError),
    "of a class of Python": ("fail(kind='KeyboardInterrupt', message='stop')", PolicyError),
    "of a kind that is a list": ("fail(kind=['ActionError'])", PolicyError),
    "of an action, at load": ("fail(kind='ActionError')", ActionError),
    "without words": ("say({}, 2)", PolicyError),
    "with words that are a list": ("fail(message=json.loads('[' * 500 + ']' * 500))", PolicyError),
    "on a line below the first": ("fail(line=-1)", PolicyError),
    "on a line beyond all": ("fail(line=10 ** 300)", PolicyError),
    "on a line that is true": ("fail(line=True)", PolicyError),
    "on a line between two": ("fail(line=1.5)", PolicyError),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_is_the_policys_own_and_short(place, what):
    forgery, kind = ERRORS[what]
    with pytest.raises(PolicyError) as caught:
        load(place, f"{forgery}\nwait()")
    assert type(caught.value) is kind
    shown_well(caught.value)
    assert caught.value.line is None


def shown_well(error):
    text = str(error)
    assert text.startswith(NAME)
    assert len(text) <= MOST_WORDS + 100
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("number", ["call[0] + 1", "call[0] - 1", "2**64 - 1"])
def test_an_answer_to_another_call_is_none(place, number):
    with pytest.raises(PolicyDied, match=r"forger\.py was stopped: no answer within 2 s"):
        load(place, f"say(DECLARED, number={number})\nwait()")


def test_thousands_of_bells_do_not_keep_the_host_from_its_deadline(place):
    began = time.monotonic()
    with pytest.raises(PolicyDied, match="no answer within 2 s"):
        load(place, "while True:\n    os.write(4, b'!' * 60_000)")
    assert time.monotonic() - began < 10


def test_a_letter_that_changes_while_it_is_read_is_read_once(place):
    """Cut anywhere it is no JSON; read twice it would be checked in one form and used in another."""
    forgery = """
declare(task="CartPole-v1")
text = outbox._letter
place = bytes(text[:4096]).index(b"CartPole")
while True:
    text[place] = 0
    text[place] = 67
"""
    for _ in range(5):
        try:
            assert load(place, forgery).task == "CartPole-v1"
        except PolicyError as error:
            shown_well(error)


def test_one_that_answers_without_listening_does_not_hold_the_host(place, monkeypatch):
    """A bell is a pipe: full after 65,536 calls, it would hold who rings it, and no deadline would come."""
    cells = []
    born = sandbox.Cell.__init__
    monkeypatch.setattr(sandbox.Cell, "__init__", lambda self, *given: (cells.append(self), born(self, *given))[1])
    load(place, "declare()\n" + SPIN)
    cells[-1]._signal(signal.SIGCONT)
    with pytest.raises(PolicyDied, match="it answers, and does not listen"):
        for _ in range(70_000):
            cells[-1].call(PLAY, 5.0)


def test_actions_and_state_of_a_forger_are_its_own(place):
    """It declares what it likes, and fills the columns with noise while they are read."""
    forgery = """
import numpy as np
declare()
while os.read(3, 1):
    say({})
    columns = outbox._bytes[outbox._columns_at : outbox._columns_at + 4096]
    if command[0] == 3:
        columns[:] = np.frombuffer(os.urandom(4096), np.uint8)
"""
    policy = load(place, forgery)
    assert policy.style == "kernel"
    with pytest.raises(ActionError, match=r"forger\.py returned the action"):
        for _ in range(50):
            _, host = play(place, policy)
            assert isinstance(host.state_of(0)["x"], float)


def test_what_goes_on_behind_an_answer_takes_no_core(place):
    policy = load(place, "declare()\n" + SPIN)
    assert isinstance(policy, Declaration)
    cell, _ = place._cells[(policy.sha256, NAME)]
    assert halted(cell)
    _, host = play(place, policy)
    del host
    assert halted(cell)
    assert play(place, policy)[0]  # and it wakes


def test_a_player_halts_them_between_two_requests_whoever_keeps_the_host(monkeypatch):
    found, kept = Isolated("strict", LIMITS, fenced=False), []
    monkeypatch.setattr(places, "_PLACES", {("strict", LIMITS): found})
    work = {"play": lambda request, send: kept.append(play(found, load(found, "declare()\n" + SPIN)))}
    monkeypatch.setattr("fastheur.player_requests._REQUESTS", work)
    answers = []
    try:
        serve({"do": "play", "isolation": "strict", "limits": vars(LIMITS)}, answers.append)
        assert answers == [{"done": None}]
        ((cell, _),) = found._cells.values()
        assert halted(cell)
    finally:
        found.close()


def halted(cell):
    for _ in range(200):
        state = Path(f"/proc/{cell._pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "T":
            return True
        time.sleep(0.01)
    return False


def test_one_that_holds_much_memory_does_not_wait_for_another_turn(place, monkeypatch):
    light = load(place, HONEST)
    usual = place._cells[(light.sha256, NAME)][0].resident
    monkeypatch.setattr("fastheur.isolated.HEAVY", usual + (96 << 20))
    heavy = load(place, f"flood = b'x' * (192 << 20)\n{HONEST}")
    play(place, place.load(HONEST, "honest.py"))
    assert (light.sha256, NAME) in place._cells
    assert (heavy.sha256, NAME) not in place._cells


def test_a_host_that_a_forked_child_drops_leaves_the_process_at_work(place):
    policy = place.load(HONEST, "honest.py")
    _, host = play(place, policy)
    child = os.fork()
    if child == 0:
        del host
        os._exit(0)
    os.waitpid(child, 0)
    time.sleep(0.05)
    cell, _ = place._cells[(policy.sha256, "honest.py")]
    assert Path(f"/proc/{cell._pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T"
    host.reset(*starts())


def starts():
    return np.zeros(1, np.int64), np.zeros(1, np.int64), [7]


@pytest.mark.parametrize(
    "forgery",
    [
        "declare()\nwait()",
        "declare()\nos.close(3)\nwait()",
        "declare()\nos.close(4)\nwait()",
        "declare()\nos.read(3, 1)\nos._exit(0)",
    ],
)
def test_one_that_leaves_after_a_good_answer_is_stopped_at_the_next(place, forgery):
    policy = load(place, forgery)
    with pytest.raises(PolicyDied, match=r"forger\.py"):
        play(place, policy)


def test_an_honest_policy_plays_on_after_all_of_them(place):
    with pytest.raises(FastheurError):
        load(place, "say(b'[')\nwait()")
    episodes, _ = play(place, place.load(HONEST, "honest.py"))
    assert len(episodes) == 2
