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

/// The stable ids. Each has a heading of its own in `documentation/troubleshooting.md`, held by a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// kafstack met something its authors did not think of.
    Unexpected,
    /// The command line does not fit the command.
    Usage,
    /// The configuration has a key, a type or a value that cannot be.
    ConfigurationInvalid,
    /// What was asked for differs from what this VM was built with.
    ConfigurationDiffers,
    /// A question was answered with no, or there was nobody to ask.
    NotConfirmed,
    /// kafstack was started through sudo.
    RunThroughSudo,
    /// There is a topic of that name already.
    TopicExists,
    /// There is no topic of that name.
    TopicUnknown,
    /// A topic cannot be like that.
    TopicInvalid,
    /// A line cannot be sent as a message.
    MessageRefused,
    /// There is no consumer group of that name.
    GroupUnknown,
    /// There is a user of that name with other settings.
    UserExists,
    /// There is no user of that name.
    UserUnknown,
    /// There is more than one user, or none, and none was named.
    UserAmbiguous,
    /// The cluster cannot be scaled like that.
    ScaleRefused,
    /// Encryption is on already, from another certificate authority.
    TlsDiffers,
    /// The file that was asked for could not be written.
    FileNotWritten,
    /// There is no such run, or there was none yet.
    RunUnknown,
    /// This laptop cannot carry the configuration.
    LaptopNotAble,
    /// Multipass is not installed and kafstack cannot install it here.
    MultipassMissing,
    /// A command that needs administrator rights could not be run.
    ElevationRefused,
    /// kafstack's own folder cannot be used.
    StateUnusable,
    /// The laptop already uses the network that the brokers are in.
    RouteClashes,
    /// One of the tools ended with an error.
    CommandFailed,
    /// Multipass could not create the VM.
    LaunchFailed,
    /// Sunbeam's node preparation script is not what it should be.
    ScriptUnexpected,
    /// A charm's action, or one of Kafka's tools on a broker, said no.
    ActionFailed,
    /// Multipass' service did not answer in time.
    MultipassNotReady,
    /// The VM did not become ready in time.
    VmNotReady,
    /// The `openstack` snap did not become ready in time.
    OpenstackNotInstalled,
    /// The VM was not prepared for Sunbeam in time.
    NodeNotPrepared,
    /// OpenStack did not come up in time.
    CloudNotBootstrapped,
    /// OpenStack's demo project was not ready in time.
    CloudNotConfigured,
    /// The demo instance did not become active in time.
    InstanceNotActive,
    /// LXD did not become ready in time.
    LxdNotReady,
    /// The Juju controller did not answer in time.
    ControllerNotReady,
    /// The Juju model did not answer in time.
    ModelNotReady,
    /// The zookeeper application was not there in time.
    ZookeeperNotDeployed,
    /// The kafka application was not there in time.
    KafkaNotDeployed,
    /// Kafka did not become ready in time.
    KafkaNotReady,
    /// A long command goes on in the VM after the step's limit.
    StillRunning,
    /// The VM was still there after it was to be destroyed.
    VmNotGone,
    /// The topic was not as asked for in time.
    TopicNotReady,
    /// The user's credentials did not come in time.
    UserNotReady,
    /// Encryption was not in force, or not off, in time.
    TlsNotReady,
    /// The units did not come up, or go away, in time.
    ScaleNotReady,
    /// The application beside Kafka did not come up in time.
    NeighbourNotReady,
    /// A step of the demo did not come to its end in time.
    DemoNotReady,
    /// The brokers do not answer from the laptop.
    RouteNotWorking,
    /// There is a VM of this name that kafstack did not make.
    VmNotOurs,
    /// The VM runs another Ubuntu release than configured.
    VmWrongRelease,
    /// cloud-init ended with an error in the VM.
    CloudInitFailed,
    /// The VM does not know its own full name.
    VmNameUnresolved,
    /// A snap in the VM follows another channel than configured.
    WrongChannel,
    /// The Juju in the VM does not fit.
    WrongJuju,
    /// There is more than one server of the demo instance's name.
    InstanceDuplicated,
    /// An application in the model is not the one that was asked for.
    ApplicationDiffers,
    /// A unit's hook failed and did not heal.
    UnitError,
    /// A unit's agent no longer talks to the controller.
    AgentLost,
    /// A machine of the model is down.
    MachineDown,
    /// Juju could not create a machine.
    ProvisioningFailed,
    /// A charm waits for a person.
    UnitBlocked,
    /// The Juju model is suspended or being destroyed.
    ModelNotAvailable,
    /// The stack is not ready.
    NotReady,
    /// The VM is not running and this command does not start it.
    VmStopped,
    /// Another kafstack is changing this stack.
    StackLocked,
    /// You interrupted kafstack.
    Interrupted,
    /// kafstack was told to end.
    Terminated,
    /// The terminal went away.
    HungUp,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Id {
    /// All of them, in the order of the exit codes.
    pub const ALL: &[Id] = &[
        Id::Unexpected,
        Id::Usage,
        Id::ConfigurationInvalid,
        Id::ConfigurationDiffers,
        Id::NotConfirmed,
        Id::RunThroughSudo,
        Id::TopicExists,
        Id::TopicUnknown,
        Id::TopicInvalid,
        Id::MessageRefused,
        Id::GroupUnknown,
        Id::UserExists,
        Id::UserUnknown,
        Id::UserAmbiguous,
        Id::ScaleRefused,
        Id::TlsDiffers,
        Id::FileNotWritten,
        Id::RunUnknown,
        Id::LaptopNotAble,
        Id::MultipassMissing,
        Id::ElevationRefused,
        Id::StateUnusable,
        Id::RouteClashes,
        Id::CommandFailed,
        Id::LaunchFailed,
        Id::ScriptUnexpected,
        Id::ActionFailed,
        Id::MultipassNotReady,
        Id::VmNotReady,
        Id::OpenstackNotInstalled,
        Id::NodeNotPrepared,
        Id::CloudNotBootstrapped,
        Id::CloudNotConfigured,
        Id::InstanceNotActive,
        Id::LxdNotReady,
        Id::ControllerNotReady,
        Id::ModelNotReady,
        Id::ZookeeperNotDeployed,
        Id::KafkaNotDeployed,
        Id::KafkaNotReady,
        Id::StillRunning,
        Id::VmNotGone,
        Id::TopicNotReady,
        Id::UserNotReady,
        Id::TlsNotReady,
        Id::ScaleNotReady,
        Id::NeighbourNotReady,
        Id::DemoNotReady,
        Id::RouteNotWorking,
        Id::VmNotOurs,
        Id::VmWrongRelease,
        Id::CloudInitFailed,
        Id::VmNameUnresolved,
        Id::WrongChannel,
        Id::WrongJuju,
        Id::InstanceDuplicated,
        Id::ApplicationDiffers,
        Id::UnitError,
        Id::AgentLost,
        Id::MachineDown,
        Id::ProvisioningFailed,
        Id::UnitBlocked,
        Id::ModelNotAvailable,
        Id::NotReady,
        Id::VmStopped,
        Id::StackLocked,
        Id::Interrupted,
        Id::Terminated,
        Id::HungUp,
    ];

    /// All that is to be said of it.
    pub const fn about(self) -> About {
        match self {
            Id::Unexpected => About {
                id: "unexpected",
                exit_code: 1,
                meaning: "kafstack met something its authors did not think of",
                cure: "This is a bug in kafstack. Run again with `-vv` and report what it prints, with the file that `kafstack bundle` writes.",
            },
            Id::Usage => About {
                id: "usage",
                exit_code: 2,
                meaning: "The command line does not fit the command",
                cure: "`kafstack help COMMAND` shows what it takes.",
            },
            Id::ConfigurationInvalid => About {
                id: "configuration-invalid",
                exit_code: 2,
                meaning: "The configuration has a key, a type or a value that cannot be",
                cure: "The message names file, line and key, and what would be right. `kafstack config check` asks again.",
            },
            Id::ConfigurationDiffers => About {
                id: "configuration-differs",
                exit_code: 2,
                meaning: "What was asked for differs from what this VM was built with",
                cure: "Leave the difference out, or `kafstack down` first and build anew.",
            },
            Id::NotConfirmed => About {
                id: "not-confirmed",
                exit_code: 2,
                meaning: "A question was answered with no, or there was nobody to ask",
                cure: "Answer yes on a terminal, or pass `--yes`.",
            },
            Id::RunThroughSudo => About {
                id: "run-through-sudo",
                exit_code: 2,
                meaning: "kafstack was started through sudo",
                cure: "Run it as yourself: for Multipass, root is another user with other VMs. kafstack asks before it runs anything with sudo.",
            },
            Id::TopicExists => About {
                id: "topic-exists",
                exit_code: 2,
                meaning: "There is a topic of that name already",
                cure: "`kafstack topic describe NAME` shows it; `--if-not-exists` accepts it as it is.",
            },
            Id::TopicUnknown => About {
                id: "topic-unknown",
                exit_code: 2,
                meaning: "There is no topic of that name",
                cure: "`kafstack topic list` shows those there are; `kafstack topic create NAME` makes one. Nothing makes topics by itself.",
            },
            Id::TopicInvalid => About {
                id: "topic-invalid",
                exit_code: 2,
                meaning: "A topic cannot be like that",
                cure: "The message says what would be right: the name, the number of partitions or replicas, or an option of a topic.",
            },
            Id::MessageRefused => About {
                id: "message-refused",
                exit_code: 2,
                meaning: "A line cannot be sent as a message",
                cure: "The message names the line and the reason: too long, not UTF-8, or without the key separator. The lines before it were sent.",
            },
            Id::GroupUnknown => About {
                id: "group-unknown",
                exit_code: 2,
                meaning: "There is no consumer group of that name",
                cure: "`kafstack group list` shows those there are.",
            },
            Id::UserExists => About {
                id: "user-exists",
                exit_code: 2,
                meaning: "There is a user of that name with other settings",
                cure: "`kafstack user show NAME` shows them; delete and create it anew, or choose another name.",
            },
            Id::UserUnknown => About {
                id: "user-unknown",
                exit_code: 2,
                meaning: "There is no user of that name",
                cure: "`kafstack user list` shows those there are; `kafstack user create NAME --topic TOPIC` makes one.",
            },
            Id::UserAmbiguous => About {
                id: "user-ambiguous",
                exit_code: 2,
                meaning: "There is more than one user, or none, and none was named",
                cure: "Name one with `--user NAME`; `kafstack user list` shows them.",
            },
            Id::ScaleRefused => About {
                id: "scale-refused",
                exit_code: 2,
                meaning: "The cluster cannot be scaled like that",
                cure: "The message says why: an even number of ZooKeeper units, or a topic that would lose its last replica.",
            },
            Id::TlsDiffers => About {
                id: "tls-differs",
                exit_code: 2,
                meaning: "Encryption is on already, from another certificate authority",
                cure: "`kafstack tls disable`, then `kafstack tls enable --ca-name NAME`.",
            },
            Id::FileNotWritten => About {
                id: "file-not-written",
                exit_code: 2,
                meaning: "The file that was asked for could not be written",
                cure: "The message names the path and the reason.",
            },
            Id::RunUnknown => About {
                id: "run-unknown",
                exit_code: 2,
                meaning: "There is no such run, or there was none yet",
                cure: "The message names those there are; the last 20 are kept.",
            },
            Id::LaptopNotAble => About {
                id: "laptop-not-able",
                exit_code: 3,
                meaning: "This laptop cannot carry the configuration",
                cure: "`kafstack doctor` shows every verdict. Choose a smaller preset, or rehearse: `kafstack up --rehearse`.",
            },
            Id::MultipassMissing => About {
                id: "multipass-missing",
                exit_code: 3,
                meaning: "Multipass is not installed and kafstack cannot install it here",
                cure: "Install it by hand, then run `kafstack up` again. `kafstack up --rehearse` needs nothing.",
            },
            Id::ElevationRefused => About {
                id: "elevation-refused",
                exit_code: 3,
                meaning: "A command that needs administrator rights could not be run",
                cure: "Type the printed line yourself, then run `kafstack up` again; or pass `--yes` where sudo asks no password.",
            },
            Id::StateUnusable => About {
                id: "state-unusable",
                exit_code: 3,
                meaning: "kafstack's own folder cannot be used",
                cure: "The message names the path and the reason: no space, no permission, or not yours.",
            },
            Id::RouteClashes => About {
                id: "route-clashes",
                exit_code: 3,
                meaning: "The laptop already uses the network that the brokers are in",
                cure: "Disconnect the VPN or network that uses it, or work inside the VM: `kafstack shell`.",
            },
            Id::CommandFailed => About {
                id: "command-failed",
                exit_code: 4,
                meaning: "One of the tools ended with an error",
                cure: "The message shows its last words and where its whole output lies. The same command again goes on there.",
            },
            Id::LaunchFailed => About {
                id: "launch-failed",
                exit_code: 4,
                meaning: "Multipass could not create the VM",
                cure: "The message shows Multipass' own words. Free memory or disk, or mend the network, then `kafstack up`.",
            },
            Id::ScriptUnexpected => About {
                id: "script-unexpected",
                exit_code: 4,
                meaning: "Sunbeam's node preparation script is not what it should be",
                cure: "Nothing was run. Look at it yourself: `sunbeam prepare-node-script --bootstrap` in the VM.",
            },
            Id::ActionFailed => About {
                id: "action-failed",
                exit_code: 4,
                meaning: "A charm's action, or one of Kafka's tools on a broker, said no",
                cure: "The message shows its own words.",
            },
            Id::MultipassNotReady => About {
                id: "multipass-not-ready",
                exit_code: 5,
                meaning: "Multipass' service did not answer in time",
                cure: "`sudo snap restart multipass`, then `kafstack up`.",
            },
            Id::VmNotReady => About {
                id: "vm-not-ready",
                exit_code: 5,
                meaning: "The VM did not become ready in time",
                cure: "`multipass info NAME` shows its state; `kafstack up` goes on waiting.",
            },
            Id::OpenstackNotInstalled => About {
                id: "openstack-not-installed",
                exit_code: 5,
                meaning: "The `openstack` snap did not become ready in time",
                cure: "`multipass exec NAME -- snap changes` shows what snapd is doing.",
            },
            Id::NodeNotPrepared => About {
                id: "node-not-prepared",
                exit_code: 5,
                meaning: "The VM was not prepared for Sunbeam in time",
                cure: "`kafstack up` runs the preparation again; it may be repeated.",
            },
            Id::CloudNotBootstrapped => About {
                id: "cloud-not-bootstrapped",
                exit_code: 5,
                meaning: "OpenStack did not come up in time",
                cure: "`multipass exec NAME -- juju status -m sunbeam-controller:openstack` shows what is missing; `kafstack up` goes on.",
            },
            Id::CloudNotConfigured => About {
                id: "cloud-not-configured",
                exit_code: 5,
                meaning: "OpenStack's demo project was not ready in time",
                cure: "`kafstack up` configures again; it may be repeated.",
            },
            Id::InstanceNotActive => About {
                id: "instance-not-active",
                exit_code: 5,
                meaning: "The demo instance did not become active in time",
                cure: "Look at it with `openstack server list` in the VM after reading the openrc.",
            },
            Id::LxdNotReady => About {
                id: "lxd-not-ready",
                exit_code: 5,
                meaning: "LXD did not become ready in time",
                cure: "`multipass exec NAME -- snap services lxd` shows its service.",
            },
            Id::ControllerNotReady => About {
                id: "controller-not-ready",
                exit_code: 5,
                meaning: "The Juju controller did not answer in time",
                cure: "`multipass exec NAME -- juju controllers --refresh` and `lxc list` in the VM show what is there.",
            },
            Id::ModelNotReady => About {
                id: "model-not-ready",
                exit_code: 5,
                meaning: "The Juju model did not answer in time",
                cure: "`multipass exec NAME -- juju models -c overlord` shows the models.",
            },
            Id::ZookeeperNotDeployed => About {
                id: "zookeeper-not-deployed",
                exit_code: 5,
                meaning: "The zookeeper application was not there in time",
                cure: "`kafstack status` shows the model.",
            },
            Id::KafkaNotDeployed => About {
                id: "kafka-not-deployed",
                exit_code: 5,
                meaning: "The kafka application was not there in time",
                cure: "`kafstack status` shows the model.",
            },
            Id::KafkaNotReady => About {
                id: "kafka-not-ready",
                exit_code: 5,
                meaning: "Kafka did not become ready in time",
                cure: "`kafstack status` shows which unit is missing; `kafstack up` goes on waiting.",
            },
            Id::StillRunning => About {
                id: "still-running",
                exit_code: 5,
                meaning: "A long command goes on in the VM after the step's limit",
                cure: "Nothing is lost: `kafstack up` waits for it again. `timeouts:` in the configuration gives it longer. Only if it hangs, end it with the command that the failure named.",
            },
            Id::VmNotGone => About {
                id: "vm-not-gone",
                exit_code: 5,
                meaning: "The VM was still there after it was to be destroyed",
                cure: "`multipass list` shows it; `kafstack down` tries again.",
            },
            Id::TopicNotReady => About {
                id: "topic-not-ready",
                exit_code: 5,
                meaning: "The topic was not as asked for in time",
                cure: "`kafstack topic describe NAME` shows it.",
            },
            Id::UserNotReady => About {
                id: "user-not-ready",
                exit_code: 5,
                meaning: "The user's credentials did not come in time",
                cure: "`kafstack status` shows the data-integrator application; `kafstack user create` again goes on waiting.",
            },
            Id::TlsNotReady => About {
                id: "tls-not-ready",
                exit_code: 5,
                meaning: "Encryption was not in force, or not off, in time",
                cure: "`kafstack status` shows which unit is behind; the same command again goes on waiting.",
            },
            Id::ScaleNotReady => About {
                id: "scale-not-ready",
                exit_code: 5,
                meaning: "The units did not come up, or go away, in time",
                cure: "`kafstack status` shows them; the same command again goes on waiting.",
            },
            Id::NeighbourNotReady => About {
                id: "neighbour-not-ready",
                exit_code: 5,
                meaning: "The application beside Kafka did not come up in time",
                cure: "`kafstack status` shows it; the same command again goes on waiting.",
            },
            Id::DemoNotReady => About {
                id: "demo-not-ready",
                exit_code: 5,
                meaning: "A step of the demo did not come to its end in time",
                cure: "`kafstack status` shows the applications; `kafstack demo` goes on at that step.",
            },
            Id::RouteNotWorking => About {
                id: "route-not-working",
                exit_code: 5,
                meaning: "The brokers do not answer from the laptop",
                cure: "A firewall or VPN may be in the way; `kafstack disconnect` takes the route back.",
            },
            Id::VmNotOurs => About {
                id: "vm-not-ours",
                exit_code: 6,
                meaning: "There is a VM of this name that kafstack did not make",
                cure: "Choose another name with `--set vm.name=NAME`, or hand this VM over with `--adopt`.",
            },
            Id::VmWrongRelease => About {
                id: "vm-wrong-release",
                exit_code: 6,
                meaning: "The VM runs another Ubuntu release than configured",
                cure: "`kafstack down` destroys it; then `kafstack up`.",
            },
            Id::CloudInitFailed => About {
                id: "cloud-init-failed",
                exit_code: 6,
                meaning: "cloud-init ended with an error in the VM",
                cure: "`multipass exec NAME -- cloud-init status --long` shows which part. `kafstack down`, then `kafstack up`.",
            },
            Id::VmNameUnresolved => About {
                id: "vm-name-unresolved",
                exit_code: 6,
                meaning: "The VM does not know its own full name",
                cure: "Sunbeam needs `hostname -f` to be `NAME.multipass`. `kafstack down`, then `kafstack up`.",
            },
            Id::WrongChannel => About {
                id: "wrong-channel",
                exit_code: 6,
                meaning: "A snap in the VM follows another channel than configured",
                cure: "Set the configuration to what is installed, or `kafstack down` and `kafstack up`.",
            },
            Id::WrongJuju => About {
                id: "wrong-juju",
                exit_code: 6,
                meaning: "The Juju in the VM does not fit",
                cure: "Kafka's track 3 needs Juju 3: the charm reads addresses that Juju 4 no longer provides. `kafstack down`, then a `juju.channel` of `3.6/stable`.",
            },
            Id::InstanceDuplicated => About {
                id: "instance-duplicated",
                exit_code: 6,
                meaning: "There is more than one server of the demo instance's name",
                cure: "Delete all but one with `openstack server delete ID` in the VM; kafstack does not choose for you.",
            },
            Id::ApplicationDiffers => About {
                id: "application-differs",
                exit_code: 6,
                meaning: "An application in the model is not the one that was asked for",
                cure: "Remove it with `juju remove-application`, or `kafstack down` and `kafstack up`.",
            },
            Id::UnitError => About {
                id: "unit-error",
                exit_code: 6,
                meaning: "A unit's hook failed and did not heal",
                cure: "`juju debug-log --replay --no-tail --include UNIT` shows why; `juju resolved UNIT` retries the hook.",
            },
            Id::AgentLost => About {
                id: "agent-lost",
                exit_code: 6,
                meaning: "A unit's agent no longer talks to the controller",
                cure: "Often too little memory. `lxc list` in the VM shows whether its container runs.",
            },
            Id::MachineDown => About {
                id: "machine-down",
                exit_code: 6,
                meaning: "A machine of the model is down",
                cure: "`lxc list` in the VM shows its container; `lxc start NAME` starts it.",
            },
            Id::ProvisioningFailed => About {
                id: "provisioning-failed",
                exit_code: 6,
                meaning: "Juju could not create a machine",
                cure: "`juju retry-provisioning --all` in the VM tries again.",
            },
            Id::UnitBlocked => About {
                id: "unit-blocked",
                exit_code: 6,
                meaning: "A charm waits for a person",
                cure: "The message shows the charm's own words and what they ask for.",
            },
            Id::ModelNotAvailable => About {
                id: "model-not-available",
                exit_code: 6,
                meaning: "The Juju model is suspended or being destroyed",
                cure: "`juju show-model` in the VM shows why.",
            },
            Id::NotReady => About {
                id: "not-ready",
                exit_code: 7,
                meaning: "The stack is not ready",
                cure: "`kafstack status` shows the first checkpoint that does not hold; `kafstack up` finishes it.",
            },
            Id::VmStopped => About {
                id: "vm-stopped",
                exit_code: 7,
                meaning: "The VM is not running and this command does not start it",
                cure: "`kafstack up` starts it and finishes whatever is missing.",
            },
            Id::StackLocked => About {
                id: "stack-locked",
                exit_code: 8,
                meaning: "Another kafstack is changing this stack",
                cure: "Wait for it, or end it. `kafstack status` may be asked meanwhile.",
            },
            Id::Interrupted => About {
                id: "interrupted",
                exit_code: 130,
                meaning: "You interrupted kafstack",
                cure: "Nothing is lost: the same command again goes on where it stopped.",
            },
            Id::Terminated => About {
                id: "terminated",
                exit_code: 143,
                meaning: "kafstack was told to end",
                cure: "Nothing is lost: the same command again goes on where it stopped.",
            },
            Id::HungUp => About {
                id: "hung-up",
                exit_code: 129,
                meaning: "The terminal went away",
                cure: "Nothing is lost: the same command again goes on where it stopped.",
            },
        }
    }

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
