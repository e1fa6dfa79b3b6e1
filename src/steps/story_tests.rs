//! What steps do when the world is half-done already: exact command lines, in order.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{AddModel, BootstrapController, DeployApplication, LaunchInstance, LaunchVm};
use crate::config::JujuConfig;
use crate::config::{Channel, Preset};
use crate::event::Teller;
use crate::failure::{Failure, Id};
use crate::host::clock::{FakeClock, Stop, TimeScale};
use crate::host::fake::FakeHost;
use crate::host::{Hosts, Output};
use crate::known::Class;
use crate::step::{Again, Pace, Step, Verdict, Work};
use crate::tools::multipass;

/// Lets a step act in a VM that expects these commands.
fn act(step: &dyn Step, vm: &FakeHost) -> Result<(), Failure> {
    act_on(step, &FakeHost::new(), vm)
}

/// The same where the laptop expects commands as well.
fn act_on(step: &dyn Step, laptop: &FakeHost, vm: &FakeHost) -> Result<(), Failure> {
    let clock = FakeClock::default();
    let hosts = Hosts { laptop, vm, clock: &clock };
    let tell = Teller::silent(Arc::new(FakeClock::default()), false);
    let stop = Stop::default();
    let pace = Pace::new(Timestamp::UNIX_EPOCH, Duration::from_secs(600));
    step.act(&Work {
        hosts,
        tell: &tell,
        stop: &stop,
        step: step.name(),
        pace: &pace,
        scale: TimeScale::default(),
        again: Again::Same,
        act_id: 7,
        attempt: 1,
        diagnose: &|_, _, _| None,
    })
}

/// Asks a step's checkpoint in a VM that expects these commands.
fn probe(step: &dyn Step, vm: &FakeHost) -> Verdict {
    let laptop = FakeHost::new();
    step.probe(&Hosts { laptop: &laptop, vm, clock: &FakeClock::default() }).unwrap()
}

#[test]
fn a_launch_that_was_begun_in_this_run_is_believed_as_one_in_the_journal() {
    let config = Preset::Microstack.config();
    let step = LaunchVm {
        vm: config.vm.clone(),
        cloud_init: String::new(),
        launched: false.into(),
        adopt: false,
        timeout: LaunchVm::TIMEOUT,
    };
    let list = "multipass list --format json --no-ipv4";
    let fleet = |state| format!(r#"{{"list":[{{"name":"microstack","state":"{state}"}}]}}"#);
    let laptop = FakeHost::new()
        .says(list, r#"{"list":[]}"#)
        .refuses(&multipass::launch(&config.vm, "").to_string(), 2, "timed out waiting for response")
        .says(list, &fleet("Running"))
        .says(list, &fleet("Running"))
        .says(list, &fleet("Stopped"));
    let vm = FakeHost::new()
        .refuses("cat /etc/kafstack/vm", 1, "No such file or directory")
        .says("cloud-init status --format json", r#"{"status":"running"}"#);
    act_on(&step, &laptop, &vm).unwrap();
    let hosts = Hosts { laptop: &laptop, vm: &vm, clock: &FakeClock::default() };
    for seen in ["cloud-init has not written our mark yet", "the VM is Stopped"] {
        let Verdict::NotYet { seen: said, .. } = step.probe(&hosts).unwrap() else { panic!("{seen}") };
        assert!(said.contains(seen), "{said}");
    }
}

const SERVERS: &str = "openstack server list --name '^demo_instance$' -f json";

fn launch_instance() -> LaunchInstance {
    LaunchInstance {
        vm: "microstack".into(),
        instance: "demo_instance".into(),
        openrc: "/home/ubuntu/demo-openrc".into(),
        timeout: LaunchInstance::TIMEOUT,
    }
}

fn server(status: &str, addresses: &str) -> String {
    format!(
        r#"[{{"ID":"5f","Name":"demo_instance","Status":"{status}","Networks":{{"demo-network":[{addresses}]}}}}]"#
    )
}

#[test]
fn a_server_without_a_floating_ip_gets_one_and_no_second_server() {
    let half = server("ACTIVE", r#""192.168.0.42""#);
    let vm = FakeHost::new()
        .says(SERVERS, &half)
        .says("true", "")
        .says(SERVERS, &half)
        .says(
            "openstack floating ip create external-network -f json",
            r#"{"floating_ip_address":"172.16.2.203"}"#,
        )
        .says("openstack server add floating ip 5f 172.16.2.203", "");
    act(&launch_instance(), &vm).unwrap();
}

#[test]
fn a_launch_that_is_still_giving_the_server_its_address_is_waited_for() {
    let vm = FakeHost::new()
        .says(SERVERS, &server("ACTIVE", r#""192.168.0.42""#))
        .refuses("true", 1, "Error: the launch ended badly after all")
        .says(SERVERS, &server("ACTIVE", r#""192.168.0.42","172.16.2.203""#));
    act(&launch_instance(), &vm).unwrap();
    assert_eq!(vm.seen()[1].long.as_ref().unwrap().name, "launch-instance");
}

#[test]
fn a_server_in_error_is_replaced() {
    let vm = FakeHost::new()
        .says(SERVERS, &server("ERROR", ""))
        .says("true", "")
        .says(SERVERS, &server("ERROR", ""))
        .says("openstack server delete --wait 5f", "")
        .says(SERVERS, "[]")
        .says(
            "juju controllers --format json",
            r#"{"controllers":{"sunbeam-controller":{}},"current-controller":"overlord"}"#,
        )
        .says("juju switch sunbeam-controller", "")
        .says("sunbeam launch ubuntu --name demo_instance", "")
        .says(SERVERS, &server("ACTIVE", r#""192.168.0.42","172.16.2.203""#));
    act(&launch_instance(), &vm).unwrap();
    assert_eq!(vm.seen()[7].long.as_ref().unwrap().id, "7.1.0");
}

#[test]
fn a_launch_that_failed_after_making_the_server_is_gone_on_with() {
    let vm = FakeHost::new()
        .says(SERVERS, "[]")
        .says("juju controllers --format json", r#"{"controllers":null,"current-controller":""}"#)
        .refuses("sunbeam launch ubuntu --name demo_instance", 1, "Error: Could not allocate IP address.")
        .says(SERVERS, &server("ACTIVE", r#""192.168.0.42""#))
        .says(SERVERS, &server("ACTIVE", r#""192.168.0.42""#))
        .says(
            "openstack floating ip create external-network -f json",
            r#"{"floating_ip_address":"172.16.2.9"}"#,
        )
        .says("openstack server add floating ip 5f 172.16.2.9", "");
    act(&launch_instance(), &vm).unwrap();
}

#[test]
fn two_servers_are_broken_and_neither_is_touched() {
    let one = server("ACTIVE", r#""192.168.0.42""#);
    let one = &one[1..one.len() - 1];
    let two = format!("[{one},{one}]");
    let vm = FakeHost::new().says(SERVERS, &two);
    let Verdict::Broken(failure) = probe(&launch_instance(), &vm) else { panic!("not broken") };
    assert_eq!(failure.id, Id::InstanceDuplicated);
}

fn zookeeper(units: u32) -> DeployApplication {
    let mut config = Preset::Microstack.config();
    config.zookeeper.units = units;
    DeployApplication::zookeeper(&config, DeployApplication::TIMEOUT)
}

const STATUS: &str = "juju status -m overlord:demo --format json --utc";

fn model(units: u32) -> String {
    let units: Vec<String> = (0..units).map(|n| format!(r#""zookeeper/{n}":{{}}"#)).collect();
    format!(
        r#"{{"model":{{"name":"demo"}},"machines":{{}},"applications":{{"zookeeper":{{"charm":"zookeeper","charm-name":"zookeeper","charm-channel":"3/stable","units":{{{}}}}}}}}}"#,
        units.join(",")
    )
}

#[test]
fn missing_units_are_added_and_nothing_is_deployed_twice() {
    let vm =
        FakeHost::new().says(STATUS, &model(2)).says("juju add-unit zookeeper -n 3 -m overlord:demo", "");
    act(&zookeeper(5), &vm).unwrap();
    let vm = FakeHost::new().says(STATUS, &model(5));
    act(&zookeeper(5), &vm).unwrap();
}

#[test]
fn more_units_than_asked_for_are_left_alone() {
    let vm = FakeHost::new().says(STATUS, &model(5));
    assert!(matches!(probe(&zookeeper(3), &vm), Verdict::Met { .. }));
}

#[test]
fn an_application_from_another_track_is_broken() {
    let vm = FakeHost::new().says(STATUS, &model(5).replace("3/stable", "4/stable"));
    let Verdict::Broken(failure) = probe(&zookeeper(5), &vm) else { panic!("not broken") };
    assert_eq!(failure.id, Id::ApplicationDiffers);
}

#[test]
fn a_model_on_its_way_out_is_worth_another_try() {
    let step = AddModel {
        vm: "microstack".into(),
        juju: JujuConfig {
            channel: Channel { track: "3.6".into(), risk: "stable".into() },
            controller: "overlord".into(),
            model: "demo".into(),
        },
        timeout: AddModel::TIMEOUT,
    };
    let add = "juju add-model demo -c overlord --no-switch";
    for (words, class) in
        [("ERROR model already exists", Class::Transient), ("ERROR the moon is full", Class::Unknown)]
    {
        let vm = FakeHost::new().refuses(add, 1, words);
        assert_eq!(act(&step, &vm).unwrap_err().class, class, "{words}");
    }
    let gone = Ok(Output {
        stdout: br#"{"models":[{"short-name":"demo","life":"dying"}]}"#.to_vec(),
        ..Output::default()
    });
    let vm = FakeHost::new().answers("juju models -c overlord --format json", gone);
    assert!(matches!(probe(&step, &vm), Verdict::NotYet { .. }));
}

fn user_model(kafka: &str, user: &str) -> String {
    format!(
        r#"{{"model":{{"name":"demo"}},"machines":{{}},"applications":{{
            "kafka":{{"charm-name":"kafka","charm-channel":"3/stable","units":{{"kafka/0":{{}}}},"relations":{{{kafka}}}}},
            "user-orders":{{"charm-name":"data-integrator","units":{{"user-orders/0":{{}}}},"relations":{{{user}}}}}}}}}"#
    )
}

#[test]
fn a_user_who_is_related_is_not_related_again_and_a_relation_on_its_way_out_is_worth_another_try() {
    let step = super::user::IntegrateUser {
        config: Preset::Single.config(),
        user: "orders".into(),
        other_than: None,
    };
    let half = r#""kafka":[{"related-application":"kafka"}]"#;
    let vm = FakeHost::new().says(STATUS, &user_model("", half));
    act(&step, &vm).unwrap();
    let line = "juju integrate user-orders:kafka kafka:kafka-client -m overlord:demo";
    for (words, class) in [
        ("ERROR cannot add relation: relation already exists (already exists)", Class::Transient),
        ("ERROR the moon is full", Class::Unknown),
    ] {
        let vm = FakeHost::new().says(STATUS, &user_model("", "")).refuses(line, 1, words);
        assert_eq!(act(&step, &vm).unwrap_err().class, class, "{words}");
    }
}

#[test]
fn half_an_encryption_gets_the_other_half_only() {
    let switch = |on| super::certificates::SwitchTls {
        config: Preset::Single.config(),
        authority: "self-signed-certificates".into(),
        on,
    };
    let related = r#""certificates":[{"related-application":"self-signed-certificates"}]"#;
    let model = user_model(related, "");
    let vm = FakeHost::new().says(STATUS, &model).says(
        "juju integrate zookeeper:certificates self-signed-certificates:certificates -m overlord:demo",
        "",
    );
    act(&switch(true), &vm).unwrap();
    let vm = FakeHost::new().says(STATUS, &model).says(
        "juju remove-relation kafka:certificates self-signed-certificates:certificates -m overlord:demo",
        "",
    );
    act(&switch(false), &vm).unwrap();
    let Verdict::NotYet { seen } = probe(&switch(true), &FakeHost::new().says(STATUS, &model)) else {
        panic!("half is not all")
    };
    assert_eq!(seen, "without certificates: zookeeper");
}

/// The VM of a controller that the client knows.
fn knows_overlord() -> FakeHost {
    let known = r#"{"controllers":{"overlord":{}},"current-controller":"overlord"}"#;
    FakeHost::new()
        .says("sudo snap refresh --hold=24h lxd juju", "")
        .says("juju controllers --format json", known)
}

/// The same, whose bootstrap left these files; `said`: what grep answers.
fn known_controller(files: &str, said: Option<i32>) -> FakeHost {
    let vm = knows_overlord().says("flock -n -s kafstack/lock ls kafstack", files);
    let asked = r#"grep -qF 'Creating Juju controller "overlord"' kafstack/bootstrap-controller.log"#;
    match said {
        Some(0) => vm.says(asked, ""),
        Some(code) => vm.refuses(asked, code, ""),
        None => vm,
    }
}

fn bootstrap() -> BootstrapController {
    BootstrapController {
        vm: "microstack".into(),
        controller: "overlord".into(),
        proxy: Preset::Kraft.config().proxy,
        timeout: BootstrapController::TIMEOUT,
    }
}

#[test]
fn a_bootstrap_that_is_still_at_work_is_joined_though_the_client_knows_its_controller() {
    let at_work = |last: &str| {
        let vm = knows_overlord().refuses("flock -n -s kafstack/lock ls kafstack", 1, "");
        vm.says("cat kafstack/running", last)
    };
    act(
        &bootstrap(),
        &at_work("bootstrap-controller 7.1.99 4711\n")
            .says("juju bootstrap localhost overlord --no-switch", ""),
    )
    .unwrap();
    // Another act has the lock: no further command is expected.
    act(&bootstrap(), &at_work("launch-instance 7.1.99 4711\n")).unwrap();
}

#[test]
fn only_a_controller_whose_bootstrap_was_cut_off_and_is_kafstacks_is_removed() {
    let step = bootstrap();
    let began = "bootstrap-controller.log\nlock\n";
    // No further command is expected: it is waited for.
    act(&step, &known_controller("lock\n", None)).unwrap();
    act(&step, &known_controller(&format!("bootstrap-controller.end\n{began}"), None)).unwrap();
    act(&step, &known_controller(began, Some(1))).unwrap();
    let vm = known_controller(began, Some(0))
        .says("juju kill-controller --no-prompt overlord", "")
        .says("juju bootstrap localhost overlord --no-switch", "");
    act(&step, &vm).unwrap();
}
