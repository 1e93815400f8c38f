//! See `inkan_webauthn::fuzz::client_data`.

#![no_main]

use inkan_webauthn::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::client_data(bytes));
