//! What Sunbeam says.

use super::{Class, Issue, Scope};

/// The rows.
pub const ROWS: &[Issue] = &[
    Issue {
        id: "terraform-state-locked",
        scope: Scope::Sunbeam,
        says: &["Terraform state is locked"],
        class: Class::Transient,
        cause: "An earlier `sunbeam` was killed and left its lock behind",
        cure: "`multipass exec {vm} -- sunbeam plans list` shows which plan is locked. Wait five minutes; when it stays and no sunbeam runs, `sunbeam plans unlock PLAN --force` in the VM, then `kafstack up`.",
        source: "canonical/snap-openstack:sunbeam-python/sunbeam/core/terraform.py",
        example: "Error: Terraform state is locked (ID: 1c9f2d3e-0000-4a4a-9b9b-2f4f6f8f0a0b)",
        near_miss: "openstack-plan: unlocked",
    },
    Issue {
        id: "sunbeam-name-mismatch",
        scope: Scope::Sunbeam,
        says: &["Host FQDN and Hypervisor hostname", "are different"],
        class: Class::Permanent,
        cause: "The VM does not know its own full name",
        cure: "`kafstack down`, then `kafstack up`: a new VM gets its name from the start.",
        source: "canonical/snap-openstack:sunbeam-python/sunbeam/core/checks.py",
        example: "Error: Host FQDN and Hypervisor hostname\nperceived by libvirt are different, check `hostname -f`",
        near_miss: "Host FQDN: microstack.multipass",
    },
];
