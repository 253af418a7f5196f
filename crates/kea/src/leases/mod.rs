//! Leases: finding and showing them, changing, creating and removing them, and
//! walking through all of them.

mod create;
mod details;
mod encode;
mod read;
mod update;
mod walk;

pub(crate) use create::remove;
pub(crate) use read::refresh;
pub(crate) use update::update;
pub(crate) use walk::next;

use crate::model::{Answer, Attributes, KeaError, refused};
use crate::server::Commands;
use details::RequestedDetails;
use omapi::refusals;
use omapi::request::flags;
use omapi::status::Status;

/// Open: find it, and with the flag change it.
///
/// # Errors
/// `ISC_R_NOTFOUND`; `ISC_R_NOTIMPLEMENTED` without a key and for the flag to
/// create; `DHCP_R_MULTIPLE`, `DHCP_R_KEYCONFLICT`, `DHCP_R_INVALIDARG` for such
/// keys; `ISC_R_EXISTS` for the flag to create exclusively; or as creating and
/// updating fail.
pub(crate) async fn open(
    kea: &Commands,
    keys: &Attributes,
    wanted: u32,
) -> Result<Answer, KeaError> {
    let create = wanted & flags::CREATE != 0;
    if create && kea.server.options().leases {
        return Box::pin(create::create(kea, keys, wanted)).await;
    }
    let requested = RequestedDetails::by(&kea.server, keys);
    let shown = wanted == 0 && requested.is_nothing();
    let found = read::find(kea, keys, shown).await?;
    let Some(found) = found else {
        return Err(if create {
            KeaError::because(Status::NOT_IMPLEMENTED, refusals::CANNOT_CREATE)
        } else {
            KeaError::because(Status::NOT_FOUND, refusals::NO_OBJECT_MATCHES)
        });
    };
    if create && wanted & flags::EXCLUSIVE != 0 {
        let why = refusals::ALREADY_EXISTS;
        return Err(KeaError::because(Status::EXISTS, why));
    }
    if create {
        return Err(refused(Status::NO_PERMISSION));
    }
    match found {
        read::Found::Lease(lease) if wanted & flags::UPDATE != 0 => {
            let changed = update::change(kea, &lease, keys);
            Box::pin(changed).await?;
            let address = lease.address().ok_or(Status::PROTOCOL_ERROR)?;
            Box::pin(read::read(kea, address, requested)).await
        }
        found => found.answer(kea, requested).await,
    }
}
