//! What kafstack itself finds when it looks into a standstill (`diagnosis`): its own sentences, not a tool's. They come
//! last, so that a tool's own words in the same line say more.

pub mod ground;
pub mod stack;

/// The source of all of them.
const SOURCE: &str = "kafstack's own questions, as src/diagnosis asks them";
