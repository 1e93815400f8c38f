//! Budgets of guesses at second factors.

use std::{sync::Arc, time::Duration};

use inkan_base::{Timestamp, UserId};

use super::{
    TestStore,
    fixture::{NOW, TENANT, all_at_once},
};
use crate::{Guess, GuessBudget, StoreError, Tx};

inkan_test_support::engines!(TestStore:
    guesses_are_limited_and_come_back,
    parallel_guesses_never_exceed_the_budget,
    right_guesses_are_given_back,
    budgets_are_separate,
    budgets_survive_a_restart,
);

const BUDGET: GuessBudget = GuessBudget { attempts: 3, window: Duration::from_mins(10) };

pub(super) async fn take(
    tx: &mut Tx<'_>,
    user: UserId,
    method: &str,
    budget: GuessBudget,
    now: Timestamp,
) -> Result<Guess, StoreError> {
    let asked = tx.second_factor_attempts().ask(user, method, budget, now).await?;
    tx.second_factor_attempts().take(asked).await
}

async fn guesses_are_limited_and_come_back(test: TestStore) {
    let user = test.user().await.id;
    let (soon, end) = (NOW + Duration::from_mins(5), NOW + Duration::from_mins(10));
    test.store
        .write(TENANT, async |tx| {
            for (now, guess) in [
                (NOW, Guess::Taken { left: 2 }),
                (soon, Guess::Taken { left: 1 }),
                (soon, Guess::Taken { left: 0 }),
                (soon, Guess::Refused { until: end }),
                (end - Duration::from_micros(1), Guess::Refused { until: end }),
                (end, Guess::Taken { left: 2 }),
                (end + Duration::from_mins(10), Guess::Taken { left: 2 }),
            ] {
                assert_eq!(take(tx, user, "otp", BUDGET, now).await?, guess);
            }
            let none = GuessBudget { attempts: 0, ..BUDGET };
            let guess = take(tx, user, "other", none, NOW).await?;
            assert_eq!(guess, Guess::Taken { left: 0 }, "at least one");
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let ghost = UserId::random(&test.rng);
    let guess = test.store.write(TENANT, async |tx| take(tx, ghost, "otp", BUDGET, NOW).await).await;
    let guess: Result<_, StoreError> = guess;
    assert_eq!(guess.unwrap(), Guess::Refused { until: NOW }, "somebody who is gone has none");
}

async fn parallel_guesses_never_exceed_the_budget(test: TestStore) {
    let user = test.user().await.id;
    let test = Arc::new(test);
    let guesses = all_at_once(200, || {
        let test = test.clone();
        async move { test.store.write(TENANT, async |tx| take(tx, user, "otp", BUDGET, NOW).await).await.unwrap() }
    });
    let mut left: Vec<_> = guesses
        .await
        .into_iter()
        .filter_map(|guess| if let Guess::Taken { left } = guess { Some(left) } else { None })
        .collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2]);
}

async fn right_guesses_are_given_back(test: TestStore) {
    let user = test.user().await.id;
    test.store
        .write(TENANT, async |tx| {
            tx.second_factor_attempts().give_back(user, "otp").await?; // nothing was taken
            for _ in 0..5 {
                take(tx, user, "otp", BUDGET, NOW).await?;
            }
            tx.second_factor_attempts().give_back(user, "otp").await?;
            let guess = take(tx, user, "otp", BUDGET, NOW).await?;
            assert_eq!(guess, Guess::Taken { left: 0 });
            tx.second_factor_attempts().reset(user, "otp").await?;
            let guess = take(tx, user, "otp", BUDGET, NOW).await?;
            assert_eq!(guess, Guess::Taken { left: 2 });
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn budgets_are_separate(test: TestStore) {
    let (ada, bob) = (test.user().await.id, test.user().await.id);
    test.store
        .write(TENANT, async |tx| {
            for (user, method) in [(ada, "otp"), (ada, "recovery_code"), (bob, "otp")] {
                for left in [2, 1, 0] {
                    let guess = take(tx, user, method, BUDGET, NOW).await?;
                    assert_eq!(guess, Guess::Taken { left }, "{user} {method}");
                }
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn budgets_survive_a_restart(test: TestStore) {
    let user = test.user().await.id;
    for left in [2, 1, 0] {
        let guess = test.store.write(TENANT, async |tx| take(tx, user, "otp", BUDGET, NOW).await);
        assert_eq!(guess.await.unwrap(), Guess::Taken { left });
    }
    let test = test.reopen().await;
    let guess = test.store.write(TENANT, async |tx| take(tx, user, "otp", BUDGET, NOW).await);
    assert!(matches!(guess.await.unwrap(), Guess::Refused { .. }));
}
