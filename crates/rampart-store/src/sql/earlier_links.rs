//! The step of the migration `0008_installation_keys` that SQL has no words for on both engines: links to hosted pages that an
//! earlier version kept in the clear leave the database. Of a record's own link its fingerprint stays, so that it goes on leading
//! there; in what partners are told again the link stays without its token, which is put in whenever it is told.

use rampart_core::earlier_link;

use super::{DatabaseEngine, Rows, Session, Value, many};
use crate::error::StoreError;

/// How many rows are changed at once.
const PAGE: usize = 500;

/// A column that held links: the table, its key with a value before the first of each column, and how a text is changed.
struct Place {
    table: &'static str,
    key: &'static [(&'static str, Before)],
    column: &'static str,
    among: &'static str,
    changed: fn(&str) -> Option<String>,
}

/// What is before every key of a column.
#[derive(Clone, Copy)]
enum Before {
    Texts,
    Numbers,
}

const PLACES: [Place; 5] = [
    Place { table: "customers", key: &[("id", Before::Numbers)], column: "data", among: "", changed: without_own_link },
    Place { table: "payments", key: &[("id", Before::Texts)], column: "data", among: "", changed: without_own_link },
    Place { table: "rampoffs", key: &[("id", Before::Texts)], column: "data", among: "", changed: without_own_link },
    Place {
        table: "events",
        key: &[("partner", Before::Texts), ("sequence", Before::Numbers)],
        column: "data",
        among: "kind = 'KYC_UPDATED' AND ",
        changed: without_tokens,
    },
    Place { table: "claims", key: &[("id", Before::Texts)], column: "answer", among: "answer <> '' AND ", changed: without_tokens },
];

/// Takes the tokens out of every column that held some.
pub(super) async fn leave(session: &mut Session) -> Result<(), StoreError> {
    for place in &PLACES {
        place.change(session).await?;
    }
    Ok(())
}

/// Writes a SQLite file anew, so that nothing of what was changed is left in its free pages; PostgreSQL does so by itself, sooner
/// or later. A failure is told and changes nothing else.
pub(super) async fn forget(session: &mut Session) {
    if session.engine() == DatabaseEngine::Sqlite {
        for sql in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            if let Err(error) = session.fetch_all(sql, Vec::new()).await {
                tracing::warn!(%error, "links of an earlier version may still be in free pages of the file");
            }
        }
    }
}

impl Place {
    async fn change(&self, session: &mut Session) -> Result<(), StoreError> {
        let Self { table, column, among, .. } = self;
        let names: Vec<&str> = self.key.iter().map(|(name, _)| *name).collect();
        let key = names.join(", ");
        let marks: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
        let read = format!("SELECT {key}, {column} FROM {table} WHERE {among}({key}) > ({}) ORDER BY {key} LIMIT {PAGE}", marks.join(", "));
        let same: Vec<String> = names.iter().map(|name| format!("{table}.{name} = given.{name}")).collect();
        let write = |rows: &str| {
            let same = same.join(" AND ");
            format!("WITH given ({key}, {column}) AS ({rows}) UPDATE {table} SET {column} = given.{column} FROM given WHERE {same}")
        };
        let mut behind: Vec<Value> = self
            .key
            .iter()
            .map(|(_, before)| match before {
                Before::Texts => "".into(),
                Before::Numbers => i64::MIN.into(),
            })
            .collect();
        loop {
            let rows = session.fetch_all(many::text(read.clone()), behind.clone()).await?;
            let mut changed = Vec::new();
            for row in &rows {
                for (place, (_, before)) in self.key.iter().enumerate() {
                    behind[place] = match before {
                        Before::Texts => row.text(place)?.into(),
                        Before::Numbers => row.int(place)?.into(),
                    };
                }
                if let Some(text) = (self.changed)(row.text(names.len())?) {
                    changed.extend(behind.iter().cloned());
                    changed.push(text.into());
                }
            }
            session.write_rows(write, &Rows::new(names.len() + 1, changed), &[]).await?;
            if rows.len() < PAGE {
                return Ok(());
            }
        }
    }
}

/// A record with the fingerprint of its link in the place of the link. It is not read as JSON, so that whatever else it holds
/// stays as it is; inside of a text of anybody's the quotes would be escaped.
fn without_own_link(record: &str) -> Option<String> {
    let (before, rest) = record.split_once("\"page_token\":\"")?;
    let (token, after) = rest.split_once('"')?;
    Some(format!("{before}\"earlier_link\":\"{}\"{after}", earlier_link::fingerprint(token)))
}

/// What a partner is told, its links without their tokens.
fn without_tokens(told: &str) -> Option<String> {
    const TOKEN: &str = "?token=";
    ["kyc_form_url", "url_payment", "url_status"].iter().find_map(|field| {
        let value = told.find(&format!("\"{field}\":\""))? + field.len() + 4;
        let end = value + told[value..].find('"')?;
        let token = value + told[value..end].find(TOKEN)? + TOKEN.len();
        let after = told[token..end].find('&').map_or(end, |length| token + length);
        Some(format!("{}{}", &told[..token], &told[after..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_link_itself_is_changed() {
        let record = r#"{"name":"\"page_token\":\"x\"","page_token":"01a21580-5a25-7eb1-8913-2d37df809be3","amount":1.50}"#;
        let expected = format!(
            r#"{{"name":"\"page_token\":\"x\"","earlier_link":"{}","amount":1.50}}"#,
            earlier_link::fingerprint("01a21580-5a25-7eb1-8913-2d37df809be3")
        );
        assert_eq!(without_own_link(record), Some(expected.clone()));
        assert_eq!(without_own_link(&expected), None);
        let told = r#"{"id":"x?token=y","url_payment":"https://a/gateway/card?token=01a2","amount":"1"}"#;
        assert_eq!(
            without_tokens(told).as_deref(),
            Some(r#"{"id":"x?token=y","url_payment":"https://a/gateway/card?token=","amount":"1"}"#)
        );
        assert_eq!(
            without_tokens(r#"{"kyc_form_url":"https://a/kyc?token=b&level=2"}"#).as_deref(),
            Some(r#"{"kyc_form_url":"https://a/kyc?token=&level=2"}"#)
        );
        assert_eq!(without_tokens(r#"{"message":"created"}"#), None);
    }
}
