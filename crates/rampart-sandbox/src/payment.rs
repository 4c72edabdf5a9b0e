//! A customer's money for an order, by whichever method the order has.

use rampart_core::amount::Amount;
use rampart_core::asset::Currency;
use rampart_core::id::{OrderId, PartnerId};
use rampart_core::ledger::{Processor, Rail};
use rampart_core::redacted::Redacted;

use crate::bank::{BankTransfer, Booked};
use crate::error::WorldError;
use crate::processor::{CardPayment, CardResult};
use crate::world::World;

/// What the world has to know of a payment so that a customer can pay it.
#[derive(Debug, Clone)]
pub struct PayablePayment {
    /// The order.
    pub payment: OrderId,
    /// Whose customer pays.
    pub partner: PartnerId,
    /// How it is paid.
    pub method: PayableMethod,
    /// What is due, in minor units.
    pub due: Amount,
    /// The currency.
    pub currency: Currency,
    /// How many decimals the currency's minor unit has.
    pub decimals: u8,
    /// The customer's whole name, taken where no holder is given.
    pub customer_name: Redacted,
}

/// How a payment is paid.
#[derive(Debug, Clone)]
pub enum PayableMethod {
    /// On the page of a processor.
    Redirect {
        /// The processor.
        processor: Processor,
    },
    /// By a transfer to an account.
    Transfer {
        /// The rail.
        rail: Rail,
        /// The account: ours, or the customer's own one that leads to ours.
        account: String,
        /// The reference to write into the transfer, where there is one.
        concept: Option<String>,
    },
}

/// What came of a customer's attempt to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayResult {
    /// The money is there: the processor's or the statement line's reference.
    Paid(String),
    /// It was there before; nothing happened: the reference of the first time.
    PaidBefore(String),
    /// It will be there in a while.
    Pending,
    /// The processor declined, for this reason.
    Declined(String),
}

impl World {
    /// The customer pays a payment by its own method: what is due, or another amount.
    ///
    /// # Errors
    /// What [`World::pay_by_card`] and [`World::transfer`] say.
    pub async fn pay_payment(
        &self,
        payable: &PayablePayment,
        amount: Option<Amount>,
        holder: Option<String>,
    ) -> Result<PayResult, WorldError> {
        let amount = amount.unwrap_or(payable.due);
        let holder = holder.unwrap_or_else(|| payable.customer_name.reveal().to_owned());
        match &payable.method {
            PayableMethod::Redirect { processor } => {
                let payment = CardPayment {
                    processor: *processor,
                    payment: payable.payment,
                    amount,
                    currency: payable.currency,
                    holder: Some(Redacted::new(holder)),
                    decided: false,
                };
                Ok(match self.pay_by_card(payment).await? {
                    CardResult::Captured { reference } => PayResult::Paid(reference),
                    CardResult::AlreadyCaptured { reference } => PayResult::PaidBefore(reference),
                    CardResult::Pending => PayResult::Pending,
                    CardResult::Declined { reason } => PayResult::Declined(reason),
                })
            }
            PayableMethod::Transfer { rail, account, concept } => {
                let transfer = BankTransfer {
                    rail: *rail,
                    account: account.clone(),
                    amount,
                    currency: payable.currency,
                    concept: concept.clone(),
                    sender_name: Some(holder),
                    sender_account: None,
                    booked: Booked::Now,
                };
                self.transfer_by(Some(payable.partner), transfer).await.map(PayResult::Paid)
            }
        }
    }

    /// The processor declines a customer's payment, or the customer gives up.
    ///
    /// # Errors
    /// [`WorldError::Impossible`] for a payment by transfer, which nobody can decline, and what [`World::decline_card`]
    /// says.
    pub async fn decline_payment(&self, payable: &PayablePayment, reason: String) -> Result<(), WorldError> {
        match &payable.method {
            PayableMethod::Redirect { processor } => self.decline_card(*processor, payable.payment, reason).await,
            PayableMethod::Transfer { .. } => Err(WorldError::impossible("a payment by bank transfer cannot be declined")),
        }
    }
}
