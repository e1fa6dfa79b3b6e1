//! The data plane, through the tools.
