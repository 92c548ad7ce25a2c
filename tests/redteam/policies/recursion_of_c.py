"""Nests tuples so deeply that freeing or comparing them recurses in C.

attack: recursion
when: load
static: passes
behind: error, killed, harmless
target: next trial
"""

OBS = "state"
left, right = (), ()
for _ in range(200_000):
    left, right = (left,), (right,)
SAME = left == right


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
