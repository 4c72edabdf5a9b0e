"""Writes docs/vectors/*.json: synthetic numbers, right and wrong with the reason, for other languages to test against.

    python tests/python/documents/make_vectors.py            writes the files
    python tests/python/documents/make_vectors.py --check    says whether they are as they would be written
"""

import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import synthetic as numbers  # noqa: E402

FOLDER = pathlib.Path(__file__).parents[3] / "docs" / "vectors"
RIGHT, WRONG = 30, 12


def wrong_last(source, number):
    """Another check digit than the right one, of the same kind."""
    last = number[-1]
    pool = numbers.string.digits if last.isdigit() else [letter for letter in numbers.DNI_LETTERS]
    return number[:-1] + source.choice([sign for sign in pool if sign != last])


def wrong_digit(source, number, places):
    place = source.choice(places)
    return number[:place] + numbers.other_digit(source, number[place]) + number[place + 1 :]


def of(kind, country, api_value, make, wrongs):
    """One file: `wrongs` are (reason, function of a right number) pairs."""
    source = random.Random(f"rampart {country} {api_value}")
    right = [make(source) for _ in range(RIGHT)]
    wrong = []
    for reason, spoil in wrongs:
        for _ in range(WRONG):
            wrong.append({"number": spoil(source, make(source)), "reason": reason})
    return {
        "kind": kind,
        "country": country,
        "type": api_value,
        "synthetic": "none of these numbers was ever issued knowingly; any that exists does so by chance",
        "valid": right,
        "invalid": wrong,
    }


def chop(source, number):
    return number[:-2]


def letter_inside(place):
    return lambda source, number: number[:place] + "O" + number[place + 1 :]


def vectors():
    n = numbers
    check, length, letter, placeholder = "wrong_check_digit", "wrong_length", "letter_for_digit", "placeholder"
    last = lambda s, x: wrong_last(s, x)  # noqa: E731
    yield "esp-government-id", of("identification", "ESP", "GOVERNMENT_ID", n.dni, [(check, last), (letter, letter_inside(4))])
    yield "esp-government-id-kl", of("identification", "ESP", "GOVERNMENT_ID", lambda s: n.nif_klm(s, s.choice("KL")), [(check, last), (length, chop)])
    yield "esp-permanent-residence-permit", of("identification", "ESP", "PERMANENT_RESIDENCE_PERMIT", n.nie, [
        (check, last), (letter, letter_inside(4)), ("unknown_prefix", lambda s, x: "W" + x[1:])])
    yield "esp-cif", of("identification", "ESP", "CIF", n.cif, [
        (check, lambda s, x: x[:-1] + (n.other_digit(s, x[-1]) if x[-1].isdigit() else s.choice([c for c in "JABCDEFGHI" if c != x[-1]]))),
        ("unknown_prefix", lambda s, x: "I" + x[1:]), (length, chop)])
    yield "chl-rut", of("identification", "CHL", "RUT", n.rut, [
        (check, lambda s, x: x[:-1] + s.choice([c for c in "0123456789K" if c != x[-1]])), (letter, letter_inside(2))])
    yield "chl-rut-short", of("identification", "CHL", "RUT", n.short_rut, [
        (check, lambda s, x: x[:-1] + s.choice([c for c in "0123456789K" if c != x[-1]])), (placeholder, lambda s, x: "0" * s.randint(2, 9))])
    yield "mex-curp", of("identification", "MEX", "CURP", n.curp, [
        (check, lambda s, x: x[:-1] + n.other_digit(s, x[-1])), (length, chop),
        ("impossible_date", lambda s, x: (lambda b: b + n.curp_check(b))(x[:6] + "0230" + x[10:17])),
        ("unknown_place", lambda s, x: (lambda b: b + n.curp_check(b))(x[:11] + "ZZ" + x[13:17]))])
    yield "mex-rfc-person", of("identification", "MEX", "RFC", lambda s: n.rfc(s, 4), [
        ("impossible_date", lambda s, x: x[:4] + x[4:6] + "1301" + x[10:])])
    yield "mex-rfc-company", of("identification", "MEX", "RFC", lambda s: n.rfc(s, 3), [
        ("impossible_date", lambda s, x: x[:3] + x[3:5] + "0230" + x[9:]), (length, chop)])
    yield "col-nit", of("identification", "COL", "NIT", n.nit, [(check, lambda s, x: x[:-1] + n.other_digit(s, x[-1])), (letter, letter_inside(3))])
    yield "col-nit-person", of("identification", "COL", "NIT", n.persons_nit, [
        (check, lambda s, x: x[:-1] + n.other_digit(s, x[-1])), (letter, letter_inside(3)), ("unknown_prefix", lambda s, x: "0" + x)])
    yield "per-ruc", of("identification", "PER", "RUC", n.ruc, [
        (check, lambda s, x: x[:-1] + n.other_digit(s, x[-1])), ("unknown_prefix", lambda s, x: "30" + x[2:]), (letter, letter_inside(5))])
    yield "arg-cuit", of("identification", "ARG", "CUIT", n.cuit, [
        (check, lambda s, x: x[:-1] + n.other_digit(s, x[-1])), ("unknown_prefix", lambda s, x: "40" + x[2:]), (letter, letter_inside(5)),
        (placeholder, lambda s, x: n.country_cuit(s))])
    account, digit = "wrong_check_digits", "digit_expected"
    yield "account-esp-iban", of("account", "ESP", "IBAN", n.spanish_iban, [
        (account, lambda s, x: wrong_digit(s, x, range(12, 24))), (length, chop), (digit, letter_inside(15))])
    yield "account-sepa-iban", of("account", "ESP", "IBAN", n.german_iban, [(account, lambda s, x: wrong_digit(s, x, range(4, 22))), (length, chop)])
    yield "account-mex-clabe", of("account", "MEX", "CLABE", n.clabe, [
        (account, lambda s, x: x[:-1] + n.other_digit(s, x[-1])), (length, lambda s, x: x[:-1]), (digit, letter_inside(9))])
    yield "account-arg-cbu", of("account", "ARG", "CBU", n.cbu, [
        (account, lambda s, x: wrong_digit(s, x, range(8, 21))), (length, lambda s, x: x[:-1]), (digit, letter_inside(9))])
    yield "account-arg-cvu", of("account", "ARG", "CVU", lambda s: n.cbu(s, provider=True), [(account, lambda s, x: wrong_digit(s, x, range(8, 21)))])
    yield "account-per-cci", of("account", "PER", "CCI", n.cci, [
        (account, lambda s, x: wrong_digit(s, x, range(6, 18))), (length, lambda s, x: x[:-1]), (digit, letter_inside(9))])


def main() -> int:
    stale = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in vectors():
        path = FOLDER / f"{name}.json"
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(path.name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print("not as the generator writes them:", ", ".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
