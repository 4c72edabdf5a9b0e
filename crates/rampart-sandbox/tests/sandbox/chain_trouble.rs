//! What chains, their nodes and the signer do wrong.

use hmac::{Hmac, KeyInit, Mac};
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{FeeTerms, Lane, SignedAttempt, Slot};
use rampart_core::ports::{
    Block, Broadcast, CallOutcome, Estimate, Followed, LookupResult, Signature, SigningMeaning, SlotStatus, Unavailable,
};
use rampart_core::time::Timestamp;
use rampart_sandbox::{
    ChainDeposit, FeeSettings, Misreading, ReorganisationPlan, SharedDeposit, SignerOutcome, SignerRule, World, WorldError,
};
use serde_json::json;
use sha2::Sha256;
use sha3::{Digest, Keccak256};

use crate::test_world::{
    TestWorld, WALLET, WEI_PER_GWEI, attempt, block, config, fee_rules, first_terms, head, hot, in_time, movement, pol, polygon, signed,
    signing_order, slot, spent, usdc,
};

const WAITS: SlotStatus = SlotStatus::Open { is_pending: true };
const UNKNOWN: SlotStatus = SlotStatus::Open { is_pending: false };

fn gwei(count: i128) -> Amount {
    Amount::from_minor(count * WEI_PER_GWEI)
}

fn underpriced() -> Broadcast {
    Broadcast::Underpriced { reason: "replacement transaction underpriced".to_owned() }
}

fn too_low() -> Broadcast {
    Broadcast::Later { reason: "nonce too low".to_owned() }
}

async fn deposit(test: &TestWorld, amount: i128) -> String {
    let to = test.polygon().reader.address(Lane::Deposit(7));
    let deposit = ChainDeposit { chain: polygon(), to, symbol: usdc().symbol, amount: Amount::from_minor(amount), from: None };
    test.world.deposit(deposit).await.unwrap()
}

async fn mine(test: &TestWorld, count: u32) -> u64 {
    test.world.mine(polygon(), count).await.unwrap().height
}

async fn credited(test: &TestWorld) -> i128 {
    test.polygon().reader.balance(Lane::Deposit(7), usdc()).await.unwrap().minor()
}

/// The amounts of a block's transfers, as read at first and once more.
async fn readings(test: &TestWorld, height: u64) -> [Vec<i128>; 2] {
    let amounts = |block: &Block| block.transfers.iter().map(|transfer| transfer.amount.minor()).collect();
    let again = test.polygon().reader.read_again(height, height).await.unwrap();
    [amounts(&block(&test.polygon(), height).await), amounts(&again[0])]
}

#[tokio::test]
async fn a_lagging_node_does_not_know_the_newest_blocks() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    mine(&test, 1).await;
    let transfer = signed(&port, WALLET, 1_000_000, 0).await;
    port.writer.broadcast(&transfer).await;
    deposit(&test, 5).await;
    let newest = test.world.mine(polygon(), 3).await.unwrap();
    let native = port.reader.balance(Lane::FIRST, pol()).await.unwrap();

    test.world.set_lag(polygon(), 3).await.unwrap();
    let behind = head(&port).await;
    assert_eq!(behind.height, newest.height - 3);
    assert_eq!(port.reader.header(behind.height + 1).await.unwrap(), None);
    assert_eq!(port.reader.blocks(newest.height, &newest.hash, 9).await, Err(Unavailable("the node is behind".to_owned())));
    assert_eq!(port.reader.blocks(behind.height, &behind.hash, 9).await, Ok(Followed::Blocks(Vec::new())));
    assert!(port.reader.read_again(behind.height, behind.height + 1).await.is_err());
    assert_eq!(slot(&port, 0, &[&transfer]).await, WAITS);
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 0);
    assert_eq!(port.reader.balance(Lane::FIRST, usdc()).await.unwrap().minor(), 1_000_000_000);
    assert_eq!(port.reader.balance(Lane::FIRST, pol()).await.unwrap().minor(), 1_000 * 10_i128.pow(18));
    assert_eq!(credited(&test).await, 0);
    // A broadcast reaches a node that has them.
    assert_eq!(port.writer.broadcast(&signed(&port, WALLET, 2, 0).await).await, too_low());
    assert_eq!(port.writer.broadcast(&transfer).await, Broadcast::Taken);

    let (waiter, known) = (port.clone(), behind.clone());
    let news = tokio::spawn(async move { waiter.reader.news(&known).await });
    test.world.set_lag(polygon(), 2).await.unwrap();
    in_time(news).await.unwrap();
    assert_eq!(spent(&port, 0, &[&transfer]).await.height, behind.height + 1);
    test.world.set_lag(polygon(), 0).await.unwrap();
    assert_eq!(head(&port).await, newest);
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 1);
    assert_eq!(port.reader.balance(Lane::FIRST, pol()).await.unwrap(), native);
    assert_eq!(credited(&test).await, 5);
}

#[tokio::test]
async fn a_first_reading_may_lack_transfers_or_show_what_never_happened() {
    let test = TestWorld::paused().await;
    test.world.misread_blocks(polygon(), Misreading::Missing, 2).await.unwrap();
    for (amount, expected) in [(1, [vec![], vec![1]]), (2, [vec![], vec![2]]), (3, [vec![3], vec![3]])] {
        deposit(&test, amount).await;
        let height = mine(&test, 1).await;
        assert_eq!(readings(&test, height).await, expected);
    }
    assert_eq!(credited(&test).await, 6);
    // Named ones, whatever their block.
    let (missing, not_there) = (deposit(&test, 10).await, deposit(&test, 20).await);
    deposit(&test, 30).await;
    test.world.misread_transactions(polygon(), Misreading::Missing, std::slice::from_ref(&missing)).await.unwrap();
    test.world.misread_transactions(polygon(), Misreading::NotThere, &[not_there]).await.unwrap();
    let height = mine(&test, 1).await;
    assert_eq!(readings(&test, height).await, [vec![20, 30], vec![10, 30]]);
    assert_eq!(credited(&test).await, 46, "what is not there moves nothing");
    let late = test.world.misread_transactions(polygon(), Misreading::Missing, &[missing]).await;
    assert!(matches!(late, Err(WorldError::Impossible(_))));
    test.world.reorganise(polygon(), 1, vec![]).await.unwrap();
    assert_eq!(credited(&test).await, 6);
    // What it shows may be all of a block.
    mine(&test, 1).await;
    test.world.misread_blocks(polygon(), Misreading::NotThere, 1).await.unwrap();
    deposit(&test, 100).await;
    let height = mine(&test, 1).await;
    assert_eq!(readings(&test, height).await, [vec![100], vec![]]);
    assert_eq!(credited(&test).await, 46);
}

#[tokio::test]
async fn finality_follows_at_its_depth_and_may_stand() {
    let test = TestWorld::paused().await;
    let last_final = async || test.polygon().reader.tip().await.unwrap().last_final.map(|last| last.height);
    mine(&test, 5).await;
    assert_eq!(last_final().await, None);
    assert_eq!(test.world.set_finality(polygon(), Some(2), false).await.unwrap().map(|last| last.height), Some(3));
    mine(&test, 1).await;
    assert_eq!(last_final().await, Some(4));
    test.world.set_finality(polygon(), Some(2), true).await.unwrap();
    mine(&test, 10).await;
    assert_eq!(last_final().await, Some(4));
    test.world.set_lag(polygon(), 13).await.unwrap();
    assert_eq!(last_final().await, Some(1), "a node that lags is behind with this too");
    test.world.set_lag(polygon(), 0).await.unwrap();
    test.world.set_finality(polygon(), Some(0), false).await.unwrap();
    assert_eq!(last_final().await, Some(16));
    test.world.set_finality(polygon(), None, false).await.unwrap();
    assert_eq!(last_final().await, None);

    let mut configured = config();
    configured.chains[0].finality_blocks = Some(3);
    let test = TestWorld::with(configured).await;
    mine(&test, 2).await;
    assert_eq!(test.polygon().reader.tip().await.unwrap().last_final, None, "not yet");
    mine(&test, 2).await;
    assert_eq!(test.polygon().reader.tip().await.unwrap().last_final.map(|last| last.height), Some(1));
}

#[tokio::test]
async fn a_dearer_market_leaves_attempts_stuck_until_they_are_outbid() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let first = signed(&port, WALLET, 100, 0).await;
    let next = signed(&port, WALLET, 200, 1).await;
    port.writer.broadcast(&first).await;
    port.writer.broadcast(&next).await;
    let market = test.world.set_fees(polygon(), FeeSettings { times: 20, ..FeeSettings::default() }).await.unwrap();
    assert_eq!((market.base, market.tip), (gwei(100), gwei(500)));
    assert_eq!(port.writer.fee_market().await.unwrap(), market);
    mine(&test, 3).await;
    assert_eq!(slot(&port, 0, &[&first]).await, WAITS);

    // Both numbers have to rise by a tenth.
    let pay = async |fee| attempt(&port, &hot(0), vec![movement(usdc(), 100, WALLET)], fee).await;
    let tenth = |amount: Amount| Amount::from_minor(amount.minor() * 11 / 10);
    let FeeTerms { units, price, tip } = first.fee;
    for fee in [
        FeeTerms { units, price: tenth(price), tip },
        FeeTerms { units, price, tip: tenth(tip) },
        FeeTerms { units, price: Amount::from_minor(tenth(price).minor() - 1), tip: tenth(tip) },
    ] {
        assert_eq!(port.writer.broadcast(&pay(fee).await).await, underpriced(), "{fee:?}");
    }
    let barely = pay(FeeTerms { units, price: tenth(price), tip: tenth(tip) }).await;
    assert_eq!(port.writer.broadcast(&barely).await, Broadcast::Taken);
    assert_eq!(slot(&port, 0, &[&first]).await, UNKNOWN, "it is replaced");
    assert_eq!(port.writer.broadcast(&first).await, underpriced());
    let movement = movement(usdc(), 100, WALLET);
    assert_eq!(port.writer.estimate(Lane::FIRST, &movement).await, Ok(Estimate::Units(65_000)));
    let second = pay(fee_rules().replacement(barely.fee, market, 65_000).unwrap()).await;
    assert_eq!(port.writer.broadcast(&second).await, Broadcast::Taken);
    let height = mine(&test, 1).await;
    let settled = spent(&port, 0, &[&first, &barely, &second]).await;
    assert_eq!((&settled.txid, settled.height), (&second.txid, height));
    assert_eq!(settled.network_fee, Amount::from_minor(65_000 * 600 * WEI_PER_GWEI), "base and tip of the block, not the price");
    assert_eq!(port.writer.broadcast(&barely).await, too_low());

    // The follower is mined when the market is calm again, for what it costs then.
    assert_eq!(slot(&port, 1, &[&next]).await, WAITS);
    test.world.set_fees(polygon(), FeeSettings::default()).await.unwrap();
    mine(&test, 1).await;
    assert_eq!(spent(&port, 1, &[&next]).await.network_fee, Amount::from_minor(65_000 * 30 * WEI_PER_GWEI));
    let fees = Amount::from_minor(65_000 * 630 * WEI_PER_GWEI);
    let left = port.reader.balance(Lane::FIRST, pol()).await.unwrap();
    assert_eq!(left.minor(), 1_000 * 10_i128.pow(18) - fees.minor());
    assert_eq!(port.reader.balance(Lane::FIRST, usdc()).await.unwrap().minor(), 999_999_700);
}

#[tokio::test]
async fn a_node_wants_its_least_tip_and_units_that_suffice() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let terms = first_terms(&port).await;
    let pay = async |nonce, fee| attempt(&port, &hot(nonce), vec![movement(usdc(), 100, WALLET)], fee).await;
    let poor = pay(0, FeeTerms { tip: gwei(24), ..terms }).await;
    assert!(matches!(port.writer.broadcast(&poor).await, Broadcast::Underpriced { reason } if reason.contains("25000000000")));
    let good = pay(0, terms).await;
    assert_eq!(port.writer.broadcast(&good).await, Broadcast::Taken);
    // The least tip rises: what waits is not mined any more.
    test.world.set_fees(polygon(), FeeSettings { least_tip: Some(gwei(30)), ..FeeSettings::default() }).await.unwrap();
    mine(&test, 2).await;
    assert_eq!(slot(&port, 0, &[&good]).await, WAITS);
    test.world.set_fees(polygon(), FeeSettings::default()).await.unwrap();
    mine(&test, 1).await;
    assert!(spent(&port, 0, &[&good]).await.succeeded);
    // Out of gas is in a block, and is paid for.
    let short = pay(1, FeeTerms { units: 64_999, ..terms }).await;
    assert_eq!(port.writer.broadcast(&short).await, Broadcast::Taken);
    mine(&test, 1).await;
    let reverted = spent(&port, 1, &[&short]).await;
    assert_eq!((reverted.succeeded, reverted.network_fee.minor()), (false, 64_999 * 30 * WEI_PER_GWEI));
    // A fee that cannot be paid.
    let dear = pay(2, FeeTerms { units: 65_000, price: Amount::from_minor(10_i128.pow(18)), tip: gwei(25) }).await;
    assert_eq!(port.writer.broadcast(&dear).await, Broadcast::Unfunded { reason: "insufficient funds".to_owned() });
    assert!(matches!(
        test.world.set_fees(polygon(), FeeSettings { times: 0, ..FeeSettings::default() }).await,
        Err(WorldError::Impossible(_))
    ));
}

#[tokio::test]
async fn a_slot_is_cancelled_by_sending_nothing_to_oneself() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let first = signed(&port, WALLET, 100, 0).await;
    port.writer.broadcast(&first).await;
    let market = port.writer.fee_market().await.unwrap();
    let terms = fee_rules().replacement(first.fee, market, port.writer.cancelling_units()).unwrap();
    let cancel = attempt(&port, &hot(0), vec![], terms).await;
    assert!(cancel.cancels);
    assert_eq!(port.writer.broadcast(&cancel).await, Broadcast::Taken);
    let height = mine(&test, 1).await;
    let settled = spent(&port, 0, &[&first, &cancel]).await;
    assert_eq!((settled.txid, settled.succeeded), (cancel.txid, true));
    assert_eq!(settled.network_fee.minor(), 21_000 * market.base.minor() + 21_000 * terms.tip.minor());
    assert_eq!(readings(&test, height).await, [vec![], vec![]], "no coins moved");
    assert_eq!(port.reader.balance(Lane::FIRST, usdc()).await.unwrap().minor(), 1_000_000_000);
    let two = vec![movement(usdc(), 1, WALLET), movement(usdc(), 2, WALLET)];
    assert!(port.writer.compose(&hot(1), &two, terms).is_err(), "one movement in each");
    assert!(port.writer.compose(&hot(1), &[movement(usdc(), 0, WALLET)], terms).is_err());
}

#[tokio::test]
async fn a_wallet_of_ours_is_used_elsewhere() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let first = signed(&port, WALLET, 100, 0).await;
    port.writer.broadcast(&first).await;
    let foreign = test.world.spend_nonce(polygon(), Lane::FIRST, None).await.unwrap();
    assert_eq!(slot(&port, 0, &[&first]).await, UNKNOWN);
    assert_eq!(port.writer.broadcast(&first).await, underpriced());
    // It is mined in any market.
    test.world.set_fees(polygon(), FeeSettings { times: 20, ..FeeSettings::default() }).await.unwrap();
    let height = mine(&test, 1).await;
    assert_eq!(slot(&port, 0, &[&first]).await, SlotStatus::SpentByOther { height });
    assert_eq!(port.writer.broadcast(&first).await, too_low());
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 1);
    assert_eq!(test.world.transactions(polygon(), None, None, 1).await.unwrap()[0].txid, foreign);
    assert!(matches!(test.world.spend_nonce(polygon(), Lane::FIRST, Some(0)).await, Err(WorldError::Impossible(_))));
    // A reorganisation gives the nonce back to the attempt that was replaced.
    test.world.set_fees(polygon(), FeeSettings::default()).await.unwrap();
    test.world.reorganise(polygon(), 1, vec![foreign]).await.unwrap();
    assert_eq!(port.writer.broadcast(&first).await, Broadcast::Taken);
    mine(&test, 1).await;
    assert_eq!(spent(&port, 0, &[&first]).await.txid, first.txid);
}

#[tokio::test]
async fn a_signer_answers_late_or_never_or_refuses() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let terms = first_terms(&port).await;
    let order = |number: u32, to: &str| {
        let mut order = signing_order(&port, &hot(0), vec![movement(usdc(), 100, to)], terms);
        order.number = number;
        order
    };
    let rule = async |outcome, to: Option<&str>, count| {
        test.world.add_signer_rule(polygon(), SignerRule { outcome, to: to.map(str::to_owned), count, delay_seconds: 0 }).await.unwrap();
    };
    let late = order(0, WALLET);
    assert_eq!(port.signer.find(&late).await.unwrap(), LookupResult::NeverWill, "it was never asked");
    rule(SignerOutcome::Late, None, Some(1)).await;
    assert!(matches!(port.signer.sign(&late).await, CallOutcome::Unknown { .. }));
    let LookupResult::Found(signature) = port.signer.find(&late).await.unwrap() else { panic!("it has signed") };
    assert_eq!(port.signer.sign(&late).await, CallOutcome::Accepted(signature.clone()), "asking again is harmless");
    let (txid, bytes) = port.writer.assemble(late.lane, &late.unsigned, &signature).unwrap();
    let found = SignedAttempt { txid, bytes, fee: terms, cancels: false, taken: false, signed_at: Timestamp::from_micros(0) };
    assert_eq!(port.writer.broadcast(&found).await, Broadcast::Taken);

    let later = SignerRule { outcome: SignerOutcome::Late, to: None, count: Some(1), delay_seconds: 3_600 };
    test.world.add_signer_rule(polygon(), later).await.unwrap();
    let slow = order(20, WALLET);
    for _ in 0..2 {
        assert!(matches!(port.signer.sign(&slow).await, CallOutcome::Unknown { .. }));
        assert_eq!(port.signer.find(&slow).await.unwrap(), LookupResult::NotYet);
    }
    test.world.advance(3_600).await.unwrap();
    assert!(matches!(port.signer.find(&slow).await.unwrap(), LookupResult::Found(_)));
    assert!(matches!(port.signer.sign(&slow).await, CallOutcome::Accepted(_)));

    let lost = order(1, WALLET);
    rule(SignerOutcome::Lost, None, Some(1)).await;
    assert!(matches!(port.signer.sign(&lost).await, CallOutcome::Unknown { .. }));
    assert_eq!(port.signer.find(&lost).await.unwrap(), LookupResult::NeverWill);
    assert!(matches!(port.signer.sign(&lost).await, CallOutcome::Accepted(_)));

    let frozen = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    rule(SignerOutcome::Refuse, Some(&frozen.to_lowercase()), None).await;
    for number in 2..4 {
        let refused = order(number, frozen);
        assert!(matches!(port.signer.sign(&refused).await, CallOutcome::Refused { .. }));
        assert_eq!(port.signer.find(&refused).await.unwrap(), LookupResult::NeverWill);
        assert!(matches!(port.signer.sign(&order(number + 10, WALLET)).await, CallOutcome::Accepted(_)), "others are signed");
    }
    rule(SignerOutcome::Refuse, None, Some(0)).await;
    assert!(matches!(port.signer.sign(&order(3, frozen)).await, CallOutcome::Refused { .. }), "it said never");
    assert!(matches!(port.signer.sign(&order(4, frozen)).await, CallOutcome::Accepted(_)));
    let mistaken = order(4, WALLET);
    assert!(matches!(port.signer.sign(&mistaken).await, CallOutcome::Refused { .. }), "a reference is one transaction's");
    assert_eq!(port.signer.find(&mistaken).await.unwrap(), LookupResult::NeverWill);
}

#[tokio::test]
async fn a_signature_fits_its_wallet_its_bytes_and_its_meaning() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let terms = first_terms(&port).await;
    let order = signing_order(&port, &hot(0), vec![movement(usdc(), 100, WALLET)], terms);
    let CallOutcome::Accepted(signature) = port.signer.sign(&order).await else { panic!("it is signed") };
    let other = signing_order(&port, &hot(1), vec![movement(usdc(), 100, WALLET)], terms);
    assert!(port.writer.assemble(order.lane, &order.unsigned, &signature).is_ok());
    assert!(port.writer.assemble(order.lane, &other.unsigned, &signature).is_err());
    assert!(port.writer.assemble(Lane::Hot(1), &order.unsigned, &signature).is_err());
    assert!(port.writer.assemble(order.lane, &order.unsigned, &Signature("00".repeat(32))).is_err());
    let mut dearer = order.unsigned.clone();
    dearer.fee.price = gwei(1_000);
    assert!(port.writer.assemble(order.lane, &dearer, &signature).is_err());
    for meaning in [SigningMeaning::Cancels, SigningMeaning::Moves(vec![movement(usdc(), 1, WALLET)])] {
        let mut lie = order.clone();
        (lie.meaning, lie.number) = (meaning, 9);
        assert!(matches!(port.signer.sign(&lie).await, CallOutcome::Refused { .. }));
    }
}

#[tokio::test]
async fn a_reorganisation_may_mine_a_transaction_again_in_another_block() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let (again, waits) = (deposit(&test, 10).await, deposit(&test, 20).await);
    let transfer = signed(&port, WALLET, 100, 0).await;
    port.writer.broadcast(&transfer).await;
    let first = mine(&test, 1).await;
    let fee = spent(&port, 0, &[&transfer]).await.network_fee;
    mine(&test, 1).await;
    test.world.set_fees(polygon(), FeeSettings { base: Some(gwei(8)), ..FeeSettings::default() }).await.unwrap();
    let plan = ReorganisationPlan { depth: 2, drop: vec![], again: vec![again.clone(), transfer.txid.clone()] };
    let done = test.world.reorganise_by(polygon(), plan).await.unwrap();
    assert_eq!((done.head.height, done.waiting, done.dropped), (first + 2, vec![waits], vec![]));
    assert_eq!(readings(&test, first).await, [vec![], vec![]]);
    let found = block(&port, first + 2).await;
    assert_eq!(found.head, done.head);
    let txids: Vec<_> = found.transfers.iter().map(|transfer| transfer.txid.clone()).collect();
    assert_eq!(txids, [again, transfer.txid.clone()]);
    let settled = spent(&port, 0, &[&transfer]).await;
    assert_eq!((&settled.block, settled.height), (&done.head.hash, first + 2));
    assert!(settled.network_fee > fee, "another block, another fee");
    assert_eq!(credited(&test).await, 10);
    mine(&test, 1).await;
    assert_eq!(credited(&test).await, 30);
    let left = port.reader.balance(Lane::FIRST, pol()).await.unwrap();
    assert_eq!(left.minor(), 1_000 * 10_i128.pow(18) - settled.network_fee.minor(), "only the last fee is paid");
    let plan = ReorganisationPlan { depth: 1, drop: vec![], again: vec!["0x00".to_owned()] };
    assert!(matches!(test.world.reorganise_by(polygon(), plan).await, Err(WorldError::Impossible(_))));
}

#[tokio::test]
async fn a_transaction_may_have_several_transfers() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let address = |index| port.reader.address(Lane::Deposit(index));
    let transfer = |index, amount| (address(index), usdc().symbol, Amount::from_minor(amount));
    let transfers = vec![transfer(7, 10), transfer(7, 10), transfer(8, 30)];
    let txid = test.world.deposit_shared(SharedDeposit { chain: polygon(), from: None, transfers }).await.unwrap();
    let height = mine(&test, 1).await;
    let found = block(&port, height).await.transfers;
    let seen: Vec<_> = found.iter().map(|transfer| (transfer.txid.clone(), transfer.to.clone(), transfer.amount.minor())).collect();
    let expected = [(7, 10), (7, 10), (8, 30)].map(|(index, amount)| (txid.clone(), address(index), amount));
    assert_eq!(seen, expected);
    assert_eq!(credited(&test).await, 20);
    let done = test.world.reorganise(polygon(), 1, vec![]).await.unwrap();
    assert_eq!(done.waiting, std::slice::from_ref(&txid), "it is one transaction");
    assert_eq!(credited(&test).await, 0);
    mine(&test, 1).await;
    assert_eq!(credited(&test).await, 20);
    let done = test.world.reorganise(polygon(), 1, vec![txid.clone()]).await.unwrap();
    assert_eq!((done.waiting, done.dropped), (vec![], vec![txid]));
    let none = SharedDeposit { chain: polygon(), from: None, transfers: vec![] };
    assert!(matches!(test.world.deposit_shared(none).await, Err(WorldError::Impossible(_))));
}

#[tokio::test]
async fn a_sweep_of_everything_can_be_replaced() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    deposit(&test, 500).await;
    mine(&test, 1).await;
    let slot = Slot::Nonce { lane: Lane::Deposit(7), nonce: 0 };
    let market = port.writer.fee_market().await.unwrap();
    let sweep = movement(usdc(), 500, &port.reader.address(Lane::FIRST));
    let first = attempt(&port, &slot, vec![sweep.clone()], fee_rules().first(market, 0)).await;
    assert_eq!(port.writer.broadcast(&first).await, Broadcast::Taken);
    let market = test.world.set_fees(polygon(), FeeSettings { times: 10, ..FeeSettings::default() }).await.unwrap();
    mine(&test, 1).await;
    assert_eq!(port.writer.estimate(slot.lane(), &sweep).await, Ok(Estimate::Units(0)), "the coins are not needed twice");
    assert!(matches!(port.writer.estimate(slot.lane(), &movement(usdc(), 1, WALLET)).await, Ok(Estimate::Unfunded { .. })));
    let terms = fee_rules().replacement(first.fee, market, 0).unwrap();
    let second = attempt(&port, &slot, vec![sweep], terms).await;
    assert_eq!(port.writer.broadcast(&second).await, Broadcast::Taken);
    mine(&test, 1).await;
    assert_eq!(port.reader.balance(Lane::FIRST, usdc()).await.unwrap().minor(), 1_000_000_500);
    assert_eq!(credited(&test).await, 0);
}

/// The tables of an earlier version, with a chain that has a waiting, a mined and a dropped transaction of the hot wallet.
const EARLIER_TABLES: &str = "
CREATE TABLE settings (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
INSERT INTO settings VALUES (1, '{\"version\":1,\"clock_offset\":0,\"prices\":{},\"silent\":false,\"screening\":{},\"faults\":[]}');
CREATE TABLE chains (
    name TEXT PRIMARY KEY, height INTEGER NOT NULL, fork INTEGER NOT NULL, every_micros INTEGER NOT NULL,
    mined_at INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO chains VALUES ('polygon', 4, 0, 2000000, 0);
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY, chain TEXT NOT NULL, txid TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
    symbol TEXT NOT NULL, amount TEXT NOT NULL, fee TEXT NOT NULL, nonce INTEGER, state INTEGER NOT NULL,
    height INTEGER, position INTEGER);
CREATE UNIQUE INDEX transactions_txid ON transactions (txid, chain);
CREATE TABLE nonces (
    chain TEXT NOT NULL, address TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (chain, address)) WITHOUT ROWID;
CREATE TABLE balances (
    chain TEXT NOT NULL, address TEXT NOT NULL, symbol TEXT NOT NULL, amount TEXT NOT NULL, waiting TEXT NOT NULL,
    PRIMARY KEY (chain, address, symbol)) WITHOUT ROWID;
";

/// A transfer of dollars as an earlier version signed it.
fn signed_earlier(from: &str, nonce: u64) -> SignedAttempt {
    let payload = json!({
        "chain": "polygon", "source": {"from": "hot"}, "from": from, "to": WALLET, "symbol": "USDC",
        "amount": Amount::from_minor(100), "nonce": nonce,
    });
    let mut bytes = serde_json::to_vec(&payload).unwrap();
    let key = format!("rampart-sandbox/{}/keys", config().seed);
    let tag = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(&bytes).finalize().into_bytes();
    bytes.extend_from_slice(&tag);
    let txid = format!("0x{}", hex::encode(Keccak256::digest(&bytes)));
    let signed_at = Timestamp::from_micros(0);
    SignedAttempt { txid, bytes: hex::encode(bytes), fee: FeeTerms::default(), cancels: false, taken: true, signed_at }
}

#[tokio::test]
async fn a_world_of_an_earlier_version_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let hot_address = TestWorld::paused().await.polygon().reader.address(Lane::FIRST);
    let [mined, waiting, dropped, unsent] = [0, 1, 2, 3].map(|nonce| signed_earlier(&hot_address, nonce));
    let fee = Amount::from_minor(65_000 * 30 * WEI_PER_GWEI);
    let sqlite = rusqlite::Connection::open(folder.path().join("sandbox.db")).unwrap();
    sqlite.execute_batch(EARLIER_TABLES).unwrap();
    for (nonce, attempt, state, height) in [(0, &mined, 1, Some(2)), (1, &waiting, 0, None), (2, &dropped, 3, None)] {
        let sql = "INSERT INTO transactions (chain, txid, sender, recipient, symbol, amount, fee, nonce, state, height, position) \
            VALUES ('polygon', ?1, ?2, ?3, 'USDC', '100', ?4, ?5, ?6, ?7, ?7)";
        sqlite.execute(sql, (&attempt.txid, &hot_address, WALLET, fee.to_string(), nonce, state, height)).unwrap();
    }
    sqlite.execute("INSERT INTO nonces VALUES ('polygon', ?1, 1)", [&hot_address]).unwrap();
    for (symbol, amount, waiting) in [("USDC", 900, Amount::from_minor(100)), ("POL", 10_i128.pow(18), fee)] {
        let parameters = (&hot_address, symbol, amount.to_string(), waiting.to_string());
        sqlite.execute("INSERT INTO balances VALUES ('polygon', ?1, ?2, ?3, ?4)", parameters).unwrap();
    }
    drop(sqlite);

    // The second opening finds what the first has changed.
    drop(World::open(folder.path().join("sandbox.db"), config()).await.unwrap());
    let world = World::open(folder.path().join("sandbox.db"), config()).await.unwrap();
    let test = TestWorld { world, folder };
    let port = test.polygon();
    let settled = spent(&port, 0, &[&mined]).await;
    assert_eq!((settled.height, settled.succeeded, settled.network_fee), (2, true, fee));
    assert_eq!(slot(&port, 1, &[&waiting]).await, WAITS);
    assert_eq!(slot(&port, 2, &[&dropped]).await, UNKNOWN);
    for known in [&mined, &waiting, &dropped, &unsent] {
        assert_eq!(port.writer.broadcast(known).await, Broadcast::Taken);
    }
    assert_eq!(port.writer.broadcast(&signed(&port, WALLET, 1, 1).await).await, underpriced(), "what it offered is not known");
    // They were signed without a price: no market keeps them waiting, and they cost what they did.
    test.world.set_fees(polygon(), FeeSettings { times: 20, ..FeeSettings::default() }).await.unwrap();
    mine(&test, 1).await;
    for (nonce, attempt) in [(1, &waiting), (2, &dropped), (3, &unsent)] {
        let settled = spent(&port, nonce, &[attempt]).await;
        assert_eq!((settled.succeeded, settled.network_fee), (true, fee));
    }
    assert_eq!(port.reader.balance(Lane::FIRST, usdc()).await.unwrap().minor(), 600);
    assert_eq!(port.reader.balance(Lane::FIRST, pol()).await.unwrap().minor(), 10_i128.pow(18) - 3 * fee.minor());
    // A reorganisation undoes old ones as it does new ones.
    test.world.set_fees(polygon(), FeeSettings::default()).await.unwrap();
    test.world.reorganise(polygon(), 4, vec![]).await.unwrap();
    assert_eq!(slot(&port, 0, &[&mined]).await, WAITS);
    assert_eq!(port.reader.balance(Lane::FIRST, usdc()).await.unwrap().minor(), 1_000);
    mine(&test, 1).await;
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 4);
    assert_eq!(port.writer.broadcast(&signed(&port, WALLET, 600, 4).await).await, Broadcast::Taken, "nothing stays reserved");
}
