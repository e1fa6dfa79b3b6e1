//! What any tool says when the VM's way to the network is broken.

use super::{Class, Issue, Scope};

/// The rows.
pub const ROWS: &[Issue] = &[
    Issue {
        id: "name-not-resolved",
        scope: Scope::Network,
        says: &["lookup ", "no such host"],
        class: Class::Transient,
        cause: "The VM cannot look up names: its DNS does not answer, or the laptop is offline",
        cure: "`multipass exec {vm} -- resolvectl query api.charmhub.io` shows it; mend the laptop's network or VPN, then `kafstack up`.",
        source: "golang/go:src/net/net.go",
        example: "error: cannot install \"foo\": Post \"https://api.snapcraft.io/v2/snaps/refresh\": dial tcp: lookup api.snapcraft.io: no such host",
        near_miss: "nslookup finished for host api.snapcraft.io",
    },
    Issue {
        id: "network-timeout",
        scope: Scope::Network,
        says: &["i/o timeout"],
        class: Class::Transient,
        cause: "A server did not answer in time: a slow or broken network, or a machine that is overloaded",
        cure: "`multipass exec {vm} -- curl -sS -m 10 -o /dev/null https://api.charmhub.io` shows whether the VM reaches the world; `kafstack up` tries again.",
        source: "golang/go:src/net/net.go",
        example: "ERROR unable to connect to API: dial tcp 10.151.66.9:17070: i/o timeout",
        near_miss: "timeout: 30m",
    },
];
