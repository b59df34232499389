"""Files that only we may read, made once however many processes start together."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def private_file(path: Path, make: Callable[[], str]) -> str:
    """The content of ``path``, made by ``make`` when it is not there: written aside whole, then linked into place."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(make())
        with contextlib.suppress(FileExistsError):  # another process was first: its file stands
            os.link(fresh, path)
        Path(fresh).unlink()
    return path.read_text()
