"""Every entry of the table has a test, and every test an entry of the table."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent


def test_every_entry_has_a_test() -> None:
    """Found in the text: a run of a few tests collects only those."""
    marked = {name for file in HERE.glob("test_*.py") for name in re.findall(r'mark\.entry\("([^"]+)"\)', file.read_text())}
    listed = set(re.findall(r"^\| ([a-z0-9 ]+) \| [A-Z]", (HERE / "README.md").read_text(), re.MULTILINE))
    assert marked == listed
