//! What each action of a scenario asked of the database, from the server's metrics: statements, and round trips to PostgreSQL.

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr};

use serde::Serialize;

use crate::{
    Failure,
    http::{Connection, request},
};

const METRICS: [&str; 3] =
    ["inkan_flow_actions_total", "inkan_flow_statements_total", "inkan_flow_round_trips_total"];

/// Actions, statements, round trips; by the labels of the metrics.
pub(crate) struct Counters(BTreeMap<String, [f64; 3]>);

/// One action of a scenario.
#[derive(Serialize)]
pub(crate) struct Asked {
    scenario: String,
    target: String,
    /// `flow state action`.
    action: String,
    times: f64,
    statements: f64,
    round_trips: f64,
}

impl Counters {
    /// The counters of the server whose admin port this is.
    pub(crate) async fn read(admin: SocketAddr) -> Result<Self, Failure> {
        let mut connection = Connection::new(admin);
        let reply = connection.send(&request("GET", "/metrics", "", "")).await?;
        let mut counters = BTreeMap::<String, [f64; 3]>::new();
        for line in std::str::from_utf8(reply.body)?.lines() {
            let Some((name, rest)) = line.split_once('{') else { continue };
            let Some(index) = METRICS.iter().position(|metric| *metric == name) else { continue };
            let Some((labels, value)) = rest.rsplit_once("} ") else { continue };
            counters.entry(labels.to_owned()).or_default()[index] = value.parse()?;
        }
        Ok(Self(counters))
    }

    /// What was asked since `before`, per successful action. Starting a flow asks nothing.
    pub(crate) fn since(&self, before: &Self, scenario: &str, target: &str) -> Vec<Asked> {
        let nothing = [0.0; 3];
        let mut asked = Vec::new();
        for (labels, now) in &self.0 {
            let before = before.0.get(labels).unwrap_or(&nothing);
            let [times, statements, round_trips] = [0, 1, 2].map(|index| now[index] - before[index]);
            let values: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
            if let [flow, state, action, "ok"] = values[..]
                && action != "start"
                && times > 0.0
            {
                asked.push(Asked {
                    scenario: scenario.to_owned(),
                    target: target.to_owned(),
                    action: format!("{flow} {state} {action}"),
                    times,
                    statements: statements / times,
                    round_trips: round_trips / times,
                });
            }
        }
        asked
    }
}

/// A Markdown table.
pub(crate) fn table(asked: &[Asked]) -> String {
    let mut text = String::from(
        "| scenario | target | action | times | statements | round trips |\n|---|---|---|---|---|---|\n",
    );
    for Asked { scenario, target, action, times, statements, round_trips } in asked {
        // Writing into a `String` cannot fail.
        let _ = writeln!(
            text,
            "| {scenario} | {target} | {action} | {times:.0} | {statements:.1} | {round_trips:.1} |"
        );
    }
    text
}
