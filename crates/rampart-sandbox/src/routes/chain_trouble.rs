//! `/sandbox/chain/{chain}/…`: what a chain, its node and its signer do wrong.

use axum::http::Method;
use rampart_core::money::amount::{Amount, AmountError};
use rampart_core::outgoing::Lane;
use rampart_core::ports::BlockHead;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_http::describe::described;
use rampart_http::request::field::{FieldKind, optional, required};
use rampart_http::{Access, Call, CallContext, CallFuture, CallResponse, Envelope, FieldSource, Idempotency, request};

use super::chain::{ADDRESS, CHAIN, chain_of, coin_of};
use super::{GROUP, SandboxAnswer, SandboxState};
use crate::chain::SharedDeposit;
use crate::file::{FeeSettings, Misreading, SignerOutcome, SignerRule};

/// The words of [`Misreading`] and [`SignerOutcome`].
const MISREADINGS: &[&str] = &["missing", "not_there"];
const SIGNER_OUTCOMES: &[&str] = &["late", "lost", "refuse"];

impl_word!(Misreading, SignerOutcome);

request! {
    /// How far the node lags.
    Lag refused by [NotFound] {
        blocks: u32 = required(FieldKind::Integer(0, 10_000), "How many of the newest blocks the node does not have. 0: it lags no more.").example("3");
    }
}

request! {
    /// What the chain says about its final blocks.
    Finality refused by [NotFound] {
        depth: Option<u32> = optional(FieldKind::Integer(0, 10_000), "How many blocks the newest final block is behind the newest. Without it the chain does not say what is final.").example("2");
        stalled: Option<bool> = optional(FieldKind::Boolean, "`true`: the newest final block stays where it is. Default: `false`.");
    }
}

request! {
    /// The prices of a unit of work.
    Fees refused by [NotFound] {
        base: Option<i64> = optional(PRICE, "What the chain takes, in minor units of the native coin. Default: as in a calm market.");
        tip: Option<i64> = optional(PRICE, "What gets a transaction into one of the next blocks, in minor units of the native coin. Default: as in a calm market.");
        least_tip: Option<i64> = optional(PRICE, "The least tip that the node takes, in minor units of the native coin. Default: the usual.");
        times: Option<u32> = optional(FieldKind::Integer(1, 1_000), "How many times `base` and `tip` the market asks for. Default: 1.").example("20");
    }
}

request! {
    /// What the first reading of blocks gets wrong.
    Misread refused by [NotFound] {
        misreading: Misreading = required(FieldKind::Choice(MISREADINGS), "`missing`: transfers are missing. `not_there`: it shows transfers that never happened.").example(r#""missing""#);
        blocks: Option<u32> = optional(FieldKind::Integer(0, 1_000), "All transfers of so many of the next blocks are misread. 0: of no more blocks. Default: 1, or 0 with `txids`.");
        txids: Option<Vec<String>> = optional(FieldKind::Texts(1_000, 128), "Identifiers of waiting transactions that are misread, whatever their block.");
    }
}

request! {
    /// Orders that the signer does not answer with a signature.
    Sign refused by [NotFound] {
        outcome: SignerOutcome = required(FieldKind::Choice(SIGNER_OUTCOMES), "`late`: the answer is lost, and the signature is found later. `lost`: the order never reaches the signer. `refuse`: it does not sign and never will.").example(r#""late""#);
        to: Option<&'a str> = optional(ADDRESS, "Only orders that send coins to this address.");
        count: Option<u32> = optional(FieldKind::Integer(0, 100_000), "The number of orders. With 0 all rules of the chain are removed. Default: 1, or all with `to`.");
        delay_seconds: Option<u32> = optional(FieldKind::Integer(0, 86_400), "How long a late signature is not found yet, in seconds of business time. Default: 0.");
    }
}

request! {
    /// A nonce of a wallet of ours.
    Spend refused by [NotFound] {
        deposit_index: Option<i64> = optional(FieldKind::Integer(0, i64::MAX), "The wallet of this deposit index. Default: the hot wallet.");
        nonce: Option<i64> = optional(FieldKind::Integer(0, i64::MAX), "The nonce. Default: the next that can be mined.");
    }
}

request! {
    /// A transaction with several transfers of a coin.
    Batch refused by [NotFound, CoinNotSupported] {
        symbol: &'a str = required(FieldKind::AsTyped(12), "The symbol of the coin.").example(r#""USDC""#);
        to: Vec<String> = required(FieldKind::Texts(1_000, 100), "The addresses that receive coins. They may repeat.").example(r#"["0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"]"#);
        amounts: Vec<String> = required(FieldKind::Texts(1_000, 64), "The amount of each, in major units.").example(r#"["100.50"]"#);
        from: Option<&'a str> = optional(ADDRESS, "The address that sends the coins. Default: the address of a stranger.");
    }
}

const PRICE: FieldKind = FieldKind::Integer(0, i64::MAX);

/// How far the node lags.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxLag {
    chain: String,
    blocks: u32,
}

/// What the chain says about its final blocks.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxFinality {
    chain: String,
    /// The height of the newest final block. Absent if there is none.
    last_final: Option<u64>,
}

/// What a unit of work costs.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxFees {
    chain: String,
    /// In minor units of the native coin.
    base: String,
    /// In minor units of the native coin.
    tip: String,
}

/// What is misread.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxMisreading {
    chain: String,
    blocks: u32,
    txids: Vec<String>,
}

/// What the signer does.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxSigner {
    chain: String,
    outcome: SignerOutcome,
    /// The number of orders. Absent if it is not limited.
    count: Option<u32>,
}

/// A transaction.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxSpent {
    chain: String,
    txid: String,
}

pub(super) static LAG: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/lag"],
    id: "sandboxLag",
    group: GROUP,
    summary: "Let the chain's node lag",
    about: "A reader of the chain does not see the newest blocks. A broadcast reaches a node that has them.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Lag::FIELDS)),
    idempotency: Idempotency::None,
    codes: Lag::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxLag>,
    run: |state, context| Box::pin(lag(state, context)) as CallFuture,
};

async fn lag(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let chain = chain_of(&state, &context.path)?;
    let Lag { blocks, .. } = Lag::of(&context.fields)?;
    state.world.set_lag(chain, blocks).await?;
    CallResponse::ok(&SandboxLag { chain: chain.to_string(), blocks })
}

pub(super) static FINALITY: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/finality"],
    id: "sandboxFinality",
    group: GROUP,
    summary: "Set what the chain says about its final blocks",
    about: "Returns the newest final block.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Finality::FIELDS)),
    idempotency: Idempotency::None,
    codes: Finality::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxFinality>,
    run: |state, context| Box::pin(finality(state, context)) as CallFuture,
};

async fn finality(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Finality::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let last: Option<BlockHead> = state.world.set_finality(chain, request.depth, request.stalled.unwrap_or(false)).await?;
    CallResponse::ok(&SandboxFinality { chain: chain.to_string(), last_final: last.map(|last| last.height) })
}

pub(super) static FEES: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/fees"],
    id: "sandboxFees",
    group: GROUP,
    summary: "Set what a unit of work costs on the chain",
    about: "A transaction that offers less waits. Without fields the market is calm again. Returns the prices.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Fees::FIELDS)),
    idempotency: Idempotency::None,
    codes: Fees::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxFees>,
    run: |state, context| Box::pin(fees(state, context)) as CallFuture,
};

async fn fees(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Fees::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let price = |minor: Option<i64>| minor.map(|minor| Amount::from_minor(minor.into()));
    let (base, tip, least_tip) = (price(request.base), price(request.tip), price(request.least_tip));
    let market = state.world.set_fees(chain, FeeSettings { base, tip, least_tip, times: request.times.unwrap_or(1) }).await?;
    CallResponse::ok(&SandboxFees { chain: chain.to_string(), base: market.base.to_string(), tip: market.tip.to_string() })
}

pub(super) static MISREAD: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/misreadings"],
    id: "sandboxMisreadings",
    group: GROUP,
    summary: "Let the first reading of blocks be wrong",
    about: "A second reading of the same blocks is right.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Misread::FIELDS)),
    idempotency: Idempotency::None,
    codes: Misread::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxMisreading>,
    run: |state, context| Box::pin(misread(state, context)) as CallFuture,
};

async fn misread(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Misread::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let txids = request.txids.unwrap_or_default();
    let blocks = request.blocks.or(txids.is_empty().then_some(1));
    state.world.misread_transactions(chain, request.misreading, &txids).await?;
    if let Some(blocks) = blocks {
        state.world.misread_blocks(chain, request.misreading, blocks).await?;
    }
    CallResponse::ok(&SandboxMisreading { chain: chain.to_string(), blocks: blocks.unwrap_or(0), txids })
}

pub(super) static SIGNER: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/signer"],
    id: "sandboxSigner",
    group: GROUP,
    summary: "Let the signer leave orders unanswered or unsigned",
    about: "Returns what it will do.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Sign::FIELDS)),
    idempotency: Idempotency::None,
    codes: Sign::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxSigner>,
    run: |state, context| Box::pin(signer(state, context)) as CallFuture,
};

async fn signer(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Sign::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let (outcome, to) = (request.outcome, request.to.map(str::to_owned));
    let count = request.count.or(to.is_none().then_some(1));
    state.world.add_signer_rule(chain, SignerRule { outcome, to, count, delay_seconds: request.delay_seconds.unwrap_or(0) }).await?;
    CallResponse::ok(&SandboxSigner { chain: chain.to_string(), outcome, count })
}

pub(super) static SPEND: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/nonces"],
    id: "sandboxNonces",
    group: GROUP,
    summary: "Simulate that a wallet of ours is used elsewhere",
    about: "A transaction that is not the ramp's waits for the nonce, and replaces the one that waited for it.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Spend::FIELDS)),
    idempotency: Idempotency::None,
    codes: Spend::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxSpent>,
    run: |state, context| Box::pin(spend(state, context)) as CallFuture,
};

async fn spend(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Spend::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let lane = request.deposit_index.map_or(Lane::FIRST, |index| Lane::Deposit(index.unsigned_abs()));
    let txid = state.world.spend_nonce(chain, lane, request.nonce.map(i64::unsigned_abs)).await?;
    CallResponse::ok(&SandboxSpent { chain: chain.to_string(), txid })
}

pub(super) static BATCH: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/batches"],
    id: "sandboxBatches",
    group: GROUP,
    summary: "Simulate a transaction that pays several deposits",
    about: "The transaction waits for the next block.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Batch::FIELDS)),
    idempotency: Idempotency::None,
    codes: Batch::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxSpent>,
    run: |state, context| Box::pin(batch(state, context)) as CallFuture,
};

async fn batch(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Batch::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let (symbol, decimals) = coin_of(&state, chain, request.symbol)?;
    if request.to.len() != request.amounts.len() {
        return Err(Refusal::field(ErrorCode::ValidationFailed, "amounts", "must be as many as `to`").into());
    }
    let amount = |text: &String| Amount::parse_text(text, decimals);
    let fault = |error: AmountError| Refusal::field(ErrorCode::ValidationFailed, "amounts", error.to_string());
    let amounts = request.amounts.iter().map(amount).collect::<Result<Vec<_>, _>>().map_err(fault)?;
    let transfers = request.to.into_iter().zip(amounts).map(|(to, amount)| (to, symbol, amount)).collect();
    let txid = state.world.deposit_shared(SharedDeposit { chain, from: request.from.map(str::to_owned), transfers }).await?;
    CallResponse::ok(&SandboxSpent { chain: chain.to_string(), txid })
}
