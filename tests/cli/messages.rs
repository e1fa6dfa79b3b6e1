//! Messages through real pipes: byte for byte, as they come, and nobody left behind.

use std::fs::{self, File};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::fake_laptop::FakeLaptop;

/// Messages that anything between the topic and the user could change: none of them is text for a terminal.
fn messages() -> Vec<u8> {
    let long = "x".repeat(20_000);
    let exact = "y".repeat(8 * 1024);
    let lines: [&[u8]; 8] = [
        b"one",
        b"",
        b"caf\xe9 \xff\x00",
        b"windows\r",
        b"10%\r20%",
        b"\x1b[31mred\x08",
        long.as_bytes(),
        exact.as_bytes(),
    ];
    lines.map(|line| [line, b"\n"].concat()).concat()
}

/// Starts kafstack with these files as its standard input and output.
#[expect(clippy::disallowed_methods, reason = "these tests are about the program itself")]
fn start(laptop: &FakeLaptop, arguments: &str, input: &str, output: &str) -> Child {
    let file = |name: &str| laptop.path("work").join(name);
    fs::write(file(input), fs::read(file(input)).unwrap_or_default()).unwrap();
    std::process::Command::new(env!("CARGO_BIN_EXE_kafstack"))
        .args(arguments.split_whitespace())
        .env_clear()
        .envs(laptop.environment())
        .current_dir(laptop.path("work"))
        .stdin(File::open(file(input)).unwrap())
        .stdout(File::create(file(output)).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for its end. Returns exit code and standard error.
fn ends(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn messages_come_out_live_and_untouched_and_ctrl_c_is_a_good_end() {
    for (signal, code) in [(Signal::INT, 0), (Signal::TERM, 143)] {
        let laptop = FakeLaptop::new().with_stack("kraft");
        fs::write(laptop.in_vm("messages"), messages()).unwrap();
        let child = start(&laptop, "consume orders --from-beginning", "nothing", "out");
        // The consumer goes on running: what is here came live.
        let out = laptop.path("work/out");
        laptop.sees("all messages in the output", || fs::read(&out).unwrap().len() >= messages().len());
        kill_process(Pid::from_child(&child), signal).unwrap();
        let (ended, said) = ends(child);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains("8 messages"), "{said}");
        assert!(fs::read(&out).unwrap() == messages(), "the bytes were changed");
        assert_eq!(laptop.effects().last().unwrap(), "pkill");
        assert_eq!(laptop.processes("console-consumer"), [0; 0]);
        assert_eq!(laptop.unknown(), "");
        // No message is kept anywhere.
        for (path, text) in laptop.content("state") {
            assert!(!String::from_utf8_lossy(&text).contains("windows"), "{}", path.display());
        }
    }
}

#[test]
fn a_reader_that_has_enough_ends_it() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    fs::write(laptop.in_vm("messages"), "the quick brown fox\n".repeat(100_000)).unwrap();
    let kafstack = env!("CARGO_BIN_EXE_kafstack");
    let script = format!("({kafstack} consume orders; echo $? >status) | /usr/bin/head -n 1");
    laptop.shell(&script).exits_with(0).prints("the quick brown fox\n").says(" from orders");
    assert_eq!(fs::read_to_string(laptop.path("work/status")).unwrap(), "0\n");
    assert_eq!(laptop.effects().last().unwrap(), "pkill");
    assert_eq!(laptop.processes("console-consumer"), [0; 0]);
}

#[test]
fn lines_of_the_input_arrive_as_they_are_and_are_counted() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    let input = format!("one\n\nwindows\r\n{}\nlast", "x".repeat(500_000));
    fs::write(laptop.path("work/in"), &input).unwrap();
    let (code, said) = ends(start(&laptop, "produce orders", "in", "out"));
    assert_eq!((code, said.contains("5 messages sent to orders")), (Some(0), true), "{said}");
    assert!(fs::read_to_string(laptop.in_vm("messages")).unwrap() == input);
    assert_eq!(fs::read(laptop.path("work/out")).unwrap(), b"");

    fs::write(laptop.path("work/in"), b"sent\ncaf\xe9\nnot sent\n").unwrap();
    let (code, said) = ends(start(&laptop, "produce orders", "in", "out"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("line 2 cannot be a message [message-refused]"), "{said}");
    assert!(fs::read_to_string(laptop.in_vm("messages")).unwrap().ends_with("lastsent\n"));
}
