//! Audit records.

use std::time::Duration;

use inkan_base::{AuditId, Timestamp, UserId};
use serde_json::json;

use super::{
    TestStore,
    fixture::{NOW, TENANT},
};
use crate::AuditRecord;

inkan_test_support::engines!(TestStore:
    w04_long_texts_are_cut,
    records_are_listed_newest_first,
    details_with_nul_are_stored,
);

pub(super) fn record(id: AuditId, created_at: Timestamp) -> AuditRecord {
    AuditRecord {
        id,
        kind: "login_success".to_owned(),
        error: None,
        request_id: "request".to_owned(),
        source_ip: "192.0.2.1".to_owned(),
        user_agent: "agent".to_owned(),
        actor_user_id: None,
        actor_email: None,
        details: None,
        created_at,
    }
}

/// Spec 11, weakness 4.
async fn w04_long_texts_are_cut(test: TestStore) {
    let mut record = record(AuditId::random(&test.rng), NOW);
    record.user_agent = "😀".repeat(1000);
    record.request_id = "r".repeat(256);
    record.error = Some("e".repeat(256));
    test.store.write(TENANT, async |tx| tx.audit().create(&record).await).await.unwrap();
    record.user_agent = "😀".repeat(255);
    record.request_id = "r".repeat(255);
    record.error = Some("e".repeat(255));
    let records = test.store.read(TENANT, async |tx| tx.audit().list(10).await).await.unwrap();
    assert_eq!(records, [record]);
}

async fn records_are_listed_newest_first(test: TestStore) {
    let mut records: Vec<_> =
        (0..3).map(|age| record(AuditId::random(&test.rng), NOW - Duration::from_secs(age))).collect();
    records[1].actor_user_id = Some(UserId::random(&test.rng));
    records[1].details = Some(json!({ "b": [1, 2.5, null], "a": "ä" }));
    let listed = test
        .store
        .write(TENANT, async |tx| {
            for record in records.iter().rev() {
                tx.audit().create(record).await?;
            }
            tx.audit().list(2).await
        })
        .await;
    assert_eq!(listed.unwrap(), records[..2]);
}

async fn details_with_nul_are_stored(test: TestStore) {
    let mut record = record(AuditId::random(&test.rng), NOW);
    record.details = Some(json!({ "a\0": ["\0", "\\u0000"] }));
    record.user_agent = "a\0b".to_owned();
    let records = test
        .store
        .write(TENANT, async |tx| {
            tx.audit().create(&record).await?;
            tx.audit().list(1).await
        })
        .await
        .unwrap();
    assert_eq!(records[0].details, Some(json!({ "a\u{FFFD}": ["\u{FFFD}", "\\u0000"] })));
    assert_eq!(records[0].user_agent, "a\u{FFFD}b");
}
