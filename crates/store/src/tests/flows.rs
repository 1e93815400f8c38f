//! Flow rows: compare and swap.

use std::{sync::Arc, time::Duration};

use super::{
    TestStore,
    fixture::{NOW, TENANT, constraint, flow},
};
use crate::StoreError;

inkan_test_support::engines!(TestStore:
    flows_are_kept_whole,
    a_flow_starts_once,
    one_of_many_updates_wins,
    answers_are_wiped_when_they_cannot_be_had_again,
);

async fn flows_are_kept_whole(test: TestStore) {
    let mut row = flow(&test.rng);
    let found = test
        .store
        .write(TENANT, async |tx| {
            tx.flows().create(&row).await?;
            tx.flows().find(row.id).await
        })
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&row));
    row.state = "success".to_owned();
    row.version = 2;
    row.csrf_token = "next".to_owned();
    row.data = Vec::new();
    row.last_request = Some(vec![1]);
    row.last_answer = None;
    row.last_answer_until = None;
    row.finished = true;
    row.updated_at = NOW + Duration::from_secs(1);
    row.expires_at = NOW + Duration::from_secs(2);
    let found = test
        .store
        .write(TENANT, async |tx| {
            tx.flows().update(&row, 1).await?;
            tx.flows().find(row.id).await
        })
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&row));
    row.state = "lost".to_owned();
    let late = test.store.write(TENANT, async |tx| {
        tx.users().create(&crate::User::new(inkan_base::UserId::random(&test.rng), NOW)).await?;
        tx.flows().update(&row, 1).await
    });
    assert_eq!(constraint(late.await), "flows_version");
    assert_eq!(test.count("users").await, 0);
    let found = test.store.read(TENANT, async |tx| tx.flows().find(row.id).await).await.unwrap().unwrap();
    assert_eq!(found.state, "success");
}

async fn a_flow_starts_once(test: TestStore) {
    let row = flow(&test.rng);
    test.store.write(TENANT, async |tx| tx.flows().create(&row).await).await.unwrap();
    let again = test.store.write(TENANT, async |tx| tx.flows().create(&row).await).await;
    assert_eq!(constraint(again), "flows_pkey");
}

async fn one_of_many_updates_wins(test: TestStore) {
    let row = flow(&test.rng);
    test.store.write(TENANT, async |tx| tx.flows().create(&row).await).await.unwrap();
    let test = Arc::new(test);
    let updates: Vec<_> = (0..50)
        .map(|_| {
            let (test, mut row) = (test.clone(), row.clone());
            row.version = 2;
            tokio::spawn(async move {
                test.store.write(TENANT, async |tx| tx.flows().update(&row, 1).await).await
            })
        })
        .collect();
    let mut won = 0;
    for update in updates {
        match update.await.unwrap() {
            Ok(()) => won += 1,
            lost => assert_eq!(constraint(lost), "flows_version"),
        }
    }
    assert_eq!(won, 1);
    let version = test
        .store
        .read(TENANT, async |tx| Ok::<_, StoreError>(tx.flows().find(row.id).await?.unwrap().version));
    assert_eq!(version.await.unwrap(), 2);
}

async fn answers_are_wiped_when_they_cannot_be_had_again(test: TestStore) {
    let clean_up = async |seconds| {
        let now = NOW + Duration::from_secs(seconds);
        test.store.clean_up(now, Duration::from_hours(1), 2).await.unwrap().answers
    };
    let mut rows: Vec<_> = (0..5).map(|_| flow(&test.rng)).collect();
    for row in &mut rows {
        (row.last_request, row.last_answer) = (Some(vec![1]), Some(vec![2]));
        row.last_answer_until = Some(NOW + Duration::from_secs(10));
        row.expires_at = NOW + Duration::from_hours(24);
        test.store.write(TENANT, async |tx| tx.flows().create(row).await).await.unwrap();
    }
    assert_eq!((clean_up(9).await, clean_up(10).await, clean_up(11).await), (0, 5, 0));
    for mut row in rows {
        let found = test.store.read(TENANT, async |tx| tx.flows().find(row.id).await).await.unwrap();
        (row.last_request, row.last_answer, row.last_answer_until) = (None, None, None);
        assert_eq!(found, Some(row), "nothing else changes");
    }
}
