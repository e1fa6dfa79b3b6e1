//! placeholder
/// words
pub fn words(d: std::time::Duration) -> String {
    format!("{}s", d.as_secs())
}
