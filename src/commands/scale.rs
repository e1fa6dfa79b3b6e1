//! `kafstack scale`: more units of Kafka and ZooKeeper, or fewer.

use std::collections::BTreeSet;

use super::session::Session;
use super::stack::{self, Stack};
use crate::cli;
use crate::config::{Config, Purpose};
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::plan::Plan;
use crate::step::Step;
use crate::steps::scale::ScaleApplication;
use crate::text::count;
use crate::tools::by_name::natural;
use crate::tools::juju;
use crate::tools::juju_status::Status;
use crate::tools::kafka::{Cluster, broker_id};
use crate::tools::kafka_topics::{self as topics, Topic};

/// One application's part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    /// `kafka` or `zookeeper`.
    application: &'static str,
    /// How many units there are.
    there: u32,
    /// How many there are to be.
    units: u32,
    /// Which units go.
    victims: Vec<String>,
}

/// `kafstack scale`.
///
/// # Errors
/// It cannot be like that, the stack is not ready, nobody confirmed, or the units did not come or go.
pub fn scale(session: &Session, args: &cli::Scale) -> Result<u8, Failure> {
    if args.kafka.is_none() && args.zookeeper.is_none() {
        return Err(Failure::new(Id::Usage, "nothing to scale was named")
            .hint("`kafstack scale --kafka N`, `--zookeeper N`, or both"));
    }
    let stack = Stack::open(session)?;
    possible(args, &stack.config)?;
    let (kafka, zookeeper) = (args.kafka, args.zookeeper);
    let config = stack.config.clone();
    let (changes, thinned) = stack.look_at_model(session, move |hosts, status| {
        let changes = changes(&status, kafka, zookeeper);
        // Counts that are in force already are being finished, and are why Kafka may not be ready.
        if scaled(&config, kafka, zookeeper) != config {
            stack::ready(hosts, &config)?;
        }
        let thinned = consequences(hosts, &config, &changes)?;
        Ok((changes, thinned))
    })?;
    let victims: Vec<String> = changes.iter().flat_map(|change| change.victims.clone()).collect();
    if !victims.is_empty() {
        session.terminal.note(&format!(
            "this removes {} for good, with machine and storage{thinned}",
            victims.join(", ")
        ));
        super::confirm(session, args.consent.yes, "Remove them?", "nothing was removed")?;
    }
    let wanted = scaled(&stack.config, kafka, zookeeper);
    let acted = stack.change_to(session, "scale", Some(wanted.clone()), move |_, status| {
        let now = self::changes(&status, kafka, zookeeper);
        let changed = now.iter().flat_map(|change| &change.victims).any(|unit| !victims.contains(unit));
        if changed {
            return Err(Failure::new(
                Id::NotConfirmed,
                "the units have changed since the question was asked",
            )
            .hint("the same command again asks anew"));
        }
        Ok(plan(&wanted, &now))
    })?;
    if !acted {
        let counts: Vec<String> = changes
            .iter()
            .map(|change| format!("{} of {}", count(change.units as usize, "unit"), change.application))
            .collect();
        session.terminal.note(&format!("there are {} already: nothing to do", counts.join(" and ")));
    }
    say_what_else_wishes(session)?;
    Ok(0)
}

/// Whether there can be so many units at all.
///
/// # Errors
/// [`Id::ScaleRefused`], with the reason.
fn possible(args: &cli::Scale, config: &Config) -> Result<(), Failure> {
    let refused = |message: String| Failure::new(Id::ScaleRefused, message);
    if let Some(units) = args.zookeeper {
        if !config.zookeeper.enabled {
            return Err(refused("there is no ZooKeeper to scale".to_owned())
                .expected("on track 4 Kafka does without it"));
        }
        if units.is_multiple_of(2) {
            return Err(refused(format!("{units} units of ZooKeeper are refused"))
                .expected("an odd number: an even one survives no more failures than one less"));
        }
    }
    if let Some(units) = args.kafka.filter(|units| config.kafka.kraft() && *units != 1) {
        return Err(refused(format!("{units} units of Kafka are refused")).expected(
            "1: with broker and controller in one unit, further units never join the quorum for certain",
        ));
    }
    Ok(())
}

/// The configuration with other counts.
fn scaled(config: &Config, kafka: Option<u32>, zookeeper: Option<u32>) -> Config {
    let mut config = config.clone();
    config.kafka.units = kafka.unwrap_or(config.kafka.units);
    config.zookeeper.units = zookeeper.unwrap_or(config.zookeeper.units);
    config
}

/// What is to change in this model: ZooKeeper first, on which Kafka stands.
fn changes(status: &Status, kafka: Option<u32>, zookeeper: Option<u32>) -> Vec<Change> {
    let wishes = [("zookeeper", zookeeper), ("kafka", kafka)];
    let change = |application: &'static str, units: u32| {
        let living = status.application(application).map(|a| a.living_units()).unwrap_or_default();
        let there = u32::try_from(living.len()).unwrap_or(u32::MAX);
        // The highest numbers go, but never the leader: one more unit stays than there are leaders.
        let mut others: Vec<&str> =
            living.iter().filter(|(_, unit)| !unit.leader).map(|(name, _)| *name).collect();
        others.sort_by(|a, b| natural(b, a));
        let victims = others.into_iter().take(there.saturating_sub(units) as usize).map(str::to_owned);
        Change { application, there, units, victims: victims.collect() }
    };
    wishes.into_iter().filter_map(|(name, units)| Some(change(name, units?))).collect()
}

/// The steps. While the first of two works, the other application has what it has.
fn plan(wanted: &Config, changes: &[Change]) -> Plan {
    let steps = changes.iter().enumerate().map(|(i, change)| {
        let mut config = wanted.clone();
        for later in &changes[i + 1..] {
            let least = later.units.min(later.there);
            match later.application {
                "kafka" => config.kafka.units = least,
                _ => config.zookeeper.units = least,
            }
        }
        Box::new(ScaleApplication {
            config,
            application: change.application,
            units: change.units,
            victims: change.victims.clone(),
        }) as Box<dyn Step>
    });
    Plan::of(steps)
}

/// What becomes of the topics when brokers go, in words for the question.
///
/// # Errors
/// A partition would lose the last replica that is in sync, or Kafka is not ready to be made smaller.
fn consequences(hosts: &Hosts<'_>, config: &Config, changes: &[Change]) -> Result<String, Failure> {
    if changes.iter().all(|change| change.victims.is_empty()) {
        return Ok(String::new());
    }
    let cluster = stack::ready(hosts, config)?.cluster;
    let Some(brokers) = changes.iter().find(|c| c.application == "kafka" && !c.victims.is_empty()) else {
        return Ok("; no topic is touched".to_owned());
    };
    let gone: BTreeSet<u32> =
        brokers.victims.iter().filter_map(|unit| broker_id(unit, cluster.kraft)).collect();
    let all = described(hosts, &cluster)?;
    let lost = lost(&all, &gone);
    if !lost.is_empty() {
        return Err(Failure::new(
            Id::ScaleRefused,
            format!("without {} some partitions would be lost", brokers.victims.join(", ")),
        )
        .expected("every partition has a replica in sync on a broker that stays")
        .seen(format!("only there: {}", lost.join(", ")))
        .hint("`kafstack topic describe NAME` shows where a topic lies")
        .hint("reassign those partitions with Kafka's own tool, or delete the topic, then scale again"));
    }
    Ok(thinned(&all, &gone))
}

/// All topics, Kafka's own among them.
fn described(hosts: &Hosts<'_>, cluster: &Cluster) -> Result<Vec<Topic>, Failure> {
    let line = topics::describe(cluster, None);
    let ran = hosts.vm.ask(&line).and_then(|output| juju::parse_exec(&line, output));
    let ran =
        ran.map_err(|error| Failure::of_command("The brokers could not be asked for their topics", &error))?;
    if ran.code != 0 {
        return Err(Failure::new(Id::ActionFailed, "The brokers could not be asked for their topics")
            .seen(crate::text::cut(&crate::text::one_line(&ran.stderr), 200)));
    }
    Ok(topics::parse_describe(&ran.stdout))
}

/// The partitions whose replicas in sync all lie on brokers that go.
fn lost(all: &[Topic], gone: &BTreeSet<u32>) -> Vec<String> {
    let mut lost = Vec::new();
    for topic in all {
        let ids: Vec<String> = topic
            .partitions
            .iter()
            .filter(|p| !p.in_sync.is_empty() && p.in_sync.iter().all(|broker| gone.contains(broker)))
            .map(|p| p.id.to_string())
            .collect();
        if !ids.is_empty() {
            lost.push(format!("{} (partition {})", topic.name, ids.join(", ")));
        }
    }
    lost
}

/// The partitions that go on with fewer replicas.
fn thinned(all: &[Topic], gone: &BTreeSet<u32>) -> String {
    let touched = |topic: &Topic| {
        topic.partitions.iter().filter(|p| p.replicas.iter().any(|broker| gone.contains(broker))).count()
    };
    let counts: Vec<usize> = all.iter().map(touched).filter(|n| *n > 0).collect();
    match counts.iter().sum::<usize>() {
        0 => "; no topic lies there".to_owned(),
        n => format!(
            "; {} of {} will have a replica less, until somebody reassigns what lay there",
            count(n, "partition"),
            count(counts.len(), "topic")
        ),
    }
}

/// Says what in the configuration file, the environment or the options now wishes otherwise: the next `up` would be
/// refused for it.
fn say_what_else_wishes(session: &Session) -> Result<(), Failure> {
    let resolved = session.resolve(Purpose::Use)?;
    for difference in &resolved.differences {
        if difference.key.ends_with(".units") {
            session.terminal.warning(&format!("`kafstack up` will want this to be changed: {difference}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;
    use crate::tools::juju_status::fixture;
    use crate::tools::kafka_topics::Partition;

    fn topic(name: &str, in_sync: &[&[u32]]) -> Topic {
        let partition = |(id, brokers): (usize, &&[u32])| Partition {
            id: u32::try_from(id).unwrap(),
            leader: brokers.first().copied(),
            replicas: brokers.to_vec(),
            in_sync: brokers.to_vec(),
        };
        let partitions = in_sync.iter().enumerate().map(partition).collect();
        Topic { name: name.into(), partitions, replication: 1, configs: Default::default() }
    }

    #[test]
    fn a_partition_that_lies_only_on_brokers_that_go_is_lost() {
        let all = [topic("orders", &[&[0, 2], &[2], &[1]]), topic("__consumer_offsets", &[&[2, 1]])];
        assert_eq!(lost(&all, &[2].into()), ["orders (partition 1)"]);
        assert_eq!(
            lost(&all, &[1, 2].into()),
            ["orders (partition 1, 2)", "__consumer_offsets (partition 0)"]
        );
        assert_eq!(lost(&all, &[7].into()), [""; 0]);
        assert_eq!(
            thinned(&all, &[2].into()),
            "; 3 partitions of 2 topics will have a replica less, until somebody reassigns what lay there"
        );
        assert_eq!(thinned(&all, &[7].into()), "; no topic lies there");
    }

    #[test]
    fn the_highest_numbers_go_and_the_leader_stays() {
        let status = fixture::status("healthy");
        let kafka = status.application("kafka").unwrap();
        let leader = kafka.living_units().iter().find(|(_, u)| u.leader).unwrap().0.to_owned();
        let found = changes(&status, Some(1), None);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].victims.len() + 1, kafka.living_units().len());
        assert!(!found[0].victims.contains(&leader));
        assert!(found[0].victims.is_sorted_by(|a, b| natural(a, b).is_gt()));
        assert!(changes(&status, Some(9), Some(9)).iter().all(|change| change.victims.is_empty()));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_reason() {
        let args = |kafka, zookeeper| cli::Scale { kafka, zookeeper, consent: cli::Consent { yes: true } };
        let id = |args, preset: Preset| possible(&args, &preset.config()).map_err(|failure| failure.id);
        assert_eq!(id(args(None, Some(4)), Preset::Kafka), Err(Id::ScaleRefused));
        assert_eq!(id(args(None, Some(3)), Preset::Kraft), Err(Id::ScaleRefused));
        assert_eq!(id(args(Some(3), None), Preset::Kraft), Err(Id::ScaleRefused));
        assert_eq!(id(args(Some(1), None), Preset::Kraft), Ok(()));
        assert_eq!(id(args(Some(4), Some(3)), Preset::Kafka), Ok(()));
    }
}
