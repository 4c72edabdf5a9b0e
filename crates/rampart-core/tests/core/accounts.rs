//! Bank accounts: valid and invalid ones with their messages, and no panic on any input.

use proptest::prelude::*;
use rampart_core::id::CustomerId;
use rampart_core::identity::bank_account::{self, BankAccountInput, BankAccountKind, virtual_account};
use rampart_core::identity::country::Country;

/// Valid synthetic accounts and published specimens, separated by bars.
const VALID: &[(&str, &str)] = &[
    (
        "ESP",
        "ES9121000418450200051332 | ES7899990001410123456789 | ES9299990002950000000001 | ES3700499999619876543210 | \
         DE89370400440532013000 | es91 2100 0418 4502 0005 1332",
    ),
    ("MEX", "002010077777777771 | 012180000000000015 | 646180000000000025 | 710969000000000033 | 638180000000000046 | 999180000000000028"),
    (
        "ARG",
        "0110001300000000000017 | 0170099212345678901233 | 0070099300000000000994 | 0000003110000000000014 | \
         0000007990000000000027 | mesa.luna.verde | CASA-SOL-99 | abc123 | PAGO.DEMO.X1 | a.b.c.d.e",
    ),
    ("PER", "00219300000000000118 | 00320000000000000236 | 00917000000000000324 | 01110000000000000452 | 01800000000000000509"),
    ("CHL", "012/R/44444444 | 001/C/00123456789 | 037/S/1234567890 | 016/V/777012345678 | 014/C/9876543210"),
    ("COL", "3001234567 | cliente@ejemplo.com | @demo123 | 1999999999 | @A | 007/savings/12345678901 | 1007/ahorros/12345678901"),
];

/// Invalid accounts, likewise.
const INVALID: &[(&str, &str)] = &[
    (
        "ESP",
        "ES9121000418450200051333 | ES6821000418000200051332 | ES912100041845020005133 | XX9121000418450200051332 | \
         ES0021000418450200051332 | 123123123 | ES2921000418450200051332",
    ),
    ("MEX", "002010077777777772 | 01218000000000001 | 71096900000000003X | 0121800000000000150 | 5512345 | +34600123456 | 0012345678"),
    (
        "ARG",
        "0110001400000000000017 | 0170099212345678901234 | 007009930000000000099 | 00000031100000000000145 | \
         000000311000000000001A | ab.12 | mesa luna | esta.es.una.cadena.larga | peña.roja.sol | ...... | -.-.-. | \
         0170099.2 1234567890123.4 | ",
    ),
    ("PER", "00219300000000000117 | 00320000000000000246 | 0091700000000000032 | 011100000000000004520 | 0180000000000000050A"),
    (
        "CHL",
        "012/R/44444444-4 | 001/C/12345 | 000/C/123456789 | 12345/C/123456789 | 99/C/123456789 | \
         Banco de Ninguna Parte/C/123456789 | 001/X/123456789 | 001//123456789 | 001/C/12A45678 | 123456 | \
         Tenpo/CuentaRUT/12345678",
    ),
    (
        "COL",
        "demo123 | @ | @this-has-hyphens | 300123456 | cliente@. | +576012345678 | +5730012345678 | 2809/ahorros/123456789 | \
         99/ahorros/123456789 | cliente@otro@ejemplo.com | 551/ahorros/+576012345678",
    ),
];

fn country(name: &str) -> Country {
    Country::find(name).expect("a served country")
}

#[test]
fn right_accounts_hold() {
    let mut lines = Vec::new();
    for (place, accounts) in VALID {
        for account in accounts.split(" | ") {
            let checked = bank_account::check(country(place), BankAccountInput::number(account))
                .unwrap_or_else(|fault| panic!("{place} {account}: {fault}"));
            lines.push(format!("{place} {account} | {:?} | {} | {}", checked.kind, checked.masked(), checked.bank_name.unwrap_or("-")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn wrong_accounts_are_refused_with_a_sentence_that_helps() {
    let mut lines = Vec::new();
    for (place, accounts) in INVALID {
        for account in accounts.split(" | ") {
            let fault = bank_account::check(country(place), BankAccountInput::number(account)).expect_err(account);
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
    for (place, ours, kind) in [
        (Country::MEXICO, "646180123400000007", BankAccountKind::Clabe),
        (Country::ARGENTINA, "0009990710000000000007", BankAccountKind::Cvu),
    ] {
        for number in [1, 42, 9_999_999] {
            let account = virtual_account::account_of(ours, CustomerId(number)).expect("fits");
            assert_eq!(bank_account::check(place, BankAccountInput::number(&account)).map(|checked| checked.kind), Ok(kind), "{account}");
            assert_eq!(virtual_account::customer_of(ours, &account), Some(CustomerId(number)));
        }
        assert_eq!(virtual_account::customer_of(ours, ours), None);
    }
    assert_eq!(virtual_account::account_of("646180123400000007", CustomerId(10_000_000)), None);
    assert_eq!(virtual_account::account_of("ES9121000418450200051332", CustomerId(1)), None);
}

/// The result of [`bank_account::check`] for a valid account: kind, bank code, account type, number, warnings.
fn read(place: &str, given: BankAccountInput<'_>) -> (BankAccountKind, String, &'static str, String, Vec<&'static str>) {
    let checked = bank_account::check(country(place), given).unwrap_or_else(|fault| panic!("{place} {given:?}: {fault}"));
    let code = checked.bank_code.map(|code| code.to_string()).unwrap_or_default();
    let doubts = checked.doubts().map(|doubt| doubt.code()).collect();
    (checked.kind, code, checked.account_type.unwrap_or(""), checked.normalized(), doubts)
}

#[test]
fn banks_that_people_use_are_on_the_lists() {
    for (place, code, short) in [
        ("CHL", "730", "730"),
        ("CHL", "875", "875"),
        ("CHL", "738", "738"),
        ("COL", "1809", "809"),
        ("COL", "1804", "804"),
        ("COL", "1097", "097"),
        ("COL", "1815", "815"),
        ("COL", "1816", "816"),
        ("COL", "809", "809"),
    ] {
        let kind = if place == "CHL" { BankAccountKind::ChileanAccount } else { BankAccountKind::ColombianAccount };
        let given = BankAccountInput { account: "1112223334", bank_code: Some(code), account_type: Some("ahorro") };
        assert_eq!(read(place, given), (kind, short.to_owned(), "savings", "1112223334".to_owned(), vec![]), "{place} {code}");
    }
}

#[test]
fn a_code_that_is_on_no_list_is_a_doubt_that_says_so() {
    for (place, account, code) in [
        ("CHL", "999/vista/123456789", "999"),
        ("CHL", "076/C/123456789", "076"),
        ("COL", "1999/ahorros/123456789", "999"),
        ("COL", "998/corriente/123456789", "998"),
        ("MEX", "999180000000000028", "999"),
    ] {
        let checked = bank_account::check(country(place), BankAccountInput::number(account)).expect(account);
        let doubts: Vec<String> = checked.doubts().map(|doubt| format!("{} {doubt} {}", doubt.code(), doubt.spanish())).collect();
        assert!(doubts.len() == 1 && doubts[0].starts_with("unknown_bank "), "{account}: {doubts:?}");
        assert!(doubts[0].matches(code).count() == 2 && doubts[0].matches("which is of 20").count() == 1, "{account}: {doubts:?}");
        assert_eq!((checked.bank_code.map(|code| code.to_string()).as_deref(), checked.bank_name), (Some(code), None), "{account}");
    }
}

#[test]
fn banks_and_kinds_of_account_are_known_by_their_names() {
    let beside = |place, bank, kind| read(place, BankAccountInput { account: "12345678", bank_code: Some(bank), account_type: Some(kind) });
    for (place, bank, kind, code, account_type) in [
        ("CHL", "Banco de Chile", "Cuenta Corriente", "001", "checking"),
        ("CHL", "BANCO DE CHILE", "cta. cte.", "001", "checking"),
        ("CHL", "BancoEstado", "CuentaRUT", "012", "rut"),
        ("CHL", "banco estado", "Cuenta RUT", "012", "rut"),
        ("CHL", "Banco del Estado de Chile", "cuenta de ahorro", "012", "savings"),
        ("CHL", "Banco Santander Chile", "Cuenta Vista", "037", "vista"),
        ("CHL", "Itaú", "current account", "039", "checking"),
        ("CHL", "ITAU", "CHECKING ACCOUNT", "039", "checking"),
        ("CHL", "Itau\u{301}", "Savings Account", "039", "savings"),
        ("CHL", "BCI", "Chequera Electrónica", "016", "vista"),
        ("CHL", "Banco de Crédito e Inversiones", "Corriente", "016", "checking"),
        ("CHL", "Tenpo", "cuenta vista", "730", "vista"),
        ("CHL", "Mercado Pago", "Vista", "875", "vista"),
        ("CHL", "Prepago Los Héroes", "prepago", "729", "vista"),
        ("CHL", "0012", "R", "012", "rut"),
        ("COL", "Bancolombia", "Cuenta de Ahorros", "007", "savings"),
        ("COL", "Banco de Bogotá", "Cuenta Corriente", "001", "checking"),
        ("COL", "bogota", "AHORROS", "001", "savings"),
        ("COL", "Nu Colombia S.A.", "Depósito electrónico", "809", "savings"),
        ("COL", "Ualá", "depósito de bajo monto", "804", "savings"),
        ("COL", "Dale", "savings", "097", "savings"),
    ] {
        // Accounts of Banco de Bogotá have at most nine digits, so one number fits all banks.
        let found = beside(place, bank, kind);
        assert_eq!((found.1.as_str(), found.2), (code, account_type), "{place} {bank} {kind}");
        let text = format!("{bank}/{kind}/12345678");
        assert_eq!(read(place, BankAccountInput::number(&text)), found, "{text}");
    }
}

#[test]
fn telephones_and_copied_texts_are_read_as_people_write_them() {
    for (place, account, kind, number) in [
        ("COL", "+573001234567", BankAccountKind::BreBKey, "3001234567"),
        ("COL", "+57 300 123 4567", BankAccountKind::BreBKey, "3001234567"),
        ("COL", "(+57) 300-123-4567", BankAccountKind::BreBKey, "3001234567"),
        ("COL", "573001234567", BankAccountKind::BreBKey, "3001234567"),
        ("COL", "0057 3001234567", BankAccountKind::BreBKey, "3001234567"),
        ("COL", "507/ahorros/+57 300 123 4567", BankAccountKind::ColombianAccount, "3001234567"),
        ("COL", "Daviplata/depósito electrónico/573001234567", BankAccountKind::ColombianAccount, "3001234567"),
        ("MEX", "5512345678", BankAccountKind::MobileNumber, "5512345678"),
        ("MEX", "55 1234 5678", BankAccountKind::MobileNumber, "5512345678"),
        ("MEX", "+52 55 1234 5678", BankAccountKind::MobileNumber, "5512345678"),
        ("MEX", "+52 1 55 1234 5678", BankAccountKind::MobileNumber, "5512345678"),
        ("MEX", "(55) 1234-5678", BankAccountKind::MobileNumber, "5512345678"),
        ("MEX", "CLABE: 012 180 00000000001 5", BankAccountKind::Clabe, "012180000000000015"),
        ("ARG", "CBU 0170099\u{2013}2 1234567890123\u{2013}3", BankAccountKind::Cbu, "0170099212345678901233"),
        ("ARG", "CVU: 0000003.1.1000000000001.4", BankAccountKind::Cvu, "0000003110000000000014"),
        ("ARG", "alias: mesa.luna.verde", BankAccountKind::Alias, "MESA.LUNA.VERDE"),
        ("ARG", "alias.de.ana", BankAccountKind::Alias, "ALIAS.DE.ANA"),
        ("PER", "CCI: 002\u{2011}193\u{2011}000000000001\u{2011}18", BankAccountKind::Cci, "00219300000000000118"),
        (
            "ESP",
            "IBAN: ES91\u{202f}2100\u{202f}0418\u{202f}4502\u{202f}0005\u{202f}1332",
            BankAccountKind::Iban,
            "ES9121000418450200051332",
        ),
        ("CHL", "012/R/72041", BankAccountKind::ChileanAccount, "72041"),
    ] {
        let found = read(place, BankAccountInput::number(account));
        assert_eq!((found.0, found.3.as_str()), (kind, number), "{place} {account}");
    }
    let said = |bank| read("MEX", BankAccountInput { account: "5512345678", bank_code: Some(bank), account_type: None }).1;
    assert_eq!(["BBVA", "40012", "012", "BBVA México", "Ninguno"].map(said), ["012", "012", "012", "012", ""]);
}

#[test]
fn each_language_says_everything_in_its_own_words() {
    let fault = |place: &str, account: &str| {
        let fault = bank_account::check(country(place), BankAccountInput::number(account)).unwrap_err();
        (fault.code(), fault.to_string(), fault.spanish())
    };
    for (place, account, code, english, spanish) in [
        ("CHL", "012/R", "wrong_shape", "(bank/type/number)", "012/R/44444444 (banco/tipo/número)"),
        ("CHL", "012/R/12345678-5", "wrong_shape", "(the RUT without its check digit)", "(el RUT sin su dígito verificador)"),
        ("CHL", "037/CuentaRUT/12345678", "unknown_type", "a CuentaRUT is an account of BancoEstado", "la CuentaRUT es una cuenta de"),
        ("COL", "007/ahorros", "wrong_shape", "007/savings/12345678901 (bank/type/number)", "007/ahorros/12345678901 (banco/tipo/número)"),
        ("COL", "007/x/123456789", "unknown_type", "savings (ahorros), checking (corriente)", "usa uno de estos: ahorros, corriente"),
        ("COL", "551/savings/1234567890", "wrong_shape", "551/savings/3001234567 (a mobile number)", "(un número de celular)"),
        ("COL", "12", "wrong_shape", "or a Bre-B key such as @demo123", "o una llave Bre-B como @demo123"),
        ("COL", "551/savings/300", "wrong_length", "must have 10 characters; there are 3", "debe tener 10 caracteres; has escrito 3"),
        ("MEX", "012180000000000016", "wrong_check_digits", "the last digit should be 5", "la última debería ser 5"),
        ("ARG", "0170099312345678901233", "wrong_check_digits", "the eighth digit should be 2", "la octava debería ser 2"),
        ("PER", "00219300000000000119", "wrong_check_digits", "the last two digits should be 18", "las dos últimas cifras deberían ser 18"),
    ] {
        let found = fault(place, account);
        assert_eq!(found.0, code, "{place} {account}");
        assert!(found.1.contains(english) && found.2.contains(spanish), "{place} {account}: {found:?}");
        for (word, sentence) in [("savings", &found.2), ("bank", &found.2), ("banco/", &found.1)] {
            assert!(!sentence.contains(word), "{word}: {sentence}");
        }
    }
    let fault = bank_account::check_bic("X").unwrap_err();
    assert!(!fault.spanish().contains(" or "), "{}", fault.spanish());
}

#[test]
fn digits_alone_are_a_key_with_a_doubt() {
    let doubts = |account: &str| read("COL", BankAccountInput::number(account)).4;
    for account in ["6011234567", "123456", "1999999999"] {
        assert_eq!(doubts(account), ["key_or_account"], "{account}");
    }
    for account in ["3001234567", "+573001234567", "@demo123", "cliente@ejemplo.com", "007/ahorros/12345678901"] {
        assert!(doubts(account).is_empty(), "{account}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_text_makes_a_check_panic(text in "\\PC{0,70}", bank in "\\PC{0,5}", kind in "\\PC{0,5}", place in 0_usize..6) {
        let place = Country::served().nth(place).expect("six");
        let _ = bank_account::check(place, BankAccountInput::number(&text));
        let _ = bank_account::check(place, BankAccountInput { account: &text, bank_code: Some(&bank), account_type: Some(&kind) });
        let _ = (bank_account::check_bic(&text), bank_account::check_creditor_reference(&text), bank_account::masked(&text));
    }

    #[test]
    fn no_likely_text_makes_a_check_panic(text in "[A-Z0-9@./ -]{0,34}", place in 0_usize..6) {
        let place = Country::served().nth(place).expect("six");
        let _ = bank_account::check(place, BankAccountInput::number(&text));
    }
}
