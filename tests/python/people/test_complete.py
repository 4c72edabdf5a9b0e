"""Every entry of the table has a test, and every test an entry of the table."""

from __future__ import annotations

from pathlib import Path

from entries import listed, marked

HERE = Path(__file__).parent


def test_every_entry_has_a_test() -> None:
    assert marked(HERE) == listed(HERE)
