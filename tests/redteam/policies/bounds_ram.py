"""Reads the neighbours' memory in Breakout: byte 200 of 128.

attack: out-of-bounds
when: act
static: passes
behind: error
task: atari/breakout
"""

OBS = "ram"


def act(obs, info, state, params):
    if obs[200] >= 0:
        raise RuntimeError("BREACHED: read behind the machine's memory")
    return 0
