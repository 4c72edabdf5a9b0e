//! The ledger accounts of an installation.

use super::{Catalogue, MethodKind};
use crate::ledger::{Account, Processor, Rail};
use crate::money::asset::{Asset, Currency};

/// Why an installation does not have an account in an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountNotConfigured {
    #[error("{0} never lies on {1}")]
    Never(Asset, Account),
    #[error("no rail {0} is configured")]
    Rail(Rail),
    #[error("the account of the rail {rail} holds {holds}")]
    Currency { rail: Rail, holds: Currency },
    #[error("no configured method takes {currency} through the processor {processor}")]
    Processor { processor: Processor, currency: Currency },
    #[error("{0} is not configured")]
    Asset(Asset),
}

impl Catalogue {
    /// Checks that the configuration has this account in this asset. Other accounts may still have a balance: of a rail removed from the
    /// configuration, or in a currency that a rail should not have accepted.
    pub fn has_account(&self, account: Account, asset: Asset) -> Result<(), AccountNotConfigured> {
        if !account.can_hold(asset) {
            return Err(AccountNotConfigured::Never(asset, account));
        }
        if self.decimals(asset).is_none() {
            return Err(AccountNotConfigured::Asset(asset));
        }
        match (account, asset) {
            (Account::Bank(rail), Asset::Fiat(currency)) => self.has_rail(rail, currency),
            (Account::Card(processor), Asset::Fiat(currency)) => self.has_processor(processor, currency),
            (Account::InTransit(route), Asset::Fiat(currency)) => {
                self.has_rail(route, currency).or_else(|fault| self.has_processor(route, currency).map_err(|_| fault))
            }
            _ => Ok(()),
        }
    }

    fn has_rail(&self, rail: Rail, currency: Currency) -> Result<(), AccountNotConfigured> {
        match self.rail_account(rail) {
            None => Err(AccountNotConfigured::Rail(rail)),
            Some(account) if account.currency != currency => Err(AccountNotConfigured::Currency { rail, holds: account.currency }),
            Some(_) => Ok(()),
        }
    }

    fn has_processor(&self, processor: Processor, currency: Currency) -> Result<(), AccountNotConfigured> {
        let takes = |kind: MethodKind| kind == MethodKind::Redirect(processor);
        match self.methods.iter().any(|method| takes(method.kind) && method.fiat == currency) {
            true => Ok(()),
            false => Err(AccountNotConfigured::Processor { processor, currency }),
        }
    }
}
