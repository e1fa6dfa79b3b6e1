//! Which versions are there: kafstack's own, and those that cheap questions tell. A stopped VM is not started for it.

use std::fmt::Write;
use std::time::Duration;

use crate::host::{CommandLine, Hosts, Place};
use crate::tools::{juju, linux, multipass, snap};

/// How long one answer is waited for.
const LIMIT: Duration = Duration::from_secs(10);

/// The versions as text, with what could not be asked.
pub fn versions(hosts: &Hosts<'_>) -> String {
    let mut text = format!("kafstack {}\n", env!("CARGO_PKG_VERSION"));
    let questions = [
        (Place::Laptop, linux::uname()),
        (Place::Laptop, multipass::version()),
        (Place::Laptop, CommandLine::reads("snap", ["version"])),
        (Place::Vm, linux::release()),
        (Place::Vm, snap::list("openstack")),
        (Place::Vm, snap::list("lxd")),
        (Place::Vm, snap::list("juju")),
        (Place::Vm, juju::version()),
    ];
    for (on, line) in questions {
        let _ = writeln!(text, "\n{on}$ {line}");
        match hosts.on(on).ask(&line.within(LIMIT)) {
            Ok(output) => {
                text += output.out().trim_end();
                text += output.err().trim_end();
                if output.code != 0 {
                    let _ = write!(text, "\n(exit code {})", output.code);
                }
                text.push('\n');
            }
            Err(error) => {
                let _ = writeln!(text, "(could not be asked: {error})");
            }
        }
    }
    text
}
