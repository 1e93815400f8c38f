use serde_json::json;

use super::*;

fn check(input: Input, value: &Value) -> (Value, Option<&'static str>) {
    let name = input.name;
    let submitted = json!({ name: value });
    let (inputs, errors) = Inputs::read(&[input], submitted.as_object().unwrap());
    (inputs.value(name), errors.first().map(|(_, e)| e.code))
}

#[test]
fn addresses() {
    for good in ["a@b.cd", "a@-.com", "a.b+c%d_e-f@sub.example.com", "1@2.museum"] {
        assert!(is_email(good), "{good}");
    }
    for bad in [
        "",
        "abc",
        "a@b",
        "a@b.c",
        "ü@example.com",
        "a b@example.com",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@b..co",
        "a@.co",
        "a@b.co ",
        "a@@b.co",
        "a@b.c0",
        "a\u{ff20}b.co",
        "a@b.co\n",
    ] {
        assert!(!is_email(bad), "{bad}");
    }
}

#[test]
fn normalised_values_become_text_first() {
    let email = || Input::email("email").required(true).max(120);
    assert_eq!(check(email(), &json!("  ALICE@EXAMPLE.COM ")), (json!("alice@example.com"), None));
    for missing in [json!(""), json!(null), json!("   ")] {
        assert_eq!(check(email(), &missing).1, Some("value_missing_error"));
    }
    for invalid in [json!("abc"), json!(5), json!(true), json!(["a"]), json!({}), json!("a@b")] {
        assert_eq!(check(email(), &invalid).1, Some("value_invalid_error"), "{invalid}");
    }
    let username = || Input::text("username").normalised().min(3).max(32);
    assert_eq!(check(username(), &json!(12345)), (json!("12345"), None));
    assert_eq!(check(username(), &json!(true)), (json!("true"), None));
    assert_eq!(check(username(), &json!("ab")).1, Some("value_too_short_error"));
    assert_eq!(check(username(), &json!("x".repeat(33))).1, Some("value_too_long_error"));
}

#[test]
fn others_are_taken_verbatim_and_other_types_count_as_missing() {
    let code = || Input::text("code").required(true).min(6).max(6).lengths_as_hints();
    assert_eq!(check(code(), &json!(" 12345")), (json!(" 12345"), None));
    assert_eq!(check(code(), &json!("1")), (json!("1"), None));
    assert_eq!(check(code(), &json!(123_456)).1, Some("value_missing_error"));
}

/// Spec 01, W16: lengths are characters, not bytes.
#[test]
fn w16_lengths_count_characters() {
    let password = || Input::password("new_password").min(8);
    assert_eq!(check(password(), &json!("üüüü")).1, Some("value_too_short_error"));
    assert_eq!(check(password(), &json!("üüüüüüüü")).1, None);
}

/// Spec 01, W17: an empty list of allowed values allows nothing.
#[test]
fn w17_empty_list_allows_nothing() {
    let provider = || Input::text("provider").required(true).allowed(vec![]);
    assert_eq!(check(provider(), &json!("google")).1, Some("value_invalid_error"));
    let one = Input::text("p").allowed(vec![Allowed { value: "a".into(), name: "A".into() }]);
    assert_eq!(check(one, &json!("a")).1, None);
}

#[test]
fn booleans_are_read_leniently() {
    for yes in [json!(true), json!(1), json!(-0.5), json!("true"), json!("T"), json!("1")] {
        assert_eq!(check(Input::boolean("b").required(true), &yes), (json!(true), None), "{yes}");
    }
    for no in [json!(false), json!(0), json!("yes"), json!(null), json!([true]), json!({"a": 1})] {
        assert_eq!(check(Input::boolean("b").required(true), &no), (json!(false), None), "{no}");
    }
}

#[test]
fn all_inputs_are_checked_and_undeclared_ones_ignored() {
    let declared = [Input::email("email").required(true), Input::text("username").normalised().min(3)];
    let submitted = json!({"email": "bad", "username": "x", "admin": true});
    let (inputs, errors) = Inputs::read(&declared, submitted.as_object().unwrap());
    assert_eq!(
        errors.iter().map(|(n, e)| (*n, e.code)).collect::<Vec<_>>(),
        [("email", "value_invalid_error"), ("username", "value_too_short_error")]
    );
    assert_eq!(inputs.value("admin"), Value::Null);
}
