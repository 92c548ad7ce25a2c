"""Closes all its descriptors, those to the harness too.

attack: forged-reply
when: load
static: refused
behind: denied, killed, error, hung, harmless
uses: libc
target: next trial
"""

OBS = "state"
for file in range(64):
    try:
        call("close", file)
    except OSError:
        pass


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
