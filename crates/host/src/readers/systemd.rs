//! systemd over D-Bus: the list of services, the properties of each, and jobs.
//!
//! Speaks the interfaces of org.freedesktop.systemd1(5) and interprets nothing: classes give the
//! properties a meaning. A connection lasts for one query or method. All calls
//! wait for their answer, each at most as long as [`crate::readers::bus`] allows.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use serde::Serialize;
use zbus::{
    Array, Connection, DynamicType, MatchRule, Message, MessageStream, OwnedObjectPath,
    OwnedVariant, Structure, Variant,
};

use crate::readers::bus::{Bus, Failure};
use crate::readers::needs::Needs;

/// The properties that all units have. Those of services come with them.
pub(crate) const UNIT: Needs = Needs::bit(0);
/// The properties that services have.
pub(crate) const SERVICE: Needs = Needs::bit(1);

/// How long a job may take before its caller gets an error: as long as Windows gives a
/// service to start.
const JOB_LIMIT: Duration = Duration::from_secs(30);

/// systemd's name on the bus.
pub(crate) const NAME: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT_INTERFACE: &str = "org.freedesktop.systemd1.Unit";
const SERVICE_INTERFACE: &str = "org.freedesktop.systemd1.Service";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// How the names of units end that are services.
const SUFFIX: &str = ".service";

/// There is no unit of this name.
pub(crate) const NO_SUCH_UNIT: &str = "org.freedesktop.systemd1.NoSuchUnit";
/// A name that no unit can have.
const INVALID_ARGUMENTS: &str = "org.freedesktop.DBus.Error.InvalidArgs";
/// The object of a unit that has been forgotten meanwhile.
const UNKNOWN_OBJECT: &str = "org.freedesktop.DBus.Error.UnknownObject";

/// systemd, for one query or method.
pub(crate) struct Systemd<'a> {
    bus: &'a Bus,
    connection: Connection,
}

/// The services there are by name, without its ending; those that are loaded have an object.
pub(crate) type Names = BTreeMap<String, Option<OwnedObjectPath>>;

/// A service, and its requested properties.
pub(crate) struct Service {
    /// Its name, without the ending.
    pub(crate) name: String,
    /// The properties that all units have.
    pub(crate) unit: Properties,
    /// The properties that services have.
    pub(crate) service: Properties,
}

/// Properties of an object by name; those that were not requested, or that this version of systemd
/// does not have, are missing.
#[derive(Default)]
pub(crate) struct Properties(HashMap<String, OwnedVariant>);

/// A change of a service's state.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    Start,
    Stop,
}

/// Whether a unit is started with the system, or can be at all, in systemd's words.
#[derive(Clone, Copy)]
pub(crate) enum Enabling {
    Enabled,
    Disabled,
    Masked,
}

impl<'a> Systemd<'a> {
    /// Connects to systemd; `None` where no bus answers. Whether systemd is on the bus is
    /// only known from the first answer.
    pub(crate) fn connect(bus: &'a Bus) -> Result<Option<Self>, Failure> {
        match zbus::block_on(bus.connect()) {
            Ok(connection) => Ok(Some(Systemd { bus, connection })),
            Err(Failure::Absent(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The services that are installed or loaded; none where systemd's name is not on the
    /// bus. Templates are none, nor are further names of the same service.
    pub(crate) fn names(&self) -> Result<Names, Failure> {
        match zbus::block_on(self.list()) {
            Err(Failure::Absent(_)) => Ok(Names::new()),
            listed => listed,
        }
    }

    /// Reads what `needs` names of services; those that no longer exist are left out.
    pub(crate) fn read(
        &self,
        names: &[(String, Option<OwnedObjectPath>)],
        needs: Needs,
    ) -> Result<Vec<Service>, Failure> {
        zbus::block_on(async {
            let mut services = Vec::with_capacity(names.len());
            for (name, path) in names {
                services.extend(self.service(name, path.as_ref(), needs).await?);
            }
            Ok(services)
        })
    }

    /// The service of this name, without the ending and without regard to case; `None` where there
    /// is none. The name is looked up as it is written; all are listed only where that
    /// fails.
    pub(crate) fn find(&self, name: &str, needs: Needs) -> Result<Option<Service>, Failure> {
        let find = async {
            // Without its properties it is not known whether it is there.
            let needs = needs | UNIT;
            if let Some(service) = self.service(name, None, needs).await? {
                return Ok(Some(service));
            }
            let names = self.list().await?;
            match names.iter().find(|(other, _)| cim::name::eq(other, name)) {
                Some((name, path)) => self.service(name, path.as_ref(), needs).await,
                None => Ok(None),
            }
        };
        match zbus::block_on(find) {
            Err(Failure::Absent(_)) => Ok(None),
            found => found,
        }
    }

    /// The properties of the units of these whole names.
    pub(crate) fn units(&self, names: &[&str]) -> Result<Vec<Properties>, Failure> {
        zbus::block_on(async {
            let mut units = Vec::with_capacity(names.len());
            for name in names {
                let path = self.load(name).await?;
                units.push(self.properties(&path, UNIT_INTERFACE).await?);
            }
            Ok(units)
        })
    }

    /// Starts or stops a service and waits for the job; returns its result in systemd's words.
    /// After the time limit the job continues.
    pub(crate) fn change(&self, name: &str, change: Change) -> Result<String, Failure> {
        let method = match change {
            Change::Start => "StartUnit",
            Change::Stop => "StopUnit",
        };
        let unit = format!("{name}{SUFFIX}");
        zbus::block_on(async {
            // Before the job begins, or its end could be missed.
            let mut ends = self.job_ends(&unit).await?;
            let answer = self.manager(method, &(unit.as_str(), "replace")).await?;
            let job: OwnedObjectPath = decode(method, &answer)?;
            let end = self.bus.within(JOB_LIMIT, result(&mut ends, &job)).await;
            end.unwrap_or_else(|| Err(Failure::TimedOut(format!("{method} of {unit}"))))
        })
    }

    /// Suspends all processes of a service, or lets them run again.
    pub(crate) fn freeze(&self, name: &str, is_frozen: bool) -> Result<(), Failure> {
        let method = if is_frozen { "FreezeUnit" } else { "ThawUnit" };
        let unit = format!("{name}{SUFFIX}");
        zbus::block_on(self.manager(method, &unit.as_str())).map(drop)
    }

    /// Changes permanently whether a service is started with the system, and makes systemd reload its
    /// files. Success does not mean that the new state has been reached.
    pub(crate) fn enable(&self, name: &str, enabling: Enabling) -> Result<(), Failure> {
        const FOR_GOOD: bool = false;
        const KEEP_OTHER_FILES: bool = false;
        let unit = format!("{name}{SUFFIX}");
        let units = [unit.as_str()];
        zbus::block_on(async {
            match enabling {
                Enabling::Enabled => {
                    self.manager("UnmaskUnitFiles", &(&units[..], FOR_GOOD)).await?;
                    let files = (&units[..], FOR_GOOD, KEEP_OTHER_FILES);
                    self.manager("EnableUnitFiles", &files).await?;
                }
                Enabling::Disabled => {
                    self.manager("UnmaskUnitFiles", &(&units[..], FOR_GOOD)).await?;
                    self.manager("DisableUnitFiles", &(&units[..], FOR_GOOD)).await?;
                }
                Enabling::Masked => {
                    let files = (&units[..], FOR_GOOD, KEEP_OTHER_FILES);
                    self.manager("MaskUnitFiles", &files).await?;
                }
            }
            self.manager("Reload", &()).await.map(drop)
        })
    }

    async fn list(&self) -> Result<Names, Failure> {
        let (no_states, services): (&[&str], &[&str]) = (&[], &["*.service"]);
        let files = self.manager("ListUnitFilesByPatterns", &(no_states, services)).await?;
        let units = self.manager("ListUnitsByPatterns", &(no_states, services)).await?;
        let files: Vec<(String, String)> = decode("ListUnitFilesByPatterns", &files)?;
        let installed = files.iter().filter(|(_, state)| state != "alias");
        let installed = installed.map(|(file, _)| file.rsplit('/').next().unwrap_or(file));
        let mut names: Names =
            installed.filter_map(|file| Some((service_name(file)?, None))).collect();
        let units: Vec<ListedUnit> = decode("ListUnitsByPatterns", &units)?;
        // One that is only mentioned by others is listed too.
        let loaded = units.into_iter().filter(|unit| unit.2 != "not-found");
        names.extend(loaded.filter_map(|unit| Some((service_name(&unit.0)?, Some(unit.6)))));
        Ok(names)
    }

    async fn service(
        &self,
        name: &str,
        path: Option<&OwnedObjectPath>,
        needs: Needs,
    ) -> Result<Option<Service>, Failure> {
        let mut service = Service {
            name: name.to_owned(),
            unit: Properties::default(),
            service: Properties::default(),
        };
        if !needs.intersects(UNIT | SERVICE) {
            return Ok(Some(service));
        }
        match self.fill(&mut service, path, needs).await {
            Ok(()) => {}
            Err(failure) if is_gone(&failure) => return Ok(None),
            Err(failure) => return Err(failure),
        }
        // A unit that is not there is loaded all the same, and says so. Another name of a unit
        // leads to that unit.
        let is_there = service.unit.text("LoadState") != Some("not-found");
        let is_called_so = service.unit.text("Id").and_then(service_name).as_deref() == Some(name);
        Ok((is_there && is_called_so).then_some(service))
    }

    async fn fill(
        &self,
        service: &mut Service,
        path: Option<&OwnedObjectPath>,
        needs: Needs,
    ) -> Result<(), Failure> {
        let path = match path {
            Some(path) => path.clone(),
            None => self.load(&format!("{}{SUFFIX}", service.name)).await?,
        };
        service.unit = self.properties(&path, UNIT_INTERFACE).await?;
        if needs.contains(SERVICE) {
            service.service = self.properties(&path, SERVICE_INTERFACE).await?;
        }
        Ok(())
    }

    /// The object of the unit of this whole name.
    async fn load(&self, unit: &str) -> Result<OwnedObjectPath, Failure> {
        decode("LoadUnit", &self.manager("LoadUnit", &unit).await?)
    }

    async fn properties(
        &self,
        path: &OwnedObjectPath,
        interface: &str,
    ) -> Result<Properties, Failure> {
        let answer = self.call(path.as_str(), PROPERTIES, "GetAll", &interface).await?;
        decode("GetAll", &answer).map(Properties)
    }

    /// The ends of the jobs of a unit, from now on.
    async fn job_ends(&self, unit: &str) -> Result<MessageStream, Failure> {
        // systemd sends signals only while a client has subscribed.
        self.manager("Subscribe", &()).await?;
        let subscribe = async {
            let rule = MatchRule::builder()
                .msg_type(zbus::message::Type::Signal)
                .sender(NAME)
                .interface(MANAGER)
                .member("JobRemoved")
                .arg(2, unit)
                .build()?;
            MessageStream::for_match_rule(rule, &self.connection, None).await
        };
        self.bus.call("AddMatch", subscribe).await
    }

    async fn manager(
        &self,
        method: &str,
        body: &(impl Serialize + DynamicType),
    ) -> Result<Message, Failure> {
        self.call(MANAGER_PATH, MANAGER, method, body).await
    }

    async fn call(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &(impl Serialize + DynamicType),
    ) -> Result<Message, Failure> {
        let call = self.connection.call_method(Some(NAME), path, Some(interface), method, body);
        self.bus.call(&format!("systemd's {method}"), call).await
    }
}

/// An entry of the list of units: name; description; load state; active state and sub-state; the
/// unit that it follows; object; and the number, type and object of its job.
type ListedUnit =
    (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

/// The name of a service without its ending; `None` for templates and for other units.
fn service_name(unit: &str) -> Option<String> {
    let name = unit.strip_suffix(SUFFIX)?;
    (!name.ends_with('@')).then(|| name.to_owned())
}

/// Whether there is nothing under the name, or not any more.
fn is_gone(failure: &Failure) -> bool {
    [NO_SUCH_UNIT, INVALID_ARGUMENTS, UNKNOWN_OBJECT].iter().any(|error| failure.is(error))
}

/// Decodes an answer.
fn decode<T>(what: &str, answer: &Message) -> Result<T, Failure>
where
    T: serde::de::DeserializeOwned + zbus::Type,
{
    let read = answer.body().deserialize();
    read.map_err(|error| Failure::Broken(format!("the answer to systemd's {what}: {error}")))
}

/// The result of `job`, once it has ended.
async fn result(ends: &mut MessageStream, job: &OwnedObjectPath) -> Result<String, Failure> {
    loop {
        let end = poll_fn(|context| Pin::new(&mut *ends).poll_next(context)).await;
        let end = match end {
            Some(end) => end.map_err(|error| Failure::of("JobRemoved", error))?,
            None => return Err(Failure::Broken("D-Bus broke off before the job ended".to_owned())),
        };
        let (_, ended, _, result): (u32, OwnedObjectPath, String, String) =
            decode("JobRemoved", &end)?;
        if ended == *job {
            return Ok(result);
        }
    }
}

impl Properties {
    fn value(&self, name: &str) -> Option<&Variant<'_>> {
        self.0.get(name).map(|value| &**value)
    }

    /// Whether the property is present, even if empty.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text; `None` also where it is empty, as systemd writes what it has no text for.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Variant::Str(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Variant::Bool(is_true) => Some(*is_true),
            _ => None,
        }
    }

    /// A number of any width.
    pub(crate) fn number(&self, name: &str) -> Option<i128> {
        match self.value(name)? {
            Variant::I32(number) => Some((*number).into()),
            Variant::U32(number) => Some((*number).into()),
            Variant::U64(number) => Some((*number).into()),
            _ => None,
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        self.value(name).and_then(array).map(texts).unwrap_or_default()
    }

    /// The path and the arguments of the first of a list of commands, such as `ExecStart`. The
    /// first argument is the name under which it runs.
    pub(crate) fn command(&self, name: &str) -> Option<(&str, Vec<&str>)> {
        let first = array(self.value(name)?)?.inner().first()?;
        let Variant::Structure(command) = first else { return None };
        let (path, arguments) = command_of(command)?;
        Some((path, arguments))
    }
}

fn command_of<'a>(command: &'a Structure<'_>) -> Option<(&'a str, Vec<&'a str>)> {
    match command.fields() {
        [Variant::Str(path), Variant::Array(arguments), ..] => {
            Some((path.as_str(), texts(arguments)))
        }
        _ => None,
    }
}

fn array<'a, 'v>(value: &'a Variant<'v>) -> Option<&'a Array<'v>> {
    match value {
        Variant::Array(array) => Some(array),
        _ => None,
    }
}

fn texts<'a>(array: &'a Array<'_>) -> Vec<&'a str> {
    let text = |value: &'a Variant<'_>| match value {
        Variant::Str(text) => Some(text.as_str()),
        _ => None,
    };
    array.inner().iter().filter_map(text).collect()
}
