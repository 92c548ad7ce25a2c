"""The rule that hostile policies play while they misbehave: whatever they try, its returns must come out."""

OBS = "state"


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
