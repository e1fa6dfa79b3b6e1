//! What is found, and that a cut hides nothing. The secrets of these tests are their own: what one test has learnt, all
//! others of this process know as well.

use proptest::prelude::*;

use super::*;

#[test]
fn values_are_secret_by_what_stands_before_them() {
    for (said, shown) in [
        ("export OS_PASSWORD=s3cr,et}x", "export OS_PASSWORD=(secret)"),
        ("OS_PASSWORD='two words'", "OS_PASSWORD='(secret)'"),
        ("operator-password: s3cret", "operator-password: (secret)"),
        (r#"{"password":"a\"b","user":"ada"}"#, r#"{"password":"(secret)","user":"ada"}"#),
        (r#"{"password": "", "user": "ada"}"#, r#"{"password": "", "user": "ada"}"#),
        (r#"{"password":null,"password_kept":true}"#, r#"{"password":null,"password_kept":true}"#),
        (
            r#"{"data":"{\"password\": \"ab\", \"tls\": \"\"}"}"#,
            r#"{"data":"{\"password\": \"(secret)\", \"tls\": \"\"}"}"#,
        ),
        (r#"{\"password\": \"\", \"user\": \"ada\"}"#, r#"{\"password\": \"\", \"user\": \"ada\"}"#),
        (r#"{\"password\": \"a\\\"b\", \"user\": 1}"#, r#"{\"password\": \"(secret)\", \"user\": 1}"#),
        (r#"{"m":"password=abc\nnext"}"#, r#"{"m":"password=(secret)\nnext"}"#),
        ("{'password': 'abc', 'user': 'ada'}", "{'password': '(secret)', 'user': 'ada'}"),
        (
            r#"sasl.jaas.config=a.B required username="ada" password="s3";"#,
            r#"sasl.jaas.config=a.B required username="ada" password="(secret)";"#,
        ),
        ("ssl.truststore.password = abc", "ssl.truststore.password = (secret)"),
        ("SCRAM-SHA-512=[password=abc,iterations=4096]", "SCRAM-SHA-512=[password=(secret)"),
        ("cmd --region-controller-token abc --x", "cmd --region-controller-token (secret) --x"),
        ("> Authorization: Basic YWRhOnM=", "> Authorization: Basic (secret)"),
        (r#"{"Authorization": "Bearer abc.def"}"#, r#"{"Authorization": "Bearer (secret)"}"#),
        ("X-Auth-Token: abc", "X-Auth-Token: (secret)"),
        ("Set-Cookie: id=abc; Path=/", "Set-Cookie: (secret)"),
        ("proxy http://ada:s3cret@proxy:3128 refused", "proxy http://(secret)@proxy:3128 refused"),
        ("ssh://ubuntu@10.0.0.1", "ssh://ubuntu@10.0.0.1"),
        ("a juju register MFoTBWFkYS0xMDAuMTI3LjA= b", "a juju register (secret) b"),
        ("system-users=secret:d0h3k2vmp25c7a8m5n1g", "system-users=secret:d0h3k2vmp25c7a8m5n1g"),
        (
            "Password rotation must be called on leader unit",
            "Password rotation must be called on leader unit",
        ),
        ("zookeeper credentials not created yet", "zookeeper credentials not created yet"),
    ] {
        assert_eq!(text(said), shown, "{said}");
        assert_eq!(text(shown), shown);
    }
}

#[test]
fn values_are_secret_by_how_they_look() {
    let long = "x1Y2".repeat(20);
    for (said, shown) in [
        (format!("id gAAAAABl{long}== end"), "id (secret) end"),
        (format!("join eyJ0b2tlbiI6{long}"), "join (secret)"),
        (format!("tls: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t{long}="), "tls: (secret)"),
        (
            r#"{"k":"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n"}"#.to_owned(),
            r#"{"k":"-----BEGIN RSA PRIVATE KEY-----(secret)-----END RSA PRIVATE KEY-----\n"}"#,
        ),
        ("-----BEGIN CERTIFICATE-----MII".to_owned(), "-----BEGIN CERTIFICATE-----MII"),
    ] {
        assert_eq!(text(&said), shown);
    }
}

/// All forms of this secret, as a tool might say them, with the name of each.
fn said(secret: &str) -> Vec<(&'static str, String)> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let json = serde_json::to_string(secret).unwrap();
    let url = |b: u8| match b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    vec![
        ("plain", secret.to_owned()),
        ("json", json.clone()),
        ("json in json", serde_json::to_string(&json).unwrap()),
        ("shell", crate::host::paste(&[secret.to_owned()])),
        ("url", secret.bytes().map(url).collect()),
        ("base64", STANDARD.encode(secret)),
        ("base64 after one byte", STANDARD.encode(format!("a{secret}b"))),
        ("base64 after two bytes", URL_SAFE.encode(format!("ab{secret}"))),
        ("base64 for urls", URL_SAFE.encode(format!("ada:{secret}\n"))),
    ]
}

#[test]
fn what_was_learnt_is_found_in_every_form() {
    for secret in ["Zq7-plain_0", "Zq7 \"quoted\" \\ 'both' <&> ü?=", "ZqShort"] {
        learn(secret);
        for (form, said) in said(secret) {
            let line = format!("before {said} after");
            let shown = text(&line);
            assert!(shown.contains(REPLACEMENT), "{form}: {shown}");
            let core: String = said.chars().skip(1).take(said.chars().count() - 5).collect();
            assert!(!shown.contains(&core), "{form}: {shown}");
        }
    }
    // Too short to be looked for.
    learn("Zq7s5");
    assert_eq!(text("Zq7s5"), "Zq7s5");
}

#[test]
fn of_a_file_the_values_are_learnt() {
    learn("group.id=Zq8-group\nsasl.jaas.config=X required password=\"Zq8-in-a-file\";\n");
    assert_eq!(text("Zq8-group Zq8-in-a-file"), "Zq8-group (secret)");
    learn("Zq8-first-line\nZq8-second-line\n");
    assert_eq!(text("Zq8-second-line"), "(secret)");
}

#[test]
fn the_beginning_of_a_secret_at_the_end_is_one_that_was_cut_off() {
    learn("Zq9-cut-off-somewhere");
    assert_eq!(text("is Zq9-cut-o"), "is (secret)");
    assert_eq!(text("is Zq9-cut-o by"), "is Zq9-cut-o by");
    assert_eq!(text("is Zq9-cu"), "is Zq9-cu");
}

/// What a stream hands on of these lines.
fn streamed<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut scrubber, mut out) = (Scrubber::default(), Vec::new());
    for line in lines {
        scrubber.line(line, &mut |line| out.push(line.to_vec()));
    }
    scrubber.finish(&mut |line| out.push(line.to_vec()));
    out
}

/// What a stream hands on of these bytes, cut as a host cuts them; pieces of a line joined.
fn of_bytes(raw: &[u8]) -> Vec<u8> {
    let mut pieces = Vec::new();
    let mut lines = Lines::default();
    lines.push(raw, |piece| pieces.push(piece.to_vec()));
    lines.finish(|piece| pieces.push(piece.to_vec()));
    let mut out = Vec::new();
    for piece in streamed(pieces.iter().map(Vec::as_slice)) {
        out.extend_from_slice(&piece);
        if !lines::continues(&piece) {
            out.push(b'\n');
        }
    }
    out
}

#[test]
fn a_private_key_is_taken_out_line_by_line() {
    let said = "before\n  -----BEGIN EC PRIVATE KEY-----\n  MHcCAQEE+/=\n  oUQDQgAE\n  -----END EC PRIVATE KEY-----\nafter";
    assert_eq!(
        String::from_utf8(of_bytes(said.as_bytes())).unwrap(),
        "before\n  -----BEGIN EC PRIVATE KEY-----\n(secret)\n(secret)\n  -----END EC PRIVATE KEY-----\nafter\n"
    );
    let cut_off = "-----BEGIN PRIVATE KEY-----\nMHcC\nERROR it went wrong\nMHcC";
    assert_eq!(
        String::from_utf8(of_bytes(cut_off.as_bytes())).unwrap(),
        "-----BEGIN PRIVATE KEY-----\n(secret)\nERROR it went wrong\nMHcC\n"
    );
}

#[test]
fn wherever_a_long_line_is_cut_no_secret_passes() {
    learn("ZqA-over-two-pieces");
    for secret in ["ZqA-over-two-pieces", r#"{"password": "ZqA-unknown"}"#, "http://ada:ZqA-unknown@proxy"] {
        for at in PIECE - secret.len() - 2..=PIECE + 2 {
            let line = [vec![b'x'; at], secret.as_bytes().to_vec(), vec![b' '; PIECE + 7], b"\nend".to_vec()]
                .concat();
            let out = String::from_utf8(of_bytes(&line)).unwrap();
            assert!(out.contains(REPLACEMENT) && !out.contains("ZqA-"), "cut at {at}");
            assert!(out.ends_with(&format!("{}\nend\n", " ".repeat(PIECE + 7))));
        }
    }
}

#[test]
fn progress_is_handed_on_as_it_comes() {
    let pieces: [&[u8]; 3] = [b"10%\r", b"x\x08", b"20%"];
    let mut scrubber = Scrubber::default();
    for piece in pieces {
        let mut seen = Vec::new();
        scrubber.line(piece, &mut |line| seen.push(line.to_vec()));
        assert_eq!(seen, [piece.to_vec()]);
    }
}

#[test]
fn a_secret_without_an_end_is_left_out_and_not_held() {
    let endless = [b"password=".to_vec(), vec![b'z'; 40 * PIECE]].concat();
    let mut scrubber = Scrubber::default();
    let mut out = Vec::new();
    for piece in endless.chunks(PIECE) {
        scrubber.line(piece, &mut |line| out.extend_from_slice(line));
        assert!(scrubber.held.len() <= LONGEST + PIECE);
    }
    scrubber.finish(&mut |line| out.extend_from_slice(line));
    assert_eq!(String::from_utf8(out).unwrap(), REPLACEMENT);
}

proptest! {
    #[test]
    fn what_holds_no_secret_passes_as_it_is(raw in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(8), any::<u8>()], 0..200), long in 0..3 * PIECE) {
        let mut line = vec![b'.'; long];
        line.extend(raw);
        prop_assume!(find(&line).is_empty());
        let mut pieces = Vec::new();
        let mut lines = Lines::default();
        lines.push(&line, |piece| pieces.push(piece.to_vec()));
        lines.finish(|piece| pieces.push(piece.to_vec()));
        prop_assert_eq!(streamed(pieces.iter().map(Vec::as_slice)), pieces);
    }

    #[test]
    fn any_bytes_are_survived_and_a_second_time_changes_nothing(raw in "[ -~\\n\"'\\\\]{0,40}(password|token|authorization|://|-----BEGIN PRIVATE KEY-----)?[=: \"'\\\\]{0,3}[ -~\\n]{0,40}") {
        let once = text(&raw).into_owned();
        prop_assert_eq!(text(&once), once.as_str());
        of_bytes(raw.as_bytes());
    }
}
