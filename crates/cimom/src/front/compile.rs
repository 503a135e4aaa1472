//! Executes what MOF asks for: the one compiler behind the command line, the first start and,
//! later, IMofCompiler.
//!
//! Parsing gives all errors of syntax before anything is stored. Then the actions are done in
//! the order of the text, many to a transaction; where one fails, all others are done nevertheless
//! (behaviour.md G.9, J 15). Only an error of the repository, a cancellation or a deletion that had to
//! succeed ends the run.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, InstanceKey, Name, Namespace, ObjectPath, Result};
use mof::{Action, ActionKind, Compilation, Diagnostic, InstanceDeclaration, PutFlags};
use repository::NamespaceId;
use wbem::{
    CallContext, CompileOptions, CompileReport, Flags, MofCompiler, MofDiagnostic, PutAttributes,
};

use super::cimom::Cimom;
use crate::call::{AuthorizedCall, Call, NamespaceRef, access};
use crate::schema::class_rules::Rules;
use crate::source::properties;
use crate::view::View;
use crate::write::class::{ClassDelete, ClassPut};
use crate::write::{self, Edit, InstanceDelete, InstancePut};

/// How many actions share a transaction: enough that its sync does not count, few enough that
/// other writers need not wait long.
const BATCH: usize = 1000;

impl MofCompiler for Cimom {
    fn compile_files(
        &self,
        files: &[PathBuf],
        options: &CompileOptions,
        context: &CallContext,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<CompileReport> {
        let mut report = CompileReport::default();
        let mut parse_options = self.parse_options(options);
        for file in files {
            let compilation = mof::parse(&mut mof::Disk, file, &parse_options);
            let compilations = std::slice::from_ref(&compilation);
            let executor = Executor::new(self, compilations, ExistingObjects::Overwrite, context);
            executor.compile(file, options, progress, &mut report)?;
            if report.is_complete()
                && (compilation.autorecover || options.autorecover)
                && !options.check_only
                && let Err(error) = self.list(file, context)
            {
                report.warnings.push(not_listed(file, &error));
            }
            if !report.is_complete() {
                break;
            }
            parse_options.declarations = compilation.declarations;
        }
        Ok(report)
    }

    fn compile_text(
        &self,
        name: &str,
        text: &[u8],
        options: &CompileOptions,
        context: &CallContext,
    ) -> Result<CompileReport> {
        self.compile_texts(&[(name, text)], options, context)
    }
}

impl Cimom {
    /// Compiles texts in their order as if they were one, so that many share a transaction. Each
    /// is (name, text) and has its own aliases, pragmas and default flavors; where one has an error
    /// of syntax, none is stored.
    /// Errors: as [`MofCompiler::compile_text`].
    pub fn compile_texts(
        &self,
        texts: &[(&str, &[u8])],
        options: &CompileOptions,
        context: &CallContext,
    ) -> Result<CompileReport> {
        let mut report = CompileReport::default();
        let parse_options = self.parse_options(options);
        let compilations = parse_texts(texts, &parse_options);
        let executor = Executor::new(self, &compilations, ExistingObjects::Overwrite, context);
        let first = texts.first().map_or("", |(name, _)| *name);
        executor.compile(Path::new(first), options, &mut |_, _| {}, &mut report)?;
        Ok(report)
    }

    /// Compiles a file of the autorecover list again.
    pub(super) fn compile_again(
        &self,
        file: &Path,
        existing: ExistingObjects,
        options: &CompileOptions,
        context: &CallContext,
    ) -> Result<CompileReport> {
        let mut report = CompileReport::default();
        let compilation = mof::parse(&mut mof::Disk, file, &self.parse_options(options));
        let compilations = std::slice::from_ref(&compilation);
        let executor = Executor::new(self, compilations, existing, context);
        executor.compile(file, options, &mut |_, _| {}, &mut report)?;
        Ok(report)
    }

    fn parse_options(&self, options: &CompileOptions) -> mof::Options {
        mof::Options {
            server: self.runtime.core().environment().server.to_string(),
            class_flags: put_flags(options.class_flags),
            instance_flags: put_flags(options.instance_flags),
            ..mof::Options::new(options.namespace.clone())
        }
    }
}

/// Parses texts, on as many threads as there are processors; the calling thread is one of them.
fn parse_texts(texts: &[(&str, &[u8])], options: &mof::Options) -> Vec<Compilation> {
    let processors = || thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if texts.len() > 1 { processors().min(texts.len()) } else { 1 };
    let next = AtomicUsize::new(0);
    let parse = || {
        let mut parsed = Vec::new();
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let Some(&(name, text)) = texts.get(at)
        {
            let name = Path::new(name);
            parsed.push((at, mof::parse(&mut OneText { name, text }, name, options)));
        }
        parsed
    };
    let mut parsed = thread::scope(|scope| {
        // Where no thread can be had, those that there are parse everything.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, parse).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut parsed = parse();
        for other in others {
            parsed.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        parsed
    });
    parsed.sort_unstable_by_key(|(at, _)| *at);
    parsed.into_iter().map(|(_, compilation)| compilation).collect()
}

/// A text that is the only file there is.
struct OneText<'a> {
    name: &'a Path,
    text: &'a [u8],
}

impl mof::Sources for OneText<'_> {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        match path == self.name {
            true => Ok(self.text.to_vec()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// What becomes of objects that exist already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExistingObjects {
    /// What the flags say.
    Overwrite,
    /// They stay as they are: the file only supplies what is missing, and deletes nothing.
    Keep,
}

struct Executor<'a> {
    cimom: &'a Cimom,
    compilations: &'a [Compilation],
    /// The actions of all compilations.
    steps: Vec<Step<'a>>,
    existing: ExistingObjects,
    context: &'a CallContext,
    /// What the generated keys of instances with aliases are made of, by file and place, so that a
    /// reference has the key that the instance gets.
    generated: RefCell<HashMap<(*const mof::Source, u32), [u8; 16]>>,
}

/// An action, and the compilation that has its aliases and its dialect.
#[derive(Clone, Copy)]
struct Step<'a> {
    action: &'a Action,
    compilation: &'a Compilation,
}

/// Why a batch ended before its end.
enum Stop {
    /// The action failed.
    Failed(usize, Box<Failure>),
    /// The transaction could not be had, or could not end.
    Broken(usize, Box<Failure>),
    /// A provider has to do something of the action, or may have to, outside of any transaction.
    Provided(usize),
}

impl Stop {
    /// The action that it came to.
    fn at(&self) -> usize {
        let (Stop::Failed(at, _) | Stop::Broken(at, _) | Stop::Provided(at)) = self;
        *at
    }
}

/// What is wrong with an action.
struct Failure {
    diagnostic: Diagnostic,
    /// Whether the flags of the put forbid what it would do.
    is_forbidden: bool,
    /// Whether nothing more is to be done after it.
    is_final: bool,
}

impl Failure {
    fn new(diagnostic: Diagnostic) -> Box<Self> {
        let is_final = [
            WBEM_E_CALL_CANCELLED,
            WBEM_E_TIMED_OUT,
            WBEM_E_OUT_OF_DISK_SPACE,
            WBEM_E_OUT_OF_MEMORY,
            // It would be said again of each object.
            WBEM_E_INVALID_NAMESPACE,
        ]
        .contains(&diagnostic.status);
        Box::new(Failure { diagnostic, is_forbidden: false, is_final })
    }

    fn from_error(error: &cim::Error, place: &mof::Place) -> Box<Self> {
        Self::new(Diagnostic::from_error(error, place.clone()))
    }

    fn of_put(error: &cim::Error, place: &mof::Place, is_forbidden: bool) -> Box<Self> {
        Box::new(Failure { is_forbidden, ..*Self::from_error(error, place) })
    }
}

/// Whether `flags` forbid a put that failed with `error` as what they forbid does.
fn is_forbidden(flags: PutFlags, error: &cim::Error) -> bool {
    flags.create_only && error.status() == WBEM_E_ALREADY_EXISTS
        || flags.update_only && error.status() == WBEM_E_NOT_FOUND
}

/// What may follow an action.
enum Next {
    /// The next action, in the same transaction.
    Action,
    /// A new transaction: providers may have other classes than before.
    Batch,
}

/// What a batch has to know of the classes of providers, which are not asked in a transaction.
#[derive(Default)]
struct ProvidedClasses {
    /// Classes that are not stored, by namespace.
    known: Vec<(NamespaceId, Vec<Arc<Class>>)>,
    /// The first action that puts a class which a provider may have, or deletes one that may have
    /// provided ones below it. No more is known of what comes after it.
    provided: Option<usize>,
    /// The namespaces that have providers of classes.
    namespaces: Vec<Namespace>,
}

impl<'a> Executor<'a> {
    fn new(
        cimom: &'a Cimom,
        compilations: &'a [Compilation],
        existing: ExistingObjects,
        context: &'a CallContext,
    ) -> Self {
        let steps = compilations.iter().flat_map(|compilation| {
            compilation.actions.iter().map(move |action| Step { action, compilation })
        });
        let generated = RefCell::default();
        Executor { cimom, compilations, steps: steps.collect(), existing, context, generated }
    }

    fn compile(
        &self,
        file: &Path,
        options: &CompileOptions,
        progress: &mut dyn FnMut(u64, u64),
        report: &mut CompileReport,
    ) -> Result<()> {
        let diagnostics = self.compilations.iter().flat_map(|it| &it.diagnostics);
        report.syntax.extend(diagnostics.map(told));
        let warnings = self.compilations.iter().flat_map(|it| &it.warnings);
        report.warnings.extend(warnings.map(told));
        if !report.syntax.is_empty() || options.check_only {
            return Ok(());
        }
        if options.create_namespace {
            self.cimom.ensure_namespace(&options.namespace, self.context)?;
        }
        self.run(report, progress);
        let is_listed = options.autorecover || self.compilations.iter().all(|it| it.autorecover);
        if report.storage.is_empty() && !is_listed {
            report.warnings.push(no_autorecover(file));
        }
        Ok(())
    }

    /// Does all actions, and reports those that fail.
    fn run(&self, report: &mut CompileReport, progress: &mut dyn FnMut(u64, u64)) {
        let steps = &self.steps;
        let mut next = 0;
        while next < steps.len() {
            let (done, failure) = self.some(next..steps.len().min(next + BATCH));
            for step in &steps[next..done] {
                let namespace = &step.action.namespace;
                match step.action.kind {
                    ActionKind::PutClass { .. } => report.add_stored(namespace, 1, 0),
                    ActionKind::PutInstance { .. } => report.add_stored(namespace, 0, 1),
                    ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. } => {}
                }
            }
            progress(done as u64, steps.len() as u64);
            next = done;
            let Some(failure) = failure else { continue };
            report.failed += 1;
            if report.storage.len() < mof::MAX_DIAGNOSTICS {
                let is_forbidden = failure.is_forbidden;
                report.storage.push(MofDiagnostic { is_forbidden, ..told(&failure.diagnostic) });
            }
            let is_deletion = matches!(
                steps[done].action.kind,
                ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. }
            );
            if failure.is_final || is_deletion {
                return;
            }
            next += 1;
        }
    }

    /// Does the first actions of `range`, and says where it ended, and why, if that is a failure.
    fn some(&self, range: Range<usize>) -> (usize, Option<Box<Failure>>) {
        let (mut end, mut stop) = (range.end, None);
        loop {
            match self.batch(range.start..end) {
                Ok(done) if done == end => break,
                Ok(done) => return (done, None),
                Err(Stop::Broken(at, failure)) => return (at, Some(failure)),
                // What came before it was dropped with it and is done again without it.
                Err(again) => {
                    end = again.at();
                    stop = Some(again);
                }
            }
        }
        match stop {
            None => (end, None),
            Some(Stop::Failed(at, failure) | Stop::Broken(at, failure)) => (at, Some(failure)),
            Some(Stop::Provided(at)) => match self.provided(at) {
                Ok(()) => (at + 1, None),
                Err(failure) => (at, Some(failure)),
            },
        }
    }

    /// Does the actions of `range` in one transaction, all or none; or only those up to one after
    /// which providers may have other classes. Gives the end of what is done.
    fn batch(&self, range: Range<usize>) -> Result<usize, Stop> {
        if range.is_empty() {
            return Ok(range.end);
        }
        let mut stop = None;
        let provided = self.provided_classes(range.clone());
        let done = write::edit(&self.cimom.runtime, self.context, |edit| {
            provided.add_to(edit);
            for at in range.clone() {
                self.context.cancel().check()?;
                let done = match provided.provided == Some(at) {
                    true => Err(Stop::Provided(at)),
                    false => self.action(edit, at, &provided),
                };
                match done {
                    Ok(Next::Action) => {}
                    Ok(Next::Batch) => return Ok(at + 1),
                    Err(s) => {
                        stop = Some(s);
                        return Err(WBEM_E_FAILED.into());
                    }
                }
            }
            Ok(range.end)
        });
        done.map_err(|e| {
            stop.unwrap_or_else(|| {
                let place = &self.steps[range.start].action.place;
                let failure = Failure { is_final: true, ..*Failure::from_error(&e, place) };
                Stop::Broken(range.start, Box::new(failure))
            })
        })
    }

    fn action(
        &self,
        edit: &mut Edit<'_, '_>,
        at: usize,
        provided: &ProvidedClasses,
    ) -> Result<Next, Stop> {
        let step = self.steps[at];
        let action = step.action;
        let failed = |e: cim::Error| Stop::Failed(at, Failure::from_error(&e, &action.place));
        let failed_at = |d: Diagnostic| Stop::Failed(at, Failure::new(d));
        let refused = |e: cim::Error, is_forbidden: bool| {
            Stop::Failed(at, Failure::of_put(&e, &action.place, is_forbidden))
        };
        let place = edit.namespace_ref(&action.namespace).map_err(failed)?;
        let call = edit.authorize(&place, self.context).map_err(failed)?;
        if self.existing == ExistingObjects::Keep
            && self.is_there(edit, &place, step).map_err(failed)?
        {
            return Ok(Next::Action);
        }
        match &action.kind {
            ActionKind::PutClass { declaration, pending, flags, .. } => {
                call.require(access::to_write_class(), "write a class").map_err(failed)?;
                let mut declaration = declaration.clone();
                if !pending.is_empty() {
                    let mut objects = self.objects(edit, &place, step.compilation);
                    let class = Arc::make_mut(&mut declaration);
                    mof::complete_class(class, pending, &action.place, &mut objects)
                        .map_err(failed_at)?;
                }
                let name = declaration.name.clone();
                let is_new = edit.find_class(&place, &name).map_err(failed)?.is_none();
                let (namespace, bits) = (place.clone(), class_flags(*flags));
                let put = ClassPut::in_edit(call, namespace, declaration, bits, step.rules());
                // The superclass may be what is not found.
                edit.put_class(&put).map_err(|e| {
                    let is_forbidden = is_forbidden(*flags, &e) && is_new == flags.update_only;
                    refused(e, is_forbidden)
                })?;
            }
            ActionKind::PutInstance { declaration, flags } => {
                let mut objects = self.objects(edit, &place, step.compilation);
                let class = objects.instance_class(declaration).map_err(failed)?;
                if class.is_dynamic() {
                    return Err(Stop::Provided(at));
                }
                call.require_to_write(&class, "write an instance").map_err(failed)?;
                let next = provided.after(&class, &action.namespace);
                let instance = objects.instance(declaration, class).map_err(failed_at)?;
                if properties::has_dynamic(&instance) {
                    return Err(Stop::Provided(at));
                }
                let bits = instance_flags(*flags);
                let put = InstancePut::in_edit(call, place.clone(), &instance, bits);
                edit.put_instance(&put).map_err(|e| {
                    let is_forbidden = is_forbidden(*flags, &e);
                    refused(e, is_forbidden)
                })?;
                return Ok(next);
            }
            ActionKind::DeleteClass { class, fail } => {
                let delete = ClassDelete::new(call, place.clone(), class.clone());
                unless_missing(edit.delete_class(&delete), *fail).map_err(failed)?;
            }
            ActionKind::DeleteInstance { path, fail } => {
                match delete_instance(edit, &place, path, call) {
                    Ok(Some(class)) => return Ok(provided.after(&class, &action.namespace)),
                    Ok(None) => return Err(Stop::Provided(at)),
                    Err(e) => unless_missing(Err(e), *fail).map_err(failed)?,
                }
            }
        }
        Ok(Next::Action)
    }

    /// Whether what the action puts is there, or it would delete something. What a provider has is
    /// its own.
    fn is_there(
        &self,
        edit: &mut Edit<'_, '_>,
        place: &NamespaceRef,
        step: Step<'_>,
    ) -> Result<bool> {
        match &step.action.kind {
            ActionKind::PutClass { declaration, .. } => {
                Ok(edit.find_class(place, &declaration.name)?.is_some())
            }
            ActionKind::PutInstance { declaration, .. } => {
                let mut objects = self.objects(edit, place, step.compilation);
                let class = objects.instance_class(declaration)?;
                if class.is_dynamic() {
                    return Ok(true);
                }
                match mof::instantiate(declaration, class, &mut objects) {
                    Ok(instance) if instance.key().is_ok() => edit.has_instance(place, &instance),
                    // One whose key is made when it is put was given one then.
                    Ok(_) => Ok(true),
                    // The put reports the error.
                    Err(_) => Ok(false),
                }
            }
            ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. } => Ok(true),
        }
    }

    /// What providers have of the classes that the actions of `range` name.
    fn provided_classes(&self, range: Range<usize>) -> ProvidedClasses {
        let mut provided = ProvidedClasses::default();
        let mut views: HashMap<&Namespace, Option<View<'_>>> = HashMap::new();
        for at in range {
            let action = self.steps[at].action;
            let view = views.entry(&action.namespace).or_insert_with(|| {
                // A namespace that is not there yet has no providers either.
                let view = View::open_by_name(&self.cimom.runtime, &action.namespace, self.context)
                    .ok()?;
                let has_sources = view.class_sources().is_ok_and(|sources| !sources.is_empty());
                has_sources.then_some(view)
            });
            let Some(view) = view else { continue };
            let (target, needed) = match &action.kind {
                ActionKind::PutClass { declaration, .. } => {
                    (Some(&declaration.name), declaration.superclass.as_ref())
                }
                ActionKind::DeleteClass { class, .. } => (Some(class), None),
                ActionKind::PutInstance { declaration, .. } => (None, Some(&declaration.class)),
                ActionKind::DeleteInstance { path, .. } => (None, Some(&path.class)),
            };
            let is_deletion = matches!(action.kind, ActionKind::DeleteClass { .. });
            let may = |name| is_deletion || view.may_be_provided(name).unwrap_or_default();
            if target.is_some_and(may) {
                provided.provided = Some(at);
                break;
            }
            // What goes wrong here goes wrong again where the class is missed.
            let Some(class) = needed.and_then(|name| view.find_class(name).ok()?) else { continue };
            let known = view.provided_among(&class);
            if !known.is_empty() {
                provided.known.push((view.id(), known));
            }
        }
        let with_providers = views.into_iter().filter(|(_, view)| view.is_some());
        provided.namespaces = with_providers.map(|(namespace, _)| namespace.clone()).collect();
        provided
    }

    /// Does an action that concerns a provider: as a session does.
    fn provided(&self, at: usize) -> Result<(), Box<Failure>> {
        let step = self.steps[at];
        let action = step.action;
        let failed = |e: cim::Error| Failure::from_error(&e, &action.place);
        let view = self.view(action).map_err(failed)?;
        let call = Call { operation: (), namespace: &action.namespace, context: self.context };
        let call = call.authorize(view.schema().policy()).map_err(failed)?;
        if self.existing == ExistingObjects::Keep && self.is_left_out(action).map_err(failed)? {
            return Ok(());
        }
        let provided = self.provided_classes(at..at + 1);
        drop(view);
        let view = || self.view(action).map_err(failed);
        match &action.kind {
            ActionKind::PutInstance { declaration, flags } => {
                let instance = self.make(step, &provided, |objects| {
                    let class = objects.instance_class(declaration)?;
                    Ok(objects.instance(declaration, class).map_err(Failure::new))
                })?;
                let bits = instance_flags(*flags);
                let given = (&instance, &PutAttributes::of(&instance));
                let put = write::put_instance(view()?, call, given, bits, self.context);
                put.map(drop)
                    .map_err(|e| Failure::of_put(&e, &action.place, is_forbidden(*flags, &e)))
            }
            ActionKind::PutClass { declaration, pending, flags, .. } => {
                let class = self.make(step, &provided, |objects| {
                    let mut class = ClassDeclaration::clone(declaration);
                    let done = mof::complete_class(&mut class, pending, &action.place, objects);
                    Ok(done.map(|()| class).map_err(Failure::new))
                })?;
                let flags = class_flags(*flags);
                write::class::put(view()?, call, &class, flags, step.rules()).map_err(failed)
            }
            ActionKind::DeleteClass { class, fail } => {
                let deleted = write::class::delete(view()?, call, class);
                unless_missing(deleted, *fail).map_err(failed)
            }
            ActionKind::DeleteInstance { path, fail } => {
                let deleted = write::delete_instance(view()?, call, path);
                unless_missing(deleted, *fail).map_err(failed)
            }
        }
    }

    /// Whether the action is skipped when existing objects are kept: its class exists, stored or
    /// provided, or the action would delete something.
    fn is_left_out(&self, action: &Action) -> Result<bool> {
        match &action.kind {
            ActionKind::PutClass { declaration, .. } => {
                Ok(self.view(action)?.find_class(&declaration.name)?.is_some())
            }
            ActionKind::PutInstance { .. } => Ok(false),
            ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. } => Ok(true),
        }
    }

    /// Makes an object of an action: classes and aliases are looked up in a transaction that writes
    /// nothing.
    fn make<T>(
        &self,
        step: Step<'_>,
        provided: &ProvidedClasses,
        make: impl FnOnce(&mut Objects<'_, '_, '_, '_>) -> Result<Result<T, Box<Failure>>>,
    ) -> Result<T, Box<Failure>> {
        let Step { action, compilation } = step;
        let made = write::edit(&self.cimom.runtime, self.context, |edit| {
            provided.add_to(edit);
            let place = edit.namespace_ref(&action.namespace)?;
            make(&mut self.objects(edit, &place, compilation))
        });
        made.map_err(|e| Failure::from_error(&e, &action.place))?
    }

    fn objects<'x, 'e, 'w>(
        &'x self,
        edit: &'x mut Edit<'e, 'w>,
        place: &NamespaceRef,
        compilation: &'a Compilation,
    ) -> Objects<'x, 'e, 'w, 'a> {
        Objects { edit, place: place.clone(), compilation, executor: self }
    }

    fn view(&self, action: &Action) -> Result<View<'_>> {
        View::open_by_name(&self.cimom.runtime, &action.namespace, self.context)
    }
}

impl Step<'_> {
    fn rules(self) -> Rules {
        match self.compilation.dialect {
            mof::Dialect::Wmi => Rules::Wmi,
            mof::Dialect::Dmtf => Rules::Dmtf,
        }
    }
}

impl ProvidedClasses {
    fn add_to(&self, edit: &mut Edit<'_, '_>) {
        for (namespace, classes) in &self.known {
            edit.add_provided_classes(*namespace, classes);
        }
    }

    /// What may follow a write of an instance of `class`: a registration of a class provider adds
    /// one, and any other registration may change one that the namespace has.
    fn after(&self, class: &Class, namespace: &Namespace) -> Next {
        let changes_class_providers = class.is_a("__ClassProviderRegistration")
            || access::is_registration(class) && self.namespaces.contains(namespace);
        if changes_class_providers { Next::Batch } else { Next::Action }
    }
}

/// Deletes an instance and returns its class, if it is stored: else it may be one of a provider.
fn delete_instance(
    edit: &mut Edit<'_, '_>,
    namespace: &NamespaceRef,
    path: &ObjectPath,
    call: AuthorizedCall<'_, ()>,
) -> Result<Option<Arc<Class>>> {
    let class = edit.find_class(namespace, &path.class)?.ok_or_else(|| {
        WBEM_E_NOT_FOUND.with(format!("class {} not found in {}", path.class, namespace.namespace))
    })?;
    call.require_to_write(&class, "delete an instance")?;
    let key = InstanceKey::from_path(&class, &path.keys)?;
    if class.is_dynamic() {
        return Ok(None);
    }
    let (namespace, name) = (namespace.clone(), class.name().clone());
    match edit.delete_instance(&InstanceDelete::new(call, namespace, name, key, Vec::new())) {
        Ok(()) => Ok(Some(class)),
        Err(e) if e.status() == WBEM_E_NOT_FOUND => Ok(None),
        Err(e) => Err(e),
    }
}

fn unless_missing(deleted: Result<()>, fail: bool) -> Result<()> {
    match deleted {
        Err(e) if e.status() == WBEM_E_NOT_FOUND && !fail => Ok(()),
        other => other,
    }
}

/// What MOF asks of a namespace while an object is made.
struct Objects<'x, 'e, 'w, 'a> {
    edit: &'x mut Edit<'e, 'w>,
    place: NamespaceRef,
    compilation: &'a Compilation,
    executor: &'x Executor<'a>,
}

impl Objects<'_, '_, '_, '_> {
    /// The instance to put. One with an alias has its key already, because references may have been
    /// made with it.
    fn instance(
        &mut self,
        declaration: &InstanceDeclaration,
        class: Arc<Class>,
    ) -> Result<Instance, Diagnostic> {
        let mut instance = mof::instantiate(declaration, class, self)?;
        if declaration.alias.is_some() {
            mof::Context::generate_key(self, &declaration.place, &mut instance);
        }
        Ok(instance)
    }

    fn instance_class(&mut self, declaration: &InstanceDeclaration) -> Result<Arc<Class>> {
        mof::Context::class(self, &declaration.class)
    }
}

impl mof::Context for Objects<'_, '_, '_, '_> {
    fn class(&mut self, name: &Name) -> Result<Arc<Class>> {
        self.edit.find_class(&self.place, name)?.ok_or_else(|| {
            WBEM_E_INVALID_CLASS.with(format!("class {name} not found in {}", self.place.namespace))
        })
    }

    fn alias(&mut self, alias: &Name) -> Result<ObjectPath> {
        let compilation = self.compilation;
        let target = compilation.aliases.get(alias).map(|&at| &compilation.actions[at]);
        let target = target.ok_or_else(|| WBEM_E_NOT_FOUND.with(format!("alias ${alias}")))?;
        let from: Namespace = self.place.namespace.clone();
        let place = self.edit.namespace_ref(&target.namespace)?;
        let mut there = self.executor.objects(self.edit, &place, compilation);
        mof::alias_path(target, &from, &mut there)
            .map_err(|d| d.status.with(format!("alias ${alias}: {}", d.message)))
    }

    fn generate_key(&mut self, place: &mof::Place, instance: &mut Instance) {
        let executor = self.executor;
        // A provider makes the keys of its own; what is there already has one that is not known here.
        if instance.class().is_dynamic() || executor.existing == ExistingObjects::Keep {
            return;
        }
        let random = &executor.cimom.runtime.core().environment().random;
        let place = (Arc::as_ptr(&place.source), place.span.start);
        write::generate_key(instance, &|| {
            *executor.generated.borrow_mut().entry(place).or_insert_with(random)
        });
    }
}

fn put_flags(flags: Flags) -> PutFlags {
    PutFlags {
        create_only: flags.has(Flags::CREATE_ONLY),
        update_only: flags.has(Flags::UPDATE_ONLY),
        safe: flags.has(Flags::UPDATE_SAFE_MODE),
        force: flags.has(Flags::UPDATE_FORCE_MODE),
    }
}

fn class_flags(flags: PutFlags) -> Flags {
    let when = |set: bool, flag: Flags| if set { flag } else { Flags::default() };
    instance_flags(flags)
        | when(flags.safe, Flags::UPDATE_SAFE_MODE)
        | when(flags.force, Flags::UPDATE_FORCE_MODE)
}

fn instance_flags(flags: PutFlags) -> Flags {
    let when = |set: bool, flag: Flags| if set { flag } else { Flags::default() };
    when(flags.create_only, Flags::CREATE_ONLY) | when(flags.update_only, Flags::UPDATE_ONLY)
}

fn told(diagnostic: &Diagnostic) -> MofDiagnostic {
    MofDiagnostic {
        status: diagnostic.status,
        file: diagnostic.file().to_string_lossy().into_owned(),
        line: diagnostic.line() as usize,
        column: diagnostic.column() as usize,
        message: diagnostic.message.clone(),
        picture: diagnostic.render(false),
        is_forbidden: false,
    }
}

fn not_listed(file: &Path, error: &cim::Error) -> MofDiagnostic {
    warning(file, &format!("the file was not put into the autorecover list: {error}"))
}

fn no_autorecover(file: &Path) -> MofDiagnostic {
    let message = "the file has no #pragma autorecover as its first line, so it will not be \
                   compiled again when the repository has to be rebuilt";
    warning(file, message)
}

fn warning(file: &Path, message: &str) -> MofDiagnostic {
    let file = file.to_string_lossy().into_owned();
    MofDiagnostic {
        status: WBEM_S_NO_ERROR,
        picture: format!("{file}:1: {message}"),
        message: message.to_owned(),
        file,
        line: 1,
        column: 1,
        is_forbidden: false,
    }
}
