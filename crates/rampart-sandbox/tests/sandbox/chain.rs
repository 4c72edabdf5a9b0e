use rampart_core::address::{AddressKind, checksummed};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{SignedTransaction, TransferSource};
use rampart_core::ports::{CallOutcome, SigningRequest, TransactionStatus};
use rampart_sandbox::{ChainDeposit, FaultOutcome, FaultPort, WorldError};

use sha2::{Digest, Sha256};

use crate::test_world::{TestWorld, WALLET, chain, config, in_time, pol, signed, usdc};

fn polygon() -> Chain {
    "polygon".parse().unwrap()
}

fn refused(outcome: CallOutcome<()>) -> String {
    match outcome {
        CallOutcome::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

async fn balance(test: &TestWorld, coin: rampart_core::money::asset::CoinId) -> i128 {
    test.polygon().balance(TransferSource::Hot, coin).await.unwrap().minor()
}

async fn deposit(test: &TestWorld, to: &str, amount: i128) -> String {
    let deposit =
        ChainDeposit { chain: polygon(), to: to.to_owned(), symbol: usdc().symbol, amount: Amount::from_minor(amount), from: None };
    test.world.deposit(deposit).await.unwrap()
}

#[tokio::test]
async fn addresses_follow_the_rules_of_their_chain() {
    let test = TestWorld::paused().await;
    for (name, kind) in [("polygon", AddressKind::Evm), ("bitcoin", AddressKind::Bitcoin)] {
        let port = test.world.chain(name.parse().unwrap()).unwrap();
        let mut addresses = vec![port.hot_address()];
        addresses.extend((0..50).map(|index| port.deposit_address(index)));
        for address in &addresses {
            assert_eq!(kind.normalize(address).as_ref(), Ok(address));
        }
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 51);
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
    assert_eq!(ethereum.deposit_address(3), port.deposit_address(3));
    assert_ne!(ethereum.deposit_address(3), ethereum.deposit_address(4));
    for address in earlier.into_iter().chain([port.deposit_address(3)]) {
        assert!(port.balance(TransferSource::Deposit(3), usdc()).await.unwrap().is_zero());
        deposit(&test, &address, 500).await;
        test.world.mine(polygon(), 1).await.unwrap();
        assert_eq!(port.balance(TransferSource::Deposit(3), usdc()).await.unwrap().minor(), 500);
        let nonce = port.next_nonce(TransferSource::Deposit(3)).await.unwrap();
        let (source, to) = (TransferSource::Deposit(3), port.hot_address());
        let request = SigningRequest { coin: usdc(), amount: Amount::from_minor(500), source, to, nonce };
        let sweep = port.sign(&request).await.unwrap();
        assert_eq!(port.broadcast(&sweep).await, CallOutcome::Accepted(()));
        test.world.mine(polygon(), 1).await.unwrap();
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
    assert_eq!(port.transaction(&first.txid).await.unwrap(), TransactionStatus::Unknown);
    assert_eq!(port.broadcast(&first).await, CallOutcome::Accepted(()));
    assert_eq!(port.broadcast(&first).await, CallOutcome::Accepted(()));
    assert_eq!(port.transaction(&first.txid).await.unwrap(), TransactionStatus::Waiting);
    assert_eq!(port.next_nonce(TransferSource::Hot).await.unwrap(), 1);

    let before = port.head().await.unwrap();
    let head = test.world.mine(polygon(), 1).await.unwrap();
    in_time(port.news(&before)).await;
    assert_eq!(port.head().await.unwrap(), head);
    assert_eq!(head.parent, before.hash);
    let block = port.block(head.height).await.unwrap().unwrap();
    assert_eq!(block.head, head);
    assert_eq!(block.transfers.len(), 1);
    assert_eq!((block.transfers[0].txid.as_str(), block.transfers[0].to.as_str()), (first.txid.as_str(), WALLET));
    assert!(port.block(head.height + 1).await.unwrap().is_none());
    let TransactionStatus::InBlock { height, network_fee } = port.transaction(&first.txid).await.unwrap() else { panic!("it is mined") };
    assert_eq!(height, head.height);
    assert_eq!(balance(&test, usdc()).await, 995_000_000);
    assert_eq!(balance(&test, pol()).await, 1_000 * 10_i128.pow(18) - network_fee.minor());
    assert_eq!(port.broadcast(&first).await, CallOutcome::Accepted(()));
    assert_eq!(test.world.transactions(polygon(), Some(WALLET), None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_refuses_what_cannot_be() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    port.broadcast(&signed(&port, WALLET, 1_000_000, 0).await).await;
    test.world.mine(polygon(), 1).await.unwrap();
    assert_eq!(refused(port.broadcast(&signed(&port, WALLET, 2_000_000, 0).await).await), "nonce too low");
    port.broadcast(&signed(&port, WALLET, 1_000_000, 1).await).await;
    assert_eq!(refused(port.broadcast(&signed(&port, WALLET, 2_000_000, 1).await).await), "replacement transaction underpriced");
    assert_eq!(refused(port.broadcast(&signed(&port, WALLET, 1, 1_000_000).await).await), "nonce too high");
    assert_eq!(refused(port.broadcast(&signed(&port, WALLET, 998_000_001, 2).await).await), "insufficient funds");
    assert_eq!(port.broadcast(&signed(&port, WALLET, 998_000_000, 2).await).await, CallOutcome::Accepted(()));
    let good = signed(&port, WALLET, 1, 3).await;
    let forged = SignedTransaction { bytes: good.bytes.replacen('7', "8", 1), ..good.clone() };
    assert_eq!(refused(port.broadcast(&forged).await), "invalid transaction");
    let refused_wallet = "0x6660003666000366600036660003666000366600";
    assert!(matches!(port.broadcast(&signed(&port, refused_wallet, 1, 3).await).await, CallOutcome::Refused { .. }));
}

#[tokio::test]
async fn a_nonce_ahead_of_its_turn_waits_for_the_ones_before() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let (first, second) = (signed(&port, WALLET, 1, 0).await, signed(&port, WALLET, 2, 1).await);
    assert_eq!(port.broadcast(&second).await, CallOutcome::Accepted(()));
    assert_eq!(port.next_nonce(TransferSource::Hot).await.unwrap(), 0);
    test.world.mine(polygon(), 2).await.unwrap();
    assert_eq!(port.transaction(&second.txid).await.unwrap(), TransactionStatus::Waiting);
    port.broadcast(&first).await;
    assert_eq!(port.next_nonce(TransferSource::Hot).await.unwrap(), 2);
    test.world.mine(polygon(), 1).await.unwrap();
    assert!(matches!(port.transaction(&second.txid).await.unwrap(), TransactionStatus::InBlock { .. }));
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
            assert_eq!(port.broadcast(&signed).await, CallOutcome::Accepted(()));
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let head = test.world.mine(polygon(), 1).await.unwrap();
    assert_eq!(port.block(head.height).await.unwrap().unwrap().transfers.len(), 200);
    assert_eq!(balance(&test, usdc()).await, 999_999_800);
    assert_eq!(port.next_nonce(TransferSource::Hot).await.unwrap(), 200);
}

#[tokio::test]
async fn a_reorganisation_undoes_and_the_chain_grows_longer() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let ours = port.deposit_address(7);
    let (kept, gone) = (deposit(&test, &ours, 10).await, deposit(&test, &ours, 20).await);
    let transfer = signed(&port, WALLET, 1_000_000, 0).await;
    port.broadcast(&transfer).await;
    let old = test.world.mine(polygon(), 3).await.unwrap();
    let paid = balance(&test, usdc()).await;

    let before = port.block(old.height - 3).await.unwrap().unwrap().head;
    let done = test.world.reorganise(polygon(), 3, vec![gone.clone()]).await.unwrap();
    assert_eq!(done.head.height, old.height + 1);
    assert_eq!(done.dropped, std::slice::from_ref(&gone));
    assert_eq!(done.waiting.len(), 2);
    assert_eq!(port.block(old.height - 3).await.unwrap().unwrap().head, before);
    let first = port.block(old.height - 2).await.unwrap().unwrap();
    assert_eq!(first.head.parent, before.hash);
    assert!(first.transfers.is_empty());
    assert_ne!(port.block(old.height).await.unwrap().unwrap().head.hash, old.hash);
    let mut parent = first.head.hash;
    for height in old.height - 1..=done.head.height {
        let block = port.block(height).await.unwrap().unwrap();
        assert_eq!(block.head.parent, parent);
        parent = block.head.hash;
    }
    assert_eq!(balance(&test, usdc()).await, 1_000_000_000);
    assert_eq!(port.transaction(&transfer.txid).await.unwrap(), TransactionStatus::Waiting);
    assert_eq!(port.transaction(&gone).await.unwrap(), TransactionStatus::Unknown);
    assert_eq!(port.next_nonce(TransferSource::Hot).await.unwrap(), 1);
    assert_eq!(port.broadcast(&transfer).await, CallOutcome::Accepted(()));

    test.world.mine(polygon(), 1).await.unwrap();
    assert!(matches!(port.transaction(&transfer.txid).await.unwrap(), TransactionStatus::InBlock { .. }));
    assert!(matches!(port.transaction(&kept).await.unwrap(), TransactionStatus::InBlock { .. }));
    assert_eq!(balance(&test, usdc()).await, paid);
    assert_eq!(port.balance(TransferSource::Deposit(7), usdc()).await.unwrap().minor(), 10);
    assert!(matches!(test.world.reorganise(polygon(), 200, vec![]).await, Err(WorldError::Impossible(_))));
    assert!(matches!(test.world.reorganise(polygon(), 1, vec![gone]).await, Err(WorldError::Impossible(_))));
}

#[tokio::test]
async fn a_dropped_transfer_is_taken_again() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let (first, second) = (signed(&port, WALLET, 1, 0).await, signed(&port, WALLET, 2, 1).await);
    port.broadcast(&first).await;
    port.broadcast(&second).await;
    test.world.mine(polygon(), 1).await.unwrap();
    test.world.reorganise(polygon(), 1, vec![first.txid.clone()]).await.unwrap();
    assert_eq!(port.next_nonce(TransferSource::Hot).await.unwrap(), 0);
    test.world.mine(polygon(), 1).await.unwrap();
    assert_eq!(port.transaction(&second.txid).await.unwrap(), TransactionStatus::Waiting);
    assert_eq!(port.broadcast(&first).await, CallOutcome::Accepted(()));
    test.world.mine(polygon(), 1).await.unwrap();
    assert!(matches!(port.transaction(&second.txid).await.unwrap(), TransactionStatus::InBlock { .. }));
    assert_eq!(balance(&test, usdc()).await, 999_999_997);
}

#[tokio::test]
async fn deposits_are_swept_without_native_coins_and_trigger_wallets_revert() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    deposit(&test, &port.deposit_address(3).to_lowercase(), 500).await;
    test.world.mine(polygon(), 1).await.unwrap();
    let sweep = SigningRequest {
        coin: usdc(),
        amount: Amount::from_minor(500),
        source: TransferSource::Deposit(3),
        to: port.hot_address(),
        nonce: 0,
    };
    let sweep = port.sign(&sweep).await.unwrap();
    assert_eq!(port.broadcast(&sweep).await, CallOutcome::Accepted(()));
    let doomed = signed(&port, "0x6660002666000266600026660002666000266600", 100, 0).await;
    port.broadcast(&doomed).await;
    test.world.mine(polygon(), 1).await.unwrap();
    assert!(matches!(port.transaction(&doomed.txid).await.unwrap(), TransactionStatus::Reverted { .. }));
    assert!(matches!(port.transaction(&sweep.txid).await.unwrap(), TransactionStatus::InBlock { network_fee: Amount::ZERO, .. }));
    assert_eq!(balance(&test, usdc()).await, 1_000_000_500);
    assert!(balance(&test, pol()).await < 1_000 * 10_i128.pow(18));
}

#[tokio::test]
async fn a_lost_answer_to_a_broadcast_is_found_on_the_chain() {
    let test = TestWorld::paused().await;
    let port = test.polygon();
    let transfer = signed(&port, WALLET, 1, 0).await;
    test.fault(FaultPort::Chain, FaultOutcome::UnknownNotDone).await;
    assert!(matches!(port.broadcast(&transfer).await, CallOutcome::Unknown { .. }));
    assert_eq!(port.transaction(&transfer.txid).await.unwrap(), TransactionStatus::Unknown);
    test.fault(FaultPort::Chain, FaultOutcome::UnknownDone).await;
    assert!(matches!(port.broadcast(&transfer).await, CallOutcome::Unknown { .. }));
    assert_eq!(port.transaction(&transfer.txid).await.unwrap(), TransactionStatus::Waiting);
}

#[tokio::test]
async fn blocks_follow_business_time_and_can_be_stopped() {
    let test = TestWorld::running().await;
    let port = test.polygon();
    let known = port.head().await.unwrap();
    test.world.advance(4).await.unwrap();
    in_time(port.news(&known)).await;
    let known = port.head().await.unwrap();
    assert!(known.height >= 2);
    test.world.advance(3_600).await.unwrap();
    in_time(port.news(&known)).await;
    let head = port.head().await.unwrap();
    assert!((50..=60).contains(&(head.height - known.height)), "{} blocks to catch up", head.height - known.height);
    test.world.automine(polygon(), 0).await.unwrap();
    let stopped = port.head().await.unwrap();
    test.world.advance(3_600).await.unwrap();
    let bitcoin = test.world.chain("bitcoin".parse().unwrap()).unwrap();
    let there = bitcoin.head().await.unwrap();
    test.world.advance(10).await.unwrap();
    in_time(bitcoin.news(&there)).await;
    assert_eq!(port.head().await.unwrap(), stopped);
}
