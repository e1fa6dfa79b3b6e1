//! The one certificate that every simulated authority hands out. It is well-formed, its key was thrown away, and its
//! subject says what it is.

/// The authority's certificate.
pub const CA: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIByDCCAW2gAwIBAgIBATAKBggqhkjOPQQDAjBTMTEwLwYDVQQKDChrYWZzdGFj\n\
ayByZWhlYXJzYWwsIG5vdCBhIHJlYWwgYXV0aG9yaXR5MR4wHAYDVQQDDBVrYWZz\n\
dGFjayByZWhlYXJzYWwgQ0EwHhcNMjUxMjMxMDAwMDAwWhcNMzUxMjMxMDAwMDAw\n\
WjBTMTEwLwYDVQQKDChrYWZzdGFjayByZWhlYXJzYWwsIG5vdCBhIHJlYWwgYXV0\n\
aG9yaXR5MR4wHAYDVQQDDBVrYWZzdGFjayByZWhlYXJzYWwgQ0EwWTATBgcqhkjO\n\
PQIBBggqhkjOPQMBBwNCAATrsF8Li8OtQ0PbiyRG/suHTsqWuPhvedzQQsMuLYL2\n\
giI/zpmlgAuAuUzr1w8qJ1RZkT6kzzDylFQIhWkY8242ozIwMDAPBgNVHRMBAf8E\n\
BTADAQH/MB0GA1UdDgQWBBQicG3vOmw9FKRg2pWt457P65ZdljAKBggqhkjOPQQD\n\
AgNJADBGAiEAsTfxict4dgxxRosyLzVkOBC7mYo/lIyaSFoJ3xeKYSgCIQDGcDgB\n\
hc9Hryzm4lRV3Eni4HVZBCskdxqVpd8feARzaA==\n\
-----END CERTIFICATE-----\n\
";

#[cfg(test)]
mod tests {
    use super::CA;

    #[test]
    fn the_certificate_has_the_shape_of_one() {
        let lines: Vec<&str> = CA.lines().collect();
        assert_eq!(lines.first(), Some(&"-----BEGIN CERTIFICATE-----"));
        assert_eq!(lines.last(), Some(&"-----END CERTIFICATE-----"));
        assert!(lines[1..lines.len() - 1].iter().all(|line| line.len() <= 64));
    }
}
