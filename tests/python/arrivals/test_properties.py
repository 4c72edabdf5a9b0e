"""Properties of the model under seeded random play, and permutations of what arrives."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from . import players, properties
from .mirror import Mirror
from .stage import Stage, at

STEPS = 140
LANES = 60
CHANGES_LEVELS = frozenset({"standing"})


def play(seed: int, without: frozenset[str] = frozenset()) -> Mirror:
    """Plays one lane, checking after every operation."""
    mirror = Mirror(at("10:00"))
    forward = properties.Forward()
    schedule = players.world(seed, STEPS)
    for happened, operations in zip(schedule, players.program(seed, STEPS, schedule, without), strict=True):
        for operation in [happened, *operations]:
            if operation is not None:
                mirror.play(operation)
                properties.check(mirror.model)
                forward.check(mirror.model)
        mirror.quiet()
        properties.check(mirror.model)
    return mirror


@pytest.mark.parametrize("seed", range(LANES))
def test_nobody_wins_and_nothing_is_lost(seed: int) -> None:
    play(seed)


@pytest.mark.parametrize("seed", range(LANES, LANES + 30))
def test_no_window_is_passed_without_a_person(seed: int) -> None:
    mirror = play(seed, CHANGES_LEVELS)
    properties.within_windows(mirror.model, properties.most_tolerance(mirror.model))


def test_the_play_reaches_what_it_should() -> None:
    """A generator that never reaches a state checks nothing about it."""
    statuses: set[str] = set()
    reasons: set[str] = set()
    kinds: set[str] = set()
    for seed in range(25):
        model = play(seed).model
        for name in model.orders:
            view = model.view(name)
            statuses.add(view.status)
            kinds.update(view.exceptions)
            reasons.add(view.hold_reason or "")
        reasons.update(item.reason for item in model.items)
    assert statuses >= {"started", "created", "coins_sent", "finished", "expired", "cancelled", "refunded", "on_hold"}
    assert kinds >= {"late", "short", "over", "foreign_payer", "wrong_asset", "duplicate"}
    assert reasons >= {"below_minimum", "limit", "review", "unassigned"}


def amounts_of(stage: Stage, names: tuple[str, ...]) -> list[tuple[object, ...]]:
    return [
        (view.status, view.received, view.accepted, view.set_aside, view.decided, view.hold_reason, view.exceptions)
        for view in map(stage.view, names)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_the_order_of_arrival_changes_nothing(seed: int) -> None:
    """Facts that are stored before one of them is applied give the same amounts in any permutation."""
    source = random.Random(seed)
    facts = [
        (name, source.choice(("0.50", "5.00", "300.00", "400.00", "600.00", "1000.00", "1005.01")), at(source.choice(("10:30", "10:45", "11:05"))))
        for name in (source.choice(("a", "b")) for _ in range(4))
    ]
    seen = []
    for permutation in itertools.permutations(range(len(facts))):
        stage = Stage()
        for name in ("a", "b"):
            stage.buy(name=name)
        stage.later("10:20")
        stage.buy_price("0.95")
        stage.model.now = at("11:06")
        receipts = [stage.fact(name, amount, reported, key=f"key{number}") for number, (name, amount, reported) in enumerate(facts)]
        for index in permutation:
            stage.model.store(replace(receipts[index]))
        stage.model.settle()
        stage.later("12:01")
        properties.check(stage.model)
        seen.append(amounts_of(stage, ("a", "b")))
    assert all(each == seen[0] for each in seen)


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_arrival_on_an_own_account_number(seed: int) -> None:
    source = random.Random(seed)
    facts = [(source.choice(("500.00", "200.00", "300.00", "700.00")), at(source.choice(("10:30", "10:45")))) for _ in range(3)]
    seen = []
    for permutation in itertools.permutations(range(len(facts))):
        stage = Stage()
        stage.buy_price("17", "MXN")
        for name, amount in (("a", "500.00"), ("b", "700.00")):
            stage.buy(amount, "MEX.SPEI", name)
        stage.model.now = at("10:50")
        receipts = [stage.fact("a", amount, reported, key=f"key{number}", named=(), account_of="c") for number, (amount, reported) in enumerate(facts)]
        for index in permutation:
            stage.model.store(replace(receipts[index]))
        stage.model.settle()
        seen.append(amounts_of(stage, ("a", "b")))
    assert all(each == seen[0] for each in seen)


@pytest.mark.parametrize("seed", range(20))
def test_it_does_not_matter_whether_a_worker_ran_in_between(seed: int) -> None:
    """1.2: stored together or one by one, in order of time, the answer is the same."""
    source = random.Random(seed)
    facts = sorted((source.choice(("10:30", "10:45", "11:05")), source.choice(("300.00", "400.00", "1000.00", "1200.00"))) for _ in range(3))

    def run(at_once: bool) -> list[tuple[object, ...]]:
        stage = Stage()
        stage.buy()
        stage.model.now = at("11:06")
        for number, (reported, amount) in enumerate(facts):
            stage.model.store(stage.fact("o", amount, at(reported), key=f"key{number}"))
            if not at_once:
                stage.model.settle()
        stage.model.settle()
        stage.later("12:01")
        return amounts_of(stage, ("o",))

    assert run(True) == run(False)
