//! LXD for our own controller: only what is missing. With OpenStack Sunbeam has brought it; without, LXD and Juju
//! are installed here.

use std::time::Duration;

use super::{in_vm, install_snap, minutes};
use crate::config::{Channel, ProxyConfig};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::{linux, lxd, snap};

/// Its name.
pub const NAME: &str = "initialise-lxd";

/// Makes LXD ready, and Juju where nobody else brings it.
pub struct InitialiseLxd {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// Install this Juju; `None` where Sunbeam brings its own.
    pub juju: Option<Channel>,
    /// An earlier step or the image brings LXD.
    pub lxd_is_there: bool,
    /// An earlier step initialises LXD, without IPv6 on its bridge.
    pub initialised: bool,
    /// The way to the internet.
    pub proxy: ProxyConfig,
    /// The step's limit.
    pub timeout: Duration,
}

impl InitialiseLxd {
    /// The usual limit.
    pub const TIMEOUT: Duration = minutes(20);

    /// What LXD is told about the proxy.
    fn proxy_settings(&self) -> Vec<CommandLine> {
        let settings = [
            ("core.proxy_http", &self.proxy.http),
            ("core.proxy_https", &self.proxy.https),
            ("core.proxy_ignore_hosts", &self.proxy.no_proxy),
        ];
        settings
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| lxd::set(key, value))
            .collect()
    }

    /// What is asked about one snap.
    fn snap(hosts: &Hosts<'_>, name: &str) -> Result<Option<snap::Installed>, CommandError> {
        let line = snap::list(name);
        snap::parse_list(&line, hosts.vm.ask(&line)?)
    }

    /// The bridge of the default profile, if it has one.
    fn bridge(hosts: &Hosts<'_>) -> Result<Option<String>, CommandError> {
        let answer = hosts.vm.ask(&lxd::bridge())?;
        Ok(Some(answer.out().trim().to_owned()).filter(|name| answer.code == 0 && !name.is_empty()))
    }

    /// Whether IPv6 is off on it.
    fn without_ipv6(hosts: &Hosts<'_>, bridge: &str) -> Result<bool, CommandError> {
        let line = lxd::ipv6(bridge);
        Ok(hosts.vm.ask(&line)?.success(&line)?.out().trim() == "none")
    }
}

impl Step for InitialiseLxd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Initialise LXD"
    }

    fn commands(&self) -> Vec<Planned> {
        let mut planned = Vec::new();
        let mut add = |line: CommandLine, fresh: bool, when: &str| {
            let asks_bridge = line == lxd::bridge();
            let mut entry = Planned::vm(line);
            if asks_bridge {
                entry = entry.yielding("bridge", "the bridge of LXD's default profile");
            }
            planned.push(if fresh { entry } else { entry.when(when) });
        };
        add(snap::wait_until_seeded(), !self.initialised, "a snap is missing");
        add(snap::install("lxd", &lxd::channel()), !self.lxd_is_there, "LXD is not installed");
        if let Some(channel) = &self.juju {
            add(linux::make_folder(".local/share/juju"), true, "");
            add(snap::install("juju", channel), true, "");
        }
        add(lxd::let_user_in(), false, "the user is not in the group lxd");
        add(lxd::wait_until_ready(), !self.initialised, "LXD is not initialised");
        for line in self.proxy_settings() {
            add(line, !self.initialised, "this step acts");
        }
        add(lxd::init(), !self.initialised, "LXD has no storage pool");
        add(lxd::bridge(), true, "");
        add(lxd::ipv6_off("{bridge}"), !self.initialised, "the bridge has IPv6");
        planned
    }

    fn checkpoint(&self) -> Checkpoint {
        let lines = [
            snap::list("lxd"),
            snap::list("juju"),
            linux::groups(),
            lxd::storage_pools(),
            lxd::bridge(),
            lxd::ipv6("{bridge}"),
        ];
        Checkpoint {
            expect: "LXD and Juju are installed, LXD has a pool and a bridge without IPv6, the user is in its group".to_owned(),
            probes: lines.map(|line| (Place::Vm, line)).into(),
            timeout: self.timeout,
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: in_vm(&self.vm, "lxc network list"),
            not_met: Id::LxdNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        // On Ubuntu 24.04 a bare `lxc` would install LXD, so snap is asked first.
        for name in ["lxd", "juju"] {
            let Some(snap) = Self::snap(hosts, name)? else {
                return Ok(Verdict::not_yet(format!("the snap `{name}` is not installed")));
            };
            if let (Some(channel), "juju") = (&self.juju, name)
                && !snap.follows(channel)
            {
                return Ok(Verdict::broken(super::install_openstack::wrong_channel(
                    name,
                    &snap.tracking,
                    channel,
                )));
            }
        }
        let line = linux::groups();
        if !linux::in_group(&hosts.vm.ask(&line)?.success(&line)?, "lxd") {
            return Ok(Verdict::not_yet("the user is not in the group lxd"));
        }
        let line = lxd::storage_pools();
        if lxd::count_pools(&line, hosts.vm.ask(&line)?)? == 0 {
            return Ok(Verdict::not_yet("LXD has no storage pool"));
        }
        let Some(bridge) = Self::bridge(hosts)? else {
            return Ok(Verdict::not_yet("LXD's default profile has no bridge"));
        };
        Ok(if Self::without_ipv6(hosts, &bridge)? {
            Verdict::met(format!("LXD has a pool and the bridge {bridge} without IPv6"))
        } else {
            Verdict::not_yet(format!("the bridge {bridge} has IPv6"))
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let hosts = &work.hosts;
        let ask = |error: CommandError| Failure::of_command("Ask about LXD in the VM", &error);
        let seeded = || work.run(Place::Vm, &snap::wait_until_seeded(), "Wait for snapd in the VM");
        seeded()?;
        if Self::snap(hosts, "lxd").map_err(ask)?.is_none() {
            install_snap(work, Place::Vm, &snap::install("lxd", &lxd::channel()), "Install LXD")?;
        }
        if let Some(channel) = &self.juju
            && Self::snap(hosts, "juju").map_err(ask)?.is_none()
        {
            // The strictly confined snap cannot make this folder itself (juju/juju#16266).
            work.run(Place::Vm, &linux::make_folder(".local/share/juju"), "Make Juju's folder")?;
            install_snap(work, Place::Vm, &snap::install("juju", channel), "Install Juju")?;
        }
        let groups = hosts.vm.ask(&linux::groups()).map_err(ask)?;
        if !linux::in_group(&groups, "lxd") {
            work.run(Place::Vm, &lxd::let_user_in(), "Let the user in to LXD")?;
        }
        work.run(Place::Vm, &lxd::wait_until_ready(), "Wait for LXD")?;
        // Before what the checkpoint asks about: a kafstack that dies in between leaves nothing out.
        for line in self.proxy_settings() {
            work.run(Place::Vm, &line, "Tell LXD about the proxy")?;
        }
        let line = lxd::storage_pools();
        if hosts.vm.ask(&line).and_then(|output| lxd::count_pools(&line, output)).map_err(ask)? == 0 {
            work.run(Place::Vm, &lxd::init(), "Initialise LXD")?;
        }
        if let Some(bridge) = Self::bridge(hosts).map_err(ask)?
            && !Self::without_ipv6(hosts, &bridge).map_err(ask)?
        {
            work.run(Place::Vm, &lxd::ipv6_off(&bridge), "Turn IPv6 off on LXD's bridge")?;
        }
        Ok(())
    }
}
