//! `/sandbox/chain/{chain}/…`: deposits, blocks, reorganisations and transactions.

use rampart_core::money::asset::{Chain, Symbol};
use rampart_core::ports::BlockHead;
use rampart_core::refusal::{ErrorCode, Refusal};

use super::input::{self, Decimal, SandboxCall};
use super::response::{SandboxAnswer, refusal};
use super::{RouteState, normalize};
use crate::chain::ChainDeposit;

/// A deposit of coins.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxDepositRequest {
    /// The address that receives the coins.
    #[schema(max_length = 100)]
    to: String,
    /// The symbol of the coin.
    #[schema(max_length = 12, example = "USDC")]
    symbol: String,
    /// The amount in major units.
    amount: Decimal,
    /// The address that sends the coins. Default: the address of a stranger.
    #[schema(max_length = 100)]
    from: Option<String>,
}

/// The transaction of a deposit.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxDeposit {
    txid: String,
    chain: String,
    symbol: String,
    /// The amount in major units.
    amount: String,
}

/// The number of blocks to mine.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxBlocksRequest {
    /// Default: 1.
    #[schema(minimum = 1, maximum = 1000)]
    count: Option<u32>,
}

/// The newest block.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxBlock {
    chain: String,
    height: u64,
    hash: String,
}

/// The blocks to undo.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxReorgRequest {
    /// The number of blocks to undo, from the newest.
    #[schema(minimum = 0, maximum = 200)]
    depth: u32,
    /// Identifiers of transactions that the chain forgets. All others wait for a block again.
    #[schema(max_items = 1000)]
    drop: Option<Vec<String>>,
}

/// The result of a reorganisation.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxReorg {
    chain: String,
    /// The height of the newest block of the new fork.
    height: u64,
    hash: String,
    /// Identifiers of transactions that wait for a block again.
    waiting: Vec<String>,
    /// Identifiers of transactions that the chain has forgotten.
    dropped: Vec<String>,
}

/// The interval of automatic blocks.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxAutomineRequest {
    /// The interval in seconds of business time. 0 stops automatic blocks.
    #[schema(minimum = 0, maximum = 86400)]
    every_seconds: u32,
}

/// The interval of automatic blocks.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxAutomine {
    chain: String,
    every_seconds: u32,
}

/// The page of transactions.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TransactionParams {
    /// Return only transactions from or to this address.
    #[param(max_length = 100)]
    address: Option<String>,
    /// Return only transactions older than this `id` of an earlier response.
    #[param(minimum = 1)]
    #[serde(default, deserialize_with = "normalize::optional_integer")]
    before: Option<i64>,
    /// The maximum number of transactions. Default: 100.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(default, deserialize_with = "normalize::optional_integer")]
    limit: Option<u32>,
}

/// A transaction of a chain.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTransaction {
    /// The sequence number of the transaction. Later transactions have larger numbers.
    id: i64,
    txid: String,
    from: String,
    to: String,
    symbol: String,
    /// The amount in minor units.
    amount: String,
    /// The decimals of the coin. Absent for a token that is not in the catalogue.
    decimals: Option<u8>,
    /// The network fee in minor units of the chain's native coin.
    network_fee: String,
    nonce: Option<u64>,
    /// `waiting`, `in_block`, `reverted` or `dropped`.
    state: String,
    height: Option<u64>,
}

fn chain_of(state: &RouteState, name: &str) -> Result<Chain, Refusal> {
    let known = state.world.chains().into_iter().find(|chain| chain.as_str() == name);
    known.ok_or_else(|| {
        let names: Vec<String> = state.world.chains().iter().map(ToString::to_string).collect();
        Refusal::new(ErrorCode::NotFound, format!("there is no such chain; the chains are {}", names.join(", ")))
    })
}

fn block(chain: Chain, head: BlockHead) -> SandboxBlock {
    SandboxBlock { chain: chain.to_string(), height: head.height, hash: head.hash }
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/deposits", operation_id = "sandboxDeposit", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = SandboxDepositRequest, responses((status = 200, description = "The transaction waits for the next block", body = SandboxAnswer<SandboxDeposit>)))]
/// Simulate a deposit of coins
pub(super) async fn deposit(
    SandboxCall { state, path: chain, input: body, .. }: SandboxCall<SandboxDepositRequest>,
) -> Result<SandboxDeposit, Refusal> {
    let chain = chain_of(&state, &chain)?;
    let not_a_coin = || Refusal::field(ErrorCode::CoinNotSupported, "symbol", format!("is not a coin of {chain}"));
    let symbol: Symbol = body.symbol.to_ascii_uppercase().parse().map_err(|_| not_a_coin())?;
    let config = state.world.config().chain(chain);
    // Unknown tokens may arrive as well; they are given six decimals.
    let decimals = config.and_then(|config| config.coin(symbol)).map_or(6, |coin| coin.decimals);
    let amount = body.amount.amount("amount", decimals)?;
    let to = input::text("to", Some(body.to), 100)?.unwrap_or_default();
    let from = input::text("from", body.from, 100)?;
    let txid = state.world.deposit(ChainDeposit { chain, to, symbol, amount, from }).await.map_err(refusal)?;
    Ok(SandboxDeposit { txid, chain: chain.to_string(), symbol: symbol.to_string(), amount: amount.to_major(decimals) })
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/blocks", operation_id = "sandboxBlocks", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = Option<SandboxBlocksRequest>, responses((status = 200, description = "The newest block", body = SandboxAnswer<SandboxBlock>)))]
/// Mine blocks
pub(super) async fn mine(
    SandboxCall { state, path: chain, input: body, .. }: SandboxCall<SandboxBlocksRequest>,
) -> Result<SandboxBlock, Refusal> {
    let count = body.count.unwrap_or(1);
    let chain = chain_of(&state, &chain)?;
    state.world.mine(chain, count).await.map(|head| block(chain, head)).map_err(refusal)
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/reorg", operation_id = "sandboxReorg", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = SandboxReorgRequest, responses((status = 200, description = "What was undone", body = SandboxAnswer<SandboxReorg>)))]
/// Simulate a reorganisation: undo the newest blocks
pub(super) async fn reorganise(
    SandboxCall { state, path: chain, input: body, .. }: SandboxCall<SandboxReorgRequest>,
) -> Result<SandboxReorg, Refusal> {
    let chain = chain_of(&state, &chain)?;
    let result = state.world.reorganise(chain, body.depth, body.drop.unwrap_or_default()).await.map_err(refusal)?;
    let (height, hash) = (result.head.height, result.head.hash);
    Ok(SandboxReorg { chain: chain.to_string(), height, hash, waiting: result.waiting, dropped: result.dropped })
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/automine", operation_id = "sandboxAutomine", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = SandboxAutomineRequest, responses((status = 200, description = "The new interval", body = SandboxAnswer<SandboxAutomine>)))]
/// Set the interval of automatic blocks, or stop them
pub(super) async fn automine(
    SandboxCall { state, path: chain, input: body, .. }: SandboxCall<SandboxAutomineRequest>,
) -> Result<SandboxAutomine, Refusal> {
    let every_seconds = body.every_seconds;
    let chain = chain_of(&state, &chain)?;
    state.world.automine(chain, every_seconds).await.map_err(refusal)?;
    Ok(SandboxAutomine { chain: chain.to_string(), every_seconds })
}

#[utoipa::path(get, path = "/sandbox/chain/{chain}/transactions", operation_id = "sandboxTransactions", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain"), TransactionParams),
    responses((status = 200, description = "The transactions, newest first", body = SandboxAnswer<Vec<SandboxTransaction>>)))]
/// The transactions of a chain
pub(super) async fn transactions(
    SandboxCall { state, path: chain, input: params, .. }: SandboxCall<TransactionParams>,
) -> Result<Vec<SandboxTransaction>, Refusal> {
    let chain = chain_of(&state, &chain)?;
    let address = input::text("address", params.address, 100)?;
    let limit = input::limit(params.limit)?;
    let before = input::at_least("before", params.before, 1)?;
    let found = state.world.transactions(chain, address.as_deref(), before, limit).await.map_err(refusal)?;
    let lines = found.into_iter().map(|transaction| SandboxTransaction {
        id: transaction.id,
        txid: transaction.txid,
        from: transaction.from,
        to: transaction.to,
        symbol: transaction.symbol,
        amount: transaction.amount.to_string(),
        decimals: transaction.decimals,
        network_fee: transaction.fee.to_string(),
        nonce: transaction.nonce,
        state: transaction.state.to_owned(),
        height: transaction.height,
    });
    Ok(lines.collect())
}
