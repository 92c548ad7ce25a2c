"""Walls around a process that runs code nobody has read: limits, Landlock, seccomp.

Nothing of the package is imported here, and of Python only its standard library, so that a bare interpreter
(``python -I -S -B``) can raise the walls before it imports anything else. The pieces, in the order of their use:

1. ``limits.apply`` and ``privileges.drop``: bounded memory and files, no power that root would have.
2. ``files.restrict``: Landlock, which files may be read; before imports, while the process has one thread.
3. ``packages.install``: NumPy, Numba and OpenCV without the folder in which they lie.
4. ``filters.install``: seccomp, which system calls may be made; after memory is mapped and threads have started.

``acts`` holds the deeds that must fail behind these walls, for a probe that tries them.
"""


class IsolationError(Exception):
    """A wall that this machine does not let a process raise; the message says which one and why."""
