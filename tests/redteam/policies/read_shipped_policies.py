"""Copies from the shipped policies.

attack: file-read
when: load
static: refused
behind: denied, killed
target: {SHIPPED}
"""

OBS = "state"
with open("{SHIPPED}/random.py") as file:
    raise RuntimeError(f"BREACHED: {len(file.read())} characters of a shipped policy")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
