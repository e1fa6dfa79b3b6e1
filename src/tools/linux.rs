//! The small commands of a Linux system that answer about the laptop or the VM.

use serde::Deserialize;

use super::json;
use crate::host::{CommandError, CommandLine, Output};

/// The file in the VM that says that kafstack made it; cloud-init writes it. It holds the VM's name.
pub const MARK: &str = "/etc/kafstack/vm";

/// Prints a file.
pub fn cat(path: &str) -> CommandLine {
    CommandLine::reads("cat", [path])
}

/// Operating system and architecture.
pub fn uname() -> CommandLine {
    CommandLine::reads("uname", ["-sm"])
}

/// Free space of the root file system in KiB, in the POSIX layout.
pub fn df() -> CommandLine {
    CommandLine::reads("df", ["-Pk", "/"])
}

/// The available KiB in the answer to [`df`].
pub fn parse_df(text: &str) -> Option<u64> {
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// `MemTotal` of `/proc/meminfo` in bytes.
pub fn parse_meminfo(text: &str) -> Option<u64> {
    meminfo(text, "MemTotal:")
}

/// `MemAvailable` of `/proc/meminfo` in bytes: what could be given out without swapping (proc_meminfo(5)).
pub fn parse_available(text: &str) -> Option<u64> {
    meminfo(text, "MemAvailable:")
}

/// A row of `/proc/meminfo` in bytes.
fn meminfo(text: &str, row: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(row))?;
    value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What the kernel said last. The VM's user is in the group `adm`, which may read it (journalctl(1)).
pub fn kernel_log() -> CommandLine {
    CommandLine::reads("journalctl", ["-k", "--no-pager", "-n", "200"])
}

/// The last process in the answer to [`kernel_log`] that the kernel ended for want of memory
/// (torvalds/linux:mm/oom_kill.c).
pub fn killed_for_memory(text: &str) -> Option<&str> {
    text.lines().rev().find(|line| line.contains("Out of memory: Killed process"))
}

/// The time, in seconds since 1970.
pub fn epoch() -> CommandLine {
    CommandLine::reads("date", ["+%s"])
}

/// The answer to [`epoch`].
pub fn parse_epoch(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// The exit code of [`resolve`] for a name that is not found (getent(1)).
pub const UNRESOLVED: i32 = 2;

/// Looks a host name up as every program does.
pub fn resolve(host: &str) -> CommandLine {
    CommandLine::reads("getent", ["hosts", host])
}

/// The last lines of a file.
pub fn tail(path: &str) -> CommandLine {
    CommandLine::reads("tail", ["-n", "40", path])
}

/// Number of processors in `/proc/cpuinfo`, and whether the first can virtualise. A `/dev/kvm` that opens proves
/// nothing: there are kernels with one on which no VM boots; the flags `vmx` and `svm` tell.
pub fn parse_cpuinfo(text: &str) -> (u32, bool) {
    let cpus = text.lines().filter(|l| l.split(':').next().is_some_and(|k| k.trim() == "processor")).count();
    let flags = text.lines().find_map(|l| l.strip_prefix("flags")).unwrap_or_default();
    let virtual_machines = flags.split_whitespace().any(|flag| flag == "vmx" || flag == "svm");
    (u32::try_from(cpus).unwrap_or(u32::MAX), virtual_machines)
}

/// The groups of this session.
pub fn groups() -> CommandLine {
    CommandLine::reads("id", ["-nG"])
}

/// Whether the answer to [`groups`] names this group.
pub fn in_group(output: &Output, group: &str) -> bool {
    output.out().split_whitespace().any(|g| g == group)
}

/// The codename of the Ubuntu release.
pub fn release() -> CommandLine {
    CommandLine::reads("lsb_release", ["-sc"])
}

/// The full host name, as Sunbeam and libvirt will see it
/// (canonical/snap-openstack:sunbeam-python/sunbeam/utils.py).
pub fn full_hostname() -> CommandLine {
    CommandLine::reads("hostname", ["-f"])
}

/// Whether a file is there and not empty.
pub fn not_empty(path: &str) -> CommandLine {
    CommandLine::reads("test", ["-s", path])
}

/// Whether a file can be written.
pub fn writable(path: &str) -> CommandLine {
    CommandLine::reads("test", ["-w", path])
}

/// Writes a file in the VM; the text travels as stdin.
pub fn write_file(path: &str, text: &str) -> CommandLine {
    CommandLine::changes("tee", [path]).fed(text)
}

/// Writes a file of root's in the VM.
pub fn write_root_file(path: &str, text: &str) -> CommandLine {
    CommandLine::changes("sudo", ["tee", path]).fed(text)
}

/// Makes a folder.
pub fn make_folder(path: &str) -> CommandLine {
    CommandLine::changes("mkdir", ["-p", path])
}

/// Where the charms come from: any answer of theirs proves the way to the internet.
pub const STORE: &str = "api.charmhub.io";

/// Whether the charm store answers. Any HTTP answer will do.
pub fn reach_store() -> CommandLine {
    CommandLine::reads("curl", ["-sS", "-m", "10", "-o", "/dev/null", &format!("https://{STORE}")])
}

/// How far cloud-init is. Never `--wait`: a probe does not wait.
pub fn cloud_init() -> CommandLine {
    CommandLine::reads("cloud-init", ["status", "--format", "json"])
}

/// cloud-init's own verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudInit {
    /// Finished; warnings do not count (exit code 2: recoverable errors).
    Done,
    /// At work, or not begun.
    Running,
    /// Ended with errors.
    Failed {
        /// Its own words.
        why: String,
    },
}

/// The answer to [`cloud_init`]: it exits 0, 1 (error) or 2 (recoverable errors) and prints JSON each time.
///
/// # Errors
/// There is no such JSON.
pub fn parse_cloud_init(line: &CommandLine, output: Output) -> Result<CloudInit, CommandError> {
    #[derive(Deserialize)]
    struct Status {
        status: String,
        #[serde(default)]
        errors: Vec<String>,
        #[serde(default)]
        detail: String,
    }
    let code = output.code;
    let status: Status = json(line, Output { code: 0, ..output })?;
    Ok(match status.status.as_str() {
        "done" | "disabled" | "degraded done" => CloudInit::Done,
        "error" if code == 2 => CloudInit::Done,
        "error" => {
            let why = if status.errors.is_empty() { status.detail } else { status.errors.join("; ") };
            CloudInit::Failed { why }
        }
        _ => CloudInit::Running,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_list_tells_number_and_virtualisation() {
        let text = "processor\t: 0\nflags\t\t: fpu vmx sse\n\nprocessor\t: 1\nflags\t\t: fpu vmx sse\n";
        assert_eq!(parse_cpuinfo(text), (2, true));
        assert_eq!(parse_cpuinfo("processor\t: 0\nflags\t\t: fpu sse vmx_like\n"), (1, false));
    }

    #[test]
    fn memory_and_disk_are_read() {
        let memory = "MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:    512 kB\n";
        assert_eq!(parse_meminfo(memory), Some(16384 * 1024));
        assert_eq!(parse_available(memory), Some(512 * 1024));
        assert_eq!(parse_available("MemAvailable: 99999999999999999999 kB"), None);
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 100 40 60 40% /\n";
        assert_eq!(parse_df(df), Some(60));
        assert_eq!(parse_df("nonsense"), None);
    }

    #[test]
    fn cloud_init_with_warnings_is_done_and_with_errors_failed() {
        let answer =
            |code, text: &str| Output { code, stdout: text.as_bytes().to_vec(), ..Output::default() };
        let parse = |output| parse_cloud_init(&cloud_init(), output).unwrap();
        assert_eq!(parse(answer(0, r#"{"status": "done"}"#)), CloudInit::Done);
        assert_eq!(
            parse(answer(2, r#"{"status": "done", "extended_status": "degraded done"}"#)),
            CloudInit::Done
        );
        assert_eq!(parse(answer(0, r#"{"status": "running"}"#)), CloudInit::Running);
        let failed = parse(answer(1, r#"{"status": "error", "errors": ["runcmd"]}"#));
        assert_eq!(failed, CloudInit::Failed { why: "runcmd".into() });
    }
}
