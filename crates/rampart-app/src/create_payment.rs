//! `createPayment`: an order to buy coins.

use crate::app::App;
use crate::authenticate::Caller;
use crate::error::{AppError, Reply};
use crate::views::Answer;

/// The fields of `createPayment`, as they came.
#[derive(Debug, Clone, Default)]
pub struct CreatePayment {
    /// The customer.
    pub user_id: Option<String>,
    /// The partner's own name for the order.
    pub external_id: Option<String>,
    /// The payment method.
    pub payment_type: Option<String>,
    /// The currency.
    pub fiat_symbol: Option<String>,
    /// What the customer pays, in major units.
    pub fiat_amount: Option<String>,
    /// The coin.
    pub coin_symbol: Option<String>,
    /// Its chain.
    pub coin_chain: Option<String>,
    /// Where the coins go.
    pub wallet: Option<String>,
    /// Where the browser goes afterwards.
    pub callback_url: Option<String>,
    /// The quote whose terms these are.
    pub quote_id: Option<String>,
    /// An account that money may go back to.
    pub refund_account: Option<String>,
}

impl App {
    /// Makes an order to buy coins.
    ///
    /// # Errors
    /// In the order of the contract.
    pub async fn create_payment(&self, caller: &Caller, request: &CreatePayment, key: Option<&str>) -> Reply<Answer> {
        let _ = (caller, request, key);
        Err(AppError::Unavailable(String::new()))
    }
}
