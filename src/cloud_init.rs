//! The VM's user data: the file at the top of the repository with the VM's name, and its proxies, put in.

use serde_json::{Value, json};

use crate::config::ProxyConfig;

/// The file as it stands in the repository.
const TEMPLATE: &str = include_str!("../cloud-init.yaml");
/// The name that stands in it for the VM's.
const EXAMPLE: &str = "microstack";

/// The user data for a VM of that name.
pub fn for_vm(name: &str, proxy: &ProxyConfig) -> String {
    // The heading and the comments stay; names are letters, digits and hyphens, which need no quotes.
    let mut text = TEMPLATE.replace(&format!("fqdn: {EXAMPLE}."), &format!("fqdn: {name}."));
    text = text.replace(&format!("content: {EXAMPLE}\n"), &format!("content: {name}\n"));
    if *proxy != ProxyConfig::default() {
        // A JSON text is YAML as well, and leaves nothing to quoting rules.
        for (key, value) in proxies(proxy) {
            text.push_str(&format!("{key}: {value}\n"));
        }
    }
    text
}

/// The blocks that hand a proxy on: `/etc/environment` (which Sunbeam reads), apt and snapd.
fn proxies(proxy: &ProxyConfig) -> Vec<(&'static str, Value)> {
    let pairs = [("http", &proxy.http), ("https", &proxy.https)];
    let set: Vec<_> = pairs.into_iter().filter(|(_, url)| !url.is_empty()).collect();
    let mut commands: Vec<Value> = Vec::new();
    let mut apt = serde_json::Map::new();
    let append = |text: String| json!(["sh", "-c", "echo \"$1\" >>/etc/environment", "kafstack", text]);
    for (kind, url) in set {
        commands.push(json!(["snap", "set", "system", format!("proxy.{kind}={url}")]));
        commands.push(append(format!("{kind}_proxy={url}")));
        commands.push(append(format!("{}_PROXY={url}", kind.to_uppercase())));
        apt.insert(format!("{kind}_proxy"), json!(url));
    }
    if !proxy.no_proxy.is_empty() {
        commands.push(append(format!("no_proxy={}", proxy.no_proxy)));
        commands.push(append(format!("NO_PROXY={}", proxy.no_proxy)));
    }
    let mut blocks = vec![("runcmd", Value::Array(commands))];
    if !apt.is_empty() {
        blocks.push(("apt", Value::Object(apt)));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        crate::yaml::read(text).unwrap()
    }

    #[test]
    fn the_full_name_and_the_mark_follow_the_vm() {
        let text = for_vm("lab-2", &ProxyConfig::default());
        assert!(text.starts_with("#cloud-config\n"));
        let data = read(&text);
        assert_eq!(data["fqdn"], "lab-2.multipass");
        assert_eq!(data["write_files"][0]["content"], "lab-2");
        assert_eq!(data["write_files"][0]["path"], crate::tools::linux::MARK);
    }

    #[test]
    fn a_proxy_is_handed_on_to_environment_apt_and_snapd() {
        let proxy = ProxyConfig {
            http: "http://proxy.lan:3128".into(),
            https: String::new(),
            no_proxy: "10.0.0.0/8".into(),
        };
        let data = read(&for_vm("lab", &proxy));
        assert_eq!(data["runcmd"][0][3], "proxy.http=http://proxy.lan:3128");
        assert_eq!(data["apt"]["http_proxy"], "http://proxy.lan:3128");
        assert_eq!(data["fqdn"], "lab.multipass");
    }
}
