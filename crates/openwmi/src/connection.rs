//! A connection to a namespace: raw and typed queries, objects by path, puts and deletes.
//!
//! `wbem::Services` for Rust users, with the interface of the crate `wmi` on Windows. Each
//! operation is one of the services; this file adds queries derived from structs, and the
//! conversion of instances to structs.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cim::status::{WBEM_E_NOT_FOUND, WBEM_E_TYPE_MISMATCH};
use cim::{Instance, Locale, Namespace, Object, ObjectPath};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use wbem::{CallContext, Flags, Request, Services};

use crate::de::{Shape, from_instance};
use crate::error::{WMIResult, at};
use crate::filter::{self, FilterValue};
use crate::objects::Objects;
use crate::wmi::{OpenOptions, Wmi};

/// The user's own repository, set on first use. A process can open a repository only once, and
/// connections are opened and closed on many threads, so it stays open.
static OWN: Mutex<Option<Wmi>> = Mutex::new(None);

/// A connection to a namespace. Clones share it; threads may use it at the same time.
///
/// ```
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Shop_Item {
///     id: String,
///     price: Option<u64>,
/// }
///
/// let wmi = openwmi::Wmi::in_memory(Default::default())?;
/// wmi.compile(r"root\shop", r#"
///     class Shop_Item { [key] string Id; uint64 Price; };
///     instance of Shop_Item { Id = "tea"; Price = 3; };
///     instance of Shop_Item { Id = "air"; };
/// "#)?;
/// let shop = wmi.connection(r"root\shop")?;
///
/// let items: Vec<Shop_Item> = shop.query()?;
/// assert_eq!(items.len(), 2);
///
/// let tea: Shop_Item = shop.get_by_path(r#"Shop_Item.Id="tea""#)?;
/// assert_eq!((tea.id.as_str(), tea.price), ("tea", Some(3)));
///
/// let error = shop.get_by_path::<Shop_Item>(r#"Shop_Item.Id="gold""#).err().unwrap();
/// assert_eq!(error.symbol(), Some("WBEM_E_NOT_FOUND"));
/// # Ok::<(), openwmi::WMIError>(())
/// ```
#[derive(Clone)]
pub struct WMIConnection {
    // INVARIANT: dropped in this order; a WMI in memory goes with what is left of it last.
    services: Arc<dyn Services>,
    context: CallContext,
    /// The flags for reads, and for puts of objects that were read.
    reading: Flags,
    wmi: Wmi,
}

impl WMIConnection {
    /// Connects to `root\cimv2` of the user's own repository, which is made if it is missing and
    /// stays open as long as the process runs; [`Wmi::open`] returns one that can be closed.
    /// Errors: those of [`Wmi::open`].
    pub fn new() -> WMIResult<Self> {
        Self::with_namespace_path(Namespace::cimv2().as_str())
    }

    /// As [`WMIConnection::new`], to another namespace.
    /// Errors: those of [`Wmi::open`]; `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`.
    pub fn with_namespace_path(namespace_path: &str) -> WMIResult<Self> {
        let own = own().map_err(at("open the repository for", namespace_path))?;
        Self::of(&own, namespace_path)
    }

    pub(crate) fn of(wmi: &Wmi, namespace: &str) -> WMIResult<Self> {
        let services = wmi.connect(namespace).map_err(at("connect to", namespace))?;
        let (context, wmi) = (wmi.context(), wmi.clone());
        Ok(WMIConnection { services, context, reading: Flags::default(), wmi })
    }

    /// The same connection, through which classes are read with their localized qualifiers
    /// (WBEM_FLAG_USE_AMENDED_QUALIFIERS): in the first of `locales` that has them, else in
    /// American English. `locales` is separated by commas, as `"MS_407,MS_409"`; invalid locales
    /// are ignored.
    ///
    /// ```
    /// let wmi = openwmi::Wmi::in_memory(Default::default())?;
    /// wmi.compile(r"root\shop", "class Shop_Item { [key] string Id; };")?;
    /// wmi.compile(r"root\shop\ms_407", r#"
    ///     [Amendment, Locale(0x407), Description("Etwas") : Amended]
    ///     class Shop_Item { [key] string Id; };
    /// "#)?;
    /// let shop = wmi.connection(r"root\shop")?;
    /// let described = |connection: openwmi::WMIConnection| -> openwmi::WMIResult<_> {
    ///     let class = connection.get_object("Shop_Item")?.class().clone();
    ///     Ok(class.qualifiers().text("Description").map(str::to_owned))
    /// };
    /// assert_eq!(described(shop.clone())?, None);
    /// assert_eq!(described(shop.localized("MS_407"))?.as_deref(), Some("Etwas"));
    /// # Ok::<(), openwmi::WMIError>(())
    /// ```
    pub fn localized(mut self, locales: &str) -> Self {
        self.context.set_locales(&Locale::list(locales));
        self.reading = Flags::USE_AMENDED_QUALIFIERS;
        self
    }

    /// The context of this connection's calls.
    pub(crate) fn context(&self) -> &CallContext {
        &self.context
    }

    /// The WMI to which it is connected.
    pub(crate) fn wmi(&self) -> &Wmi {
        &self.wmi
    }

    /// The operations of WMI.
    pub fn services(&self) -> &Arc<dyn Services> {
        &self.services
    }

    /// The instances of the class that `T` is named after, and of its subclasses. The query selects
    /// only the fields of `T`, including those of embedded structs; it selects everything if a
    /// field is a map, an enum or an array of structs, as WQL cannot name their properties.
    /// Errors: the query's; `WBEM_E_INVALID_PARAMETER` if `T` is not a struct;
    /// `WBEM_E_TYPE_MISMATCH` if a value does not fit its field.
    pub fn query<T: DeserializeOwned>(&self) -> WMIResult<Vec<T>> {
        self.filtered_query(&HashMap::new())
    }

    /// Those instances for which all of `filters` hold, by the names of properties.
    /// Errors: as [`WMIConnection::query`].
    ///
    /// ```
    /// # #[derive(serde::Deserialize)] struct C { id: u64 }
    /// # let wmi = openwmi::Wmi::in_memory(Default::default())?;
    /// # wmi.compile("root/cimv2", "class C { [key] uint64 Id; string Name; }; \
    /// #     instance of C { Id = 18446744073709551615; Name = \"a\"; };")?;
    /// # let connection = wmi.connection("root/cimv2")?;
    /// let filters = [("Name".to_owned(), "a".into()), ("Id".to_owned(), u64::MAX.into())].into();
    /// assert_eq!(connection.filtered_query::<C>(&filters)?[0].id, u64::MAX);
    /// # Ok::<(), openwmi::WMIError>(())
    /// ```
    pub fn filtered_query<T: DeserializeOwned>(
        &self,
        filters: &HashMap<String, FilterValue>,
    ) -> WMIResult<Vec<T>> {
        let query = Shape::of::<T>().and_then(|shape| filter::select(&shape, filters));
        self.raw_query(query.map_err(at("query", std::any::type_name::<T>()))?)
    }

    /// The first of the instances of the class that `T` is named after; for singletons.
    /// Errors: as [`WMIConnection::query`]; `WBEM_E_NOT_FOUND` if there is none.
    pub fn get<T: DeserializeOwned>(&self) -> WMIResult<T> {
        self.query()?.into_iter().next().ok_or_else(|| {
            let error = WBEM_E_NOT_FOUND.with("the class has no instance");
            at("get", std::any::type_name::<T>())(error)
        })
    }

    /// The result of a query as structs, maps, or enums whose variants are classes.
    /// Errors: the query's; `WBEM_E_TYPE_MISMATCH` where a value does not fit its field.
    pub fn raw_query<T: DeserializeOwned>(&self, query: impl AsRef<str>) -> WMIResult<Vec<T>> {
        let (query, flags) = (query.as_ref(), self.reading);
        let objects = wbem::collect(|sink| {
            self.services.exec_query("WQL", query, flags, &self.context, sink)
        });
        objects.map_err(at("query", query))?.iter().map(typed).collect()
    }

    /// The result of a query object by object, while it still runs.
    /// Errors: the query's; an error after the first object is returned instead of the next one.
    pub fn exec_query(&self, query: impl AsRef<str>) -> WMIResult<Objects> {
        let (query, flags) = (query.as_ref(), Flags::FORWARD_ONLY | self.reading);
        let request = Request::ExecQuery { language: "WQL".into(), query: query.into(), flags };
        Objects::start("query", query, self, request)
    }

    /// The object at `object_path`, a class or an instance.
    /// Errors: `WBEM_E_NOT_FOUND`, `WBEM_E_INVALID_OBJECT_PATH`.
    pub fn get_object(&self, object_path: impl AsRef<str>) -> WMIResult<Object> {
        let path = object_path.as_ref();
        self.services.get_object(path, self.reading, &self.context).map_err(at("get", path))
    }

    /// The instance at `object_path`.
    /// Errors: as [`WMIConnection::get_object`]; `WBEM_E_TYPE_MISMATCH` if a value does not fit its
    /// field, or the path is a class's.
    pub fn get_by_path<T: DeserializeOwned>(&self, object_path: &str) -> WMIResult<T> {
        typed(&self.get_object(object_path)?)
    }

    /// The instances of the class that `ResultClass` is named after that are associated with the
    /// object at `object_path` by the class that `AssocClass` is named after. An enum is for
    /// results of several classes.
    /// Errors: the query's; `WBEM_E_INVALID_PARAMETER` if `AssocClass` is not a struct.
    pub fn associators<ResultClass: DeserializeOwned, AssocClass: DeserializeOwned>(
        &self,
        object_path: &str,
    ) -> WMIResult<Vec<ResultClass>> {
        self.raw_query(
            associators::<ResultClass, AssocClass>(object_path)
                .map_err(at("find the associators of", object_path))?,
        )
    }

    /// A new instance of `class`, with the class's defaults: for [`WMIConnection::put_instance`].
    /// Errors: `WBEM_E_NOT_FOUND`; `WBEM_E_TYPE_MISMATCH` where `class` is an instance's path.
    pub fn new_instance(&self, class: &str) -> WMIResult<Instance> {
        match self.get_object(class)? {
            Object::Class(class) => Ok(Instance::new(class)),
            Object::Instance(_) => {
                Err(at("get", class)(WBEM_E_TYPE_MISMATCH.with("it is no class")))
            }
        }
    }

    /// Creates or changes an instance, and returns its path.
    /// Errors: those of PutInstance.
    pub fn put_instance(&self, instance: &Instance) -> WMIResult<ObjectPath> {
        let put = self.services.put_instance(instance, self.reading, &self.context);
        put.map_err(at("put an instance of", instance.class().name().as_str()))
    }

    /// Deletes the instance at `path`.
    /// Errors: `WBEM_E_NOT_FOUND`, the provider's.
    pub fn delete_instance(&self, path: &str) -> WMIResult<()> {
        let deleted = self.services.delete_instance(path, Flags::default(), &self.context);
        deleted.map_err(at("delete", path))
    }
}

impl fmt::Debug for WMIConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.services.namespace();
        f.debug_struct("WMIConnection").field("namespace", namespace).finish_non_exhaustive()
    }
}

/// The user's own repository, opened on first use.
fn own() -> cim::Result<Wmi> {
    let mut own = OWN.lock();
    if let Some(open) = &*own {
        return Ok(open.clone());
    }
    let open = Wmi::open(OpenOptions::default())?;
    Ok(own.insert(open).clone())
}

/// An object as a `T`.
pub(crate) fn typed<T: DeserializeOwned>(object: &Object) -> WMIResult<T> {
    match object {
        Object::Instance(instance) => from_instance(instance),
        Object::Class(class) => Err(at("read", class.name().as_str())(
            WBEM_E_TYPE_MISMATCH.with("it is a class, of which no struct can be made"),
        )),
    }
}

fn associators<R: DeserializeOwned, A: DeserializeOwned>(path: &str) -> cim::Result<String> {
    let path: ObjectPath = path.parse()?;
    let mut query = format!("ASSOCIATORS OF {{{path}}} WHERE");
    if let Some(shape) = Shape::find::<R>() {
        query.push_str(&format!(" ResultClass = {}", filter::name(shape.class)?));
    }
    query.push_str(&format!(" AssocClass = {}", filter::name(Shape::of::<A>()?.class)?));
    Ok(query)
}
