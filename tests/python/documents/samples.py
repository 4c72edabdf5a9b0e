"""Right, mistyped and random numbers, repeatable by their seed."""

from __future__ import annotations

import random
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mistyped(source: random.Random, number: str, alphabet: str) -> str:
    """One thing that goes wrong at a keyboard."""
    place = source.randrange(len(number))
    match source.randrange(8):
        case 0:
            return number[:place] + number[place + 1 :]
        case 1:
            return number[:place] + source.choice(alphabet) + number[place:]
        case 2 | 3:
            return number[:place] + number[place + 1 : place + 2] + number[place] + number[place + 2 :]
        case 4:
            return number[:place] + source.choice(ALPHABET) + number[place + 1 :]
        case _:
            return number[:place] + source.choice(alphabet) + number[place + 1 :]


def random_of(source: random.Random, number: str, alphabet: str) -> str:
    """Of the same shape: digits for digits and letters for letters, with another end."""
    letters = "".join(sign for sign in alphabet if sign.isalpha()) or alphabet
    shape = [source.choice("0123456789") if sign.isdigit() else source.choice(letters) if source.random() < 0.3 else sign for sign in number]
    return "".join(shape[:-1]) + source.choice(alphabet)


def sample(seed: str, count: int, make: Callable[[random.Random], str], alphabet: str) -> list[str]:
    """A quarter right numbers, half mistyped ones, a quarter of random ones."""
    source = random.Random(seed)
    numbers = []
    for _ in range(count):
        number = make(source)
        chance = source.random()
        if chance < 0.5:
            number = mistyped(source, number, alphabet)
            if chance < 0.15:
                number = mistyped(source, number or "0", alphabet)
        elif chance < 0.75:
            number = random_of(source, number, alphabet)
        if source.random() < 0.05:
            number = number.lower()
        if source.random() < 0.05:
            place = source.randrange(len(number) + 1)
            number = f"{number[:place]} {number[place:]}"
        numbers.append(number or "0")
    return numbers
