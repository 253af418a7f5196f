use super::attributes::Attributes;
use super::job::Kea;
use super::{Answer, Failure};
use crate::status::Status;
pub async fn find(_: &Kea, _: &Attributes) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
pub async fn class(_: &Kea, _: &Attributes, _: u32) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
pub async fn refresh(_: &Kea, _: &[u8]) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
pub async fn refresh_class(_: &Kea, _: &[u8]) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
