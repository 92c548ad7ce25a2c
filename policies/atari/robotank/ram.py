"""Robot Tank: turn left until the enemy is in view, bring it to the middle of the sight, drive on and shoot.

Does not dodge shots, does not look at the radar or at damage.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
STATE = [("x", "i8"), ("away", "i8"), ("n", "i8")]
PARAMS = {"middle": Param(73.0, 50.0, 100.0), "slack": Param(4.0, 1.0, 20.0)}
ENEMY_X = 32       # from the left edge of the view, while the next byte is 0
ENEMY_AWAY = 33


def act(obs, info, state, params):
    x = int(obs[ENEMY_X])
    away = int(obs[ENEMY_AWAY])
    state.x = x
    state.away = away
    state.n += 1
    fire = 1 if state.n % 8 < 4 else 0
    if away != 0:
        return 4
    d = x - params.middle
    if d < -params.slack:
        return 12 if fire == 1 and d > -12 else 4
    if d > params.slack:
        return 11 if fire == 1 and d < 12 else 3
    return 10 if fire == 1 else 2
