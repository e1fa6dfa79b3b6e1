//! What the VM's operating system says, or whatever runs on it and meets its limits.

use super::{Class, Issue, Scope};

/// The rows.
pub const ROWS: &[Issue] = &[
    Issue {
        id: "disk-full",
        scope: Scope::System,
        says: &["no space left on device"],
        class: Class::Permanent,
        cause: "The VM's disk is full",
        cure: "`multipass exec {vm} -- df -h /` shows it. `multipass stop {vm}`, then `multipass set local.{vm}.disk=SIZE` with a greater size, then `kafstack up`.",
        source: "torvalds/linux:include/uapi/asm-generic/errno-base.h (ENOSPC)",
        example: "write /var/snap/lxd/common/lxd/images/lxd_build_1: no space left on device",
        near_miss: "requires 1.2 GB of space on device",
    },
    Issue {
        id: "out-of-memory-killed",
        scope: Scope::System,
        says: &["Out of memory: Killed process"],
        class: Class::Permanent,
        cause: "The VM has too little memory, and its kernel ended a process to go on",
        cure: "`multipass exec {vm} -- free -h` shows it. Choose a smaller preset or fewer units, or give the VM more: `multipass stop {vm}`, then `multipass set local.{vm}.memory=SIZE`, then `kafstack up`.",
        source: "torvalds/linux:mm/oom_kill.c",
        example: "[ 8123.4] Out of memory: Killed process 20411 (java) total-vm:9123456kB",
        near_miss: "memory: 3.1G used of 31.3G",
    },
    Issue {
        id: "clock-behind",
        scope: Scope::System,
        says: &["certificate has expired or is not yet valid"],
        class: Class::Transient,
        cause: "The VM's clock is wrong, as after the laptop slept",
        cure: "`multipass exec {vm} -- sudo systemctl restart systemd-timesyncd` sets it; `multipass exec {vm} -- date` shows it.",
        source: "golang/go:src/crypto/x509/verify.go; canonical/multipass#2430",
        example: "Get \"https://api.snapcraft.io/\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-03-14T09:00:00Z is before 2026-03-15T00:00:00Z",
        near_miss: "unit waiting for signed certificates",
    },
];
