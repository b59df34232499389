"""Loaded before Django's settings (``-p tests.world``): names the test database, embedded unless DATABASE_URL is set."""

from __future__ import annotations

import os
from pathlib import Path

TEST_VAR = Path(__file__).parent.parent / "var" / "test"
DEMO_PASSWORD = "Demo-12345-xn"

TEST_VAR.mkdir(parents=True, exist_ok=True)
os.environ.setdefault("YOUSU_VAR", str(TEST_VAR))
os.environ.setdefault("YOUSU_DEMO", "1")
if "DATABASE_URL" not in os.environ:
    from yousu.base.embedded import Embedded

    os.environ["DATABASE_URL"] = Embedded(TEST_VAR / "pg").hold()
