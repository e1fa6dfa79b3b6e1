//! The fault matrix: every step and every kind of fault, each cell with the end that `cells.yaml` declares. Each cell
//! begins on a copy of a laptop that has come exactly that far, so that it is cheap.
//!
//! `UPDATE_PAPERS=1 cargo test --test rehearsal matrix` writes the ends that are seen into `cells.yaml`, and the table
//! into documentation/reliability.md. Read the difference: each line of it is a promise to a user.

mod cells;
mod paper;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::stage::Stage;
use cells::{Cell, End, Step, cells};

/// How many cells are played at the same time.
const THREADS: usize = 2;

/// A laptop that has come to the beginning of a step.
struct World {
    stage: Stage,
    /// When in an `up` the step is in the middle of its act, in simulated seconds.
    middle: u64,
}

impl World {
    /// Builds it: everything up to the step before, and somebody else's VM beside.
    fn before(step: &Step) -> World {
        let stage = Stage::empty();
        let other = "vms: [ { name: other-lab, state: Running } ]\n";
        std::fs::write(stage.path("other.yaml"), other).unwrap();
        let preset = step.preset;
        if let Some(before) = step.after {
            stage.exits(&format!("up --preset {preset} --until {before} --scenario other.yaml"), 0);
        }
        let told =
            stage.copy().exits(&format!("up --preset {preset} --until {} --events -", step.name), 0).out;
        let events: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let at = |event: &str| {
            let found = events.iter().find(|e| e["event"] == event && e["step"] == step.name);
            found.map_or(0, |e| e["elapsed_ms"].as_u64().unwrap())
        };
        let (begins, ends) = (at("step-started"), at("step-finished"));
        World { stage, middle: (begins + ends.saturating_sub(begins) / 3) / 1000 }
    }
}

/// What became of a cell.
struct Outcome {
    seen: End,
    /// What is wrong with it whatever its end.
    objections: Vec<String>,
}

/// Plays a cell: with its fault, a second time if it stopped, once more when the fault is over, and at last when whoever
/// reads the hint has ended what hangs.
fn play(cell: &Cell, world: &World, codes: &BTreeMap<String, i32>) -> Outcome {
    let stage = world.stage.copy();
    let mut objections = Vec::new();
    let preset = cell.step.preset;
    std::fs::write(stage.path("cell.yaml"), cell.scenario(world.middle)).unwrap();
    std::fs::write(stage.path("healed.yaml"), cells::HEALED).unwrap();
    let up = |scenario: &str| {
        let output = stage.kafstack(&format!("up --preset {preset} --quiet --scenario {scenario}"));
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = up("cell.yaml");
    let mut object = |what: &str, said: &str| objections.push(format!("{what}:\n{said}"));
    let seen = if code == 0 {
        End::Recovered
    } else {
        let id = id(&said);
        if codes.get(&id) != Some(&code) {
            object(&format!("exit code {code} is not that of {id}"), &said);
        }
        if !said.contains("hint: ") {
            object("no hint", &said);
        }
        if up("cell.yaml").0 == 0 { End::Again(id) } else { End::Stopped(id) }
    };
    let mut over = true;
    let seen = match seen {
        End::Stopped(id) => match up("healed.yaml") {
            (0, _) => End::Stopped(id),
            (_, said) => {
                over = ended_as_hinted(&stage, &said);
                if id == "still-running" && !over {
                    object("no word about how to end it", &said);
                }
                if over && up("healed.yaml").0 != 0 {
                    object("not ready after what the hint says was typed", &said);
                }
                End::Stuck(id)
            }
        },
        seen => seen,
    };
    if over {
        objections.extend(wrong(&stage, cell));
    }
    Outcome { seen, objections }
}

/// Does what a person would who is told how to end a command that hangs. Returns whether that was told.
fn ended_as_hinted(stage: &Stage, said: &str) -> bool {
    let Some(hint) = said.lines().find_map(|line| line.strip_prefix("hint: if it hangs: `")) else {
        return false;
    };
    let typed = hint.split('`').next().unwrap();
    // `kafstack … -- sh -c '…'`, as a shell reads it.
    let (words, script) = typed.split_once(" '").unwrap();
    let words = words.split(' ').skip(1).chain([script.strip_suffix('\'').unwrap()]);
    let output = stage.command(&words.collect::<Vec<_>>()).output().unwrap();
    assert!(output.status.success(), "{typed}: {output:?}");
    true
}

/// The id in what a failed command said.
fn id(said: &str) -> String {
    let line = said.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    let id = line.rsplit_once('[').and_then(|(_, id)| id.strip_suffix(']'));
    id.unwrap_or("without an id").to_owned()
}

/// The exit code of each id, as `explain` says it.
fn exit_codes() -> BTreeMap<String, i32> {
    let document = Stage::empty().exits("explain --format json", 0).json();
    let failures = document["failures"].as_array().unwrap();
    let code = |failure: &Value| i32::try_from(failure["exit_code"].as_i64().unwrap()).unwrap();
    failures.iter().map(|failure| (failure["id"].as_str().unwrap().to_owned(), code(failure))).collect()
}

/// What is doubled, missing or touched in the end.
fn wrong(stage: &Stage, cell: &Cell) -> Vec<String> {
    let world: Value = serde_json::from_str(&stage.world()).unwrap();
    let mut wrong = Vec::new();
    let mut expect = |what: &str, seen: &Value, wanted: Value| {
        if *seen != wanted {
            wrong.push(format!("{what}: {seen}, not {wanted}"));
        }
    };
    expect("unknown commands", &world["unknown"], serde_json::json!([]));
    let names: Vec<&String> = world["vms"].as_object().into_iter().flat_map(|vms| vms.keys()).collect();
    expect("VMs", &serde_json::json!(names), serde_json::json!(["microstack", "other-lab"]));
    let guest = &world["vms"]["microstack"]["guest"];
    let openstack = cell.step.preset == "single";
    let servers = guest["cloud"]["servers"].as_array().map_or(0, Vec::len);
    expect("servers", &servers.into(), usize::from(openstack).into());
    let demo = &guest["juju"]["controllers"]["overlord"]["models"]["demo"];
    for (name, units) in [("zookeeper", 1), ("kafka", if openstack { 1 } else { 3 })] {
        let there = demo["applications"][name]["units"].as_object().map_or(0, serde_json::Map::len);
        expect(name, &there.into(), units.into());
    }
    let entered = crate::stage::files(&stage.state("runs")).into_iter().filter(|file| {
        file.ends_with("events.ndjson") && std::fs::read_to_string(file).unwrap().contains("\"other-lab\"")
    });
    wrong.extend(entered.map(|run| format!("the other VM is named in a command of {}", run.display())));
    wrong
}

#[test]
#[expect(clippy::print_stdout, reason = "the number of cells is what this test is to show")]
fn every_cell_of_the_fault_matrix_has_the_end_that_is_declared() {
    let (cells, codes) = (cells(), exit_codes());
    let worlds: BTreeMap<&str, World> =
        cells::STEPS.iter().map(|step| (step.name, World::before(step))).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let seen = Mutex::new(BTreeMap::new());
    let played: Vec<&Cell> = cells.iter().filter(|cell| !matches!(cell.end, End::Cannot(_))).collect();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(cell) = played.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = play(cell, &worlds[cell.step.name], &codes);
                    let mut failures = failures.lock().unwrap();
                    if outcome.seen != cell.end {
                        failures.push(format!("{cell} declared {}, seen {}", cell.end, outcome.seen));
                    }
                    seen.lock().unwrap().insert((cell.kind.kind.as_str(), cell.step.name), outcome.seen);
                    failures.extend(outcome.objections.iter().map(|why| format!("{cell} {why}")));
                }
            });
        }
    });
    if std::env::var_os("UPDATE_PAPERS").is_some() {
        paper::write_cells(&seen.into_inner().unwrap());
    }
    println!("{}", cells::summary(&cells));
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} cells:\n{}", failures.len(), failures.join("\n"));
}
