//! Failover state: what the high-availability hook says about itself and its
//! partner.

use super::attributes::{Answered, Attributes};
use super::config::{self, Config};
use super::handles::{self, Identity};
use super::job::Kea;
use super::json::{self, Map, Value};
use super::{Answer, Failure};
use omapi::request::flags;
use omapi::status::Status;
use std::net::Ipv4Addr;

const PARTNER_DOWN: u32 = 4;

/// A relationship, as status-get and the configuration describe it.
struct Relationship<'s> {
    local: &'s Map,
    remote: &'s Map,
    parameters: Option<&'s Map>,
    /// True if the server has no other.
    alone: bool,
}

impl<'s> Relationship<'s> {
    fn new(all: &'s [Value], config: &'s Config, index: usize) -> Option<Self> {
        let servers = all.get(index)?.get("ha-servers")?;
        let parameters = json::list(config.dhcp4(), "hooks-libraries")
            .iter()
            .find_map(|h| json::at(h, &["parameters", "high-availability"])?.as_array())
            .and_then(|list| list.get(index)?.as_object());
        Some(Self {
            local: servers.get("local")?.as_object()?,
            remote: servers.get("remote")?.as_object()?,
            parameters,
            alone: all.len() == 1,
        })
    }

    fn own_name(&self) -> Option<&str> {
        json::string(self.local, "server-name")
            .or_else(|| json::string(self.parameters?, "this-server-name"))
    }

    fn peer(&self, own: bool) -> Option<&Map> {
        let name = self.own_name();
        let partner = json::string(self.remote, "server-name");
        let role = json::string(self.remote, "role");
        let peers = json::list(self.parameters?, "peers").iter();
        peers.filter_map(Value::as_object).find(|p| {
            let this = json::string(p, "name");
            match (own, partner) {
                (true, _) => this == name,
                (false, Some(partner)) => this == Some(partner),
                (false, None) => this != name && json::string(p, "role") == role,
            }
        })
    }

    /// Kea has no name for the relationship: the partner's is used.
    fn name(&self) -> Vec<u8> {
        let partner = json::string(self.remote, "server-name");
        let partner = partner.or_else(|| json::string(self.peer(false)?, "name"));
        json::bytes(partner.unwrap_or("ha"))
    }

    fn local_state(&self) -> Option<u32> {
        let state = state(json::string(self.local, "state")?)?;
        let interrupted = self.remote.get("communication-interrupted");
        match (state, interrupted.and_then(Value::as_bool)) {
            (2, Some(true)) => Some(3),
            (state, _) => Some(state),
        }
    }

    fn partner_state(&self) -> Option<u32> {
        match json::string(self.remote, "last-state") {
            None | Some("unavailable") => Some(3),
            Some(name) => state(name),
        }
    }

    fn encode(&self, server: &str, now: u64) -> Answer {
        let mut out = Answered::default();
        let name = self.name();
        out.bytes(b"name", &name);
        for (own, prefix) in [(false, "partner"), (true, "local")] {
            let url = self.peer(own).and_then(|p| json::string(p, "url"));
            let (address, port) = url.map_or((None, None), place);
            if let Some(address) = address {
                out.bytes(format!("{prefix}-address").as_bytes(), &address.octets());
            }
            if let Some(port) = port {
                out.number(format!("{prefix}-port").as_bytes(), port);
            }
        }
        let hierarchy = match json::string(self.local, "role") {
            Some("primary") => Some(0),
            Some("secondary" | "standby") => Some(1),
            _ => None,
        };
        let delay = self
            .parameters
            .and_then(|p| json::number(p, "max-response-delay"));
        let age = json::number(self.remote, "age");
        for (name, value) in [
            (&b"partner-state"[..], self.partner_state()),
            (b"local-state", self.local_state()),
            (b"hierarchy", hierarchy),
            (
                b"last-timestamp-received",
                age.and_then(|age| small(now.saturating_sub(age))),
            ),
            (
                b"skew",
                json::number(self.remote, "clock-skew").and_then(small),
            ),
            (
                b"max-response-delay",
                delay.and_then(|ms| small(ms.div_ceil(1000))),
            ),
            (
                b"cur-unacked-updates",
                json::number(self.remote, "unacked-clients").and_then(small),
            ),
        ] {
            if let Some(value) = value {
                out.number(name, value);
            }
        }
        Answer::Object(handles::handle(server, Identity::Failover(name)), out)
    }
}

fn small(n: u64) -> Option<u32> {
    u32::try_from(n).ok()
}

/// A state's number in OMAPI.
fn state(name: &str) -> Option<u32> {
    Some(match name {
        "waiting" => 1,
        "syncing" => 6,
        "ready" => 9,
        "load-balancing" | "hot-standby" | "passive-backup" => 2,
        "communication-recovery" => 3,
        "partner-down" | "partner-in-maintenance" => PARTNER_DOWN,
        "in-maintenance" => 8,
        "terminated" => 5,
        _ => return None,
    })
}

/// Address and port of a URL, as far as they are numbers.
fn place(url: &str) -> (Option<Ipv4Addr>, Option<u32>) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once(':') {
        Some((host, port)) => (host.parse().ok(), port.parse().ok()),
        None => (authority.parse().ok(), None),
    }
}

/// Finds a relationship by name, without one the first; and does `then` with
/// it.
async fn find<R>(
    kea: &Kea,
    name: Option<&[u8]>,
    then: impl FnOnce(&Relationship<'_>) -> R,
) -> Result<R, Failure> {
    let none = || Failure::because(Status::NOT_FOUND, "no object matches specification");
    let status = kea.ask("status-get").await?.ok()?;
    let list = status.arguments().get("high-availability");
    let Some(list) = list.and_then(Value::as_array) else {
        return Err(none());
    };
    let config = config::current(kea).await?;
    let mut all = (0..list.len()).filter_map(|i| Relationship::new(list, &config, i));
    let found = all.find(|r| name.is_none_or(|n| r.name() == n));
    found.map(|r| then(&r)).ok_or_else(none)
}

async fn read(kea: &Kea, name: Option<&[u8]>) -> Result<Answer, Failure> {
    let (server, now) = (kea.shared.key(), kea.shared.now());
    find(kea, name, |r| r.encode(server, now)).await
}

/// Open.
///
/// # Errors
/// The code for the program.
pub async fn open(kea: &Kea, keys: &Attributes, wanted: u32) -> Result<Answer, Failure> {
    let name = keys.get(b"name").ok_or(Failure::because(
        Status::NOT_IMPLEMENTED,
        "can't create new object",
    ))?;
    let answer = read(kea, Some(name)).await?;
    match wanted {
        0 => Ok(answer),
        w if w & (flags::CREATE | flags::EXCLUSIVE) == flags::CREATE | flags::EXCLUSIVE => Err(
            Failure::because(Status::EXISTS, "specified object already exists"),
        ),
        w if w & flags::UPDATE != 0 => {
            update(kea, name, keys).await?;
            read(kea, Some(name)).await
        }
        _ => Ok(answer),
    }
}

/// Refresh.
///
/// # Errors
/// The code for the program.
pub async fn refresh(kea: &Kea, name: &[u8]) -> Result<Answer, Failure> {
    read(kea, Some(name)).await
}

/// Update: `local-state` 4, partner down, when the partner cannot be reached.
/// With a partner that answers the same command means something else.
///
/// # Errors
/// The code for the program.
pub async fn update(kea: &Kea, name: &[u8], attributes: &Attributes) -> Result<Answer, Failure> {
    let refused = |status| Failure::because(status, "can't update object");
    let mut down = false;
    for (attribute, value) in attributes.iter() {
        match attribute {
            b"name" if value == name => {}
            b"local-state" => match super::attributes::number(value).map_err(refused)? {
                PARTNER_DOWN => down = true,
                _ => return Err(refused(Status::NOT_IMPLEMENTED)),
            },
            _ => return Err(refused(Status::NOT_FOUND)),
        }
    }
    if !down {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let (already, alone, unreachable) = find(kea, Some(name), |r| {
        let last = json::string(r.remote, "last-state");
        let unreachable = last.is_none() || last == Some("unavailable");
        (r.local_state() == Some(PARTNER_DOWN), r.alone, unreachable)
    })
    .await?;
    if already {
        return Ok(Answer::Status(Status::SUCCESS, None));
    }
    if !alone {
        // It takes a server's name and does not look at it.
        let why = "Kea would do it with all partners";
        return Err(Failure::because(Status::NOT_IMPLEMENTED, why));
    }
    if !unreachable {
        let why = "the partner answers: Kea would put it into maintenance";
        return Err(Failure::because(Status::NOT_IMPLEMENTED, why));
    }
    kea.shared.must("ha-maintenance-start")?;
    kea.ask("ha-maintenance-start").await?.ok()?;
    Ok(Answer::Status(Status::SUCCESS, None))
}
