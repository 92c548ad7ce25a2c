"""Asks for a frame with a crop outside the picture, blocks of size zero and parts that are no numbers.

attack: declaration
when: compile
static: passes
behind: error, killed
task: atari/pong
"""

from fastheur.policy import Frame

OBS = "native"
FRAME = Frame("grey", crop=(-(2**62), 2**62, 5, 4), downsample=(0, -1))


def act(obs, info, state, params):
    return 0
