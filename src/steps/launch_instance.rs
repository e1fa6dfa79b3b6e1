//! The demo instance in OpenStack. `sunbeam launch` makes one more server each time it runs, so it is guarded.

use std::time::Duration;

use super::{in_vm, make_sunbeam_current, minutes, with_sunbeam_hint};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::openstack::{self, Server};
use crate::tools::{juju, sunbeam};

/// Its name.
pub const NAME: &str = "launch-instance";

/// Launches exactly one server, or mends the one there is.
pub struct LaunchInstance {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// The server's name.
    pub instance: String,
    /// Where the openrc lies in the VM.
    pub openrc: String,
    /// The step's limit.
    pub timeout: Duration,
}

impl LaunchInstance {
    /// The usual limit: one to three minutes are seen, more under emulation.
    pub const TIMEOUT: Duration = minutes(30);

    /// The servers of that name.
    fn servers(&self, hosts: &Hosts<'_>) -> Result<Vec<Server>, CommandError> {
        let line = openstack::servers(&self.openrc, &self.instance);
        openstack::parse_servers(&line, hosts.vm.ask(&line)?)
    }

    /// More than one server of that name: which one is meant is not ours to say.
    fn duplicated(&self, servers: &[Server]) -> Failure {
        let ids = servers.iter().map(|s| format!("{} ({})", s.id, s.status)).collect::<Vec<_>>().join(", ");
        Failure::new(
            Id::InstanceDuplicated,
            format!("there are {} servers named `{}`", servers.len(), self.instance),
        )
        .expected("exactly one")
        .seen(ids)
        .hint("delete all but one: `openstack server delete ID` in the VM, after reading the openrc")
    }
}

impl Step for LaunchInstance {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Launch the demo instance"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![
            Planned::vm(openstack::servers(&self.openrc, &self.instance)),
            Planned::vm(sunbeam::join_launch("{act}")).when("the server there is not complete"),
            Planned::vm(openstack::delete_server(&self.openrc, "{server}"))
                .when("the server there is in ERROR"),
            Planned::vm(juju::switch(sunbeam::CONTROLLER))
                .when("Sunbeam's controller is not the current one"),
            Planned::vm(sunbeam::launch(&self.instance, "{act}")),
            Planned::vm(openstack::start_server(&self.openrc, "{server}")).when("the server is shut off"),
            Planned::vm(openstack::create_address(&self.openrc)).when("the server has no floating IP"),
            Planned::vm(openstack::add_address(&self.openrc, "{server}", "{address}"))
                .when("the server has no floating IP"),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("exactly one server `{}`, ACTIVE, with a floating IP", self.instance),
            probes: vec![(Place::Vm, openstack::servers(&self.openrc, &self.instance))],
            timeout: self.timeout,
            interval: Duration::from_secs(10),
            successes: 1,
            look_here: in_vm(&self.vm, &format!("bash -c '. {} && openstack server list'", self.openrc)),
            not_met: Id::InstanceNotActive,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let servers = self.servers(hosts)?;
        Ok(match &servers[..] {
            [] => Verdict::not_yet(format!("there is no server `{}`", self.instance)),
            [server] => match (server.status.as_str(), server.floating()) {
                ("ACTIVE", Some(address)) => {
                    Verdict::met(format!("`{}` is ACTIVE at {address}", self.instance))
                }
                ("ACTIVE", None) => {
                    Verdict::not_yet(format!("`{}` is ACTIVE without a floating IP", self.instance))
                }
                (status, _) => Verdict::not_yet(format!("`{}` is {status}", self.instance)),
            },
            _ => Verdict::broken(self.duplicated(&servers)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let ask = || {
            self.servers(&work.hosts)
                .map_err(|error| Failure::of_command("Look for the demo instance", &error))
        };
        let mut servers = ask()?;
        if let [server] = &servers[..]
            && (server.status != "ACTIVE" || server.floating().is_none())
        {
            // The launch that an earlier run began may just be giving it its address: a second one would be left over.
            let line = sunbeam::join_launch(&format!("{}.join", work.long_id()));
            match work.run(Place::Vm, &line, "Wait for the launch of the demo instance") {
                Err(failure) if failure.id != Id::CommandFailed => return Err(failure),
                _ => servers = ask()?,
            }
        }
        if let [server] = &servers[..]
            && server.status == "ERROR"
        {
            work.run(
                Place::Vm,
                &openstack::delete_server(&self.openrc, &server.id),
                "Delete the failed server",
            )?;
            servers = ask()?;
        }
        if servers.is_empty() {
            make_sunbeam_current(work)?;
            let line = sunbeam::launch(&self.instance, &work.long_id());
            match work.run(Place::Vm, &line, "Launch the demo instance").map_err(with_sunbeam_hint) {
                Ok(_) => {}
                // The server comes first, its address after it: only what is missing is done below.
                Err(failure) if failure.id == Id::CommandFailed && !ask()?.is_empty() => {
                    work.warn(format!("{failure}; the server is there, so kafstack goes on with it"));
                }
                Err(failure) => return Err(failure),
            }
            servers = ask()?;
        }
        let [server] = &servers[..] else { return Ok(()) };
        if server.status == "SHUTOFF" {
            work.run(
                Place::Vm,
                &openstack::start_server(&self.openrc, &server.id),
                "Start the demo instance",
            )?;
        }
        if server.status == "ACTIVE" && server.floating().is_none() {
            let line = openstack::create_address(&self.openrc);
            let answer = work.run(Place::Vm, &line, "Make a floating IP")?;
            let address = openstack::parse_address(&line, answer);
            let address = address.map_err(|error| Failure::of_command("Make a floating IP", &error))?;
            let give = openstack::add_address(&self.openrc, &server.id, &address);
            work.run(Place::Vm, &give, "Give the demo instance its floating IP")?;
        }
        Ok(())
    }
}
