"""``python -m bench [name …]``: run the benchmarks, each in a process of its own; exit 1 when one misses its target."""

from __future__ import annotations

import importlib
import subprocess
import sys

from bench.result import machine

ALL = ("create", "chains", "imports", "worklist")


def main() -> int:
    names = sys.argv[1:]
    if len(names) == 1 and names[0].startswith("--run="):
        result = importlib.import_module(f"bench.{names[0].removeprefix('--run=')}").run()
        result.show()
        return 0 if result.passed else 1
    print(f"machine: {machine()}")
    missed = [
        name
        for name in (names or ALL)
        if subprocess.run([sys.executable, "-m", "bench", f"--run={name}"]).returncode  # noqa: S603
    ]
    print(f"\n{'all targets reached' if not missed else 'missed: ' + ', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
