//! The laptop: the only file that starts processes.
