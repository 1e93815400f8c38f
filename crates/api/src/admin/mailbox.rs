//! `GET /mailbox`, `GET /mailbox.json`: the mails that would have been sent, while no SMTP server is configured.

use axum::{
    extract::{Query, State},
    response::Response,
};
use http::StatusCode;
use inkan_mail::StoredMail;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::Shared;
use crate::{error::ApiError, error::json, pages};

/// `?to=ADDRESS`.
#[derive(Deserialize)]
pub(super) struct Filter {
    to: Option<String>,
}

#[derive(Serialize)]
struct Mails {
    mails: Vec<Mail>,
}

#[derive(Serialize)]
struct Mail {
    id: String,
    to: String,
    subject: String,
    text: String,
    html: String,
    date: String,
}

impl From<StoredMail> for Mail {
    fn from(mail: StoredMail) -> Self {
        let StoredMail { id, to, subject, text, html, date } = mail;
        Self { id, to, subject, text, html, date: date.to_string() }
    }
}

/// `GET /mailbox.json`: newest first.
pub(super) async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiError> {
    Ok(json(StatusCode::OK, &mails(&shared, &filter)?))
}

/// `GET /mailbox`: the same for people. The texts are shown, the HTML parts are not run.
pub(super) async fn page(
    State(shared): State<Shared>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiError> {
    let Mails { mails } = mails(&shared, &filter)?;
    let mails: Vec<_> = mails
        .into_iter()
        .map(|Mail { to, subject, text, date, .. }| context! { to, subject, text, date })
        .collect();
    Ok(pages::page(StatusCode::OK, "mailbox.html", context! { mails, to => filter.to }))
}

/// `GET /assets/signin.css`.
pub(super) async fn style() -> Response {
    pages::asset(include_str!("../../assets/signin.css"), "text/css; charset=UTF-8")
}

fn mails(shared: &Shared, filter: &Filter) -> Result<Mails, ApiError> {
    let mailbox = shared.mailbox.as_ref().ok_or(ApiError::NotFound)?;
    let wanted =
        |mail: &StoredMail| filter.to.as_ref().is_none_or(|to| mail.to.eq_ignore_ascii_case(to.trim()));
    Ok(Mails { mails: mailbox.list().into_iter().filter(wanted).map(Mail::from).collect() })
}
