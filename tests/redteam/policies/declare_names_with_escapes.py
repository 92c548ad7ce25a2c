"""Gives parameters, fields and the task names with line ends and commands for the terminal.

attack: declaration
when: load
static: passes
behind: error
target: error
"""

from fastheur.policy import Param

OBS = "state"
TASK = "CartPole-v1\n\x1b[2Jtask"
STATE = [("last\n\x1b[31m", "f8")]
PARAMS = {"weight\n\x1b[2J": Param(0.5, 0.0, 1.0)}


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
