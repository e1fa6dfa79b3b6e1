//! Two hundred secrets are said to kafstack, in every shape and place; none comes out of it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::fake_laptop::FakeLaptop;

/// How a tool may say a secret.
type Shape = fn(&str) -> String;

/// Every shape that is known.
const SHAPES: [Shape; 24] = [
    |c| format!("export OS_USERNAME=demo OS_PASSWORD={c}"),
    |c| format!("OS_PASSWORD='{c}'"),
    |c| format!("operator-password: {c}"),
    |c| format!(r#"{{"password": "{c}", "user": "ada"}}"#),
    |c| format!(r#"{{"data": "{{\"password\": \"{c}\"}}"}}"#),
    |c| format!(r#"sasl.jaas.config=a.B required username="ada" password="{c}";"#),
    |c| format!("ssl.truststore.password={c}"),
    |c| format!("> Authorization: Basic {}", STANDARD.encode(format!("ada:{c}"))),
    |c| format!("curl -H 'Authorization: Bearer {c}'"),
    |c| format!("X-Auth-Token: {c}"),
    |c| format!("proxyconnect tcp: http://ada:{c}@proxy.lan:3128 refused"),
    |c| format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", c.replace('-', "+")),
    |c| format!(r#"{{"key":"-----BEGIN PRIVATE KEY-----\n{c}\n-----END PRIVATE KEY-----"}}"#),
    |c| format!("tls: {}", STANDARD.encode(format!("-----BEGIN PRIVATE KEY-----\n{c}\n"))),
    |c| format!("sunbeam maas --region-controller-token {c} --more"),
    |c| format!("Set-Cookie: session={c}; Path=/"),
    |c| format!("token gAAAAABl{}{c}", "x".repeat(40)),
    |c| format!("join with eyJ{}{c}", "x".repeat(40)),
    |c| format!("please run: juju register {}{c}", "x".repeat(20)),
    |c| format!("{{'password': '{c}', 'user': 'ada'}}"),
    |c| format!("Added SCRAM-SHA-512=[password={c},iterations=4096]"),
    |c| format!("SCRAM-SHA-256=salt=eA==,stored_key={c}"),
    |c| format!("\u{1b}[31minternal-ca-key\u{1b}[0m: x\nclient_secret={c}&grant=x"),
    // A long line, cut within it.
    |c| format!("{}password={c}{}", "x".repeat(8 * 1024 - 20), " end".repeat(1000)),
];

/// How many secrets kafstack itself asks for, and so learns; then they are said in every form.
const LEARNT: usize = 8;

/// The secrets.
struct Canaries {
    all: Vec<String>,
}

impl Canaries {
    /// Another one, with nothing about it that a name or a number has.
    fn next(&mut self) -> String {
        let canary = format!("Zw{:03}-kJ4qV8nT2xR6", self.all.len());
        self.all.push(canary.clone());
        canary
    }

    /// One in each shape, a line or more each.
    fn in_all_shapes(&mut self) -> String {
        SHAPES.iter().map(|shape| shape(&self.next()) + "\n").collect()
    }
}

/// The forms of a secret in which tools say it.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        secret.replace('&', "\\u0026"),
        secret.replace('\'', r"'\''"),
        secret
            .replace('/', "%2F")
            .replace('+', "%2B")
            .replace('\'', "%27")
            .replace('&', "%26")
            .replace('=', "%3D"),
        secret
            .replace('/', "%2f")
            .replace('+', "%2b")
            .replace('\'', "%27")
            .replace('&', "%26")
            .replace('=', "%3d"),
    ];
    for before in ["", "a", "ab"] {
        forms.push(STANDARD.encode(format!("{before}{secret}")));
        forms.push(URL_SAFE_NO_PAD.encode(format!("{before}{secret}:b")));
    }
    forms
}

/// What would give a secret away: its forms, without what of base64 depends on its neighbours.
fn traces(secret: &str) -> Vec<String> {
    let mut traces = forms(secret);
    traces.push(secret.replace('-', "+"));
    for encoded in &mut traces[5..11] {
        *encoded = encoded[4..encoded.len() - 6].to_owned();
    }
    traces
}

#[test]
fn of_two_hundred_canaries_none_leaks() {
    let mut canaries = Canaries { all: Vec::new() };
    let laptop = FakeLaptop::new();
    let mut came_out = Vec::new();
    let mut run = |line: &str, code: i32| {
        let ran = laptop.kafstack(line).exits_with(code);
        came_out.push((format!("`kafstack {line}`: stdout"), ran.stdout.clone()));
        came_out.push((format!("`kafstack {line}`: stderr"), ran.stderr.clone()));
    };
    let up = "up --yes --progress plain -vv --events -";

    laptop.say("multipass launch", &canaries.in_all_shapes());
    laptop.say("sunbeam cluster bootstrap", &canaries.in_all_shapes());
    laptop.complain("sunbeam configure", &canaries.in_all_shapes());
    laptop.complain("juju deploy", &canaries.in_all_shapes());
    laptop.complain("juju status -m overlord:demo", &canaries.in_all_shapes());
    laptop.fail("juju integrate", &canaries.in_all_shapes());
    run(up, 4);
    run("status -vv", 7);

    laptop.heal();
    let message = serde_json::to_string(&canaries.in_all_shapes()).unwrap();
    std::fs::write(laptop.in_vm("message"), message.trim_matches('"')).unwrap();
    run("status", 7);
    run("status --format json", 7);
    std::fs::remove_file(laptop.in_vm("message")).unwrap();
    run(up, 0);
    laptop.fail("juju status -m overlord:demo", &canaries.in_all_shapes());
    run("status", 7);
    run("topic list", 7);

    laptop.heal();
    for _ in 0..LEARNT {
        let token = canaries.next().replace('-', "/+'&=");
        canaries.all.pop();
        canaries.all.push(token.clone());
        std::fs::write(laptop.in_vm("token"), &token).unwrap();
        laptop.complain("openstack network show", &format!("{}\n", forms(&token).join(" x ")));
        laptop.complain("openstack image show", &format!("{}{token}\n", "x".repeat(8 * 1024 - 9)));
        run(&format!("{up} --until configure-cloud"), 0);
        laptop.heal();
    }

    for folder in ["state", "home", "work"] {
        for (path, bytes) in laptop.content(folder) {
            came_out.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    for call in laptop.calls() {
        came_out.push(("an argument".to_owned(), call.line()));
    }
    let mut leaks = Vec::new();
    for form in canaries.all.iter().flat_map(|canary| traces(canary)) {
        for (place, text) in &came_out {
            if let Some(at) = text.find(&form) {
                let around = &text[text.floor_char_boundary(at.saturating_sub(60))..at + form.len()];
                leaks.push(format!("{place}: {around}"));
            }
        }
    }
    assert_eq!(leaks, [""; 0]);
    let replaced: usize = came_out.iter().map(|(_, text)| text.matches("(secret)").count()).sum();
    assert!(replaced >= canaries.all.len(), "they must have been said for this to mean anything: {replaced}");
    assert_eq!(canaries.all.len(), 200);
    #[expect(clippy::print_stdout, reason = "the figure that is asked for")]
    {
        println!("200 canaries, 0 leaked");
    }
}
