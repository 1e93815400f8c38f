//! Challenges: each is good for one verification, in its flow, in time.

use std::{sync::Arc, time::Duration};

use inkan_base::{FlowId, TenantId, UserId};

use super::{
    TestStore,
    fixture::{NOW, TENANT, all_at_once, challenge, constraint},
};
use crate::{ChallengeState, StoreError, WebauthnChallenge, WebauthnOperation};

inkan_test_support::engines!(TestStore:
    challenges_are_kept_whole,
    challenges_are_unique,
    challenges_belong_to_a_flow_and_a_kind,
    a_challenge_is_consumed_once,
    one_of_many_at_once_gets_the_challenge,
    expired_challenges_are_not_consumed,
    a_consumption_that_is_rolled_back_did_not_happen,
);

impl TestStore {
    async fn open(&self, challenge: &WebauthnChallenge) {
        self.store.write(TENANT, async |tx| tx.webauthn_challenges().create(challenge).await).await.unwrap();
    }
}

async fn challenges_are_kept_whole(test: TestStore) {
    let rng = &test.rng;
    let registration = WebauthnChallenge {
        flow_id: None,
        user_id: Some(UserId::random(rng)), // does not exist yet
        operation: WebauthnOperation::Registration,
        ..challenge(rng)
    };
    let second_factor =
        WebauthnChallenge { allowed_credentials: Some(vec![vec![1, 2, 3], vec![9; 1023]]), ..challenge(rng) };
    let nobody = WebauthnChallenge { allowed_credentials: Some(Vec::new()), ..challenge(rng) };
    for row in [registration, second_factor, nobody, challenge(rng)] {
        test.open(&row).await;
        let found = test.store.read(TENANT, async |tx| {
            tx.webauthn_challenges().find(row.flow_id, &row.kind, &row.challenge).await
        });
        assert_eq!(found.await.unwrap(), Some(row));
    }
}

async fn challenges_are_unique(test: TestStore) {
    let row = challenge(&test.rng);
    test.open(&row).await;
    let again = test.store.write(TENANT, async |tx| tx.webauthn_challenges().create(&row).await).await;
    assert_eq!(constraint(again), "webauthn_challenges_pkey");
}

async fn challenges_belong_to_a_flow_and_a_kind(test: TestStore) {
    let rng = &test.rng;
    let (of_flow, of_none) = (challenge(rng), WebauthnChallenge { flow_id: None, ..challenge(rng) });
    test.open(&of_flow).await;
    test.open(&of_none).await;
    let other_flow = Some(FlowId::ordered(NOW, rng));
    for (tenant, row, flow, kind) in [
        (TENANT, &of_flow, other_flow, "passkey"),
        (TENANT, &of_flow, None, "passkey"),
        (TENANT, &of_flow, of_flow.flow_id, "security_key"),
        (TENANT, &of_none, other_flow, "passkey"),
        (TenantId::random(rng), &of_flow, of_flow.flow_id, "passkey"),
    ] {
        let found = test.store.write(tenant, async |tx| {
            assert_eq!(tx.webauthn_challenges().find(flow, kind, &row.challenge).await?, None);
            tx.webauthn_challenges().consume(flow, kind, &row.challenge, NOW).await
        });
        assert_eq!(found.await.unwrap(), None, "{tenant} {flow:?} {kind}");
    }
    for row in [of_flow, of_none] {
        let found = test.store.write(TENANT, async |tx| {
            tx.webauthn_challenges().consume(row.flow_id, &row.kind, &row.challenge, NOW).await
        });
        assert_eq!(found.await.unwrap(), Some(WebauthnChallenge { consumed_at: Some(NOW), ..row }));
    }
}

async fn a_challenge_is_consumed_once(test: TestStore) {
    let row = challenge(&test.rng);
    test.open(&row).await;
    let later = NOW + Duration::from_secs(1);
    test.store
        .write(TENANT, async |tx| {
            let (flow, kind, bytes) = (row.flow_id, row.kind.as_str(), &row.challenge);
            let open = tx.webauthn_challenges().find(flow, kind, bytes).await?.unwrap();
            assert_eq!(open.state(later), ChallengeState::Open);
            assert!(tx.webauthn_challenges().consume(flow, kind, bytes, later).await?.is_some());
            assert_eq!(tx.webauthn_challenges().consume(flow, kind, bytes, later).await?, None);
            let consumed = tx.webauthn_challenges().find(flow, kind, bytes).await?.unwrap();
            assert_eq!(consumed.state(row.expires_at), ChallengeState::Consumed);
            assert_eq!(consumed, WebauthnChallenge { consumed_at: Some(later), ..row.clone() });
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn one_of_many_at_once_gets_the_challenge(test: TestStore) {
    let row = challenge(&test.rng);
    test.open(&row).await;
    let test = Arc::new(test);
    let consumed = all_at_once(40, || {
        let (test, row) = (test.clone(), row.clone());
        async move {
            let consumed = test.store.write(TENANT, async |tx| {
                tx.webauthn_challenges().consume(row.flow_id, &row.kind, &row.challenge, NOW).await
            });
            consumed.await.unwrap()
        }
    });
    assert_eq!(consumed.await.into_iter().flatten().count(), 1);
}

async fn expired_challenges_are_not_consumed(test: TestStore) {
    let row = challenge(&test.rng);
    test.open(&row).await;
    let (before, after) = (row.expires_at - Duration::from_micros(1), row.expires_at);
    test.store
        .write(TENANT, async |tx| {
            let (flow, kind, bytes) = (row.flow_id, row.kind.as_str(), &row.challenge);
            assert_eq!(tx.webauthn_challenges().consume(flow, kind, bytes, after).await?, None);
            let expired = tx.webauthn_challenges().find(flow, kind, bytes).await?.unwrap();
            assert_eq!(expired.state(before), ChallengeState::Open);
            assert_eq!(expired.state(after), ChallengeState::Expired);
            assert!(tx.webauthn_challenges().consume(flow, kind, bytes, before).await?.is_some());
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn a_consumption_that_is_rolled_back_did_not_happen(test: TestStore) {
    let row = challenge(&test.rng);
    test.open(&row).await;
    for ending in [Err(StoreError::Retry), Ok(())] {
        let result = test.store.write(TENANT, async |tx| {
            let consumed =
                tx.webauthn_challenges().consume(row.flow_id, &row.kind, &row.challenge, NOW).await?;
            assert!(consumed.is_some());
            ending.clone()
        });
        assert_eq!(result.await, ending);
    }
}

/// Two nodes: the second one waits for the first, and gets the challenge only if the first gives it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_wait_for_each_other() {
    for (ending, second_gets_it) in [(Ok(()), false), (Err(StoreError::Retry), true)] {
        let test = Arc::new(TestStore::postgres().await);
        let row = challenge(&test.rng);
        test.open(&row).await;
        let consume = async |tx: &mut crate::Tx<'_>| {
            tx.webauthn_challenges().consume(row.flow_id, &row.kind, &row.challenge, NOW).await
        };
        let (consumed, first_consumed) = tokio::sync::oneshot::channel();
        let (finish, may_finish) = tokio::sync::oneshot::channel();
        let first = test.store.write(TENANT, async |tx| {
            assert!(consume(tx).await?.is_some());
            consumed.send(()).unwrap();
            may_finish.await.unwrap();
            ending.clone()
        });
        let second = async {
            first_consumed.await.unwrap();
            let second = test.store.write(TENANT, async |tx| consume(tx).await);
            tokio::pin!(second);
            let early = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
            assert!(early.is_err(), "the row is locked");
            finish.send(()).unwrap();
            second.await.unwrap()
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first, second.is_some()), (ending.clone(), second_gets_it));
    }
}
