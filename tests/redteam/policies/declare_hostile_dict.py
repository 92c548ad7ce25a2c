"""Declares its parameters as a dictionary that tells different things each time and reaches into who reads it.

attack: declaration
when: load
static: refused
behind: denied, error, harmless, hung, killed
target: {FOLDER}/secret.txt
"""

from fastheur.policy import Param

OBS = "state"


class Two(dict):
    def items(self):
        with open("{FOLDER}/secret.txt") as file:
            raise RuntimeError("BREACHED: the secret is " + file.read(8))

    def __iter__(self):
        while True:
            yield "weight"


PARAMS = Two(weight=Param(0.5, 0.0, 1.0))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
