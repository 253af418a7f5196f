//! Walking through all leases, by address.

use super::details::{self, RequestedDetails};
use super::read::leases;
use crate::json;
use crate::model::lease::Page;
use crate::model::{Answer, KeaError, Lease};
use crate::server::Commands;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// How many leases are read ahead: the server is busy for about a millisecond.
const PAGE: u32 = 256;

/// The lease with the next higher address, the lowest at the start.
///
/// # Errors
/// `ISC_R_NOMORE` behind the last.
pub(crate) async fn next(kea: &Commands, after: Option<Ipv4Addr>) -> Result<Answer, KeaError> {
    kea.server.require("lease4-get-page")?;
    // The start is read anew: a program that starts wants the present state.
    if let (Some(_), Some(lease)) = (after, read_ahead(kea, after)) {
        return shown(kea, &lease).await;
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
    *kea.server.page.lock() = Some(Page { after, leases });
    match first {
        Some(lease) => shown(kea, &lease).await,
        None => Err(Status::NO_MORE.into()),
    }
}

async fn shown(kea: &Commands, lease: &Lease) -> Result<Answer, KeaError> {
    let requested = RequestedDetails::always(&kea.server);
    let address = lease.address().ok_or(Status::PROTOCOL_ERROR)?;
    let more = details::read(kea, requested, address, Some(lease)).await?;
    Ok(lease.encode(kea, true, &more))
}

/// A lease that was read ahead.
fn read_ahead(kea: &Commands, after: Option<Ipv4Addr>) -> Option<Lease> {
    let page = kea.server.page.lock();
    page.as_ref()?.behind(after).cloned()
}
