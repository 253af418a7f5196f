//! The requests of a connection: which run, which wait, and in what order they
//! may change things.

use crate::dispatch::{Order, order, run};
use crate::model::request::{KeaRequest, Kind};
use crate::model::{Answer, Moment};
use crate::protocol::{Effect, Exchanged};
use crate::server::{Job, ServerInfo, Step, probe};
use crate::{apply, leases};
use omapi::request::Request;
use omapi::status::Status;
use std::collections::VecDeque;
use std::sync::Arc;

/// Most requests in flight at once, and so most sockets.
pub const AT_ONCE: usize = 8;

/// A request, or several that are done together, with what they belong to.
pub struct Running<T> {
    job: Job,
    /// In the order of the answers; none for the probe.
    tickets: Vec<T>,
    /// True for what nothing else may run beside.
    alone: bool,
    id: u64,
}

/// What a step of a running request led to.
pub enum Progress<T> {
    /// Its next effect.
    Wants(Effect),
    /// The end of the probe.
    Probed(Status),
    /// The end.
    Done(Vec<(T, Answer)>),
}

impl<T> Running<T> {
    /// A number to find it by.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Goes on, with the result of its last effect. `now` is the time now, and
    /// not before that result came.
    pub fn step(&mut self, result: Option<Exchanged>, now: Moment) -> Progress<T> {
        match self.job.step(result, now) {
            Step::Wants(effect) => Progress::Wants(effect),
            Step::Done(answers) if self.tickets.is_empty() => {
                Progress::Probed(match answers.first() {
                    Some(Answer::Status(status, _) | Answer::Lost(status)) => *status,
                    _ => Status::UNEXPECTED,
                })
            }
            Step::Done(answers) => {
                let lost = Answer::Lost(Status::UNEXPECTED);
                let answers = answers.into_iter().chain(std::iter::repeat(lost));
                Progress::Done(
                    std::mem::take(&mut self.tickets)
                        .into_iter()
                        .zip(answers)
                        .collect(),
                )
            }
        }
    }

    /// Gives up: the requests' tickets.
    pub fn abandon(self) -> Vec<T> {
        self.tickets
    }
}

/// The requests of a connection: which run, which wait.
pub struct Session<T> {
    server: Arc<ServerInfo>,
    waiting: VecDeque<(KeaRequest, Order, T)>,
    probe: Option<Running<T>>,
    running: usize,
    alone: bool,
    next_id: u64,
}

impl<T> Session<T> {
    /// A session that starts with the probe.
    #[must_use]
    pub fn new(server: Arc<ServerInfo>) -> Self {
        let probe = Running {
            job: Job::new(&server, probe),
            tickets: Vec::new(),
            alone: true,
            id: 0,
        };
        Self {
            server,
            waiting: VecDeque::new(),
            probe: Some(probe),
            running: 0,
            alone: false,
            next_id: 1,
        }
    }

    /// Queues a request.
    ///
    /// # Errors
    /// One that cannot be sent; the ticket comes back.
    pub fn submit(&mut self, request: &Request<'_>, ticket: T) -> Result<(), (Status, T)> {
        match KeaRequest::new(request) {
            Ok(request) => {
                let order = order(&request, &self.server);
                self.waiting.push_back((request, order, ticket));
                Ok(())
            }
            Err(status) => Err((status, ticket)),
        }
    }

    /// The next that may start now. Requests take effect in the order in which
    /// they were queued: what changes something starts when everything before
    /// it has ended, and nothing behind it starts meanwhile.
    pub fn start(&mut self) -> Option<Running<T>> {
        if self.alone || self.running >= AT_ONCE {
            return None;
        }
        if let Some(probe) = self.probe.take() {
            self.alone = true;
            self.running = 1;
            return Some(probe);
        }
        let (_, order, _) = self.waiting.front()?;
        let order = *order;
        if order != Order::Read && self.running > 0 {
            return None;
        }
        let mut requests = Vec::new();
        let mut tickets = Vec::new();
        let goes_along = |o: Order, n: usize| o == order && (n == 0 || order == Order::Together);
        while self
            .waiting
            .front()
            .is_some_and(|(_, o, _)| goes_along(*o, requests.len()))
            && let Some((request, _, ticket)) = self.waiting.pop_front()
        {
            requests.push(request);
            tickets.push(ticket);
        }
        let job = job(&self.server, order, requests);
        let id = self.next_id;
        self.next_id += 1;
        self.running += 1;
        self.alone = order != Order::Read;
        Some(Running {
            job,
            tickets,
            alone: self.alone,
            id,
        })
    }

    /// Says that one that was started has ended.
    pub fn ended(&mut self, running: &Running<T>) {
        self.running -= 1;
        if running.alone {
            self.alone = false;
        }
    }

    /// True while requests are unanswered.
    #[must_use]
    pub fn has_outstanding(&self) -> bool {
        self.running > 0 || !self.waiting.is_empty()
    }

    /// True while something that changes the server is unanswered.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.alone || self.waiting.iter().any(|(_, o, _)| *o != Order::Read)
    }

    /// True when [`start`](Self::start) would start something.
    #[must_use]
    pub fn can_start(&self) -> bool {
        if self.alone || self.running >= AT_ONCE {
            return false;
        }
        let next = self.waiting.front().map(|(_, order, _)| *order);
        self.probe.is_some() || next.is_some_and(|o| o == Order::Read || self.running == 0)
    }

    /// True while something waits to be started.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Gives up: the tickets of what was not started, in order.
    pub fn abandon(&mut self) -> Vec<T> {
        self.probe = None;
        self.waiting.drain(..).map(|(_, _, t)| t).collect()
    }
}

/// What does these requests: one, or several that are done together.
fn job(server: &Arc<ServerInfo>, order: Order, mut requests: Vec<KeaRequest>) -> Job {
    match requests.pop() {
        // The common case, in a small block.
        Some(KeaRequest::Open {
            kind: Kind::Lease,
            flags,
            attributes,
        }) => Job::new(server, move |kea| async move {
            vec![leases::open(&kea, &attributes, flags).await.into()]
        }),
        Some(request) if order != Order::Together => Job::new(server, move |kea| async move {
            vec![run(request, &kea).await.into()]
        }),
        last => {
            requests.extend(last);
            Job::new(server, move |kea| async move {
                apply::run(&kea, requests).await
            })
        }
    }
}
