//! The command lines that resolve what waits for an operator, for the documentation and the command line.

use crate::order::HoldReason;
use crate::order::arrival::Leg;
use crate::review::{ReviewItem, ReviewKind};

const RELEASE: &str = "rampart order release <order>";
const REFUND: &str = "rampart order refund <order>";
const TO_SUSPENSE: &str = "rampart order to-suspense <order>";
const CANCEL: &str = "rampart order cancel <order>";
const ACCOUNT: &str = "rampart order destination <order> --account <account> --holder <name>";
const WALLET: &str = "rampart order destination <order> --wallet <wallet>";
const ASSIGN: &str = "rampart review resolve <item> assign <order>";
const RETURN: &str = "rampart review resolve <item> return";
const KEEP: &str = "rampart review resolve <item> keep";
const WRITE_OFF: &str = "rampart review resolve <item> write-off";
const RETRY: &str = "rampart review resolve <item> retry";
const GIVE_UP: &str = "rampart review resolve <item> give-up";
const GO_ON: &str = "rampart review resolve <item> go-on";
const SUSPEND: &str = "rampart review resolve <item> suspend";
const DISMISS: &str = "rampart review resolve <item> dismiss";

impl HoldReason {
    /// Every reason.
    pub const ALL: [Self; 16] = [
        Self::Amount,
        Self::Payer,
        Self::Limit,
        Self::Identity,
        Self::Destination,
        Self::Price,
        Self::Liquidity,
        Self::Screening,
        Self::Banned,
        Self::PartnerDisabled,
        Self::TransferFailed,
        Self::PayoutFailed,
        Self::RefundFailed,
        Self::Reversed,
        Self::Reorganised,
        Self::Operator,
    ];

    /// What an operator can do about an order on hold for this reason.
    #[must_use]
    pub const fn commands(self, leg: Leg) -> &'static [&'static str] {
        match (self, leg) {
            // It may be on hold because there is no refund destination.
            (Self::Amount, Leg::Buying) => &[RELEASE, REFUND, ACCOUNT, TO_SUSPENSE],
            (Self::Amount, Leg::Selling) => &[RELEASE, REFUND, WALLET, TO_SUSPENSE],
            (Self::Payer | Self::Limit | Self::Screening | Self::Operator | Self::Reversed | Self::TransferFailed, _) => {
                &[RELEASE, REFUND, TO_SUSPENSE]
            }
            // These end automatically: releasing the order earlier would fail for lack of what it waits for.
            (Self::Identity, _) => &["rampart customer kyc <customer> <level>", REFUND, TO_SUSPENSE],
            (Self::Price | Self::Liquidity, _) => &[REFUND, TO_SUSPENSE],
            // The ban would stop a refund as well.
            (Self::Banned, _) => &["rampart customer unban <customer>", RELEASE, TO_SUSPENSE],
            (Self::PartnerDisabled, _) => &["rampart partner enable <partner>", RELEASE, REFUND, TO_SUSPENSE],
            (Self::Destination, Leg::Buying) => &[ACCOUNT, RELEASE, TO_SUSPENSE],
            (Self::Destination, Leg::Selling) => &[WALLET, RELEASE, TO_SUSPENSE],
            (Self::PayoutFailed, _) => &[ACCOUNT, RELEASE, REFUND],
            (Self::RefundFailed, Leg::Buying) => &[ACCOUNT, REFUND, TO_SUSPENSE],
            (Self::RefundFailed, Leg::Selling) => &[WALLET, REFUND, TO_SUSPENSE],
            // The rest of it, or nothing.
            (Self::Reorganised, _) => &[RELEASE, REFUND, TO_SUSPENSE, CANCEL],
        }
    }
}

impl ReviewKind {
    /// What an operator can do about an item of this kind. Money in suspense has a source; a booked loss has none.
    #[must_use]
    pub const fn commands(self, has_source: bool) -> &'static [&'static str] {
        match self {
            Self::Suspense => &[ASSIGN, RETURN, KEEP],
            Self::Reversal if has_source => &[RETURN, KEEP],
            Self::Reversal | Self::BelowFloor | Self::Ledger | Self::Contradiction => &[DISMISS],
            Self::Quarantine => &[RETRY, SUSPEND, DISMISS],
            Self::Vanished => &[GIVE_UP, DISMISS],
            Self::Unsigned => &[RETRY, GIVE_UP],
            Self::Stopped => &[GO_ON],
            Self::Shortage => &[WRITE_OFF],
        }
    }
}

impl ReviewItem {
    /// What an operator can do about it.
    #[must_use]
    pub fn commands(&self) -> &'static [&'static str] {
        self.subject.kind().commands(self.subject.counterparty().is_some())
    }
}

/// Command lines as the documentation lists them: a common beginning is written once.
#[must_use]
pub fn listed(commands: &[&str]) -> String {
    const COMMON: [&str; 2] = ["rampart order ", "rampart review resolve <item> "];
    let mut before = "";
    let mut parts: Vec<String> = Vec::new();
    for command in commands {
        let common = COMMON.into_iter().find(|common| command.starts_with(common)).unwrap_or_default();
        let is_said = !common.is_empty() && common == before;
        let rest = if is_said { &command[common.len()..] } else { command };
        parts.push(format!("`{}`", if is_said && common == COMMON[0] { rest.replacen(" <order>", "", 1) } else { rest.to_owned() }));
        before = common;
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
