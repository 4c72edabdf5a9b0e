use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::CustomerId;
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::CoinId;
use rampart_core::outgoing::{Lane, PayoutRoute};
use rampart_core::ports::{Broadcast, CallOutcome, KycDetails, KycSubmission};
use rampart_sandbox::{FaultOutcome, FaultPort};

use crate::test_world::{TestWorld, WALLET, head, in_time, signed, usdc};

fn submission(number: i64) -> KycSubmission {
    KycSubmission {
        reference: format!("check-{number}"),
        customer: CustomerId(number),
        level: KycLevel::Basic,
        details: KycDetails::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_worlds_on_one_file_are_one_world() {
    let test = TestWorld::running().await;
    let other = test.reopen().await;
    other.start();
    let mut tasks = Vec::new();
    for number in 0..40 {
        let kyc = if number % 2 == 0 { test.world.kyc() } else { other.kyc() };
        tasks.push(tokio::spawn(async move { kyc.submit(&submission(number)).await }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), CallOutcome::Accepted(()));
    }
    for world in [&test.world, &other] {
        let port = world.kyc();
        let mut references = Vec::new();
        let mut cursor = String::new();
        while references.len() < 40 {
            in_time(port.news(&cursor)).await;
            let page = port.decisions(&cursor, 100).await.unwrap();
            cursor = page.next;
            references.extend(page.items.into_iter().map(|decision| decision.reference));
        }
        references.sort();
        references.dedup();
        assert_eq!(references.len(), 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_world_takes_over_when_the_player_is_gone() {
    let test = TestWorld::running().await;
    let other = test.reopen().await;
    other.start();
    let bank = other.bank();
    let rail = "sepa".parse().unwrap();
    let payout = test.payout(PayoutRoute::Bank(rail), 100, "ES7921000813610123456789");
    test.world.stop().await;
    bank.pay(&payout).await;
    in_time(bank.news(rail, "")).await;
    assert_eq!(bank.statement(rail, "", 10).await.unwrap().items.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_blocks_reach_the_other_world() {
    let test = TestWorld::paused().await;
    let other = test.reopen().await;
    let port = other.chain("polygon".parse().unwrap()).unwrap();
    let known = head(&port).await;
    test.world.mine("polygon".parse().unwrap(), 1).await.unwrap();
    in_time(port.reader.news(&known)).await;
    test.fault(FaultPort::Chain, FaultOutcome::Refuse).await;
    let known = head(&port).await;
    test.world.mine("polygon".parse().unwrap(), 1).await.unwrap();
    // A process that knows the later block also knows the fault set before it.
    in_time(port.reader.news(&known)).await;
    let transfer = signed(&port, WALLET, 1, 0).await;
    assert!(matches!(port.writer.broadcast(&transfer).await, Broadcast::Later { .. }));
    assert_eq!(port.writer.broadcast(&transfer).await, Broadcast::Taken);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let mut test = TestWorld::paused().await;
    let rail = "sepa".parse().unwrap();
    let payout = test.payout(PayoutRoute::Bank(rail), 100, "ES7921000813610123456789");
    let accepted = test.world.bank().pay(&payout).await;
    let port = test.polygon();
    let transfer = signed(&port, WALLET, 5, 0).await;
    port.writer.broadcast(&transfer).await;
    test.world.mine("polygon".parse().unwrap(), 4).await.unwrap();
    test.world.reorganise("polygon".parse().unwrap(), 2, vec![]).await.unwrap();
    test.world.advance(86_400).await.unwrap();
    let (known, now) = (head(&port).await, test.world.clock().now());
    drop(port);
    // No stop and no close, as when the process is killed.
    test.world = test.reopen().await;
    assert_eq!(test.world.bank().pay(&payout).await, accepted);
    assert_eq!(head(&test.polygon()).await, known);
    assert!(test.world.clock().now() >= now);
    let balance = test.polygon().reader.balance(Lane::FIRST, usdc()).await.unwrap();
    assert_eq!(balance, Amount::from_minor(999_999_995));
    // A day has passed: all scheduled actions are due.
    test.world.start();
    in_time(test.world.bank().news(rail, "")).await;
}

#[tokio::test]
async fn opening_balances_are_what_the_world_holds() {
    let test = TestWorld::paused().await;
    let opening = test.world.opening_balances();
    assert_eq!(opening.len(), 5);
    for balance in opening {
        let held = match (balance.account, balance.asset) {
            (Account::Bank(rail), _) => test.world.bank_balance(rail).await.unwrap(),
            (Account::ChainHot(chain), rampart_core::money::asset::Asset::Coin(CoinId { symbol, .. })) => {
                let port = test.world.chain(chain).unwrap();
                port.reader.balance(Lane::FIRST, CoinId { symbol, chain }).await.unwrap()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(held, balance.amount);
    }
}
