//! A D-Bus connection, its time limits and its errors.
//!
//! Connects at the first call, and abandons a call that takes longer than its limit: a daemon that
//! hangs must not hang a query. What is called is decided by the reader, such as `systemd`. Address
//! and timer come from the [`crate::Root`].

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_FAILED, WBEM_E_TIMED_OUT};
use zbus::{Connection, DBusError, Error, fdo};

/// Where a system's bus is, unless the environment says otherwise.
const SYSTEM: &str = "unix:path=/run/dbus/system_bus_socket";

/// Names the system's bus, where it is set.
const SYSTEM_VARIABLE: &str = "DBUS_SYSTEM_BUS_ADDRESS";

/// How long a connection, and each call, may take. What systemd has to do for one is read files.
const LIMIT: Duration = Duration::from_secs(10);

/// The error of a call that the caller may not make, by its D-Bus name.
pub(crate) const ACCESS_DENIED: &str = "org.freedesktop.DBus.Error.AccessDenied";
/// The same, where a password prompt could allow it; there is none here.
pub(crate) const MUST_AUTHENTICATE: &str =
    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";

/// Returns a future that is ready when so much time has passed.
pub type Timer = Arc<dyn Fn(Duration) -> Expiry + Send + Sync>;

/// The future of a [`Timer`]: ready when the time is over.
pub type Expiry = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A D-Bus: its address, and the timer of its time limits.
pub struct Bus {
    address: String,
    timer: Timer,
}

/// Why there is no answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// There is no bus, or no service of this name on it.
    Absent(String),
    /// There was no answer within the time limit.
    TimedOut(String),
    /// The service returned an error: its D-Bus name and its text.
    Refused { name: String, text: String },
    /// The connection was lost, or the answer is malformed.
    Broken(String),
}

impl Bus {
    /// The bus of the system that the program runs on.
    pub fn system() -> Self {
        let address = std::env::var(SYSTEM_VARIABLE).unwrap_or_else(|_| SYSTEM.to_owned());
        Bus::at(address, Arc::new(|time| Box::pin(sleep(time))))
    }

    /// The bus at `address`, in the form of the D-Bus specification, with time limits by `timer`.
    pub fn at(address: impl Into<String>, timer: Timer) -> Self {
        Bus { address: address.into(), timer }
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        let connect = zbus::connection::Builder::address(self.address.as_str()).build();
        match self.within(LIMIT, connect).await {
            Some(Ok(connection)) => Ok(connection),
            Some(Err(error)) => Err(self.unconnected(&error)),
            None => Err(Failure::TimedOut(format!("D-Bus at {}", self.address))),
        }
    }

    /// Why there is no connection.
    fn unconnected(&self, error: &Error) -> Failure {
        let what = format!("D-Bus at {}: {error}", self.address);
        match error {
            Error::Connection(cause, _) | Error::InputOutput(cause) => match cause.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Failure::Absent(what),
                io::ErrorKind::PermissionDenied => {
                    Failure::Refused { name: ACCESS_DENIED.to_owned(), text: what }
                }
                _ => Failure::Broken(what),
            },
            _ => Failure::Broken(what),
        }
    }

    /// The answer to a call, within the time limit.
    pub(crate) async fn call<T>(
        &self,
        what: &str,
        call: impl Future<Output = zbus::Result<T>>,
    ) -> Result<T, Failure> {
        match self.within(LIMIT, call).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(Failure::of(what, error)),
            None => Err(Failure::TimedOut(what.to_owned())),
        }
    }

    /// The output of `future`, if it is ready in time.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut future = pin!(future);
        let mut expiry = (self.timer)(limit);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => expiry.as_mut().poll(context).map(|()| None),
        })
        .await
    }
}

/// Waits on the runtime that zbus runs on.
async fn sleep(time: Duration) {
    match zruntime::SharedRuntime::current() {
        Ok(runtime) => runtime.sleep(time).await,
        // Without a clock nothing ends by itself; nor does a connection come to be without one.
        Err(_) => std::future::pending().await,
    }
}

impl Failure {
    /// The failure of a call with `error`.
    pub(crate) fn of(what: &str, error: Error) -> Self {
        match error {
            Error::FDO(error) => Failure::of_bus(what, &error),
            Error::MethodError(name, text, _) => {
                Failure::Refused { name: name.to_string(), text: text.unwrap_or_default() }
            }
            error => Failure::Broken(format!("{what}: {error}")),
        }
    }

    /// The failure of a call with an error of the bus itself.
    fn of_bus(what: &str, error: &fdo::Error) -> Self {
        let text = || format!("{what}: {error}");
        match error {
            // A service with an activation file but no program is absent as well.
            fdo::Error::ServiceUnknown(_)
            | fdo::Error::NameHasNoOwner(_)
            | fdo::Error::SpawnChildExited(_)
            | fdo::Error::SpawnExecFailed(_)
            | fdo::Error::SpawnServiceNotFound(_) => Failure::Absent(text()),
            fdo::Error::Timeout(_) | fdo::Error::TimedOut(_) => Failure::TimedOut(text()),
            // The service has gone.
            fdo::Error::NoReply(_) | fdo::Error::Disconnected(_) | fdo::Error::ZBus(_) => {
                Failure::Broken(text())
            }
            refused => Failure::Refused {
                name: refused.name().to_string(),
                text: refused.description().unwrap_or_default().to_owned(),
            },
        }
    }

    /// Whether it is an error of this D-Bus name.
    pub(crate) fn is(&self, error: &str) -> bool {
        matches!(self, Failure::Refused { name, .. } if name == error)
    }

    /// Whether the caller was denied access.
    pub(crate) fn is_denied(&self) -> bool {
        self.is(ACCESS_DENIED) || self.is(MUST_AUTHENTICATE)
    }
}

/// As the status of an operation.
impl From<Failure> for cim::Error {
    fn from(failure: Failure) -> Self {
        let is_denied = failure.is_denied();
        match failure {
            Failure::TimedOut(what) => WBEM_E_TIMED_OUT.with(format!("{what}: no answer in time")),
            Failure::Refused { name, text } if is_denied => {
                WBEM_E_ACCESS_DENIED.with(format!("{text} ({name})"))
            }
            Failure::Refused { name, text } => WBEM_E_FAILED.with(format!("{text} ({name})")),
            Failure::Absent(what) | Failure::Broken(what) => WBEM_E_FAILED.with(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bus at an address where nothing listens, with the clock of the live machine.
    fn live() -> Bus {
        Bus { address: "unix:path=/nonexistent/bus".to_owned(), ..Bus::system() }
    }

    #[test]
    fn the_clock_ends_what_does_not_end_by_itself() {
        let bus = live();
        let never = bus.within(Duration::ZERO, std::future::pending::<()>());
        assert_eq!(zbus::block_on(never), None);
        let at_once = bus.within(Duration::ZERO, std::future::ready(7));
        assert_eq!(zbus::block_on(at_once), Some(7));
    }

    #[test]
    fn where_nobody_listens_nobody_is() {
        let failure = zbus::block_on(live().connect()).unwrap_err();
        assert!(matches!(failure, Failure::Absent(_)), "{failure:?}");
        let wrong = Bus { address: "no address".to_owned(), ..Bus::system() };
        let failure = zbus::block_on(wrong.connect()).unwrap_err();
        assert!(matches!(failure, Failure::Broken(_)), "{failure:?}");
    }

    #[test]
    fn a_refusal_is_told_with_its_name() {
        let text = "Interactive authentication required.".to_owned();
        let refused = Failure::Refused { name: MUST_AUTHENTICATE.to_owned(), text };
        let error = cim::Error::from(refused);
        assert_eq!(error.status(), WBEM_E_ACCESS_DENIED);
        assert!(error.to_string().contains(MUST_AUTHENTICATE), "{error}");
    }
}
