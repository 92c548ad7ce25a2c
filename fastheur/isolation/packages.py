"""Imports chosen packages from their own folders, so that an interpreter needs no ``site-packages`` on its path."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from fastheur.isolation import IsolationError

_SUFFIXES = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES)
_LIBRARIES = {"cv2": "opencv_*.libs"}


class Packages:
    """A finder for ``sys.meta_path``: ``folders`` maps a top-level name to its folder, or its one file.

    It stands last, so the standard library goes first. It opens files by name and lists no folder: a package whose
    folder may not be listed can still be imported.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = {name: str(path) for name, path in folders.items()}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load module ``name``, or None where it is not of these packages."""
        top, _, _ = name.partition(".")
        if top not in self._folders:
            return None
        if path is None:
            return _spec(name, self._folders[top]) if name == top else None
        return next(
            (found for folder in path if (found := _spec(name, os.path.join(folder, name.split(".")[-1])))), None
        )


def install(folders: Mapping[str, Path]) -> None:
    """Make the packages in ``folders`` importable in this interpreter."""
    sys.meta_path.append(Packages(folders))


def locate(names: Iterable[str]) -> dict[str, Path]:
    """Return where packages lie in this interpreter's environment, with the ``.libs`` folders that wheels put beside them.

    Nothing is imported. Raises IsolationError for a name that is not installed.
    """
    found: dict[str, Path] = {}
    for name in names:
        loaded = sys.modules.get(name)
        spec = loaded.__spec__ if loaded else PathFinder.find_spec(name)
        if spec is None or not spec.origin:
            raise IsolationError(f"package {name} is not installed beside {sys.executable}.")
        origin = Path(spec.origin)
        path = origin.parent if spec.submodule_search_locations else origin
        found[name] = path
        found |= {folder.name: folder for folder in path.parent.glob(_LIBRARIES.get(name, f"{name}.libs"))}
    return found


def bootstrap(package: Path) -> str:
    """Return Python source that makes the package in folder ``package`` importable, and nothing that lies beside it."""
    return (
        "import sys\n"
        "from importlib.util import module_from_spec, spec_from_file_location\n"
        f"spec = spec_from_file_location({package.name!r}, {str(package / '__init__.py')!r})\n"
        "sys.modules[spec.name] = module_from_spec(spec)\n"
        "spec.loader.exec_module(sys.modules[spec.name])\n"
    )


def _spec(name: str, path: str) -> ModuleSpec | None:
    """``path`` is a file, a package's folder, or a module's path without its suffix."""
    init = os.path.join(path, "__init__.py")
    if os.path.isfile(init):
        return spec_from_file_location(name, init, submodule_search_locations=[path])
    files = (path, *(path + suffix for suffix in _SUFFIXES))
    file = next((one for one in files if one.endswith(_SUFFIXES) and os.path.isfile(one)), None)
    return spec_from_file_location(name, file) if file else None
