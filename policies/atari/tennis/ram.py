"""Follows the ball sideways and swings."""
from fastheur.policy import Param
OBS = "ram"
MY_X = 26
HIS_X = 27
MY_Y = 24
HIS_Y = 25
BALL_X = 16
BALL_Y = 54      # drawn; 15: on the ground
STATE = [("mx", "i8"), ("my", "i8"), ("hx", "i8"), ("hy", "i8"), ("bx", "i8"), ("by", "i8"), ("ground", "i8")]
PARAMS = {"off": Param(-4.0, -20.0, 20.0), "band": Param(2.0, 0.0, 10.0)}


def act(obs, info, state, params):
    state.mx = int(obs[MY_X]); state.my = int(obs[MY_Y]); state.hx = int(obs[HIS_X]); state.hy = int(obs[HIS_Y])
    state.bx = int(obs[BALL_X]); state.by = int(obs[BALL_Y]); state.ground = int(obs[15])
    d = state.bx + params.off - state.mx
    a = 0
    if d > params.band:
        a = 3
    elif d < -params.band:
        a = 4
    if info.elapsed % 8 < 4:
        a = 1 if a == 0 else a + 8
    return a
