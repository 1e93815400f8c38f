//! The `inkan` program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Where Linux gives huge pages unasked they make memory grow; hashing asks for them (decision 0018). Without this the server
    // is larger, nothing else.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    inkan::cli::main()
}
