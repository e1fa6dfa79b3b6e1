//! What is left of a run on a real laptop, and what can be made of it elsewhere.

use std::io::Read;

use crate::fake_laptop::FakeLaptop;

#[test]
fn a_failure_among_real_processes_is_told_packed_and_brought_back_in_a_rehearsal() {
    for (preset, refused, step, id, code) in [
        ("kraft", "multipass launch", "launch-vm", "launch-failed", 4),
        ("kraft", "juju deploy kafka", "deploy-kafka", "command-failed", 4),
        ("microstack", "sunbeam configure", "configure-cloud", "command-failed", 4),
    ] {
        let laptop = FakeLaptop::new();
        laptop.refuse(refused, "ERROR nothing today");
        laptop.kafstack(&format!("up --yes --preset {preset}")).exits_with(code).says(&format!("[{id}]"));
        let told = laptop.kafstack(&format!("logs --step {step}")).exits_with(0).called_nothing();
        assert!(told.stdout.contains("ERROR nothing today\n"), "{}", told.account());
        laptop.kafstack("bundle --output report.tar.gz").exits_with(0).changed_nothing();
        for (name, text) in packed(&laptop, "report.tar.gz") {
            std::fs::write(laptop.path("work").join(name.replace('/', "-")), text).unwrap();
        }
        let again = laptop.kafstack("up --rehearse --config kafstack.yaml --scenario scenario.yaml");
        again
            .exits_with(code)
            .called_nothing()
            .says(&format!("[{id}]"))
            .says(&format!("logs --step {step} "));
    }
}

/// The files in a bundle, each with its text.
pub fn packed(laptop: &FakeLaptop, name: &str) -> Vec<(String, String)> {
    let file = std::fs::File::open(laptop.path("work").join(name)).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().components().skip(1).collect::<std::path::PathBuf>();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name.display().to_string(), text)
    });
    entries.collect()
}
