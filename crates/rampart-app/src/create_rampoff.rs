//! `createRampoff`: an order to sell coins.

use crate::app::App;
use crate::authenticate::Caller;
use crate::error::{AppError, Reply};
use crate::views::Answer;

/// The fields of `createRampoff`, as they came.
#[derive(Debug, Clone, Default)]
pub struct CreateRampoff {
    /// The customer.
    pub user_id: Option<String>,
    /// How many coins.
    pub amount: Option<String>,
    /// The coin's chain.
    pub blockchain: Option<String>,
    /// The coin.
    pub symbol: Option<String>,
    /// Where the money goes: an IBAN or the local account.
    pub iban: Option<String>,
    /// The bank's name.
    pub bank_name: Option<String>,
    /// The bank's code, where the account needs one.
    pub bank_code: Option<String>,
    /// The kind of account, where it needs one.
    pub account_type: Option<String>,
    /// The partner's own name for the order.
    pub external_id: Option<String>,
    /// The quote whose terms these are.
    pub quote_id: Option<String>,
    /// Where coins may go back to.
    pub refund_wallet: Option<String>,
}

impl App {
    /// Makes an order to sell coins.
    ///
    /// # Errors
    /// In the order of the contract.
    pub async fn create_rampoff(&self, caller: &Caller, request: &CreateRampoff, key: Option<&str>) -> Reply<Answer> {
        let _ = (caller, request, key);
        Err(AppError::Unavailable(String::new()))
    }
}
