//! The stable ids of failures, and for each its exit code, what it means and what to do.

use std::fmt;

/// What is to be said of an id.
pub struct About {
    /// The id.
    pub id: &'static str,
    /// kafstack's exit code.
    pub exit_code: u8,
    /// What it means, one sentence without a full stop.
    pub meaning: &'static str,
    /// What to do.
    pub cure: &'static str,
}

/// Makes [`Id`] of rows: variant, id, exit code, meaning, cure.
macro_rules! ids {
    ($($variant:ident = $id:literal, $exit_code:literal, $meaning:literal, $cure:literal;)+) => {
        /// The stable ids. Each has a heading of its own in `documentation/troubleshooting.md`, held by a test.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Id {
            $(#[doc = $meaning] $variant,)+
        }

        impl Id {
            /// All of them, in the order of the exit codes.
            pub const ALL: &[Id] = &[$(Id::$variant),+];

            /// All that is to be said of it.
            pub const fn about(self) -> About {
                match self {
                    $(Id::$variant => About { id: $id, exit_code: $exit_code, meaning: $meaning, cure: $cure },)+
                }
            }
        }
    };
}

ids! {
    Unexpected = "unexpected", 1,
        "kafstack met something its authors did not think of",
        "This is a bug in kafstack. Run again with `-vv` and report what it prints, with the file that `kafstack bundle` writes.";
    Usage = "usage", 2,
        "The command line does not fit the command",
        "`kafstack help COMMAND` shows what it takes.";
    ConfigurationInvalid = "configuration-invalid", 2,
        "The configuration has a key, a type or a value that cannot be",
        "The message names file, line and key, and what would be right. `kafstack config check` asks again.";
    ConfigurationDiffers = "configuration-differs", 2,
        "What was asked for differs from what this VM was built with",
        "Leave the difference out, or `kafstack down` first and build anew.";
    NotConfirmed = "not-confirmed", 2,
        "A question was answered with no, or there was nobody to ask",
        "Answer yes on a terminal, or pass `--yes`.";
    RunThroughSudo = "run-through-sudo", 2,
        "kafstack was started through sudo",
        "Run it as yourself: for Multipass, root is another user with other VMs. kafstack asks before it runs anything with sudo.";
    TopicExists = "topic-exists", 2,
        "There is a topic of that name already",
        "`kafstack topic describe NAME` shows it; `--if-not-exists` accepts it as it is.";
    TopicUnknown = "topic-unknown", 2,
        "There is no topic of that name",
        "`kafstack topic list` shows those there are; `kafstack topic create NAME` makes one. Nothing makes topics by itself.";
    TopicInvalid = "topic-invalid", 2,
        "A topic cannot be like that",
        "The message says what would be right: the name, the number of partitions or replicas, or an option of a topic.";
    MessageRefused = "message-refused", 2,
        "A line cannot be sent as a message",
        "The message names the line and the reason: too long, not UTF-8, or without the key separator. The lines before it were sent.";
    GroupUnknown = "group-unknown", 2,
        "There is no consumer group of that name",
        "`kafstack group list` shows those there are.";
    UserExists = "user-exists", 2,
        "There is a user of that name with other settings",
        "`kafstack user show NAME` shows them; delete and create it anew, or choose another name.";
    UserUnknown = "user-unknown", 2,
        "There is no user of that name",
        "`kafstack user list` shows those there are; `kafstack user create NAME --topic TOPIC` makes one.";
    UserAmbiguous = "user-ambiguous", 2,
        "There is more than one user, or none, and none was named",
        "Name one with `--user NAME`; `kafstack user list` shows them.";
    ScaleRefused = "scale-refused", 2,
        "The cluster cannot be scaled like that",
        "The message says why: an even number of ZooKeeper units, or a topic that would lose its last replica.";
    TlsDiffers = "tls-differs", 2,
        "Encryption is on already, from another certificate authority",
        "`kafstack tls disable`, then `kafstack tls enable --ca-name NAME`.";
    FileNotWritten = "file-not-written", 2,
        "The file that was asked for could not be written",
        "The message names the path and the reason.";
    RunUnknown = "run-unknown", 2,
        "There is no such run, or there was none yet",
        "The message names those there are; the last 20 are kept.";
    LaptopNotAble = "laptop-not-able", 3,
        "This laptop cannot carry the configuration",
        "`kafstack doctor` shows every verdict. Choose a smaller preset, or rehearse: `kafstack up --rehearse`.";
    MultipassMissing = "multipass-missing", 3,
        "Multipass is not installed and kafstack cannot install it here",
        "Install it by hand, then run `kafstack up` again. `kafstack up --rehearse` needs nothing.";
    ElevationRefused = "elevation-refused", 3,
        "A command that needs administrator rights could not be run",
        "Type the printed line yourself, then run `kafstack up` again; or pass `--yes` where sudo asks no password.";
    StateUnusable = "state-unusable", 3,
        "kafstack's own folder cannot be used",
        "The message names the path and the reason: no space, no permission, or not yours.";
    RouteClashes = "route-clashes", 3,
        "The laptop already uses the network that the brokers are in",
        "Disconnect the VPN or network that uses it, or work inside the VM: `kafstack shell`.";
    CommandFailed = "command-failed", 4,
        "One of the tools ended with an error",
        "The message shows its last words and where its whole output lies. The same command again goes on there.";
    LaunchFailed = "launch-failed", 4,
        "Multipass could not create the VM",
        "The message shows Multipass' own words. Free memory or disk, or mend the network, then `kafstack up`.";
    ScriptUnexpected = "script-unexpected", 4,
        "Sunbeam's node preparation script is not what it should be",
        "Nothing was run. Look at it yourself: `sunbeam prepare-node-script --bootstrap` in the VM.";
    ActionFailed = "action-failed", 4,
        "A charm's action, or one of Kafka's tools on a broker, said no",
        "The message shows its own words.";
    MultipassNotReady = "multipass-not-ready", 5,
        "Multipass' service did not answer in time",
        "`sudo snap restart multipass`, then `kafstack up`.";
    VmNotReady = "vm-not-ready", 5,
        "The VM did not become ready in time",
        "`multipass info NAME` shows its state; `kafstack up` goes on waiting.";
    OpenstackNotInstalled = "openstack-not-installed", 5,
        "The `openstack` snap did not become ready in time",
        "`multipass exec NAME -- snap changes` shows what snapd is doing.";
    NodeNotPrepared = "node-not-prepared", 5,
        "The VM was not prepared for Sunbeam in time",
        "`kafstack up` runs the preparation again; it may be repeated.";
    CloudNotBootstrapped = "cloud-not-bootstrapped", 5,
        "OpenStack did not come up in time",
        "`multipass exec NAME -- juju status -m sunbeam-controller:openstack` shows what is missing; `kafstack up` goes on.";
    CloudNotConfigured = "cloud-not-configured", 5,
        "OpenStack's demo project was not ready in time",
        "`kafstack up` configures again; it may be repeated.";
    InstanceNotActive = "instance-not-active", 5,
        "The demo instance did not become active in time",
        "Look at it with `openstack server list` in the VM after reading the openrc.";
    LxdNotReady = "lxd-not-ready", 5,
        "LXD did not become ready in time",
        "`multipass exec NAME -- snap services lxd` shows its service.";
    ControllerNotReady = "controller-not-ready", 5,
        "The Juju controller did not answer in time",
        "`multipass exec NAME -- juju controllers --refresh` and `lxc list` in the VM show what is there.";
    ModelNotReady = "model-not-ready", 5,
        "The Juju model did not answer in time",
        "`multipass exec NAME -- juju models -c overlord` shows the models.";
    ZookeeperNotDeployed = "zookeeper-not-deployed", 5,
        "The zookeeper application was not there in time",
        "`kafstack status` shows the model.";
    KafkaNotDeployed = "kafka-not-deployed", 5,
        "The kafka application was not there in time",
        "`kafstack status` shows the model.";
    KafkaNotReady = "kafka-not-ready", 5,
        "Kafka did not become ready in time",
        "`kafstack status` shows which unit is missing; `kafstack up` goes on waiting.";
    StillRunning = "still-running", 5,
        "A long command goes on in the VM after the step's limit",
        "Nothing is lost: `kafstack up` waits for it again. `timeouts:` in the configuration gives it longer. Only if it hangs, end it with the command that the failure named.";
    VmNotGone = "vm-not-gone", 5,
        "The VM was still there after it was to be destroyed",
        "`multipass list` shows it; `kafstack down` tries again.";
    TopicNotReady = "topic-not-ready", 5,
        "The topic was not as asked for in time",
        "`kafstack topic describe NAME` shows it.";
    UserNotReady = "user-not-ready", 5,
        "The user's credentials did not come in time",
        "`kafstack status` shows the data-integrator application; `kafstack user create` again goes on waiting.";
    TlsNotReady = "tls-not-ready", 5,
        "Encryption was not in force, or not off, in time",
        "`kafstack status` shows which unit is behind; the same command again goes on waiting.";
    ScaleNotReady = "scale-not-ready", 5,
        "The units did not come up, or go away, in time",
        "`kafstack status` shows them; the same command again goes on waiting.";
    NeighbourNotReady = "neighbour-not-ready", 5,
        "The application beside Kafka did not come up in time",
        "`kafstack status` shows it; the same command again goes on waiting.";
    DemoNotReady = "demo-not-ready", 5,
        "A step of the demo did not come to its end in time",
        "`kafstack status` shows the applications; `kafstack demo` goes on at that step.";
    RouteNotWorking = "route-not-working", 5,
        "The brokers do not answer from the laptop",
        "A firewall or VPN may be in the way; `kafstack disconnect` takes the route back.";
    VmNotOurs = "vm-not-ours", 6,
        "There is a VM of this name that kafstack did not make",
        "Choose another name with `--set vm.name=NAME`, or hand this VM over with `--adopt`.";
    VmWrongRelease = "vm-wrong-release", 6,
        "The VM runs another Ubuntu release than configured",
        "`kafstack down` destroys it; then `kafstack up`.";
    CloudInitFailed = "cloud-init-failed", 6,
        "cloud-init ended with an error in the VM",
        "`multipass exec NAME -- cloud-init status --long` shows which part. `kafstack down`, then `kafstack up`.";
    VmNameUnresolved = "vm-name-unresolved", 6,
        "The VM does not know its own full name",
        "Sunbeam needs `hostname -f` to be `NAME.multipass`. `kafstack down`, then `kafstack up`.";
    WrongChannel = "wrong-channel", 6,
        "A snap in the VM follows another channel than configured",
        "Set the configuration to what is installed, or `kafstack down` and `kafstack up`.";
    WrongJuju = "wrong-juju", 6,
        "The Juju in the VM does not fit",
        "Kafka's track 3 needs Juju 3: the charm reads addresses that Juju 4 no longer provides. `kafstack down`, then a `juju.channel` of `3.6/stable`.";
    InstanceDuplicated = "instance-duplicated", 6,
        "There is more than one server of the demo instance's name",
        "Delete all but one with `openstack server delete ID` in the VM; kafstack does not choose for you.";
    ApplicationDiffers = "application-differs", 6,
        "An application in the model is not the one that was asked for",
        "Remove it with `juju remove-application`, or `kafstack down` and `kafstack up`.";
    UnitError = "unit-error", 6,
        "A unit's hook failed and did not heal",
        "`juju debug-log --replay --no-tail --include UNIT` shows why; `juju resolved UNIT` retries the hook.";
    AgentLost = "agent-lost", 6,
        "A unit's agent no longer talks to the controller",
        "Often too little memory. `lxc list` in the VM shows whether its container runs.";
    MachineDown = "machine-down", 6,
        "A machine of the model is down",
        "`lxc list` in the VM shows its container; `lxc start NAME` starts it.";
    ProvisioningFailed = "provisioning-failed", 6,
        "Juju could not create a machine",
        "`juju retry-provisioning --all` in the VM tries again.";
    UnitBlocked = "unit-blocked", 6,
        "A charm waits for a person",
        "The message shows the charm's own words and what they ask for.";
    ModelNotAvailable = "model-not-available", 6,
        "The Juju model is suspended or being destroyed",
        "`juju show-model` in the VM shows why.";
    NotReady = "not-ready", 7,
        "The stack is not ready",
        "`kafstack status` shows the first checkpoint that does not hold; `kafstack up` finishes it.";
    VmStopped = "vm-stopped", 7,
        "The VM is not running and this command does not start it",
        "`kafstack up` starts it and finishes whatever is missing.";
    StackLocked = "stack-locked", 8,
        "Another kafstack is changing this stack",
        "Wait for it, or end it. `kafstack status` may be asked meanwhile.";
    Interrupted = "interrupted", 130,
        "You interrupted kafstack",
        "Nothing is lost: the same command again goes on where it stopped.";
    Terminated = "terminated", 143,
        "kafstack was told to end",
        "Nothing is lost: the same command again goes on where it stopped.";
    HungUp = "hung-up", 129,
        "The terminal went away",
        "Nothing is lost: the same command again goes on where it stopped.";
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Id {
    /// The id as it is printed.
    pub const fn as_str(self) -> &'static str {
        self.about().id
    }

    /// kafstack's exit code for it.
    pub const fn exit_code(self) -> u8 {
        self.about().exit_code
    }

    /// The id of that name.
    pub fn named(name: &str) -> Option<Id> {
        Id::ALL.iter().copied().find(|id| id.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_a_heading_in_the_manual_with_its_exit_code() {
        let manual = include_str!("../../documentation/troubleshooting.md");
        for id in Id::ALL {
            let heading = format!("\n### {id} (exit code {})\n", id.exit_code());
            assert!(
                manual.contains(&heading),
                "documentation/troubleshooting.md lacks the heading {heading:?}"
            );
        }
    }

    #[test]
    fn names_find_their_ids() {
        for id in Id::ALL {
            assert_eq!(Id::named(id.as_str()), Some(*id));
        }
        assert_eq!(Id::named("nonsense"), None);
    }
}
