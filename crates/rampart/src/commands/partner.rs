//! `rampart partner`: manages partners and their API keys.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use rampart_app::{Credentials, PartnerChange, operate};
use rampart_core::id::PartnerId;
use rampart_core::partner::{HttpErrors, Partner};
use rampart_core::time::Timestamp;
use serde::Serialize;

use super::context::CommandContext;
use crate::error::CommandError;
use crate::output;

/// Partners per database query.
const PAGE_ROWS: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Create a partner and print its key and secret. The secret is shown only once
    Create {
        /// Name of the partner
        #[arg(long)]
        name: String,
    },
    /// List all partners
    List,
    /// Change the settings of a partner
    Set {
        /// Identifier or name of the partner
        partner: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// Address or network (CIDR) from which it may call; repeat for several, `any` for no restriction
        #[arg(long = "allow-ip", value_name = "NETWORK")]
        allow_ip: Vec<String>,
        /// HTTP status of error answers
        #[arg(long)]
        http_errors: Option<HttpErrorsArgument>,
    },
    /// Give a partner a new key. During the overlap the old key still works, and webhooks are also signed with its secret. A key that was
    /// replaced earlier ends now
    RotateKey {
        /// Identifier or name of the partner
        partner: String,
        /// Hours for which the old key and its tokens still work; 0 (after a leak) ends them at once
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(0..=720))]
        overlap: u16,
    },
    /// Disable a partner: refuse its calls and revoke its tokens
    Disable(PartnerArgument),
    /// Enable a disabled partner
    Enable(PartnerArgument),
}

#[derive(Debug, Args)]
pub(crate) struct PartnerArgument {
    /// Identifier or name of the partner
    partner: String,
}

/// The HTTP status of error answers.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum HttpErrorsArgument {
    /// The matching 4xx or 5xx status
    Rest,
    /// 200 for business errors, as in the public documentation
    Documented,
}

#[derive(Serialize)]
struct CreatedPartner {
    id: String,
    api_key: String,
    api_secret: String,
}

#[derive(Serialize)]
struct PartnerRow {
    id: String,
    name: String,
    enabled: bool,
    api_key: String,
    /// End of the overlap during which the previous key still works.
    previous_key_until: Option<String>,
    allow_ips: Vec<String>,
    http_errors: HttpErrors,
    created_at: String,
}

impl PartnerRow {
    fn of(partner: &Partner, now: Timestamp) -> Self {
        let previous = partner.previous_key.as_ref().and_then(|(previous, _)| partner.key_in_use(&previous.key, now));
        Self {
            id: partner.id.to_string(),
            name: partner.name.clone(),
            enabled: partner.enabled,
            api_key: partner.api_key.key.clone(),
            previous_key_until: previous.and_then(|(_, _, until)| until).map(|until| until.to_string()),
            allow_ips: partner.allow_ips.clone(),
            http_errors: partner.http_errors,
            created_at: partner.created_at.to_string(),
        }
    }

    fn row(&self) -> Vec<String> {
        let addresses = if self.allow_ips.is_empty() { "anywhere".to_owned() } else { self.allow_ips.join(",") };
        let errors = match self.http_errors {
            HttpErrors::Rest => "rest",
            HttpErrors::Documented => "documented",
        };
        let state = if self.enabled { "enabled" } else { "disabled" };
        let (id, name, key, created_at) = (self.id.clone(), self.name.clone(), self.api_key.clone(), self.created_at.clone());
        let previous = self.previous_key_until.clone().unwrap_or_default();
        vec![id, name, state.to_owned(), key, previous, addresses, errors.to_owned(), created_at]
    }
}

const HEADINGS: &[&str] = &["id", "name", "state", "api_key", "previous_key_until", "from", "http_errors", "created_at"];

pub(crate) async fn run(context: &CommandContext, command: PartnerCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    let now = app.real.now();
    let mut change = PartnerChange::default();
    let partner = match command {
        PartnerCommand::Create { name } => {
            return show_credentials(context, &operate::partners::create_partner(app, &name, &context.actor).await?);
        }
        PartnerCommand::List => {
            let shown: Vec<PartnerRow> = all(context).await?.iter().map(|partner| PartnerRow::of(partner, now)).collect();
            return context.printer.show(&shown, |shown| output::table(HEADINGS, &shown.iter().map(PartnerRow::row).collect::<Vec<_>>()));
        }
        PartnerCommand::RotateKey { partner, overlap } => {
            let id = find(context, &partner).await?;
            let overlap = Duration::from_secs(u64::from(overlap) * 3_600);
            return show_credentials(
                context,
                &operate::partners::rotate_partner_key(app, id, overlap, &context.actor, context.reason_or("partner rotate-key")).await?,
            );
        }
        PartnerCommand::Set { partner, name, allow_ip, http_errors } => {
            if name.is_none() && allow_ip.is_empty() && http_errors.is_none() {
                return Err(CommandError::Usage("nothing to change: give --name, --allow-ip or --http-errors".to_owned()));
            }
            change.name = name;
            let anywhere = allow_ip.iter().any(|network| network == "any");
            change.allow_ips = (!allow_ip.is_empty()).then(|| if anywhere { Vec::new() } else { allow_ip });
            change.http_errors = http_errors.map(|errors| match errors {
                HttpErrorsArgument::Rest => HttpErrors::Rest,
                HttpErrorsArgument::Documented => HttpErrors::Documented,
            });
            partner
        }
        PartnerCommand::Disable(PartnerArgument { partner }) => {
            change.enabled = Some(false);
            partner
        }
        PartnerCommand::Enable(PartnerArgument { partner }) => {
            change.enabled = Some(true);
            partner
        }
    };
    let id = find(context, &partner).await?;
    let partner = operate::partners::set_partner(app, id, &change, &context.actor, context.reason_or("partner set")).await?;
    context.printer.show(&PartnerRow::of(&partner, now), |shown| output::table(HEADINGS, &[shown.row()]))
}

/// Prints a new key with its secret.
fn show_credentials(context: &CommandContext, credentials: &Credentials) -> Result<(), CommandError> {
    let created = CreatedPartner {
        id: credentials.id.to_string(),
        api_key: credentials.api_key.clone(),
        // Printed for the operator who created it, this once.
        api_secret: credentials.api_secret.reveal().to_owned(),
    };
    context.printer.show(&created, |created| {
        let pairs = [("id", created.id.clone()), ("api_key", created.api_key.clone()), ("api_secret", created.api_secret.clone())];
        format!("{}\nThe secret is shown only once.", output::pairs(&pairs))
    })
}

async fn all(context: &CommandContext) -> Result<Vec<Partner>, CommandError> {
    let mut partners: Vec<Partner> = Vec::new();
    loop {
        let page = operate::partners::partners(&context.installation.app, partners.last().map(|partner| partner.id), PAGE_ROWS).await?;
        let is_full = page.len() == usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        partners.extend(page);
        if !is_full {
            return Ok(partners);
        }
    }
}

/// Finds a partner by identifier or name. Refused if several have the name.
pub(crate) async fn find(context: &CommandContext, partner: &str) -> Result<PartnerId, CommandError> {
    if let Ok(id) = partner.parse::<PartnerId>() {
        return Ok(id);
    }
    let named: Vec<Partner> = all(context).await?.into_iter().filter(|known| known.name == partner).collect();
    match named.as_slice() {
        [one] => Ok(one.id),
        [] => Err(CommandError::Refused(format!("there is no partner {partner}"))),
        _ => Err(CommandError::Refused(format!("several partners are called {partner}: give the identifier"))),
    }
}
