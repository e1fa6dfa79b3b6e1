//! The relations of a model, put together from what both sides say. Juju's JSON lists them under each
//! application, without saying which side provides (juju/juju:cmd/juju/status/formatted.go).

use super::by_name::natural;
use super::juju_status::Status;

/// Two applications that are related.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// `application:endpoint` of the side that provides.
    pub provider: String,
    /// `application:endpoint` of the side that requires.
    pub requirer: String,
    /// The interface.
    pub interface: String,
}

/// The endpoints with which the charms of this field provide something
/// (`metadata.yaml` or `charmcraft.yaml` of canonical/kafka-operator, zookeeper-operator,
/// self-signed-certificates-operator, kafka-connect-operator and karapace-operator).
const PROVIDES: &[(&str, &str)] = &[
    ("kafka", "kafka-client"),
    ("kafka", "cos-agent"),
    ("kafka", "peer-cluster-orchestrator"),
    ("zookeeper", "zookeeper"),
    ("zookeeper", "cos-agent"),
    ("data-integrator", "mongos"),
    ("self-signed-certificates", "certificates"),
    ("self-signed-certificates", "send-ca-cert"),
    ("kafka-connect", "connect-client"),
    ("kafka-connect", "cos-agent"),
    ("karapace", "karapace"),
    ("karapace", "cos-agent"),
];

/// The applications to which an application says that this endpoint of it is related.
pub fn others<'a>(status: &'a Status, application: &str, endpoint: &str) -> Vec<&'a str> {
    let relations = status.application(application).and_then(|a| a.relations.get(endpoint));
    relations.into_iter().flatten().map(|r| r.related_application.as_str()).collect()
}

/// One side of a relation.
#[derive(Clone, PartialEq, Eq)]
struct Side<'a> {
    /// Whose.
    application: &'a str,
    /// Its charm.
    charm: &'a str,
    /// Its endpoint.
    endpoint: &'a str,
    /// The application on the other side.
    other: &'a str,
    /// The interface.
    interface: &'a str,
}

impl Side<'_> {
    /// As Juju writes it.
    fn name(&self) -> String {
        format!("{}:{}", self.application, self.endpoint)
    }

    /// Whether it is known to provide.
    fn provides(&self) -> bool {
        PROVIDES.contains(&(self.charm, self.endpoint))
    }
}

/// All relations between two applications of the model, in natural order. An application's relation with its own
/// peers is left out, and so is one that only one side tells of.
pub fn integrations(status: &Status) -> Vec<Integration> {
    let mut sides: Vec<Side> = Vec::new();
    for (application, a) in status.applications.iter() {
        for (endpoint, relations) in &a.relations {
            let others = relations.iter().filter(|r| r.related_application != application);
            sides.extend(others.map(|r| Side {
                application,
                charm: &a.charm_name,
                endpoint,
                other: &r.related_application,
                interface: &r.interface,
            }));
        }
    }
    let mut found = Vec::new();
    while !sides.is_empty() {
        let one = sides.remove(0);
        let fits = |s: &Side| {
            s.application == one.other && s.other == one.application && s.interface == one.interface
        };
        // Of several that fit, one that provides goes with one that does not.
        let complement = |s: &Side| fits(s) && s.provides() != one.provides();
        let Some(at) = sides.iter().position(complement).or_else(|| sides.iter().position(fits)) else {
            continue;
        };
        let other = sides.remove(at);
        let (provider, requirer) = if other.provides() { (other, one) } else { (one, other) };
        found.push(Integration {
            provider: provider.name(),
            requirer: requirer.name(),
            interface: provider.interface.to_owned(),
        });
    }
    found.sort_by(|a, b| natural(&a.provider, &b.provider).then_with(|| natural(&a.requirer, &b.requirer)));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::juju_status::fixture::{changed, status};
    use super::*;

    /// In short.
    fn lines(status: &Status) -> Vec<String> {
        integrations(status)
            .iter()
            .map(|i| format!("{} {} {}", i.provider, i.requirer, i.interface))
            .collect()
    }

    #[test]
    fn the_provider_comes_first_and_peers_are_left_out() {
        assert_eq!(lines(&status("healthy")), ["zookeeper:zookeeper kafka:zookeeper zookeeper"]);
        assert!(lines(&status("before-integrate")).is_empty());
        assert_eq!(lines(&status("juju-2.9")), ["zookeeper:zookeeper kafka:zookeeper "]);
    }

    #[test]
    fn several_relations_between_the_same_two_are_told_apart() {
        let status = changed("healthy", |v| {
            let to = |name: &str| json!([{"related-application": name, "interface": "tls-certificates"}]);
            v["applications"]["kafka"]["relations"]["certificates"] = to("ca");
            v["applications"]["kafka"]["relations"]["trusted-ca"] = to("ca");
            v["applications"]["zookeeper"]["relations"]["certificates"] = to("ca");
            v["applications"]["ca"] = json!({
                "charm-name": "self-signed-certificates",
                "relations": {"certificates": [to("kafka")[0], to("kafka")[0], to("zookeeper")[0]]},
            });
        });
        assert_eq!(
            lines(&status),
            [
                "ca:certificates kafka:certificates tls-certificates",
                "ca:certificates kafka:trusted-ca tls-certificates",
                "ca:certificates zookeeper:certificates tls-certificates",
                "zookeeper:zookeeper kafka:zookeeper zookeeper",
            ]
        );
    }
}
