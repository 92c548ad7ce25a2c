"""Nests tuple types 13 deep, four in each: the name of the last has 4 ** 13 parts.

attack: hang
when: compile
static: passes
behind: error, hung, killed
"""

OBS = "state"


def act(obs, info, state, params):
    a = (obs[0], obs[1])
    b = (a, a, a, a)
    c = (b, b, b, b)
    d = (c, c, c, c)
    e = (d, d, d, d)
    f = (e, e, e, e)
    g = (f, f, f, f)
    h = (g, g, g, g)
    i = (h, h, h, h)
    j = (i, i, i, i)
    k = (j, j, j, j)
    m = (k, k, k, k)
    n = (m, m, m, m)
    return 1 if n[0][0][0][0][0][0][0][0][0][0][0][0][0] > 0 else 0
