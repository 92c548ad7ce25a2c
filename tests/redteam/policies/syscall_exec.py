"""Replaces itself with a shell: execve, and execveat on a path of the root folder.

attack: process
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}
"""

OBS = "state"
WORDS = (CTYPES.c_char_p * 4)(b"sh", b"-c", b"echo was here > {FOLDER}/left.txt", None)
for name, arguments in (("execve", (b"/bin/sh", WORDS, 0)), ("execveat", (-100, b"/bin/sh", WORDS, 0, 0))):
    try:
        call(name, *arguments)
    except OSError:
        pass
raise PermissionError("nothing can be run")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
