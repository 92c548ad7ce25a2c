"""Has the compiler unroll a loop over a tuple of two thousand parts.

attack: hang
when: compile
static: passes
behind: error, hung, killed, harmless
target: next trial
"""

OBS = "state"
TABLE = tuple(float(number) if number % 2 else number for number in range(2000))


def act(obs, info, state, params):
    total = 0.0
    for part in TABLE:
        total += part * obs[0]
    return 1 if total > 0 else 0
