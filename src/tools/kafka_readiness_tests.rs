//! Every rule of the judgement, over the fixtures and small changes to them.

use serde_json::{Value, json};

use super::super::juju_status::fixture::{changed, names, status};
use super::*;

/// The seed's topology.
fn seed() -> Wanted {
    Wanted {
        model: "overlord:demo".into(),
        applications: vec![
            WantedApplication::new("zookeeper", "3", 5),
            WantedApplication::new("kafka", "3", 3),
        ],
        related: vec![("kafka".into(), "zookeeper".into())],
    }
}

/// What is being waited for in the fixture of that name.
fn waits(name: &str) -> String {
    waits_in(&status(name))
}

/// What is being waited for.
fn waits_in(status: &Status) -> String {
    match judge(status, &seed()) {
        Judgement::Waiting { why } => why,
        other => panic!("{other:?}"),
    }
}

/// What is broken.
fn broken(status: &Status) -> Trouble {
    match judge(status, &seed()) {
        Judgement::Broken(trouble) => trouble,
        other => panic!("{other:?}"),
    }
}

/// The healthy model with one unit's states changed, at 09:31:07.
fn with_unit(unit: &str, workload: Value, agent: Value) -> Status {
    let application = unit.split('/').next().unwrap().to_owned();
    changed("healthy", |v| {
        let unit = &mut v["applications"][application]["units"][unit];
        unit["workload-status"] = workload;
        unit["juju-status"] = agent;
    })
}

/// An agent at rest.
fn idle() -> Value {
    json!({"current": "idle", "since": "2026-03-14 09:24:30Z"})
}

/// A charm's words since that time of day.
fn says(current: &str, message: &str, time: &str) -> Value {
    json!({"current": current, "message": message, "since": format!("2026-03-14 {time}Z")})
}

#[test]
fn the_seed_is_ready() {
    assert_eq!(judge(&status("healthy"), &seed()), Judgement::Ready { seen: "8 of 8 units ready".into() });
    assert_eq!(judge(&status("juju-2.9"), &seed()), Judgement::Ready { seen: "8 of 8 units ready".into() });
}

#[test]
fn a_unit_on_its_way_out_is_not_counted() {
    assert_eq!(judge(&status("dying-unit"), &seed()), Judgement::Ready { seen: "8 of 8 units ready".into() });
}

#[test]
fn an_empty_model_lacks_its_applications() {
    assert_eq!(waits("empty-model"), "0 of 8 units ready; zookeeper is not deployed");
}

#[test]
fn the_unit_furthest_behind_is_named() {
    assert_eq!(waits("waiting-for-machine"), "7 of 8 units ready; kafka/2 waiting: machine 7 pending");
    assert_eq!(
        waits("machine-being-created"),
        "7 of 8 units ready; kafka/2 waiting: machine 7 allocating: Retrieving image: rootfs: 37% (4.1MB/s)"
    );
    assert_eq!(waits("installing-agent"), "7 of 8 units ready; kafka/2 waiting: installing agent");
    assert_eq!(waits("install-hook"), "7 of 8 units ready; kafka/2 maintenance: installing charm software");
    let two = changed("install-hook", |v| {
        v["applications"]["kafka"]["units"]["kafka/0"]["workload-status"] =
            says("waiting", "zookeeper credentials not created yet", "09:31:00");
    });
    assert_eq!(waits_in(&two), "6 of 8 units ready; kafka/2 maintenance: installing charm software");
}

#[test]
fn before_integrate_the_missing_relation_is_named() {
    assert_eq!(waits("before-integrate"), "5 of 8 units ready; kafka and zookeeper are not integrated");
}

#[test]
fn a_hook_may_fail_for_five_minutes() {
    let trouble = broken(&status("hook-failed"));
    assert_eq!((trouble.id, trouble.entity.as_str()), (Id::UnitError, "kafka/1"));
    assert_eq!(trouble.why, "error: hook failed: \"zookeeper-relation-changed\" for zookeeper:zookeeper");
    assert_eq!(
        trouble.hint,
        "in the VM: `juju debug-log -m overlord:demo --replay --no-tail --include kafka/1` shows why; \
         `juju resolved -m overlord:demo kafka/1` tries again"
    );
    let young = with_unit("kafka/1", says("error", "hook failed: \"start\"", "09:26:08"), idle());
    assert_eq!(waits_in(&young), "7 of 8 units ready; kafka/1 error: hook failed: \"start\"");
    let old = with_unit("kafka/1", says("error", "hook failed: \"start\"", "09:26:07"), idle());
    assert_eq!(broken(&old).id, Id::UnitError);
}

#[test]
fn an_agent_may_be_silent_for_three_minutes() {
    let trouble = broken(&status("agent-lost"));
    assert_eq!((trouble.id, trouble.entity.as_str()), (Id::AgentLost, "kafka/1"));
    assert_eq!(trouble.why, "lost: agent is not communicating with the server");
    let unknown = says("unknown", "agent lost, see 'juju show-status-log kafka/1'", "09:29:00");
    let young = with_unit("kafka/1", unknown, says("lost", "not communicating", "09:29:00"));
    assert_eq!(waits_in(&young), "7 of 8 units ready; kafka/1 agent lost: not communicating");
}

#[test]
fn a_machine_may_be_down_for_three_minutes() {
    let trouble = broken(&status("machine-down"));
    assert_eq!((trouble.id, trouble.entity.as_str()), (Id::MachineDown, "machine 3"));
    assert!(trouble.hint.contains("`lxc start juju-5d1c9e-3`"), "{}", trouble.hint);
    let young = changed("machine-down", |v| v["controller"]["timestamp"] = "09:35:00Z".into());
    let why = "agent lost: agent is not communicating with the server";
    assert_eq!(waits_in(&young), format!("7 of 8 units ready; zookeeper/3 {why}"));
}

#[test]
fn juju_4_may_misjudge_a_machine_whose_agents_are_well() {
    let change = |version: &str| {
        changed("healthy", |v| {
            v["model"]["version"] = version.into();
            v["machines"]["3"]["juju-status"] = says("down", "", "09:20:00");
        })
    };
    assert_eq!(broken(&change("3.6.11")).id, Id::MachineDown);
    assert_eq!(judge(&change("4.0.9"), &seed()), Judgement::Ready { seen: "8 of 8 units ready".into() });
}

#[test]
fn a_container_that_cannot_be_made_is_broken_after_half_a_minute() {
    let trouble = broken(&status("provisioning-failed"));
    assert_eq!((trouble.id, trouble.entity.as_str()), (Id::ProvisioningFailed, "machine 7"));
    assert_eq!(trouble.why, "provisioning error: no matching image found");
    assert_eq!(trouble.hint, "in the VM: `juju retry-provisioning 7 -m overlord:demo`, then `kafstack up`");
    let young = changed("provisioning-failed", |v| {
        v["machines"]["7"]["machine-status"]["since"] = "2026-03-14 09:31:00Z".into();
        v["machines"]["7"]["juju-status"] = json!({"current": "pending"});
    });
    let why = "kafka/2 waiting: machine 7 provisioning error: no matching image found";
    assert_eq!(waits_in(&young), format!("7 of 8 units ready; {why}"));
}

#[test]
fn a_suspended_model_is_broken_at_once_and_a_migrating_one_is_waited_for() {
    let trouble = broken(&status("model-suspended"));
    assert_eq!((trouble.id, trouble.entity.as_str()), (Id::ModelNotAvailable, "model demo"));
    assert_eq!(trouble.why, "suspended: suspended since cloud credential is not valid (certificate revoked)");
    assert_eq!(
        waits("model-migrating"),
        "model demo busy: migrating: validating, waiting for agents to report back"
    );
}

#[test]
fn what_juju_could_not_tell_is_waited_for() {
    assert_eq!(
        waits("status-error"),
        "Juju could not tell about kafka: cannot get relations: connection is shut down"
    );
}

#[test]
fn update_status_is_rest_and_any_other_hook_is_work() {
    let active = says("active", "", "09:24:10");
    let runs = |hook: &str| json!({"current": "executing", "message": format!("running {hook} hook")});
    assert_eq!(
        judge(&with_unit("kafka/0", active.clone(), runs("update-status")), &seed()),
        Judgement::Ready { seen: "8 of 8 units ready".into() }
    );
    assert_eq!(
        waits_in(&with_unit("kafka/0", active, runs("start"))),
        "7 of 8 units ready; kafka/0 busy, executing: running start hook"
    );
}

#[test]
fn a_unit_must_have_been_active_for_half_a_minute() {
    let fresh = with_unit("kafka/0", says("active", "", "09:30:38"), idle());
    assert_eq!(waits_in(&fresh), "7 of 8 units ready; kafka/0 active for less than 30 s");
    let settled = with_unit("kafka/0", says("active", "", "09:30:37"), idle());
    assert!(matches!(judge(&settled, &seed()), Judgement::Ready { .. }));
}

#[test]
fn blocked_means_it_only_at_rest_and_after_its_grace() {
    let snap = "unable to install charmed-kafka snap";
    let old = with_unit("kafka/0", says("blocked", snap, "09:20:00"), idle());
    let trouble = broken(&old);
    assert_eq!((trouble.id, trouble.entity.as_str()), (Id::UnitBlocked, "kafka/0"));
    assert!(trouble.hint.contains("--unit kafka/0"), "{}", trouble.hint);
    let young = with_unit("kafka/0", says("blocked", snap, "09:30:00"), idle());
    assert_eq!(waits_in(&young), format!("7 of 8 units ready; kafka/0 blocked: {snap}"));
    let at_work = json!({"current": "executing", "message": "running install hook"});
    let working = with_unit("kafka/0", says("blocked", snap, "09:20:00"), at_work);
    assert!(matches!(judge(&working, &seed()), Judgement::Waiting { .. }));
}

#[test]
fn what_should_pass_is_broken_when_it_does_not() {
    let message = "unit not connected to zookeeper";
    let old = with_unit("kafka/0", says("blocked", message, "09:21:07"), idle());
    assert_eq!(broken(&old).id, Id::UnitBlocked);
    let young = with_unit("kafka/0", says("blocked", message, "09:21:08"), idle());
    assert_eq!(waits_in(&young), format!("7 of 8 units ready; kafka/0 blocked: {message}"));
    let waiting = says("waiting", "zookeeper credentials not created yet", "08:00:00");
    assert_eq!(
        waits_in(&with_unit("kafka/0", waiting, idle())),
        "7 of 8 units ready; kafka/0 waiting: zookeeper credentials not created yet"
    );
}

#[test]
fn words_nobody_wrote_down_are_waited_on_and_shown() {
    let odd = with_unit("kafka/0", says("blocked", "the moon\nis \u{1b}[1mfull", "08:00:00"), idle());
    assert_eq!(waits_in(&odd), "7 of 8 units ready; kafka/0 blocked: the moon is full");
}

#[test]
fn units_are_counted_and_one_leads() {
    let fewer = changed("healthy", |v| {
        v["applications"]["kafka"]["units"].as_object_mut().unwrap().remove("kafka/0");
    });
    assert_eq!(waits_in(&fewer), "7 of 8 units ready; kafka has 2 of 3 units");
    let headless = changed("healthy", |v| {
        v["applications"]["kafka"]["units"]["kafka/1"]["leader"] = false.into();
    });
    assert_eq!(waits_in(&headless), "8 of 8 units ready; kafka has no leader");
    let dying = changed("healthy", |v| v["applications"]["kafka"]["life"] = "dying".into());
    assert_eq!(waits_in(&dying), "8 of 8 units ready; kafka is being removed");
}

#[test]
fn kraft_needs_no_zookeeper() {
    let wanted =
        Wanted { applications: vec![WantedApplication::new("kafka", "4", 3)], related: Vec::new(), ..seed() };
    let alone = changed("healthy", |v| {
        v["applications"].as_object_mut().unwrap().remove("zookeeper");
    });
    assert_eq!(judge(&alone, &wanted), Judgement::Ready { seen: "3 of 3 units ready".into() });
}

#[test]
fn applications_that_nobody_asked_for_are_not_judged() {
    let extra = changed("healthy", |v| {
        v["applications"]["other"] =
            json!({"units": {"other/0": {"workload-status": says("error", "x", "08:00:00")}}});
    });
    assert!(matches!(judge(&extra, &seed()), Judgement::Ready { .. }));
}

#[test]
fn a_failure_says_what_was_expected_and_seen() {
    let failure = broken(&status("provisioning-failed")).failure("all units active");
    assert_eq!(failure.to_string(), "machine 7: Juju could not create a machine [provisioning-failed]");
    assert_eq!(failure.seen.as_deref(), Some("machine 7 provisioning error: no matching image found"));
}

#[test]
fn every_fixture_is_judged_in_one_line() {
    for name in names() {
        let line = match judge(&status(&name), &seed()) {
            Judgement::Ready { seen } => seen,
            Judgement::Waiting { why } => why,
            Judgement::Broken(trouble) => trouble.why,
        };
        assert!(!line.is_empty() && !line.contains('\n'), "{name}: {line}");
    }
}

/// A configuration with these tracks.
fn config(kafka: &str, zookeeper: bool) -> Config {
    use crate::config::*;
    let channel = |track: &str| Channel { track: track.into(), risk: "stable".into() };
    Config {
        preset: Preset::Microstack,
        vm: VmConfig {
            name: "microstack".into(),
            image: Image::Noble,
            cpus: 8,
            memory: Size::gib(32),
            disk: Size::gib(120),
        },
        openstack: OpenstackConfig {
            enabled: true,
            channel: channel("2024.1"),
            instance: "demo_instance".into(),
            openrc: "demo-openrc".into(),
        },
        juju: JujuConfig { channel: channel("3.6"), controller: "overlord".into(), model: "demo".into() },
        zookeeper: ZookeeperConfig { enabled: zookeeper, channel: channel("3"), units: 5 },
        kafka: KafkaConfig {
            channel: channel(kafka),
            units: 3,
            profile: "testing".into(),
            options: std::collections::BTreeMap::new(),
        },
        proxy: ProxyConfig::default(),
        timeouts: std::collections::BTreeMap::new(),
    }
}

#[test]
fn the_configuration_says_what_is_wanted() {
    assert_eq!(Wanted::kafka(&config("3", true)), seed());
    let kraft = Wanted::kafka(&config("4", false));
    assert_eq!(kraft.applications, [WantedApplication::new("kafka", "4", 3)]);
    assert!(kraft.related.is_empty());
}
