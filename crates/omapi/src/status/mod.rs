//! Result codes: the numbers that C sees, their texts, and the one place where
//! inner errors become numbers.

pub mod codes;
pub mod names;
mod texts;

use crate::wire::WireError;
use core::ffi::CStr;

/// An `isc_result_t`: an unsigned 32-bit code, class in the upper 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Status(pub u32);

macro_rules! name_statuses {
    ($($name:ident = $code:ident;)*) => {
        #[allow(missing_docs)] // the texts say what each means
        impl Status { $(pub const $name: Self = Self(codes::$code);)* }
    };
}

name_statuses! {
    SUCCESS = ISC_R_SUCCESS;
    NO_MEMORY = ISC_R_NOMEMORY;
    TIMED_OUT = ISC_R_TIMEDOUT;
    ADDR_NOT_AVAILABLE = ISC_R_ADDRNOTAVAIL;
    NO_PERMISSION = ISC_R_NOPERM;
    NETWORK_UNREACHABLE = ISC_R_NETUNREACH;
    HOST_UNREACHABLE = ISC_R_HOSTUNREACH;
    NETWORK_DOWN = ISC_R_NETDOWN;
    HOST_DOWN = ISC_R_HOSTDOWN;
    CONNECTION_REFUSED = ISC_R_CONNREFUSED;
    NO_RESOURCES = ISC_R_NORESOURCES;
    EXISTS = ISC_R_EXISTS;
    NO_SPACE = ISC_R_NOSPACE;
    SHUTTING_DOWN = ISC_R_SHUTTINGDOWN;
    NOT_FOUND = ISC_R_NOTFOUND;
    FAILURE = ISC_R_FAILURE;
    IO_ERROR = ISC_R_IOERROR;
    NOT_IMPLEMENTED = ISC_R_NOTIMPLEMENTED;
    NO_MORE = ISC_R_NOMORE;
    UNEXPECTED = ISC_R_UNEXPECTED;
    FILE_NOT_FOUND = ISC_R_FILENOTFOUND;
    NOT_CONNECTED = ISC_R_NOTCONNECTED;
    TOO_MANY_OPEN_FILES = ISC_R_TOOMANYOPENFILES;
    HOST_UNKNOWN = DHCP_R_HOSTUNKNOWN;
    VERSION_MISMATCH = DHCP_R_VERSIONMISMATCH;
    PROTOCOL_ERROR = DHCP_R_PROTOCOLERROR;
    INVALID_ARGUMENT = DHCP_R_INVALIDARG;
    NOT_YET = DHCP_R_NOTYET;
    UNCHANGED = DHCP_R_UNCHANGED;
    MULTIPLE = DHCP_R_MULTIPLE;
    KEY_CONFLICT = DHCP_R_KEYCONFLICT;
    BAD_PARSE = DHCP_R_BADPARSE;
    NO_KEYS = DHCP_R_NOKEYS;
    INVALID_KEY = DHCP_R_INVALIDKEY;
    INCOMPLETE = DHCP_R_INCOMPLETE;
    CONNECTION_RESET = DHCP_R_CONNRESET;
    UNKNOWN_ATTRIBUTE = DHCP_R_UNKNOWNATTRIBUTE;
}

/// What every code without a text answers; always the same pointer.
static UNKNOWN: &CStr = c"(result code text not available)";

impl Status {
    /// The text of the code. Unlike the genuine library's it needs no
    /// initialisation. Texts that a program registered are `capi::result`'s.
    #[must_use]
    pub fn text(self) -> &'static CStr {
        let class: &[&CStr] = match self.0 >> 16 {
            0 => &texts::ISC,
            1 => &texts::DNS,
            2 => &texts::DST,
            3 => &texts::DNSRCODE,
            6 => &texts::DHCP,
            _ => &[],
        };
        class
            .get(self.0 as usize & 0xffff)
            .copied()
            .unwrap_or(UNKNOWN)
    }

    /// True for code 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::SUCCESS
    }

    /// `Err` for every code but success.
    ///
    /// # Errors
    /// The code itself.
    pub fn ok(self) -> Result<(), Self> {
        if self.is_success() { Ok(()) } else { Err(self) }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text().to_string_lossy())
    }
}

impl std::error::Error for Status {}

impl From<Result<(), Status>> for Status {
    fn from(r: Result<(), Status>) -> Self {
        match r {
            Ok(()) => Self::SUCCESS,
            Err(s) => s,
        }
    }
}

impl From<WireError> for Status {
    /// What a program may see of a protocol violation or an unsendable value.
    fn from(e: WireError) -> Self {
        match e {
            WireError::Version(_) => Self::VERSION_MISMATCH,
            WireError::HeaderSize(_) => Self::PROTOCOL_ERROR,
            // Ours to send or theirs to answer for: see the callers. A name
            // or value that cannot be encoded is the caller's argument.
            WireError::NameLength(_) | WireError::ValueLength(_) => Self::INVALID_ARGUMENT,
            WireError::ValueCount(_)
            | WireError::MessageLength(_)
            | WireError::SignatureLength(_) => Self::PROTOCOL_ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (code, text) in [
            (0, c"success"),
            (12, c"connection refused"),
            (0x60000, c"host unknown"),
            (0x6001f, c"connection reset by peer"),
            (0x60021, UNKNOWN),
            (70, UNKNOWN),
            (u32::MAX, UNKNOWN),
        ] {
            assert_eq!(Status(code).text(), text, "{code}");
        }
    }
}
