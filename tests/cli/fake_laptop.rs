//! A laptop made of a temporary folder: fake tools on `PATH`, a home, a fake fleet of VMs, and a log of every call.
//!
//! The tools are the scripts in `fakes/`, linked under the tools' names and never written by a test: a script that
//! another thread still has open for writing could not be started.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::calls::{Call, Place};
use crate::run::{Ran, Running};

/// The tools of every Linux laptop that kafstack asks.
const LAPTOP_TOOLS: &[&str] = &["uname", "cat", "df", "curl", "sudo", "snap"];
/// The tools in the VM that are fakes.
const VM_TOOLS: &[&str] = &[
    "sunbeam",
    "juju",
    "snap",
    "lxc",
    "lxd",
    "openstack",
    "cloud-init",
    "curl",
    "df",
    "getent",
    "hostname",
    "journalctl",
    "lsb_release",
    "id",
    "sudo",
    "usermod",
    "bash",
    "mkdir",
    "tee",
];
/// How long anything may take before a test gives up. Only a broken test or kafstack ever waits for it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The laptop.
#[must_use]
pub struct FakeLaptop {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

impl FakeLaptop {
    /// A large amd64 laptop with snapd and without Multipass.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let below = [
            "bin", "vm-bin", "vms", "home", "state", "work", "laptop", "faults", "words", "held", "released",
        ];
        for name in below {
            fs::create_dir(root.join(name)).unwrap();
        }
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fakes"), root.join("fakes")).unwrap();
        for tool in LAPTOP_TOOLS {
            symlink("../fakes/laptop.sh", root.join("bin").join(tool)).unwrap();
        }
        for tool in VM_TOOLS {
            symlink("../fakes/vm.sh", root.join("vm-bin").join(tool)).unwrap();
        }
        for log in ["calls", "effects", "unknown"] {
            fs::write(root.join(log), "").unwrap();
        }
        let processor = |n: u32| format!("processor\t: {n}\nflags\t\t: fpu vmx sse2\n\n");
        fs::write(root.join("laptop/uname"), "Linux x86_64\n").unwrap();
        fs::write(root.join("laptop/meminfo"), "MemTotal:       65841152 kB\nMemFree: 1024 kB\n").unwrap();
        fs::write(root.join("laptop/cpuinfo"), (0..16).map(processor).collect::<String>()).unwrap();
        let path = |name: &str| root.join(name).display().to_string();
        let environment = [
            ("PATH", path("bin")),
            ("HOME", path("home")),
            ("XDG_STATE_HOME", path("state")),
            ("KAFSTACK_TIME_SCALE", "100".to_owned()),
            ("LANG", "de_DE.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            // A caller's own habits, which must reach no tool.
            ("JUJU_MODEL", "somebody:else".to_owned()),
            ("COLUMNS", "40".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        FakeLaptop { folder, environment }
    }

    /// With Multipass installed.
    pub fn with_multipass(self) -> Self {
        symlink("../fakes/laptop.sh", self.path("bin/multipass")).unwrap();
        self
    }

    /// Without snapd.
    pub fn without_snap(self) -> Self {
        fs::remove_file(self.path("bin/snap")).unwrap();
        self
    }

    /// With another processor architecture.
    pub fn with_architecture(self, architecture: &str) -> Self {
        fs::write(self.path("laptop/uname"), format!("Linux {architecture}\n")).unwrap();
        self
    }

    /// With a VM that kafstack did not make.
    pub fn with_foreign_vm(self, name: &str, state: &str) -> Self {
        let vm = self.path("vms").join(name);
        for below in ["home", "snaps", "juju", "root/etc"] {
            fs::create_dir_all(vm.join(below)).unwrap();
        }
        for (file, text) in
            [("state", state), ("fqdn", &format!("{name}.multipass")), ("groups", "ubuntu adm lxd")]
        {
            fs::write(vm.join(file), format!("{text}\n")).unwrap();
        }
        self
    }

    /// With a stack that is ready.
    pub fn with_stack(self, preset: &str) -> Self {
        self.kafstack(&format!("up --yes --preset {preset}")).exits_with(0);
        self
    }

    /// With a variable in kafstack's environment.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Writes `kafstack.yaml` into the folder where kafstack is called.
    pub fn with_configuration(self, text: &str) -> Self {
        fs::write(self.path("work/kafstack.yaml"), text).unwrap();
        self
    }

    /// From now on a command with this beginning fails with these words.
    pub fn refuse(&self, beginning: &str, words: &str) {
        self.plant("refusing", beginning, words);
    }

    /// From now on a command with this beginning fails with this text, of any number of lines.
    pub fn fail(&self, beginning: &str, text: &str) {
        self.plant("failing", beginning, &self.words(text));
    }

    /// From now on a command with this beginning says this on its standard output before it works.
    pub fn say(&self, beginning: &str, text: &str) {
        self.plant("saying", beginning, &self.words(text));
    }

    /// From now on a command with this beginning says this on its standard error before it works.
    pub fn complain(&self, beginning: &str, text: &str) {
        self.plant("complaining", beginning, &self.words(text));
    }

    fn words(&self, text: &str) -> String {
        let file = self.path("words").join(self.plants().to_string());
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// From now on a command with this beginning never ends.
    pub fn hang(&self, beginning: &str) {
        self.plant("hanging", beginning, "");
    }

    /// From now on a command with this beginning says so many bytes before it works.
    pub fn flood(&self, beginning: &str, bytes: u64) {
        self.plant("flooding", beginning, &bytes.to_string());
    }

    /// From now on Multipass' daemon does not answer.
    pub fn stop_daemon(&self) {
        fs::write(self.path("laptop/daemon-down"), "").unwrap();
    }

    /// From now on it answers again.
    pub fn start_daemon(&self) {
        fs::remove_file(self.path("laptop/daemon-down")).unwrap();
    }

    /// VMs are made without what was given along for their first boot, or with it again.
    pub fn loses_user_data(&self, loses: bool) {
        let flag = self.path("laptop/loses-user-data");
        if loses { fs::write(flag, "").unwrap() } else { fs::remove_file(flag).unwrap() }
    }

    /// The next command with this beginning is held before it does anything.
    pub fn hold_before(&self, beginning: &str) -> Held<'_> {
        self.hold("holding-before", beginning)
    }

    /// The next command with this beginning is held when it has done its work.
    pub fn hold_after(&self, beginning: &str) -> Held<'_> {
        self.hold("holding-after", beginning)
    }

    fn hold(&self, kind: &str, beginning: &str) -> Held<'_> {
        let name = format!("point-{}", fs::read_dir(self.path("released")).unwrap().count() + self.plants());
        self.plant(kind, beginning, &name);
        Held { laptop: self, name, beginning: beginning.to_owned() }
    }

    fn plants(&self) -> usize {
        ["faults", "held"].map(|folder| fs::read_dir(self.path(folder)).unwrap().count()).into_iter().sum()
    }

    fn plant(&self, kind: &str, beginning: &str, argument: &str) {
        let file = self.path("faults").join(format!("{:02}", self.plants()));
        assert!(!file.exists());
        fs::write(file, format!("{kind}\n{beginning}\n{argument}\n")).unwrap();
    }

    /// Everything planted is gone.
    pub fn heal(&self) {
        for fault in fs::read_dir(self.path("faults")).unwrap() {
            fs::remove_file(fault.unwrap().path()).unwrap();
        }
    }

    /// Runs kafstack to its end.
    #[track_caller]
    pub fn kafstack(&self, arguments: &str) -> Ran<'_> {
        self.start(arguments).ends()
    }

    /// Starts kafstack.
    #[track_caller]
    pub fn start(&self, arguments: &str) -> Running<'_> {
        let program = env!("CARGO_BIN_EXE_kafstack");
        Running::start(self, program, arguments.split_whitespace().map(str::to_owned).collect())
    }

    /// Starts kafstack on a terminal at which a person sits.
    #[track_caller]
    pub fn start_on_terminal(&self, arguments: &str) -> (Running<'_>, fs::File) {
        let program = env!("CARGO_BIN_EXE_kafstack");
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        Running::start_on_terminal(self, program, arguments)
    }

    /// Runs a script with the system's shell; it finds the fakes before the system's own tools.
    #[track_caller]
    pub fn shell(&self, script: &str) -> Ran<'_> {
        let file = self.path("work/script.sh");
        fs::write(&file, script).unwrap();
        Running::start(self, "/bin/sh", vec![file.display().to_string()]).ends()
    }

    /// kafstack's environment.
    pub fn environment(&self) -> impl Iterator<Item = (&String, &String)> {
        self.environment.iter()
    }

    /// Something in the laptop's folder.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Something in the folder of the VM `microstack`.
    pub fn in_vm(&self, below: &str) -> PathBuf {
        self.path("vms/microstack").join(below)
    }

    /// kafstack's own folder for the VM `microstack`.
    pub fn state(&self, below: &str) -> PathBuf {
        self.path("state/kafstack/microstack").join(below)
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        Call::parse(&fs::read_to_string(self.path("calls")).unwrap())
    }

    /// What was really done so far, in order.
    pub fn effects(&self) -> Vec<String> {
        fs::read_to_string(self.path("effects")).unwrap().lines().map(str::to_owned).collect()
    }

    /// Calls that no fake knew.
    pub fn unknown(&self) -> String {
        fs::read_to_string(self.path("unknown")).unwrap()
    }

    /// Everything below a folder with its content, to compare.
    pub fn content(&self, below: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path(below)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    found.insert(entry.path(), fs::read(entry.path()).unwrap());
                }
            }
        }
        found
    }

    /// Waits until a call with this beginning was made in that place after the first `after` calls.
    #[track_caller]
    pub fn sees_call(&self, place: Place, after: usize, beginning: &str) {
        let called = || {
            let calls = self.calls();
            calls.iter().skip(after).any(|call| call.place == place && call.line().starts_with(beginning))
        };
        self.sees(&format!("a call `{beginning}`"), called);
    }

    /// Waits until something holds.
    #[track_caller]
    #[expect(
        clippy::disallowed_methods,
        reason = "waits for what other processes do; a look every few milliseconds"
    )]
    pub fn sees(&self, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < PATIENCE, "never seen: {what}\n{}", self.story(0));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The processes of this laptop whose command line holds this text.
    pub fn processes(&self, text: &str) -> Vec<u32> {
        let root = self.folder.path().to_str().unwrap().to_owned();
        let pids = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        let holds = |pid: &u32, file: &str, text: &str| {
            let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ").contains(text)
        };
        pids.filter(|pid| holds(pid, "environ", &root) && holds(pid, "cmdline", text)).collect()
    }

    /// The processes of this laptop in the session of these tests: what a kafstack that is gone left behind, but for
    /// long acts, which have sessions of their own in the VM.
    pub fn orphans(&self) -> Vec<u32> {
        let session = |pid: &str| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let fields = stat.rsplit_once(") ")?.1.to_owned();
            // State, parent, group, session (proc(5)).
            fields.split(' ').nth(3).map(str::to_owned)
        };
        let ours = session("self");
        let mut orphans = self.processes("");
        orphans.retain(|pid| session(&pid.to_string()) == ours && runs(&pid.to_string()));
        orphans
    }

    /// The calls from that one on, for a person who reads a failed test.
    pub fn story(&self, from: usize) -> String {
        let line = |call: &Call| format!("  {:?} {}\n", call.place, call.line());
        let calls: Vec<String> = self.calls().iter().skip(from).map(line).collect();
        // The last ones say most.
        let calls = calls[calls.len().saturating_sub(200)..].concat();
        format!("calls:\n{calls}effects: {:?}\nunknown calls: {:?}", self.effects(), self.unknown())
    }
}

/// A command held at a planted point.
#[must_use]
pub struct Held<'a> {
    laptop: &'a FakeLaptop,
    name: String,
    beginning: String,
}

impl Held<'_> {
    /// Waits until a command is held here.
    #[track_caller]
    pub fn is_reached(&self) -> &Self {
        let file = self.laptop.path("held").join(&self.name);
        self.laptop.sees(&format!("`{}` held", self.beginning), || file.exists());
        self
    }

    /// Lets it go on.
    pub fn release(&self) {
        fs::write(self.laptop.path("released").join(&self.name), "").unwrap();
    }

    /// Whether the held process still runs.
    pub fn is_alive(&self) -> bool {
        runs(&self.process().as_raw_nonzero().to_string())
    }

    /// Kills the held process, as a machine that goes down would.
    pub fn kill(&self) {
        rustix::process::kill_process(self.process(), rustix::process::Signal::KILL).unwrap();
    }

    fn process(&self) -> rustix::process::Pid {
        let text = fs::read_to_string(self.laptop.path("held").join(&self.name)).unwrap();
        rustix::process::Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }
}

/// Whether a process is there and not just waiting for somebody to take note of its end.
pub fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
