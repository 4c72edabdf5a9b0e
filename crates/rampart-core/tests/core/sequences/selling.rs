//! Sales: coins come in, money or coins go out.

use std::time::Duration;

use proptest::prelude::*;
use rampart_core::catalogue::Catalogue;
use rampart_core::catalogue::policy::Policy;
use rampart_core::example::{self, CountingRandomness};
use rampart_core::id::{DepositId, Mint};
use rampart_core::ledger::{Account, FeeKind, LossKind};
use rampart_core::money::amount::Amount;
use rampart_core::order::Context;
use rampart_core::order::rampoff::{DepositReceipt, Rampoff, RampoffCommand, RampoffFact, RampoffState};
use rampart_core::outgoing::{Outgoing, OutgoingRecord, Payout, PayoutFact, PayoutState, Transfer, TransferFact, TransferState};
use rampart_core::ports::ScreeningResult;
use rampart_core::quote::SellTerms;
use rampart_core::review::suspense::{self, RemovedDepositTraces};
use rampart_core::review::{ReviewDecision, ReviewItem, ReviewKind, ReviewRecords};
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::step::watch::{Deposit, DepositState};
use rampart_core::time::Timestamp;

use super::{
    CheckResult, EUR, FlowTotals, LedgerModel, OutsideModel, USDC, context, instead, minor, operator, payout_facts, pick, put,
    transfer_facts,
};

const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";

/// The next event. Deposits, transfers and payouts are identified by their index in order of creation.
#[derive(Debug, Clone)]
enum SaleEvent {
    /// A deposit is seen in a block.
    Came(i128),
    Final(usize),
    Undone(usize),
    /// The same transaction is in another block.
    Again(usize),
    Screened(ScreeningResult),
    Time,
    Coins(usize, TransferFact),
    Money(usize, PayoutFact),
    /// A suspense item is assigned to the order.
    Assigned(usize),
    /// A suspense item is kept by the company.
    Kept(usize),
    /// The shortfall of suspense is written off.
    WrittenOff(usize),
    Asked(RampoffCommand),
}

struct SaleScenario {
    catalogue: Catalogue,
    randomness: CountingRandomness,
    now: Timestamp,
    order: Rampoff,
    quoted: SellTerms,
    books: LedgerModel,
    outside: OutsideModel,
    deposits: Vec<Deposit>,
    /// All items about suspense, open or closed.
    suspense: Vec<ReviewItem>,
    transfers: Vec<Transfer>,
    payouts: Vec<Payout>,
}

pub(super) fn play(policy: Policy, refund_wallet: bool, choices: &[u16]) -> CheckResult {
    let catalogue = example::catalogue(policy);
    let randomness = CountingRandomness::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let mut order = example::rampoff(&catalogue, &mint, RampoffState::Created).expect("the example has a rail");
    order.version = 0;
    if !refund_wallet {
        order.refund_wallet = None;
    }
    let created = order.clone().create(&Context::new(mint, &catalogue, None)).expect("within the limits");
    let mut scene = SaleScenario {
        catalogue,
        randomness,
        now: example::START,
        quoted: order.terms,
        order,
        books: LedgerModel::default(),
        outside: OutsideModel::default(),
        deposits: Vec::new(),
        suspense: Vec::new(),
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

impl SaleScenario {
    fn possible(&self) -> Vec<SaleEvent> {
        let mut possible = vec![SaleEvent::Came(100_000_000), SaleEvent::Came(60_000_000), SaleEvent::Came(120_000_000), SaleEvent::Time];
        for (index, deposit) in self.deposits.iter().enumerate() {
            match deposit.state {
                DepositState::Pending => possible.extend([SaleEvent::Final(index), SaleEvent::Final(index), SaleEvent::Undone(index)]),
                DepositState::Confirmed => possible.push(SaleEvent::Undone(index)),
                DepositState::Dropped => possible.push(SaleEvent::Again(index)),
            }
        }
        let waiting = self.suspense.iter().enumerate().filter(|(_, item)| item.resolution.is_none());
        possible.extend(waiting.flat_map(|(index, item)| match item.subject.kind() {
            ReviewKind::Shortage => vec![SaleEvent::WrittenOff(index)],
            // Part of a deposit is not kept here: its chain may undo and repeat all of it.
            _ if !self.deposits.iter().any(|deposit| Some(deposit.id.as_fact()) == item.fact && deposit.amount == item.amount) => {
                vec![SaleEvent::Assigned(index)]
            }
            _ => vec![SaleEvent::Assigned(index), SaleEvent::Kept(index)],
        }));
        if matches!(self.order.state, RampoffState::CryptoReceived { .. }) {
            possible.extend([SaleEvent::Screened(ScreeningResult::Clear), SaleEvent::Screened(ScreeningResult::Clear)]);
            possible.push(SaleEvent::Screened(ScreeningResult::Hit { reason: "listed".to_owned() }));
        }
        for (index, transfer) in self.transfers.iter().enumerate() {
            possible.extend(transfer_facts(transfer).into_iter().map(|fact| SaleEvent::Coins(index, fact)));
        }
        for (index, payout) in self.payouts.iter().enumerate() {
            possible.extend(payout_facts(payout).into_iter().map(|fact| SaleEvent::Money(index, fact)));
        }
        let commands = [
            RampoffCommand::Cancel,
            RampoffCommand::GiveRefundWallet(WALLET.to_owned(), example::from_partner(self.now)),
            RampoffCommand::GiveRefundWallet(WALLET.to_owned(), example::from_page(self.now)),
            RampoffCommand::GivePayoutDestination(self.order.destination.clone(), example::from_partner(self.now)),
            RampoffCommand::Hold,
            RampoffCommand::Release,
            RampoffCommand::Refund,
            RampoffCommand::SetAside,
        ];
        // Commands that would be refused change nothing and are skipped.
        let allowed = |command: &RampoffCommand| self.order.clone().request(command.clone(), &self.context(0)).is_ok();
        possible.extend(commands.into_iter().filter(allowed).map(SaleEvent::Asked));
        possible
    }

    fn context(&self, choice: u16) -> Context<'_> {
        context(Mint { now: self.now, randomness: &self.randomness }, &self.catalogue, &self.suspense, choice)
    }

    /// Applies an event as the workers do.
    fn happens(&mut self, next: SaleEvent, choice: u16) -> CheckResult {
        match next {
            SaleEvent::Time => {
                self.now = self.now.after(Duration::from_secs(2_000));
                self.observe(RampoffFact::TimePassed, choice)
            }
            SaleEvent::Came(amount) => {
                let deposit = self.deposit(amount);
                self.deposits.push(deposit);
                self.observe(RampoffFact::DepositSeen(self.receipt(self.deposits.len() - 1, 0)), choice)
            }
            SaleEvent::Again(index) => {
                self.deposits[index].state = DepositState::Pending;
                self.observe(RampoffFact::DepositSeen(self.receipt(index, 0)), choice)
            }
            SaleEvent::Final(index) => {
                self.deposits[index].state = DepositState::Confirmed;
                let fact = RampoffFact::DepositConfirmed(self.receipt(index, 12));
                let step = self.order.clone().observe(fact, &self.context(choice));
                let deposit = self.deposits[index].id;
                let items: Vec<ReviewItem> = self.suspense.iter().filter(|item| item.fact == Some(deposit.as_fact())).cloned().collect();
                let returned: Vec<Transfer> = items.iter().filter_map(|item| self.returned(item)).collect();
                self.commit(suspense::deposit_received_again(step, deposit, &items, &returned, &self.context(choice)))
            }
            SaleEvent::Undone(index) => self.undone(index, choice),
            SaleEvent::Assigned(index) => self.decide(index, ReviewDecision::Assign, choice),
            SaleEvent::Kept(index) => self.decide(index, ReviewDecision::Keep, choice),
            SaleEvent::WrittenOff(index) => self.decide(index, ReviewDecision::WriteOff, choice),
            SaleEvent::Screened(verdict) => self.observe(RampoffFact::Screened { verdict, about_refund: choice.is_multiple_of(2) }, choice),
            SaleEvent::Asked(command) => match self.order.clone().request(command, &self.context(choice)) {
                Ok(step) => self.commit(step),
                Err(_) => Ok(()),
            },
            SaleEvent::Coins(index, fact) => {
                let transfer = self.transfers[index].clone();
                self.outside.report_transfer(&transfer, &fact);
                let named = if transfer.resolves.is_some() { self.named_by_return(&transfer) } else { self.named(choice) };
                self.commit(transfer.observe(fact, named, &self.context(choice)))
            }
            SaleEvent::Money(index, fact) => {
                let payout = self.payouts[index].clone();
                self.outside.report_payout(&payout, &fact);
                self.commit(payout.observe(fact, self.named(choice), &self.context(choice)))
            }
        }
    }

    /// What the facts about its transfers and payouts are applied to.
    fn named(&self, choice: u16) -> Outgoing {
        let order = self.order.clone().into();
        let instead = instead(&order, &self.payouts, &self.transfers, choice.is_multiple_of(3), &self.context(choice).mint);
        let lost = self.payouts.iter().find(|payout| payout.lost).cloned();
        Outgoing { order: Some(order), instead, lost, ..Outgoing::default() }
    }

    /// What the facts about a return from suspense are applied to.
    fn named_by_return(&self, transfer: &Transfer) -> Outgoing {
        let review = self.suspense.iter().find(|item| Some(item.id) == transfer.resolves).cloned();
        let same = |item: &&ReviewItem| review.as_ref().is_some_and(|known| known.fact == item.fact);
        let of_deposit: Vec<ReviewItem> = self.suspense.iter().filter(same).cloned().collect();
        let shortage = review.as_ref().and_then(|item| suspense::shortage_of(item, &of_deposit)).cloned();
        let lies = review.as_ref().is_some_and(|item| item.order == Some(self.order.id) && !item.is_undone());
        let beside = lies.then(|| self.order.clone().into());
        Outgoing { review, beside, shortage, ..Outgoing::default() }
    }

    /// The transfer that returns an item.
    fn returned(&self, item: &ReviewItem) -> Option<Transfer> {
        let Some(OutgoingRecord::Transfer(id)) = item.resolution.as_ref()?.sent else { return None };
        self.transfers.iter().find(|transfer| transfer.id == id).cloned()
    }

    fn deposit(&self, minor: i128) -> Deposit {
        let id: DepositId = self.context(0).mint.id();
        Deposit {
            id,
            version: 1,
            txid: id.to_string(),
            index: 0,
            coin: USDC,
            amount: Amount::from_minor(minor),
            from: "0x03".to_owned(),
            to: self.order.deposit_address.clone(),
            height: 1,
            block: "0x04".to_owned(),
            state: DepositState::Pending,
            order: Some(self.order.id),
            swept: false,
            seen_at: self.now,
            block_time: None,
            read_before: None,
        }
    }

    fn receipt(&self, index: usize, confirmations: u32) -> DepositReceipt {
        let Deposit { id, txid, index, amount, from, seen_at, .. } = self.deposits[index].clone();
        DepositReceipt {
            deposit: id,
            txid,
            index,
            amount,
            at: seen_at,
            from,
            confirmations,
            lost: false,
            assigned: false,
            set_aside: Amount::ZERO,
        }
    }

    /// A final deposit that the order does not have was in suspense.
    fn undone(&mut self, index: usize, choice: u16) -> CheckResult {
        self.deposits[index].state = DepositState::Dropped;
        let deposit = self.deposits[index].clone();
        let is_known = self.order.knows(deposit.id);
        if is_known {
            let context = self.context(choice);
            let order = self.order.clone().into();
            let on_its_way = instead(&order, &self.payouts, &self.transfers, choice.is_multiple_of(3), &context.mint);
            let step = suspense::deposit_removed_from_order(self.order.clone(), deposit.id, on_its_way.into_iter().collect(), &context);
            self.commit(step)?;
        }
        let items: Vec<ReviewItem> = self.suspense.iter().filter(|item| item.fact == Some(deposit.id.as_fact())).cloned().collect();
        let newest = items.iter().rfind(|item| suspense::is_about(item, &deposit));
        let is_assigned = newest.is_some_and(|item| item.resolution.as_ref().is_some_and(|resolution| resolution.order.is_some()));
        let mint = self.context(choice).mint;
        let returned = items.iter().filter_map(|item| self.returned(item));
        let returned = returned.map(|transfer| (transfer.clone(), vec![transfer.first_job(&mint)])).collect();
        let assigned = (is_assigned && !is_known).then(|| self.order.clone());
        // The order is recorded above.
        let beside = Some(self.order.clone());
        let traces = RemovedDepositTraces { beside, assigned, returned, ..RemovedDepositTraces::default() };
        self.commit(suspense::undone(Step::new(), &deposit, self.order.id, items, traces, &self.context(choice)))
    }

    /// An operator decides about an item; an assignment must be usable by the order.
    fn decide(&mut self, index: usize, decision: ReviewDecision, choice: u16) -> CheckResult {
        let item = self.suspense[index].clone();
        let deposit = self.deposits.iter().find(|deposit| Some(deposit.id.as_fact()) == item.fact).cloned();
        let order = || Some(self.order.clone().into());
        let beside = item.order.filter(|_| item.subject.kind() == ReviewKind::Suspense).and_then(|_| order());
        let about = ReviewRecords { deposit, order: order(), beside, ..ReviewRecords::default() };
        match item.decide(decision, &operator(), about, &self.context(choice)) {
            Ok(step) => self.commit(step),
            Err(_) => Ok(()),
        }
    }

    fn observe(&mut self, fact: RampoffFact, choice: u16) -> CheckResult {
        self.commit(self.order.clone().observe(fact, &self.context(choice)))
    }

    fn commit(&mut self, step: Step) -> CheckResult {
        self.books.take(&step)?;
        for record in step.writes {
            match record {
                Record::Rampoff(rampoff) => self.order = *rampoff,
                Record::Transfer(transfer) => put(&mut self.transfers, *transfer, |one, other| one.id == other.id),
                Record::Payout(payout) => put(&mut self.payouts, *payout, |one, other| one.id == other.id),
                Record::Review(item) if matches!(item.subject.kind(), ReviewKind::Suspense | ReviewKind::Shortage) => {
                    put(&mut self.suspense, *item, |one, other| one.id == other.id);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check(&self) -> CheckResult {
        let (order, books) = (&self.order, &self.books);
        self.outside.check(books, 0)?;
        let stands = |transfer: &&Transfer| !matches!(transfer.state, TransferState::Failed { .. });
        let (beside, back): (Vec<_>, Vec<_>) = self.transfers.iter().filter(stands).partition(|transfer| transfer.resolves.is_some());
        let is_out = |payout: &&Payout| !matches!(payout.state, PayoutState::Failed { .. }) && !payout.lost;
        let paid = self.payouts.iter().filter(is_out).count();
        let lost: i128 = self.payouts.iter().filter(|payout| payout.lost).map(|payout| minor(payout.amount)).sum();
        prop_assert_eq!(books.of(Account::Losses(LossKind::PaidTwice), EUR), lost, "what was paid beside");
        prop_assert!(paid + back.len() <= 1, "it has left, or is leaving, more than once");
        let is_final: i128 =
            self.deposits.iter().filter(|deposit| deposit.state == DepositState::Confirmed).map(|deposit| minor(deposit.amount)).sum();
        prop_assert_eq!(books.of(Account::ChainDeposits(USDC.chain), USDC), is_final, "what lies at the order's address");
        let converted = books.of(Account::Fx, USDC);
        let leaving: i128 = back
            .iter()
            .filter(|transfer| !matches!(transfer.state, TransferState::Confirmed(_)))
            .map(|transfer| minor(transfer.debited()))
            .sum();
        let is_back = |transfer: &&&Transfer| matches!(transfer.state, TransferState::Confirmed(_));
        let returned: i128 = beside.iter().filter(is_back).map(|transfer| minor(transfer.debited())).sum();
        let withheld: i128 = back.iter().chain(&beside).filter(is_back).map(|transfer| minor(transfer.withheld)).sum();
        prop_assert_eq!(books.of(Account::Fees(FeeKind::Network), USDC), withheld, "what the customer bore of transactions");
        let waits = |kind| {
            let waiting = self.suspense.iter().filter(move |item| item.subject.kind() == kind && item.resolution.is_none());
            waiting.map(|item| minor(item.amount)).sum::<i128>()
        };
        let lies = |transfer: &&&Transfer| {
            let is_undone = self.suspense.iter().any(|item| Some(item.id) == transfer.resolves && item.is_undone());
            !is_back(transfer) && !is_undone
        };
        let returning: i128 = beside.iter().filter(lies).map(|transfer| minor(transfer.debited())).sum();
        let in_suspense = waits(ReviewKind::Suspense) + returning - waits(ReviewKind::Shortage);
        prop_assert_eq!(books.of(Account::Suspense, USDC), in_suspense, "an item says of all that lies or lacks in suspense");
        prop_assert_eq!(minor(order.set_aside), waits(ReviewKind::Suspense) + returning, "what the order says lies beside it");
        let (gone_as_money, waits_as_money) = if paid > 0 { (converted, 0) } else { (0, converted) };
        let tally = FlowTotals {
            came: is_final - returned - books.of(Account::Suspense, USDC) - books.of(Account::Capital, USDC)
                + books.of(Account::Losses(LossKind::WrittenOff), USDC),
            gone: gone_as_money + back.iter().map(|transfer| minor(transfer.debited())).sum::<i128>(),
            free: books.customer(USDC) - leaving + waits_as_money,
            lost: books.of(Account::Losses(LossKind::Reorganisation), USDC),
        };
        tally.check()?;
        prop_assert_eq!(books.customer(USDC), minor(order.coin_balance), "the coins that the order says lie on the account");
        prop_assert_eq!(books.customer(EUR), minor(order.fiat_balance), "the money that the order says lies on the account");
        // Returns from suspense have holds on the wallet beside the hold of the order.
        let of_wallet = beside.iter().flat_map(|transfer| transfer.holds()).filter(|(account, ..)| *account != Account::Suspense);
        let held = minor(order.reserved) + of_wallet.map(|(.., amount)| minor(amount)).sum::<i128>();
        prop_assert_eq!(books.held, held, "what is held");
        prop_assert_eq!(books.open, i128::from(!order.place_given_back), "the place among open orders");
        let counted: i128 = order.counted.iter().map(|each| minor(each.amount)).sum();
        prop_assert_eq!(books.counted, counted, "what counts in the limits");
        if let Some(taken) = order.taken {
            prop_assert!(minor(taken.promised) <= minor(self.quoted.coin_amount) + 500_000, "the promise is for what was ordered");
        }
        if let RampoffState::CryptoReceived { fiat } = order.state {
            let taken = order.taken.expect("something was decided");
            prop_assert_eq!((taken.gives, taken.accepted()), (fiat, order.coin_balance), "what is exchanged is what lies there");
            prop_assert_eq!(counted, minor(fiat), "what is paid out counts");
            if taken.promised == self.quoted.coin_amount && taken.market.is_zero() {
                prop_assert_eq!((taken.fees(), fiat), (self.quoted.fees(), self.quoted.fiat_amount), "what was ordered, as ordered");
            }
        }
        if order.is_settled() {
            prop_assert_eq!((books.customer(USDC), books.customer(EUR), minor(order.reserved)), (0, 0, 0), "settled");
        }
        Ok(())
    }
}
