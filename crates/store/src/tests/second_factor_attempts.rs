//! Budgets of guesses at second factors.

use std::{sync::Arc, time::Duration};

use inkan_base::UserId;

use super::{
    TestStore,
    fixture::{NOW, TENANT, all_at_once, constraint},
};
use crate::{Guess, GuessBudget, StoreError};

inkan_test_support::engines!(TestStore:
    guesses_are_limited_and_come_back,
    parallel_guesses_never_exceed_the_budget,
    right_guesses_are_given_back,
    budgets_are_separate,
    budgets_survive_a_restart,
);

const BUDGET: GuessBudget = GuessBudget { attempts: 3, window: Duration::from_mins(10) };

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
                assert_eq!(tx.second_factor_attempts().take(user, "otp", BUDGET, now).await?, guess);
            }
            let none = GuessBudget { attempts: 0, ..BUDGET };
            let guess = tx.second_factor_attempts().take(user, "other", none, NOW).await?;
            assert_eq!(guess, Guess::Taken { left: 0 }, "at least one");
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let ghost = UserId::random(&test.rng);
    let guess = test
        .store
        .write(TENANT, async |tx| tx.second_factor_attempts().take(ghost, "otp", BUDGET, NOW).await)
        .await;
    assert_eq!(constraint(guess), "foreign_key");
}

async fn parallel_guesses_never_exceed_the_budget(test: TestStore) {
    let user = test.user().await.id;
    let test = Arc::new(test);
    let guesses = all_at_once(200, || {
        let test = test.clone();
        async move {
            test.store
                .write(TENANT, async |tx| tx.second_factor_attempts().take(user, "otp", BUDGET, NOW).await)
                .await
                .unwrap()
        }
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
                tx.second_factor_attempts().take(user, "otp", BUDGET, NOW).await?;
            }
            tx.second_factor_attempts().give_back(user, "otp").await?;
            let guess = tx.second_factor_attempts().take(user, "otp", BUDGET, NOW).await?;
            assert_eq!(guess, Guess::Taken { left: 0 });
            tx.second_factor_attempts().reset(user, "otp").await?;
            let guess = tx.second_factor_attempts().take(user, "otp", BUDGET, NOW).await?;
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
                    let guess = tx.second_factor_attempts().take(user, method, BUDGET, NOW).await?;
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
        let guess = test
            .store
            .write(TENANT, async |tx| tx.second_factor_attempts().take(user, "otp", BUDGET, NOW).await);
        assert_eq!(guess.await.unwrap(), Guess::Taken { left });
    }
    let test = test.reopen().await;
    let guess =
        test.store.write(TENANT, async |tx| tx.second_factor_attempts().take(user, "otp", BUDGET, NOW).await);
    assert!(matches!(guess.await.unwrap(), Guess::Refused { .. }));
}
