"""Dependencies are checked against advisories by a check that would find one. Of the repository, and not of a binary."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.entry("dependencies")
def test_a_check_that_finds_nothing_made_up_fails(tmp_path: Path) -> None:
    """A program in place of cargo-deny that never finds anything."""
    blind = tmp_path / "cargo-deny"
    blind.write_text("#!/bin/sh\nexit 0\n")
    blind.chmod(0o755)
    done = subprocess.run(
        [ROOT / "scripts" / "dependencies", blind], capture_output=True, text=True, timeout=120,
        env={**os.environ, "CARGO_TARGET_DIR": str(tmp_path / "target")},
    )
    assert done.returncode != 0 and "advisories are not checked" in done.stderr, done.stdout + done.stderr


@pytest.mark.entry("dependencies")
def test_the_check_is_a_part_of_all_tests() -> None:
    """And its program comes pinned, whatever the machine has."""
    steps = (ROOT / "scripts" / "test").read_text()
    assert "scripts/dependencies" in steps
    assert "--require-hashes" in steps and "cargo-deny" in (ROOT / "scripts" / "requirements.txt").read_text()
