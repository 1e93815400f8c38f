//! What pages for people have in common: escaping templates and headers that let nothing run but our own files (spec 13
//! §11.2, score item 94).

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use minijinja::{AutoEscape, Environment};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; \
                   frame-ancestors 'none'; base-uri 'none'";

/// A template of `assets/` and what is filled in; everything is escaped.
pub(crate) fn page(status: StatusCode, template: &str, values: minijinja::Value) -> Response {
    let rendered = templates().get_template(template).and_then(|template| template.render(values));
    match rendered {
        Ok(html) => with_headers((status, html).into_response(), "text/html; charset=UTF-8"),
        Err(error) => {
            tracing::error!(error = %error, template, "a page could not be rendered");
            crate::ApiError::Internal.into_response()
        }
    }
}

/// A file that belongs to a page.
pub(crate) fn asset(text: &'static str, content_type: &'static str) -> Response {
    with_headers(text.into_response(), content_type)
}

fn with_headers(mut response: Response, content_type: &'static str) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn templates() -> &'static Environment<'static> {
    static TEMPLATES: OnceLock<Environment<'static>> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, text) in [
            ("start.html", include_str!("../assets/start.html")),
            ("down.html", include_str!("../assets/down.html")),
            ("mailbox.html", include_str!("../assets/mailbox.html")),
        ] {
            if let Err(error) = environment.add_template(name, text) {
                tracing::error!(error = %error, name, "a template is broken");
            }
        }
        environment
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn s094_values_are_escaped_and_nothing_foreign_may_run() {
        let hostile = "<script>alert(1)</script>\"'";
        let response =
            page(StatusCode::OK, "start.html", minijinja::context! { name => hostile, mailbox => hostile });
        let headers = response.headers().clone();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();

        assert!(!html.contains("<script>alert") && html.contains("&lt;script&gt;alert(1)&lt;"), "{html}");
        assert!(
            headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'; script-src 'self'")
        );
        assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
    }

    #[test]
    fn s094_templates_have_no_inline_scripts_styles_or_handlers() {
        for (name, template) in templates().templates() {
            let source = template.source();
            for part in source.split('<').skip(1) {
                let tag = part.split('>').next().unwrap_or_default();
                let inline = tag.starts_with("style") || tag.contains(" style=") || tag.contains(" on");
                assert!(!inline && (!tag.starts_with("script") || tag.contains("src=")), "{name}: <{tag}>");
            }
        }
    }
}
