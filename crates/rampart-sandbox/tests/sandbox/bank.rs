use rampart_core::id::PayoutId;
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{Payout, PayoutRoute};
use rampart_core::ports::{CallOutcome, LookupResult, StatementLine};
use rampart_core::step::fact::PayoutReport;
use rampart_sandbox::{BankTransfer, Booked, FaultOutcome, FaultPort, WorldError};

use crate::test_world::{IBAN, TestWorld, in_time};

fn sepa() -> PayoutRoute {
    PayoutRoute::Bank("sepa".parse().unwrap())
}

const BENEFICIARY: &str = "ES7921000813610123456789";

async fn reports(test: &TestWorld, count: usize) -> Vec<(PayoutId, PayoutReport)> {
    let bank = test.world.bank();
    let rail = "sepa".parse().unwrap();
    let mut reports = Vec::new();
    let mut cursor = String::new();
    while reports.len() < count {
        in_time(bank.news(rail, &cursor)).await;
        let page = bank.statement(rail, &cursor, 100).await.unwrap();
        cursor = page.next;
        reports.extend(page.items.into_iter().filter_map(|line| match line {
            StatementLine::Payout { payout, report, .. } => Some((payout, report)),
            StatementLine::Credit(_) | StatementLine::Reversal { .. } => None,
        }));
    }
    reports
}

#[tokio::test]
async fn a_payout_is_made_once_and_settles_by_itself() {
    let test = TestWorld::running().await;
    let bank = test.world.bank();
    let payout = test.payout(sepa(), 2_500, BENEFICIARY);
    let first = bank.pay(&payout).await;
    assert!(matches!(first, CallOutcome::Accepted(_)));
    assert_eq!(bank.pay(&payout).await, first);
    let reports = reports(&test, 1).await;
    assert_eq!(reports.len(), 1);
    assert!(matches!(&reports[0], (id, PayoutReport::Settled { .. }) if *id == payout.id));
    assert_eq!(bank.pay(&payout).await, first);
    assert_eq!(test.world.bank_balance("sepa".parse().unwrap()).await.unwrap(), Amount::from_minor(997_500));
}

#[tokio::test]
async fn many_payouts_at_once_share_what_there_is() {
    let test = TestWorld::paused().await;
    let bank = test.world.bank();
    let payouts: Vec<_> = (0..15).map(|_| test.payout(sepa(), 100_000, BENEFICIARY)).collect();
    let tasks = payouts.into_iter().map(|payout| {
        let bank = bank.clone();
        tokio::spawn(async move { bank.pay(&payout).await })
    });
    let mut accepted = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            CallOutcome::Accepted(_) => accepted += 1,
            CallOutcome::Refused { reason } => assert_eq!(reason, "insufficient funds"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(accepted, 10);
    assert_eq!(test.world.bank_balance("sepa".parse().unwrap()).await.unwrap(), Amount::ZERO);
}

#[tokio::test]
async fn accounts_choose_what_becomes_of_a_payout() {
    let test = TestWorld::running().await;
    let bank = test.world.bank();
    let refused = test.payout(sepa(), 100, "ES1621000418410006660001");
    assert!(matches!(bank.pay(&refused).await, CallOutcome::Refused { .. }));
    let returned = test.payout(sepa(), 100, "ES9421000418440006660002");
    let failed = test.payout(sepa(), 100, "ES4821000418490006660003");
    bank.pay(&returned).await;
    bank.pay(&failed).await;
    test.world.advance(10).await.unwrap();
    let reports = reports(&test, 3).await;
    let of = |id| reports.iter().filter(|report| report.0 == id).map(|report| &report.1).collect::<Vec<_>>();
    assert!(matches!(of(returned.id)[..], [PayoutReport::Settled { .. }, PayoutReport::Returned { .. }]));
    assert!(matches!(of(failed.id)[..], [PayoutReport::Failed { .. }]));
    assert_eq!(test.world.bank_balance("sepa".parse().unwrap()).await.unwrap(), Amount::from_minor(1_000_000));
}

#[tokio::test]
async fn a_rail_pays_whole_steps_only() {
    let test = TestWorld::paused().await;
    let bank = test.world.bank();
    let pesos = |amount| {
        let payout = test.payout(PayoutRoute::Bank("spei".parse().unwrap()), amount, BENEFICIARY);
        Payout { currency: "MXN".parse().unwrap(), ..payout }
    };
    assert_eq!(bank.pay(&pesos(150)).await, CallOutcome::Refused { reason: "spei pays multiples of 1 MXN only".to_owned() });
    assert!(matches!(bank.pay(&pesos(200)).await, CallOutcome::Accepted(_)));
    assert!(matches!(bank.pay(&test.payout(sepa(), 150, BENEFICIARY)).await, CallOutcome::Accepted(_)), "each rail has its own");
}

#[tokio::test]
async fn every_fault_ends_a_payout_as_it_says() {
    let test = TestWorld::paused().await;
    let bank = test.world.bank();
    let rail = "sepa".parse().unwrap();
    let payout = test.payout(sepa(), 100, BENEFICIARY);

    test.fault(FaultPort::Bank, FaultOutcome::Refuse).await;
    assert!(matches!(bank.pay(&payout).await, CallOutcome::Refused { .. }));
    test.fault(FaultPort::Bank, FaultOutcome::Fail).await;
    assert!(matches!(bank.pay(&payout).await, CallOutcome::NotSent { .. }));

    test.fault(FaultPort::Bank, FaultOutcome::UnknownNotDone).await;
    assert!(matches!(bank.pay(&payout).await, CallOutcome::Unknown { .. }));
    assert_eq!(bank.find(rail, payout.id).await.unwrap(), LookupResult::NotYet);
    test.world.advance(3).await.unwrap();
    assert_eq!(bank.find(rail, payout.id).await.unwrap(), LookupResult::NeverWill);

    test.fault(FaultPort::Bank, FaultOutcome::UnknownDone).await;
    assert!(matches!(bank.pay(&payout).await, CallOutcome::Unknown { .. }));
    let LookupResult::Found(reference) = bank.find(rail, payout.id).await.unwrap() else { panic!("it was done") };
    assert_eq!(bank.pay(&payout).await, CallOutcome::Accepted(reference));
    assert_eq!(test.world.bank_balance(rail).await.unwrap(), Amount::from_minor(999_900));
    assert!(test.world.faults().is_empty());
}

fn transfer(amount: i128) -> BankTransfer {
    BankTransfer {
        rail: "sepa".parse().unwrap(),
        account: IBAN.to_owned(),
        amount: Amount::from_minor(amount),
        currency: "EUR".parse().unwrap(),
        concept: Some("1234567890".to_owned()),
        sender_name: Some("Ana Ruiz".to_owned()),
        sender_account: None,
        booked: Booked::Now,
    }
}

#[tokio::test]
async fn transfers_appear_on_the_statement_in_order() {
    let test = TestWorld::paused().await;
    let bank = test.world.bank();
    let rail = "sepa".parse().unwrap();
    for amount in [100, 200, 300] {
        test.world.transfer(transfer(amount)).await.unwrap();
    }
    let page = bank.statement(rail, "", 2).await.unwrap();
    assert!(page.has_more);
    let rest = bank.statement(rail, &page.next, 2).await.unwrap();
    assert!(!rest.has_more);
    let credits = page.items.into_iter().chain(rest.items).map(|line| match line {
        StatementLine::Credit(credit) => (credit.line, credit.amount.minor()),
        StatementLine::Payout { .. } | StatementLine::Reversal { .. } => panic!("nothing but credits"),
    });
    let credits: Vec<_> = credits.collect();
    assert_eq!(credits.iter().map(|credit| credit.1).collect::<Vec<_>>(), [100, 200, 300]);
    assert!(credits[0].0 < credits[1].0 && credits[1].0 < credits[2].0);
    let foreign = BankTransfer { currency: "MXN".parse().unwrap(), ..transfer(100) };
    assert!(matches!(test.world.transfer(foreign).await, Err(WorldError::Impossible(_))));
    let entries = test.world.account_statement(None, rail, IBAN, None, 2).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.amount.minor()).collect::<Vec<_>>(), [300, 200]);
    let rest = test.world.account_statement(None, rail, IBAN, Some(&entries[1].line), 2).await.unwrap();
    assert_eq!(rest.iter().map(|entry| entry.line.as_str()).collect::<Vec<_>>(), [credits[0].0.as_str()]);
}

#[tokio::test]
async fn a_credit_is_recalled_once_and_by_no_more_than_it_brought() {
    let test = TestWorld::running().await;
    let (bank, rail) = (test.world.bank(), "sepa".parse().unwrap());
    let line = test.world.transfer(transfer(500)).await.unwrap();
    let recall = |of: &str, minor| {
        let (world, of) = (test.world.clone(), of.to_owned());
        async move { world.recall(&of, Some(Amount::from_minor(minor)), "sent in error".to_owned()).await }
    };
    assert!(matches!(recall("SEPA-9999999999", 1).await, Err(WorldError::NotFound(_))));
    assert!(matches!(recall("rent", 1).await, Err(WorldError::NotFound(_))));
    assert!(matches!(recall(&line, 501).await, Err(WorldError::Impossible(_))));
    let (reversal, amount) = recall(&line, 200).await.unwrap();
    assert_eq!(amount.minor(), 200);
    assert!(matches!(recall(&line, 200).await, Err(WorldError::Impossible(_))), "it was taken back before");
    assert!(matches!(recall(&reversal, 200).await, Err(WorldError::Impossible(_))), "it brought no money");
    assert_eq!(test.world.bank_balance(rail).await.unwrap().minor() % 1_000, 300);
    let page = bank.statement(rail, "", 10).await.unwrap();
    let reported = page.items.into_iter().find_map(|reported| match reported {
        StatementLine::Reversal { of, amount, .. } => Some((of, amount.minor())),
        StatementLine::Credit(_) | StatementLine::Payout { .. } => None,
    });
    assert_eq!(reported, Some((line, 200)));
}

#[tokio::test]
async fn the_bank_returns_a_payout_once() {
    let test = TestWorld::running().await;
    let bank = test.world.bank();
    let payout = test.payout(sepa(), 700, BENEFICIARY);
    assert!(matches!(test.world.return_payout(payout.id, "closed".to_owned()).await, Err(WorldError::NotFound(_))));
    bank.pay(&payout).await;
    reports(&test, 1).await;
    test.world.return_payout(payout.id, "closed".to_owned()).await.unwrap();
    assert!(matches!(test.world.return_payout(payout.id, "closed".to_owned()).await, Err(WorldError::Impossible(_))));
    let reports = reports(&test, 2).await;
    assert!(matches!(&reports[1].1, PayoutReport::Returned { reason } if reason == "closed"));
}
