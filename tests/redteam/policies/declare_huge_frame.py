"""Asks for a frame in a form that needs terabytes.

attack: declaration
when: compile
static: passes
behind: error, killed
task: atari/pong
"""

from fastheur.policy import Frame

OBS = "native"
FRAME = Frame("components", colours=((1, 2, 3),) * 10_000, most=2**40)


def act(obs, info, state, params):
    return 0
