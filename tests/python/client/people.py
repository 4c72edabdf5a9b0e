"""Customers to register."""

from __future__ import annotations

import itertools
from typing import Any

_NUMBERS = itertools.count(20_000_000)


def spaniard(**changes: Any) -> dict[str, Any]:
    """A Spanish customer with a valid identity number and account, another one each time."""
    number = next(_NUMBERS)
    return {
        "name": "Carmen", "last_name": "García", "last_name2": "López", "email": f"carmen.{number}@example.com", "phone": "+34612345678",
        "country": "España", "country_code": "ESP", "city": "Madrid", "address": "Calle de Alcalá 1", "zipcode": "28014", "dob": "1990-02-28",
        "identification_type": "GOVERNMENT_ID", "identification_number": f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}",
        "iban": "ES9121000418450200051332", **changes,
    }
