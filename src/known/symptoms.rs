//! Words that only say that something failed. Any other row that fits the same text says more, so these come last.

use super::{Class, Issue, Scope};

/// The rows.
pub const ROWS: &[Issue] = &[
    Issue {
        id: "terraform-failed",
        scope: Scope::Sunbeam,
        says: &["terraform command failed"],
        class: Class::Transient,
        cause: "A part of OpenStack did not do what Terraform asked of it in time",
        cure: "`kafstack up` runs it again, which is Sunbeam's own advice. Terraform's words are in the newest `~/snap/openstack/common/etc/*/*/terraform-apply-*.log` in the VM.",
        source: "canonical/snap-openstack:sunbeam-python/sunbeam/core/terraform.py",
        example: "Error: terraform command failed: Error: timeout while waiting for plugin",
        near_miss: "terraform command done",
    },
    Issue {
        id: "sunbeam-unexpected",
        scope: Scope::Sunbeam,
        says: &["An unexpected error has occurred"],
        class: Class::Unknown,
        cause: "Sunbeam met something that it does not know itself",
        cure: "`multipass exec {vm} -- ls -t snap/openstack/common/logs` names its logs, the newest first; the last lines of that say what it was. `kafstack up` runs it again.",
        source: "canonical/snap-openstack:sunbeam-python/sunbeam/main.py",
        example: "An unexpected error has occurred. Please see https://canonical-openstack.readthedocs-hosted.com/",
        near_miss: "Unexpectedly quiet",
    },
];
