use super::attributes::Attributes;
use super::job::Kea;
use super::{Answer, Failure};
use crate::status::Status;
pub async fn open(_: &Kea, _: &Attributes, _: u32) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
pub async fn refresh(_: &Kea, _: &[u8]) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
pub async fn update(_: &Kea, _: &[u8], _: &Attributes) -> Result<Answer, Failure> { Err(Status::NOT_IMPLEMENTED.into()) }
