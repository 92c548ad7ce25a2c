"""Makes an array over any address: a class attribute called __array_interface__ is enough.

attack: memory
when: load
static: refused
behind: killed
"""

import numpy as np

OBS = "state"


class Window:
    __array_interface__ = {"data": (4096, True), "shape": (4096,), "typestr": "|u1", "version": 3}  # noqa: RUF012


raise RuntimeError(f"BREACHED: read {np.asarray(Window()).sum()} at address 4096")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
