//! Walking through all leases, by address.

use super::job::Kea;
use super::json;
use super::lease::{Lease, leases};
use super::lease_details::{self, Asked};
use super::shared::Shared;
use super::{Answer, Failure};
use omapi::status::Status;
use std::net::Ipv4Addr;

/// Leases that were read ahead.
#[derive(Debug)]
pub struct Page {
    after: Option<Ipv4Addr>,
    leases: Vec<Lease>,
}

/// How many leases are read ahead: the server is busy for about a millisecond.
const PAGE: u32 = 256;

/// The lease with the next higher address, the lowest at the start.
///
/// # Errors
/// `ISC_R_NOMORE` behind the last.
pub async fn next(kea: &Kea, after: Option<Ipv4Addr>) -> Result<Answer, Failure> {
    kea.shared.must("lease4-get-page")?;
    // The start is read anew: a program that starts wants the present state.
    if let (Some(_), Some(lease)) = (after, read_ahead(&kea.shared, after)) {
        return walked(kea, &lease).await;
    }
    let from = after.map_or("start".into(), |a| a.to_string());
    let arguments = json::map([("from", from.into()), ("limit", PAGE.into())]);
    let reply = kea.command("lease4-get-page", arguments).await?;
    let leases = match reply.found()? {
        Some(reply) => leases(reply)?,
        None => Vec::new(),
    };
    // Or a walk might never end.
    let mut last = after;
    for lease in &leases {
        let address = lease.address();
        if address <= last {
            return Err(Status::PROTOCOL_ERROR.into());
        }
        last = address;
    }
    let first = leases.first().cloned();
    *kea.shared.page.lock() = Some(Page { after, leases });
    match first {
        Some(lease) => walked(kea, &lease).await,
        None => Err(Status::NO_MORE.into()),
    }
}

async fn walked(kea: &Kea, lease: &Lease) -> Result<Answer, Failure> {
    let asked = Asked::always(&kea.shared);
    let address = lease.address().ok_or(Status::PROTOCOL_ERROR)?;
    let more = lease_details::read(kea, asked, address, Some(lease)).await?;
    Ok(lease.encode(&kea.shared, true, &more))
}

fn read_ahead(shared: &Shared, after: Option<Ipv4Addr>) -> Option<Lease> {
    let page = shared.page.lock();
    let page = page.as_ref()?;
    if page.after == after {
        return page.leases.first().cloned();
    }
    let at = page
        .leases
        .binary_search_by_key(&after, Lease::address)
        .ok()?;
    page.leases.get(at + 1).cloned()
}
