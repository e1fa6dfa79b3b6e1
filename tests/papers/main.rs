//! The papers, held to the real binary and to the source. Nothing here needs a network: whatever is run is a rehearsal
//! or only prints.
//!
//! `UPDATE_PAPERS=1 cargo test --test papers` writes what is really printed into the papers; read the difference
//! before you commit it.

mod console;
mod links;
mod reference;
mod stage;
