//! Can this laptop carry this configuration? A step with nothing to do and no patience; `doctor` shows its rows.

use std::time::Duration;

use serde::Serialize;

use crate::config::{Size, VmConfig};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::text::count;
use crate::tools::{linux, multipass};

/// Its name.
pub const NAME: &str = "check-laptop";

/// What the Ubuntu cloud image needs at the very least before it grows (canonical/multipass refuses a disk below
/// the image's own size; the 24.04 image's virtual size is about this).
const IMAGE: Size = Size::gib(4);

/// Multipass advises to leave this much memory and two processors to the host
/// (canonical/multipass:docs/reference/settings/local-instance-name-memory.md).
const LEAVE: Size = Size::gib(4);

/// Looks at the laptop's totals, never at what is free at the moment.
pub struct CheckLaptop {
    /// What is to fit.
    pub vm: VmConfig,
    /// Failing verdicts become warnings.
    pub ignore: bool,
}

/// A verdict on one property of the laptop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Which property.
    pub check: &'static str,
    /// How it is judged.
    pub verdict: Fitness,
    /// What was seen.
    pub seen: String,
    /// What is needed, and why where that is not plain.
    pub needed: String,
}

/// How a property is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fitness {
    /// Good.
    Fine,
    /// It will work, but slowly or not for long.
    Slow,
    /// It cannot work.
    Fails,
    /// It could not be asked.
    Unknown,
}

/// The laptop's totals, as far as they could be read.
#[derive(Clone, Debug, Default)]
pub struct Laptop {
    /// Operating system, as `uname -s` says.
    pub system: String,
    /// Architecture, as `uname -m` says.
    pub architecture: String,
    /// Installed memory.
    pub memory: Option<Size>,
    /// Processors.
    pub cpus: Option<u32>,
    /// Whether the processor can virtualise.
    pub virtualisation: Option<bool>,
    /// Free disk.
    pub disk: Option<Size>,
}

/// The lines that ask about a Linux laptop.
fn questions() -> [CommandLine; 4] {
    [linux::uname(), linux::cat("/proc/meminfo"), linux::cat("/proc/cpuinfo"), linux::df()]
}

impl Laptop {
    /// Reads the totals. A property that cannot be read is unknown, not bad.
    ///
    /// # Errors
    /// Not even the architecture could be asked.
    pub fn look(hosts: &Hosts<'_>) -> Result<Laptop, CommandError> {
        let [uname, meminfo, cpuinfo, df] = questions();
        let text = |line: &CommandLine| Some(hosts.laptop.ask(line).ok()?.success(line).ok()?.out());
        let kind = hosts.laptop.ask(&uname)?.success(&uname)?.out();
        let mut words = kind.split_whitespace().map(str::to_owned);
        let mut laptop = Laptop {
            system: words.next().unwrap_or_default(),
            architecture: words.next().unwrap_or_default(),
            disk: text(&df).and_then(|t| linux::parse_df(&t)).map(|kib| Size(kib * 1024)),
            ..Laptop::default()
        };
        if laptop.system == "Darwin" {
            let names = ["hw.memsize", "hw.ncpu", "kern.hv_support"];
            let numbers =
                text(&CommandLine::reads("sysctl", ["-n"].into_iter().chain(names))).unwrap_or_default();
            let numbers: Vec<u64> = numbers.lines().filter_map(|l| l.trim().parse().ok()).collect();
            if let [memory, cpus, virtualisation] = numbers[..] {
                laptop.memory = Some(Size(memory));
                laptop.cpus = u32::try_from(cpus).ok();
                laptop.virtualisation = Some(virtualisation == 1);
            }
        } else {
            laptop.memory = text(&meminfo).and_then(|t| linux::parse_meminfo(&t)).map(Size);
            let cpuinfo = text(&cpuinfo).map(|t| linux::parse_cpuinfo(&t));
            laptop.cpus = cpuinfo.map(|(cpus, _)| cpus).filter(|n| *n > 0);
            laptop.virtualisation = cpuinfo.map(|(_, able)| able);
        }
        Ok(laptop)
    }

    /// Whether a VM of these sizes can be carried at all.
    pub fn carries(&self, vm: &VmConfig) -> bool {
        self.sizes(vm).iter().all(|row| row.verdict != Fitness::Fails)
    }

    /// Whether some VM can be carried: architecture and virtualisation are as they must be.
    pub fn carries_some(&self) -> bool {
        self.kind().iter().all(|row| row.verdict != Fitness::Fails)
    }

    /// The rows that never change with sizes.
    fn kind(&self) -> [Row; 2] {
        let architecture = Row {
            check: "architecture",
            verdict: if self.architecture == "x86_64" { Fitness::Fine } else { Fitness::Fails },
            seen: format!("{} {}", self.system, self.architecture),
            needed: "x86_64: the kafka and zookeeper charms are built for amd64 only".to_owned(),
        };
        let virtualisation = Row {
            check: "virtualisation",
            verdict: match self.virtualisation {
                Some(true) => Fitness::Fine,
                Some(false) => Fitness::Fails,
                None => Fitness::Unknown,
            },
            seen: match self.virtualisation {
                Some(true) => "virtualisation",
                Some(false) => "no virtualisation (the processor shows neither vmx nor svm)",
                None => "virtualisation could not be read",
            }
            .to_owned(),
            needed: "virtualisation, switched on in the firmware".to_owned(),
        };
        [architecture, virtualisation]
    }

    /// The rows about sizes.
    fn sizes(&self, vm: &VmConfig) -> [Row; 3] {
        let judge = |known: Option<(bool, bool)>| match known {
            None => Fitness::Unknown,
            Some((true, _)) => Fitness::Fails,
            Some((_, true)) => Fitness::Slow,
            Some(_) => Fitness::Fine,
        };
        let shown = |size: Option<Size>| {
            size.map_or("could not be read".to_owned(), |s| format!("{:.1} GiB", gib(s)))
        };
        [
            Row {
                check: "processors",
                verdict: judge(self.cpus.map(|n| (n < vm.cpus, n < vm.cpus + 2))),
                seen: self.cpus.map_or("CPUs could not be read".to_owned(), |n| count(n as usize, "CPU")),
                needed: format!("{} for the VM, and two more to stay usable", count(vm.cpus as usize, "CPU")),
            },
            Row {
                check: "memory",
                verdict: judge(
                    self.memory.map(|m| (vm.memory.0 > m.0 / 10 * 9, vm.memory.0 + LEAVE.0 > m.0)),
                ),
                seen: format!("memory {}", shown(self.memory)),
                needed: format!("{} of memory for the VM at most, and 4G more to stay usable", vm.memory),
            },
            Row {
                check: "disk",
                verdict: judge(self.disk.map(|d| (d < IMAGE, d < vm.disk))),
                seen: format!("free disk {}", shown(self.disk)),
                needed: format!("{} of disk for the VM as it grows; {IMAGE} to begin with", vm.disk),
            },
        ]
    }
}

/// For display only.
#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn gib(size: Size) -> f64 {
    size.0 as f64 / f64::from(1 << 30)
}

impl CheckLaptop {
    /// All rows. Once our VM is there only architecture and virtualisation are judged, and the network is not
    /// asked: whatever it needed, it has.
    ///
    /// # Errors
    /// Not even the architecture could be asked.
    pub fn rows(&self, hosts: &Hosts<'_>) -> Result<Vec<Row>, CommandError> {
        let laptop = Laptop::look(hosts)?;
        let mut rows: Vec<Row> = laptop.kind().into();
        let list = multipass::list();
        let fleet = hosts.laptop.ask(&list).and_then(|output| multipass::parse_list(&list, &output));
        if fleet.is_ok_and(|fleet| fleet.iter().any(|vm| vm.name == self.vm.name)) {
            return Ok(rows);
        }
        rows.extend(laptop.sizes(&self.vm));
        let (verdict, seen) = match hosts.laptop.ask(&linux::reach_store()) {
            Ok(output) if output.code == 0 => (Fitness::Fine, "the stores answer".to_owned()),
            Ok(output) => {
                (Fitness::Slow, format!("https://{} does not answer: {}", linux::STORE, output.err().trim()))
            }
            Err(error) => (Fitness::Unknown, error.to_string()),
        };
        rows.push(Row { check: "network", verdict, seen, needed: "the snap and charm stores".to_owned() });
        Ok(rows)
    }

    /// The failure that these rows amount to, if they do.
    pub fn failure(&self, rows: &[Row]) -> Option<Failure> {
        let failing: Vec<&Row> = rows.iter().filter(|row| row.verdict == Fitness::Fails).collect();
        let first = failing.first()?;
        let say = |pick: fn(&Row) -> &str| failing.iter().map(|row| pick(row)).collect::<Vec<_>>().join("; ");
        let mut failure =
            Failure::new(Id::LaptopNotAble, format!("this laptop cannot carry the VM ({})", first.check))
                .expected(say(|row| &row.needed))
                .seen(say(|row| &row.seen))
                .hint("every verdict: `kafstack doctor`");
        if failing.iter().all(|row| !matches!(row.check, "architecture" | "virtualisation")) {
            failure = failure.hint(
                "ask for less, such as `--set vm.memory=…`; the sizes of the presets: `kafstack plan --preset NAME`",
            );
        }
        Some(failure.hint("see the whole journey without it: `kafstack up --rehearse`"))
    }
}

impl Step for CheckLaptop {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Check the laptop"
    }

    fn commands(&self) -> Vec<Planned> {
        Vec::new()
    }

    fn checkpoint(&self) -> Checkpoint {
        let asked = questions().into_iter().chain([multipass::list(), linux::reach_store()]);
        Checkpoint {
            expect: format!(
                "an amd64 laptop with virtualisation that can carry {} CPUs, {} of memory and {} of disk",
                self.vm.cpus, self.vm.memory, self.vm.disk
            ),
            probes: asked.map(|line| (Place::Laptop, line)).collect(),
            timeout: Duration::from_secs(60),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: "kafstack doctor".to_owned(),
            not_met: Id::LaptopNotAble,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let rows = self.rows(hosts)?;
        match self.failure(&rows) {
            Some(failure) if !self.ignore => Ok(Verdict::broken(failure)),
            _ => {
                let seen = |row: &Row| match row.verdict {
                    Fitness::Fine => row.seen.clone(),
                    Fitness::Slow => format!("{} (tight)", row.seen),
                    Fitness::Fails => format!("{} (ignored)", row.seen),
                    Fitness::Unknown => format!("{} unknown", row.check),
                };
                Ok(Verdict::met(rows.iter().map(seen).collect::<Vec<_>>().join(", ")))
            }
        }
    }

    fn act(&self, _: &Work<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Image;

    fn vm(cpus: u32, memory: u64, disk: u64) -> VmConfig {
        let (memory, disk) = (Size::gib(memory), Size::gib(disk));
        VmConfig { name: "microstack".into(), image: Image::Noble, cpus, memory, disk }
    }

    fn laptop(cpus: u32, memory: u64, disk: u64) -> Laptop {
        Laptop {
            system: "Linux".into(),
            architecture: "x86_64".into(),
            memory: Some(Size::gib(memory)),
            cpus: Some(cpus),
            virtualisation: Some(true),
            disk: Some(Size::gib(disk)),
        }
    }

    fn verdicts(laptop: &Laptop, vm: &VmConfig) -> [Fitness; 3] {
        laptop.sizes(vm).map(|row| row.verdict)
    }

    #[test]
    fn only_what_cannot_work_fails_and_the_rest_is_slow() {
        use Fitness::{Fails, Fine, Slow};
        assert_eq!(verdicts(&laptop(16, 64, 400), &vm(8, 32, 120)), [Fine, Fine, Fine]);
        assert_eq!(verdicts(&laptop(8, 34, 100), &vm(8, 30, 120)), [Slow, Fine, Slow]);
        assert_eq!(verdicts(&laptop(8, 36, 100), &vm(8, 32, 120)), [Slow, Fine, Slow]);
        assert_eq!(verdicts(&laptop(9, 35, 100), &vm(8, 32, 120)), [Slow, Fails, Slow]);
        assert_eq!(verdicts(&laptop(4, 16, 3), &vm(8, 32, 120)), [Fails, Fails, Fails]);
    }

    #[test]
    fn an_arm_laptop_fails_with_the_reason() {
        let rows = Laptop { architecture: "aarch64".into(), ..laptop(16, 64, 400) }.kind();
        assert_eq!(rows[0].verdict, Fitness::Fails);
        assert!(rows[0].needed.contains("amd64 only"));
    }
}
