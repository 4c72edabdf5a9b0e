//! `rampart partner`: partners and their keys.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use rampart_app::{Credentials, PartnerChange};
use rampart_core::id::PartnerId;
use rampart_core::partner::{HttpErrors, Partner};
use rampart_core::time::Timestamp;
use serde::Serialize;

use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// How many partners are read at once.
const PAGE: u32 = 200;

/// `rampart partner …`
#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Make a partner and print its key and secret, once
    Create {
        /// Its name
        #[arg(long)]
        name: String,
    },
    /// List the partners
    List,
    /// Change a partner's settings
    Set {
        /// Its identifier or name
        partner: String,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// A network (CIDR) or address it may call from, once for each; `any` for anywhere
        #[arg(long = "allow-ip", value_name = "NETWORK")]
        allow_ip: Vec<String>,
        /// How failures are answered over HTTP
        #[arg(long)]
        http_errors: Option<HttpErrorsArgument>,
    },
    /// Give a partner a new key; the old one works beside it, and its secret signs webhooks along, for an overlap. One that was
    /// rotated before that ends now
    RotateKey {
        /// Its identifier or name
        partner: String,
        /// For how many hours the old key and its tokens still work; 0 after a leak: then nothing but the new key works
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(0..=720))]
        overlap: u16,
    },
    /// Let a partner call no more, and revoke its tokens
    Disable {
        /// Its identifier or name
        partner: String,
    },
    /// Let a partner call again
    Enable {
        /// Its identifier or name
        partner: String,
    },
}

/// How failures are answered over HTTP.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum HttpErrorsArgument {
    /// With the fitting 4xx or 5xx status
    Rest,
    /// Business failures with 200, as the public documentation prints them
    Documented,
}

#[derive(Serialize)]
struct Created {
    id: String,
    api_key: String,
    api_secret: String,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    enabled: bool,
    api_key: String,
    /// Until when the key before works beside it.
    previous_key_until: Option<String>,
    allow_ips: Vec<String>,
    http_errors: HttpErrors,
    created_at: String,
}

impl Shown {
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
        let from = if self.allow_ips.is_empty() { "anywhere".to_owned() } else { self.allow_ips.join(",") };
        let errors = match self.http_errors {
            HttpErrors::Rest => "rest",
            HttpErrors::Documented => "documented",
        };
        let state = if self.enabled { "enabled" } else { "disabled" };
        let (id, name, key, created_at) = (self.id.clone(), self.name.clone(), self.api_key.clone(), self.created_at.clone());
        let previous = self.previous_key_until.clone().unwrap_or_default();
        vec![id, name, state.to_owned(), key, previous, from, errors.to_owned(), created_at]
    }
}

const HEADINGS: &[&str] = &["id", "name", "state", "api_key", "previous_key_until", "from", "http_errors", "created_at"];

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: PartnerCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    let now = app.real().now();
    let mut change = PartnerChange::default();
    let partner = match command {
        PartnerCommand::Create { name } => return told(office, &app.create_partner(&name, &office.actor).await?),
        PartnerCommand::List => {
            let shown: Vec<Shown> = all(office).await?.iter().map(|partner| Shown::of(partner, now)).collect();
            return office.printer.show(&shown, |shown| output::table(HEADINGS, &shown.iter().map(Shown::row).collect::<Vec<_>>()));
        }
        PartnerCommand::RotateKey { partner, overlap } => {
            let id = find(office, &partner).await?;
            let overlap = Duration::from_secs(u64::from(overlap) * 3_600);
            return told(office, &app.rotate_partner_key(id, overlap, &office.actor, office.reason_or("partner rotate-key")).await?);
        }
        PartnerCommand::Set { partner, name, allow_ip, http_errors } => {
            if name.is_none() && allow_ip.is_empty() && http_errors.is_none() {
                return Err(Failure::Usage("nothing to set: give --name, --allow-ip or --http-errors".to_owned()));
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
        PartnerCommand::Disable { partner } => {
            change.enabled = Some(false);
            partner
        }
        PartnerCommand::Enable { partner } => {
            change.enabled = Some(true);
            partner
        }
    };
    let id = find(office, &partner).await?;
    let partner = app.set_partner(id, &change, &office.actor, office.reason_or("partner set")).await?;
    office.printer.show(&Shown::of(&partner, now), |shown| output::table(HEADINGS, &[shown.row()]))
}

/// Prints a key with its secret, which is shown this once.
fn told(office: &Office, credentials: &Credentials) -> Result<(), Failure> {
    let created = Created {
        id: credentials.id.to_string(),
        api_key: credentials.api_key.clone(),
        // Printed for the operator who asked for it; it is told once.
        api_secret: credentials.api_secret.reveal().to_owned(),
    };
    office.printer.show(&created, |created| {
        let pairs = [("id", created.id.clone()), ("api_key", created.api_key.clone()), ("api_secret", created.api_secret.clone())];
        format!("{}\nThe secret is shown this once.", output::pairs(&pairs))
    })
}

async fn all(office: &Office) -> Result<Vec<Partner>, Failure> {
    let mut partners: Vec<Partner> = Vec::new();
    loop {
        let page = office.installation.app.partners(partners.last().map(|partner| partner.id), PAGE).await?;
        let full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        partners.extend(page);
        if !full {
            return Ok(partners);
        }
    }
}

/// A partner by its identifier or its name.
///
/// # Errors
/// When there is none, or several have the name.
pub(crate) async fn find(office: &Office, partner: &str) -> Result<PartnerId, Failure> {
    if let Ok(id) = partner.parse::<PartnerId>() {
        return Ok(id);
    }
    let named: Vec<Partner> = all(office).await?.into_iter().filter(|known| known.name == partner).collect();
    match named.as_slice() {
        [one] => Ok(one.id),
        [] => Err(Failure::Refused(format!("there is no partner {partner}"))),
        _ => Err(Failure::Refused(format!("several partners are called {partner}: give the identifier"))),
    }
}
