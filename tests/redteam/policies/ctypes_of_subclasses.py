"""Finds os.system on the graph of all classes.

attack: ctypes
when: load
static: refused
behind: denied, killed, error
target: {FOLDER}
"""

OBS = "state"
found = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == "_wrap_close"]
code = found[0].__init__.__globals__["system"]("echo was here > {FOLDER}/left.txt")
if code == 0:
    raise RuntimeError("BREACHED: a shell ran")
raise PermissionError(f"the shell could not be run: {code}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
