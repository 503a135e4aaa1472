//! A small WMI for tests: a temporary repository with an object manager, and no host.
//!
//! Tests call it through `wbem::Services` and `wbem::MofCompiler`, as any client does. Runs do not
//! differ: the server is called `HOST`, its clocks are an hour east of UTC, and GUIDs are counted.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cim::security::Identity;
use cim::{Error, Instance, Namespace, Object, Result};
use cimom::{Cimom, Environment, WriteHooks};
use repository::{Repository, Writer};
use tempfile::TempDir;
use wbem::{
    CallContext, Client, CompileOptions, CompileReport, Flags, MofCompiler, NativeProviders,
    Operations, Protocol, ProviderResolver, Services, Sink, Transport,
};

use crate::text;

/// The namespace that a world works in.
pub const NAMESPACE: &str = r"root\test";

/// The size of a small map in bytes: what a world is made of has room in it.
const SMALL_MAP: usize = 4 << 20;

thread_local! {
    /// How many GUIDs this thread has given out since its last world was made.
    static GUIDS: Cell<u8> = const { Cell::new(0) };
}

/// A repository in a temporary directory, and the object manager over it.
pub struct World {
    manager: Arc<Cimom>,
    administrator: CallContext,
    operations: Operations,
    clock: Arc<AtomicU64>,
    /// Last, so that the repository is closed before its directory goes.
    directory: TempDir,
}

impl World {
    /// A world with the namespaces root, root\default and [`NAMESPACE`], and no provider.
    pub fn new() -> World {
        World::with_providers(NativeProviders::default())
    }

    /// The same, with providers to which MOF may bind classes.
    pub fn with_providers(providers: NativeProviders) -> World {
        World::in_directory(TempDir::new().expect("a temporary directory"), providers)
    }

    /// The same, with resolvers that find the code of others.
    pub fn with_resolvers(
        providers: NativeProviders,
        resolvers: Vec<Arc<dyn ProviderResolver>>,
    ) -> World {
        let directory = TempDir::new().expect("a temporary directory");
        let repository = Repository::create_or_open(directory.path().join("repository"));
        World::made(directory, repository, providers, resolvers)
    }

    /// The same, with a map that [`World::outgrow_its_map`] outgrows.
    pub fn with_small_map(providers: NativeProviders) -> World {
        let directory = TempDir::new().expect("a temporary directory");
        let repository =
            Repository::create_or_open_with_map(directory.path().join("repository"), SMALL_MAP);
        World::made(directory, repository, providers, Vec::new())
    }

    /// The same in a directory of the caller's.
    pub fn in_directory(directory: TempDir, providers: NativeProviders) -> World {
        let repository = Repository::create_or_open(directory.path().join("repository"));
        World::made(directory, repository, providers, Vec::new())
    }

    /// The same without providers, where these hooks take part in the writes.
    pub fn with_hooks(hooks: WriteHooks) -> World {
        let directory = TempDir::new().expect("a temporary directory");
        let repository = Repository::create_or_open(directory.path().join("repository"));
        let open = |repository, clock: &Arc<AtomicU64>| {
            Cimom::with_hooks(
                repository,
                environment(NativeProviders::default(), Vec::new(), clock),
                hooks,
            )
        };
        World::over(directory, repository, open)
    }

    fn made(
        directory: TempDir,
        repository: Result<Repository>,
        providers: NativeProviders,
        resolvers: Vec<Arc<dyn ProviderResolver>>,
    ) -> World {
        World::over(directory, repository, |repository, clock| {
            Cimom::new(repository, environment(providers, resolvers, clock))
        })
    }

    fn over(
        directory: TempDir,
        repository: Result<Repository>,
        open: impl FnOnce(Repository, &Arc<AtomicU64>) -> Arc<Cimom>,
    ) -> World {
        GUIDS.set(0);
        let administrator = CallContext::local(Arc::new(Identity::unix(0, &[0], true)));
        let clock = Arc::default();
        let manager = open(repository.expect("a repository in a temporary directory"), &clock);
        let operations = Operations::default();
        let world = World { manager, administrator, operations, clock, directory };
        for namespace in [r"root\default", NAMESPACE] {
            // The directory may hold a repository that has them.
            if world.connect(namespace).is_err() {
                world.create_namespace(namespace);
            }
        }
        world
    }

    /// Closes the repository and opens it again, with these providers.
    pub fn reopen(self, providers: NativeProviders) -> World {
        let World { manager, administrator, operations, clock, directory } = self;
        drop(manager);
        let repository = Repository::create_or_open(directory.path().join("repository"));
        let repository = repository.expect("the repository, opened again");
        let manager = Cimom::new(repository, environment(providers, Vec::new(), &clock));
        World { manager, administrator, operations, clock, directory }
    }

    /// The object manager, for what is no operation of WMI.
    pub fn manager(&self) -> &Arc<Cimom> {
        &self.manager
    }

    /// The operations that run on threads of their own.
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// A client of [`NAMESPACE`] whose calls have this context.
    pub fn client(&self, context: &CallContext) -> Client {
        Client::new(&self.operations, self.services(), context.clone())
    }

    /// Advances the world's clock.
    pub fn advance(&self, seconds: u64) {
        self.advance_milliseconds(seconds * 1000);
    }

    /// Lets the world's clock go on, by less than a second.
    pub fn advance_milliseconds(&self, milliseconds: u64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Makes a namespace in one that is there, as WMI does it: by an instance that names it.
    pub fn create_namespace(&self, path: &str) {
        let (parent, name) = path.rsplit_once('\\').expect("a namespace in another");
        let parent = self.connect(parent).expect("the namespace to make it in");
        let class = parent.get_object("__NAMESPACE", Flags::default(), &self.administrator);
        let mut instance = Instance::new(class.expect("a system class").class().clone());
        instance.put("Name", &name.into()).expect("its key");
        parent.put_instance(&instance, Flags::CREATE_ONLY, &self.administrator).expect(path);
    }

    /// Has the file outgrow its map. Then the map grows, and that it can only while nothing of the
    /// repository is held: a snapshot that stays open makes this panic.
    pub fn outgrow_its_map(&self) {
        let note = "x".repeat(SMALL_MAP / 8);
        for n in 0..16 {
            self.behind_the_back(|w| w.put_meta(&n.to_string(), Some(&note)));
        }
    }

    /// Writes to the repository as another process does, of which the object manager knows
    /// nothing.
    pub fn behind_the_back<T>(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<T>) -> T {
        self.manager.repository().write(work).expect("a write that goes well")
    }

    /// The values that hold of a singleton of root.
    pub fn configuration(&self, class: &str) -> Result<Instance> {
        self.manager.configuration(class, &self.administrator)
    }

    /// The context of calls by an administrator of this machine.
    pub fn administrator(&self) -> &CallContext {
        &self.administrator
    }

    /// A connection to [`NAMESPACE`].
    pub fn services(&self) -> Arc<dyn Services> {
        self.connect(NAMESPACE).expect("the namespace of the world")
    }

    /// A connection to any namespace.
    pub fn connect(&self, namespace: &str) -> Result<Arc<dyn Services>> {
        self.connect_as(namespace, &self.administrator)
    }

    /// The same for another caller.
    pub fn connect_as(&self, namespace: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        self.manager.connect(namespace, context)
    }

    /// Compiles `mof` into [`NAMESPACE`]. Panics where anything is wrong with it.
    pub fn compile(&self, mof: &str) {
        let report = self.try_compile(mof, Flags::default());
        let wrong = report.syntax.iter().chain(&report.storage);
        let wrong: Vec<String> = wrong.map(|d| format!("{} {}\n", d.picture, d.message)).collect();
        assert!(wrong.is_empty(), "the test's MOF does not compile:\n{}", wrong.concat());
    }

    /// Compiles `mof` into [`NAMESPACE`], `flags` for classes and instances, and tells how it
    /// went.
    pub fn try_compile(&self, mof: &str, flags: Flags) -> CompileReport {
        self.compile_text(mof, &compile_options(flags))
    }

    /// Compiles `mof` by `options` and tells how it went.
    pub fn compile_text(&self, mof: &str, options: &CompileOptions) -> CompileReport {
        let compiled =
            self.manager.compile_text("test.mof", mof.as_bytes(), options, &self.administrator);
        compiled.unwrap_or_else(|e| panic!("the compilation could not run: {e}"))
    }

    /// Compiles the files in order.
    pub fn compile_files(
        &self,
        files: &[PathBuf],
        options: &CompileOptions,
    ) -> Result<CompileReport> {
        self.manager.compile_files(files, options, &self.administrator, &mut |_, _| {})
    }

    /// The objects that a query gives, as text, in the order of their texts: WMI promises none.
    pub fn query(&self, query: &str) -> Result<Vec<String>> {
        self.query_with(query, Flags::default())
    }

    /// The same, with flags.
    pub fn query_with(&self, query: &str, flags: Flags) -> Result<Vec<String>> {
        self.objects(query, flags).map(|objects| sorted(&objects))
    }

    /// The objects that a query gives.
    pub fn objects(&self, query: &str, flags: Flags) -> Result<Vec<Object>> {
        let services = self.services();
        wbem::collect(|sink| services.exec_query("WQL", query, flags, &self.administrator, sink))
    }

    /// The object at `path`, as text.
    pub fn get(&self, path: &str) -> Result<String> {
        self.object(path).map(|object| text::object(&object))
    }

    /// The object at `path`.
    pub fn object(&self, path: &str) -> Result<Object> {
        self.services().get_object(path, Flags::default(), &self.administrator)
    }

    /// A new instance of `class` with these values. Panics where the class or a property is
    /// missing.
    pub fn instance(&self, class: &str, values: &[(&str, cim::Value)]) -> Instance {
        let found = self.object(class).expect("the class of the test's instance");
        let mut instance = Instance::new(found.class().clone());
        for (name, value) in values {
            instance.put(name, value).expect("a value that suits the property");
        }
        instance
    }

    /// Runs an operation of [`NAMESPACE`] that delivers to a sink; gives the objects as text.
    pub fn collect(
        &self,
        operation: impl FnOnce(&dyn Services, &CallContext, Sink) -> Result<()>,
    ) -> Result<Vec<String>> {
        let services = self.services();
        let run = |sink: Sink| operation(&*services, &self.administrator, sink);
        wbem::collect(run).map(|objects| sorted(&objects))
    }
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}

fn environment(
    providers: NativeProviders,
    resolvers: Vec<Arc<dyn ProviderResolver>>,
    clock: &Arc<AtomicU64>,
) -> Environment {
    let clock = clock.clone();
    Environment {
        providers,
        resolvers,
        random: counted,
        local_offset: || 60,
        clock: Arc::new(move || Duration::from_millis(clock.load(Ordering::Relaxed))),
        ..fixed_environment()
    }
}

/// An environment for an object manager without a [`World`]: no providers, a clock at zero, constant
/// random bytes, and root as the identity of the service.
pub fn fixed_environment() -> Environment {
    Environment {
        server: "HOST".into(),
        providers: NativeProviders::default(),
        resolvers: Vec::new(),
        random: || [0; 16],
        local_offset: || 0,
        identity: Arc::new(Identity::unix(0, &[0], true)),
        clock: Arc::new(|| Duration::ZERO),
    }
}

/// The bytes of the next GUID: the last byte is its number.
fn counted() -> [u8; 16] {
    let count = GUIDS.get() + 1;
    GUIDS.set(count);
    let mut bytes = [0; 16];
    bytes[15] = count;
    bytes
}

/// Options that compile into [`NAMESPACE`].
pub fn compile_options(flags: Flags) -> CompileOptions {
    let put_once = Flags::CREATE_ONLY | Flags::UPDATE_ONLY;
    CompileOptions {
        class_flags: flags,
        instance_flags: flags & put_once,
        ..CompileOptions::new(Namespace::new(NAMESPACE).expect("a namespace's name"))
    }
}

/// Objects as text, in the order of the texts.
pub fn sorted(objects: &[Object]) -> Vec<String> {
    let mut texts: Vec<String> = objects.iter().map(text::object).collect();
    texts.sort();
    texts
}

/// A caller of this machine who belongs to its users and is no administrator.
pub fn user() -> CallContext {
    CallContext::local(Arc::new(Identity::unix(1000, &[1000], false)))
}

/// A caller of another machine.
pub fn remote(caller: Arc<Identity>, encrypted: bool) -> CallContext {
    CallContext::new(caller, Transport::Remote { protocol: Protocol::Dcom, encrypted })
}

/// The symbol of the status that an error has.
pub fn symbol(error: &Error) -> &'static str {
    error.status().symbol().unwrap_or("a status without a symbol")
}
