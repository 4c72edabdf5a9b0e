"""PostgreSQL databases of their own for installations that run beside each other."""

from __future__ import annotations

import itertools
import subprocess


class Databases:
    """Makes empty databases beside a given one. Without that one nothing is made: installations then use their embedded files."""

    def __init__(self, beside: str | None) -> None:
        self.beside = beside
        self.numbers = itertools.count(1)
        self.made: list[str] = []

    def empty(self) -> str | None:
        """The URL of a new database."""
        if self.beside is None:
            return None
        server, _, name = self.beside.rpartition("/")
        own = f"{name}_faults_{next(self.numbers)}"
        # A run before this one may have left it behind.
        self._execute(f'drop database if exists "{own}" with (force)', f'create database "{own}"')
        self.made.append(own)
        return f"{server}/{own}"

    def drop_all(self) -> None:
        for own in self.made:
            self._execute(f'drop database if exists "{own}" with (force)')

    def _execute(self, *statements: str) -> None:
        command = ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", str(self.beside)]
        for statement in statements:
            command += ["--command", statement]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{statements}: {done.stderr}")
