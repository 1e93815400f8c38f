//! The load tool; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    inkan_bench::main()
}
