"""Fixtures: one installation that most tests share, and installations of its own for a test that configures one or finds one as it was."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audit.conftest import another, binary, pytest_configure  # noqa: E402, F401
from faults.conftest import databases, fresh, pytest_addoption  # noqa: E402, F401
from faults.databases import Databases  # noqa: E402
from faults.frame import Ramp  # noqa: E402


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Ramp]:  # noqa: F811
    running = Ramp(Path(pytestconfig.getoption("--binary")), tmp_path_factory.mktemp("shared"), databases.empty())
    running.start()
    running.market("0.90")
    yield running
    running.end()
    # Whatever was played, the books must balance at the end.
    running.operate("ledger", "verify")


@pytest.fixture
def ramp(shared: Ramp) -> Ramp:
    """The shared installation, on which no test leaves a fault or a silent market behind."""
    return shared
