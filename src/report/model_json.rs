//! The Juju model as `status --format json` prints it. Fields may be added only.

use serde_json::{Value, json};

use crate::text::one_line;
use crate::tools::juju_relations::integrations;
use crate::tools::juju_status::Status;

/// The `model` of the document.
pub fn model(status: &Status) -> Value {
    json!({
        "controller": status.model.controller,
        "name": status.model.name,
        "applications": applications(status),
        "machines": machines(status),
        "relations": relations(status),
    })
}

/// Its `applications`, in natural order.
fn applications(status: &Status) -> Vec<Value> {
    let application = |(name, a): (&str, &crate::tools::juju_status::Application)| {
        let units: Vec<Value> = a
            .units
            .iter()
            .map(|(name, u)| {
                json!({
                    "name": name,
                    "workload": u.workload_status.current,
                    "agent": u.juju_status.current,
                    "message": one_line(&u.workload_status.message),
                    "leader": u.leader,
                    "machine": u.machine,
                    "address": u.public_address,
                    "ports": u.open_ports,
                })
            })
            .collect();
        let error = a.status_error.as_ref();
        json!({
            "name": name,
            "status": if error.is_some() { "unknown" } else { &a.application_status.current },
            "message": one_line(error.unwrap_or(&a.application_status.message)),
            "channel": a.charm_channel,
            "revision": a.charm_rev,
            "units": units,
        })
    };
    status.applications.iter().map(application).collect()
}

/// Its `machines`; `state` is that of the machine's agent, as in Juju's own table.
fn machines(status: &Status) -> Vec<Value> {
    let machines = status.machines.iter().map(|(id, m)| {
        json!({
            "id": id,
            "state": m.state(),
            "address": m.dns_name,
            "instance": m.instance_id,
        })
    });
    machines.collect()
}

/// Its `relations` between applications.
fn relations(status: &Status) -> Vec<Value> {
    let relations = integrations(status)
        .into_iter()
        .map(|i| json!({ "provider": i.provider, "requirer": i.requirer, "interface": i.interface }));
    relations.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::juju_status::fixture::status;

    #[test]
    fn the_model_has_the_promised_fields() {
        let model = model(&status("healthy"));
        assert_eq!((&model["controller"], &model["name"]), (&json!("overlord"), &json!("demo")));
        let kafka = &model["applications"][0];
        assert_eq!(
            (&kafka["name"], &kafka["status"], &kafka["message"], &kafka["channel"], &kafka["revision"]),
            (&json!("kafka"), &json!("active"), &json!(""), &json!("3/stable"), &json!(241))
        );
        assert_eq!(
            kafka["units"][1],
            json!({
                "name": "kafka/1",
                "workload": "active",
                "agent": "idle",
                "message": "machine system settings are not optimal - see logs for info",
                "leader": true,
                "machine": "6",
                "address": "10.151.66.176",
                "ports": ["19092/tcp"],
            })
        );
        assert_eq!(
            model["machines"][3],
            json!({
                "id": "3",
                "state": "started",
                "address": "10.151.66.57",
                "instance": "juju-5d1c9e-3",
            })
        );
        assert_eq!(
            model["relations"],
            json!([{
                "provider": "zookeeper:zookeeper",
                "requirer": "kafka:zookeeper",
                "interface": "zookeeper",
            }])
        );
    }

    #[test]
    fn an_application_juju_could_not_tell_about_says_why() {
        let model = model(&status("status-error"));
        assert_eq!(model["applications"][0]["status"], "unknown");
        assert_eq!(model["applications"][0]["message"], "cannot get relations: connection is shut down");
    }
}
