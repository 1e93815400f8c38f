//! Claims: the worked example of spec 05 §2.5, its rules, and what users can do with them.

use super::*;
use serde_json::json;

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn alice() -> UserData {
    UserData {
        user_id: "0198c0de-0000-7000-8000-000000000001".to_owned(),
        email: Some(Email { address: "alice@example.test".to_owned(), is_primary: true, is_verified: true }),
        username: "alice".to_owned(),
        name: "Alice Doe".to_owned(),
        given_name: "Alice".to_owned(),
        public_metadata: Some(json!({ "role": "admin" })),
        unsafe_metadata: Some(json!({ "theme": { "dark": true, "l": [1, { "x": "y" }, 2.5] }, "a.b": null })),
        ..UserData::default()
    }
}

/// Evaluates one claim; `None` if it is dropped.
fn claim(template: &str, user: &UserData) -> Option<Value> {
    evaluate(&map(&json!({ "c": template })), user).claims.remove("c")
}

fn failure(template: &str, user: &UserData) -> String {
    evaluate(&map(&json!({ "c": template })), user).failures.remove(0).1
}

#[test]
fn the_worked_example() {
    let claims = map(&json!({
        "role": "user",
        "num": 42,
        "ver": "{{ .User.Email.IsVerified }}",
        "scopes": ["read", "{{if .User.Email.IsVerified}}admin{{else}}basic{{end}}", 7],
        "pub": "{{ .User.Metadata.Public }}",
        "pub_role": "{{ .User.Metadata.Public \"role\" }}",
        "dark": "{{ .User.Metadata.Unsafe \"theme.dark\" }}",
        "count": "{{ .User.Metadata.Unsafe \"theme\" \"l\" \"#\" }}",
        "doc": "{\"a\":[1,2,\"{{.User.Email.Address}}\"]}",
        "broken": "{{ .User.Nope }}",
    }));
    let evaluated = CompiledClaims::new(&claims).evaluate(&alice());
    assert_eq!(
        Value::Object(evaluated.claims),
        json!({
            "role": "user", "num": 42, "ver": true, "scopes": ["read", "admin", 7], "pub": { "role": "admin" },
            "pub_role": "admin", "dark": true, "count": "3", "doc": { "a": [1, 2, "alice@example.test"] },
        })
    );
    let reason = "line 1, column 4: there is no field \"Nope\"".to_owned();
    assert_eq!(evaluated.failures, [("broken".to_owned(), reason)]);
    assert!(check(&claims).is_empty());
}

#[test]
fn every_field_has_its_text() {
    let user = alice();
    for (template, expected) in [
        ("{{.User.UserID}}", json!("0198c0de-0000-7000-8000-000000000001")),
        (
            "{{.User.Username}}|{{.User.Name}}|{{.User.GivenName}}|{{.User.FamilyName}}|{{.User.Picture}}",
            json!("alice|Alice Doe|Alice||"),
        ),
        (
            "{{.User.Email}}",
            json!({ "address": "alice@example.test", "is_primary": true, "is_verified": true }),
        ),
        ("{{.User.Email.IsPrimary}}", json!(true)),
        (
            "{{.User.Metadata}}",
            json!({ "public_metadata": user.public_metadata, "unsafe_metadata": user.unsafe_metadata }),
        ),
        (
            "{{.User}}",
            json!({
                "user_id": user.user_id, "username": "alice", "name": "Alice Doe", "given_name": "Alice",
                "email": { "address": "alice@example.test", "is_primary": true, "is_verified": true },
                "metadata": { "public_metadata": user.public_metadata, "unsafe_metadata": user.unsafe_metadata },
            }),
        ),
        ("{{with .User.Metadata}}{{.Public \"role\"}}{{end}}", json!("admin")),
        ("{{\"role\" | .User.Metadata.Public}}", json!("admin")),
    ] {
        assert_eq!(claim(template, &user), Some(expected), "{template}");
    }
}

#[test]
fn what_is_missing_is_empty_or_an_error() {
    let nobody = UserData { public_metadata: Some(json!({})), ..UserData::default() };
    let template = "{{if .User.Email}}a{{else}}b{{end}}{{.User.Email}}{{.User.Metadata}}{{.User.Name}}";
    assert_eq!(claim(template, &nobody), Some(json!("b")));
    assert_eq!(claim("{{.User}}", &nobody), Some(json!({ "user_id": "" })));
    for template in
        ["{{.User.Email.Address}}", "{{.User.Metadata.Public}}", "{{.User.Metadata.Unsafe \"a\"}}"]
    {
        assert!(failure(template, &nobody).contains("of a missing object"), "{template}");
    }
    for template in ["{{.Users}}", "{{.User.Private}}", "{{.User.Metadata.Private}}", "{{.User.Email.Id}}"] {
        assert!(failure(template, &alice()).contains("there is no field"), "{template}");
    }
    assert!(failure("{{.User.Name \"a\"}}", &alice()).contains("takes no arguments"));
    assert!(failure("{{.User.Metadata.Public 1}}", &alice()).contains("wants texts"));
}

#[test]
fn paths_find_their_value() {
    for (path, expected) in [
        (r#""theme""#, json!({ "dark": true, "l": [1, { "x": "y" }, 2.5] })),
        (r#""theme.l""#, json!([1, { "x": "y" }, 2.5])),
        (r#""theme.l.1.x""#, json!("y")),
        (r#""theme" "l" "0""#, json!("1")),
        (r#""theme.l.2""#, json!("2.5")),
        (r#""theme.l.#""#, json!("3")),
        (r#""theme.l.#.x""#, json!(["y"])),
        (r#""theme.l.9""#, json!("")),
        (r#""theme.l.x""#, json!("")),
        (r#""theme.l.\\#""#, json!("")),
        (r#""nope""#, json!("")),
        (r#""theme.dark.x""#, json!("")),
        (r#""a\\.b""#, json!("")),
        (r#""""#, json!("")),
    ] {
        let template = format!("{{{{.User.Metadata.Unsafe {path}}}}}");
        assert_eq!(claim(&template, &alice()), Some(expected), "{path}");
    }
    let long = format!("{{{{.User.Metadata.Unsafe \"{}\"}}}}", "a".repeat(limits::PATH + 1));
    assert!(failure(&long, &alice()).contains("paths are at most"));
}

#[test]
fn text_becomes_the_type_it_looks_like() {
    let constants = json!({
        "t": "true", "f": "false", "spaced": "  true ", "upper": "True", "n": "12", "no": "{not json}", "o": "{\"a\":1}",
        "l": "[1,{}]", "mixed": "[1}", "nul": "null", "empty": "", "nil": null, "raw": 1.5, "b": true,
    });
    let expected = json!({
        "t": true, "f": false, "spaced": "  true ", "upper": "True", "n": "12", "no": "{not json}", "o": { "a": 1 },
        "l": [1, {}], "mixed": "[1}", "nul": "null", "empty": "", "nil": null, "raw": 1.5, "b": true,
    });
    assert_eq!(Value::Object(evaluate(&map(&constants), &alice()).claims), expected);
    assert_eq!(claim("{{if .User.Email}}true{{else}}false{{end}}", &alice()), Some(json!(true)));
    let bomb = "[".repeat(5_000) + &"]".repeat(5_000);
    assert_eq!(claim(&bomb, &alice()), Some(json!(bomb)));
}

#[test]
fn one_failing_part_drops_its_claim_only() {
    let claims = map(&json!({
        "a": { "x": ["fine", { "y": "{{.User.Nope}}" }] }, "b": ["{{if}}"], "c": { "k": ["{{.User.Username}}"] },
    }));
    let evaluated = evaluate(&claims, &alice());
    assert_eq!(Value::Object(evaluated.claims), json!({ "c": { "k": ["alice"] } }));
    let mut failed: Vec<_> = evaluated.failures.into_iter().map(|(claim, _)| claim).collect();
    failed.sort();
    assert_eq!(failed, ["a", "b"]);
    let problem = ("b".to_owned(), "line 1, column 5: a value is missing".to_owned());
    assert_eq!(check(&claims), [problem]);
}

#[test]
fn s084_reserved_claims_are_refused_and_ignored() {
    let claims: Map<_, _> =
        RESERVED.iter().map(|name| ((*name).to_owned(), json!("{{.User.Name}}"))).collect();
    assert_eq!(check(&claims).len(), RESERVED.len());
    assert!(check(&claims).iter().all(|(_, reason)| reason == "this claim is set by the server"));
    let evaluated = evaluate(&claims, &UserData::default());
    assert_eq!(evaluated, Evaluated::default());
}

/// Unsafe metadata cannot change the structure around it, nor give a larger text a type.
#[test]
fn s093_unsafe_metadata_in_larger_text_stays_text() {
    let evil = r#"x","role":"admin","y":""#;
    let user = UserData { unsafe_metadata: Some(json!({ "t": evil, "ue": "ue", "n": "1" })), ..alice() };
    for (template, expected) in [
        (
            r#"{"role":"user","t":"{{.User.Metadata.Unsafe "t"}}"}"#,
            format!(r#"{{"role":"user","t":"{evil}"}}"#),
        ),
        (r#"{"role":"user","n":{{.User.Metadata.Unsafe "n"}}}"#, r#"{"role":"user","n":1}"#.to_owned()),
        (r#"tr{{.User.Metadata.Unsafe "ue"}}"#, "true".to_owned()),
        (r#"{{.User.Metadata.Unsafe "nope"}}{{printf "%s" "true"}}"#, "true".to_owned()),
        (r#"{{printf "[%s]" (.User.Metadata.Unsafe "n")}}"#, "[1]".to_owned()),
        (r#"{{$x := .User.Metadata.Unsafe "n"}}[{{$x | print}}]"#, "[1]".to_owned()),
        (r#"{{slice "[1]xx" 0 3}}{{with .User.Metadata}}{{.Unsafe "nope"}}{{end}}"#, "[1]".to_owned()),
    ] {
        assert_eq!(claim(template, &user), Some(json!(expected)), "{template}");
    }
    let whole = claim(r#"{"m":{{.User.Metadata}}}"#, &user).unwrap();
    assert!(whole.is_string());
    // Deciding by it is no printing of it.
    let template = r#"{"one":{{if eq (.User.Metadata.Unsafe "n") "1"}}true{{else}}false{{end}}}"#;
    assert_eq!(claim(template, &user), Some(json!({ "one": true })));
    // Structure from the configuration needs no conversion.
    let nested = map(&json!({ "c": { "role": "user", "t": "{{.User.Metadata.Unsafe \"t\"}}" } }));
    assert_eq!(evaluate(&nested, &user).claims["c"], json!({ "role": "user", "t": evil }));
}

#[test]
fn s093_names_in_larger_text_cannot_leave_their_string() {
    let named = |name: &str| UserData { name: name.to_owned(), ..alice() };
    let template = r#"{"role":"user","name":"{{.User.Name}}","p":{{.User.Metadata.Public}}}"#;
    let converted = json!({ "role": "user", "name": "Ada: {x}", "p": { "role": "admin" } });
    assert_eq!(claim(template, &named("Ada: {x}")), Some(converted));
    for name in [r#"x","role":"admin","y":""#, r"x\", "x\n"] {
        assert!(claim(template, &named(name)).unwrap().is_string(), "{name}");
    }
    assert!(claim(r#"{"n":{{.User.Name}}}"#, &named("true")).unwrap().is_string());
    assert!(claim(r#"{"n":"\{{.User.Name}}"}"#, &named("n")).unwrap().is_string());
    assert!(claim(r#"{"role":"user","{{.User.Name}}" :"admin"}"#, &named("role")).unwrap().is_string());
    assert!(claim("[1]{{.User.FamilyName}}", &named("")).unwrap().is_string());
    // Alone, a value has the type it looks like; `printf` keeps it a string.
    assert_eq!(claim("{{.User.Name}}", &named("[1]")), Some(json!([1])));
    assert_eq!(claim("{{printf \"%s\" .User.Name}}", &named("[1]")), Some(json!("[1]")));
    let name = "{{.User.UserID}} {{";
    assert_eq!(claim("{{.User.Name}}!", &named(name)), Some(json!(format!("{name}!"))));
}

#[test]
fn s118_claims_nested_too_deep_are_refused() {
    let mut deep = json!("x");
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let claims = map(&json!({ "deep": deep, "fine": "x" }));
    assert_eq!(check(&claims), [("deep".to_owned(), "nested deeper than 64 levels".to_owned())]);
    let evaluated = evaluate(&claims, &alice());
    assert_eq!((evaluated.claims.len(), evaluated.failures.len()), (1, 1));
}
