"""Held random moves with a bias to up, the button tapped.

The moves change every 16 steps; about half of them go up, which is the way through the web. It does not look at the bytes.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
STATE = [("action", "i8")]
PARAMS = {"up": Param(0.4, 0.0, 1.0)}


def act(obs, info, state, params):
    if info.elapsed % 16 == 3:
        state.action = 0 if uniform(state) < params.up else int(uniform(state) * 8)
    fire = 8 if (info.elapsed // 4) % 2 == 0 else 0
    return state.action + 2 + fire
