use super::attributes::Attributes;
use super::handles::HostKey;
use super::job::Kea;
use super::{Answer, Failure};
use crate::status::Status;
pub async fn find(_: &Kea, _: &Attributes) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
pub async fn refresh(_: &Kea, _: &HostKey) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
pub async fn next(_: &Kea, _: Option<HostKey>) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
