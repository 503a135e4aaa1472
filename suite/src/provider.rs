//! A native provider for tests: it has a few instances, and keeps a log of its calls.
//!
//! It never filters, whatever it declares about predicates: filtering that a test observes is done
//! by the core. Its failures are requested by the test. Also here: how providers are registered.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use cim::status::{WBEM_E_NOT_FOUND, WBEM_E_UNSUPPORTED_PUT_EXTENSION};
use cim::{Class, Instance, Object, ObjectPath, Result, Value};
use wbem::provider::Predicate;
use wbem::sink::Requirement;
use wbem::{
    Completion, EnumerationRequest, Flags, Initialization, InstanceProvider, MethodCall,
    MethodProvider, PartialPut, ProviderContext, ProviderInterfaces, Pushdown, QueryText, Sink,
    Wanted,
};

use crate::text;

/// The values that an instance has, by property.
pub type Values = Vec<(&'static str, Value)>;

/// How a provider is made when it is initialized.
pub type Make = Box<dyn Fn(&Initialization) -> Result<ProviderInterfaces> + Send + Sync>;

/// A registration for all operations on instances: its class, and the properties of its instance.
pub const INSTANCES: (&str, &str) = (
    "__InstanceProviderRegistration",
    "SupportsGet = TRUE; SupportsEnumeration = TRUE; SupportsPut = TRUE; SupportsDelete = TRUE;",
);

/// A registration for methods.
pub const METHODS: (&str, &str) = ("__MethodProviderRegistration", "");

/// Returns the MOF that registers the provider `name`, with an instance of each class in
/// `registrations`. Texts of several providers can be compiled together.
pub fn registration(name: &str, clsid: &str, registrations: &[(&str, &str)]) -> String {
    let mut mof =
        format!("instance of __Win32Provider {{ Name = \"{name}\"; CLSID = \"{clsid}\"; }};\n");
    for (class, properties) in registrations {
        mof += &format!(
            "instance of {class}\n\
             {{ provider = \"__Win32Provider.Name=\\\"{name}\\\"\"; {properties} }};\n"
        );
    }
    mof
}

/// Returns how a provider of instances and methods is made: each namespace gets the same one.
pub fn instances_and_methods(
    provider: Arc<impl InstanceProvider + MethodProvider + 'static>,
) -> Make {
    Box::new(move |_| {
        let (instances, methods) = (Some(provider.clone() as _), Some(provider.clone() as _));
        Ok(ProviderInterfaces { instances, methods, ..ProviderInterfaces::default() })
    })
}

/// A provider that calls a function and then succeeds, if the function does: a get returns an
/// instance with the keys of its path, an enumeration has no instances, a method returns 0.
pub struct After<F>(pub F);

impl<F> InstanceProvider for After<F>
where
    F: Fn(&ProviderContext) -> Result<()> + Send + Sync,
{
    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        _: &Wanted,
        context: &ProviderContext,
    ) -> Result<Instance> {
        (self.0)(context)?;
        Ok(Instance::with_keys(class, keys))
    }

    fn enumerate(&self, _: &EnumerationRequest<'_>, context: &ProviderContext, sink: Sink) {
        sink.complete((self.0)(context).and(wbem::COMPLETE));
    }
}

impl<F> MethodProvider for After<F>
where
    F: Fn(&ProviderContext) -> Result<()> + Send + Sync,
{
    fn exec_method(
        &self,
        call: &MethodCall<'_>,
        context: &ProviderContext,
    ) -> Result<Option<Instance>> {
        (self.0)(context)?;
        call.outcome(0u32, &[])
    }
}

/// What the provider does when it is called.
#[derive(Clone, Debug, Default)]
pub enum Conduct {
    /// What is expected of it.
    #[default]
    Serve,
    /// It panics.
    Panic,
    /// It drops its sink without a final status.
    DropSink,
    /// It does what it is asked and ends with this; before an error it delivers nothing.
    End(Completion),
    /// It delivers from another thread, after its call has returned.
    OtherThread,
    /// It delivers instances of a class that it made, even if with the same name.
    OtherClass,
    /// It asks the core to filter the first two instances, and no more after them.
    FilterFirstTwo,
    /// It answers nothing until the gate is opened.
    WaitAt(Gate),
    /// It delivers its instances and then waits at the gate before it ends.
    EndAt(Gate),
    /// It does this first, with the context that it has.
    First(fn(&ProviderContext) -> Result<()>),
    /// It ends a query with this; before a success it delivers all its instances.
    AnswerQuery(Completion),
    /// It has partial puts.
    PutPartly,
    /// It returns this path for the object of a put.
    NameAs(&'static str),
}

/// A gate at which providers wait until a test opens it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Gate {
    /// Lets all callers pass, now and later.
    pub fn open(&self) {
        lock(&self.0.0).0 = true;
        self.0.1.notify_all();
    }

    /// Waits until `count` callers are waiting at it or have passed.
    pub fn wait_for(&self, count: usize) {
        let mut state = lock(&self.0.0);
        while state.1 < count {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until it is open.
    pub fn pass(&self) {
        let mut state = lock(&self.0.0);
        state.1 += 1;
        self.0.1.notify_all();
        while !state.0 {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The provider.
pub struct TestProvider {
    instances: Mutex<Vec<Values>>,
    says: Vec<(&'static str, Pushdown)>,
    conduct: Conduct,
    log: Log,
}

/// What a provider was asked, in order.
#[derive(Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    /// What each line begins with, where several providers write.
    name: String,
}

impl Log {
    /// The calls since the last time, a line each.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.lines))
    }

    /// The same log, for a writer whose lines begin with `name`.
    pub fn named(&self, name: &str) -> Log {
        Log { lines: self.lines.clone(), name: format!("{name} ") }
    }

    /// Writes a line.
    pub fn write(&self, line: String) {
        lock(&self.lines).push(self.name.clone() + &line);
    }
}

impl TestProvider {
    /// A provider of these instances, which ignores predicates.
    pub fn new(instances: Vec<Values>) -> Self {
        TestProvider {
            instances: Mutex::new(instances),
            says: Vec::new(),
            conduct: Conduct::default(),
            log: Log::default(),
        }
    }

    /// It declares this for predicates over `property`.
    pub fn says(mut self, property: &'static str, pushdown: Pushdown) -> Self {
        self.says.push((property, pushdown));
        self
    }

    /// It behaves so from its first call on.
    pub fn conduct(mut self, conduct: Conduct) -> Self {
        self.conduct = conduct;
        self
    }

    /// Its log.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// It writes into `log`, which it shares with others, each line after its `name`.
    pub fn logging_as(mut self, name: &str, log: &Log) -> Self {
        self.log = log.named(name);
        self
    }

    /// How it is made: each namespace gets the same one.
    pub fn factory(self) -> Make {
        let provider = Arc::new(self);
        Box::new(move |initialization| {
            provider.log.write(format!("initialize {}", initialization.namespace));
            Ok(ProviderInterfaces::instances(provider.clone()))
        })
    }

    /// Writes the log, then does what the test requested or returns.
    fn begin(&self, asked: String, context: &ProviderContext) -> Result<()> {
        let mut values: Vec<String> = context
            .values()
            .map(|(name, value)| format!("{name}={}", text::value(value)))
            .collect();
        values.sort();
        let with =
            if values.is_empty() { String::new() } else { format!(" with {}", values.join(" ")) };
        self.log.write(asked + &with);
        match &self.conduct {
            Conduct::First(first) => first(context),
            Conduct::Panic => panic!("the test makes the provider panic"),
            Conduct::End(Err(error)) => Err(error.clone()),
            Conduct::WaitAt(gate) => {
                gate.pass();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn instances(&self, class: &Arc<Class>) -> Vec<Instance> {
        let other =
            || Class::derive(class.declaration().clone(), class.superclass().cloned(), None);
        let class = match self.conduct {
            Conduct::OtherClass => &other().expect("a class like the one asked for"),
            _ => class,
        };
        let with_values = |values: &Values| {
            let mut instance = Instance::new(class.clone());
            for (name, value) in values {
                instance.put(name, value).expect("a value that suits the property");
            }
            instance
        };
        lock(&self.instances).iter().map(with_values).collect()
    }
}

impl InstanceProvider for TestProvider {
    fn pushdown(&self, class: &Class, predicate: &Predicate) -> Pushdown {
        let name = &class.properties()[predicate.slot].name;
        let said = self.says.iter().find(|(property, _)| name.is(property));
        said.map_or(Pushdown::Unsupported, |(_, pushdown)| *pushdown)
    }

    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        wanted: &Wanted,
        context: &ProviderContext,
    ) -> Result<Instance> {
        let (asked, wanted) = (self::keys(class, keys), self::wanted(class, wanted));
        self.begin(format!("get {} {asked} wanted {wanted}", class.name()), context)?;
        let found = self.instances(class).into_iter().find(|i| self::keys(class, &key(i)) == asked);
        found.ok_or_else(|| WBEM_E_NOT_FOUND.into())
    }

    fn enumerate(
        &self,
        request: &EnumerationRequest<'_>,
        context: &ProviderContext,
        mut sink: Sink,
    ) {
        let EnumerationRequest { class, wanted, predicates } = request;
        let conditions: Vec<String> = predicates.iter().map(|p| predicate(class, p)).collect();
        let noted = if conditions.is_empty() {
            String::new()
        } else {
            format!(" where {}", conditions.join(" and "))
        };
        let wanted = self::wanted(class, wanted);
        let asked = format!("enumerate {}{noted} wanted {wanted}", class.name());
        if let Err(e) = self.begin(asked, context) {
            return sink.complete(Err(e));
        }
        let instances = self.instances(class);
        match &self.conduct {
            Conduct::OtherThread => {
                let log = self.log.clone();
                std::thread::spawn(move || deliver(instances, &log, &mut sink).end(sink));
            }
            Conduct::FilterFirstTwo => {
                let (first, rest) = instances.split_at(2);
                sink.requirements(Requirement::StartPostfilter);
                deliver(first.to_vec(), &self.log, &mut sink);
                sink.requirements(Requirement::StopPostfilter);
                deliver(rest.to_vec(), &self.log, &mut sink).end(sink);
            }
            Conduct::DropSink => {
                deliver(instances, &self.log, &mut sink);
            }
            Conduct::End(completion) => {
                deliver(instances, &self.log, &mut sink);
                sink.complete(completion.clone());
            }
            Conduct::EndAt(gate) => {
                let delivered = deliver(instances, &self.log, &mut sink);
                gate.pass();
                delivered.end(sink);
            }
            _ => deliver(instances, &self.log, &mut sink).end(sink),
        }
    }

    fn query(&self, query: &QueryText<'_>, context: &ProviderContext, mut sink: Sink) {
        let answer = match &self.conduct {
            Conduct::AnswerQuery(answer) => answer.clone(),
            _ => wbem::COMPLETE,
        };
        let begun = self.begin(format!("query {} {}", query.class.name(), query.text), context);
        match begun.and(answer) {
            Ok(status) => {
                deliver(self.instances(query.class), &self.log, &mut sink);
                sink.complete(Ok(status));
            }
            Err(e) => sink.complete(Err(e)),
        }
    }

    fn put(
        &self,
        instance: &Instance,
        flags: Flags,
        context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        let object = text::object(&Object::Instance(instance.clone()));
        self.begin(format!("put {object} flags {:#x}", flags.bits()), context)?;
        match &self.conduct {
            Conduct::NameAs(path) => Ok(Some(path.parse()?)),
            _ => Ok(None),
        }
    }

    fn put_partial(
        &self,
        instance: &Instance,
        partial: &PartialPut,
        flags: Flags,
        context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        if !matches!(self.conduct, Conduct::PutPartly) {
            return Err(WBEM_E_UNSUPPORTED_PUT_EXTENSION.into());
        }
        let object = text::object(&Object::Instance(instance.clone()));
        let slots = self::wanted(instance.class(), &Wanted::Slots(partial.slots.clone()));
        let PartialPut { strict_nulls, atomic, .. } = partial;
        let flags = flags.bits();
        let asked = format!(
            "put {slots} of {object} strict {strict_nulls} atomic {atomic} flags {flags:#x}"
        );
        self.begin(asked, context)?;
        Ok(None)
    }

    fn delete(&self, class: &Arc<Class>, keys: &[Value], context: &ProviderContext) -> Result<()> {
        self.begin(format!("delete {} {}", class.name(), self::keys(class, keys)), context)
    }
}

/// Everything was delivered, or the client stopped: the result is complete in both cases.
struct Delivered;

impl Delivered {
    fn end(self, sink: Sink) {
        sink.complete(wbem::COMPLETE);
    }
}

/// Delivers one by one, so that a client can stop anywhere.
fn deliver(instances: Vec<Instance>, log: &Log, sink: &mut Sink) -> Delivered {
    for (before, instance) in instances.into_iter().enumerate() {
        if sink.indicate(vec![Object::Instance(instance)]).is_break() {
            log.write(format!("stopped at instance {}", before + 1));
            break;
        }
    }
    Delivered
}

fn key(instance: &Instance) -> Vec<Value> {
    instance.class().keys().iter().map(|&slot| instance.value(slot.into()).clone()).collect()
}

fn keys(class: &Class, values: &[Value]) -> String {
    let named = class.keys().iter().zip(values).map(|(&slot, value)| {
        format!("{}={}", class.properties()[usize::from(slot)].name, text::value(value))
    });
    named.collect::<Vec<_>>().join(",")
}

fn wanted(class: &Class, wanted: &Wanted) -> String {
    match wanted {
        Wanted::All => "all".to_owned(),
        Wanted::Slots(slots) => {
            let mut names: Vec<&str> =
                slots.iter().map(|&slot| class.properties()[slot].name.as_str()).collect();
            names.sort_unstable();
            names.join(",")
        }
    }
}

fn predicate(class: &Class, predicate: &Predicate) -> String {
    let name = &class.properties()[predicate.slot].name;
    format!("{name} {} {}", predicate.comparison.symbol(), text::value(&predicate.value))
}

/// A panic of another holder leaves these values consistent: they are only moved in and out.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
