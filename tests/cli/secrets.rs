//! Secrets: what tools say in confidence stays with them.

use crate::aftermath::packed;
use crate::fake_laptop::FakeLaptop;

#[test]
fn no_secret_is_kept_printed_told_or_put_into_an_argument() {
    // The fakes answer `openstack token issue` with `canary-token`; the openrc holds `canary-password`.
    let laptop = FakeLaptop::new();
    let up =
        laptop.kafstack("up --yes --until configure-cloud --progress plain -vv --events -").exits_with(0);
    assert!(up.calls().iter().any(|call| call.line() == "openstack token issue -f json"), "{}", up.account());
    let status = laptop.kafstack("status --format json").exits_with(7);
    laptop.refuse("openstack token", "canary-in-an-error");
    let failed = laptop.kafstack("status -vv").exits_with(7);
    for ran in [&up, &status, &failed] {
        assert!(!ran.stdout.contains("canary") && !ran.stderr.contains("canary"), "{}", ran.account());
    }
    for call in laptop.calls() {
        assert!(!call.line().contains("canary"), "{call:?}");
    }
    for folder in ["state", "home", "work"] {
        for (path, bytes) in laptop.content(folder) {
            assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{}", path.display());
        }
    }
    laptop.kafstack("bundle --output report.tar.gz").exits_with(0);
    for (name, text) in packed(&laptop, "report.tar.gz") {
        assert!(!text.contains("canary"), "{name}: {text}");
    }
    let openrc = std::fs::read_to_string(laptop.in_vm("home/demo-openrc")).unwrap();
    assert!(openrc.contains("canary-password"), "the fakes must hold a secret for this to mean anything");
}
