"""Raises an error that raises again, and another kind, when it is shown.

attack: exception
when: load
static: refused
behind: error, killed
"""

OBS = "state"


class Silent(ValueError):
    def __str__(self):
        raise self

    __repr__ = __str__


raise Silent


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
