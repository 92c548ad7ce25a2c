"""Puts other files in the place of the bells' descriptors, and swaps them.

attack: forged-reply
when: load
static: refused
behind: denied, killed, error, hung, harmless
uses: libc
target: next trial
"""

OBS = "state"
for left, right in ((1, 3), (1, 4), (3, 5), (4, 3)):
    try:
        call("dup3", left, right, 0)
    except OSError:
        pass


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
