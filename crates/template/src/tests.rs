//! The language: against the recorded output of Go's own implementation, its limits, and arbitrary input.

use crate::{Fault, Template, Value, limits};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::sync::Arc;

fn render(source: &str, root: &Value) -> Result<String, String> {
    let template = Template::parse(source).map_err(|error| error.to_string())?;
    template.render(root).map(crate::Rendered::into_text).map_err(|error| error.to_string())
}

fn fault(source: &str) -> Fault {
    Template::parse(source).unwrap().render(&Value::Nil).unwrap_err().fault
}

fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_i64().map_or(Value::Float(number.as_f64().unwrap()), Value::Int),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(from_json).collect())),
        Json::Object(entries) => {
            Value::Map(Arc::new(entries.iter().map(|(key, value)| (key.clone(), from_json(value))).collect()))
        }
    }
}

/// The file holds templates with the output of Go 1.26 (`null`: Go refuses the template or fails).
#[test]
fn renders_what_go_renders() {
    let recorded: Json = serde_json::from_str(include_str!("../tests/data/go_text_template.json")).unwrap();
    let root = from_json(&recorded["data"]);
    let mut different = Vec::new();
    for case in recorded["cases"].as_array().unwrap() {
        let (source, expected) = (case["template"].as_str().unwrap(), case["output"].as_str());
        let actual = render(source, &root);
        if actual.as_deref().ok() != expected {
            different.push(format!("{source}\n  Go:   {expected:?}\n  here: {actual:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn prints_nothing_for_what_is_missing() {
    let root = from_json(&serde_json::json!({ "text": "a" }));
    assert_eq!(render("<{{.missing}}{{print nil}}{{printf \"%s\" nil}}>", &root).unwrap(), "<>");
    assert_eq!(
        render("{{.missing.x}}", &root).unwrap_err(),
        "line 1, column 3: field \"x\" of a missing object"
    );
}

#[test]
fn says_where_and_what_is_wrong() {
    for (source, expected) in [
        ("a\n {{ nope }}", "line 2, column 5: there is no function nope"),
        ("{{$x}}", "line 1, column 3: there is no variable $x"),
        ("{{if .a}}b", "line 1, column 3: this block has no {{end}}"),
        ("{{printf \"%d\" \"secret\"}}", "line 1, column 3: printf: %d does not fit a text"),
        ("{{printf \"%\u{1b}\" 1}}", "line 1, column 3: printf: %\\u{1b} does not fit a whole number"),
        ("{{printf \"%s\"}}", "line 1, column 3: printf: there are fewer values than verbs"),
        ("{{printf \"%9999d\" 1}}", "line 1, column 3: printf: widths are at most 1024"),
        ("{{define \"x\"}}{{end}}", "line 1, column 3: define is not possible here"),
    ] {
        assert_eq!(render(source, &Value::Nil).unwrap_err(), expected, "{source}");
    }
}

/// Stops at the depth limit without having gone deeper: a test thread has a stack of 2 MiB only.
#[test]
fn s118_refuses_depth_bombs() {
    for (open, inner, close) in [
        ("{{if 1}}", "x", "{{end}}"),
        ("{{with 1}}{{else}}", "x", "{{end}}"),
        ("{{range 1}}", "x", "{{end}}"),
    ] {
        let nested = |depth: usize| [open.repeat(depth), inner.to_owned(), close.repeat(depth)].concat();
        assert!(Template::parse(&nested(limits::DEPTH)).unwrap().render(&Value::Nil).is_ok(), "{open}");
        assert!(Template::parse(&nested(limits::DEPTH + 1)).is_err(), "{open}");
        assert!(Template::parse(&open.repeat(1_000)).is_err(), "{open}");
    }
    let parentheses = |depth: usize| format!("{{{{{}1{}}}}}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(render(&parentheses(limits::DEPTH), &Value::Nil).unwrap(), "1");
    assert!(Template::parse(&parentheses(limits::DEPTH + 1)).is_err());
    assert!(Template::parse(&"(".repeat(100_000)).is_err());
    assert!(Template::parse(&format!("{{{{{}", "(".repeat(16_000))).is_err());
}

/// What may be long is flat.
#[test]
fn s118_long_chains_are_no_depth() {
    let choices = format!("{{{{if 0}}}}{}{{{{else}}}}z{{{{end}}}}", "{{else if 0}}".repeat(1_000));
    assert_eq!(render(&choices, &Value::Nil).unwrap(), "z");
    let pipes = format!("{{{{1{}}}}}", " | print".repeat(1_500));
    assert_eq!(render(&pipes, &Value::Nil).unwrap(), "1");
    let fields = format!("{{{{.{}}}}}", vec!["a"; 8_000].join("."));
    assert!(render(&fields, &from_json(&serde_json::json!({}))).is_err());
}

#[test]
fn s118_limits_source_steps_and_output() {
    assert!(Template::parse(&"a".repeat(limits::SOURCE)).is_ok());
    assert!(Template::parse(&"a".repeat(limits::SOURCE + 1)).is_err());
    assert_eq!(fault("{{range 9000000000}}{{end}}"), Fault::Steps);
    assert_eq!(fault("{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}"), Fault::Steps);
    assert_eq!(fault("{{range 90000}}0123456789{{end}}"), Fault::Output);
    let doubling = "{{$x := \"0123456789\"}}{{range 20}}{{$x = print $x $x}}{{end}}";
    assert!(matches!(fault(doubling), Fault::Output | Fault::Steps));
    let comparing = "{{$x := printf \"%1024s\" \"\"}}{{range 90000}}{{if eq $x $x $x $x}}{{end}}{{end}}";
    assert_eq!(fault(comparing), Fault::Steps);
    let mut deep = Value::Nil;
    for _ in 0..limits::DEPTH + 2 {
        deep = Value::List(Arc::new(vec![deep]));
    }
    assert_eq!(Template::parse("{{.}}").unwrap().render(&deep).unwrap_err().fault, Fault::Depth);
}

/// Pieces that make a random text likely to get past the lexer.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "{{",
        "}}",
        "{{-",
        "- ",
        " -}}",
        " ",
        "if ",
        "else",
        "{{else}}",
        "{{end}}",
        "end",
        "with ",
        "range ",
        "break",
        "(",
        ")",
        "|",
        ",",
        ":=",
        "=",
        "$",
        "$x",
        ".",
        ".s",
        ".list",
        ".map.k",
        "nil",
        "true",
        "1",
        "-2.5",
        "0x1f",
        "\"a\"",
        "`b`",
        "'c'",
        "\"\\u00e9\"",
        "/*",
        "*/",
        "print ",
        "printf ",
        "\"%5.2v%q%x\"",
        "len ",
        "index ",
        "slice ",
        "eq ",
        "lt ",
        "and ",
        "or ",
        "not ",
        "é",
        "\\",
        "\n",
        "9999999999",
        "{{range 99999}}",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)]
}

proptest! {
    /// Neither panics nor hangs, whatever the source.
    #[test]
    fn s118_survives_any_source(source in ".{0,200}", pieces in prop::collection::vec(piece(), 0..60)) {
        let root = from_json(&serde_json::json!({ "s": "äb", "list": [1, "b"], "map": { "k": 1.5 } }));
        let pieces = pieces.concat();
        for source in [&source, &pieces, &format!("{{{{{source}}}}}"), &format!("{{{{{pieces}}}}}")] {
            let _ = render(source, &root);
        }
    }

    /// Text without actions is its own output.
    #[test]
    fn text_stays(source in "[^{]{0,100}") {
        prop_assert_eq!(render(&source, &Value::Nil).unwrap(), source);
    }
}
