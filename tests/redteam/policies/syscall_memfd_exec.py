"""Copies a program into a nameless file and runs it from there: no path is ever opened to run.

attack: process
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}
"""

OBS = "state"
file = call("memfd_create", b"program", 0)
OS.write(file, b"#!/bin/sh\necho was here > {FOLDER}/left.txt\n")
WORDS = (CTYPES.c_char_p * 2)(b"program", None)
call("execveat", file, b"", WORDS, 0, 0x1000)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
