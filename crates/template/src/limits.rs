//! What a template may cost at most (spec 14, item 118).

/// Longest source of one template, in bytes.
pub const SOURCE: usize = 16 * 1024;
/// Deepest nesting of blocks and parentheses together, and of configured claims.
pub const DEPTH: usize = 64;
/// Longest output of one template, and longest text made by a function, in bytes.
pub const OUTPUT: usize = 64 * 1024;
/// Work of one rendering: one step per node and call, and one per [`STEP_BYTES`] bytes of text touched.
pub const STEPS: usize = 100_000;
/// Bytes of text that cost one step.
pub const STEP_BYTES: usize = 16;
/// Largest width and precision in `printf`.
pub const WIDTH: usize = 1024;
/// Longest path of a metadata query, in bytes.
pub const PATH: usize = 1024;
