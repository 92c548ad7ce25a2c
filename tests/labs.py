"""Runs for tests: CartPole with a weak start policy whose one parameter makes it strong."""

from contextlib import contextmanager

from fastheur.budget import Budget
from fastheur.engine import Engine
from fastheur.errors import named_error
from fastheur.learning import begin
from fastheur.player_requests import serve
from fastheur.playing import Player
from fastheur.runs import RunConfig
from fastheur.tasks import find_environment, find_protocol

START = '''"""Push the cart to the side the pole leans to."""
from fastheur.policy import Param
OBS = "state"
PARAMS = {"turn": Param(0.0, 0.0, 1.0), "far": Param(0, choices=(0, 1))}
def act(obs, info, state, params):
    lean = obs[2] + params.turn * obs[3]
    if params.far:
        lean += 0.05 * obs[1]
    return 1 if lean > 0.0 else 0
'''
STRONG = START.replace("Param(0.0,", "Param(0.3,").replace("Push", "Balance: push")
WEAK = START.replace("lean > 0.0", "lean < 0.0")
LOOP = START.replace("    lean =", "    while obs[0] < 100.0:\n        state_ = 1\n    lean =", 1)


def config(**changes):
    """Settings of a small run."""
    environment = find_environment("CartPole-v1")
    settings = {
        "environment": environment,
        "mode": "state",
        "protocol": find_protocol(None, environment),
        "agent": {"name": "script", "files": []},
        "start": START,
        "start_name": "start.py",
        "budget": Budget(200_000),
        "train_episodes": 4,
        "validation_episodes": 16,
        "search_population": 4,
        "slots": 8,
        "isolation": "none",  # what a second more for every Lab would show is shown where it is asked for
    }
    return RunConfig(**{**settings, **changes})


@contextmanager
def lab_in(folder, **changes):
    """A Lab on a new run in ``folder``, closed at the end."""
    lab = begin(config(**changes), folder)
    try:
        yield lab
    finally:
        lab.close()


def tried(lab, source, hypothesis="an idea", **more):
    """The answer to a trial."""
    return lab.call("trial", {"source": source, "hypothesis": hypothesis, **more})


def charged(lab):
    """Env steps charged to the budget."""
    return lab.spent.env_steps


def play_here(monkeypatch):
    """Have the player's work done in this process, so that a trial takes no time; every episode is written at once."""

    def ask(self, request, deadlines, heard=None):
        answers = []

        def send(message):
            if "episode" in message and heard:
                heard(message)
            elif "episode" not in message:
                answers.append(message)

        Engine.meter = self._meter
        try:
            serve(request, send)
        finally:
            Engine.meter = None
        if "error" in answers[0]:
            raise named_error(**answers[0]["error"])
        return answers[0]["done"]

    monkeypatch.setattr(Player, "ask", ask)
    monkeypatch.setattr("fastheur.trial_rows.WRITE_S", 0.0)
