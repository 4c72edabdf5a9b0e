//! Money is exact: parsing, writing, conversion, fees, postings.

use proptest::prelude::*;
use rampart_core::catalogue::{Method, PayoutRail};
use rampart_core::example;
use rampart_core::id::Mint;
use rampart_core::identity::country::Country;
use rampart_core::ledger::{Account, Entry, Origin, Posting, PostingKind, Unbalanced};
use rampart_core::money::amount::{Amount, AmountError, AmountSent, whole_number};
use rampart_core::money::rate::{Rate, Rounding};
use rampart_core::quote::{AmountIn, BuyTerms, Quote, QuoteKey, QuoteTerms, SellTerms};

#[test]
fn amounts_are_read_exactly_or_not_at_all() {
    let cases: &[(&str, u8, Result<i128, AmountError>)] = &[
        ("100", 2, Ok(10_000)),
        ("100.5", 2, Ok(10_050)),
        ("100.50", 2, Ok(10_050)),
        ("100.500", 2, Ok(10_050)),
        ("0.01", 2, Ok(1)),
        ("1e2", 2, Ok(10_000)),
        ("1.5E1", 0, Ok(15)),
        ("150e-1", 0, Ok(15)),
        ("5e-1", 0, Err(AmountError::TooManyDecimals { most: 0 })),
        ("100.505", 2, Err(AmountError::TooManyDecimals { most: 2 })),
        ("0", 2, Err(AmountError::NotPositive)),
        ("0.00", 2, Err(AmountError::NotPositive)),
        ("-1", 2, Err(AmountError::NotANumber)),
        ("+1", 2, Err(AmountError::NotANumber)),
        (" 1", 2, Err(AmountError::NotANumber)),
        ("1,5", 2, Err(AmountError::NotANumber)),
        (".5", 2, Err(AmountError::NotANumber)),
        ("5.", 2, Err(AmountError::NotANumber)),
        ("", 2, Err(AmountError::NotANumber)),
        ("NaN", 2, Err(AmountError::NotANumber)),
        ("Infinity", 2, Err(AmountError::NotANumber)),
        ("1e999", 2, Err(AmountError::TooLarge)),
        ("1e", 2, Err(AmountError::NotANumber)),
        ("0x10", 2, Err(AmountError::NotANumber)),
        ("١", 2, Err(AmountError::NotANumber)),
        ("1e33", 18, Err(AmountError::TooLarge)),
        ("0.000000000000000001", 18, Ok(1)),
    ];
    for (text, decimals, expected) in cases {
        assert_eq!(Amount::parse_major(text, *decimals).map(Amount::minor), *expected, "{text:?} with {decimals} decimals");
    }
}

#[test]
fn texts_are_held_to_the_decimals_that_they_have() {
    let too_many = |most| Err(AmountError::TooManyDecimals { most });
    for (text, decimals, of_text, of_number) in [
        ("20.000", 2, too_many(2), Ok(2_000)),
        ("20.001", 2, too_many(2), too_many(2)),
        ("20.00", 2, Ok(2_000), Ok(2_000)),
        ("20.000", 0, too_many(0), Ok(20)),
        ("20.00", 0, too_many(0), Ok(20)),
        ("20.0", 0, Ok(20), Ok(20)),
        ("20.5", 0, too_many(0), too_many(0)),
        ("1.0000000", 6, too_many(6), Ok(1_000_000)),
        ("0.000", 2, Err(AmountError::NotPositive), Err(AmountError::NotPositive)),
        ("2.000e1", 2, Ok(2_000), Ok(2_000)),
    ] {
        assert_eq!(AmountSent::from(text).amount(decimals).map(Amount::minor), of_text, "{text:?} with {decimals} decimals");
        assert_eq!(AmountSent::Number(text.into()).amount(decimals).map(Amount::minor), of_number, "{text} with {decimals} decimals");
    }
}

#[test]
fn whole_numbers_may_have_a_point_and_an_exponent() {
    for (text, expected) in [
        ("106", Some(106)),
        ("106.0", Some(106)),
        ("1.06e2", Some(106)),
        ("10600E-2", Some(106)),
        ("0.0", Some(0)),
        ("9223372036854775807.0", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("106.5", None),
        ("1.065e2", None),
        ("-106", None),
        ("1e99", None),
        ("106.", None),
        (".5", None),
        ("", None),
        ("x", None),
    ] {
        assert_eq!(whole_number(text), expected, "{text:?}");
    }
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_same(units in 1_i128..10_i128.pow(33), decimals in 0_u8..=18) {
        let amount = Amount::from_minor(units);
        prop_assert_eq!(Amount::parse_major(&amount.to_major(decimals), decimals), Ok(amount));
        prop_assert_eq!(Amount::parse_text(&amount.to_major(decimals), decimals), Ok(amount));
        prop_assert_eq!(Amount::parse_major(&amount.to_major_short(decimals), decimals), Ok(amount));
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,80}", decimals in 0_u8..=18) {
        let _ = Amount::parse_major(&text, decimals);
        let _ = text.parse::<Rate>();
    }

    #[test]
    fn there_and_back_never_gains(fiat in 1_i128..10_i128.pow(15), scaled in 1_u128..10_u128.pow(26), coin_decimals in 0_u8..=18) {
        let rate = Rate::from_scaled(scaled).expect("above zero");
        let fiat = Amount::from_minor(fiat);
        let coins = rate.fiat_to_coins(fiat, 2, coin_decimals, Rounding::Down).expect("fits");
        let back = rate.coins_to_fiat(coins, coin_decimals, 2, Rounding::Down).expect("fits");
        prop_assert!(back <= fiat, "{} became {}", fiat, back);
        let owed = rate.coins_to_fiat(coins, coin_decimals, 2, Rounding::Up).expect("fits");
        prop_assert!(owed <= fiat);
    }

    #[test]
    fn buying_and_selling_back_never_gains(minor in 1_000_i128..1_000_000) {
        let catalogue = example::catalogue(example::MARKET);
        let method = catalogue.method(Country::SPAIN, "card").expect("has a card");
        let coin = catalogue.coin(example::USDC).expect("has USDC");
        let buy = BuyTerms::new(&catalogue, method, coin, example::price(), AmountIn::Fiat(Amount::from_minor(minor))).expect("covers fees");
        let rail = catalogue.payout_rail(Country::SPAIN).expect("has a rail");
        if let Ok(sell) = SellTerms::new(&catalogue, rail, coin, example::price(), buy.coin_amount) {
            prop_assert!(sell.fiat_amount < buy.fiat_amount);
        }
    }

    #[test]
    fn asking_for_coins_gives_at_least_those(coins in 10_000_000_i128..1_000_000_000_000) {
        let catalogue = example::catalogue(example::MARKET);
        let method = catalogue.method(Country::SPAIN, "card").expect("has a card");
        let coin = catalogue.coin(example::USDC).expect("has USDC");
        let terms = BuyTerms::new(&catalogue, method, coin, example::price(), AmountIn::Coin(Amount::from_minor(coins))).expect("covers fees");
        prop_assert!(terms.coin_amount.minor() >= coins);
        let less = BuyTerms::new(&catalogue, method, coin, example::price(), AmountIn::Fiat(Amount::from_minor(terms.fiat_amount.minor() - 2))).expect("covers fees");
        prop_assert!(less.coin_amount.minor() < terms.coin_amount.minor());
    }

    /// On a rail of whole steps a purchase costs whole steps, and a sale pays whole steps and reports the remainder.
    #[test]
    fn terms_keep_to_the_step_of_their_rail(coins in 10_000_000_i128..1_000_000_000_000, step in 1_i128..1_000) {
        let catalogue = example::catalogue(example::MARKET);
        let step = Amount::from_minor(step);
        let method = Method { payable_step: step, ..catalogue.method(Country::SPAIN, "card").expect("has a card").clone() };
        let rail = PayoutRail { payable_step: step, ..catalogue.payout_rail(Country::SPAIN).expect("has a rail").clone() };
        let coin = catalogue.coin(example::USDC).expect("has USDC");
        let asked = AmountIn::Coin(Amount::from_minor(coins));
        let bought = BuyTerms::new(&catalogue, &method, coin, example::price(), asked).expect("covers fees");
        prop_assert_eq!(bought.fiat_amount.minor() % step.minor(), 0);
        prop_assert!(bought.coin_amount.minor() >= coins);
        let sold = SellTerms::new(&catalogue, &rail, coin, example::price(), Amount::from_minor(coins)).expect("covers fees");
        prop_assert_eq!(sold.fiat_amount.minor() % step.minor(), 0);
        prop_assert!(!sold.fee_rounding().is_negative() && sold.fee_rounding() < step);
        let gross = example::price().coins_to_fiat(Amount::from_minor(coins), 6, 2, Rounding::Down).expect("fits");
        prop_assert_eq!(sold.fiat_amount.minor() + sold.fees().minor() + sold.fee_rounding().minor(), gross.minor(), "it adds up");
    }

    #[test]
    fn a_posting_balances_or_does_not_exist(amounts in proptest::collection::vec((0_usize..4, 0_usize..2, proptest::bool::ANY, -5_i128..1_000), 0..6)) {
        let accounts = [Account::Fx, Account::Suspense, Account::Capital, Account::NetworkFees];
        let assets: [rampart_core::money::asset::Asset; 2] = [example::EUR.into(), example::USDC.into()];
        let entries: Vec<Entry> = amounts
            .iter()
            .map(|(account, asset, debit, amount)| {
                let (account, asset, amount) = (accounts[*account], assets[*asset], Amount::from_minor(*amount));
                if *debit { Entry::debit(account, asset, amount) } else { Entry::credit(account, asset, amount) }
            })
            .collect();
        let sum = |wanted: usize| amounts.iter().filter(|row| row.1 == wanted).map(|row| if row.2 { row.3 } else { -row.3 }).sum::<i128>();
        let balanced = sum(0) == 0 && sum(1) == 0 && !amounts.is_empty() && amounts.iter().all(|row| row.3 > 0);
        let randomness = example::CountingRandomness::default();
        let mint = Mint { now: example::START, randomness: &randomness };
        let posting = Posting::new(&mint, PostingKind::WrittenOff, Origin::Request, None, entries);
        prop_assert_eq!(posting.is_ok(), balanced);
    }

    #[test]
    fn a_changed_quote_is_refused(position in 0_usize..400, flip in 1_u8..=255) {
        let (quote, key) = quote();
        let mut sealed = quote.seal(&key).into_bytes();
        let position = position % sealed.len();
        sealed[position] ^= flip;
        if let Ok(text) = String::from_utf8(sealed) {
            prop_assert!(Quote::open(&text, &key).is_err() || Quote::open(&text, &key) == Ok(quote));
        }
    }
}

fn quote() -> (Quote, QuoteKey) {
    let catalogue = example::catalogue(example::MARKET);
    let rail = catalogue.payout_rail(Country::SPAIN).expect("has a rail");
    let coin = catalogue.coin(example::USDC).expect("has USDC");
    let terms = SellTerms::new(&catalogue, rail, coin, example::price(), Amount::from_minor(100_000_000)).expect("covers fees");
    let randomness = example::CountingRandomness::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    (Quote { id: mint.id(), partner: mint.id(), terms: QuoteTerms::Sell(terms), expires_at: mint.now }, QuoteKey::new(&[7; 32]))
}

#[test]
fn a_quote_opens_with_its_key_only() {
    let (quote, key) = quote();
    let sealed = quote.seal(&key);
    assert_eq!(Quote::open(&sealed, &key), Ok(quote));
    assert!(Quote::open(&sealed, &QuoteKey::new(&[8; 32])).is_err());
    assert!(Quote::open(&format!("{sealed}A"), &key).is_err());
    assert!(Quote::open("", &key).is_err());
}

#[test]
fn an_entry_of_nothing_is_refused() {
    let randomness = example::CountingRandomness::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let entries = vec![Entry::debit(Account::Fx, example::EUR, Amount::ZERO), Entry::credit(Account::Suspense, example::EUR, Amount::ZERO)];
    let posting = Posting::new(&mint, PostingKind::WrittenOff, Origin::Request, None, entries);
    assert_eq!(posting, Err(Unbalanced::NotPositive { account: Account::Fx }));
}

#[test]
fn every_account_reads_back() {
    for path in [
        "bank:sepa",
        "card:paypal",
        "in_transit:polygon",
        "chain:polygon:hot",
        "chain:polygon:deposits",
        "customer:42",
        "fees:processing",
        "fees:network",
        "fees:rounding",
        "fx",
        "network_fees",
        "losses:chargeback",
        "suspense",
        "capital",
    ] {
        assert_eq!(path.parse::<Account>().map(|account| account.to_string()), Ok(path.to_owned()));
    }
    assert!("bank".parse::<Account>().is_err());
}
