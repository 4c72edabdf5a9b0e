//! The part of the migration `0008_installation_keys` that SQL alone cannot express on both engines. Earlier versions stored links
//! to hosted pages in plain text. A record keeps the fingerprint of its own link, so that the link still works. Stored events and
//! responses keep the link without its token, which is inserted whenever they are sent.

use rampart_core::id::earlier_link;

use super::{BulkStatement, DatabaseEngine, DbSession, SqlValue};
use crate::error::StoreError;

/// Rows changed per page.
const PAGE_ROWS: usize = 500;

/// A column that held links, the key of its table, and how its text is rewritten.
struct LinkColumn {
    table: &'static str,
    key: &'static [(&'static str, KeyType)],
    column: &'static str,
    filter: &'static str,
    rewrite: fn(&str) -> Option<String>,
}

/// The type of a key column, which decides the value that sorts before every key.
#[derive(Clone, Copy)]
enum KeyType {
    Text,
    Integer,
}

const LINK_COLUMNS: [LinkColumn; 5] = [
    LinkColumn { table: "customers", key: &[("id", KeyType::Integer)], column: "data", filter: "", rewrite: with_fingerprint },
    LinkColumn { table: "payments", key: &[("id", KeyType::Text)], column: "data", filter: "", rewrite: with_fingerprint },
    LinkColumn { table: "rampoffs", key: &[("id", KeyType::Text)], column: "data", filter: "", rewrite: with_fingerprint },
    LinkColumn {
        table: "events",
        key: &[("partner", KeyType::Text), ("sequence", KeyType::Integer)],
        column: "data",
        filter: "kind = 'KYC_UPDATED' AND ",
        rewrite: without_tokens,
    },
    LinkColumn { table: "claims", key: &[("id", KeyType::Text)], column: "answer", filter: "answer <> '' AND ", rewrite: without_tokens },
];

/// Removes the tokens from every column that held links.
pub(super) async fn remove_tokens(session: &mut DbSession) -> Result<(), StoreError> {
    for column in &LINK_COLUMNS {
        column.rewrite_all(session).await?;
    }
    Ok(())
}

/// Rewrites a SQLite file, so that its free pages hold no removed token. PostgreSQL reclaims space by itself. A failure is logged
/// and otherwise ignored.
pub(super) async fn rewrite_file(session: &mut DbSession) {
    if session.engine() == DatabaseEngine::Sqlite {
        for sql in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            if let Err(error) = session.fetch_all(sql, Vec::new()).await {
                tracing::warn!(%error, "links of an earlier version may still be in free pages of the file");
            }
        }
    }
}

impl LinkColumn {
    async fn rewrite_all(&self, session: &mut DbSession) -> Result<(), StoreError> {
        let Self { table, column, filter, .. } = self;
        let names: Vec<&str> = self.key.iter().map(|(name, _)| *name).collect();
        let key = names.join(", ");
        let placeholders: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
        let read = format!(
            "SELECT {key}, {column} FROM {table} WHERE {filter}({key}) > ({}) ORDER BY {key} LIMIT {PAGE_ROWS}",
            placeholders.join(", ")
        );
        let same: Vec<String> = names.iter().map(|name| format!("{table}.{name} = given.{name}")).collect();
        let write = |rows: &str| {
            let same = same.join(" AND ");
            format!("WITH given ({key}, {column}) AS ({rows}) UPDATE {table} SET {column} = given.{column} FROM given WHERE {same}")
        };
        let mut last_key: Vec<SqlValue> = self
            .key
            .iter()
            .map(|(_, key_type)| match key_type {
                KeyType::Text => "".into(),
                KeyType::Integer => i64::MIN.into(),
            })
            .collect();
        loop {
            let rows = session.fetch_all(read.clone(), last_key.clone()).await?;
            let mut changed = Vec::new();
            for row in &rows {
                for (index, (_, key_type)) in self.key.iter().enumerate() {
                    last_key[index] = match key_type {
                        KeyType::Text => row.text(index)?.into(),
                        KeyType::Integer => row.int(index)?.into(),
                    };
                }
                if let Some(text) = (self.rewrite)(row.text(names.len())?) {
                    changed.extend(last_key.iter().cloned());
                    changed.push(text.into());
                }
            }
            session.run_one(BulkStatement::write(session.engine(), write, names.len() + 1, changed, Vec::new())).await?;
            if rows.len() < PAGE_ROWS {
                return Ok(());
            }
        }
    }
}

/// Replaces a record's link by its fingerprint. The JSON is edited as text, so that everything else stays byte for byte. Inside a
/// text value the quotes would be escaped, so only the field itself matches.
fn with_fingerprint(record: &str) -> Option<String> {
    let (before, rest) = record.split_once("\"page_token\":\"")?;
    let (token, after) = rest.split_once('"')?;
    Some(format!("{before}\"earlier_link\":\"{}\"{after}", earlier_link::fingerprint(token)))
}

/// Removes the token from the link of an event or a stored response.
fn without_tokens(text: &str) -> Option<String> {
    const TOKEN: &str = "?token=";
    ["kyc_form_url", "url_payment", "url_status"].iter().find_map(|field| {
        let value = text.find(&format!("\"{field}\":\""))? + field.len() + 4;
        let end = value + text[value..].find('"')?;
        let token = value + text[value..end].find(TOKEN)? + TOKEN.len();
        let after = text[token..end].find('&').map_or(end, |length| token + length);
        Some(format!("{}{}", &text[..token], &text[after..]))
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
        assert_eq!(with_fingerprint(record), Some(expected.clone()));
        assert_eq!(with_fingerprint(&expected), None);
        let text = r#"{"id":"x?token=y","url_payment":"https://a/gateway/card?token=01a2","amount":"1"}"#;
        assert_eq!(
            without_tokens(text).as_deref(),
            Some(r#"{"id":"x?token=y","url_payment":"https://a/gateway/card?token=","amount":"1"}"#)
        );
        assert_eq!(
            without_tokens(r#"{"kyc_form_url":"https://a/kyc?token=b&level=2"}"#).as_deref(),
            Some(r#"{"kyc_form_url":"https://a/kyc?token=&level=2"}"#)
        );
        assert_eq!(without_tokens(r#"{"message":"created"}"#), None);
    }
}
