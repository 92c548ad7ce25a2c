"""Goes back to Python in the middle of compiled code, and reads the secret there.

attack: numba
when: act
static: refused
behind: denied, killed, error
target: {FOLDER}/secret.txt
"""

import numba

OBS = "state"


def read():
    with open("{FOLDER}/secret.txt") as file:
        raise RuntimeError("BREACHED: the secret is " + file.read(8))


def act(obs, info, state, params):
    with numba.objmode():
        read()
    return 1
