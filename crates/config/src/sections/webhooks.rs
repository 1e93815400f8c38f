//! `webhooks`: who is told about changes. Spec 10 §6.6, spec 09.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::is_http_url;
use crate::error::Report;

/// Who is told about changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Webhooks {
    /// Use the hooks of this list; hooks in the database work regardless.
    pub enabled: bool,
    /// Hooks in the database end 30 days after their last success.
    #[schemars(extend("x-env" = "ALLOWTIMEEXPIRATION"))]
    pub allow_time_expiration: bool,
    /// The hooks.
    pub hooks: Vec<Hook>,
}

/// A hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Hook {
    /// URL that is called.
    pub callback: String,
    /// Events that are sent, e.g. `user` or `session.create`.
    pub events: Vec<String>,
}

/// The events that a hook may name: an event stands for all that begin with it and a dot.
const EVENTS: [&str; 28] = [
    "user",
    "user.create",
    "user.delete",
    "user.login",
    "user.update",
    "user.update.email",
    "user.update.email.create",
    "user.update.email.delete",
    "user.update.email.primary",
    "user.update.password.update",
    "user.update.username",
    "user.update.username.create",
    "user.update.username.delete",
    "user.update.username.update",
    "email.send",
    "session",
    "session.create",
    "session.create.flow",
    "session.create.admin",
    "session.delete",
    "session.delete.explicit",
    "session.delete.explicit.logout",
    "session.delete.explicit.revoke",
    "session.delete.admin",
    "session.delete.admin.revoke",
    "session.delete.passive",
    "session.delete.passive.expire",
    "session.delete.passive.limit",
];

impl Webhooks {
    pub(crate) fn check(&self, report: &mut Report) {
        if !self.enabled {
            return;
        }
        for (i, hook) in self.hooks.iter().enumerate() {
            let key = format!("webhooks.hooks[{i}]");
            if !is_http_url(&hook.callback) {
                report.value(
                    format!("{key}.callback"),
                    format!("expected an absolute http or https URL, found {:?}", hook.callback),
                );
            }
            if hook.events.is_empty() {
                report.value(format!("{key}.events"), "at least one event is needed");
            }
            for event in hook.events.iter().filter(|event| !EVENTS.contains(&event.as_str())) {
                let known = EVENTS.map(str::to_owned).to_vec();
                let nearest = crate::load::most_similar(event, known, 0.6);
                let hint = nearest.map_or_else(String::new, |event| format!("; did you mean {event}?"));
                report.value(format!("{key}.events"), format!("there is no event {event:?}{hint}"));
            }
        }
    }
}
