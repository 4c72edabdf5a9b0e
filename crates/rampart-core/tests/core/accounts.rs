//! Bank accounts: right and wrong ones with what is said of the wrong ones, and no panic on anything.

use proptest::prelude::*;
use rampart_core::bank_account::{self, Given, Kind, virtual_account};
use rampart_core::country::Country;
use rampart_core::id::CustomerId;

/// Synthetic accounts and published specimens that hold.
const RIGHT: &[(&str, &[&str])] = &[
    (
        "ESP",
        &[
            "ES9121000418450200051332",
            "ES7899990001410123456789",
            "ES9299990002950000000001",
            "ES3700499999619876543210",
            "DE89370400440532013000",
            "es91 2100 0418 4502 0005 1332",
        ],
    ),
    ("MEX", &["002010077777777771", "012180000000000015", "646180000000000025", "710969000000000033", "638180000000000046"]),
    (
        "ARG",
        &[
            "0110001300000000000017",
            "0170099212345678901233",
            "0070099300000000000994",
            "0000003110000000000014",
            "0000007990000000000027",
            "mesa.luna.verde",
            "CASA-SOL-99",
            "abc123",
            "PAGO.DEMO.X1",
            "a.b.c.d.e",
        ],
    ),
    ("PER", &["00219300000000000118", "00320000000000000236", "00917000000000000324", "01110000000000000452", "01800000000000000509"]),
    ("CHL", &["012/R/44444444", "001/C/00123456789", "037/S/1234567890", "016/V/777012345678", "014/C/9876543210"]),
    ("COL", &["3001234567", "cliente@ejemplo.com", "@demo123", "1999999999", "@A", "007/savings/12345678901", "1007/ahorros/12345678901"]),
];

/// Accounts that do not.
const WRONG: &[(&str, &[&str])] = &[
    (
        "ESP",
        &[
            "ES9121000418450200051333",
            "ES6821000418000200051332",
            "ES912100041845020005133",
            "XX9121000418450200051332",
            "ES0021000418450200051332",
            "123123123",
            "ES2921000418450200051332",
        ],
    ),
    ("MEX", &["002010077777777772", "01218000000000001", "999180000000000025", "71096900000000003X", "0121800000000000150"]),
    (
        "ARG",
        &[
            "0110001400000000000017",
            "0170099212345678901234",
            "007009930000000000099",
            "00000031100000000000145",
            "000000311000000000001A",
            "ab.12",
            "mesa luna",
            "esta.es.una.cadena.larga",
            "peña.roja.sol",
            "",
        ],
    ),
    ("PER", &["00219300000000000117", "00320000000000000246", "0091700000000000032", "011100000000000004520", "0180000000000000050A"]),
    ("CHL", &["012/R/44444444-4", "001/C/12345", "999/C/123456789", "001/X/123456789", "001/C/12A45678", "123456"]),
    ("COL", &["demo123", "@", "@this-has-hyphens", "300123456", "cliente@."]),
];

fn country(name: &str) -> Country {
    Country::find(name).expect("a served country")
}

#[test]
fn right_accounts_hold() {
    let mut lines = Vec::new();
    for (place, accounts) in RIGHT {
        for account in *accounts {
            let checked =
                bank_account::check(country(place), Given::number(account)).unwrap_or_else(|fault| panic!("{place} {account}: {fault}"));
            lines.push(format!("{place} {account} | {:?} | {} | {}", checked.kind, checked.masked(), checked.bank_name.unwrap_or("-")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn wrong_accounts_are_refused_with_a_sentence_that_helps() {
    let mut lines = Vec::new();
    for (place, accounts) in WRONG {
        for account in *accounts {
            let fault = bank_account::check(country(place), Given::number(account)).expect_err(account);
            lines.push(format!("{place} {account} | {} | {fault} | {}", fault.code(), fault.spanish()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn references_and_bank_identifiers() {
    for right in ["RF18539007547034", "RF741", "RF09ORDER000123", "RF872026INV0000000000001", "RF55ABCDEFGHIJ1234567890K"] {
        assert!(bank_account::check_creditor_reference(right).is_ok(), "{right}");
    }
    for wrong in ["RF18539007547035", "RF00539007547034", "RF1", "RF19ORDER000123", "RF18 5390 0754 7034 1234 5678 90123"] {
        assert!(bank_account::check_creditor_reference(wrong).is_err(), "{wrong}");
    }
    assert_eq!(bank_account::check_bic("caixesbbxxx").as_deref(), Ok("CAIXESBB"));
    assert!(bank_account::check_bic("DEUTDEFF500").is_ok());
    for wrong in ["BBVAES", "1BVAESMM", "BBVAESM1XXXX"] {
        assert!(bank_account::check_bic(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn customers_own_accounts_lead_back_to_them() {
    for (place, ours, kind) in
        [(Country::MEXICO, "646180123400000007", Kind::Clabe), (Country::ARGENTINA, "0009990710000000000007", Kind::Cvu)]
    {
        for number in [1, 42, 9_999_999] {
            let account = virtual_account::account_of(ours, CustomerId(number)).expect("fits");
            assert_eq!(bank_account::check(place, Given::number(&account)).map(|checked| checked.kind), Ok(kind), "{account}");
            assert_eq!(virtual_account::customer_of(ours, &account), Some(CustomerId(number)));
        }
        assert_eq!(virtual_account::customer_of(ours, ours), None);
    }
    assert_eq!(virtual_account::account_of("646180123400000007", CustomerId(10_000_000)), None);
    assert_eq!(virtual_account::account_of("ES9121000418450200051332", CustomerId(1)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_text_makes_a_check_panic(text in "\\PC{0,70}", bank in "\\PC{0,5}", kind in "\\PC{0,5}", place in 0_usize..6) {
        let place = Country::served().nth(place).expect("six");
        let _ = bank_account::check(place, Given::number(&text));
        let _ = bank_account::check(place, Given { account: &text, bank_code: Some(&bank), account_type: Some(&kind) });
        let _ = (bank_account::check_bic(&text), bank_account::check_creditor_reference(&text), bank_account::masked(&text));
    }

    #[test]
    fn no_likely_text_makes_a_check_panic(text in "[A-Z0-9@./ -]{0,34}", place in 0_usize..6) {
        let place = Country::served().nth(place).expect("six");
        let _ = bank_account::check(place, Given::number(&text));
    }
}
