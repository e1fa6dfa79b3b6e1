//! What the real tools do to those who expect otherwise: one test for each trap.

use std::time::Duration;

use super::{Notes, Stage, split};
use crate::host::{CommandError, Host};
use crate::rehearsal::script::UNKNOWN_MARK;

#[test]
fn a_laptop_without_multipass_says_so() {
    let stage = Stage::fresh();
    let error = stage.rehearsal.ask(&split("multipass version --format json")).unwrap_err();
    assert_eq!(error, CommandError::NotInstalled { program: "multipass".to_owned() });
    assert_eq!(stage.laptop("uname -sm").out(), "Linux x86_64\n");
    assert_eq!(stage.laptop("cat /proc/cpuinfo").out().matches("processor").count(), 16);
    assert!(stage.laptop("cat /proc/meminfo").out().starts_with("MemTotal:"));
}

#[test]
fn multipass_needs_some_seconds_after_its_installation() {
    let stage = Stage::fresh();
    assert_eq!(stage.laptop("sudo -n snap install multipass").code, 0);
    let dead = stage.laptop("multipass version --format json");
    assert!(dead.code == 1 && dead.err().contains("multipass_root_cert.pem"));
    stage.wait(4);
    let alone = stage.laptop("multipass version --format json");
    assert!(alone.code == 0 && !alone.out().contains("multipassd"), "exit code 0 without a daemon");
    assert_eq!(stage.laptop("multipass list --format json").code, 2);
    stage.wait(6);
    assert!(stage.laptop("multipass version --format json").out().contains("\"multipassd\": \"1.16.3\""));
}

#[test]
fn launch_refuses_a_name_that_is_taken_even_by_a_deleted_vm() {
    let stage = Stage::with("laptop: { multipass: 1.16.3 }\nvms: [ { name: microstack, state: Deleted } ]\n");
    let again = stage.laptop("multipass launch 24.04 --name microstack");
    assert!(again.code == 2 && again.err().contains("\"microstack\" already exists"));
    assert_eq!(stage.laptop("multipass delete --purge microstack").code, 0);
    assert_eq!(stage.laptop("multipass launch 24.04 --name microstack").code, 0);
}

#[test]
fn a_launch_whose_time_runs_out_goes_on_but_for_the_download() {
    let stage = Stage::with("laptop: { multipass: 1.16.3 }");
    let early = stage.laptop("multipass launch 24.04 --name microstack --timeout 20");
    assert!(early.code == 5 && early.err().contains("Timed out waiting for instance launch."));
    stage.wait(600);
    assert!(!stage.laptop("multipass list --format json").out().contains("microstack"));
    let late = stage.laptop("multipass launch 24.04 --name microstack --timeout 150");
    assert_eq!(late.code, 5);
    stage.wait(300);
    assert!(stage.laptop("multipass list --format json").out().contains("\"state\": \"Running\""));
    assert!(stage.good("cloud-init status --format json").contains("\"status\": \"done\""));
}

#[test]
fn a_client_that_leaves_during_the_download_takes_it_along() {
    let stage = Stage::with("laptop: { multipass: 1.16.3 }");
    let mut notes = Notes { leave_after: Some(30), ..Notes::default() };
    let line = split("multipass launch 24.04 --name microstack");
    assert!(matches!(stage.rehearsal.run(&line, &mut notes), Err(CommandError::Left { .. })));
    stage.wait(900);
    assert!(!stage.laptop("multipass list --format json").out().contains("microstack"));
    assert_eq!(stage.laptop("multipass launch 24.04 --name microstack").code, 0);
}

#[test]
fn purge_takes_no_name_and_removes_every_deleted_vm() {
    let stage = Stage::with(
        "laptop: { multipass: 1.16.3 }\nvms: [ { name: mine, state: Deleted }, { name: theirs, state: Deleted }, { name: live } ]",
    );
    assert_eq!(stage.laptop("multipass purge mine").code, 1);
    assert_eq!(stage.laptop("multipass purge").code, 0);
    let list = stage.laptop("multipass list --format json --no-ipv4").out();
    assert!(!list.contains("mine") && !list.contains("theirs") && list.contains("live"));
}

#[test]
fn exec_starts_a_stopped_vm_unasked() {
    let stage = Stage::fresh().with_vm("24.04");
    stage.laptop("multipass stop microstack");
    assert!(stage.vm.ask(&split("hostname")).is_err(), "kafstack asks for the state first");
    assert!(stage.laptop("multipass exec -n microstack -- hostname").out().ends_with("microstack\n"));
    assert!(stage.laptop("multipass list --format json").out().contains("Running"));
    let deleted = stage.laptop("multipass exec -n other -- hostname");
    assert!(deleted.code == 2 && deleted.err().contains("does not exist"));
}

#[test]
fn a_remote_status_of_4_is_repeated_for_ever_by_1_16() {
    let fault = "faults: [ { command: hostname, fails: { code: 4 } } ]\n";
    let line = split("multipass exec -n microstack -- hostname").within(Duration::from_secs(60));
    let old =
        Stage::with(&format!("laptop: {{ multipass: 1.16.3 }}\nvms: [ {{ name: microstack }} ]\n{fault}"));
    assert!(matches!(old.rehearsal.ask(&line), Err(CommandError::TimedOut { .. })));
    let new =
        Stage::with(&format!("laptop: {{ multipass: 1.17.0 }}\nvms: [ {{ name: microstack }} ]\n{fault}"));
    assert_eq!(new.rehearsal.ask(&line).unwrap().code, 4);
}

#[test]
fn a_second_snap_install_succeeds_and_changes_no_channel() {
    let stage = Stage::fresh().with_vm("24.04");
    stage.bad("snap install juju", 1, "access denied");
    stage.bad("snap list juju --unicode=never --color=never", 1, "error: no matching snaps installed");
    stage.good("sudo snap install juju --channel 3.4/stable");
    stage.bad("sudo snap install juju --channel 3.6/stable", 0, "already installed");
    assert!(stage.good("snap list juju").contains("3.4/stable"));
    stage.bad("sudo snap install openstack --channel 1999.1/stable", 1, "not available");
}

#[test]
fn the_stubs_of_24_04_install_lxd_when_they_are_only_asked() {
    let stage = Stage::fresh().with_vm("24.04");
    stage.bad("snap list lxd", 1, "no matching snaps");
    stage.bad("lxc storage list --format csv", 0, "Installing LXD snap");
    stage.good("snap list lxd");
}

#[test]
fn juju_cannot_make_its_hidden_folder() {
    let stage = Stage::fresh().with_vm("24.04");
    stage.bad("juju version", 127, "not found");
    stage.good("sudo snap install juju --channel 3.6/stable");
    stage.bad("juju version", 2, "cannot create juju home directory");
    stage.good("mkdir -p .local/share");
    stage.good("juju version");
    assert_eq!(
        stage.good("juju controllers --format json"),
        "{\"controllers\":null,\"current-controller\":\"\"}\n"
    );
}

#[test]
fn preparation_refuses_22_04() {
    let stage = Stage::fresh().with_vm("22.04");
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    let refused = stage.prepare("--bootstrap");
    assert!(refused.code == 1 && refused.out().contains("ERROR: Sunbeam deploy only supported on noble"));
}

#[test]
fn preparation_without_bootstrap_is_not_enough_for_the_first_node() {
    let stage = Stage::fresh().with_vm("24.04");
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    stage.wait(30);
    stage.bad("sunbeam cluster bootstrap --accept-defaults", 1, "Insufficient permissions");
    assert_eq!(stage.prepare("").code, 0);
    stage.bad("sunbeam cluster bootstrap --accept-defaults", 1, "Missing Juju controller on LXD");
    stage.bad("sunbeam prepare-node-script --client --bootstrap", 2, "both client and bootstrap");
    stage.bad("sunbeam cluster status", 2, "No such command");
}

#[test]
fn preparation_refuses_the_bridge_of_an_lxd_initialised_before() {
    let stage = Stage::fresh().with_vm("24.04");
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    stage.good("sudo snap install lxd --channel 5.21/stable");
    stage.good("lxd init --auto");
    let refused = stage.prepare("--bootstrap");
    assert!(refused.code == 1 && refused.out().contains("anything except lxdbr0"), "{}", refused.said());
}

#[test]
fn overlord_before_sunbeam_breaks_bootstrap() {
    let stage = Stage::fresh().with_vm("24.04");
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    assert_eq!(stage.prepare("").code, 0);
    stage.good("sudo snap install lxd --channel 5.21/stable");
    stage.good("lxd init --auto");
    stage.good("lxc network set lxdbr0 ipv6.address none");
    stage.long("juju bootstrap localhost overlord").unwrap();
    stage.bad(
        "sunbeam cluster bootstrap --accept-defaults",
        1,
        "switching the controller to localhost-localhost",
    );
}

#[test]
fn bootstrap_refuses_a_wrong_host_name() {
    let stage = Stage::with("laptop: { multipass: 1.16.3 }");
    assert_eq!(stage.laptop("multipass launch 24.04 --name microstack --disk 50G").code, 0);
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    assert_eq!(stage.prepare("--bootstrap").code, 0);
    let refused = stage.long("sunbeam cluster bootstrap --accept-defaults").unwrap();
    assert!(refused.code == 1 && refused.out().contains("Host FQDN and Hypervisor hostname"));
    stage.bad("sunbeam utils juju-login", 1, "Deployment not bootstrapped");
    stage.bad("sunbeam configure --accept-defaults", 1, "Deployment not bootstrapped");
}

#[test]
fn every_sunbeam_launch_makes_one_server_and_one_address_more() {
    let stage = Stage::fresh().with_cloud();
    stage.long("sunbeam configure --accept-defaults --openrc /home/ubuntu/demo-openrc").unwrap();
    stage.good("sunbeam launch ubuntu --name demo_instance");
    stage.good("sunbeam launch ubuntu -n demo_instance");
    let list = stage.cloud("openstack server list --name ^demo_instance$ -f json");
    let servers: serde_json::Value = serde_json::from_str(&list).unwrap();
    let address = |at: usize| servers[at]["Networks"]["demo-network"][1].as_str().unwrap().to_owned();
    assert_eq!(servers.as_array().unwrap().len(), 2);
    assert_ne!(address(0), address(1));
    stage.bad("openstack token issue -f json", 1, "auth-url");
}

#[test]
fn juju_refuses_to_do_a_thing_twice() {
    let stage = Stage::fresh().with_vm("24.04").with_controller();
    stage.bad("juju bootstrap localhost overlord --no-switch", 1, "controller \"overlord\" already exists");
    stage.bad("juju add-model demo -c overlord --no-switch", 1, "already exists");
    stage.good("juju deploy zookeeper --channel 3/stable -n 5 -m overlord:demo");
    stage.bad(
        "juju deploy zookeeper --channel 3/stable -n 7 -m overlord:demo",
        1,
        "application already exists",
    );
    assert_eq!(stage.status()["applications"]["zookeeper"]["units"].as_object().unwrap().len(), 5);
    stage.good("juju deploy kafka --channel 3/stable -n 1 -m overlord:demo");
    stage.good("juju integrate kafka zookeeper -m overlord:demo");
    stage.bad("juju relate kafka:zookeeper zookeeper:zookeeper -m overlord:demo", 1, "already exists");
    stage.good("juju add-unit zookeeper -n 1 -m overlord:demo");
    stage.good("juju add-unit zookeeper -n 1 -m overlord:demo");
    assert_eq!(stage.status()["applications"]["zookeeper"]["units"].as_object().unwrap().len(), 7);
}

#[test]
fn juju_says_no_in_its_own_ways() {
    let stage = Stage::fresh().with_vm("24.04").with_controller();
    stage.bad("juju status -m overlord:demo --formt json", 2, "option provided but not defined: --formt");
    stage.bad("juju frobnicate", 2, "is not a juju command");
    stage.bad("juju status -m overlord:other --format json", 1, "model overlord:admin/other not found");
    stage.bad("juju models -c other --format json", 1, "controller other not found");
    stage.bad("juju deploy kafka --channel 9/stable -m overlord:demo", 1, "not found for channel");
    stage.bad(
        "juju deploy kafka --channel 3/stable --config log-level=INFO -m overlord:demo",
        1,
        "unknown option",
    );
    stage.bad("juju status -m overlord:demo --format json", 0, "Model \"admin/demo\" is empty.");
    stage.good("juju deploy kafka --channel 4/stable -m overlord:demo");
    stage.good("juju deploy zookeeper --channel 3/stable -m overlord:demo");
    stage.bad("juju integrate kafka zookeeper -m overlord:demo", 1, "no relations found");
    let nobody =
        stage.inside("juju exec -m overlord:demo --unit kafka/9 --format json --wait 1m -- \"true\"");
    assert!(nobody.code == 0 && nobody.stdout.is_empty() && nobody.err().contains("failed to schedule"));
    stage.bad(
        "juju exec -m overlord:demo --unit kafka/leader --format json -- \"true\"",
        1,
        "could not determine leader",
    );
}

#[test]
fn a_restarted_vm_needs_minutes() {
    let stage = Stage::fresh().with_cloud();
    stage.long("sunbeam configure --accept-defaults --openrc /home/ubuntu/demo-openrc").unwrap();
    stage.long("sunbeam launch ubuntu --name demo_instance").unwrap();
    stage.laptop("multipass stop microstack");
    stage.laptop("multipass start microstack");
    stage.bad("juju show-controller localhost-localhost --format json", 1, "connection refused");
    stage.wait(400);
    stage.good("juju show-controller localhost-localhost --format json");
    assert!(stage.cloud("openstack server list --name ^demo_instance$ -f json").contains("SHUTOFF"));
}

#[test]
fn what_the_simulation_does_not_know_fails_with_a_mark_of_its_own() {
    let stage = Stage::fresh().with_vm("24.04");
    assert!(stage.laptop("frobnicate --all").err().starts_with(UNKNOWN_MARK));
    stage.bad("frobnicate", 1, UNKNOWN_MARK);
    stage.bad("lxc restart juju-0", 1, UNKNOWN_MARK);
    let shell = stage.laptop("multipass exec -n microstack -- sh -c \"echo $HOME\"");
    assert!(shell.code == 1 && shell.err().contains(UNKNOWN_MARK));
    assert_eq!(stage.rehearsal.unknown().len(), 4);
    assert!(!stage.laptop("multipass frobnicate").said().contains(UNKNOWN_MARK));
}

#[test]
fn what_is_in_progress_outlives_a_suspension_but_not_a_stop() {
    let stage = Stage::fresh().with_vm("24.04");
    let line = split("sudo snap install openstack --channel 2024.1/stable").long("install", "1");
    let mut notes = Notes { leave_after: Some(5), ..Notes::default() };
    assert!(stage.vm.run(&line, &mut notes).is_err());
    stage.laptop("multipass suspend microstack");
    stage.wait(3600);
    stage.listed_as("Suspended");
    stage.laptop("multipass start microstack");
    stage.bad("snap list openstack", 1, "no matching snaps");
    stage.wait(120);
    stage.good("snap list openstack");
    assert_eq!(stage.good("cat kafstack/install.end"), "1 0\n");
}

#[test]
fn a_snapshot_brings_back_what_was() {
    let stage = Stage::fresh().with_vm("24.04");
    assert_eq!(stage.laptop("multipass snapshot microstack --name clean").code, 2);
    stage.laptop("multipass stop microstack");
    assert_eq!(stage.laptop("multipass snapshot microstack --name clean").code, 0);
    stage.laptop("multipass start microstack");
    stage.good("sudo snap install juju --channel 3.6/stable");
    stage.laptop("multipass stop microstack");
    assert_eq!(stage.laptop("multipass restore microstack.clean").code, 1, "it would ask");
    assert_eq!(stage.laptop("multipass restore --destructive microstack.clean").code, 0);
    stage.laptop("multipass start microstack");
    stage.bad("snap list juju", 1, "no matching snaps");
}

/// What the scripts that this project came from typed, and where it fails today
/// (canonical/canonical-openstack-docs:docs/tutorial/get-started-with-openstack.rst shows what replaced it).
#[test]
fn the_lines_of_the_scripts_that_came_before_fail_where_they_fail_today() {
    // On their image the node preparation stops at its first line.
    let stage = Stage::fresh().with_vm("22.04");
    stage.good("sudo snap install openstack");
    let refused = stage.prepare("");
    assert!(refused.code == 1 && refused.out().contains("only supported on noble"), "{}", refused.said());

    // On today's image it runs, and bootstrap wants more than it brings.
    let stage = Stage::fresh().with_vm("24.04");
    stage.good("sudo snap install openstack");
    assert_eq!(stage.prepare("").code, 0);
    stage.bad("sunbeam cluster bootstrap --accept-defaults", 1, "Missing Juju controller on LXD");

    // None of them is among what kafstack runs.
    let config = crate::config::Preset::Microstack.config();
    let plan = crate::plan::up(&config, crate::plan::Circumstances::default());
    let planned: Vec<String> = plan.steps().flat_map(|s| s.commands()).map(|c| c.line.to_string()).collect();
    for old in [
        "multipass launch 22.04",
        "sudo snap install openstack\n",
        "sunbeam prepare-node-script\n",
        "juju bootstrap localhost overlord\n",
        "juju add-model demo\n",
        "juju relate kafka zookeeper",
        "multipass purge",
        "multipass stop",
    ] {
        assert!(planned.iter().all(|line| !format!("{line}\n").starts_with(old)), "{old:?} is planned");
    }
}
