//! Durations as people read them.

use std::time::Duration;

/// `42s`, `31m 02s`, `1h 04m`.
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        format!("{hours}h {minutes:02}m")
    } else if minutes > 0 {
        format!("{minutes}m {:02}s", seconds % 60)
    } else {
        format!("{seconds}s")
    }
}

/// `04:10`, `150:00`: minutes and seconds, to be compared with a limit.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_largest_units_are_said() {
        let said = |seconds| words(Duration::from_secs(seconds));
        assert_eq!([said(0), said(59), said(60), said(1862)], ["0s", "59s", "1m 00s", "31m 02s"]);
        assert_eq!([said(3600), said(3840), said(100_000)], ["1h 00m", "1h 04m", "27h 46m"]);
    }

    #[test]
    fn a_clock_counts_minutes() {
        let said = |seconds| clock(Duration::from_secs(seconds));
        assert_eq!([said(5), said(250), said(9000)], ["00:05", "04:10", "150:00"]);
    }
}
