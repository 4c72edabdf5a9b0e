"""Fixtures: the binary under test."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--binary", required=True, help="the rampart binary")


@pytest.fixture(scope="session")
def binary(pytestconfig: pytest.Config) -> Path:
    return Path(pytestconfig.getoption("--binary"))
