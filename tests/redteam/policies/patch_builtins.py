"""Replaces built-in functions, so that later code of the worker measures and counts wrongly.

attack: patching
when: load
static: refused
behind: error, killed, hung, harmless
target: next trial
"""

import builtins

OBS = "state"
builtins.len = lambda given: 0
builtins.isinstance = lambda *given: True
builtins.print = builtins.exit = builtins.min = builtins.max = lambda *given: 0


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
