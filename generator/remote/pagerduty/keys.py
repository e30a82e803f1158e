"""The files from which Alertmanager reads its keys: written whole or not at all, readable by their owner alone."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import files

if TYPE_CHECKING:
    from generator.remote.pagerduty.desired import Desired
    from generator.remote.pagerduty.existing import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFolder:
    """Where key files are written: `folder`, or (None) the paths in alertmanager.yml."""

    folder: Path | None

    def path(self, key_file: str) -> Path:
        """Return the local path of a file that alertmanager.yml names."""
        return self.folder / posixpath.basename(key_file) if self.folder else Path(key_file)

    def missing(self, desired: Desired, *, write: bool = False) -> str | None:
        """Return the first folder that is missing or not accessible; None where all are fine."""
        for folder in sorted({self.path(wanted.key_file).parent for wanted in desired.objects if wanted.key_file}):
            if not folder.is_absolute() and self.folder is None:
                return f"the folder `{folder}` of the key files lies below alertmanager.yml"
            if not folder.is_dir():
                return f"there is no folder `{folder}` for the key files on this machine"
            if not os.access(folder, os.X_OK):
                return f"the folder `{folder}` of the key files cannot be read"
            if write and not os.access(folder, os.W_OK):
                return f"the folder `{folder}` of the key files cannot be written"
        return None


def holds(path: Path, key: Secret) -> bool:
    """Return whether a file holds the key."""
    try:
        return path.read_text(encoding="utf-8").strip() == key.text
    except (OSError, UnicodeDecodeError):
        return False


def wrong(path: Path) -> str:
    """Return the problem of a file that does not hold its key."""
    try:
        empty = not path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return "is missing"
    except UnicodeDecodeError:
        return "is no text"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "is empty" if empty else "holds another key than PagerDuty"


def write(path: Path, key: Secret) -> None:
    """Write the key to the file atomically, readable by its owner alone.

    Raises EnvironmentProblem where that fails.
    """
    try:
        files.write(path, key.text.encode(), 0o600)
    except OSError as error:
        raise EnvironmentProblem(
            f"the key file `{path}` cannot be written: {error.strerror}", "mend that and run the command again"
        ) from None
