"""Declares its mode as a text that is equal to everything and whose display never ends.

attack: declaration
when: load
static: refused
behind: error, harmless, hung, killed
target: next trial
"""


class Chameleon(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __repr__(self):
        while True:
            pass


OBS = Chameleon("native")
TASK = Chameleon("atari/pong")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
