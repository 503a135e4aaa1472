//! Rights that no client of a whole object manager can lack one by one: each is asked with the
//! policy of a namespace in which it alone is granted.

use std::path::Path;
use std::sync::Arc;

use cim::security::{Identity, Rights};
use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_NOT_FOUND};
use cim::{ClassDeclaration, Instance, Name, Namespace, ObjectPath, Result, Value};
use repository::Repository;
use wbem::{
    CallContext, ClassProvider, CompileOptions, Flags, MofCompiler, NativeProviders,
    ProviderContext, ProviderInterfaces, PutAttributes,
};

use super::cimom::Cimom;
use crate::call::{AuthorizedCall, Call, Policy};
use crate::method::{self, Invocation};
use crate::schema::class_rules::Rules;
use crate::store::Environment;
use crate::view::View;
use crate::write;

/// Takes every class and has none but Provided.
struct Taking;

impl ClassProvider for Taking {
    fn get(&self, name: &Name, _context: &ProviderContext) -> Result<ClassDeclaration> {
        let is_provided = name.is("Provided");
        is_provided.then(|| declared("Provided")).ok_or_else(|| WBEM_E_NOT_FOUND.into())
    }

    fn enumerate(
        &self,
        _superclass: Option<&Name>,
        _shallow: bool,
        _context: &ProviderContext,
    ) -> Result<Vec<ClassDeclaration>> {
        Ok(vec![declared("Provided")])
    }

    fn put(&self, _: &ClassDeclaration, _: Flags, _: &ProviderContext) -> Result<()> {
        Ok(())
    }

    fn delete(&self, _: &Name, _: &ProviderContext) -> Result<()> {
        Ok(())
    }
}

fn declared(name: &str) -> ClassDeclaration {
    ClassDeclaration { name: name.into(), ..ClassDeclaration::default() }
}

const REGISTRATION: &str = r#"
    instance of __Win32Provider as $P { Name = "P"; CLSID = "{1}"; };
    instance of __ClassProviderRegistration
    {
      provider = $P; SupportsEnumeration = TRUE; SupportsGet = TRUE; SupportsPut = TRUE;
      SupportsDelete = TRUE;
      ResultSetQueries = {"SELECT * FROM meta_class WHERE __Class = 'Provided'"};
    };"#;

/// An object manager in which the provider of [`REGISTRATION`] is registered in root.
fn cimom(directory: &Path) -> Arc<Cimom> {
    let repository = Repository::create_or_open(directory.join("repository")).unwrap();
    let mut providers = NativeProviders::default();
    providers.register("{1}", |_| Ok(ProviderInterfaces::classes(Arc::new(Taking))));
    let environment = Environment {
        server: "HOST".into(),
        providers,
        resolvers: Vec::new(),
        random: || [0; 16],
        local_offset: || 0,
        identity: administrator().caller().clone(),
        clock: Arc::new(|| std::time::Duration::ZERO),
    };
    let cimom = Cimom::new(repository, environment);
    compile(&cimom, REGISTRATION);
    cimom
}

/// Compiles a text into root.
fn compile(cimom: &Cimom, text: &str) {
    let options = CompileOptions {
        namespace: Namespace::root(),
        create_namespace: false,
        class_flags: Flags::default(),
        instance_flags: Flags::default(),
        check_only: false,
        autorecover: false,
    };
    let report = cimom.compile_text("test.mof", text.as_bytes(), &options, &administrator());
    assert_eq!(report.unwrap().storage, []);
}

fn administrator() -> CallContext {
    CallContext::local(Arc::new(Identity::unix(0, &[0], true)))
}

fn user() -> CallContext {
    CallContext::local(Arc::new(Identity::unix(1000, &[], false)))
}

/// Runs `run` with a view of root and a call to which `rights` are granted there.
fn with_rights<T>(
    cimom: &Cimom,
    rights: Rights,
    run: impl FnOnce(View<'_>, AuthorizedCall<'_, ()>) -> T,
) -> T {
    let (root, context) = (Namespace::root(), user());
    let call = Call { operation: (), namespace: &root, context: &context };
    let call = call.authorize(&Policy::granting(rights)).unwrap();
    run(View::open_by_name(&cimom.runtime, &root, &context).unwrap(), call)
}

/// What is stored takes the right to store, what a provider has the right to write through
/// providers; a caller with neither does not learn which classes there are.
#[test]
fn a_5_each_owner_takes_a_right_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let cimom = cimom(directory.path());
    let outcomes = |name: &str, rights: Rights| {
        let rights = rights.union(Rights::ENABLE);
        let declaration = declared(name);
        let flags = Flags::default();
        let put = with_rights(&cimom, rights, |view, call| {
            write::class::put(view, call, &declaration, flags, Rules::Wmi)
        });
        let deleted = with_rights(&cimom, rights, |view, call| {
            write::class::delete(view, call, &name.into())
        });
        (put.map_err(|e| e.status()), deleted.map_err(|e| e.status()))
    };
    let denied = (Err(WBEM_E_ACCESS_DENIED), Err(WBEM_E_ACCESS_DENIED));
    for name in ["New", "Provided"] {
        assert_eq!(outcomes(name, Rights::ENABLE), denied, "{name}");
    }
    assert_eq!(outcomes("New", Rights::WRITE_PROVIDER), denied);
    assert_eq!(outcomes("Provided", Rights::FULL_WRITE_REP), denied);
    assert_eq!(outcomes("Provided", Rights::WRITE_PROVIDER), (Ok(()), Ok(())));
    assert_eq!(outcomes("New", Rights::FULL_WRITE_REP), (Ok(()), Ok(())));
}

/// The rights that count are those that the transaction finds, not those of the view before it.
#[test]
fn g11_each_write_asks_again_in_its_transaction() {
    let directory = tempfile::tempdir().unwrap();
    let cimom = cimom(directory.path());
    compile(&cimom, "class Kept { [key] uint32 K; }; instance of Kept { K = 1; };");
    let root = cimom.runtime.core().namespace(&Namespace::root()).unwrap();
    let administrator = administrator();
    write::edit(&cimom.runtime, &administrator, |edit| {
        edit.change_security(&root, &administrator, |_, _| "O:BAG:BAD:(A;;CC;;;AU)".parse())
    })
    .unwrap();
    let path: ObjectPath = "Kept.K=1".parse().unwrap();
    let kept = View::open_by_name(&cimom.runtime, &root.namespace, &administrator)
        .and_then(|view| view.class(&"Kept".into(), WBEM_E_NOT_FOUND))
        .unwrap();
    let instance = Instance::with_keys(&kept, &[Value::UInt32(2)]);
    let status = |outcome: Result<()>| outcome.map_err(|e| e.status());
    let write = |run: &dyn Fn(View<'_>, AuthorizedCall<'_, ()>) -> Result<()>| {
        status(with_rights(&cimom, Rights::ALL, run))
    };
    let denied = Err(WBEM_E_ACCESS_DENIED);
    let context = user();
    let put = |view: View<'_>, call: AuthorizedCall<'_, ()>| {
        let given = (&instance, &PutAttributes::of(&instance));
        write::put_instance(view, call, given, Flags::default(), &context).map(drop)
    };
    assert_eq!(write(&put), denied);
    assert_eq!(write(&|view, call| write::delete_instance(view, call, &path)), denied);
    let declaration = declared("New");
    let put = |view: View<'_>, call: AuthorizedCall<'_, ()>| {
        write::class::put(view, call, &declaration, Flags::default(), Rules::Wmi)
    };
    assert_eq!(write(&put), denied);
    assert_eq!(write(&|view, call| write::class::delete(view, call, &"Kept".into())), denied);
}

/// A caller that may open the namespace and may not run methods does not learn which classes there
/// are.
#[test]
fn g11_to_run_a_method_takes_a_right_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let cimom = cimom(directory.path());
    let status = |rights| {
        with_rights(&cimom, rights, |view, call| {
            let path = "Missing".parse().unwrap();
            let invocation = Invocation { path, method: "M", in_parameters: None };
            method::prepare(&view, call.with(invocation)).err().map(|error| error.status())
        })
    };
    assert_eq!(status(Rights::ENABLE), Some(WBEM_E_ACCESS_DENIED));
    let both = Rights::ENABLE.union(Rights::METHOD_EXECUTE);
    assert_eq!(status(both), Some(WBEM_E_NOT_FOUND));
}
