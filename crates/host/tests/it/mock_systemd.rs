//! MockSystemd: not systemd, but something that answers on a private D-Bus as systemd documents it
//! in org.freedesktop.systemd1(5), as far as this crate asks, and fails where a test tells it to.
//!
//! The time of its machine is controlled: it passes only where an answer is `Answer::Late`.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use host::{Bus, Root};
use parking_lot::{Mutex, MutexGuard};
use zbus::message::{Header, Type};
use zbus::{Connection, Message, MessageStream, ObjectPath, OwnedVariant, Variant};

use crate::captured::root;
use crate::private_bus::PrivateBus;

const NAME: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";

/// How it answers a method.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// With an error of this D-Bus name.
    Error(&'static str),
    /// With a job that ends with this result, and does nothing.
    Job(&'static str),
    /// With a job that ends before the answer is sent.
    EarlyJob,
    /// With a job that does not end before its time is over.
    LateJob,
    /// Not before its time is over.
    Late,
    /// Not at all: the daemon ends.
    Death,
    /// With something else than documented.
    Nonsense,
    /// With success, and nothing comes of it.
    Nothing,
}

/// A unit: its properties, and how its file is listed.
#[derive(Default)]
pub(crate) struct MockUnit {
    unit: HashMap<&'static str, OwnedVariant>,
    service: HashMap<&'static str, OwnedVariant>,
    file: Option<&'static str>,
    is_loaded: bool,
}

impl MockUnit {
    pub(crate) fn new(description: &str, active: &'static str) -> Self {
        MockUnit { is_loaded: true, ..MockUnit::default() }
            .unit("Description", description.to_owned())
            .unit("LoadState", "loaded".to_owned())
            .unit("ActiveState", active.to_owned())
            .unit("UnitFileState", String::new())
            .unit("CanStart", true)
            .unit("CanStop", true)
            .unit("InactiveExitTimestamp", 1_780_000_000_000_000_u64)
            .service("Result", "success".to_owned())
            .service("User", String::new())
            .service("MainPID", 0_u32)
            .service("ExecMainCode", 0_i32)
            .service("ExecMainStatus", 0_i32)
    }

    pub(crate) fn unit(mut self, name: &'static str, value: impl Into<Variant<'static>>) -> Self {
        self.unit.insert(name, owned(value));
        self
    }

    pub(crate) fn service(
        mut self,
        name: &'static str,
        value: impl Into<Variant<'static>>,
    ) -> Self {
        self.service.insert(name, owned(value));
        self
    }

    /// Its file is installed so.
    pub(crate) fn file(mut self, state: &'static str) -> Self {
        self.file = Some(state);
        self.unit("UnitFileState", state.to_owned())
    }

    /// It has not been needed yet.
    pub(crate) fn not_loaded(mut self) -> Self {
        self.is_loaded = false;
        self
    }

    pub(crate) fn command(self, path: &str, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        let (time, code) = (0_u64, 0_i32);
        let command =
            (path.to_owned(), arguments, false, time, time, time, time, 0_u32, code, code);
        self.service("ExecStart", vec![command])
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.unit.insert(name, owned(value.to_owned()));
    }

    fn text(&self, name: &str) -> String {
        match self.unit.get(name).map(|value| &**value) {
            Some(Variant::Str(text)) => text.as_str().to_owned(),
            _ => String::new(),
        }
    }
}

fn owned(value: impl Into<Variant<'static>>) -> OwnedVariant {
    value.into().try_into_owned().unwrap()
}

/// A machine with a D-Bus on which a mock of systemd answers.
pub(crate) struct MockSystemd {
    shared: Arc<Shared>,
}

struct Shared {
    bus: PrivateBus,
    clock: Clock,
    state: Mutex<State>,
}

/// An entry of the list of units: name; description; load state; active state and sub-state; the
/// unit that it follows; object; and the number, type and object of its job.
type ListedUnit = (
    String,
    String,
    String,
    String,
    String,
    String,
    ObjectPath<'static>,
    u32,
    String,
    ObjectPath<'static>,
);

#[derive(Default)]
struct State {
    units: BTreeMap<String, MockUnit>,
    /// Names by which units are known that are not theirs.
    aliases: BTreeMap<String, String>,
    answers: HashMap<&'static str, Answer>,
    /// The methods that were called with their first argument.
    calls: Vec<String>,
    asked_for: Vec<String>,
    is_subscribed: bool,
    jobs: u32,
}

impl MockSystemd {
    /// Starts one with these services; `None` where there can be no D-Bus.
    pub(crate) fn start(units: Vec<(&str, MockUnit)>) -> Option<Self> {
        let bus = PrivateBus::start()?;
        let whole = |(name, unit): (&str, MockUnit)| {
            let name = format!("{name}.service");
            (name.clone(), unit.unit("Id", name))
        };
        let state = State { units: units.into_iter().map(whole).collect(), ..State::default() };
        let state = Mutex::new(state);
        let shared = Arc::new(Shared { bus, clock: Clock::default(), state });
        let (connection, mut calls) = zbus::block_on(connect(&shared.bus.address)).unwrap();
        let weak = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            zbus::block_on(async {
                // Ends with the daemon.
                while let Some(Ok(call)) = next(&mut calls).await {
                    let Some(shared) = weak.upgrade() else { return };
                    if call.message_type() == Type::MethodCall {
                        shared.answer(&connection, &call).await;
                    }
                }
            });
        });
        Some(MockSystemd { shared })
    }

    /// The captured machine "server" with this bus.
    pub(crate) fn machine(&self) -> Arc<Root> {
        Arc::new(root("server").with_bus(self.bus()))
    }

    /// The bus that it is on.
    pub(crate) fn bus(&self) -> Bus {
        Bus::at(self.shared.bus.address.clone(), self.shared.clock.timer())
    }

    /// Has a method answered so from now on.
    pub(crate) fn answers(&self, method: &'static str, answer: Answer) {
        self.state().answers.insert(method, answer);
    }

    /// A further name of a service.
    pub(crate) fn alias(&self, alias: &str, name: &str) {
        let whole = |name| format!("{name}.service");
        self.state().aliases.insert(whole(alias), whole(name));
    }

    /// The calls since this was last asked.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }
}

/// Listens before it can be called: no call gets lost.
async fn connect(address: &str) -> zbus::Result<(Connection, MessageStream)> {
    let connection = zbus::connection::Builder::address(address).build().await?;
    let calls = MessageStream::from(&connection);
    connection.request_name(NAME).await?;
    Ok((connection, calls))
}

async fn next(stream: &mut MessageStream) -> Option<zbus::Result<Message>> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

impl Shared {
    async fn answer(&self, connection: &Connection, call: &Message) {
        let header = call.header();
        let method = header.member().unwrap().as_str().to_owned();
        let first = first_argument(call);
        let answer = {
            let mut state = self.state.lock();
            state.calls.push(format!("{method} {first}").trim().to_owned());
            state.answers.get(&*method).copied()
        };
        // A client that is gone needs no answer.
        let _ = match answer {
            Some(Answer::Error(name)) => {
                connection.reply_error(&header, name, &"by the test").await
            }
            Some(Answer::Nonsense) => connection.reply(&header, &7_u8).await,
            Some(Answer::Nothing) => connection.reply(&header, &()).await,
            Some(Answer::Late) => {
                self.clock.expire();
                Ok(())
            }
            Some(Answer::Death) => {
                self.bus.kill();
                Ok(())
            }
            job => self.usual(connection, &header, &method, &first, call, job).await,
        };
    }

    /// As systemd.
    async fn usual(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        method: &str,
        first: &str,
        call: &Message,
        job: Option<Answer>,
    ) -> zbus::Result<()> {
        match method {
            "Subscribe" => {
                self.state.lock().is_subscribed = true;
                connection.reply(header, &()).await
            }
            "ListUnitFilesByPatterns" => {
                let files = self.state.lock().files();
                connection.reply(header, &files).await
            }
            "ListUnitsByPatterns" => {
                let units = self.state.lock().listed();
                connection.reply(header, &units).await
            }
            "LoadUnit" if first.contains([' ', '/']) || first.ends_with("@.service") => {
                let error = "org.freedesktop.DBus.Error.InvalidArgs";
                connection.reply_error(header, error, &"not a name").await
            }
            "LoadUnit" => {
                self.state.lock().asked_for.push(first.to_owned());
                connection.reply(header, &path(first)).await
            }
            "GetAll" => {
                let object = header.path().unwrap().as_str().to_owned();
                let properties = self.state.lock().properties(&object, first);
                match properties {
                    Some(properties) => connection.reply(header, &properties).await,
                    None => {
                        let error = "org.freedesktop.DBus.Error.UnknownObject";
                        connection.reply_error(header, error, &"no such unit").await
                    }
                }
            }
            "StartUnit" | "StopUnit" => self.job(connection, header, method, first, job).await,
            "FreezeUnit" => self.set(connection, header, first, "FreezerState", "frozen").await,
            "ThawUnit" => self.set(connection, header, first, "FreezerState", "running").await,
            "Reload" => connection.reply(header, &()).await,
            "EnableUnitFiles" | "DisableUnitFiles" | "MaskUnitFiles" | "UnmaskUnitFiles" => {
                let files: Vec<String> = files_of(call);
                self.state.lock().enable(method, &files);
                let changes: Vec<(String, String, String)> = Vec::new();
                match method {
                    "EnableUnitFiles" => connection.reply(header, &(true, changes)).await,
                    _ => connection.reply(header, &changes).await,
                }
            }
            _ => {
                let error = "org.freedesktop.DBus.Error.UnknownMethod";
                connection.reply_error(header, error, &method).await
            }
        }
    }

    async fn set(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        unit: &str,
        property: &'static str,
        value: &str,
    ) -> zbus::Result<()> {
        self.state.lock().units.get_mut(unit).unwrap().set(property, value);
        connection.reply(header, &()).await
    }

    /// A job, and the signals of its end and of another one's of the same unit.
    async fn job(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        method: &str,
        unit: &str,
        answer: Option<Answer>,
    ) -> zbus::Result<()> {
        let (id, is_subscribed) = {
            let mut state = self.state.lock();
            state.jobs += 2;
            (state.jobs, state.is_subscribed)
        };
        let result = match answer {
            Some(Answer::Job(result)) => result,
            _ => "done",
        };
        let job = |id: u32| format!("/org/freedesktop/systemd1/job/{id}");
        let end = async |id: u32, result: &str| {
            let path = ObjectPath::try_from(job(id)).unwrap();
            let body = (id, path, unit, result);
            match is_subscribed {
                true => {
                    let to = None::<&str>;
                    connection.emit_signal(to, MANAGER_PATH, MANAGER, "JobRemoved", &body).await
                }
                // Without a subscription there is no signal, and its waiter waits until the timeout.
                false => {
                    self.clock.expire();
                    Ok(())
                }
            }
        };
        if result == "done" && !matches!(answer, Some(Answer::LateJob)) {
            let active = if method == "StartUnit" { "active" } else { "inactive" };
            self.state.lock().units.get_mut(unit).unwrap().set("ActiveState", active);
        }
        end(id - 1, "canceled").await?;
        let answered = ObjectPath::try_from(job(id)).unwrap();
        match answer {
            Some(Answer::EarlyJob) => {
                end(id, result).await?;
                connection.reply(header, &answered).await
            }
            Some(Answer::LateJob) => {
                connection.reply(header, &answered).await?;
                // Sent after the answer: who reads it has read that.
                end(id + 1, "canceled").await?;
                self.clock.expire();
                Ok(())
            }
            _ => {
                connection.reply(header, &answered).await?;
                end(id, result).await
            }
        }
    }
}

impl State {
    fn files(&self) -> Vec<(String, &'static str)> {
        let file = |(name, unit): (&String, &MockUnit)| {
            Some((format!("/usr/lib/systemd/system/{name}"), unit.file?))
        };
        let alias = |name: &String| (format!("/etc/systemd/system/{name}"), "alias");
        let template = ("/usr/lib/systemd/system/getty@.service".to_owned(), "enabled");
        let files = self.units.iter().filter_map(file).chain(self.aliases.keys().map(alias));
        files.chain([template]).collect()
    }

    fn listed(&self) -> Vec<ListedUnit> {
        let none = || ObjectPath::try_from("/").unwrap();
        let entry = |name: &str, description: String, load: String, active: String| {
            let (sub, followed, job) = ("dead".to_owned(), String::new(), String::new());
            (name.to_owned(), description, load, active, sub, followed, path(name), 0, job, none())
        };
        let loaded = self.units.iter().filter(|(_, unit)| unit.is_loaded);
        let mut units: Vec<_> = loaded
            .map(|(name, unit)| {
                let text = |property| unit.text(property);
                entry(name, text("Description"), text("LoadState"), text("ActiveState"))
            })
            .collect();
        let missing = "mentioned.service";
        units.push(entry(missing, missing.to_owned(), "not-found".into(), "inactive".into()));
        units
    }

    fn properties(
        &self,
        object: &str,
        interface: &str,
    ) -> Option<HashMap<&'static str, OwnedVariant>> {
        let names = self.units.keys().chain(&self.asked_for);
        let name = names.into_iter().find(|name| path(name).as_str() == object)?;
        let real = self.aliases.get(name).unwrap_or(name);
        let Some(unit) = self.units.get(real) else {
            let missing = MockUnit::new(name, "inactive").unit("LoadState", "not-found".to_owned());
            return Some(missing.unit("Id", name.clone()).unit);
        };
        let properties = if interface.ends_with(".Service") { &unit.service } else { &unit.unit };
        let copy =
            |(&name, value): (&&'static str, &OwnedVariant)| (name, value.try_clone().unwrap());
        Some(properties.iter().map(copy).collect())
    }

    fn enable(&mut self, method: &str, files: &[String]) {
        for file in files {
            let unit = self.units.get_mut(file).unwrap();
            let state = match (method, unit.file) {
                // It does not say what it would be enabled for.
                ("EnableUnitFiles" | "DisableUnitFiles", Some("static")) => "static",
                ("EnableUnitFiles", _) => "enabled",
                ("DisableUnitFiles", _) => "disabled",
                ("UnmaskUnitFiles", Some("masked")) => "disabled",
                ("UnmaskUnitFiles", state) => state.unwrap_or_default(),
                _ => "masked",
            };
            unit.file = Some(state);
            unit.set("UnitFileState", state);
        }
    }
}

/// The first argument, where it is a text or a list of texts.
fn first_argument(call: &Message) -> String {
    let body = call.body();
    let fields = body.deserialize::<zbus::Structure<'_>>();
    match fields.as_ref().ok().and_then(|fields| fields.fields().first()) {
        Some(Variant::Str(text)) => text.as_str().to_owned(),
        _ => files_of(call).join(" "),
    }
}

fn files_of(call: &Message) -> Vec<String> {
    let body = call.body();
    let Ok(fields) = body.deserialize::<zbus::Structure<'_>>() else { return Vec::new() };
    let Some(Variant::Array(files)) = fields.fields().first() else { return Vec::new() };
    let text = |file: &Variant<'_>| match file {
        Variant::Str(text) => Some(text.as_str().to_owned()),
        _ => None,
    };
    files.inner().iter().filter_map(text).collect()
}

/// The object of a unit, its name spelled as systemd spells it.
fn path(name: &str) -> ObjectPath<'static> {
    let spell = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
        _ => format!("_{byte:02x}"),
    };
    let spelled: String = name.bytes().map(spell).collect();
    ObjectPath::try_from(format!("/org/freedesktop/systemd1/unit/{spelled}")).unwrap()
}

/// A timeout that the test ends; it passes at once.
#[derive(Clone, Default)]
struct Clock(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    is_over: bool,
    wakers: Vec<Waker>,
}

impl Clock {
    fn timer(&self) -> host::bus::Timer {
        let clock = self.clone();
        Arc::new(move |_| Box::pin(clock.clone()))
    }

    fn expire(&self) {
        let mut waiting = self.0.lock();
        waiting.is_over = true;
        waiting.wakers.drain(..).for_each(Waker::wake);
    }
}

impl Future for Clock {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.0.lock();
        if waiting.is_over {
            return Poll::Ready(());
        }
        waiting.wakers.push(context.waker().clone());
        Poll::Pending
    }
}
