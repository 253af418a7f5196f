use super::Answer;
use super::ask::Ask;
use super::job::Kea;
use crate::status::Status;
pub async fn run(_: &Kea, asks: Vec<Ask>) -> Vec<Answer> { asks.iter().map(|_| Answer::Status(Status::NOT_IMPLEMENTED, None)).collect() }
