"""Reads and writes by `.flat`, which Numba does not check, far behind the state's array.

attack: out-of-bounds
when: act
static: refused
behind: killed, error, harmless
target: next trial
"""

OBS = "state"
STATE = [("history", "f8", (4,))]


def act(obs, info, state, params):
    total = 0.0
    for place in range(4, 1_000_000_000, 997):
        total += state.history.flat[place]
        state.history.flat[place] = total
    return 1 if total > 0 else 0
