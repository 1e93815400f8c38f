//! The metrics as they are read: what was counted, and what the parts of the server say about themselves now.

use std::fmt::Write as _;

use inkan_base::TenantId;
use inkan_store::{Activity, StoreError};

use super::catalogue::{self, Definition};
use crate::App;

/// The Prometheus text format under way.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// One metric without labels.
    pub fn put(&mut self, definition: Definition, value: f64) {
        self.put_all(definition, &[("", value)]);
    }

    /// One metric with at most one label: its values, each with what was measured.
    pub fn put_all(&mut self, definition: Definition, values: &[(&str, f64)]) {
        self.series(definition, |text| {
            let Definition { name, labels, .. } = definition;
            for (label, value) in values {
                // Writing into a `String` cannot fail.
                let _ = match labels.first() {
                    Some(label_name) => writeln!(text, "{name}{{{label_name}=\"{label}\"}} {value}"),
                    None => writeln!(text, "{name} {value}"),
                };
            }
        });
    }

    /// One metric whose lines `write` adds.
    pub(super) fn series(&mut self, definition: Definition, write: impl FnOnce(&mut String)) {
        let Definition { name, kind, help, .. } = definition;
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
        write(&mut self.0);
        self.0.push('\n');
    }

    /// The whole text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl App {
    /// All metrics of this server. What the database cannot tell at the moment is left out.
    pub async fn metrics_page(&self) -> Page {
        let mut page = Page(self.metrics.text());
        self.metrics.requests.write(&mut page);
        page.put_all(catalogue::BUILD_INFO, &[(env!("CARGO_PKG_VERSION"), 1.0)]);
        page.put(catalogue::PASSWORD_HASHES, whole(self.passwords.work_done()));
        page.put(catalogue::PASSWORD_QUEUE, whole(self.passwords.waiting() as u64));
        page.put(catalogue::PASSWORD_REFUSALS, whole(self.passwords.refused()));
        let usage = self.store.usage();
        let both =
            |measure: fn(Activity) -> f64| [("read", measure(usage.reads)), ("write", measure(usage.writes))];
        page.put_all(catalogue::DATABASE_TRANSACTIONS, &both(|activity| whole(activity.transactions)));
        page.put_all(catalogue::DATABASE_SECONDS, &both(|activity| activity.time.as_secs_f64()));
        page.put_all(catalogue::DATABASE_STATEMENTS, &both(|activity| whole(activity.statements)));
        page.put_all(catalogue::DATABASE_ROUND_TRIPS, &both(|activity| whole(activity.round_trips)));
        page.put_all(catalogue::DATABASE_REFUSALS, &both(|activity| whole(activity.refused)));
        match self.outbox_state().await {
            Ok((messages, lag)) => {
                page.put(catalogue::OUTBOX_MESSAGES, messages);
                page.put(catalogue::OUTBOX_LAG, lag);
            }
            Err(error) => tracing::warn!(%error, "the queue of mails cannot be measured"),
        }
        page
    }

    async fn outbox_state(&self) -> Result<(f64, f64), StoreError> {
        let now = self.clock.now();
        let (count, oldest) = self
            .store
            .read::<_, StoreError>(TenantId::DEFAULT, async |tx| {
                Ok((tx.outbox().pending_count().await?, tx.outbox().oldest_due(now).await?))
            })
            .await?;
        let lag = oldest.map(|oldest| now.since(oldest).as_secs_f64()).unwrap_or_default();
        Ok((whole(u64::try_from(count).unwrap_or_default()), lag))
    }
}

/// The format has floating-point numbers only.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn whole(count: u64) -> f64 {
    count as f64
}
