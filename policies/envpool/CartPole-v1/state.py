"""CartPole-v1: push towards where the pole will be, and lean it back towards the middle of the track."""

from fastheur.policy import Param

TASK = "CartPole-v1"
OBS = "state"
PARAMS = {
    "lead": Param(0.5, 0.0, 2.0),  # seconds of look-ahead on the pole's angle
    "centre": Param(0.1, 0.0, 1.0),  # radians of lean per metre off centre
    "brake": Param(0.2, 0.0, 1.0),  # radians of lean per metre per second of drift
}


def act(obs, info, state, params):
    x, speed, angle, turn = obs[0], obs[1], obs[2], obs[3]
    # To balance, drive under the side the pole falls to. Off centre, let it fall a little towards the middle first:
    # balancing it again then carries the cart home. That takes the sign below, which at first looks wrong way round.
    lean = angle + params.lead * turn + params.centre * x + params.brake * speed
    return 1 if lean > 0 else 0
