//! Sessions and the news of their end.

use std::{sync::Arc, time::Duration};

use inkan_base::SessionId;
use tokio::sync::broadcast;

use super::{
    TestStore,
    fixture::{NOW, TENANT, session},
};
use crate::{Session, SessionEvent, Store, StoreError, Tx};

inkan_test_support::engines!(TestStore:
    sessions_are_listed_newest_first,
    trimming_removes_the_oldest,
    parallel_sign_ins_keep_the_limit,
    deletions_are_announced_after_commit,
    all_but_one_session_can_be_ended,
    use_is_written_down_forwards_only,
    events_are_proven_alive,
);

/// Ids of the sessions whose end was announced until now.
fn ended(events: &mut broadcast::Receiver<SessionEvent>) -> Vec<SessionEvent> {
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        if event != SessionEvent::Flush && !seen.contains(&event) {
            seen.push(event);
        }
    }
    seen
}

fn ids(sessions: &[Session]) -> Vec<SessionId> {
    sessions.iter().map(|session| session.id).collect()
}

fn sorted(mut ids: Vec<SessionId>) -> Vec<SessionId> {
    ids.sort_unstable();
    ids
}

fn announced(sessions: &[Session]) -> Vec<SessionEvent> {
    sessions.iter().map(|session| SessionEvent::Ended(session.id)).collect()
}

/// Four sessions of one user, newest first; they are stored with their agent cut.
async fn four(test: &TestStore) -> Vec<Session> {
    let user = test.user().await;
    let mut sessions: Vec<_> = (0..4).map(|age| session(&test.rng, &user, age)).collect();
    for session in sessions.iter().rev() {
        test.store.write(TENANT, async |tx| tx.sessions().create(session).await).await.unwrap();
    }
    for session in &mut sessions {
        session.user_agent = Some("x".repeat(255));
    }
    sessions
}

async fn active(store: &Store, of: &Session) -> Vec<Session> {
    store.read(TENANT, async |tx| tx.sessions().list_active(of.user_id, NOW).await).await.unwrap()
}

async fn sessions_are_listed_newest_first(test: TestStore) {
    let sessions = four(&test).await;
    assert_eq!(active(&test.store, &sessions[0]).await, sessions);
    let later = sessions[0].expires_at;
    let late =
        test.store.read(TENANT, async |tx| tx.sessions().list_active(sessions[0].user_id, later).await).await;
    assert_eq!(late.unwrap(), []);
    let found = test.store.read(TENANT, async |tx| tx.sessions().find(sessions[2].id).await).await.unwrap();
    assert_eq!(found.as_ref(), Some(&sessions[2]));
}

async fn trimming_removes_the_oldest(test: TestStore) {
    let sessions = four(&test).await;
    let mut events = test.store.session_events();
    let ((), trimmed) = test
        .store
        .write_ending::<_, StoreError>(TENANT, async |tx| {
            tx.lock_user(sessions[0].user_id).await?;
            tx.sessions().trim(sessions[0].user_id, 2, NOW).await
        })
        .await
        .unwrap();
    assert_eq!(sorted(trimmed), sorted(ids(&sessions[2..])));
    assert_eq!(ended(&mut events).len(), 2);
    assert_eq!(active(&test.store, &sessions[0]).await, sessions[..2]);
}

async fn parallel_sign_ins_keep_the_limit(test: TestStore) {
    let user = test.user().await;
    let test = Arc::new(test);
    let sign_ins: Vec<_> = (0..40)
        .map(|age| {
            let (test, new) = (test.clone(), session(&test.rng, &user, age));
            tokio::spawn(async move {
                let sign_in = test.store.write_ending::<_, StoreError>(TENANT, async |tx| {
                    tx.lock_user(new.user_id).await?;
                    tx.sessions().create(&new).await?;
                    tx.sessions().trim(new.user_id, 5, NOW).await
                });
                sign_in.await.unwrap().1.len()
            })
        })
        .collect();
    let mut trimmed = 0;
    for sign_in in sign_ins {
        trimmed += sign_in.await.unwrap();
    }
    assert_eq!((trimmed, test.count("sessions").await), (35, 5));
}

async fn deletions_are_announced_after_commit(test: TestStore) {
    let sessions = four(&test).await;
    let mut events = test.store.session_events();
    let rolled_back = test
        .store
        .write(TENANT, async |tx| {
            tx.sessions().delete(sessions[0].id).await?;
            Err::<(), _>(StoreError::Retry)
        })
        .await;
    assert_eq!(rolled_back, Err(StoreError::Retry));
    assert_eq!(ended(&mut events), []);
    let deleted =
        test.store.write(TENANT, async |tx| tx.sessions().delete(sessions[0].id).await).await.unwrap();
    assert_eq!(deleted.as_ref(), Some(&sessions[0]));
    assert_eq!(ended(&mut events), announced(&sessions[..1]));
    let again =
        test.store.write(TENANT, async |tx| tx.sessions().delete(sessions[0].id).await).await.unwrap();
    assert_eq!(again, None);
}

async fn all_but_one_session_can_be_ended(test: TestStore) {
    let sessions = four(&test).await;
    let (user, kept) = (sessions[0].user_id, sessions[1].id);
    let end = async |except| {
        let work = async |tx: &mut Tx<'_>| tx.sessions().delete_of_user(user, except).await;
        sorted(test.store.write_ending::<_, StoreError>(TENANT, work).await.unwrap().1)
    };
    assert_eq!(end(Some(kept)).await, sorted([0, 2, 3].map(|number| sessions[number].id).into()));
    assert_eq!(end(None).await, [kept]);
    let work = async |tx: &mut Tx<'_>| tx.sessions().end(kept).await;
    assert_eq!(test.store.write_ending::<_, StoreError>(TENANT, work).await.unwrap().1, []);
}

async fn use_is_written_down_forwards_only(test: TestStore) {
    let sessions = four(&test).await;
    let id = sessions[0].id;
    let later = NOW + Duration::from_secs(5);
    let found = test
        .store
        .write(TENANT, async |tx| {
            tx.sessions().touch(id, later).await?;
            tx.sessions().touch(id, NOW).await?;
            tx.sessions().find(id).await
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.last_used, found.updated_at), (later, later));
}

async fn events_are_proven_alive(test: TestStore) {
    let alive = async {
        while !test.store.session_events_alive() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), alive).await.unwrap();
}
