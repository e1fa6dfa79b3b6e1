//! `multipass launch`: its refusals, its two time limits, and the stages of a VM that comes into being.

use serde::Deserialize;

use super::change::Change;
use super::events::{Network, Spot};
use super::grammar::Words;
use super::multipass::{Answer, size, spinner};
use super::script::Script;
use super::timeline::{Draw, Millis, SECOND};
use super::world::{Guest, Vm, World};
use crate::host::{Stdin, Stream};

/// The part of a cloud-init document that the simulation acts on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UserData {
    /// The full host name.
    fqdn: Option<String>,
    /// Files to write.
    write_files: Vec<WriteFile>,
}

/// An entry of `write_files`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WriteFile {
    path: String,
    content: String,
}

/// `launch …`.
pub fn run<'a>(world: &mut World, rest: &[&'a str], stdin: &Stdin, modern: bool) -> Answer<'a> {
    let valued = [
        "--name|-n",
        "--cpus|-c",
        "--memory|-m",
        "--disk|-d",
        "--cloud-init",
        "--timeout",
        "--network",
        "--mount",
    ];
    let words = Words::read(rest, &["--bridged"], &valued)?;
    if words.has("--network") || words.has("--mount") || words.has("--bridged") {
        return Ok(Script::unknown(&[&["multipass", "launch"], rest].concat()));
    }
    let refusal = |text: String| Ok(Script::fails(2, format!("launch failed: {text}")).taking(400));
    if words.operands.len() > 1 {
        return Ok(Script::fails(1, "Too many arguments supplied"));
    }
    let cpus = words.value("--cpus").unwrap_or("1");
    let Some(cpus) = cpus.parse::<u32>().ok().filter(|n| *n > 0) else {
        let text = format!("Error: invalid CPU count '{cpus}', need a positive integer value.");
        return Ok(Script::fails(1, text));
    };
    let mut sizes = [0; 2];
    for (slot, (option, default)) in sizes.iter_mut().zip([("--memory", "1G"), ("--disk", "5G")]) {
        let text = words.value(option).unwrap_or(default);
        let Some(bytes) = size(text) else {
            return Ok(Script::fails(
                1,
                format!(
                    "[error] [client] Caught an unhandled exception: {text} is not a valid memory size - the correct format is a number with K, M or G"
                ),
            ));
        };
        *slot = bytes;
    }
    let [memory, disk] = sizes;
    let limit = match words.value("--timeout").map(str::parse::<Millis>) {
        None => None,
        Some(Ok(seconds)) if seconds > 0 => Some(seconds * SECOND),
        Some(_) => return Ok(Script::fails(1, "error: --timeout value has to be a positive integer")),
    };
    // Standard input is read to its end before any limit counts.
    let user_data = match (words.value("--cloud-init"), stdin) {
        (None, _) => None,
        (Some("-"), Stdin::Inherited | Stdin::Stream(_)) => return Ok(Script::hang()),
        (Some("-"), Stdin::Null) => None,
        (Some("-"), Stdin::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        (Some(path), _) => {
            let text = format!(
                "Could not load cloud-init configuration: bad file: {path}\nPlease ensure that Multipass can read it."
            );
            return Ok(Script::fails(1, text));
        }
    };
    let user_data = match user_data.filter(|text| !text.trim().is_empty()) {
        None => UserData::default(),
        Some(text) => match crate::yaml::read::<UserData>(&text) {
            Ok(parsed) => parsed,
            Err(error) => {
                return Ok(Script::fails(1, format!("Could not load cloud-init configuration: {error}")));
            }
        },
    };
    let name = words.value("--name").unwrap_or("pleasing-phoenix");
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !valid {
        return refusal(format!("Invalid arguments supplied\nInvalid instance name supplied: {name}"));
    }
    match world.vms.get(name).map(|vm| vm.state.as_str()) {
        Some("Preparing") => return refusal(format!("instance \"{name}\" is being prepared")),
        Some(_) => return refusal(format!("instance \"{name}\" already exists")),
        None => {}
    }
    let (least_memory, least_disk) = if modern { (512 << 20, 1 << 30) } else { (128 << 20, 512 << 20) };
    if memory < least_memory || disk < least_disk {
        let (what, given) = if disk < least_disk { ("disk", "--disk") } else { ("memory", "--memory") };
        let given = words.value(given).unwrap_or_default();
        return refusal(format!("Invalid arguments supplied\nInvalid {what} size value supplied: {given}."));
    }
    let image = match words.operands.first().copied().unwrap_or("26.04") {
        "24.04" | "noble" => "24.04",
        "22.04" | "jammy" => "22.04",
        "26.04" | "resolute" | "lts" => "26.04",
        other => return refusal(format!("Unable to find an image matching \"{other}\" in remote \"\".")),
    };
    let cached = world.laptop.images.contains(image);
    if world.network(Spot::Laptop) == Some(Network::Throttled) && !cached {
        return refusal(format!(
            "failed to download from 'https://cloud-images.ubuntu.com/releases/server/releases/{image}/release/ubuntu-{image}-server-cloudimg-amd64.img': Error transferring - server replied: Too Many Requests"
        ));
    }
    if world.network(Spot::Laptop).is_some() && !cached {
        return refusal("Remote \"release\" is unknown or unreachable. If image mirror is enabled, please confirm it is valid.".to_owned());
    }
    if !world.laptop.virtualisation {
        return refusal("KVM support is not enabled on this machine.\nPlease ensure the following: virtualisation is enabled in the BIOS".to_owned());
    }
    let smallest: u64 = 3_758_096_384;
    if disk < smallest {
        return refusal(format!(
            "Requested disk ({disk} bytes) below minimum for this image ({smallest} bytes)"
        ));
    }
    if world.laptop.disk < smallest {
        let free = world.laptop.disk;
        return refusal(format!(
            "Available disk ({free} bytes) below minimum for this image ({smallest} bytes)"
        ));
    }
    let mut guest = Guest::of_image(image, name);
    if let Some(fqdn) = user_data.fqdn {
        guest.fqdn = fqdn;
    }
    for file in user_data.write_files {
        guest.files.insert(file.path, file.content);
    }
    let plan = Launch { name, image, cached, limit, modern, starves: memory > world.laptop.memory };
    let vm = Vm {
        state: "Preparing".to_owned(),
        rests_as: "Stopped".to_owned(),
        image: image.to_owned(),
        cpus,
        memory,
        disk,
        ip: address(world, name),
        boot: 1,
        guest,
        ..Vm::default()
    };
    world.vms.insert(name.to_owned(), vm);
    Ok(plan.stages(world))
}

/// A launch that is not refused.
struct Launch<'a> {
    name: &'a str,
    image: &'a str,
    cached: bool,
    limit: Option<Millis>,
    modern: bool,
    /// The laptop has not the memory.
    starves: bool,
}

impl Launch<'_> {
    /// The stages, with their texts on stdout.
    fn stages(&self, world: &mut World) -> Script {
        let (draw, name) = (world.draw(), self.name);
        let zone = if self.modern { " in zone1" } else { "" };
        let mut stages = Stages { name, draw, at: 0, script: Script::default() };
        stages.pass(&format!("Creating {name}{zone}"), 2 * SECOND);
        if !self.cached {
            stages.download(draw.between(&format!("image {}", self.image), 60 * SECOND, 120 * SECOND));
            stages.pass("Verifying image", 4 * SECOND);
            world.later("", stages.at, Change::ImageCached(self.image.to_owned()));
        }
        let loaded = stages.at;
        let prepared = stages.pass(&format!("Preparing image for {name}"), 8 * SECOND);
        world.later(name, prepared, Change::VmListed);
        stages.pass(&format!("Configuring {name}"), SECOND);
        let started = stages.pass(&format!("Starting {name}"), 14 * SECOND);
        if self.starves {
            world.later(name, started, Change::VmHalted("Stopped".to_owned()));
            let text = format!(
                "launch failed: The following errors occurred:\ncannot set up guest memory 'pc.ram': Cannot allocate memory\n{name}: shutdown called while starting\n"
            );
            stages.script.say(started, Stream::Stderr, text);
            return stages.script.ends(started, 2);
        }
        world.later(name, started, Change::VmRunning);
        let ready = stages.pass("Waiting for initialization to complete", 80 * SECOND);
        world.later(name, ready - SECOND, Change::CloudInitDone);
        let mut script = stages.script;
        // A client that goes away while the image is downloaded takes the download with it
        // (canonical/multipass#455).
        script.needs_client_until = loaded;
        let patience = self.limit.unwrap_or(Millis::MAX);
        if patience < ready {
            script.said.retain(|said| said.at <= patience);
            script.say(patience, Stream::Stderr, "\nTimed out waiting for instance launch.\n");
            if patience < loaded {
                let job = world.job;
                world.break_off(job);
                world.vms.remove(name);
            }
            return script.ends(patience, 5);
        }
        let said = format!("\u{1b}[2K\u{1b}[0A\u{1b}[0ELaunched: {name}{zone}\n");
        script.say(ready, Stream::Stdout, said);
        script.ends(ready, 0)
    }
}

/// The stages so far.
struct Stages<'a> {
    name: &'a str,
    draw: Draw,
    at: Millis,
    script: Script,
}

impl Stages<'_> {
    /// One stage; returns when it is over.
    fn pass(&mut self, text: &str, typical: Millis) -> Millis {
        let took = self.draw.about(&format!("launch {}: {text}", self.name), typical);
        spinner(&mut self.script, self.at, self.at + took, text);
        self.at += took;
        self.at
    }

    /// The download, in percent.
    fn download(&mut self, took: Millis) {
        for percent in (0..=100).step_by(4) {
            let text = format!("\rRetrieving image: {percent}%");
            self.script.say(self.at + took * percent / 100, Stream::Stdout, text);
        }
        self.at += took;
    }
}

/// The address of a VM of that name in the laptop's own network.
pub fn address(world: &World, name: &str) -> String {
    let draw = world.draw();
    let subnet = draw.between("multipass network", 16, 250);
    format!("10.{subnet}.44.{}", draw.between(&format!("address of {name}"), 10, 250))
}
