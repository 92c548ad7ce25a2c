"""Doubles a string up to 4 GB.

attack: memory-flood
when: load
static: passes
behind: error, killed
"""

OBS = "state"
text = "fast"
for _ in range(30):
    text = text + text
raise RuntimeError(f"BREACHED: a string of {len(text)} characters")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
