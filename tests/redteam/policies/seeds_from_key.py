"""Reads the key of its random stream, which comes from the seed by a one-way function, and turns its stream back.

attack: seeds
when: act
static: refused
behind: harmless, error
target: next trial
"""

OBS = "state"
STATE = [("key", "u8")]


def act(obs, info, state, params):
    state.key = state._key
    state._draws = 0
    return 1 if state.key % 2 == 0 else 0
