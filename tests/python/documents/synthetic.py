"""Makes right and wrong numbers of every kind that has a check digit.

Written from the official rules alone (docs/documents.md names them), in another language and another way than the
validator, so that agreement between the two means something.
"""

import datetime
import random
import string

DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
CURP_ORDER = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
RFC_ORDER = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
STATES = (
    "AS BC BS CC CH CL CM CS DF DG GR GT HG JC MC MN MS NE NL NT OC PL QR QT SL SP SR TC TL TS VZ YN ZS".split()
)


def digits(source: random.Random, count: int) -> str:
    return "".join(source.choice(string.digits) for _ in range(count))


def other_digit(source: random.Random, digit: str) -> str:
    return source.choice([candidate for candidate in string.digits if candidate != digit])


def luhn_like(text: str, doubled_first: bool) -> int:
    total = 0
    for place, digit in enumerate(text):
        value = int(digit) * (2 if (place % 2 == 0) == doubled_first else 1)
        total += sum(int(digit) for digit in str(value))
    return (10 - total % 10) % 10


def modulo_11(text: str, weights: list[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(text, weights)) % 11


# --- Spain -------------------------------------------------------------------------------------------------------------


def dni(source: random.Random) -> str:
    body = digits(source, 8)
    return body + DNI_LETTERS[int(body) % 23]


def nif_klm(source: random.Random, prefix: str) -> str:
    body = digits(source, 7)
    return prefix + body + DNI_LETTERS[int(body) % 23]


def nie(source: random.Random) -> str:
    prefix, body = source.choice("XYZ"), digits(source, 7)
    return prefix + body + DNI_LETTERS[int(str("XYZ".index(prefix)) + body) % 23]


def cif(source: random.Random) -> str:
    kind, body = source.choice("ABCDEFGHJNPQRSUVW"), digits(source, 7)
    control = luhn_like(body, doubled_first=True)
    wants_letter = kind in "NPQRSW" or body.startswith("00")
    return kind + body + ("JABCDEFGHI"[control] if wants_letter else str(control))


# --- Chile, Colombia, Peru, Argentina ----------------------------------------------------------------------------------


def rut_of(body: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(reversed(body), [2, 3, 4, 5, 6, 7, 2, 3]))
    return body + "0K987654321"[total % 11]


def rut(source: random.Random) -> str:
    return rut_of(str(source.randint(1_000_000, 99_999_999)))


def short_rut(source: random.Random) -> str:
    return rut_of(str(source.randint(1, 999_999)))


def nit_of(body: str) -> str:
    rest = modulo_11(body[::-1], [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47])
    return f"{body}-{rest if rest < 2 else 11 - rest}"


def nit(source: random.Random) -> str:
    return nit_of(source.choice("89") + digits(source, 8))


def persons_nit(source: random.Random) -> str:
    """A cédula with a check digit: of men and women of former days, and of the series that began in 2003."""
    ranges = [(100_000, 19_999_999), (20_000_000, 69_999_999), (70_000_000, 99_999_999), (1_000_000_000, 1_199_999_999)]
    return nit_of(str(source.randint(*source.choice(ranges))))


def ruc(source: random.Random) -> str:
    body = source.choice(["10", "15", "17", "20"]) + digits(source, 8)
    return body + str((11 - modulo_11(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) % 10)


def cuit(source: random.Random) -> str:
    while True:
        body = source.choice(["20", "23", "24", "27", "30", "33", "34"]) + digits(source, 8)
        check = (11 - modulo_11(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) % 11
        if check != 10:  # such numbers are given out under another prefix
            return body + str(check)


def country_cuit(source: random.Random) -> str:
    """AFIP's number for residents of a country abroad."""
    while True:
        body = source.choice(["5000000", "5160000", "5500000"]) + digits(source, 3)
        check = (11 - modulo_11(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) % 11
        if check != 10:
            return body + str(check)


# --- Mexico ------------------------------------------------------------------------------------------------------------


def birthday(source: random.Random, century: int) -> str:
    first = datetime.date(century, 1, 1)
    last = datetime.date(1999, 12, 31) if century == 1900 else datetime.date(2010, 12, 31)
    return (first + datetime.timedelta(days=source.randint(0, (last - first).days))).strftime("%y%m%d")


def curp_check(body: str) -> str:
    total = sum(CURP_ORDER.index(sign) * (18 - place) for place, sign in enumerate(body))
    return str((10 - total % 10) % 10)


def curp(source: random.Random) -> str:
    # Q and W in front never make a word that is replaced, nor a name that exists.
    century = source.choice([1900, 2000])
    consonants = "BCDFGHJKLMNPQRSTVWXYZ"
    body = source.choice("QW") + source.choice("AEIOUX") + source.choice("QWXZ") + source.choice(string.ascii_uppercase)
    body += birthday(source, century) + source.choice("HM") + source.choice(STATES)
    body += "".join(source.choice(consonants) for _ in range(3))
    body += source.choice(string.digits if century == 1900 else string.ascii_uppercase)
    return body + curp_check(body)


def rfc_check(body: str) -> str:
    padded = body.rjust(12)
    rest = sum(RFC_ORDER.index(sign) * (13 - place) for place, sign in enumerate(padded)) % 11
    return "0A987654321"[rest]


def rfc(source: random.Random, letters: int) -> str:
    body = "".join(source.choice("QWXZ") for _ in range(letters)) + birthday(source, 1900)
    body += source.choice("123456789ABCDEFGHIJKLMNOPQRSTUV") + source.choice("123456789ABCDEFGHIJKLMNPQRSTUVWXYZ")
    return body + rfc_check(body)


# --- Bank accounts -----------------------------------------------------------------------------------------------------


def iban_check(country: str, national: str) -> str:
    rearranged = national + country + "00"
    return f"{98 - int(''.join(str(int(sign, 36)) for sign in rearranged)) % 97:02}"


def ccc_control(text: str) -> str:
    rest = sum(int(digit) * pow(2, place, 11) for place, digit in enumerate(text)) % 11
    return "01987654321"[rest]


def spanish_iban(source: random.Random) -> str:
    branch, account = digits(source, 8), digits(source, 10)
    national = branch + ccc_control("00" + branch) + ccc_control(account) + account
    return "ES" + iban_check("ES", national) + national


def german_iban(source: random.Random) -> str:
    national = digits(source, 18)
    return "DE" + iban_check("DE", national) + national


def clabe(source: random.Random) -> str:
    body = source.choice(["002", "012", "014", "072", "646"]) + digits(source, 14)
    total = sum(int(digit) * weight % 10 for digit, weight in zip(body, [3, 7, 1] * 6))
    return body + str(-total % 10)


def cbu_block(text: str, weights: list[int]) -> str:
    return str(-sum(int(digit) * weight for digit, weight in zip(text, weights)) % 10)


def cbu(source: random.Random, provider: bool = False) -> str:
    head = ("000" + digits(source, 4)) if provider else source.choice(["007", "011", "017", "072", "285"]) + digits(source, 4)
    tail = digits(source, 13)
    return head + cbu_block(head, [7, 1, 3, 9, 7, 1, 3]) + tail + cbu_block(tail, [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3])


def cci(source: random.Random) -> str:
    head, tail = source.choice(["002", "003", "009", "011"]) + digits(source, 3), digits(source, 12)
    return head + tail + str(luhn_like(head, doubled_first=False)) + str(luhn_like(tail, doubled_first=False))


def creditor_reference(source: random.Random) -> str:
    body = "".join(source.choice(string.ascii_uppercase + string.digits) for _ in range(source.randint(1, 21)))
    return "RF" + iban_check("RF", body) + body
