//! The charms that stand beside Kafka: how they are deployed and related, and where they answer.

use super::juju_changes;
use super::juju_status::{Application, Status};
use crate::host::CommandLine;

/// An application beside Kafka, named like its charm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// Workers that move records.
    KafkaConnect,
    /// Kafka in a browser.
    KafkaUi,
    /// A registry of schemas.
    Karapace,
}

impl Neighbour {
    /// Its application and its charm.
    pub fn name(self) -> &'static str {
        match self {
            Neighbour::KafkaConnect => "kafka-connect",
            Neighbour::KafkaUi => "kafka-ui",
            Neighbour::Karapace => "karapace",
        }
    }

    /// The track, and the channel of it. Kafka Connect has been seen on 4/edge only.
    pub fn channel(self) -> (&'static str, &'static str) {
        match self {
            Neighbour::KafkaConnect => ("4", "4/edge"),
            Neighbour::KafkaUi | Neighbour::Karapace => ("latest", "latest/stable"),
        }
    }

    /// The memory that its container is likely to take.
    pub fn memory(self) -> &'static str {
        match self {
            Neighbour::KafkaConnect => "1.5 GB",
            Neighbour::KafkaUi => "1 GB",
            Neighbour::Karapace => "0.5 GB",
        }
    }

    /// Deploys it. The profile keeps Connect's heap at 1 GB
    /// (canonical/kafka-connect-operator:src/core/structured_config.py).
    pub fn deploy(self, target: &str) -> CommandLine {
        let options: &[(&str, &str)] = match self {
            Neighbour::KafkaConnect => &[("profile", "testing")],
            Neighbour::KafkaUi | Neighbour::Karapace => &[],
        };
        juju_changes::deploy_as(target, self.name(), self.name(), self.channel().1, options)
    }

    /// Its end of the relation with Kafka, and Kafka's.
    pub fn endpoints(self) -> (String, &'static str) {
        let endpoint = if self == Neighbour::Karapace { "kafka" } else { "kafka-client" };
        (format!("{}:{endpoint}", self.name()), "kafka:kafka-client")
    }

    /// The user secret that carries the password to it; `None`: the charm makes the password.
    pub fn secret(self) -> Option<&'static str> {
        match self {
            Neighbour::KafkaConnect => Some("kafstack-kafka-connect"),
            Neighbour::KafkaUi => Some("kafstack-kafka-ui"),
            Neighbour::Karapace => None,
        }
    }

    /// Who asks it.
    pub fn username(self) -> &'static str {
        if self == Neighbour::Karapace { "operator" } else { "admin" }
    }

    /// Where it answers, inside the VM.
    pub fn url(self, address: &str) -> String {
        match self {
            Neighbour::KafkaConnect => format!("http://{address}:8083"),
            Neighbour::KafkaUi => format!("https://{address}:8080"),
            Neighbour::Karapace => format!("http://{address}:8081"),
        }
    }

    /// The unit that is asked, with its address, once it has one.
    pub fn unit(self, status: &Status) -> Option<(String, String)> {
        let units = status.application(self.name()).map(Application::living_units).unwrap_or_default();
        let with_address = units.into_iter().find(|(_, unit)| !unit.public_address.is_empty());
        with_address.map(|(name, unit)| (name.to_owned(), unit.public_address.clone()))
    }
}

/// Points an application at the secret with its password. An empty value would break the charm's hook.
pub fn point_at_secret(target: &str, application: &str, id: &str) -> CommandLine {
    CommandLine::changes("juju", ["config", application, &format!("system-users=secret:{id}"), "-m", target])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_deployed_and_related_as_its_charm_wants_it() {
        let lines = [Neighbour::KafkaConnect, Neighbour::KafkaUi, Neighbour::Karapace]
            .map(|of| (of.deploy("overlord:demo").to_string(), of.endpoints().0));
        assert_eq!(
            lines[0].0,
            "juju deploy kafka-connect --channel 4/edge --config profile=testing -m overlord:demo"
        );
        assert_eq!(lines[1].0, "juju deploy kafka-ui --channel latest/stable -m overlord:demo");
        assert_eq!(
            lines[2],
            (
                "juju deploy karapace --channel latest/stable -m overlord:demo".to_owned(),
                "karapace:kafka".to_owned()
            )
        );
    }
}
