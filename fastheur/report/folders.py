"""The folder of a report: what it wrote is its own and replaced by the next one, everything else is left alone."""

import json
from pathlib import Path

from fastheur.errors import ConfigError

MANIFEST = "report.json"
"""Lists the files that a report has made in its folder."""


class ReportFolder:
    """A folder to write a report into.

    Raises:
        ConfigError: it is a file, or holds things and no report; or its manifest is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = self._made()
        self._now: set[str] = set()

    def _made(self) -> set[str]:
        manifest = self.path / MANIFEST
        if self.path.exists() and not self.path.is_dir():
            raise ConfigError(f"out={self.path} is a file, expected a folder for the report.")
        if not manifest.exists():
            if self.path.exists() and any(self.path.iterdir()):
                raise ConfigError(
                    f"out={self.path} holds files and no report ({MANIFEST}); give the report a folder of its own."
                )
            return set()
        try:
            return {name for name in json.loads(manifest.read_text())["files"] if _inside(name)}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{manifest} is no list of a report's files; give another out=FOLDER.") from error

    def write(self, name: str, text: str) -> None:
        """Write a file, ``name`` its address from the report's folder."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "replace"))
        self._now.add(name)

    def add(self, path: Path) -> None:
        """Count a file in that something else has put into the folder."""
        self._now.add(path.relative_to(self.path).as_posix())

    def finish(self) -> None:
        """Delete what an earlier report made and this one did not, and list what it is made of."""
        for name in sorted(self._before - self._now):
            if not (self.path / name).is_dir():
                (self.path / name).unlink(missing_ok=True)
            self._prune((self.path / name).parent)
        self.write(MANIFEST, json.dumps({"files": sorted(self._now)}, indent=0) + "\n")

    def begin(self) -> None:
        """Say what is about to be written, so that a report that is interrupted can be built again.

        Raises:
            ConfigError: nothing can be written there.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / MANIFEST).write_text(json.dumps({"files": sorted(self._before)}) + "\n")
        except OSError as error:
            raise ConfigError(
                f"The report cannot be written to {self.path}: {error.strerror}; give another out=FOLDER."
            ) from error

    def _prune(self, folder: Path) -> None:
        while folder != self.path and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent


def _inside(name: object) -> bool:
    return isinstance(name, str) and not Path(name).is_absolute() and ".." not in Path(name).parts
