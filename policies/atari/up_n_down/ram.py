"""Creeps forward at a set speed and jumps when a car's predicted place meets the player's at the end of a jump.

Brakes when it runs faster than the set speed, since a jump at speed leaves the road at the next bend.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/up_n_down"
STATE = [("px", "f8", (3,)), ("py", "f8", (3,)), ("vx", "f8", (3,)), ("vy", "f8", (3,)), ("fire", "i8"), ("pos", "i8"),
         ("speed", "f8"), ("dead", "i8"), ("cause", "i8")]
PARAMS = {"lead": Param(27.0, 10.0, 40.0), "near": Param(10.0, 2.0, 20.0), "cruise": Param(0.1, -0.2, 1.0)}
def act(obs, info, state, params):
    x = int(obs[40])
    pos = int(obs[22]) * 4 + int(obs[21])
    step = (state.pos - pos + 1536) % 1024 - 512
    state.pos = pos
    if abs(step) < 10:
        state.speed += 0.08 * (step - state.speed)
    else:
        state.speed = 0
    hit = 0
    for k in range(3):
        cx = float(obs[41 + k]); cy = float(obs[49 + k])
        dx = cx - state.px[k]; dy = cy - state.py[k]
        if abs(dx) > 6 or abs(dy) > 6:
            state.vx[k] = 0; state.vy[k] = 0
        else:
            state.vx[k] += 0.15 * (dx - state.vx[k])
            state.vy[k] += 0.15 * (dy - state.vy[k])
        state.px[k] = cx; state.py[k] = cy
        t = params.lead
        ny = cy + state.vy[k] * t
        nx = cx + state.vx[k] * t
        if abs(ny - 88.0) < params.near and abs(nx - x) < 14:
            hit = 1
        if abs(cy + state.vy[k] * 4 - 88) < 20 and abs(cx - x) < 16 and (88 - cy) * state.vy[k] > 0:
            hit = 1
    if int(obs[20]) != 0:
        if state.dead == 0:
            state.dead = 1
        return 0
    state.dead = 0
    move = 0
    if state.speed > params.cruise + 0.05:
        move = 3
    elif state.speed < params.cruise - 0.05:
        move = 2
    if int(obs[56]) != 88:
        state.fire = 0
        return move
    if hit:
        state.fire += 1
        if state.fire % 4 < 2:
            return 1 if move == 0 else (4 if move == 2 else 5)
    return move
