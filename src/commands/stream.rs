//! A client of Kafka's own that runs on a broker for as long as kafstack feeds it or listens to it, and no longer:
//! what `produce` and `consume` share.

use std::time::Duration;

use super::conduct::{Conduct, Ended, Manner};
use super::session::Session;
use super::stack::Stack;
use crate::failure::Failure;
use crate::host::clock::Stop;
use crate::host::{CommandError, CommandLine, Flow, Hosts, Output, Stream, Unwatched, Watch};
use crate::report::terminal::Terminal;
use crate::steps::topic;
use crate::tools::juju;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_messages;

/// How long a client that was told to end may take to finish what it has in hand.
const GRACE: Duration = Duration::from_secs(15);

/// What a command does while its client runs.
pub trait Part: Send + 'static {
    /// What a person at this terminal is told when the client begins.
    fn invitation(&self, terminal: &Terminal) -> Option<&'static str>;
    /// The client's command line, once it is known where it runs and by which id.
    fn line(&self, cluster: &Cluster, id: &str) -> CommandLine;
    /// The client said a line, or a piece of one.
    fn hear(&mut self, stream: Stream, text: &[u8]);
    /// Whether the client is to be told to end.
    fn is_over(&mut self, elapsed: Duration) -> bool;
}

/// How a client ended.
pub struct End<P> {
    /// What the command has to say of it.
    pub part: P,
    /// What the client said, and its exit code; or why there is none.
    pub result: Result<Output, CommandError>,
    /// Where it ran.
    pub unit: String,
}

/// Looks for the topic on a ready stack; then invites a person who types or reads, and runs the client. A signal tells
/// it to end as well; a second Ctrl-C leaves at once. Returns how it ended, and the signal that came meanwhile, if one
/// did. No lock is taken.
///
/// # Errors
/// The stack is not ready, or has no such topic, or a signal came before that was known.
pub fn run<P: Part>(
    session: &Session,
    stack: &Stack,
    topic: String,
    part: P,
) -> Result<(End<P>, Option<Ended>), Failure> {
    let cluster = stack.look(session, move |hosts, ready| {
        let there = topic::look(hosts, &ready.cluster, &topic)
            .map_err(|error| Failure::of_command("The brokers could not be asked about the topic", &error))?;
        there.ok_or_else(|| super::topic::unknown(&topic)).map(|_| ready.cluster)
    })?;
    if let Some(invitation) = part.invitation(&session.terminal) {
        session.terminal.note(invitation);
    }
    let (stage, stop, terminal) = (stack.stage.clone(), session.stop.clone(), session.terminal.clone());
    let conduct = Conduct {
        stop: session.stop.clone(),
        manner: Manner::FinishFirst,
        clock: stage.clock.clone(),
        rehearsal: stage.rehearsal,
        ticks: false,
        reporters: Vec::new(),
    };
    conduct.run(move |_| stage.ask(|hosts| attend(hosts, &cluster, part, &stop, &terminal)))
}

/// Runs the client to its end, and sees to it that nothing of it is left on the broker.
fn attend<P: Part>(
    hosts: &Hosts<'_>,
    cluster: &Cluster,
    part: P,
    stop: &Stop,
    terminal: &Terminal,
) -> End<P> {
    // Its own id tells it from every other client, of this laptop or another one.
    let id = format!("kafstack-{}", hosts.clock.now().as_microsecond());
    let line = part.line(cluster, &id);
    let end = kafka_messages::end(cluster, &id);
    let mut attending = Attending { hosts, end, part, stop, terminal, phase: Phase::Running };
    let result = hosts.vm.run(&line, &mut attending);
    let gone = match &result {
        Ok(output) => output.code == 0,
        Err(error) => matches!(
            error,
            CommandError::NotInstalled { .. }
                | CommandError::NotStarted { .. }
                | CommandError::VmNotRunning { .. }
        ),
    };
    if !gone && matches!(attending.phase, Phase::Running) {
        attending.tell_to_end();
    }
    End { part: attending.part, result, unit: cluster.brokers[0].unit.clone() }
}

/// How far a client is.
#[derive(Clone, Copy)]
enum Phase {
    /// It is wanted.
    Running,
    /// It was told to end.
    Told,
    /// It was seen running after that, first at this time.
    Lingering(Duration),
}

/// Looks on while a client runs.
struct Attending<'a, P> {
    /// Where.
    hosts: &'a Hosts<'a>,
    /// The command that ends it.
    end: CommandLine,
    /// What the command does meanwhile.
    part: P,
    /// What the user's signals ask for.
    stop: &'a Stop,
    /// To say so.
    terminal: &'a Terminal,
    /// How far it is.
    phase: Phase,
}

impl<P: Part> Attending<'_, P> {
    /// Ends the client on its broker. The way to it stays open meanwhile, so that what it has in hand still comes: a
    /// member of a group will not be given those messages again.
    fn tell_to_end(&mut self) {
        self.phase = Phase::Told;
        let ran = self.hosts.vm.run(&self.end, &mut Unwatched);
        let ran = ran.and_then(|output| juju::parse_exec(&self.end, output));
        let why = match ran {
            // 1: it was gone already.
            Ok(ran) if ran.code <= 1 => return,
            Ok(ran) => ran.stderr,
            Err(error) => error.to_string(),
        };
        let message =
            format!("Kafka's client may still run on the broker: {why}; `{}` in the VM ends it", self.end);
        self.terminal.warning(&message);
    }
}

impl<P: Part> Watch for Attending<'_, P> {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        self.part.hear(stream, text);
    }

    fn tick(&mut self, elapsed: Duration) -> Flow {
        match self.phase {
            Phase::Running => {
                let stopped = self.stop.requested();
                if stopped {
                    self.terminal.note("ending; Ctrl-C again leaves at once");
                }
                if stopped || self.part.is_over(elapsed) {
                    self.tell_to_end();
                }
            }
            Phase::Told => self.phase = Phase::Lingering(elapsed),
            Phase::Lingering(since) if elapsed.saturating_sub(since) >= GRACE => return Flow::Leave,
            Phase::Lingering(_) => {}
        }
        Flow::GoOn
    }
}

/// What matters in a client's words on stderr: what it calls an error, else its first sentence.
pub fn complaint(said: &str) -> String {
    let telling =
        |line: &&str| line.contains("ERROR") || line.contains("Exception") || line.contains("rror:");
    match said.lines().map(str::trim).find(telling) {
        Some(line) => line.to_owned(),
        None => topic::essence(said),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::host::clock::FakeClock;
    use crate::host::{Host, Io};
    use crate::report::terminal::fake;
    use crate::tools::kafka::Broker;

    /// A VM in which a client goes on until it is told to end, or for ever.
    struct Broken {
        /// Everything that was run.
        ran: Mutex<Vec<String>>,
        /// How the end of the client is answered.
        end: &'static str,
        /// It ends when told.
        obeys: bool,
    }

    impl Host for Broken {
        fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
            self.ran.lock().unwrap().push(line.to_string());
            if line.io != Io::Lines {
                return Ok(Output { stdout: self.end.into(), ..Output::default() });
            }
            for second in 1..100 {
                watch.line(Stream::Stdout, b"message");
                if watch.tick(Duration::from_secs(second)) == Flow::Leave {
                    return Err(CommandError::Left { line: line.to_string() });
                }
                if self.obeys && self.ran.lock().unwrap().len() > 1 {
                    return Ok(Output { code: 143, ..Output::default() });
                }
            }
            Ok(Output { code: 255, ..Output::default() })
        }
    }

    /// Is over after so many lines.
    struct Counts(usize, usize);

    impl Part for Counts {
        fn invitation(&self, _: &Terminal) -> Option<&'static str> {
            None
        }

        fn line(&self, cluster: &Cluster, id: &str) -> CommandLine {
            kafka_messages::consume(cluster, "orders", id, &kafka_messages::Reading::default())
        }

        fn hear(&mut self, _: Stream, _: &[u8]) {
            self.0 += 1;
        }

        fn is_over(&mut self, _: Duration) -> bool {
            self.0 >= self.1
        }
    }

    const ENDED: &str = r#"{"kafka/0":{"id":"8","status":"completed","results":{"return-code":0}}}"#;

    fn attended(vm: &Broken, lines: usize, stop: &Stop) -> (End<Counts>, String) {
        let clock = FakeClock::default();
        let hosts = Hosts { laptop: vm, vm, clock: &clock };
        let broker = Broker { unit: "kafka/0".into(), address: "10.1.2.3".into() };
        let cluster =
            Cluster { target: "overlord:demo".into(), kraft: false, tls: false, brokers: vec![broker] };
        let (terminal, screen) = fake::terminal(|_| {});
        let end = attend(&hosts, &cluster, Counts(0, lines), stop, &terminal);
        (end, screen.err())
    }

    fn vm(end: &'static str, obeys: bool) -> Broken {
        Broken { ran: Mutex::default(), end, obeys }
    }

    #[test]
    fn a_client_is_ended_on_its_broker_while_it_is_still_listened_to() {
        let vm = vm(ENDED, true);
        let (end, said) = attended(&vm, 3, &Stop::default());
        assert_eq!((end.part.0, end.result.unwrap().code, said.as_str()), (3, 143, ""));
        let ran = vm.ran.lock().unwrap();
        assert_eq!(ran.len(), 2);
        assert!(
            ran[0].contains("client.id=kafstack-0") && ran[1].ends_with("'pkill -f client.id=kafstack-0'")
        );
    }

    #[test]
    fn a_client_that_does_not_end_is_left_after_a_while() {
        let vm = vm(ENDED, false);
        let stop = Stop::default();
        stop.request();
        let (end, said) = attended(&vm, 99, &stop);
        assert!(matches!(end.result, Err(CommandError::Left { .. })));
        assert_eq!(end.part.0, 17);
        assert_eq!(said, "ending; Ctrl-C again leaves at once\n");
        assert_eq!(vm.ran.lock().unwrap().len(), 2);
    }

    #[test]
    fn after_a_broken_connection_the_client_is_ended_and_who_cannot_be_is_told() {
        let vm = vm("no JSON", false);
        let (end, said) = attended(&vm, 1000, &Stop::default());
        assert_eq!(end.result.unwrap().code, 255);
        assert_eq!(vm.ran.lock().unwrap().len(), 2);
        assert!(said.starts_with("warning: Kafka's client may still run on the broker"), "{said}");
    }

    #[test]
    fn the_complaint_is_the_error_and_not_what_stands_around_it() {
        let said = "WARN something\n[2026-01-05] ERROR Error processing message\n\tat x\n";
        assert_eq!(complaint(said), "[2026-01-05] ERROR Error processing message");
        assert_eq!(complaint("\nssh: no route to host\n"), "ssh: no route to host");
    }
}
