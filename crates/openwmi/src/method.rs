//! Methods of a connection: in parameters by name, out parameters as a struct.

use cim::status::{WBEM_E_INVALID_METHOD, WBEM_E_INVALID_METHOD_PARAMETERS};
use cim::{Instance, ObjectPath, PathKeys, Value};
use serde::de::DeserializeOwned;
use wbem::Flags;

use crate::connection::WMIConnection;
use crate::de::{Shape, from_instance, from_nothing};
use crate::error::{WMIResult, at};

impl WMIConnection {
    /// Runs a method of the object at `object_path` (of a class for a static one) and returns its
    /// out parameters, including `ReturnValue`. `()` accepts any. Parameters that are not named
    /// have the method's defaults. A failure of the method itself is reported only by
    /// `ReturnValue`.
    /// Errors: `WBEM_E_INVALID_METHOD`, `WBEM_E_INVALID_METHOD_PARAMETERS`, those of ExecMethod;
    /// `WBEM_E_TYPE_MISMATCH` if a value does not fit its parameter or its field.
    pub fn exec_method<Out: DeserializeOwned>(
        &self,
        object_path: &str,
        method: &str,
        in_parameters: &[(&str, Value)],
    ) -> WMIResult<Out> {
        let called = format!("{method} of {object_path}");
        let out = self.in_parameters(object_path, method, in_parameters).and_then(|given| {
            let (flags, context) = (Flags::default(), self.context());
            self.services().exec_method(object_path, method, flags, context, given.as_ref())
        });
        match out.map_err(at("call", &called))? {
            Some(out) => from_instance(&out),
            None => from_nothing(&called),
        }
    }

    /// Runs a static method of the class that `Class` is named after.
    /// Errors: as [`WMIConnection::exec_method`]; `WBEM_E_INVALID_PARAMETER` if `Class` is not a
    /// struct.
    pub fn exec_class_method<Class: DeserializeOwned, Out: DeserializeOwned>(
        &self,
        method: &str,
        in_parameters: &[(&str, Value)],
    ) -> WMIResult<Out> {
        let shape = Shape::of::<Class>().map_err(at("call", method))?;
        self.exec_method(shape.class, method, in_parameters)
    }

    /// What is passed in, as the object that the method takes.
    fn in_parameters(
        &self,
        object_path: &str,
        method: &str,
        values: &[(&str, Value)],
    ) -> cim::Result<Option<Instance>> {
        let class_of = |path: &str| {
            let object = self.services().get_object(path, Flags::default(), self.context());
            object.map(|object| object.class().clone())
        };
        let path: ObjectPath = object_path.parse()?;
        let is_class = path.is_class();
        let path = ObjectPath { keys: PathKeys::Class, ..path }.to_string();
        let mut class = class_of(&path)?;
        // A method that the class in the path lacks may be one of the class that the instance has.
        if class.method(method).is_none() && !is_class {
            class = class_of(object_path)?;
        }
        let method = class.method(method).ok_or_else(|| {
            WBEM_E_INVALID_METHOD.with(format!("class {} has no method {method}", class.name()))
        })?;
        let Some(signature) = method.in_signature() else {
            return match values.first() {
                None => Ok(None),
                Some((name, _)) => Err(WBEM_E_INVALID_METHOD_PARAMETERS
                    .with(format!("method {} takes no parameter {name}", method.name))),
            };
        };
        let mut given = Instance::new(signature);
        for (name, value) in values {
            if given.class().slot(name).is_none() {
                return Err(WBEM_E_INVALID_METHOD_PARAMETERS
                    .with(format!("method {} takes no parameter {name}", method.name)));
            }
            given.put(name, value)?;
        }
        Ok(Some(given))
    }
}
