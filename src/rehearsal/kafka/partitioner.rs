//! Which partition a record goes to, as Kafka's own producer decides it.

use super::super::timeline::Draw;

/// The partition of a key: murmur2 over its bytes, without the sign
/// (apache/kafka:clients/src/main/java/org/apache/kafka/common/utils/Utils.java).
pub fn of_key(key: &[u8], partitions: usize) -> usize {
    let positive = murmur2(key) & 0x7fff_ffff;
    positive as usize % partitions.max(1)
}

/// The partition of records without a key: the producer stays with one for a whole batch and then takes another.
pub fn of_batch(draw: Draw, client: &str, batch: usize, partitions: usize) -> usize {
    let most = i64::try_from(partitions.max(1)).unwrap_or(1) - 1;
    usize::try_from(draw.between(&format!("partition of batch {batch} of {client}"), 0, most)).unwrap_or(0)
}

/// Austin Appleby's hash with Kafka's seed.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c ^ length;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        for (at, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hashed_as_kafka_hashes_it() {
        // The values of apache/kafka:clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java.
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), hash, "{text}");
        }
    }
}
