//! What the fake tools wrote down of each call.

/// Between the fields of a call.
const FIELD: char = '\u{1e}';
/// After the last field of a call.
const END: &str = "end-of-call\u{1e}";

/// The beginnings of the command lines that change something.
const CHANGES: &[&str] = &[
    "sudo snap install ",
    "sudo snap refresh ",
    "sudo tee ",
    "sudo mkdir ",
    "sudo usermod ",
    "multipass launch ",
    "multipass start ",
    "multipass recover ",
    "multipass delete ",
    "mkdir ",
    "tee ",
    "bash ",
    "sunbeam cluster bootstrap ",
    "sunbeam configure ",
    "sunbeam launch ",
    "openstack server delete ",
    "openstack server start ",
    "openstack server add ",
    "openstack floating ip create ",
    "lxd init ",
    "lxc network set ",
    "lxc config set ",
    "juju switch ",
    "juju bootstrap ",
    "juju add-model ",
    "juju deploy ",
    "juju add-unit ",
    "juju integrate ",
];

/// Where a call was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A tool on the laptop.
    Laptop,
    /// What was handed to `multipass exec`.
    Vm,
    /// A tool in the VM, as it saw itself.
    Inside,
}

/// One call of a fake tool.
#[derive(Clone, Debug)]
pub struct Call {
    pub place: Place,
    /// `null`, `pipe` or `terminal`.
    pub stdin: String,
    /// `pipe` or `terminal`; `joined` when both streams are one.
    pub out: String,
    pub no_color: String,
    pub columns: String,
    pub lc_all: String,
    pub term: String,
    pub juju_model: String,
    pub folder: String,
    /// Without the wrapper's own words.
    pub argv: Vec<String>,
}

impl Call {
    /// All calls in this text, in order.
    pub fn parse(text: &str) -> Vec<Call> {
        // A call that is just being written is not there yet.
        let whole = text.rfind(END).map_or("", |end| &text[..end]);
        let calls = whole.split(END).filter(|call| !call.is_empty());
        calls.map(|call| Call::parse_one(call.strip_suffix(FIELD).unwrap_or(call))).collect()
    }

    fn parse_one(text: &str) -> Call {
        let mut fields = text.split(FIELD).map(str::to_owned);
        let mut next = || fields.next().unwrap_or_else(|| panic!("a call without its fields: {text:?}"));
        let place = match next().as_str() {
            "laptop" => Place::Laptop,
            "vm" => Place::Vm,
            "inside" => Place::Inside,
            place => panic!("a call from {place}"),
        };
        let [stdin, out, no_color, columns, lc_all, term, juju_model, folder] =
            std::array::from_fn(|_| next());
        let mut argv: Vec<String> = fields.collect();
        match argv.first().filter(|_| place == Place::Vm).map(String::as_str) {
            Some("--start") => drop(argv.drain(..3)),
            Some("--openrc") => drop(argv.drain(..2)),
            // `--follow NAME OFFSET SECONDS` runs nothing.
            _ => {}
        }
        Call { place, stdin, out, no_color, columns, lc_all, term, juju_model, folder, argv }
    }

    /// As a person would type it, as far as tests care.
    pub fn line(&self) -> String {
        self.argv.join(" ")
    }

    /// Whether kafstack asked for it and it changes something.
    pub fn changes(&self) -> bool {
        // Without a terminal it is `sudo -n`.
        let line = self.line().replacen("sudo -n ", "sudo ", 1);
        self.place != Place::Inside && CHANGES.iter().any(|beginning| line.starts_with(beginning))
    }
}
