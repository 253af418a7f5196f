//! Requests as state machines without I/O.
//!
//! A job is an `async fn` that asks for [`Effect`]s, mostly commands, and is
//! resumed with their result; there is no executor and no waker, the driver
//! steps it. So a test can play the server.

use super::facts::Facts;
use super::json::{self, Map, Value};
use super::shared::Shared;
use super::{Answer, Failure};
use omapi::status::Status;
use parking_lot::Mutex;
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// What a job needs done before it can go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this command and bring the answer.
    Command {
        /// The command, as JSON.
        bytes: Vec<u8>,
        /// True when sending it twice is the same as once.
        repeatable: bool,
        /// True if a usual lease need not come as a tree: [`Reply::lease`].
        lease: bool,
    },
    /// Take the lock that keeps other clients of this library from rewriting
    /// the configuration; it is held until the job ends.
    Lock,
    /// Let this much time pass.
    Sleep(Duration),
}

/// Kea's answer to a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The result code: 0 success, 1 error, 2 unsupported, 3 empty, 4 conflict
    /// (from 2.6 on; 1 before), 5 failed and not rolled back.
    pub result: i64,
    /// All of it; nothing when it is in `lease`.
    pub whole: Map,
    /// The lease, when nothing else was wanted of the answer.
    pub lease: Option<Box<Facts>>,
}

impl Reply {
    /// Takes a parsed answer: a map, or over HTTP a list of one.
    ///
    /// # Errors
    /// `DHCP_R_PROTOCOLERROR` for anything else.
    pub fn new(value: Value) -> Result<Self, Status> {
        let value = match value {
            Value::Array(mut list) if list.len() == 1 => list.pop().unwrap_or_default(),
            other => other,
        };
        match value {
            Value::Object(whole) => match whole.get("result").and_then(Value::as_i64) {
                Some(result) => Ok(Self {
                    result,
                    whole,
                    lease: None,
                }),
                None => Err(Status::PROTOCOL_ERROR),
            },
            _ => Err(Status::PROTOCOL_ERROR),
        }
    }

    /// The result of what is no command.
    pub(crate) fn done() -> Self {
        Self {
            result: 0,
            whole: Map::new(),
            lease: None,
        }
    }

    /// A success that brings this lease.
    #[must_use]
    pub fn of(lease: Facts) -> Self {
        Self {
            lease: Some(Box::new(lease)),
            ..Self::done()
        }
    }

    /// `arguments`, `Null` when there are none.
    #[must_use]
    pub fn arguments(&self) -> &Value {
        self.whole.get("arguments").unwrap_or(&Value::Null)
    }

    /// Takes `arguments` out.
    #[must_use]
    pub fn into_arguments(mut self) -> Value {
        self.whole.shift_remove("arguments").unwrap_or(Value::Null)
    }

    /// `text`, for people only: it differs from version to version.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        json::string(&self.whole, "text").map_or_else(Vec::new, json::bytes)
    }

    /// What a result code means when nothing more is known.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.result {
            0 => Status::SUCCESS,
            2 => Status::NOT_IMPLEMENTED,
            3 => Status::NOT_FOUND,
            5 => Status::IO_ERROR,
            _ => Status::FAILURE,
        }
    }

    /// A failure with this status and Kea's text.
    #[must_use]
    pub fn failure(&self, status: Status) -> Failure {
        Failure::Status(status, Some(self.text()).filter(|t| !t.is_empty()))
    }

    /// The answer if it is a success.
    ///
    /// # Errors
    /// Its meaning, see [`status`](Self::status).
    pub fn ok(self) -> Result<Self, Failure> {
        match self.result {
            0 => Ok(self),
            _ => Err(self.failure(self.status())),
        }
    }

    /// The answer, or `None` for "empty".
    ///
    /// # Errors
    /// Every other result.
    pub fn found(self) -> Result<Option<Self>, Failure> {
        match self.result {
            3 => Ok(None),
            _ => self.ok().map(Some),
        }
    }
}

/// How an effect ended: `Err(Lost)` when nobody knows whether it was done.
pub type Outcome = Result<Reply, Failure>;

#[derive(Default)]
struct Slot {
    wanted: Option<Effect>,
    result: Option<Outcome>,
}

/// A job's way to the server.
#[derive(Clone)]
pub struct Kea {
    slot: Arc<Mutex<Slot>>,
    /// What all jobs of a connection know.
    pub shared: Arc<Shared>,
}

impl Kea {
    /// Sends a command and waits for the answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn command(&self, name: &str, arguments: Map) -> Outcome {
        self.exchange(name, Some(&Value::Object(arguments))).await
    }

    /// Sends a command without arguments.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn ask(&self, name: &str) -> Outcome {
        self.exchange(name, None).await
    }

    /// Sends a command with any arguments.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn exchange(&self, name: &str, arguments: Option<&Value>) -> Outcome {
        self.want(Effect::Command {
            bytes: json::command(name, self.shared.target.service(), arguments),
            repeatable: is_read_only(name),
            lease: false,
        })
        .await
    }

    /// lease4-get for an address. With `shown`, a usual lease comes in
    /// [`Reply::lease`].
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn lease4_get(&self, address: Ipv4Addr, shown: bool) -> Outcome {
        let arguments = json::map([("ip-address", address.to_string().into())]);
        let arguments = Value::Object(arguments);
        let service = self.shared.target.service();
        self.want(Effect::Command {
            bytes: json::command("lease4-get", service, Some(&arguments)),
            repeatable: true,
            lease: shown,
        })
        .await
    }

    /// Takes the lock against other writers.
    ///
    /// # Errors
    /// `ISC_R_TIMEDOUT` when somebody else holds it for long, or why there is
    /// none.
    pub async fn lock(&self) -> Result<(), Failure> {
        self.want(Effect::Lock).await.map(drop)
    }

    /// Lets time pass.
    pub async fn sleep(&self, time: Duration) {
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

/// True for commands that change nothing, by the naming rule of Kea.
#[must_use]
pub fn is_read_only(command: &str) -> bool {
    const ALSO: [&str; 7] = [
        "list-commands",
        "build-report",
        "config-test",
        "subnet4-list",
        "class-list",
        "network4-list",
        "ha-heartbeat",
    ];
    ALSO.contains(&command)
        || command.ends_with("-get")
        || command.contains("-get-")
        || command.starts_with("stat-")
        || command.contains("-select-test")
}

struct Want<'k> {
    kea: &'k Kea,
    effect: Option<Effect>,
}

impl Future for Want<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Outcome> {
        let mut slot = self.kea.slot.lock();
        if let Some(effect) = self.effect.take() {
            slot.wanted = Some(effect);
            return Poll::Pending;
        }
        match slot.result.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => Poll::Pending,
        }
    }
}

/// What a step of a job led to.
#[derive(Debug)]
pub enum Step {
    /// It needs this.
    Wants(Effect),
    /// It ended, with an answer for each of its requests.
    Done(Vec<Answer>),
}

/// A request, or several that are done together, on the way.
pub struct Job {
    future: Pin<Box<dyn Future<Output = Vec<Answer>> + Send>>,
    slot: Arc<Mutex<Slot>>,
}

impl Job {
    /// Makes a job of a function of its [`Kea`]. Nothing happens before the
    /// first [`step`](Self::step).
    pub fn new<F>(shared: &Arc<Shared>, body: impl FnOnce(Kea) -> F) -> Self
    where
        F: Future<Output = Vec<Answer>> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(Slot::default()));
        let kea = Kea {
            slot: Arc::clone(&slot),
            shared: Arc::clone(shared),
        };
        Self {
            future: Box::pin(body(kea)),
            slot,
        }
    }

    /// Runs it to its next effect, with the result of the one before.
    pub fn step(&mut self, result: Option<Outcome>) -> Step {
        self.slot.lock().result = result;
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
