//! The model in which Kafka lives.

use std::time::Duration;

use super::{in_vm, minutes};
use crate::config::JujuConfig;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::juju;

/// Its name.
pub const NAME: &str = "add-model";

/// Adds the model to the controller.
pub struct AddModel {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// Controller and model.
    pub juju: JujuConfig,
    /// The step's limit.
    pub timeout: Duration,
}

impl AddModel {
    /// The usual limit.
    pub const TIMEOUT: Duration = minutes(5);
}

impl Step for AddModel {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Add the model"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(juju::add_model(&self.juju.controller, &self.juju.model))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("the model `{}` is alive on `{}`", self.juju.model, self.juju.controller),
            probes: vec![(Place::Vm, juju::models(&self.juju.controller))],
            timeout: self.timeout,
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: in_vm(&self.vm, &format!("juju models -c {}", self.juju.controller)),
            not_met: Id::ModelNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let line = juju::models(&self.juju.controller);
        let name = &self.juju.model;
        Ok(match juju::parse_models(&line, hosts.vm.ask(&line)?, name)?.as_deref() {
            Some("alive") => Verdict::met(format!("the model `{name}` is alive")),
            // A model that is being destroyed keeps its name until it is gone.
            Some(life) => Verdict::not_yet(format!("the model `{name}` is {life}")),
            None => Verdict::not_yet(format!("there is no model `{name}`")),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = juju::add_model(&self.juju.controller, &self.juju.model);
        let added = work.run(Place::Vm, &line, "Add the model");
        // "already exists" is said of a model on its way out as well: then only waiting and asking again helps.
        let dying = |failure: &Failure| failure.seen.as_deref().is_some_and(|s| s.contains("already exists"));
        added.map(drop).map_err(|failure| if dying(&failure) { failure.transient() } else { failure })
    }
}
