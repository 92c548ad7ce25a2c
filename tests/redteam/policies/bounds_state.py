"""Writes behind its memory, where the memory of the next episode and its random key are.

attack: out-of-bounds
when: act
static: passes
behind: error
"""

OBS = "state"
STATE = [("history", "f8", (4,)), ("place", "i8")]


def act(obs, info, state, params):
    state.place += 5
    state.history[state.place] = 1.0
    if state.place >= 5:
        raise RuntimeError("BREACHED: wrote behind the state")
    return 1
