//! The outbox: claiming, reporting, cleaning up.

use std::{collections::HashSet, sync::Arc, time::Duration};

use inkan_base::{AuditId, OutboxId, Timestamp};

use super::{
    TestStore,
    fixture::{NOW, Place, TENANT, flow, passcode, session},
};
use crate::{CleanedUp, NewOutboxMessage, OutboxMessage, OutboxState, StoreError};

inkan_test_support::engines!(TestStore:
    urgent_messages_are_claimed_first,
    leases_exclude_others_until_they_end,
    leases_of_a_killed_server_end_where_there_is_only_one,
    parallel_claims_are_disjoint,
    payloads_are_wiped,
    retries_wait,
    expired_messages_are_given_up,
    workers_are_woken_by_the_commit,
    cleaning_up_removes_what_is_over,
);

const LEASE: Duration = Duration::from_secs(30);

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn message(test: &TestStore, priority: i64) -> NewOutboxMessage {
    NewOutboxMessage {
        id: OutboxId::ordered(NOW, &test.rng),
        kind: "mail".to_owned(),
        priority,
        payload: vec![1, 2],
        created_at: NOW,
        expires_at: after(300),
    }
}

async fn enqueue(test: &TestStore, priority: i64) -> OutboxId {
    let message = message(test, priority);
    test.store.write(TENANT, async |tx| tx.outbox().enqueue(&message).await).await.unwrap();
    message.id
}

async fn claim(test: &TestStore, now: Timestamp) -> Vec<OutboxMessage> {
    test.store.claim_outbox(now, LEASE, 10).await.unwrap()
}

async fn only(test: &TestStore) -> OutboxMessage {
    test.store.read(TENANT, async |tx| tx.outbox().list(10).await).await.unwrap().remove(0)
}

async fn urgent_messages_are_claimed_first(test: TestStore) {
    let late = enqueue(&test, 20).await;
    let urgent = enqueue(&test, 10).await;
    let claimed = claim(&test, NOW).await;
    assert_eq!(claimed.iter().map(|message| message.id).collect::<Vec<_>>(), [urgent, late]);
    assert_eq!(claimed[0].payload, [1, 2]);
    assert_eq!(claimed[0].leased_until, Some(NOW + LEASE));
    assert_eq!((claimed[0].tenant, claimed[0].attempts, claimed[0].state), (TENANT, 1, OutboxState::Pending));
}

async fn leases_exclude_others_until_they_end(test: TestStore) {
    let id = enqueue(&test, 10).await;
    assert_eq!(claim(&test, NOW).await.len(), 1);
    assert_eq!(claim(&test, after(29)).await, []);
    let again = claim(&test, after(30)).await;
    assert_eq!((again[0].id, again[0].attempts), (id, 2));
}

async fn leases_of_a_killed_server_end_where_there_is_only_one(test: TestStore) {
    let id = enqueue(&test, 10).await;
    let later = enqueue(&test, 10).await;
    assert_eq!(claim(&test, NOW).await.len(), 2);
    test.store.write(TENANT, async |tx| tx.outbox().retry(later, after(600), "busy").await).await.unwrap();
    test.store.release_outbox(after(1), LEASE).await.unwrap();
    let claimed: Vec<_> = claim(&test, after(1)).await.iter().map(|message| message.id).collect();
    match test.place {
        Place::Sqlite(_) => assert_eq!(claimed, [id]),
        Place::Postgres(_) => assert_eq!(claimed, [], "another node may be sending"),
    }
}

async fn parallel_claims_are_disjoint(test: TestStore) {
    for _ in 0..60 {
        enqueue(&test, 10).await;
    }
    let test = Arc::new(test);
    let claims: Vec<_> = (0..12)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move { test.store.claim_outbox(NOW, LEASE, 5).await.unwrap() })
        })
        .collect();
    let mut seen = HashSet::new();
    for claim in claims {
        for message in claim.await.unwrap() {
            assert!(seen.insert(message.id), "claimed twice");
        }
    }
    while let [message, ..] = claim(&test, NOW).await.as_slice() {
        assert!(seen.insert(message.id), "claimed twice");
    }
    assert!(seen.len() >= 50, "{}", seen.len());
}

async fn payloads_are_wiped(test: TestStore) {
    let id = enqueue(&test, 10).await;
    claim(&test, NOW).await;
    test.store.write(TENANT, async |tx| tx.outbox().delivered(id, NOW).await).await.unwrap();
    let delivered = only(&test).await;
    assert_eq!((delivered.state, delivered.payload.len()), (OutboxState::Delivered, 0));
    assert_eq!(claim(&test, after(60)).await, []);
    // what is finished stays as it is
    test.store.write(TENANT, async |tx| tx.outbox().give_up(id, NOW, "late").await).await.unwrap();
    assert_eq!(only(&test).await, delivered);
}

async fn retries_wait(test: TestStore) {
    let id = enqueue(&test, 10).await;
    claim(&test, NOW).await;
    let error = "e".repeat(300);
    test.store.write(TENANT, async |tx| tx.outbox().retry(id, after(100), &error).await).await.unwrap();
    assert_eq!(claim(&test, after(99)).await, []);
    let again = claim(&test, after(100)).await;
    assert_eq!(again[0].last_error.as_deref(), Some("e".repeat(255).as_str()));
    let pending = test.store.read(TENANT, async |tx| tx.outbox().pending_count().await).await.unwrap();
    assert_eq!(pending, 1);
    test.store.write(TENANT, async |tx| tx.outbox().give_up(id, NOW, "refused").await).await.unwrap();
    let given_up = only(&test).await;
    assert_eq!((given_up.state, given_up.payload.len()), (OutboxState::GivenUp, 0));
}

async fn expired_messages_are_given_up(test: TestStore) {
    enqueue(&test, 10).await;
    assert_eq!(claim(&test, after(300)).await, []);
    let expired = only(&test).await;
    assert_eq!((expired.state, expired.last_error.as_deref()), (OutboxState::GivenUp, Some("expired")));
    assert_eq!(expired.payload, [0_u8; 0]);
}

async fn workers_are_woken_by_the_commit(test: TestStore) {
    let wakeups = test.store.outbox_wakeups();
    // on PostgreSQL the listener wakes the worker when it starts: wait for the silence after it
    while tokio::time::timeout(Duration::from_millis(400), wakeups.notified()).await.is_ok() {}
    let unwanted = message(&test, 10);
    let result = test
        .store
        .write(TENANT, async |tx| {
            tx.outbox().enqueue(&unwanted).await?;
            Err::<(), _>(StoreError::Retry)
        })
        .await;
    assert_eq!(result, Err(StoreError::Retry));
    assert!(tokio::time::timeout(Duration::from_millis(50), wakeups.notified()).await.is_err());
    enqueue(&test, 10).await;
    tokio::time::timeout(Duration::from_secs(5), wakeups.notified()).await.unwrap();
}

async fn cleaning_up_removes_what_is_over(test: TestStore) {
    let user = test.user().await;
    let rng = &test.rng;
    for number in 0..5 {
        let record = super::audit::record(AuditId::random(rng), after(number));
        test.store
            .write(TENANT, async |tx| {
                tx.flows().create(&flow(rng)).await?;
                tx.passcodes().create(&passcode(rng)).await?;
                tx.sessions().create(&session(rng, &user, number)).await?;
                tx.audit().create(&record).await?;
                tx.outbox().enqueue(&message(&test, 10)).await
            })
            .await
            .unwrap();
    }
    let retention = Duration::from_hours(720);
    let nothing = test.store.clean_up(after(299), retention, 2).await.unwrap();
    assert_eq!(nothing, CleanedUp { answers: 5, ..CleanedUp::default() });
    let some = test.store.clean_up(after(300), retention, 2).await.unwrap();
    assert_eq!(some, CleanedUp { passcodes: 5, ..CleanedUp::default() });
    let more = test.store.clean_up(after(90_000), Duration::from_secs(90_000 - 2), 2).await.unwrap();
    assert_eq!(
        more,
        CleanedUp { flows: 5, sessions: 5, audit_records: 3, outbox: 5, ..CleanedUp::default() }
    );
    assert_eq!(test.count("audit_records").await, 2);
    assert_eq!(test.count("outbox").await, 0);
}
