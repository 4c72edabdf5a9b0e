//! What payments and ramp-offs have in common.

use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::identity::identification::{AgeCheck, CustomerType};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::order::Order;
use rampart_core::order::limits::{self, Usage};
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::quote::{Quote, QuoteTerms};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::counter::Counter;
use rampart_core::step::{Claim, ClaimScope, CounterChange};
use rampart_core::text;
use rampart_store::StoredClaim;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::{date_of_birth, page_links};
use rampart_http::AuthenticatedPartner;

/// An order of any partner.
///
/// # Errors
/// `payment_not_found`.
pub(crate) async fn find(app: &App, id: OrderId) -> AppResult<Order> {
    if let Some(payment) = app.store.payment(id).await? {
        return Ok(payment.into());
    }
    match app.store.rampoff(id).await? {
        Some(rampoff) => Ok(rampoff.into()),
        None => Err(ErrorCode::PaymentNotFound.into()),
    }
}

pub(crate) fn invalid_wallet(field: &'static str, message: &str) -> AppError {
    Refusal::field(ErrorCode::InvalidWallet, field, message).into()
}

/// A customer of the partner.
///
/// # Errors
/// `user_not_found`, also for another partner's customer.
pub(crate) async fn customer_of(app: &App, caller: &AuthenticatedPartner, id: CustomerId) -> AppResult<Arc<Customer>> {
    Ok(customer_and_deposit_address(app, caller, id, None).await?.0)
}

/// A payment of the partner.
///
/// # Errors
/// `payment_not_found`, also for another partner's payment.
pub(crate) async fn payment_of(app: &App, caller: &AuthenticatedPartner, id: &str) -> AppResult<Payment> {
    let id: OrderId = id.parse().map_err(|_| ErrorCode::PaymentNotFound)?;
    let payment = app.store.payment_of(caller.partner.id, id).await?;
    payment.ok_or_else(|| ErrorCode::PaymentNotFound.into())
}

/// A ramp-off of the partner.
///
/// # Errors
/// `rampoff_not_found`, also for another partner's ramp-off.
pub(crate) async fn rampoff_of(app: &App, caller: &AuthenticatedPartner, id: &str) -> AppResult<Rampoff> {
    let id: OrderId = id.parse().map_err(|_| ErrorCode::RampoffNotFound)?;
    let rampoff = app.store.rampoff_of(caller.partner.id, id).await?;
    rampoff.ok_or_else(|| ErrorCode::RampoffNotFound.into())
}

/// Reads a customer of the partner from the database and caches it, and whether an address is a deposit address of
/// some ramp-off.
///
/// # Errors
/// `user_not_found`, also for another partner's customer.
pub(crate) async fn customer_and_deposit_address(
    app: &App,
    caller: &AuthenticatedPartner,
    id: CustomerId,
    address: Option<&str>,
) -> AppResult<(Arc<Customer>, bool)> {
    let found = app.store.customer_and_deposit_address(caller.partner.id, id, address).await?;
    let (customer, is_deposit_address) = found.ok_or(ErrorCode::UserNotFound)?;
    let customer = Arc::new(customer);
    app.customer_cache.put(Arc::clone(&customer));
    Ok((customer, is_deposit_address))
}

/// A refusal with the link to the customer's identity form.
fn identity_form_required(app: &App, customer: &Customer, message: &str) -> AppError {
    let url = page_links::identity_link(app, customer.id);
    Refusal::new(ErrorCode::RequireKyc, message).with_data(url.into()).into()
}

/// Checks that a customer may trade and returns the approved level: not banned, identity verified, identification
/// known where required, of age.
pub(crate) fn check_identity(app: &App, customer: &Customer) -> AppResult<KycLevel> {
    if let Some(reason) = &customer.banned {
        tracing::debug!(customer = %customer.id, reason, "a banned customer");
        return Err(ErrorCode::UserBanned.into());
    }
    let Some(level) = customer.kyc.level else {
        return Err(identity_form_required(app, customer, "the customer's identity is not verified; data is the form"));
    };
    if customer.identification.is_none() && customer.country.is_latin_american() {
        let message = "an identification is needed before any operation in this country; data is the form";
        return Err(identity_form_required(app, customer, message));
    }
    let (minimum, now) = (app.config.registration.minimum_age, app.business.now());
    if customer.needs_date_of_birth(minimum, now) {
        return Err(identity_form_required(
            app,
            customer,
            "the identification is a person's, whose date of birth is needed; data is the form",
        ));
    }
    let age = date_of_birth::age(customer.profile.date_of_birth.reveal(), now);
    let is_minor = age.map_or_else(|| customer.majority(minimum, now) == AgeCheck::Minor, |age| age < u16::from(minimum));
    if is_minor && customer.holder() == CustomerType::Individual {
        return Err(Refusal::new(ErrorCode::InvalidIdentification, format!("the customer is not {minimum} years old yet")).into());
    }
    Ok(level)
}

/// Validates a wallet and returns its chain's notation.
///
/// # Errors
/// `invalid_wallet` when it is no address of the chain, an address whose coins would be lost, or a hot wallet of
/// ours or token contract on any chain of the same address kind.
pub(crate) fn check_wallet(app: &App, field: &'static str, chain: Chain, wallet: &str) -> AppResult<String> {
    let family = app.catalogue.chain(chain).ok_or(ErrorCode::CoinNotSupported)?.addresses;
    let address = family.normalize(text::trimmed(wallet)).map_err(|fault| invalid_wallet(field, &fault.to_string()))?;
    if app.reserved_addresses.contains(family, &address) {
        return Err(invalid_wallet(field, "is an address of ours or a token's contract: coins sent there would be lost"));
    }
    Ok(address)
}

/// As [`App::check_wallet`], and refuses deposit addresses of ours.
pub(crate) async fn check_foreign_wallet(app: &App, field: &'static str, chain: Chain, wallet: &str) -> AppResult<String> {
    let address = check_wallet(app, field, chain, wallet)?;
    let ours = app.store.rampoffs_by_deposit_addresses(std::slice::from_ref(&address)).await?;
    if ours.is_empty() { Ok(address) } else { Err(invalid_wallet(field, "is a deposit address of ours")) }
}

/// Whether a currency is used in Latin America, where requests need no chain. `None` when no method takes it.
pub(crate) fn is_latin_american_currency(app: &App, currency: &str) -> Option<bool> {
    let methods = app.catalogue.methods.iter().filter(|method| method.fiat.is_spelled(currency));
    methods.map(|method| method.country.is_latin_american()).reduce(|one, other| one || other)
}

/// Checks that a quote is ours, of this partner, for the order's terms and not expired. The commit detects one that was used before.
pub(crate) fn check_quote<T>(
    app: &App,
    caller: &AuthenticatedPartner,
    quote: &OpenedQuote,
    fitting: impl FnOnce(QuoteTerms) -> Option<T>,
) -> AppResult<Option<(Quote, T)>> {
    let quote = match quote {
        OpenedQuote::None => return Ok(None),
        OpenedQuote::Foreign => None,
        OpenedQuote::Ours(quote) => Some(quote).filter(|quote| quote.partner == caller.partner.id),
    };
    let Some(quote) = quote else {
        return Err(Refusal::field(ErrorCode::QuoteMismatch, "quote_id", "is not a quote that was given to you").into());
    };
    let terms = fitting(quote.terms).ok_or_else(|| quote_mismatch(&quote.terms))?;
    if quote.expires_at <= app.business.now() {
        return Err(ErrorCode::QuoteExpired.into());
    }
    Ok(Some((**quote, terms)))
}

/// The claim that uses up a quote. It may be deleted a day after the quote has expired.
pub(crate) fn quote_claim(quote: &Quote, subject: impl ToString) -> Claim {
    let expires_at = Some(quote.expires_at.after(std::time::Duration::from_secs(86_400)));
    Claim { expires_at, ..Claim::forever(ClaimScope::Quote, quote.id.to_string(), subject) }
}

/// The refusal of an order above its customer's limits. It names the reinforced check when that level would lift
/// every limit that is exceeded, counting what was already traded.
pub(crate) async fn limit_refusal(app: &App, customer: &Customer, usage: &Usage, level: KycLevel) -> AppError {
    match fits_at_highest_level(app, usage, level).await {
        Ok(true) => {
            let message = "a higher level of identity check would allow this amount; data is its form";
            let url = page_links::reinforced_link(app, customer.id);
            Refusal::new(ErrorCode::KycReinforcedRequired, message).with_data(url.into()).into()
        }
        Ok(false) => ErrorCode::LimitExceded.into(),
        Err(error) => error,
    }
}

async fn fits_at_highest_level(app: &App, usage: &Usage, level: KycLevel) -> AppResult<bool> {
    if level >= KycLevel::Reinforced {
        return Ok(false);
    }
    match limits::raises(&app.catalogue, usage, KycLevel::Reinforced) {
        Ok(raises) => Ok(first_exceeded(app, &raises).await?.is_none()),
        Err(_) => Ok(false),
    }
}

/// The first counter that would exceed its ceiling now.
async fn first_exceeded(app: &App, raises: &[CounterChange]) -> AppResult<Option<Counter>> {
    let counters: Vec<&Counter> = raises.iter().map(|raise| &raise.counter).collect();
    let stand = app.store.counters(&counters).await?;
    let over = raises
        .iter()
        .zip(stand)
        .find(|(raise, stands)| raise.ceiling.is_some_and(|ceiling| stands.plus(raise.by).is_ok_and(|sum| sum > ceiling)));
    Ok(over.map(|(raise, _)| raise.counter.clone()))
}

/// The refusal of an order above a counter's ceiling.
pub(crate) async fn ceiling_refusal(app: &App, customer: &Customer, usage: &Usage, level: KycLevel, counter: &Counter) -> AppError {
    if limits::is_of_open_orders(counter) { ErrorCode::TooManyOpen.into() } else { limit_refusal(app, customer, usage, level).await }
}

/// The refusal without a price. Limits and caps come before it in the order of checks, so they are checked first.
pub(crate) async fn price_refusal(app: &App, customer: &Customer, usage: &Usage, level: KycLevel, maximum: Amount) -> AppError {
    let mut raises = match limits::raises(&app.catalogue, usage, level) {
        Ok(raises) => raises,
        Err(_) => return limit_refusal(app, customer, usage, level).await,
    };
    raises.extend(limits::open_orders(&app.catalogue, customer.partner, usage, maximum, true));
    match first_exceeded(app, &raises).await {
        Ok(Some(counter)) => ceiling_refusal(app, customer, usage, level, &counter).await,
        Ok(None) => ErrorCode::PriceUnavailable.into(),
        Err(error) => error,
    }
}

#[derive(Debug)]
pub(crate) enum OpenedQuote {
    None,
    /// Not sealed by this installation.
    Foreign,
    /// Sealed here; partner and expiry are still to be checked.
    Ours(Box<Quote>),
}

impl OpenedQuote {
    pub(crate) fn open(app: &App, sealed: Option<&str>) -> Self {
        match sealed {
            None => Self::None,
            Some(sealed) => app.keys.open_quote(sealed).map_or(Self::Foreign, |quote| Self::Ours(Box::new(quote))),
        }
    }

    /// The refusal of a request whose quote was used before: `quote_used`, unless the given refusal precedes it in the
    /// order of checks.
    pub(crate) fn or_quote_used(&self, refusal: Refusal, claims: &[StoredClaim], order: &[ErrorCode]) -> AppError {
        let place = |code: ErrorCode| order.iter().position(|other| *other == code);
        let used = claims.iter().any(|claim| claim.scope == ClaimScope::Quote);
        if used && place(refusal.code) > place(ErrorCode::QuoteUsed) { ErrorCode::QuoteUsed.into() } else { refusal.into() }
    }

    /// The key of the claim that uses it up.
    pub(crate) fn claim_key(&self) -> Option<String> {
        match self {
            Self::Ours(quote) => Some(quote.id.to_string()),
            Self::None | Self::Foreign => None,
        }
    }
}

/// The refusal of a quote for other terms.
fn quote_mismatch(quote: &QuoteTerms) -> AppError {
    let message = match quote {
        QuoteTerms::Buy(method, terms) => format!(
            "the quote is for {} {} of {} on {} by {method}",
            terms.fiat_amount.to_major(terms.fiat_decimals),
            terms.fiat,
            terms.coin.symbol,
            terms.coin.chain
        ),
        QuoteTerms::Sell(terms) => format!(
            "the quote is for selling {} {} on {} for {}",
            terms.coin_amount.to_major_short(terms.coin_decimals),
            terms.coin.symbol,
            terms.coin.chain,
            terms.fiat
        ),
    };
    Refusal::new(ErrorCode::QuoteMismatch, message).into()
}
