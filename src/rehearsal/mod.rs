//! The simulated laptop: a third body of `Host` and a virtual clock.
