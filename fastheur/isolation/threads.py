"""Counts the threads of this process, also behind walls that close /proc."""

import os

from fastheur.isolation import IsolationError


class Threads:
    """The process's own list of threads, opened while /proc can be read; close it before a fork, or count the parent's."""

    def __init__(self) -> None:
        """Open the list; IsolationError where /proc is not mounted."""
        try:
            self._folder = os.open("/proc/self/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise IsolationError(f"threads cannot be counted: /proc/self/task: {error.strerror}.") from None

    def require_one(self, before: str) -> None:
        """Raise IsolationError where another thread than the calling one runs ``before`` the step so named."""
        count = len(os.listdir(self._folder))
        if count != 1:
            raise IsolationError(
                f"{count} threads run before {before}, expected 1: a thread that runs already escapes what follows. "
                "Set OMP_NUM_THREADS, OPENBLAS_NUM_THREADS and NUMBA_NUM_THREADS to 1, and start none earlier."
            )

    def close(self) -> None:
        """Close the list."""
        os.close(self._folder)

    def __enter__(self) -> "Threads":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
