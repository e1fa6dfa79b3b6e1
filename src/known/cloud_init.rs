//! What cloud-init says of the VM's first boot.

use super::{Class, Issue, Scope};

/// The rows.
pub const ROWS: &[Issue] = &[
    Issue {
        id: "user-data-not-yaml",
        scope: Scope::CloudInit,
        says: &["Failed loading yaml blob"],
        class: Class::Permanent,
        cause: "cloud-init could not read the user data, so the VM has neither its name nor its proxy",
        cure: "`kafstack shell -- cloud-init status --long` shows the line. This is a bug in kafstack unless the configuration has odd characters; then `kafstack down`, then `kafstack up`.",
        source: "canonical/cloud-init:cloudinit/util.py",
        example: "Failed loading yaml blob. Invalid format at line 2 column 3: \"mapping values are not allowed here\"",
        near_miss: "Loaded blob returned None, returning default.",
    },
    Issue {
        id: "user-data-not-valid",
        scope: Scope::CloudInit,
        says: &["Invalid cloud-config provided"],
        class: Class::Permanent,
        cause: "The user data has a key or a value that this cloud-init does not know",
        cure: "`kafstack shell -- sudo cloud-init schema --system` names it. This is a bug in kafstack; report it with what that prints.",
        source: "canonical/cloud-init:cloudinit/config/schema.py",
        example: "[WARNING]: Invalid cloud-config provided: Please run 'sudo cloud-init schema --system' to see the schema errors.",
        near_miss: "Valid cloud-config: system userdata",
    },
    Issue {
        id: "first-boot-packages-failed",
        scope: Scope::CloudInit,
        says: &["Failure when attempting to install packages"],
        class: Class::Permanent,
        cause: "The VM's first boot could not install its packages: no way to Ubuntu's mirror, or a broken one",
        cure: "`kafstack shell -- sudo apt-get update` shows whether the mirror answers; mend the network, then `kafstack down`, then `kafstack up`.",
        source: "canonical/cloud-init:cloudinit/config/cc_package_update_upgrade_install.py",
        example: "2026-03-14 09:00:41,123 - util.py[WARNING]: Failure when attempting to install packages: ['pollinate']",
        near_miss: "Running module package_update_upgrade_install",
    },
    Issue {
        id: "first-boot-failed",
        scope: Scope::CloudInit,
        says: &["extended_status: error"],
        class: Class::Permanent,
        cause: "cloud-init ended with an error in the VM's first boot",
        cure: "`kafstack shell -- cloud-init status --long` shows which part, under `errors`; then `kafstack down`, then `kafstack up`.",
        source: "canonical/cloud-init:cloudinit/cmd/status.py",
        example: "status: error\nextended_status: error - done\nboot_status_code: enabled-by-generator",
        near_miss: "status: done\nextended_status: degraded done\nboot_status_code: enabled-by-generator",
    },
];
