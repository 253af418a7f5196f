//! Requests as state machines without I/O.
//!
//! A job is an `async fn` that asks for [`Effect`]s, mostly commands, and is
//! resumed with their result; there is no executor and no waker, the engine
//! steps it. So a test can play the server.

use super::info::ServerInfo;
use crate::json::{Map, Value};
use crate::model::{Answer, KeaError, Moment};
use crate::protocol::commands::{self, is_read_only};
use crate::protocol::{Effect, Exchanged};
use parking_lot::Mutex;
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Where a job and who steps it leave things for each other. In a lock that
/// nobody ever waits for, because both move between threads, together.
#[derive(Default)]
struct Slot {
    wanted: Option<Effect>,
    result: Option<Exchanged>,
    now: Moment,
}

/// A job's way to the server.
#[derive(Clone)]
pub(crate) struct Commands {
    slot: Arc<Mutex<Slot>>,
    /// What all jobs of a connection know.
    pub server: Arc<ServerInfo>,
}

impl Commands {
    /// Sends a command and waits for the answer.
    ///
    /// # Errors
    /// [`KeaError::Lost`] when there is none, and why it cannot be sent.
    pub(crate) async fn command(&self, name: &str, arguments: Map) -> Exchanged {
        self.exchange(name, Some(&Value::Object(arguments))).await
    }

    /// Sends a command without arguments.
    ///
    /// # Errors
    /// As [`command`](Self::command).
    pub(crate) async fn bare_command(&self, name: &str) -> Exchanged {
        self.exchange(name, None).await
    }

    /// Sends a command with any arguments.
    ///
    /// # Errors
    /// As [`command`](Self::command).
    pub(crate) async fn exchange(&self, name: &str, arguments: Option<&Value>) -> Exchanged {
        self.want(Effect::Command {
            bytes: commands::command(name, self.server.target.service(), arguments),
            repeatable: is_read_only(name),
            lease: false,
        })
        .await
    }

    /// lease4-get for an address. With `shown`, a usual lease comes in
    /// [`Reply::lease`](crate::protocol::Reply::lease).
    ///
    /// # Errors
    /// As [`command`](Self::command).
    pub(crate) async fn lease4_get(&self, address: Ipv4Addr, shown: bool) -> Exchanged {
        self.want(Effect::Command {
            bytes: commands::lease4_get(self.server.target.service(), address),
            repeatable: true,
            lease: shown,
        })
        .await
    }

    /// Takes the lock against other writers.
    ///
    /// # Errors
    /// `ISC_R_TIMEDOUT` when another process holds it for long, or why there is
    /// none.
    pub(crate) async fn lock(&self) -> Result<(), KeaError> {
        self.want(Effect::Lock).await.map(drop)
    }

    /// The time of the present step: after the answer to the last command came,
    /// and before the next is sent.
    #[must_use]
    pub(crate) fn now(&self) -> Moment {
        self.slot.lock().now
    }

    /// Lets time pass.
    pub(crate) async fn sleep(&self, time: Duration) {
        // It cannot fail.
        let _ = self.want(Effect::Sleep(time)).await;
    }

    fn want(&self, effect: Effect) -> Want<'_> {
        Want {
            kea: self,
            effect: Some(effect),
        }
    }
}

struct Want<'k> {
    kea: &'k Commands,
    effect: Option<Effect>,
}

impl Future for Want<'_> {
    type Output = Exchanged;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Exchanged> {
        let mut slot = self.kea.slot.lock();
        if let Some(effect) = self.effect.take() {
            slot.wanted = Some(effect);
            return Poll::Pending;
        }
        match slot.result.take() {
            Some(exchanged) => Poll::Ready(exchanged),
            None => Poll::Pending,
        }
    }
}

/// What a step of a job led to.
#[derive(Debug)]
pub(crate) enum Step {
    /// It needs this.
    Wants(Effect),
    /// It ended, with an answer for each of its requests.
    Done(Vec<Answer>),
}

/// A request, or several that are done together, on the way.
pub(crate) struct Job {
    future: Pin<Box<dyn Future<Output = Vec<Answer>> + Send>>,
    slot: Arc<Mutex<Slot>>,
}

impl Job {
    /// Makes a job of a function of its [`Commands`]. Nothing happens before the
    /// first [`step`](Self::step).
    pub(crate) fn new<F>(server: &Arc<ServerInfo>, body: impl FnOnce(Commands) -> F) -> Self
    where
        F: Future<Output = Vec<Answer>> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(Slot::default()));
        let kea = Commands {
            slot: Arc::clone(&slot),
            server: Arc::clone(server),
        };
        Self {
            future: Box::pin(body(kea)),
            slot,
        }
    }

    /// Runs it to its next effect, with the result of the one before. `now` is
    /// not before that result came.
    pub(crate) fn step(&mut self, result: Option<Exchanged>, now: Moment) -> Step {
        {
            let mut slot = self.slot.lock();
            slot.result = result;
            slot.now = now;
        }
        let mut context = Context::from_waker(Waker::noop());
        match self.future.as_mut().poll(&mut context) {
            Poll::Ready(answers) => Step::Done(answers),
            Poll::Pending => match self.slot.lock().wanted.take() {
                Some(effect) => Step::Wants(effect),
                // Only a future of ours can be pending, and it wants something.
                None => Step::Done(Vec::new()),
            },
        }
    }
}
