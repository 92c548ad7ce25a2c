"""Appends to a list until memory ends (at most 6 GB).

attack: memory-flood
when: load
static: passes
behind: error, killed, hung
"""

OBS = "state"
kept = []
while len(kept) < 12_000:
    kept.append([0.5] * (1 << 16))
raise RuntimeError("BREACHED: 6 GB of lists")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
