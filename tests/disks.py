"""Disks that are full at a byte of the test's choice: a small real one, or a limit on the size of files."""

import os
import resource
import subprocess
from contextlib import contextmanager

PAGE = 4096


class SmallDisk:
    """A tmpfs, filled up by a file that leaves so many pages."""

    def __init__(self, path):
        self.path = path
        self._ballast = path / "ballast"

    def leave(self, pages):
        """Let so many pages be free."""
        self.clear()
        free = os.statvfs(self.path).f_bavail - pages
        with self._ballast.open("wb") as file:
            if free > 0:
                os.posix_fallocate(file.fileno(), 0, free * PAGE)

    def clear(self):
        """Make room."""
        self._ballast.unlink(missing_ok=True)


class SmallFiles:
    """No file of this process and its children grows beyond a limit: what can be had without a mount."""

    def __init__(self, path):
        self.path = path
        self._hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def leave(self, pages):
        """Let no file grow beyond so many pages."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (pages * PAGE, self._hard))

    def clear(self):
        """Let files grow."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._hard, self._hard))


@contextmanager
def small_disk(folder, megabytes=4):
    """A real small disk on ``folder``, where mounting is permitted; else one that limits the size of files."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    disk = SmallDisk(folder) if mounted else SmallFiles(folder)
    try:
        yield disk
    finally:
        disk.clear()
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def small_files(folder):
    """A disk on ``folder`` that limits the size of files."""
    disk = SmallFiles(folder)
    try:
        yield disk
    finally:
        disk.clear()
