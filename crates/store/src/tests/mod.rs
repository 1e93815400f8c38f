//! Tests of the whole store, each on both engines.
