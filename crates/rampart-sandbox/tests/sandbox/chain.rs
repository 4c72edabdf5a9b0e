use rampart_core::address::{AddressKind, checksummed};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::CoinId;
use rampart_core::outgoing::{FeeRules, FeeTerms, Lane, SignedAttempt, Slot};
use rampart_core::ports::{Broadcast, Estimate, Followed, SlotStatus};
use rampart_sandbox::{ChainDeposit, FaultOutcome, FaultPort, WorldError};
use sha2::{Digest, Sha256};

use crate::test_world::{
    TestWorld, WALLET, attempt, block, chain, config, head, hot, in_time, movement, pol, polygon, signed, slot, spent, usdc,
};

const WAITS: SlotStatus = SlotStatus::Open { is_pending: true };
const UNKNOWN: SlotStatus = SlotStatus::Open { is_pending: false };

fn reason(broadcast: Broadcast) -> String {
    match broadcast {
        Broadcast::Underpriced { reason }
        | Broadcast::Unfunded { reason }
        | Broadcast::Later { reason }
        | Broadcast::Impossible { reason } => reason,
        Broadcast::Taken => panic!("it was taken"),
    }
}

async fn balance(test: &TestWorld, coin: CoinId) -> i128 {
    test.polygon().reader.balance(Lane::FIRST, coin).await.unwrap().minor()
}

async fn deposit(test: &TestWorld, to: &str, amount: i128) -> String {
    let deposit =
        ChainDeposit { chain: polygon(), to: to.to_owned(), symbol: usdc().symbol, amount: Amount::from_minor(amount), from: None };
    test.world.deposit(deposit).await.unwrap()
}

/// The sweep of a deposit address to the hot wallet.
async fn sweep(test: &TestWorld, index: u64, amount: i128, nonce: u64) -> SignedAttempt {
    let port = test.polygon();
    let slot = Slot::Nonce { lane: Lane::Deposit(index), nonce };
    attempt(&port, &slot, vec![movement(usdc(), amount, &port.reader.address(Lane::FIRST))], FeeTerms::default()).await
}

#[tokio::test]
async fn addresses_follow_the_rules_of_their_chain() {
    let test = TestWorld::paused().await;
    for (name, kind) in [("polygon", AddressKind::Evm), ("bitcoin", AddressKind::Bitcoin)] {
        let port = test.world.chain(name.parse().unwrap()).unwrap();
        let mut addresses: Vec<String> = (0..3).map(|number| port.reader.address(Lane::Hot(number))).collect();
        addresses.extend((0..50).map(|index| port.reader.address(Lane::Deposit(index))));
        for address in &addresses {
            assert_eq!(kind.normalize(address).as_ref(), Ok(address));
        }
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 53);
    }
}

/// The key of an address is the same on every chain of the address family. Worlds of an earlier version derived deposit
/// addresses per chain: coins at those addresses are ours as well, on any chain.
#[tokio::test]
async fn a_deposit_address_is_one_on_all_chains_of_a_family() {
    let mut config = config();
    config.chains.push(chain("ethereum", AddressKind::Evm, "ETH", &[("ETH", 18), ("USDC", 6)]));
    let earlier = ["polygon", "ethereum"].map(|name| {
        let digest = Sha256::digest(format!("rampart-sandbox/{}/{name}/deposit/3", config.seed));
        checksummed(digest[..20].try_into().unwrap())
    });
    let test = TestWorld::with(config).await;
    let port = test.polygon();
    let ethereum = test.world.chain("ethereum".parse().unwrap()).unwrap();
    assert_eq!(ethereum.reader.address(Lane::Deposit(3)), port.reader.address(Lane::Deposit(3)));
    assert_ne!(ethereum.reader.address(Lane::Deposit(3)), ethereum.reader.address(Lane::Deposit(4)));
    let addresses = earlier.into_iter().chain([port.reader.address(Lane::Deposit(3))]);
    for (nonce, address) in (0..).zip(addresses) {
        assert!(port.reader.balance(Lane::Deposit(3), usdc()).await.unwrap().is_zero());
        deposit(&test, &address, 500).await;
        test.world.mine(polygon(), 1).await.unwrap();
        assert_eq!(port.reader.balance(Lane::Deposit(3), usdc()).await.unwrap().minor(), 500);
        assert_eq!(port.reader.spent_nonces(Lane::Deposit(3)).await.unwrap(), nonce, "its addresses share one sequence");
        let sweep = sweep(&test, 3, 500, nonce).await;
        assert_eq!(port.writer.broadcast(&sweep).await, Broadcast::Taken);
        test.world.mine(polygon(), 1).await.unwrap();
        let slot = Slot::Nonce { lane: Lane::Deposit(3), nonce };
        let status = port.reader.slot(&slot, std::slice::from_ref(&sweep)).await.unwrap();
        assert!(matches!(status, SlotStatus::Spent(spent) if spent.txid == sweep.txid && spent.network_fee.is_zero()));
        let sent = test.world.transactions(polygon(), Some(&address), None, 9).await.unwrap();
        assert_eq!((sent[0].from.as_str(), sent[0].state), (address.as_str(), "in_block"));
    }
}

#[tokio::test]
async fn a_transfer_is_signed_sent_and_mined_once() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let first = signed(&port, WALLET, 5_000_000, 0).await;
    assert_eq!(first, signed(&port, WALLET, 5_000_000, 0).await);
    assert_ne!(first.txid, signed(&port, WALLET, 5_000_000, 1).await.txid);
    assert_eq!(slot(&port, 0, &[&first]).await, UNKNOWN);
    assert_eq!(port.writer.broadcast(&first).await, Broadcast::Taken);
    assert_eq!(port.writer.broadcast(&first).await, Broadcast::Taken);
    assert_eq!(slot(&port, 0, &[&first]).await, WAITS);
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 0);

    let before = head(&port).await;
    let newest = test.world.mine(polygon(), 1).await.unwrap();
    in_time(port.reader.news(&before)).await;
    assert_eq!(head(&port).await, newest);
    assert_eq!(newest.parent, before.hash);
    let block = block(&port, newest.height).await;
    assert_eq!(block.head, newest);
    assert_eq!(block.transfers.len(), 1);
    assert_eq!((block.transfers[0].txid.as_str(), block.transfers[0].to.as_str()), (first.txid.as_str(), WALLET));
    assert!(port.reader.header(newest.height + 1).await.unwrap().is_none());
    let spent = spent(&port, 0, &[&first]).await;
    assert_eq!((spent.height, &spent.block, spent.succeeded), (newest.height, &newest.hash, true));
    assert_eq!(spent.network_fee.minor(), 65_000 * 30 * 1_000_000_000, "what it takes, not what it may take");
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 1);
    assert_eq!(balance(&test, usdc()).await, 995_000_000);
    assert_eq!(balance(&test, pol()).await, 1_000 * 10_i128.pow(18) - spent.network_fee.minor());
    assert_eq!(port.writer.broadcast(&first).await, Broadcast::Taken);
    assert_eq!(test.world.transactions(polygon(), Some(WALLET), None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_refuses_what_cannot_be() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    port.writer.broadcast(&signed(&port, WALLET, 1_000_000, 0).await).await;
    test.world.mine(polygon(), 1).await.unwrap();
    let low = Broadcast::Later { reason: "nonce too low".to_owned() };
    assert_eq!(port.writer.broadcast(&signed(&port, WALLET, 2_000_000, 0).await).await, low);
    port.writer.broadcast(&signed(&port, WALLET, 1_000_000, 1).await).await;
    let rival = Broadcast::Underpriced { reason: "replacement transaction underpriced".to_owned() };
    assert_eq!(port.writer.broadcast(&signed(&port, WALLET, 2_000_000, 1).await).await, rival);
    assert_eq!(reason(port.writer.broadcast(&signed(&port, WALLET, 1, 1_000_000).await).await), "nonce too high");
    let poor = Broadcast::Unfunded { reason: "insufficient funds".to_owned() };
    assert_eq!(port.writer.broadcast(&signed(&port, WALLET, 998_000_001, 2).await).await, poor);
    assert_eq!(port.writer.broadcast(&signed(&port, WALLET, 998_000_000, 2).await).await, Broadcast::Taken);
    let good = signed(&port, WALLET, 1, 3).await;
    let forged = SignedAttempt { bytes: good.bytes.replacen('7', "8", 1), ..good.clone() };
    let other = SignedAttempt { txid: signed(&port, WALLET, 1, 4).await.txid, ..good.clone() };
    for bad in [forged, other] {
        assert_eq!(port.writer.broadcast(&bad).await, Broadcast::Impossible { reason: "invalid transaction".to_owned() });
    }
}

/// What a chain would revert, and what a wallet cannot pay, is known before a nonce is taken.
#[tokio::test]
async fn an_estimate_says_what_would_fail_and_what_is_not_there() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let estimate = async |lane, coin, amount, to: &str| port.writer.estimate(lane, &movement(coin, amount, to)).await;
    let refused_wallet = "0x6660003666000366600036660003666000366600";
    let would_fail = Estimate::WouldFail { reason: "the network does not accept transactions to this address".to_owned() };
    assert_eq!(estimate(Lane::FIRST, usdc(), 1, refused_wallet).await, Ok(would_fail));
    assert_eq!(estimate(Lane::FIRST, usdc(), 1_000_000_000, WALLET).await, Ok(Estimate::Units(65_000)));
    assert_eq!(estimate(Lane::FIRST, pol(), 1, WALLET).await, Ok(Estimate::Units(21_000)));
    assert!(matches!(estimate(Lane::FIRST, usdc(), 1_000_000_001, WALLET).await, Ok(Estimate::Unfunded { .. })));
    assert!(matches!(estimate(Lane::FIRST, pol(), 1_000 * 10_i128.pow(18), WALLET).await, Ok(Estimate::Unfunded { .. })), "the fee");
    assert!(matches!(estimate(Lane::Hot(1), usdc(), 1, WALLET).await, Ok(Estimate::Unfunded { .. })));
    assert!(estimate(Lane::FIRST, usdc(), 1, "0x12").await.is_err());
    deposit(&test, &port.reader.address(Lane::Deposit(3)), 500).await;
    test.world.mine(polygon(), 1).await.unwrap();
    assert_eq!(estimate(Lane::Deposit(3), usdc(), 500, WALLET).await, Ok(Estimate::Units(0)), "sweeps are free");
    // The bytes may come all the same: they are included and reverted.
    let doomed = signed(&port, refused_wallet, 100, 0).await;
    assert_eq!(port.writer.broadcast(&doomed).await, Broadcast::Taken);
    test.world.mine(polygon(), 1).await.unwrap();
    assert!(!spent(&port, 0, &[&doomed]).await.succeeded);
}

#[tokio::test]
async fn a_nonce_ahead_of_its_turn_waits_for_the_ones_before() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let (first, second) = (signed(&port, WALLET, 1, 0).await, signed(&port, WALLET, 2, 1).await);
    assert_eq!(port.writer.broadcast(&second).await, Broadcast::Taken);
    test.world.mine(polygon(), 2).await.unwrap();
    assert_eq!(slot(&port, 1, &[&second]).await, WAITS);
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 0);
    port.writer.broadcast(&first).await;
    test.world.mine(polygon(), 1).await.unwrap();
    assert!(spent(&port, 1, &[&second]).await.succeeded);
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 2);
}

#[tokio::test]
async fn many_transfers_at_once_are_all_mined_in_order() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let mut tasks = Vec::new();
    for nonce in (0..200).rev() {
        let port = port.clone();
        tasks.push(tokio::spawn(async move {
            let signed = signed(&port, WALLET, 1, nonce).await;
            assert_eq!(port.writer.broadcast(&signed).await, Broadcast::Taken);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let newest = test.world.mine(polygon(), 1).await.unwrap();
    assert_eq!(block(&port, newest.height).await.transfers.len(), 200);
    assert_eq!(balance(&test, usdc()).await, 999_999_800);
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 200);
}

#[tokio::test]
async fn a_reorganisation_undoes_and_the_chain_grows_longer() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let ours = port.reader.address(Lane::Deposit(7));
    let (kept, gone) = (deposit(&test, &ours, 10).await, deposit(&test, &ours, 20).await);
    let transfer = signed(&port, WALLET, 1_000_000, 0).await;
    port.writer.broadcast(&transfer).await;
    let old = test.world.mine(polygon(), 3).await.unwrap();
    let paid = balance(&test, usdc()).await;

    let before = port.reader.header(old.height - 3).await.unwrap().unwrap();
    let done = test.world.reorganise(polygon(), 3, vec![gone.clone()]).await.unwrap();
    assert_eq!(done.head.height, old.height + 1);
    assert_eq!(done.dropped, std::slice::from_ref(&gone));
    assert_eq!(done.waiting.len(), 2);
    assert_eq!(port.reader.header(old.height - 3).await.unwrap().unwrap(), before);
    assert_eq!(port.reader.blocks(old.height, &old.hash, 9).await, Ok(Followed::Undone));
    let first = block(&port, old.height - 2).await;
    assert_eq!(first.head.parent, before.hash);
    assert!(first.transfers.is_empty());
    let Ok(Followed::Blocks(fork)) = port.reader.blocks(before.height, &before.hash, 100).await else { panic!("it is there") };
    assert_eq!(fork.first(), Some(&first));
    assert_eq!(fork.last().map(|block| &block.head), Some(&done.head));
    assert!(fork.windows(2).all(|pair| pair[1].head.parent == pair[0].head.hash));
    assert_eq!(balance(&test, usdc()).await, 1_000_000_000);
    assert_eq!(slot(&port, 0, &[&transfer]).await, WAITS);
    assert_eq!(port.reader.spent_nonces(Lane::FIRST).await.unwrap(), 0);
    assert_eq!(port.writer.broadcast(&transfer).await, Broadcast::Taken);

    test.world.mine(polygon(), 1).await.unwrap();
    assert!(spent(&port, 0, &[&transfer]).await.succeeded);
    let found: Vec<_> = block(&port, done.head.height + 1).await.transfers.into_iter().map(|transfer| transfer.txid).collect();
    assert_eq!(found, [kept, transfer.txid]);
    assert_eq!(balance(&test, usdc()).await, paid);
    assert_eq!(port.reader.balance(Lane::Deposit(7), usdc()).await.unwrap().minor(), 10);
    assert!(matches!(test.world.reorganise(polygon(), 200, vec![]).await, Err(WorldError::Impossible(_))));
    assert!(matches!(test.world.reorganise(polygon(), 1, vec![gone]).await, Err(WorldError::Impossible(_))));
}

#[tokio::test]
async fn a_dropped_transfer_is_taken_again() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let (first, second) = (signed(&port, WALLET, 1, 0).await, signed(&port, WALLET, 2, 1).await);
    port.writer.broadcast(&first).await;
    port.writer.broadcast(&second).await;
    test.world.mine(polygon(), 1).await.unwrap();
    test.world.reorganise(polygon(), 1, vec![first.txid.clone()]).await.unwrap();
    assert_eq!(slot(&port, 0, &[&first]).await, UNKNOWN);
    test.world.mine(polygon(), 1).await.unwrap();
    assert_eq!(slot(&port, 1, &[&second]).await, WAITS);
    assert_eq!(port.writer.broadcast(&first).await, Broadcast::Taken);
    test.world.mine(polygon(), 1).await.unwrap();
    assert!(spent(&port, 1, &[&second]).await.succeeded);
    assert_eq!(balance(&test, usdc()).await, 999_999_997);
}

#[tokio::test]
async fn deposits_are_swept_without_native_coins_and_trigger_wallets_revert() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    deposit(&test, &port.reader.address(Lane::Deposit(3)).to_lowercase(), 500).await;
    test.world.mine(polygon(), 1).await.unwrap();
    let sweep = sweep(&test, 3, 500, 0).await;
    assert_eq!(port.writer.broadcast(&sweep).await, Broadcast::Taken);
    let doomed = signed(&port, "0x6660002666000266600026660002666000266600", 100, 0).await;
    port.writer.broadcast(&doomed).await;
    test.world.mine(polygon(), 1).await.unwrap();
    let reverted = spent(&port, 0, &[&doomed]).await;
    assert!(!reverted.succeeded && reverted.network_fee.is_positive());
    let slot = Slot::Nonce { lane: Lane::Deposit(3), nonce: 0 };
    let status = port.reader.slot(&slot, std::slice::from_ref(&sweep)).await.unwrap();
    assert!(matches!(status, SlotStatus::Spent(spent) if spent.succeeded && spent.network_fee.is_zero()));
    assert_eq!(balance(&test, usdc()).await, 1_000_000_500);
    assert!(balance(&test, pol()).await < 1_000 * 10_i128.pow(18));
}

#[tokio::test]
async fn a_lost_answer_to_a_broadcast_is_found_on_the_chain() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let transfer = signed(&port, WALLET, 1, 0).await;
    test.fault(FaultPort::Chain, FaultOutcome::UnknownNotDone).await;
    assert!(matches!(port.writer.broadcast(&transfer).await, Broadcast::Later { .. }));
    assert_eq!(slot(&port, 0, &[&transfer]).await, UNKNOWN);
    test.fault(FaultPort::Chain, FaultOutcome::UnknownDone).await;
    assert!(matches!(port.writer.broadcast(&transfer).await, Broadcast::Later { .. }));
    assert_eq!(slot(&port, 0, &[&transfer]).await, WAITS);
}

#[tokio::test]
async fn blocks_follow_business_time_and_can_be_stopped() {
    let test = TestWorld::running().await;
    let port = test.polygon();
    let known = head(&port).await;
    test.world.advance(4).await.unwrap();
    in_time(port.reader.news(&known)).await;
    let known = head(&port).await;
    assert!(known.height >= 2);
    test.world.advance(3_600).await.unwrap();
    in_time(port.reader.news(&known)).await;
    let newest = head(&port).await;
    assert!((50..=60).contains(&(newest.height - known.height)), "{} blocks to catch up", newest.height - known.height);
    test.world.automine(polygon(), 0).await.unwrap();
    let stopped = head(&port).await;
    test.world.advance(3_600).await.unwrap();
    let bitcoin = test.world.chain("bitcoin".parse().unwrap()).unwrap();
    let there = head(&bitcoin).await;
    test.world.advance(10).await.unwrap();
    in_time(bitcoin.reader.news(&there)).await;
    assert_eq!(head(&port).await, stopped);
}

/// What a first attempt costs in a calm market does not depend on the version.
#[tokio::test]
async fn a_first_attempt_in_a_calm_market_costs_what_it_always_did() {
    let mut config = config();
    for (name, native) in [("bsc", "BNB"), ("ethereum", "ETH"), ("base", "ETH")] {
        config.chains.push(chain(name, AddressKind::Evm, native, &[(native, 18), ("USDC", 6)]));
    }
    let test = TestWorld::with(config.clone()).await;
    let rules = FeeRules { least_tip: Amount::ZERO, most_cost: None, replace_after: None, max_attempts: 1 };
    for chain in &config.chains {
        let port = test.world.chain(chain.name).unwrap();
        for (nonce, coin) in (0..).zip(&chain.coins) {
            let coin_id = CoinId { symbol: coin.symbol, chain: chain.name };
            let sends = movement(coin_id, 1_000, &port.reader.address(Lane::Deposit(1)));
            let Ok(Estimate::Units(units)) = port.writer.estimate(Lane::FIRST, &sends).await else { panic!("it can be sent") };
            let terms = rules.first(port.writer.fee_market().await.unwrap(), units);
            let first = attempt(&port, &hot(nonce), vec![sends], terms).await;
            assert_eq!(port.writer.broadcast(&first).await, Broadcast::Taken);
            test.world.mine(chain.name, 1).await.unwrap();
            let gwei_of = |price: i128| price * 1_000_000_000 * if coin.symbol == chain.native { 21_000 } else { 65_000 };
            let expected = match chain.name.as_str() {
                "bitcoin" => 1_800,
                "polygon" => gwei_of(30),
                "bsc" => gwei_of(1),
                "ethereum" => gwei_of(3),
                _ => gwei_of(5),
            };
            assert_eq!(spent(&port, nonce, &[&first]).await.network_fee.minor(), expected, "{} on {}", coin.symbol, chain.name);
        }
    }
}

#[tokio::test]
async fn a_further_hot_wallet_has_coins_and_nonces_of_its_own() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let second = port.reader.address(Lane::Hot(1));
    let fill = signed(&port, &second, 1_000, 0).await;
    let gas = attempt(&port, &hot(1), vec![movement(pol(), 10_i128.pow(18), &second)], fill.fee).await;
    for attempt in [&fill, &gas] {
        assert_eq!(port.writer.broadcast(attempt).await, Broadcast::Taken);
    }
    test.world.mine(polygon(), 1).await.unwrap();
    let slot = Slot::Nonce { lane: Lane::Hot(1), nonce: 0 };
    let transfer = attempt(&port, &slot, vec![movement(usdc(), 1_000, WALLET)], fill.fee).await;
    assert_eq!(port.writer.broadcast(&transfer).await, Broadcast::Taken);
    test.world.mine(polygon(), 1).await.unwrap();
    let status = port.reader.slot(&slot, std::slice::from_ref(&transfer)).await.unwrap();
    let SlotStatus::Spent(settled) = status else { panic!("{status:?}") };
    assert_eq!(port.reader.spent_nonces(Lane::Hot(1)).await.unwrap(), 1);
    let left = port.reader.balance(Lane::Hot(1), pol()).await.unwrap();
    assert_eq!(left.minor(), 10_i128.pow(18) - settled.network_fee.minor());
    assert!(port.reader.balance(Lane::Hot(1), usdc()).await.unwrap().is_zero());
}
