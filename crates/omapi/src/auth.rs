//! Message authentication: names of algorithms, signing, verifying.
//!
//! The HMAC covers a message from `authlen` to the end of its body (see
//! [`Frame::signed`](crate::wire::Frame::signed)); digests are not truncated.
//! The key is the decoded secret, of any length.

use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

/// What dhcpd appends to the short name of an algorithm.
const SUFFIX: &[u8] = b".SIG-ALG.REG.INT.";

/// Completes a short algorithm name: `hmac-md5` becomes
/// `hmac-md5.SIG-ALG.REG.INT.`. A name with any dot in it is left alone, as
/// the genuine library does (`hmac-md5.` is thus not completed).
#[must_use]
pub fn complete_name(name: &[u8]) -> Vec<u8> {
    let mut full = name.to_vec();
    if !name.contains(&b'.') {
        full.extend_from_slice(SUFFIX);
    }
    full
}

macro_rules! algorithms {
    ($($(#[$doc:meta])* $variant:ident, $digest:ty, $name:literal, $len:literal;)*) => {
        /// The algorithms that dhcpd knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Algorithm { $($(#[$doc])* $variant,)* }

        impl Algorithm {
            /// All of them.
            pub const ALL: [Self; 6] = [$(Self::$variant,)*];

            /// The name used in dhcpd.conf.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Bytes of a signature.
            #[must_use]
            #[allow(clippy::len_without_is_empty)] // no digest is empty
            pub fn len(self) -> usize {
                match self { $(Self::$variant => $len,)* }
            }
        }

        /// An HMAC with its key already taken in; cloned for each message.
        #[derive(Clone)]
        enum Keyed { $($variant(Hmac<$digest>),)* }

        impl Keyed {
            fn new(algorithm: Algorithm, secret: &[u8]) -> Self {
                match algorithm {
                    $(Algorithm::$variant => Self::$variant(
                        // HMAC takes a key of any length (RFC 2104), so this
                        // constructor cannot fail.
                        <Hmac<$digest> as KeyInit>::new_from_slice(secret)
                            .expect("HMAC takes any key length")),)*
                }
            }

            fn sign(&self, parts: &[&[u8]], put: &mut dyn FnMut(&[u8])) {
                match self {
                    $(Self::$variant(mac) => {
                        let mut mac = mac.clone();
                        for part in parts { mac.update(part); }
                        put(&mac.finalize().into_bytes());
                    })*
                }
            }

            fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
                match self {
                    $(Self::$variant(mac) => {
                        let mut mac = mac.clone();
                        for part in parts { mac.update(part); }
                        mac.verify_slice(signature).is_ok()
                    })*
                }
            }
        }
    };
}

algorithms! {
    /// HMAC-MD5, 16 bytes.
    Md5, Md5, "hmac-md5", 16;
    /// HMAC-SHA1, 20 bytes.
    Sha1, Sha1, "hmac-sha1", 20;
    /// HMAC-SHA224, 28 bytes.
    Sha224, Sha224, "hmac-sha224", 28;
    /// HMAC-SHA256, 32 bytes.
    Sha256, Sha256, "hmac-sha256", 32;
    /// HMAC-SHA384, 48 bytes.
    Sha384, Sha384, "hmac-sha384", 48;
    /// HMAC-SHA512, 64 bytes.
    Sha512, Sha512, "hmac-sha512", 64;
}

impl Algorithm {
    /// From the full name, in any case; the final dot is required (dhcpd does
    /// not know `hmac-md5` or `hmac-md5.` on the wire).
    #[must_use]
    pub fn from_wire_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|a| {
            let short = a.name().as_bytes();
            name.len() == short.len() + SUFFIX.len()
                && name[..short.len()].eq_ignore_ascii_case(short)
                && name[short.len()..].eq_ignore_ascii_case(SUFFIX)
        })
    }

    /// From the name used in dhcpd.conf, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|a| a.name().eq_ignore_ascii_case(name))
    }
}

/// A secret ready for use. The HMAC states are erased on drop, and the secret
/// itself is not kept.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    keyed: Keyed,
}

impl SigningKey {
    /// Takes the binary secret (not its base64 text).
    #[must_use]
    pub fn new(algorithm: Algorithm, secret: &[u8]) -> Self {
        Self {
            algorithm,
            keyed: Keyed::new(algorithm, secret),
        }
    }

    /// Which algorithm it is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Appends the signature of `out[range]` to `out`.
    pub fn append_signature(&self, out: &mut Vec<u8>, range: core::ops::Range<usize>) {
        let mut digest = [0; 64];
        let n = self.algorithm.len();
        self.keyed
            .sign(&[&out[range]], &mut |d| digest[..n].copy_from_slice(d));
        out.extend_from_slice(&digest[..n]);
    }

    /// True when `signature` has the digest's full length and is right.
    /// Takes the same time wherever it differs.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        signature.len() == self.algorithm.len() && self.keyed.verify(parts, signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, <redacted>)", self.algorithm.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_the_genuine_library_does() {
        for (given, full) in [
            ("hmac-md5", "hmac-md5.SIG-ALG.REG.INT."),
            ("", ".SIG-ALG.REG.INT."),
            ("hmac-md5.", "hmac-md5."),
            (
                "HMAC-SHA256.sig-alg.reg.int.",
                "HMAC-SHA256.sig-alg.reg.int.",
            ),
        ] {
            assert_eq!(complete_name(given.as_bytes()), full.as_bytes());
        }
    }

    #[test]
    fn wire_names() {
        for a in Algorithm::ALL {
            let full = complete_name(a.name().as_bytes());
            assert_eq!(Algorithm::from_wire_name(&full), Some(a));
            assert_eq!(
                Algorithm::from_wire_name(&full.to_ascii_uppercase()),
                Some(a)
            );
            assert_eq!(Algorithm::from_wire_name(&full[..full.len() - 1]), None);
            assert_eq!(Algorithm::from_wire_name(a.name().as_bytes()), None);
        }
    }

    #[test]
    fn signs_and_verifies() {
        for a in Algorithm::ALL {
            let key = SigningKey::new(a, b"secret");
            let mut out = b"....signed".to_vec();
            key.append_signature(&mut out, 4..10);
            assert_eq!(out.len(), 10 + a.len());
            assert!(key.verify(&[b"sig", b"ned"], &out[10..]));
            assert!(!key.verify(&[b"sig", b"nex"], &out[10..]));
            assert!(!key.verify(&[b"signed"], &[]));
            assert!(!key.verify(&[b"signed"], &out[10..out.len() - 1]));
            assert!(!SigningKey::new(a, b"other").verify(&[b"signed"], &out[10..]));
        }
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let text = format!("{:?}", SigningKey::new(Algorithm::Md5, b"hunter2"));
        assert_eq!(text, "SigningKey(hmac-md5, <redacted>)");
    }
}
