//! Every statement that any test runs on SQLite is explained: none may read a whole table (spec 11, weakness 14).

use rusqlite::{Connection, params_from_iter, types::Null};

/// Statements that read a whole table by intent.
const EXCEPTIONS: [&str; 2] = ["SELECT count(*) FROM", "refinery_schema_history"];

/// Tables of which all rows of a tenant are wanted, or the first few in the order of the index.
const WHOLE_TENANT: [&str; 3] = ["signing_keys", "audit_records", "outbox"];

/// Panics if the plan of the statement reads a whole table.
pub(crate) fn check(connection: &Connection, sql: &str, params: usize) {
    if EXCEPTIONS.iter().any(|exception| sql.contains(exception)) || sql.contains("sqlite_master") {
        return;
    }
    let mut statement = connection.prepare_cached(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.query(params_from_iter(std::iter::repeat_n(Null, params))).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let step: String = row.get(3).unwrap();
        // a materialised subquery and a list of values are read as a whole, and a partial index holds exactly what is asked for
        let partial = step.contains("outbox_pending_idx") || step.ends_with("VALUES CLAUSE");
        // without multi-tenancy, all rows of the tenant are all rows
        let whole_tenant =
            step.ends_with("(tenant_id=?)") && !WHOLE_TENANT.iter().any(|table| step.contains(table));
        assert!(!whole_tenant, "{step}: {sql}");
        assert!(!step.starts_with("SCAN") || step == "SCAN due" || partial, "{step}: {sql}");
    }
}
