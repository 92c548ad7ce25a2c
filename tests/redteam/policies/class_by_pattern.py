"""Reads a private attribute with a class pattern: `match` has no attribute in the syntax tree.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

OBS = "state"


def globals_of(function):
    match function:
        case object(__globals__=found):
            return found


names = globals_of(globals_of)["__builtins__"]
load = names["__import__"] if isinstance(names, dict) else names.__import__
load("os").mkdir("{FOLDER}/made")
raise RuntimeError("BREACHED: made {FOLDER}/made")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
