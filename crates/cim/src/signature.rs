//! Signatures: the parameters of a method as objects of the class `__PARAMETERS`, and back.
//!
//! A method is declared with one list of parameters; clients and providers see two classes made
//! of it, what goes in and what comes out (behaviour.md C.3, G.15; windows-in-practice.md
//! "Methods"). Both are made by the [`Method`]; the way back, with the errors of PutMethod, is
//! [`MethodDeclaration::from_signatures`]. Running a method is not part of this crate.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::class::{
    Class, ClassDeclaration, Method, MethodDeclaration, Parameter, Property, PropertyDeclaration,
};
use crate::derivation::slots_by_name;
use crate::name::Name;
use crate::qualifier::{Flavor, Qualifier, Qualifiers};
use crate::status::*;
use crate::value::Value;

/// The name of the class of signatures.
pub const PARAMETERS: Name = Name::from_static("__PARAMETERS");
/// The property of an out signature that has what the method itself returns.
pub const RETURN_VALUE: Name = Name::from_static("ReturnValue");

/// The flavors of ID in a signature; on an object of it the qualifier is propagated.
const ID_FLAVOR: Flavor = Flavor::TO_INSTANCE.union(Flavor::NOT_OVERRIDABLE);

/// The signatures of a method, made when they are first asked for. They are derived from the
/// method: they do not take part in comparisons, and a copy, which may be changed, has its own.
#[derive(Default)]
pub(crate) struct Signatures {
    inward: OnceLock<Option<Arc<Class>>>,
    outward: OnceLock<Option<Arc<Class>>>,
}

impl Clone for Signatures {
    fn clone(&self) -> Self {
        Signatures::default()
    }
}

impl PartialEq for Signatures {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signatures")
    }
}

impl Method {
    /// The class of what is passed in: a property for each parameter that goes in, with its ID
    /// and its default. `None` where none does.
    pub fn in_signature(&self) -> Option<Arc<Class>> {
        let make = || signature(self.numbered(Parameter::is_in).collect());
        self.signatures.inward.get_or_init(make).clone()
    }

    /// The class of what is handed out: a property for each parameter that comes out, with its
    /// ID, and `ReturnValue`, which has none. `None` where nothing comes out.
    pub fn out_signature(&self) -> Option<Arc<Class>> {
        let make = || signature(self.numbered(Parameter::is_out).chain(self.returned()).collect());
        self.signatures.outward.get_or_init(make).clone()
    }

    fn returned(&self) -> Option<Property> {
        self.return_type.clone().map(|ty| Property {
            name: RETURN_VALUE,
            ty,
            default: Value::Null,
            qualifiers: [Qualifier::new("out", true, Flavor::default())].into_iter().collect(),
            declared_in: PARAMETERS,
        })
    }

    fn numbered(&self, goes: fn(&Parameter) -> bool) -> impl Iterator<Item = Property> + '_ {
        let numbered = self.parameters.iter().zip(0i32..);
        numbered.filter(move |(parameter, _)| goes(parameter)).map(|(parameter, id)| {
            let mut qualifiers = parameter.qualifiers.clone();
            qualifiers.set(Qualifier::new("ID", id, ID_FLAVOR));
            Property {
                name: parameter.name.clone(),
                ty: parameter.ty.clone(),
                default: parameter.default.clone(),
                qualifiers,
                declared_in: PARAMETERS,
            }
        })
    }
}

/// The class of these properties; `None` where there are none. It is made without
/// [`Class::derive`], which looks at what a class may be: the parameters were looked at with the
/// method. It lives nowhere, so that its paths are NULL.
fn signature(properties: Vec<Property>) -> Option<Arc<Class>> {
    if properties.is_empty() {
        return None;
    }
    let is_abstract = Qualifier::new("abstract", true, Flavor::default());
    let qualifiers: Qualifiers = [is_abstract].into_iter().collect();
    let declared = properties.iter().map(|p| PropertyDeclaration {
        name: p.name.clone(),
        ty: p.ty.clone(),
        default: Some(p.default.clone()).filter(|value| !value.is_null()),
        qualifiers: p.qualifiers.clone(),
    });
    let declaration = ClassDeclaration {
        name: PARAMETERS,
        qualifiers: qualifiers.clone(),
        properties: declared.collect(),
        ..ClassDeclaration::default()
    };
    let properties: Box<[Arc<Property>]> = properties.into_iter().map(Arc::new).collect();
    Some(Arc::new(Class {
        declaration: Arc::new(declaration),
        superclass: None,
        qualifiers,
        by_name: slots_by_name(None, &properties),
        defaults: properties.iter().map(|p| p.default.clone()).collect(),
        properties,
        methods: Box::default(),
        keys: Box::default(),
        required: Box::default(),
        dynamic: Box::default(),
        origin: None,
        is_singleton: false,
        is_projection: false,
    }))
}

impl MethodDeclaration {
    /// The method `name` whose parameters two signatures tell, as PutMethod takes them.
    ///
    /// # Errors
    ///
    /// `WBEM_E_MISSING_PARAMETER_ID`, `WBEM_E_INVALID_PARAMETER_ID` if an ID is no number from 0,
    /// `WBEM_E_NONCONSECUTIVE_PARAMETER_IDS` if they are not 0, 1, ... each once,
    /// `WBEM_E_PARAMETER_ID_ON_RETVAL`, `WBEM_E_INVALID_DUPLICATE_PARAMETER` if a parameter is not
    /// the same in both, `WBEM_E_INVALID_METHOD_PARAMETERS` if ReturnValue goes in.
    pub fn from_signatures(
        name: impl Into<Name>,
        in_signature: Option<&Class>,
        out_signature: Option<&Class>,
        qualifiers: Qualifiers,
    ) -> Result<Self> {
        let name = name.into();
        let (mut drafts, mut return_type) = (Vec::new(), None);
        for property in properties(in_signature) {
            if property.name == RETURN_VALUE {
                return Err(WBEM_E_INVALID_METHOD_PARAMETERS
                    .with(format!("method {name}: {RETURN_VALUE} only comes out")));
            }
            drafts.push(Draft::new(&name, property, "in")?);
        }
        for property in properties(out_signature) {
            if property.name == RETURN_VALUE {
                refuse_id(&name, property)?;
                return_type = Some(property.ty.clone());
                continue;
            }
            let second = Draft::new(&name, property, "out")?;
            match drafts.iter_mut().find(|d| d.parameter.name == property.name) {
                Some(first) => first.join(second, &name)?,
                None => drafts.push(second),
            }
        }
        let parameters = in_sequence(&name, drafts)?;
        Ok(MethodDeclaration { name, return_type, parameters, qualifiers })
    }
}

fn properties(signature: Option<&Class>) -> impl Iterator<Item = &Arc<Property>> {
    signature.into_iter().flat_map(Class::properties)
}

/// A parameter before its place is known.
struct Draft {
    parameter: Parameter,
    id: usize,
    /// As in the signature, including the directions.
    given: Qualifiers,
}

impl Draft {
    fn new(method: &Name, property: &Property, direction: &str) -> Result<Self> {
        let place = || format!("method {method}: parameter {}", property.name);
        let mut qualifiers = property.qualifiers.clone();
        let id = qualifiers.remove("id").ok_or_else(|| {
            WBEM_E_MISSING_PARAMETER_ID
                .with(format!("{} has no ID; number the parameters from 0", place()))
        })?;
        let id = id.value.as_integer().and_then(|n| usize::try_from(n).ok()).ok_or_else(|| {
            WBEM_E_INVALID_PARAMETER_ID
                .with(format!("{}: its ID is not a whole number from 0", place()))
        })?;
        let given = qualifiers.clone();
        if !qualifiers.is_true(direction) {
            qualifiers.set(Qualifier::new(direction, true, Flavor::default()));
        }
        let parameter = Parameter {
            name: property.name.clone(),
            ty: property.ty.clone(),
            default: property.default.clone(),
            qualifiers,
        };
        Ok(Draft { parameter, id, given })
    }

    /// Makes a parameter that goes in one that comes out as well.
    fn join(&mut self, second: Draft, method: &Name) -> Result<()> {
        let same = self.id == second.id
            && self.parameter.ty == second.parameter.ty
            && self.given == second.given;
        if !same {
            return Err(WBEM_E_INVALID_DUPLICATE_PARAMETER.with(format!(
                "method {method}: parameter {} goes in and comes out with different types, IDs \
                 or qualifiers",
                self.parameter.name
            )));
        }
        self.parameter.qualifiers.set(Qualifier::new("out", true, Flavor::default()));
        Ok(())
    }
}

fn refuse_id(method: &Name, property: &Property) -> Result<()> {
    match property.qualifiers.get("id") {
        Some(_) => Err(WBEM_E_PARAMETER_ID_ON_RETVAL
            .with(format!("method {method}: {RETURN_VALUE} is no parameter and has no ID"))),
        None => Ok(()),
    }
}

fn in_sequence(method: &Name, mut drafts: Vec<Draft>) -> Result<Vec<Parameter>> {
    drafts.sort_by_key(|d| d.id);
    if let Some((wanted, draft)) = drafts.iter().enumerate().find(|(at, d)| *at != d.id) {
        return Err(WBEM_E_NONCONSECUTIVE_PARAMETER_IDS.with(format!(
            "method {method}: parameter {} has the ID {}, {wanted} was to come; the IDs are \
             numbered from 0, each once",
            draft.parameter.name, draft.id
        )));
    }
    Ok(drafts.into_iter().map(|d| d.parameter).collect())
}

/// What keeps a method from having signatures at all.
///
/// # Errors
///
/// `WBEM_E_PARAMETER_ID_ON_RETVAL` if a parameter, which has an ID, is called ReturnValue;
/// `WBEM_E_INVALID_METHOD` if it returns an array.
pub(crate) fn check(class: &Name, method: &MethodDeclaration) -> Result<()> {
    if method.parameters.iter().any(|p| p.name == RETURN_VALUE) {
        return Err(WBEM_E_PARAMETER_ID_ON_RETVAL.with(format!(
            "method {class}.{}: {RETURN_VALUE} is what the method returns and cannot be a \
             parameter",
            method.name
        )));
    }
    if method.return_type.as_ref().is_some_and(|ty| ty.is_array) {
        return Err(WBEM_E_INVALID_METHOD.with(format!(
            "method {class}.{} returns an array; hand it out as a parameter",
            method.name
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::SystemProperty;
    use crate::types::{CimType, PropertyType};
    use crate::{Instance, Object};

    fn qualifiers(names: &[&str]) -> Qualifiers {
        names.iter().map(|n| Qualifier::new(*n, true, Flavor::default())).collect()
    }

    fn parameter(name: &str, cim: CimType, directions: &[&str], default: Value) -> Parameter {
        let (name, ty) = (name.into(), PropertyType::scalar(cim));
        Parameter { name, ty, default, qualifiers: qualifiers(directions) }
    }

    fn declared() -> MethodDeclaration {
        MethodDeclaration {
            name: "M".into(),
            return_type: Some(CimType::UInt32.into()),
            parameters: vec![
                parameter("a", CimType::SInt32, &["in"], Value::SInt32(7)),
                parameter("b", CimType::String, &["in", "out"], Value::Null),
                parameter("c", CimType::String, &["out"], Value::Null),
            ],
            qualifiers: Qualifiers::default(),
        }
    }

    fn class(method: MethodDeclaration) -> Result<Arc<Class>> {
        let methods = vec![method];
        let declaration = ClassDeclaration { name: "X".into(), methods, ..Default::default() };
        Class::derive(Arc::new(declaration), None, None)
    }

    /// Name and ID of each property.
    fn numbered(signature: &Class) -> Vec<(&str, Option<i128>)> {
        let id = |p: &Property| p.qualifiers.value("ID").and_then(Value::as_integer);
        signature.properties().iter().map(|p| (p.name.as_str(), id(p))).collect()
    }

    #[test]
    fn c3_signatures_number_parameters_through_in_and_out() {
        let class = class(declared()).unwrap();
        let method = class.method("m").unwrap();
        let (inward, outward) = (method.in_signature().unwrap(), method.out_signature().unwrap());
        assert_eq!(numbered(&inward), [("a", Some(0)), ("b", Some(1))]);
        assert_eq!(numbered(&outward), [("b", Some(1)), ("c", Some(2)), ("ReturnValue", None)]);
        assert_eq!(inward.property("a").unwrap().qualifiers.get("ID").unwrap().flavor.0, 0x11);
        assert_eq!(Instance::new(inward.clone()).get("a"), Some(&Value::SInt32(7)));
        let object = Object::Class(inward);
        assert!(object.class().is_abstract());
        for (property, expected) in [
            (SystemProperty::Class, Value::string("__PARAMETERS")),
            (SystemProperty::Superclass, Value::Null),
            (SystemProperty::Dynasty, Value::string("__PARAMETERS")),
            (SystemProperty::Derivation, Value::array([])),
            (SystemProperty::Path, Value::Null),
            (SystemProperty::Namespace, Value::Null),
        ] {
            assert_eq!(object.system(property), expected, "{}", property.name());
        }
    }

    #[test]
    fn a_method_without_parameters_has_no_signatures() {
        let method = MethodDeclaration { return_type: None, parameters: vec![], ..declared() };
        let class = class(method).unwrap();
        assert_eq!(class.methods()[0].in_signature(), None);
        assert_eq!(class.methods()[0].out_signature(), None);
    }

    #[test]
    fn signatures_lead_back_to_the_declaration() {
        let class = class(declared()).unwrap();
        let method = &class.methods()[0];
        let (inward, outward) = (method.in_signature(), method.out_signature());
        let again = MethodDeclaration::from_signatures(
            "M",
            inward.as_deref(),
            outward.as_deref(),
            Qualifiers::default(),
        );
        assert_eq!(again.unwrap(), declared());
    }

    /// A signature class as a client builds one: names, types, IDs.
    fn built(properties: &[(&str, CimType, Option<i32>, &[&str])]) -> Arc<Class> {
        let property = |&(name, cim, id, marks): &(&str, CimType, Option<i32>, &[&str])| {
            let mut qualifiers = qualifiers(marks);
            id.into_iter().for_each(|id| {
                qualifiers.set(Qualifier::new("Id", id, Flavor::default()));
            });
            PropertyDeclaration { name: name.into(), ty: cim.into(), default: None, qualifiers }
        };
        let properties = properties.iter().map(property).collect();
        let name = PARAMETERS;
        let declaration = ClassDeclaration { name, properties, ..Default::default() };
        Class::derive(Arc::new(declaration), None, None).unwrap()
    }

    #[test]
    fn c6_c8_c9_what_put_method_refuses() {
        use CimType::{SInt32, String, UInt32};
        let a = |id| ("a", SInt32, id, &[][..]);
        let put = |inward: &Class, outward: &Class| {
            let (inward, outward) = (Some(inward), Some(outward));
            let none = Qualifiers::default();
            MethodDeclaration::from_signatures("M", inward, outward, none)
                .map_or_else(|e| e.status(), |_| WBEM_S_NO_ERROR)
        };
        let returned = |id| built(&[("ReturnValue", UInt32, id, &[])]);
        let good = returned(None);
        for (inward, outward, expected) in [
            (built(&[a(Some(0))]), good.clone(), WBEM_S_NO_ERROR),
            (built(&[a(None)]), good.clone(), WBEM_E_MISSING_PARAMETER_ID),
            (built(&[a(Some(-1))]), good.clone(), WBEM_E_INVALID_PARAMETER_ID),
            (built(&[a(Some(1))]), good.clone(), WBEM_E_NONCONSECUTIVE_PARAMETER_IDS),
            (
                built(&[a(Some(0)), ("b", String, Some(0), &[])]),
                good.clone(),
                WBEM_E_NONCONSECUTIVE_PARAMETER_IDS,
            ),
            (built(&[a(Some(0))]), returned(Some(1)), WBEM_E_PARAMETER_ID_ON_RETVAL),
            (returned(None), good.clone(), WBEM_E_INVALID_METHOD_PARAMETERS),
            (built(&[a(Some(0))]), built(&[a(Some(0))]), WBEM_S_NO_ERROR),
            (built(&[a(Some(0))]), built(&[a(Some(1))]), WBEM_E_INVALID_DUPLICATE_PARAMETER),
            (
                built(&[a(Some(0))]),
                built(&[("a", UInt32, Some(0), &[])]),
                WBEM_E_INVALID_DUPLICATE_PARAMETER,
            ),
            (
                built(&[a(Some(0))]),
                built(&[("a", SInt32, Some(0), &["optional"])]),
                WBEM_E_INVALID_DUPLICATE_PARAMETER,
            ),
        ] {
            let signatures = (numbered(&inward), numbered(&outward));
            assert_eq!(put(&inward, &outward), expected, "{signatures:?}");
        }
    }

    #[test]
    fn c9_return_value_is_no_parameter_and_no_array() {
        let parameters = vec![parameter("returnvalue", CimType::UInt32, &["out"], Value::Null)];
        let named = class(MethodDeclaration { parameters, ..declared() });
        assert_eq!(named.unwrap_err().status(), WBEM_E_PARAMETER_ID_ON_RETVAL);
        let return_type = Some(PropertyType::array(CimType::UInt8));
        let array = class(MethodDeclaration { return_type, ..declared() });
        assert_eq!(array.unwrap_err().status(), WBEM_E_INVALID_METHOD);
    }
}
