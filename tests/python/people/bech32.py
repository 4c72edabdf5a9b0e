"""Addresses of Bitcoin as they are written (BIP 173 and 350), whatever stands in them: those that nobody should pay are what the tests need."""

from __future__ import annotations

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
BECH32, BECH32M = 1, 0x2BC830A3
FIELD = 2**256 - 2**32 - 977
"""The prime of the curve's coordinates (SEC 2)."""


def _checksum(values: list[int], constant: int) -> list[int]:
    rest = 1
    for value in values + [0] * 6:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(GENERATORS):
            rest ^= generator if top >> place & 1 else 0
    return [(rest ^ constant) >> 5 * (5 - place) & 31 for place in range(6)]


def address(version: int, program: bytes, constant: int | None = None, prefix: str = "bc") -> str:
    """A witness address, with the checksum of its version unless another is wanted."""
    bits = "".join(f"{byte:08b}" for byte in program)
    bits += "0" * (-len(bits) % 5)
    values = [version] + [int(bits[place : place + 5], 2) for place in range(0, len(bits), 5)]
    expanded = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    constant = constant or (BECH32M if version else BECH32)
    return prefix + "1" + "".join(ALPHABET[value] for value in values + _checksum(expanded + values, constant))


def is_on_the_curve(x: int) -> bool:
    """Whether a point of secp256k1 has this coordinate, so that somebody can have the key."""
    square = (pow(x, 3, FIELD) + 7) % FIELD
    return x < FIELD and pow(square, (FIELD - 1) // 2, FIELD) in (0, 1)


def key(on_the_curve: bool, number: int = 1) -> bytes:
    """The first 32 bytes from a number on that are a coordinate of the curve, or are none."""
    while is_on_the_curve(number) is not on_the_curve:
        number += 1
    return number.to_bytes(32, "big")
