//! A healthy stack gives no alarm: not while it comes up, and not when somebody asks all the same.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::why;
use crate::config::{Config, Preset};
use crate::event::{Event, Fact, Teller};
use crate::failure::{Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::vm::Vm;
use crate::host::{Clock, Hosts};
use crate::plan::{self, Circumstances};
use crate::rehearsal::{Options, Rehearsal};
use crate::runner::{Record, Run};
use crate::step::Again;

/// How many seeds.
const SEEDS: u64 = 1000;

/// Asks why after one of the steps, though nothing is wrong.
struct Worried<'a> {
    config: &'a Config,
    hosts: Hosts<'a>,
    acts: u64,
    asks_after: u64,
    alarms: Vec<String>,
    asked: usize,
}

impl Record for Worried<'_> {
    fn begun(&mut self, _: &'static str) -> Result<u64, Failure> {
        self.acts += 1;
        Ok(self.acts)
    }

    fn holds(&mut self, _: &'static str) -> Result<(), Failure> {
        Ok(())
    }

    fn done(&mut self, step: &'static str) -> Result<(), Failure> {
        if self.acts == self.asks_after {
            self.asked += 1;
            let cause = why(self.config, &self.hosts, step, "");
            self.alarms.extend(cause.map(|cause| format!("after {step}: {cause:?}")));
        }
        Ok(())
    }

    fn failed(&mut self, step: &'static str, id: Id) {
        self.alarms.push(format!("{step} failed: {id}"));
    }
}

/// The alarms of one `up`, and how often was asked.
fn up(preset: Preset, seed: u64) -> (Vec<String>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let rehearsal = Rehearsal::open(folder.path(), Options { seed, ..Options::default() }).unwrap();
    rehearsal.leave_unwatched();
    let clock: Arc<dyn Clock> = rehearsal.clone();
    let config = preset.config();
    let vm = Vm::new(rehearsal.clone(), clock.clone(), &config.vm.name);
    let hosts = Hosts { laptop: &*rehearsal, vm: &vm, clock: &*clock };
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = told.clone();
    let tell = Teller::new(
        clock.clone(),
        true,
        Arc::new(move |event: Event| {
            let alarm = match &event.fact {
                Fact::Diagnosed { .. } => true,
                Fact::Warning { message, .. } => message.contains("nothing new for"),
                _ => false,
            };
            if alarm {
                heard.lock().unwrap().push(format!("{event:?}"));
            }
        }),
    );
    let plan = plan::up(&config, Circumstances { sudo_may_ask: true, ..Circumstances::default() });
    // What holds already is no act, so there are fewer acts than steps.
    let asks_after = 1 + seed % (plan.steps().len() as u64 - 1);
    let mut record = Worried { config: &config, hosts, acts: 0, asks_after, alarms: Vec::new(), asked: 0 };
    let run = Run {
        hosts,
        tell: &tell,
        stop: &Stop::default(),
        scale: TimeScale::default(),
        until: None,
        again: Again::Up,
        diagnose: &|hosts, step, seen| why(&config, hosts, step, seen),
    };
    let ready = run.all(&plan, &mut record).is_ok();
    let mut alarms = record.alarms;
    alarms.extend(told.lock().unwrap().drain(..));
    alarms.extend((!ready).then(|| "not ready".to_owned()));
    (alarms, record.asked)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figure that is promised")]
fn a_thousand_healthy_seeds_give_no_alarm() {
    let (next, asked) = (AtomicU64::new(0), AtomicUsize::new(0));
    let work = || {
        let mut alarms = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return alarms;
            }
            // The larger stacks say the same again, and take longer to say it.
            let preset = match seed % 50 {
                0 => Preset::Microstack,
                10 => Preset::Jammy,
                20 => Preset::Single,
                30 | 40 => Preset::Kafka,
                _ => Preset::Kraft,
            };
            let (found, times) = up(preset, seed);
            asked.fetch_add(times, Ordering::Relaxed);
            alarms.extend(found.into_iter().map(|alarm| format!("{} {seed}: {alarm}", preset.name())));
        }
    };
    let alarms: Vec<String> = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut alarms = work();
        alarms.extend(other.join().unwrap());
        alarms
    });
    println!("{SEEDS} healthy seeds, {} looks, {} alarms", asked.into_inner(), alarms.len());
    assert!(alarms.is_empty(), "{alarms:#?}");
}
