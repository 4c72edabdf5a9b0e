//! Sales: coins come in, money or coins go out.

use std::time::Duration;

use proptest::prelude::*;
use rampart_core::amount::Amount;
use rampart_core::catalogue::Catalogue;
use rampart_core::example::{self, Counting};
use rampart_core::id::{FactId, Mint};
use rampart_core::ledger::{Account, LossKind};
use rampart_core::order::{Context, StoppedBy};
use rampart_core::outgoing::{Payout, PayoutState, Screening, Signed, Transfer, TransferState};
use rampart_core::policy::Beyond;
use rampart_core::ports::Verdict;
use rampart_core::quote::SellTerms;
use rampart_core::rampoff::{DepositReceipt, Rampoff, RampoffCommand, RampoffFact, RampoffState};
use rampart_core::record::Record;
use rampart_core::review::ReviewKind;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::treasury;

use super::{Books, Checked, EUR, Tally, USDC, minor, pick};

/// What can happen next. Deposits, transfers and payouts are named by their place in the order they were made in.
#[derive(Debug, Clone)]
enum Next {
    /// Coins are seen in a block.
    Came(i128),
    Final(usize),
    Undone(usize),
    /// The same transaction is in a block once more.
    Again(usize),
    Screened(Verdict),
    Time,
    Broadcast(usize),
    Refused(usize),
    Confirmed(usize),
    Unconfirmed(usize),
    Reverted(usize),
    Accepted(usize),
    Settled(usize),
    Failed(usize),
    /// The screening provider found something about who would receive it, or a person stopped it.
    Stopped(usize),
    /// It found nothing.
    Cleared(usize),
    /// It found something about who would receive these coins.
    CoinsStopped(usize),
    /// It found nothing.
    CoinsCleared(usize),
    Returned(usize),
    /// What lies in suspense is assigned to the order.
    Assigned(usize),
    Asked(RampoffCommand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Seen,
    Final,
    Undone,
}

struct Coins {
    deposit: FactId,
    amount: i128,
    stage: Stage,
    in_suspense: bool,
}

struct Scene {
    catalogue: Catalogue,
    randomness: Counting,
    now: Timestamp,
    order: Rampoff,
    quoted: SellTerms,
    books: Books,
    deposits: Vec<Coins>,
    transfers: Vec<Transfer>,
    payouts: Vec<Payout>,
}

pub(super) fn play(beyond: Beyond, refund_wallet: bool, choices: &[u16]) -> Checked {
    let catalogue = example::catalogue(example::policy(beyond));
    let randomness = Counting::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let mut order = example::rampoff(&catalogue, &mint, RampoffState::Created).expect("the example has a rail");
    order.version = 0;
    if !refund_wallet {
        order.refund_wallet = None;
    }
    let created = order.clone().create(&Context { mint, catalogue: &catalogue, price: None }).expect("within the limits");
    let mut scene = Scene {
        catalogue,
        randomness,
        now: example::START,
        quoted: order.terms,
        order,
        books: Books::default(),
        deposits: Vec::new(),
        transfers: Vec::new(),
        payouts: Vec::new(),
    };
    scene.books.take(&created)?;
    let mut course = Vec::new();
    for choice in choices {
        let next = pick(&scene.possible(), *choice);
        course.push(format!("{next:?}"));
        let checked = scene.happens(next, *choice).and_then(|()| scene.check());
        checked.map_err(|fault| TestCaseError::fail(format!("{fault}\nafter {course:#?}\nit is {:?}", scene.order)))?;
    }
    Ok(())
}

impl Scene {
    fn possible(&self) -> Vec<Next> {
        let mut possible = vec![Next::Came(100_000_000), Next::Came(60_000_000), Next::Came(120_000_000), Next::Time];
        for (index, coins) in self.deposits.iter().enumerate() {
            match coins.stage {
                Stage::Seen => possible.extend([Next::Final(index), Next::Final(index), Next::Undone(index)]),
                Stage::Final => possible.push(Next::Undone(index)),
                Stage::Undone => possible.push(Next::Again(index)),
            }
            if coins.in_suspense && coins.stage == Stage::Final {
                possible.push(Next::Assigned(index));
            }
        }
        if matches!(self.order.state, RampoffState::CryptoReceived { .. }) {
            possible.extend([Next::Screened(Verdict::Clear), Next::Screened(Verdict::Clear)]);
            possible.push(Next::Screened(Verdict::Hit { reason: "listed".to_owned() }));
        }
        for (index, transfer) in self.transfers.iter().enumerate() {
            match transfer.state {
                TransferState::Queued if transfer.screening == Screening::Due => {
                    possible.extend([Next::CoinsCleared(index), Next::CoinsCleared(index), Next::CoinsStopped(index)]);
                }
                TransferState::Queued => possible.extend([Next::Broadcast(index), Next::Broadcast(index), Next::Refused(index)]),
                TransferState::Broadcast(_) => possible.extend([Next::Confirmed(index), Next::Reverted(index)]),
                TransferState::Confirmed(_) => possible.push(Next::Unconfirmed(index)),
                _ => {}
            }
        }
        for (index, payout) in self.payouts.iter().enumerate() {
            match payout.state {
                PayoutState::Queued if payout.screening == Screening::Due => {
                    possible.extend([Next::Cleared(index), Next::Cleared(index), Next::Stopped(index)]);
                }
                PayoutState::Queued => {
                    possible.extend([Next::Accepted(index), Next::Settled(index), Next::Failed(index), Next::Stopped(index)])
                }
                PayoutState::Accepted { .. } => possible.extend([Next::Settled(index), Next::Failed(index)]),
                PayoutState::Settled { .. } => possible.push(Next::Returned(index)),
                _ => {}
            }
        }
        let commands = [
            RampoffCommand::Cancel,
            RampoffCommand::GiveRefundWallet("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned()),
            RampoffCommand::GivePayoutDestination(self.order.destination.clone()),
            RampoffCommand::Hold,
            RampoffCommand::Release,
            RampoffCommand::Refund,
        ];
        // What would be refused changes nothing and is not worth a turn.
        let allowed = |command: &RampoffCommand| self.order.clone().request(command.clone(), &self.context(0)).is_ok();
        possible.extend(commands.into_iter().filter(allowed).map(Next::Asked));
        possible
    }

    fn context(&self, choice: u16) -> Context<'_> {
        let price = (!choice.is_multiple_of(7)).then(example::price);
        Context { mint: Mint { now: self.now, randomness: &self.randomness }, catalogue: &self.catalogue, price }
    }

    /// Plays one happening as the workers do: what the order decides and what its transfer or payout posts are one step.
    fn happens(&mut self, next: Next, choice: u16) -> Checked {
        match next {
            Next::Time => {
                self.now = self.now.after(Duration::from_secs(2_000));
                self.observe(RampoffFact::TimePassed, choice, |_, _| {})
            }
            Next::Came(amount) => {
                let deposit = self.context(0).mint.id();
                self.deposits.push(Coins { deposit, amount, stage: Stage::Seen, in_suspense: false });
                let receipt = self.receipt(self.deposits.len() - 1, 0);
                self.observe(RampoffFact::DepositSeen(receipt), choice, |_, _| {})
            }
            Next::Again(index) => {
                self.deposits[index].stage = Stage::Seen;
                let receipt = self.receipt(index, 0);
                self.observe(RampoffFact::DepositSeen(receipt), choice, |_, _| {})
            }
            Next::Final(index) => {
                self.deposits[index].stage = Stage::Final;
                let receipt = self.receipt(index, 12);
                self.observe(RampoffFact::DepositConfirmed(receipt), choice, |_, _| {})
            }
            Next::Undone(index) => self.undone(index, choice),
            Next::Assigned(index) => self.assign(index, choice),
            Next::Screened(verdict) => {
                self.observe(RampoffFact::Screened { verdict, about_refund: choice.is_multiple_of(2) }, choice, |_, _| {})
            }
            Next::Asked(command) => match self.order.clone().request(command, &self.context(choice)) {
                Ok(step) => self.commit(step),
                Err(_) => Ok(()),
            },
            Next::Broadcast(index) | Next::Refused(index) | Next::Confirmed(index) | Next::Unconfirmed(index) | Next::Reverted(index) => {
                self.transfer(&next, index, choice)
            }
            Next::Accepted(index) | Next::Settled(index) | Next::Failed(index) | Next::Stopped(index) | Next::Returned(index) => {
                self.payout(&next, index, choice)
            }
            Next::Cleared(index) => {
                self.payouts[index].screening = Screening::Cleared;
                Ok(())
            }
            Next::CoinsCleared(index) => {
                self.transfers[index].screening = Screening::Cleared;
                Ok(())
            }
            Next::CoinsStopped(index) => {
                let (transfer, reason) = (self.transfers[index].id, "listed".to_owned());
                self.transfers[index].state = TransferState::Failed { reason: reason.clone() };
                self.observe(RampoffFact::RefundStopped { transfer, reason }, choice, |_, _| {})
            }
        }
    }

    fn receipt(&self, index: usize, confirmations: u32) -> DepositReceipt {
        let coins = &self.deposits[index];
        DepositReceipt {
            deposit: coins.deposit,
            txid: coins.deposit.to_string(),
            index: 0,
            amount: Amount::from_minor(coins.amount),
            from: "0x03".to_owned(),
            confirmations,
            lost: false,
        }
    }

    /// A deposit that the order does not know lay in suspense, if it was final.
    fn undone(&mut self, index: usize, choice: u16) -> Checked {
        let (deposit, amount, in_suspense) =
            (self.deposits[index].deposit, self.deposits[index].amount, std::mem::take(&mut self.deposits[index].in_suspense));
        self.deposits[index].stage = Stage::Undone;
        if self.order.deposits.iter().any(|known| known.deposit == deposit) {
            return self.observe(RampoffFact::DepositDropped { deposit }, choice, |_, _| {});
        }
        let mut step = Step::new();
        if in_suspense {
            let (account, mint) = (Account::ChainDeposits(USDC.chain), self.context(0).mint);
            step.post(treasury::suspense_undone(&mint, account, USDC.into(), Amount::from_minor(amount), Some(self.order.id)));
        }
        self.commit(step)
    }

    /// A person says that what lies in suspense is for the order, which must be able to use it.
    fn assign(&mut self, index: usize, choice: u16) -> Checked {
        let receipt = self.receipt(index, 12);
        let context = self.context(choice);
        let mut step = Step::new();
        let account = Account::ChainDeposits(USDC.chain);
        step.post(treasury::suspense_assigned(&context.mint, account, USDC.into(), receipt.amount, Some(self.order.id)));
        let received = self.order.clone().observe(RampoffFact::DepositConfirmed(receipt), &context);
        let unusable = |record: &Record| matches!(record, Record::Review(item) if item.kind == ReviewKind::Suspense);
        if received.writes.iter().any(unusable) {
            return Ok(());
        }
        step.extend(received);
        self.deposits[index].in_suspense = false;
        self.commit(step)
    }

    fn transfer(&mut self, next: &Next, index: usize, choice: u16) -> Checked {
        let before = self.transfers[index].clone();
        let (transfer, reason) = (before.id, "refused".to_owned());
        let signed = Signed { nonce: 0, txid: before.id.to_string(), bytes: String::new() };
        match next {
            Next::Broadcast(_) => {
                self.transfers[index].state = TransferState::Broadcast(signed.clone());
                let fact = RampoffFact::RefundBroadcast { transfer, txid: signed.txid };
                self.observe(fact, choice, |step, mint| step.post(before.post_broadcast(mint)))
            }
            Next::Confirmed(_) => {
                self.transfers[index].state = TransferState::Confirmed(signed);
                self.observe(RampoffFact::RefundConfirmed { transfer }, choice, |step, mint| step.post(before.post_confirmed(mint)))
            }
            Next::Unconfirmed(_) => {
                self.transfers[index].state = TransferState::Broadcast(signed);
                let fact = RampoffFact::RefundUnconfirmed { transfer, amount: before.amount };
                self.observe(fact, choice, |step, mint| step.post(before.post_unconfirmed(mint)))
            }
            Next::Reverted(_) => {
                self.transfers[index].state = TransferState::Failed { reason: reason.clone() };
                self.observe(RampoffFact::RefundFailed { transfer, reason }, choice, |step, mint| step.post(before.post_returned(mint)))
            }
            _ => {
                self.transfers[index].state = TransferState::Failed { reason: reason.clone() };
                self.observe(RampoffFact::RefundFailed { transfer, reason }, choice, |_, _| {})
            }
        }
    }

    fn payout(&mut self, next: &Next, index: usize, choice: u16) -> Checked {
        let before = self.payouts[index].clone();
        let was_taken = matches!(before.state, PayoutState::Accepted { .. });
        let (payout, reference, reason) = (before.id, "R1".to_owned(), "closed account".to_owned());
        match next {
            Next::Accepted(_) => {
                self.payouts[index].state = PayoutState::Accepted { reference };
                self.observe(RampoffFact::PayoutAccepted { payout }, choice, |step, mint| step.post(before.post_accepted(mint)))
            }
            Next::Settled(_) => {
                self.payouts[index].state = PayoutState::Settled { reference: reference.clone() };
                self.observe(RampoffFact::PayoutSettled { payout, reference }, choice, |step, mint| {
                    if !was_taken {
                        step.post(before.post_accepted(mint));
                    }
                    step.post(before.post_settled(mint));
                })
            }
            Next::Failed(_) => {
                self.payouts[index].state = PayoutState::Failed { reason: reason.clone() };
                self.observe(RampoffFact::PayoutFailed { payout, reason }, choice, |step, mint| {
                    if was_taken {
                        step.post(before.post_failed(mint));
                    }
                })
            }
            Next::Stopped(_) => {
                self.payouts[index].state = PayoutState::Failed { reason: reason.clone() };
                let by = if choice.is_multiple_of(2) { StoppedBy::Screening } else { StoppedBy::Operator };
                self.observe(RampoffFact::PayoutStopped { payout, by, reason }, choice, |_, _| {})
            }
            _ => {
                self.payouts[index].state = PayoutState::Returned { reason: reason.clone() };
                self.observe(RampoffFact::PayoutReturned { payout, reason }, choice, |step, mint| step.post(before.post_returned(mint)))
            }
        }
    }

    fn observe(&mut self, fact: RampoffFact, choice: u16, beside: impl FnOnce(&mut Step, &Mint<'_>)) -> Checked {
        let context = self.context(choice);
        let mut step = self.order.clone().observe(fact, &context);
        beside(&mut step, &context.mint);
        self.commit(step)
    }

    fn commit(&mut self, step: Step) -> Checked {
        self.books.take(&step)?;
        for record in step.writes {
            match record {
                Record::Rampoff(rampoff) => self.order = *rampoff,
                Record::Transfer(transfer) => self.transfers.push(*transfer),
                Record::Payout(payout) => self.payouts.push(*payout),
                Record::Review(item) if item.kind == ReviewKind::Suspense => {
                    let coins = self.deposits.iter_mut().find(|coins| Some(coins.deposit) == item.fact);
                    coins.expect("such items name the deposit").in_suspense = true;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check(&self) -> Checked {
        let (order, books) = (&self.order, &self.books);
        let back: Vec<_> = self.transfers.iter().filter(|transfer| !matches!(transfer.state, TransferState::Failed { .. })).collect();
        let paid = self.payouts.iter().filter(|payout| !matches!(payout.state, PayoutState::Failed { .. })).count();
        prop_assert!(paid + back.len() <= 1, "it has left, or is leaving, more than once");
        let is_final = self.deposits.iter().filter(|coins| coins.stage == Stage::Final).map(|coins| coins.amount).sum::<i128>();
        prop_assert_eq!(books.of(Account::ChainDeposits(USDC.chain), USDC), is_final, "what lies at the order's address");
        let converted = books.of(Account::Fx, USDC);
        let leaving: i128 = back
            .iter()
            .filter(|transfer| !matches!(transfer.state, TransferState::Confirmed(_)))
            .map(|transfer| minor(transfer.amount))
            .sum();
        let (gone_as_money, waits_as_money) = if paid > 0 { (converted, 0) } else { (0, converted) };
        let tally = Tally {
            came: is_final - books.of(Account::Suspense, USDC),
            gone: gone_as_money + back.iter().map(|transfer| minor(transfer.amount)).sum::<i128>(),
            free: books.customer(USDC) - leaving + waits_as_money,
            lost: books.of(Account::Losses(LossKind::Reorganisation), USDC),
        };
        tally.check()?;
        prop_assert_eq!(books.customer(USDC), minor(order.coin_balance), "the coins that the order says lie on the account");
        prop_assert_eq!(books.customer(EUR), minor(order.fiat_balance), "the money that the order says lies on the account");
        prop_assert_eq!(books.held, minor(order.reserved), "what is held");
        prop_assert_eq!(books.open, i128::from(matches!(order.state, RampoffState::Created)), "the place among open orders");
        if matches!(order.state, RampoffState::CryptoReceived { .. } | RampoffState::PayingOut { .. } | RampoffState::Finished { .. }) {
            prop_assert_eq!(books.counted, minor(order.terms.fiat_amount) + minor(order.counted_beyond), "what counts in the limits");
        }
        if let RampoffState::CryptoReceived { fiat } = order.state
            && order.coin_balance == self.quoted.coin_amount
            && fiat == self.quoted.fiat_amount
        {
            prop_assert_eq!((order.terms.fees(), order.counted_beyond), (self.quoted.fees(), Amount::ZERO), "what was ordered, as ordered");
        }
        // Coins that wait for nothing more than being weighed would wait for ever.
        let pending = order.deposits.iter().any(|deposit| deposit.confirmations == 0);
        let stuck = matches!(order.state, RampoffState::Confirming) && order.coin_balance.is_positive() && !pending;
        prop_assert!(!stuck, "nothing is being confirmed, and nobody decides");
        if order.is_settled() {
            prop_assert_eq!((books.customer(USDC), books.customer(EUR), books.held), (0, 0, 0), "settled");
        }
        Ok(())
    }
}
