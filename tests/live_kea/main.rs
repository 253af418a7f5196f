//! The library against real Keas on loopback: Debian's, 3.0, which `ci/kea`
//! unpacks, with DHCPCTL_SLOW=1 2.6, and those that DHCPCTL_KEA names. Where one
//! is missing, the tests say so and count as skipped; with
//! DHCPCTL_REQUIRE_LIVE=1 that is a failure.
#![cfg(feature = "kea")]
#![allow(missing_docs)] // nobody reads them but us

mod answers;
mod bad;
mod command;
mod hosts;
mod http;
mod input;
mod lease_attributes;
mod leases;
mod more_hosts;
mod refusals;
mod statements;
mod unchanged;

use dhcpctl::client::{Connection, Object, OpenFlags, RequestError, Value};
use omapi::status::Status;
use std::fmt::Debug;
use std::time::{Duration, Instant};
use test_support::kea::{self, Kea, Program, Setup};
use test_support::{Tap, leave_out, tally};

/// Checks against one server, counted one by one.
pub struct Checks {
    name: String,
    passed: u32,
    wrong: Vec<String>,
}

impl Checks {
    pub fn is<T: PartialEq + Debug>(&mut self, got: T, wanted: T, what: &str) {
        if got == wanted {
            self.passed += 1
        } else {
            self.wrong.push(format!("{what}: {got:?}, not {wanted:?}"))
        }
    }

    pub fn ok(&mut self, fine: bool, what: &str) {
        self.is(fine, true, what);
    }
}

/// Runs `body` with a fresh Kea of each kind that is here.
pub fn with_each(test: &str, setup: Setup<'_>, body: impl Fn(&mut Checks, &mut Kea) + Sync) {
    with_those(test, |_| true, setup, body);
}

/// The same, with those that `which` wants.
pub fn with_those(
    test: &str,
    which: impl Fn(&Program) -> bool,
    setup: Setup<'_>,
    body: impl Fn(&mut Checks, &mut Kea) + Sync,
) {
    if let Some(reason) = kea::missing() {
        leave_out(&format!("live Kea tests: {test}"), &reason);
    }
    // The servers beside each other: the tests wait more than they compute.
    let wrong: Vec<String> = std::thread::scope(|s| {
        let body = &body;
        let those = kea::programs().iter().filter(|p| which(p));
        let threads: Vec<_> = those
            .map(|program| s.spawn(move || with(program, test, setup, body)))
            .collect();
        let all = threads.into_iter().map(|t| t.join());
        all.flat_map(|r| r.unwrap_or_else(|_| vec![format!("{test}: panicked, see above")]))
            .collect()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn with(
    program: &Program,
    test: &str,
    setup: Setup<'_>,
    body: &impl Fn(&mut Checks, &mut Kea),
) -> Vec<String> {
    let mut checks = Checks {
        name: format!("kea-live {} {test}", program.label),
        passed: 0,
        wrong: Vec::new(),
    };
    let mut kea = Kea::start(program, setup);
    body(&mut checks, &mut kea);
    if !checks.wrong.is_empty() {
        println!("{}", kea.log());
    }
    let tap = Tap {
        passed: checks.passed,
        failed: checks.wrong.len().try_into().unwrap(),
        ..Tap::default()
    };
    tally(&checks.name, &tap);
    let name = &checks.name;
    checks
        .wrong
        .iter()
        .map(|w| format!("{name}: {w}"))
        .collect()
}

pub fn soon() -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(20))
}

pub fn connect(name: &str) -> Connection {
    Connection::connect(name, 7911, None, soon()).unwrap_or_else(|e| panic!("{name}: {e:?}"))
}

pub const CREATE: OpenFlags = OpenFlags {
    create: true,
    update: false,
    exclusive: true,
};

/// An object of that type with these attributes.
pub fn object(kind: &str, attributes: &[(&str, &[u8])]) -> Object {
    let object = Object::new(kind).unwrap();
    set(&object, attributes);
    object
}

pub fn set(object: &Object, attributes: &[(&str, &[u8])]) {
    for (name, value) in attributes {
        let value = match value {
            [] => Value::Null,
            bytes => Value::Data(bytes.to_vec()),
        };
        object.set(name, &value).unwrap();
    }
}

/// How a request ended, as one code.
pub fn ended(result: Result<(), RequestError>) -> Status {
    match result {
        Ok(()) => Status::SUCCESS,
        Err(RequestError::Refused(status) | RequestError::Unanswered(status)) => status,
    }
}

/// Attributes of an object.
pub type Attributes<'a> = Vec<(&'a str, &'a [u8])>;

pub fn open(c: &Connection, object: &Object, flags: OpenFlags) -> Status {
    object.open(c, flags).unwrap();
    let status = ended(object.wait(soon()));
    if status == Status::IO_ERROR {
        println!("{:?}", object.message());
    }
    status
}

pub fn find(c: &Connection, kind: &str, attributes: &[(&str, &[u8])]) -> (Status, Object) {
    let object = object(kind, attributes);
    (open(c, &object, OpenFlags::default()), object)
}

pub fn update(c: &Connection, object: &Object, attributes: &[(&str, &[u8])]) -> Status {
    set(object, attributes);
    object.update(c).unwrap();
    ended(object.wait(soon()))
}

pub fn refresh(c: &Connection, object: &Object) -> Status {
    object.refresh(c).unwrap();
    ended(object.wait(soon()))
}

pub fn remove(c: &Connection, object: &Object) -> Status {
    object.remove(c).unwrap();
    ended(object.wait(soon()))
}

pub fn get(object: &Object, name: &str) -> Option<Vec<u8>> {
    match object.get(name) {
        Some(Value::Data(bytes) | Value::String(bytes)) => Some(bytes),
        Some(Value::Int(i)) => Some(i.to_be_bytes().to_vec()),
        _ => None,
    }
}

pub fn number(object: &Object, name: &str) -> Option<u32> {
    get(object, name)
        .and_then(|b| b.try_into().ok())
        .map(u32::from_be_bytes)
}
