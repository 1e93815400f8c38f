//! Makes a fresh Debian machine ready for the tests: PostgreSQL's server programs, Chromium, the browser suite's
//! packages. What is there already is left alone.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    Failure,
    process::{capture, find, root, run},
};

/// The folder of PostgreSQL's server programs, the newest if there are several.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max()
        .map(|(_, folder)| folder);
    newest.or_else(|| find("postgres")?.parent().map(PathBuf::from))
}

/// Installs what the tests need and is missing.
pub(crate) fn ready_for_postgres() -> Result<(), Failure> {
    if postgres_programs().is_some() { Ok(()) } else { install("postgresql") }
}

/// Installs what the browser suite needs and is missing.
pub(crate) fn ready_for_browsers() -> Result<(), Failure> {
    if find("chromium").is_none() {
        install("chromium")?;
    }
    let suite = root().join("e2e");
    let lock = read(&suite.join("package-lock.json"))?;
    // npm keeps no mark from which one can see that `npm ci` would change nothing.
    let mark = suite.join("node_modules/.installed-lock.json");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(Command::new("npm").args(["ci", "--loglevel=error"]).current_dir(&suite))?;
    fs::write(&mark, lock).map_err(|error| format!("{}: {error}", mark.display()))
}

/// Reads a text file; the message names it.
pub(crate) fn read(path: &std::path::Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints the versions of the programs that are used.
pub(crate) fn print_versions(browsers: bool) {
    let mut programs = vec![("rustc".into(), "-V"), ("cargo".into(), "-V")];
    programs.extend(postgres_programs().map(|folder| (folder.join("postgres"), "--version")));
    if browsers {
        programs.extend(["node", "npm", "chromium"].map(|name| (PathBuf::from(name), "--version")));
    }
    for (program, flag) in programs {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let version = capture(Command::new(&program).arg(flag)).unwrap_or_else(|failure| failure);
        println!("{name:<9} {}", version.trim());
    }
}

/// Installs a Debian package. The lists are fetched only when the package cannot be had without.
fn install(package: &str) -> Result<(), Failure> {
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get")
            .args(["-qq", "-y"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let attempt = ["install", "--no-install-recommends", package];
    println!("installing {package}");
    apt(&attempt).or_else(|_| {
        apt(&["update"])?;
        apt(&attempt)
    })
}
