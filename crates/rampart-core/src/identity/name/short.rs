//! Fixed abbreviations in forms and bank records.

/// The part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamePart {
    Given,
    Family,
    Company,
}

/// (abbreviation, given name). Ambiguous abbreviations are left out.
const GIVEN: &[(&str, &str)] = &[
    ("ma", "maria"),
    ("mari", "maria"),
    ("fco", "francisco"),
    ("fca", "francisca"),
    ("anto", "antonio"),
    ("gpe", "guadalupe"),
    ("guad", "guadalupe"),
    ("mnel", "manuel"),
    ("gmo", "guillermo"),
    ("rbto", "roberto"),
    ("edo", "eduardo"),
    ("jno", "juan"),
    ("cpcion", "concepcion"),
];

/// (abbreviation, family name).
const FAMILY: &[(&str, &str)] = &[
    ("fdez", "fernandez"),
    ("fdz", "fernandez"),
    ("fndez", "fernandez"),
    ("hdez", "hernandez"),
    ("hdz", "hernandez"),
    ("hndez", "hernandez"),
    ("rdguez", "rodriguez"),
    ("rguez", "rodriguez"),
    ("rodguez", "rodriguez"),
    ("rdz", "rodriguez"),
    ("rdgz", "rodriguez"),
    ("rodz", "rodriguez"),
    ("glez", "gonzalez"),
    ("glz", "gonzalez"),
    ("gzlez", "gonzalez"),
    ("gonz", "gonzalez"),
    ("mtz", "martinez"),
    ("mtnez", "martinez"),
    ("mnez", "martinez"),
    ("mrtz", "martinez"),
    ("ga", "garcia"),
    ("gcia", "garcia"),
    ("lpz", "lopez"),
    ("schez", "sanchez"),
    ("snchez", "sanchez"),
    ("dguez", "dominguez"),
    ("dmguez", "dominguez"),
    ("gmez", "gomez"),
    ("gmz", "gomez"),
    ("jmnez", "jimenez"),
    ("jmnz", "jimenez"),
    ("alvz", "alvarez"),
    ("vqz", "vazquez"),
    ("vzqz", "vazquez"),
    ("rmz", "ramirez"),
    ("gtz", "gutierrez"),
    ("gtrrez", "gutierrez"),
    ("sta", "santa"),
    ("sto", "santo"),
    ("mc", "mac"),
];

/// (abbreviation, word in company names).
const COMPANY: &[(&str, &str)] = &[
    ("cia", "compania"),
    ("hnos", "hermanos"),
    ("serv", "servicios"),
    ("transp", "transportes"),
    ("intl", "internacional"),
    ("gpo", "grupo"),
];

/// Whether one spelling is an abbreviation of the other.
pub(super) fn is_short_of(place: NamePart, one: &str, other: &str) -> bool {
    let table = match place {
        NamePart::Given => GIVEN,
        NamePart::Family => FAMILY,
        NamePart::Company => COMPANY,
    };
    table.iter().any(|(short, whole)| (one == *short && other == *whole) || (other == *short && one == *whole))
}
