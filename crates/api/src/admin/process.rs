//! What the system says about this process: from `/proc`, where there is one (spec 11 §9).

use std::fs;

use inkan_auth::metrics::{
    Page,
    catalogue::{PROCESS_CPU, PROCESS_FDS, PROCESS_MAX_FDS, PROCESS_MEMORY, PROCESS_START, PROCESS_VIRTUAL},
};

/// Clock ticks per second in `/proc`: the same on all Linux machines.
const TICKS: f64 = 100.0;

/// Adds the metrics that can be read.
pub(super) fn put(page: &mut Page) {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let stat = read("/proc/self/stat");
    if let Some(ticks) = stat_field(&stat, 14).zip(stat_field(&stat, 15)) {
        page.put(PROCESS_CPU, (ticks.0 + ticks.1) / TICKS);
    }
    if let Some(started) = stat_field(&stat, 22).zip(boot_time(&read("/proc/stat"))) {
        page.put(PROCESS_START, started.0 / TICKS + started.1);
    }
    let status = read("/proc/self/status");
    if let Some(bytes) = kibibytes(&status, "VmRSS:") {
        page.put(PROCESS_MEMORY, bytes);
    }
    if let Some(bytes) = kibibytes(&status, "VmSize:") {
        page.put(PROCESS_VIRTUAL, bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the directory itself.
        let open = u32::try_from(open.count().saturating_sub(1)).unwrap_or(u32::MAX);
        page.put(PROCESS_FDS, open.into());
    }
    if let Some(most) = max_fds(&read("/proc/self/limits")) {
        page.put(PROCESS_MAX_FDS, most);
    }
}

/// A field by its number in proc(5). The second one is a name in parentheses, which may hold anything.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number - 3)?.parse().ok()
}

fn boot_time(stat: &str) -> Option<f64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

fn kibibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kibibytes| kibibytes * 1024.0)
}

/// The soft limit; none is unlimited.
fn max_fds(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_system_are_read() {
        let stat =
            "7 (a) b (c) S 1 7 7 0 -1 4 1 0 0 0 250 50 0 0 20 0 9 0 12345 1000 20 18446744073709551615";
        assert_eq!(stat_field(stat, 14), Some(250.0));
        assert_eq!(stat_field(stat, 22), Some(12345.0));
        assert_eq!(stat_field("", 14), None);
        assert_eq!(boot_time("cpu 1\nbtime 1795323600\n"), Some(1_795_323_600.0));
        assert_eq!(kibibytes("Name:\tx\nVmRSS:\t    12 kB\n", "VmRSS:"), Some(12288.0));
        assert_eq!(
            max_fds("Max open files            1024                 524288               files"),
            Some(1024.0)
        );
        assert_eq!(
            max_fds("Max open files            unlimited            unlimited            files"),
            None
        );
    }
}
