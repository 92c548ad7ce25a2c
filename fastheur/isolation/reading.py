"""What a Python worker may read: the interpreter's library, shared libraries, and the packages it is given."""

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from pathlib import Path

from fastheur.isolation.files import READ, READ_DIR, READ_FILE, Rule

OWN = __name__.partition(".")[0]
UNREAD = {
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "ensurepip",
    "lib2to3",
    "turtledemo",
    "tkinter",
    "pydoc_data",
}
"""Entries of the standard library that a worker has no use for, or that hold other packages."""


def python_rules(packages: Mapping[str, Path]) -> list[Rule]:
    """Return what a worker needs that may import the standard library and ``packages``: names with folders or files.

    Neither the folder in which packages lie (others lie there too), nor /proc, /etc or a home is among them. Of this
    package itself only the code is: configuration, data and shipped policies, which may lie inside, are not.
    Call it before Landlock: it reads ``/proc/self/maps``.
    """
    rules = [*_standard_library(), *_shared_libraries()]
    for name, path in packages.items():
        if name == OWN:
            rules += (Rule(entry, READ, "Our own code.") for entry in _code(path))
        else:
            rules.append(Rule(path, READ, f"Package {name}."))
    return rules


def _standard_library() -> Iterator[Rule]:
    library = Path(sysconfig.get_path("stdlib"))
    yield Rule(library, READ_DIR, "Imports list it; names only, also of what lies below.")
    for entry in sorted(library.iterdir()):
        if entry.name not in UNREAD:
            yield Rule(entry, READ, "Standard library.")
    for entry in map(Path, sys.path):
        if entry.name == "lib-dynload" and library not in entry.parents:
            yield Rule(entry, READ, "Compiled modules of the standard library.")


def _shared_libraries() -> Iterator[Rule]:
    """Files, not folders: where everything lies in one /usr/lib, packages do too."""
    for folder in sorted(_library_folders()):
        for name in sorted(os.listdir(folder)):
            if ".so" in name:
                yield Rule(folder / name, READ_FILE, "Shared library.")
    yield Rule(Path("/etc/ld.so.cache"), READ_FILE, "Where shared libraries lie.")
    yield Rule(Path("/dev/null"), READ_FILE, "Empty input.")


def _library_folders() -> set[Path]:
    """Folders of what the interpreter itself has loaded, libc first of all; with and without /usr."""
    with Path("/proc/self/maps").open() as maps:
        loaded = {line.split(maxsplit=5)[5].rstrip("\n") for line in maps if "/" in line}
    folders = {Path(one).parent for one in loaded if ".so" in os.path.basename(one) and "lib-dynload" not in one}
    folders |= {Path("/usr", *folder.parts[1:]) for folder in folders if folder.parts[1:2] == ("lib",)}
    return {folder for folder in folders if folder.is_dir()}


def _code(package: Path) -> Iterator[Path]:
    for entry in sorted(package.iterdir()):
        inner = entry.is_dir() and ((entry / "__init__.py").exists() or entry.name == "__pycache__")
        if inner or entry.name.endswith((*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)):
            yield entry
