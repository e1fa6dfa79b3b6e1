//! Why is it stuck? Causes planted in the simulated laptop, each of which kafstack must name: while it waits, or in the
//! end. Every scenario is one that the guide to rehearsals describes.

use std::fmt::Write as _;

use serde_json::Value;

use crate::page;
use crate::stage::Stage;

/// A planted cause: the preset, the scenario, and the id of the known issue that must be named.
struct Planted(&'static str, &'static str, &'static str);

/// What is planted.
const PLANTED: &[Planted] = &[
    // The laptop and Multipass.
    Planted(
        "kraft",
        "faults: [ { command: multipass launch, fails: { code: 2, stderr: 'launch failed: Remote \"\" is unknown or unreachable.' } } ]",
        "image-list-unreachable",
    ),
    Planted(
        "kraft",
        "faults: [ { command: multipass launch, fails: { code: 2, stderr: 'launch failed: KVM support is not enabled on this machine.' } } ]",
        "kvm-disabled",
    ),
    Planted(
        "kraft",
        "faults: [ { command: multipass launch, fails: { code: 2, stderr: 'launch failed: qemu-img failed: error while writing at byte 1342177280: No space left on device' } } ]",
        "laptop-disk-full",
    ),
    Planted("kraft", "events: [ { after: 20s, daemon: down } ]", "multipass-silent"),
    Planted("kraft", "events: [ { after: 11m, daemon: down } ]", "multipass-socket-down"),
    Planted(
        "kraft",
        "faults: [ { command: snap install multipass, on: laptop, fails: { code: 1, stderr: 'error: cannot install \"multipass\": Post https://api.snapcraft.io/v2/snaps/refresh: dial tcp: lookup api.snapcraft.io: no such host' } } ]\nevents: [ { after: 1s, network: dns, on: laptop } ]",
        "laptop-offline",
    ),
    Planted(
        "kraft",
        "faults: [ { command: multipass launch, fails: { code: 2, stderr: 'launch failed: failed to download from https://cloud-images.ubuntu.com: Host not found' } } ]\nevents: [ { after: 1s, network: down, on: laptop } ]",
        "laptop-offline",
    ),
    // The VM.
    Planted("kraft", "events: [ { after: 8m, vm: stopped } ]", "vm-halted"),
    Planted("kraft", "events: [ { after: 8m, vm: suspended } ]", "vm-asleep"),
    Planted("kraft", "events: [ { after: 8m, vm: deleted } ]", "vm-is-deleted"),
    Planted("kraft", "events: [ { after: 8m, vm: gone } ]", "vm-absent"),
    Planted("kraft", "events: [ { after: 11m, vm: frozen } ]", "vm-silent"),
    Planted("kraft", "events: [ { after: 3m, vm: disk full } ]", "vm-disk-full"),
    Planted(
        "kraft",
        "faults: [ { command: juju deploy, fails: { code: 1, stderr: something went wrong } } ]\nevents: [ { vm: smaller } ]",
        "vm-smaller",
    ),
    Planted(
        "kraft",
        "events: [ { after: 10m, vm: disk full }, { after: 10m, unit: kafka/0, error: 'hook failed: \"install\"' } ]",
        "vm-disk-full",
    ),
    Planted(
        "kraft",
        "events: [ { after: 10m, vm: out of memory }, { after: 10m, agent_lost: kafka/0 } ]",
        "out-of-memory-killed",
    ),
    Planted(
        "kraft",
        "events: [ { after: 10m, vm: clock behind }, { after: 10m, unit: kafka/0, error: 'hook failed: \"install\"' } ]",
        "vm-clock-off",
    ),
    Planted("kraft", "events: [ { vm: cloud-init failed } ]", "cloud-init-error"),
    // The network.
    Planted("kraft", "events: [ { after: 3m, network: dns, on: vm } ]", "vm-without-dns"),
    Planted("kraft", "events: [ { after: 3m, network: down, on: vm } ]", "vm-without-dns"),
    Planted("kraft", "events: [ { after: 3m, network: proxy, on: vm } ]", "vm-offline"),
    Planted("kraft", "events: [ { after: 3m, network: down } ]", "laptop-offline"),
    Planted(
        "kraft",
        "events: [ { after: 8m, network: dns, on: vm }, { machine: 0, is: pending } ]",
        "vm-without-dns",
    ),
    Planted(
        "kraft",
        "events: [ { after: 8m, network: down }, { unit: kafka/0, error: 'hook failed: \"install\"' } ]",
        "laptop-offline",
    ),
    Planted(
        "kraft",
        "faults: [ { command: snap install lxd, fails: { code: 1, stderr: 'error: cannot install \"lxd\": too many requests' } } ]",
        "snap-store-too-many",
    ),
    Planted(
        "kraft",
        "faults: [ { command: snap install lxd, fails: { code: 1, stderr: 'error: snap \"lxd\" has \"auto-refresh\" change in progress' } } ]",
        "snap-change-running",
    ),
    // LXD and the controller.
    Planted("kraft", "events: [ { after: 250s, lxd: down } ]", "lxd-socket-refused"),
    Planted(
        "kraft",
        "events: [ { after: 8m, lxd: pool full }, { machine: 0, is: provisioning error, message: 'Failed creating instance from image: no space left on device' } ]",
        "storage-pool-full",
    ),
    Planted(
        "kraft",
        "events: [ { after: 8m, lxd: pool gone }, { machine: 0, is: provisioning error, message: 'Failed creating instance record: Failed initialising instance' } ]",
        "storage-pool-missing",
    ),
    Planted(
        "kraft",
        "events: [ { after: 8m, lxd: bridge gone }, { machine: 0, is: pending } ]",
        "bridge-missing",
    ),
    Planted("kraft", "events: [ { after: 11m, controller: overlord, is: stopped } ]", "container-stopped"),
    Planted(
        "kraft",
        "events: [ { after: 11m, controller: overlord, is: unregistered } ]",
        "controller-forgotten",
    ),
    // Machines and containers.
    Planted("kraft", "events: [ { machine: 0, is: pending } ]", "machine-long-pending"),
    Planted(
        "kraft",
        "events: [ { machine: 0, is: provisioning error, message: 'no matching image found' } ]",
        "machine-image-missing",
    ),
    Planted("kraft", "events: [ { after: 11m, machine: 0, is: down } ]", "agent-silent"),
    Planted("kraft", "events: [ { after: 11m, machine: 0, is: stopped } ]", "container-stopped"),
    Planted("kraft", "events: [ { after: 11m, machine: 0, is: frozen } ]", "container-frozen"),
    // Units.
    Planted("kraft", "events: [ { unit: kafka/0, error: 'hook failed: \"start\"' } ]", "hook-failed"),
    Planted(
        "kraft",
        "events: [ { unit: kafka/0, error: 'hook failed: \"install\"' } ]",
        "hook-install-failed",
    ),
    Planted("kraft", "events: [ { after: 11m, agent_lost: kafka/0 } ]", "agent-silent"),
    Planted("kraft", "events: [ { unit: kafka/0, is: allocating } ]", "unit-never-came"),
    Planted("kraft", "events: [ { unit: kafka/0, waiting: 'waiting for something new' } ]", "unit-waits"),
    Planted("kraft", "events: [ { unit: kafka/0, blocked: 'something new' } ]", "unit-blocked-long"),
    Planted(
        "kraft",
        "events: [ { unit: kafka/0, blocked: 'unable to install charmed-kafka snap' } ]",
        "charm-snap-not-installed",
    ),
    Planted(
        "kraft",
        "events: [ { after: 8m, network: dns, on: vm }, { unit: kafka/0, blocked: 'unable to install charmed-kafka snap' } ]",
        "vm-without-dns",
    ),
    Planted("kafka", "events: [ { after: 640s, relation_gone: kafka zookeeper } ]", "not-integrated"),
    Planted(
        "kafka",
        "events: [ { after: 11m, unit: zookeeper/0, error: 'hook failed: \"install\"' } ]",
        "hook-install-failed",
    ),
    // The model.
    Planted("kraft", "events: [ { after: 11m, model: demo, is: suspended } ]", "model-suspended"),
    Planted("kraft", "events: [ { after: 11m, model: demo, is: destroying } ]", "model-going-away"),
    Planted("kraft", "events: [ { after: 11m, model: demo, is: gone } ]", "model-unknown"),
    Planted(
        "kraft",
        "events: [ { after: 585s, application: kafka, channel: 3/stable } ]",
        "application-wrong-channel",
    ),
    Planted(
        "kraft",
        "faults: [ { command: juju deploy kafka, fails: { code: 1, stderr: 'ERROR selecting releases: charm or bundle not found for channel \"4/stable\", base \"amd64\"' } } ]",
        "charm-channel-missing",
    ),
    // Sunbeam and OpenStack.
    Planted(
        "microstack",
        "faults: [ { command: sunbeam cluster bootstrap, fails: { code: 1, stderr: 'Error: Host FQDN and Hypervisor hostname perceived by libvirt are different, check `hostname -f` and `/etc/hosts`' } } ]",
        "sunbeam-name-mismatch",
    ),
    Planted(
        "microstack",
        "faults: [ { command: sunbeam cluster bootstrap, fails: { code: 1, stderr: 'Error: Terraform state is locked' } } ]",
        "terraform-state-locked",
    ),
    Planted(
        "microstack",
        "events: [ { cloud: keystone, error: 'hook failed: \"start\"' } ]",
        "openstack-service-in-error",
    ),
    Planted(
        "microstack",
        "faults: [ { command: sunbeam configure, fails: { code: 1, stderr: 'Error: Error downloading image' } } ]",
        "sunbeam-image-not-downloaded",
    ),
    Planted(
        "microstack",
        "events: [ { after: 40m, server: error } ]\nfaults: [ { command: openstack server delete, fails: { code: 1, stderr: 'something new' } } ]",
        "instance-no-host",
    ),
    Planted("microstack", "events: [ { server: building } ]", "server-long-in-build"),
    Planted(
        "microstack",
        "faults: [ { command: openstack server list, fails: { code: 0, stdout: '[{\"ID\":\"a\",\"Status\":\"ACTIVE\"},{\"ID\":\"b\",\"Status\":\"ACTIVE\"}]' } } ]",
        "servers-of-one-name",
    ),
    Planted(
        "microstack",
        "faults: [ { command: snap install openstack, fails: { code: 1, stderr: 'error: snap \"openstack\" is not available on 2024.1/stable but is available to install on the following channels:' } } ]",
        "snap-channel-missing",
    ),
    Planted("microstack", "events: [ { after: 3m, network: dns, on: vm } ]", "vm-without-dns"),
    Planted(
        "kraft",
        "events: [ { machine: 0, is: provisioning error, message: 'something new' } ]",
        "machine-not-provisioned",
    ),
    Planted(
        "kraft",
        "faults: [ { command: juju bootstrap, fails: { code: 1, stderr: 'ERROR unable to contact api server after 60 attempts: unable to connect to API: dial tcp: i/o timeout' } } ]",
        "controller-not-answering-bootstrap",
    ),
    Planted(
        "microstack",
        "events: [ { after: 3m, vm: apt locked } ]\nfaults: [ { command: bash -x kafstack/prepare.sh, fails: { code: 100, stderr: 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234 (apt-get)' } } ]",
        "apt-locked",
    ),
];

/// How many of them must be named.
const NAMED: usize = 57;

/// The causes that an `up` named, those of standstills first.
fn named(preset: &str, scenario: &str) -> Vec<String> {
    let stage = Stage::empty();
    std::fs::write(stage.path("scenario.yaml"), scenario).unwrap();
    let path = stage.path("scenario.yaml");
    let words = format!("up --preset {preset} --scenario {} --events - --yes", path.display());
    let out = String::from_utf8(stage.kafstack(&words).stdout).unwrap();
    let events = out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events
        .filter_map(|event| match event["event"].as_str()? {
            "diagnosed" => event["id"].as_str().map(str::to_owned),
            "step-failed" => Some(event["cause"].as_str().unwrap_or("no cause").to_owned()),
            _ => None,
        })
        .collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the figure that is promised")]
fn planted_causes_are_named() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let take = || PLANTED.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let work = || {
        let planted = std::iter::from_fn(take);
        let missed = planted.filter_map(|Planted(preset, scenario, id)| {
            let named = named(preset, scenario);
            (named.last().map(String::as_str) != Some(id)).then(|| format!("{id}: {named:?} of {scenario}"))
        });
        missed.collect::<Vec<_>>()
    };
    let missed: Vec<String> = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut missed = work();
        missed.extend(other.join().unwrap());
        missed
    });
    let (all, right) = (PLANTED.len(), PLANTED.len() - missed.len());
    println!("{all} planted causes, {right} named; not: {missed:#?}");
    assert!(all >= 60 && right >= NAMED, "{all} planted, {right} named; not: {missed:#?}");
}

#[test]
fn the_page_about_reliability_shows_the_planted_causes() {
    let mut table = format!(
        "{} causes, of which at least {NAMED} must be named.\n\n| planted | preset | to be named |\n|---|---|---|\n",
        PLANTED.len()
    );
    for Planted(preset, scenario, id) in PLANTED {
        let planted = scenario.replace('\n', "`<br>`").replace('|', "\\|");
        writeln!(table, "| `{planted}` | `{preset}` | [`{id}`](known-issues.md#{id}) |").unwrap();
    }
    page::holds("the planted causes", &table);
}
