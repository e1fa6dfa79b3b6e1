//! What a terminal does to kafstack, and what kafstack draws on it: Ctrl-Z and `fg`, other widths, its own end, a tool
//! that takes long to answer.

#![expect(clippy::print_stdout, reason = "figures that documentation quotes")]

use rustix::process::Signal;
use rustix::termios::{Winsize, tcsetwinsize};

use crate::fake_laptop::FakeLaptop;

/// A terminal of this width.
fn width(columns: u16) -> Winsize {
    Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

#[test]
fn ctrl_z_stops_kafstack_alone_and_fg_goes_on() {
    // With Multipass there, no password is asked for.
    let laptop = FakeLaptop::new().with_multipass();
    let held = laptop.hold_before("multipass launch");
    let (running, _person) = laptop.start_on_terminal("up --yes --preset kraft");
    held.is_reached();
    running.signal(Signal::TSTP);
    laptop.sees("kafstack stopped", || running.is_stopped());
    // The tool goes on: an hour's work in the VM need not wait for somebody to type `fg`.
    assert!(held.is_alive());
    held.release();
    laptop.sees("the launch done", || laptop.effects().contains(&"launch microstack".to_owned()));
    running.signal(Signal::CONT);
    running.ends().exits_with(0).ran_once("multipass launch").says("Kafka is ready");
}

#[test]
fn the_progress_survives_terminals_of_any_width() {
    // With Multipass there, no password is asked for.
    let laptop = FakeLaptop::new().with_multipass();
    let held = laptop.hold_before("multipass launch");
    let (running, person) = laptop.start_on_terminal("up --yes --preset kraft --progress bar");
    held.is_reached();
    for columns in [80, 1, 0, 2, 3, 7, 500] {
        tcsetwinsize(&person, width(columns)).unwrap();
        running.signal(Signal::WINCH);
        // Something is drawn at this width before the next one.
        let looked = running.drawn();
        laptop.sees("the bar drawn anew", || running.drawn() > looked);
    }
    tcsetwinsize(&person, width(1)).unwrap();
    held.release();
    let ran = running.ends().exits_with(0);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.account());
}

#[test]
fn a_person_sees_which_tool_is_waited_for() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    for command in ["status", "down --yes"] {
        let held = laptop.hold_before("multipass list");
        let (running, person) = laptop.start_on_terminal(command);
        tcsetwinsize(&person, width(80)).unwrap();
        held.is_reached();
        laptop.sees("what is waited for", || running.drawn() > 0);
        held.release();
        running.ends().exits_with(0).says(" of 00:30").says("laptop? multipass list");
    }
}

#[test]
fn a_terminal_that_goes_away_ends_kafstack_and_leaves_no_tool_behind() {
    // With Multipass there, no password is asked for.
    let laptop = FakeLaptop::new().with_multipass();
    let held = laptop.hold_before("multipass launch");
    let (running, person) = laptop.start_on_terminal("up --yes --preset kraft");
    held.is_reached();
    // What the system sends to the leader of a session whose terminal is gone; the terminal is no longer there to write to.
    drop(person);
    running.signal(Signal::HUP);
    running.ends().exits_with(129);
    assert!(!held.is_alive());
    laptop.kafstack("up --yes --preset kraft").exits_with(0);
}

#[test]
fn signals_at_any_call_leave_no_tool_behind() {
    let laptop = FakeLaptop::new();
    let mut signals = 0;
    for number in 0..30 {
        let before = laptop.calls().len();
        let running = laptop.start("up --yes --preset kraft");
        laptop
            .sees("some calls", || laptop.calls().len() > before + (number * 7) % 31 || running.has_ended());
        if running.has_ended() {
            running.ends().exits_with(0);
            continue;
        }
        let (signal, code) = [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)][number % 3];
        running.signal(signal);
        let ran = running.ends();
        // It may have been ready a moment before.
        assert!(ran.code == Some(code) || ran.code == Some(0), "{}", ran.account());
        assert_eq!(laptop.orphans(), [0; 0], "{}", ran.account());
        signals += 1;
    }
    assert!(signals > 10, "{signals}");
    laptop.kafstack("up --yes --preset kraft").exits_with(0);
    println!("{signals} signals to the real program, 0 orphans");
}
