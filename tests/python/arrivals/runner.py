"""Plays seeded operations on the real binary and on the model, and compares what both show after every step.

    python -m arrivals.runner --binary target/debug/rampart --seeds 20 --operations 60 [--seed-start 1]
        [--database postgres://...] [--without 1.1,2.3,outage] [--fields status,received] [--lenient] [--keep FOLDER]
        [--permutations 3] [--kept FOLDER]
    python -m arrivals.runner --binary target/debug/rampart --replay FOLDER/seed-7.jsonl

Run it in `tests/python`. `--without` names rules or tricks that are not played, `--fields` what is compared: so it is switched
on rule by rule. `--lenient` passes over fields that the API does not show yet. After each batch the properties are checked on
what is shown, and facts are reported in several orders (`--permutations`). Exit code 1: there are differences; 2: the binary
stopped answering.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from arrivals import permuted, players  # noqa: E402
from arrivals.binary import World  # noqa: E402
from arrivals.compare import FIELDS, Difference, describe, shrink  # noqa: E402
from arrivals.duet import Duet, Program, of_lane, play_program  # noqa: E402
from arrivals.operations import Operation, from_json, to_json  # noqa: E402


TELL_EVERY = 100
"""After how many steps a word is said about how it goes."""
MAX_PRINTED = 100
"""How many of a program's operations are printed; all of them are stored."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--database", help="the database's URL; without it the embedded file")
    parser.add_argument("--seeds", type=int, default=20, help="how many lanes of customers")
    parser.add_argument("--operations", type=int, default=60, help="how many steps each lane plays")
    parser.add_argument("--seed-start", type=int, default=1)
    parser.add_argument("--batch", type=int, default=20, help="how many lanes share one world at a time")
    parser.add_argument("--without", default=players.REPORTED_TOGETHER, help="rules or tricks that are left out, separated by commas")
    parser.add_argument("--fields", default=",".join(FIELDS), help="what is compared, separated by commas")
    parser.add_argument("--lenient", action="store_true", help="a field that the API does not show is no difference")
    parser.add_argument("--patience", type=float, default=8, help="how many seconds a difference may take to go away")
    parser.add_argument("--shrink-seconds", type=float, default=120, help="how long one difference is shrunk, 0 not at all")
    parser.add_argument("--permutations", type=int, default=3, help="how many plays of each batch report the same facts in several orders")
    parser.add_argument("--keep", type=Path, help="a folder for the programs that fail")
    parser.add_argument("--kept", type=Path, help="a folder of programs that are played first")
    parser.add_argument("--replay", type=Path, help="plays one stored program and nothing else; with --keep it is shrunk")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    # Somebody reads along in a file.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    differences = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        world = World(options.binary, Path(name), options.database)
        try:
            for file in sorted(options.kept.glob("*.jsonl")) if options.kept else []:
                print(f"{file.stem}: ", end="")
                differences += replay(world, options, stored(file))
            if options.replay:
                differences += replay(world, options, stored(options.replay))
            else:
                last = options.seed_start + options.seeds
                for first in range(options.seed_start, last, options.batch):
                    differences += batch(world, options, list(range(first, min(first + options.batch, last))))
            print(world.rampart.run("ledger", "verify").strip())
        except httpx.HTTPError as error:
            print(f"the binary does not answer any more: {error!r}; its log is {Path(name) / 'server.log'}:")
            print((Path(name) / "server.log").read_text()[-2000:])
            return 2
        finally:
            world.stop()
    print(f"{differences} differences; {time.monotonic() - began:.0f} seconds")
    return 1 if differences else 0


def stored(file: Path) -> Program:
    """A program that was kept."""
    return [from_json(line) for line in file.read_text().splitlines() if line]


def batch(world: World, options: argparse.Namespace, seeds: list[int]) -> int:
    """Plays the lanes of several seeds in one world; how many of them differ."""
    without = frozenset(filter(None, options.without.split(",")))
    schedule = players.world(seeds[0], options.operations, without)
    programs: dict[int, list[list[Operation]]] = {
        seed: players.program(seed, options.operations, schedule, without) for seed in seeds
    }
    duet = Duet(world, seeds, options.fields.split(","), options.lenient, options.patience)
    began = time.monotonic()
    found: list[tuple[Difference, Program]] = []

    def note(differences: list[Difference], step: int) -> None:
        for difference in differences:
            found.append((difference, of_lane(schedule, programs[difference.seed], step)))
            print_difference(options, *found[-1])

    for step, happened in enumerate(schedule):
        note(duet.step(step, happened, {seed: programs[seed][step] for seed in seeds}), step)
        if (step + 1) % TELL_EVERY == 0:
            print(f"seeds {seeds[0]} to {seeds[-1]}: step {step + 1}, {duet.played / (time.monotonic() - began):.0f} operations a second")
    note(duet.ends(), len(schedule) - 1)
    broken = duet.properties()
    for place in range(options.permutations):
        broken += permuted.play(world, seeds[0] + place)
    for difference in broken:
        print(describe(difference, []))
    # Shrinking plays in the same world, and would change it for the lanes that still play.
    played, skipped, refused = duet.counts
    print(
        f"seeds {seeds[0]} to {seeds[-1]}: {played} operations, {refused} of them refused by both, {skipped} skipped, in "
        f"{time.monotonic() - began:.0f} seconds; {len(duet.failed)} lanes differ, {len(broken)} properties do not hold",
    )
    if options.shrink_seconds:
        for difference, program in found:
            make_smaller(world, options, difference, program)
    return len(duet.failed) + len(broken)


def replay(world: World, options: argparse.Namespace, program: Program) -> int:
    """Plays a stored program."""
    difference = play_program(world, program, options.fields.split(","), options.lenient, options.patience)
    if difference is None:
        print("no difference")
        return 0
    print(describe(difference, program[-MAX_PRINTED:]))
    if options.keep and options.shrink_seconds:
        make_smaller(world, options, difference, program)
    return 1


def print_difference(options: argparse.Namespace, difference: Difference, program: Program) -> None:
    """Prints a difference and stores its program."""
    print(describe(difference, program[-MAX_PRINTED:]))
    if options.keep:
        (options.keep / f"seed-{difference.seed}.jsonl").write_text("".join(to_json(operation) + "\n" for operation in program))


def make_smaller(world: World, options: argparse.Namespace, difference: Difference, program: Program) -> None:
    """Looks for the smallest program that still differs, and prints and stores it."""

    def fails(shorter: Program) -> Difference | None:
        # One lane alone is quick.
        again = play_program(world, shorter, options.fields.split(","), options.lenient, min(options.patience, 2))
        return again if again and again.names() == difference.names() else None

    smallest, found = shrink(program, fails, options.shrink_seconds)
    if found is None:
        print(f"seed {difference.seed}: alone, in a world of its own, it does not differ")
        return
    print(f"seed {difference.seed}: shrunk to {len(smallest)} operations:")
    print(describe(found, smallest))
    if options.keep:
        (options.keep / f"seed-{difference.seed}-small.jsonl").write_text("".join(to_json(each) + "\n" for each in smallest))


if __name__ == "__main__":
    sys.exit(main())
