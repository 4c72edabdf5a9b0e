"""Tables of entries in the README of a folder of tests, and the tests that name them."""

from __future__ import annotations

import re
from pathlib import Path


def marked(folder: Path) -> set[str]:
    """The entries that tests name with `@pytest.mark.entry`. Found in the text: a run of a few tests collects only those."""
    return {name for file in folder.glob("test_*.py") for name in re.findall(r'mark\.entry\("([^"]+)"\)', file.read_text())}


def listed(folder: Path) -> set[str]:
    """The entries of the table in the README."""
    return set(re.findall(r"^\| ([a-z0-9 ]+) \| [A-Z]", (folder / "README.md").read_text(), re.MULTILINE))
