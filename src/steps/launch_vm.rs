//! The VM: there, ours, running, and as configured inside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{in_vm, minutes};
use crate::config::VmConfig;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::linux::{self, CloudInit, MARK};
use crate::tools::multipass::{self, Instance};

/// Its name.
pub const NAME: &str = "launch-vm";

/// Creates, starts or takes back the VM, whichever is missing.
pub struct LaunchVm {
    /// What it is to be.
    pub vm: VmConfig,
    /// Its user data.
    pub cloud_init: String,
    /// The journal records a launch since the last `down`, or this run began one. It is believed only while the VM
    /// cannot be asked without starting it, or its first boot goes on.
    pub launched: AtomicBool,
    /// The user handed a VM of this name over.
    pub adopt: bool,
    /// The step's limit.
    pub timeout: Duration,
}

impl LaunchVm {
    /// The usual limit: the download of an image has none of its own.
    pub const TIMEOUT: Duration = minutes(60);

    /// The VM in the fleet, if there.
    fn look(&self, hosts: &Hosts<'_>) -> Result<Option<Instance>, CommandError> {
        let line = multipass::list();
        let fleet = multipass::parse_list(&line, &hosts.laptop.ask(&line)?)?;
        Ok(fleet.into_iter().find(|vm| vm.name == self.vm.name))
    }

    /// Whether a launch of ours may have made it.
    fn launched(&self) -> bool {
        self.launched.load(Ordering::Relaxed)
    }

    /// A VM of this name is there, and not ours. One that came up without its user-data (an open report says that this
    /// happens: canonical/multipass#4396) nobody can tell from a stranger's, so it is left alone as well.
    fn foreign(&self, seen: &str) -> Verdict {
        let failure = not_ours(&self.vm.name, seen);
        Verdict::broken(if self.launched() {
            failure.hint("kafstack did begin a launch of this name. If nobody else made this VM, it came up without what kafstack gave along: `kafstack down --adopt`, then `kafstack up`")
        } else {
            failure
        })
    }

    /// A running VM: asked from inside. Our mark decides whose it is, whatever the journal says.
    fn look_inside(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let mark = hosts.vm.ask(&linux::cat(MARK))?;
        let line = linux::cloud_init();
        let cloud_init = || hosts.vm.ask(&line).and_then(|output| linux::parse_cloud_init(&line, output));
        if mark.code != 0 || mark.out().trim() != self.vm.name {
            // cloud-init writes the mark early, but not at once.
            if self.launched() && matches!(cloud_init()?, CloudInit::Running) {
                return Ok(Verdict::not_yet("running; cloud-init has not written our mark yet"));
            }
            if self.adopt {
                return Ok(Verdict::not_yet("running, to be adopted"));
            }
            return Ok(self.foreign("it is running and does not carry our mark"));
        }
        match cloud_init()? {
            CloudInit::Done => {}
            CloudInit::Running => return Ok(Verdict::not_yet("running; cloud-init is at work")),
            CloudInit::Failed { why } => {
                let failure =
                    Failure::new(Id::CloudInitFailed, format!("cloud-init failed in `{}`", self.vm.name))
                        .seen(why)
                        .hint(format!(
                            "look yourself: `{}`",
                            in_vm(&self.vm.name, "cloud-init status --long")
                        ))
                        .hint("`kafstack down`, then `kafstack up`");
                return Ok(Verdict::broken(failure));
            }
        }
        let line = linux::release();
        let release = hosts.vm.ask(&line)?.success(&line)?.out().trim().to_owned();
        if release != self.vm.image.codename() {
            let message =
                format!("`{}` runs Ubuntu {release}, not {}", self.vm.name, self.vm.image.codename());
            let failure = Failure::new(Id::VmWrongRelease, message)
                .expected(format!("Ubuntu {} ({})", self.vm.image.number(), self.vm.image.codename()))
                .seen(release)
                .hint("`kafstack down`, then `kafstack up`");
            return Ok(Verdict::broken(failure));
        }
        let line = linux::full_hostname();
        let name = hosts.vm.ask(&line)?.out().trim().to_owned();
        let wanted = format!("{}.multipass", self.vm.name);
        if name != wanted {
            let failure = Failure::new(Id::VmNameUnresolved, "the VM does not know its own full name")
                .expected(format!("`hostname -f` says {wanted}"))
                .seen(if name.is_empty() { "nothing".to_owned() } else { name })
                .hint("Sunbeam would refuse it; `kafstack down`, then `kafstack up`");
            return Ok(Verdict::broken(failure));
        }
        Ok(Verdict::met(format!("running, ours, Ubuntu {} ({release}), {wanted}", self.vm.image.number())))
    }

    /// Creates it. A launch that says no, or whose time ran out, may have made it all the same
    /// (canonical/multipass#3200): then it is looked at and gone on with.
    fn launch(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = multipass::launch(&self.vm, &self.cloud_init);
        self.launched.store(true, Ordering::Relaxed);
        let why = match work.hosts.laptop.run(&line, &mut crate::host::Unwatched) {
            Ok(output) if output.code == 0 => return Ok(()),
            Ok(output) => output.last_words(&line),
            Err(error @ CommandError::TimedOut { .. }) => error.to_string(),
            Err(error) => return Err(Failure::of_command("Create the VM", &error)),
        };
        let there = self.look(&work.hosts).map_err(|error| Failure::of_command("Look for the VM", &error))?;
        let yet = match there {
            Some(_) => Some("the VM is there, so kafstack goes on with it"),
            // Until its image is ready such a VM is not listed, and only the service's memory holds its name
            // (canonical/multipass:src/daemon/daemon.cpp).
            None if why.contains("is being prepared") => Some(
                "kafstack waits for that launch. If no VM appears, `sudo snap restart multipass` ends it, and `kafstack up` begins another",
            ),
            None => None,
        };
        if let Some(yet) = yet {
            work.warn(format!("`multipass launch` said \"{why}\"; {yet}"));
            return Ok(());
        }
        Err(Failure::new(Id::LaunchFailed, format!("Multipass could not create the VM `{}`", self.vm.name))
            .seen(why)
            .hint(format!("ask Multipass yourself: `multipass info {}`", self.vm.name))
            .hint("`kafstack up` tries again"))
    }
}

/// The failure of `up` and `down` on somebody else's VM.
pub fn not_ours(name: &str, seen: &str) -> Failure {
    Failure::new(Id::VmNotOurs, format!("there is a VM `{name}` that kafstack did not make"))
        .expected(format!("no VM `{name}`, or one that carries our mark"))
        .seen(seen)
        .hint(format!("look yourself: `multipass info {name}`"))
        .hint("use another name: `kafstack up --set vm.name=NAME`")
        .hint("hand this VM over to kafstack: `--adopt`")
}

impl Step for LaunchVm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Launch the VM"
    }

    fn commands(&self) -> Vec<Planned> {
        let name = &self.vm.name;
        vec![
            Planned::laptop(multipass::launch(&self.vm, &self.cloud_init)),
            Planned::laptop(multipass::recover(name))
                .when("the VM is deleted but not purged, and is to be kept"),
            Planned::laptop(multipass::start(name)).when("the VM is stopped or suspended"),
            Planned::vm(mark_folder()).when("the VM is adopted"),
            Planned::vm(linux::write_root_file(MARK, &format!("{name}\n"))).when("the VM is adopted"),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = &self.vm.name;
        let inside = [linux::cat(MARK), linux::cloud_init(), linux::release(), linux::full_hostname()];
        Checkpoint {
            expect: format!(
                "the VM `{name}` is running and ours, cloud-init is done, it runs Ubuntu {}, and `hostname -f` says {name}.multipass",
                self.vm.image.number()
            ),
            probes: std::iter::once((Place::Laptop, multipass::list()))
                .chain(inside.map(|line| (Place::Vm, line)))
                .collect(),
            timeout: self.timeout,
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: format!("multipass info {name}"),
            not_met: Id::VmNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let Some(vm) = self.look(hosts)? else {
            return Ok(Verdict::not_yet(format!("there is no VM `{}`", self.vm.name)));
        };
        match vm.state.as_str() {
            "Running" => self.look_inside(hosts),
            // These two cannot be asked whose they are without starting them.
            "Stopped" | "Suspended" | "Deleted" if !self.launched() && !self.adopt => {
                Ok(self.foreign(&format!("it is {} and the journal knows nothing of it", vm.state)))
            }
            state => Ok(Verdict::not_yet(format!("the VM is {state}"))),
        }
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let there = self.look(&work.hosts).map_err(|error| Failure::of_command("Look for the VM", &error))?;
        let name = &self.vm.name;
        match there.map(|vm| vm.state).as_deref() {
            None => self.launch(work)?,
            Some("Deleted") => {
                work.run(Place::Laptop, &multipass::recover(name), "Take the deleted VM back")?;
                work.run(Place::Laptop, &multipass::start(name), "Start the VM")?;
            }
            Some("Stopped" | "Suspended") => {
                work.run(Place::Laptop, &multipass::start(name), "Start the VM")?;
            }
            // Starting, Restarting, Unknown, …: only waiting helps.
            Some(_) => {}
        }
        if self.adopt {
            work.run(Place::Vm, &mark_folder(), "Mark the VM as kafstack's")?;
            work.run(
                Place::Vm,
                &linux::write_root_file(MARK, &format!("{name}\n")),
                "Mark the VM as kafstack's",
            )?;
        }
        Ok(())
    }
}

/// The folder of our mark.
fn mark_folder() -> crate::host::CommandLine {
    crate::host::CommandLine::changes("sudo", ["mkdir", "-p", "/etc/kafstack"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Image, Size};
    use crate::host::clock::FakeClock;
    use crate::host::fake::FakeHost;

    fn step(launched: bool) -> LaunchVm {
        let vm = VmConfig {
            name: "microstack".into(),
            image: Image::Noble,
            cpus: 8,
            memory: Size::gib(32),
            disk: Size::gib(120),
        };
        let launched = AtomicBool::new(launched);
        LaunchVm { vm, cloud_init: String::new(), launched, adopt: false, timeout: LaunchVm::TIMEOUT }
    }

    const LIST: &str = "multipass list --format json --no-ipv4";

    fn fleet(state: &str) -> String {
        format!(
            r#"{{"list":[{{"name":"microstack","state":"{state}"}},{{"name":"other","state":"Running"}}]}}"#
        )
    }

    fn probe(step: &LaunchVm, laptop: &FakeHost, vm: &FakeHost) -> Verdict {
        step.probe(&Hosts { laptop, vm, clock: &FakeClock::default() }).unwrap()
    }

    #[test]
    fn a_running_vm_without_our_mark_is_foreign_whatever_the_journal_says() {
        let laptop = FakeHost::new().says(LIST, &fleet("Running"));
        let vm = FakeHost::new()
            .refuses("cat /etc/kafstack/vm", 1, "No such file")
            .says("cloud-init status --format json", r#"{"status":"done"}"#);
        let Verdict::Broken(failure) = probe(&step(true), &laptop, &vm) else { panic!("not broken") };
        assert_eq!(failure.id, Id::VmNotOurs);
        assert!(failure.hints.iter().any(|hint| hint.contains("`kafstack down --adopt`")), "{failure}");
    }

    #[test]
    fn a_launch_of_ours_whose_mark_is_not_written_yet_is_waited_for() {
        let laptop = FakeHost::new().says(LIST, &fleet("Running"));
        let vm = FakeHost::new()
            .refuses("cat /etc/kafstack/vm", 1, "No such file")
            .says("cloud-init status --format json", r#"{"status":"running"}"#);
        assert!(matches!(probe(&step(true), &laptop, &vm), Verdict::NotYet { .. }));
    }

    #[test]
    fn a_stopped_vm_is_never_entered_and_ours_only_by_the_journal() {
        let nobody = FakeHost::new();
        let laptop = FakeHost::new().says(LIST, &fleet("Stopped")).says(LIST, &fleet("Stopped"));
        assert!(matches!(probe(&step(true), &laptop, &nobody), Verdict::NotYet { .. }));
        assert!(matches!(probe(&step(false), &laptop, &nobody), Verdict::Broken(_)));
    }

    #[test]
    fn everything_inside_is_checked_in_order() {
        let laptop = FakeHost::new().says(LIST, &fleet("Running"));
        let vm = FakeHost::new()
            .says("cat /etc/kafstack/vm", "microstack\n")
            .says("cloud-init status --format json", r#"{"status":"done"}"#)
            .says("lsb_release -sc", "noble\n")
            .says("hostname -f", "microstack\n");
        let Verdict::Broken(failure) = probe(&step(false), &laptop, &vm) else { panic!("not broken") };
        assert_eq!(failure.id, Id::VmNameUnresolved);
    }
}
