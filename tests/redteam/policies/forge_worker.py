"""Replaces the worker's own functions by some that do nothing, or tell of a success.

attack: forged-reply
when: load
static: refused
behind: denied, killed, error, hung, harmless
target: next trial
"""

import sys

OBS = "state"
for name, module in list(sys.modules.items()):
    if name.startswith("fastheur") and name not in ("fastheur.policy", "fastheur.vision"):
        for key, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type):
                setattr(module, key, lambda *given, **named: 0)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
