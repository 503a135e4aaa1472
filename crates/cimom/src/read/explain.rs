//! A plan described as instances of `OpenWMI_PlanStep`: which sources are asked what, and what the
//! core does to the answer.
//!
//! Asked for by the context value `wbem::EXPLAIN`; answered like any query, through a sink.

use std::sync::{Arc, LazyLock};

use cim::{Class, Instance, Object, ObjectPath, Result, Value};
use wbem::Wanted;
use wql::BoundSelect;

use crate::read::plan::{SourceRequest, Step, texts};
use crate::read::resolve::Source;
use crate::source::layered::Part;
use crate::system;

/// `OpenWMI_PlanStep`, declared beside this file.
static PLAN_STEP: LazyLock<Arc<Class>> = LazyLock::new(|| {
    let declared = system::parse(include_str!("explain.mof"));
    let [declaration] = declared.as_slice() else { panic!("explain.mof declares one class") };
    Class::derive(declaration.clone(), None, None).expect("explain.mof declares a sound class")
});

/// The steps of plans over instances.
pub fn steps<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Result<Vec<Object>> {
    let mut described = Vec::new();
    for step in steps {
        described.push(describe(described.len(), step)?);
        for part in &step.parts {
            described.push(describe_part(described.len(), step, part)?);
        }
    }
    Ok(described)
}

/// A part of a step's instances that the provider of a class above has.
fn describe_part(index: usize, step: &Step, part: &Part) -> Result<Object> {
    let operation = match part.binding.check_get() {
        Ok(()) => "GetObject",
        Err(_) => "CreateInstanceEnum",
    };
    let mut instance = Instance::new(PLAN_STEP.clone());
    instance.put("Step", &Value::UInt32(index as u32 + 1))?;
    instance.put("Class", &part.class.name().as_str().into())?;
    instance.put("Source", &part.binding.name().as_str().into())?;
    instance.put("Operation", &operation.into())?;
    instance.put("Completes", &step.class.name().as_str().into())?;
    Ok(Object::Instance(instance))
}

/// The one step of a query over classes.
pub fn schema(condition: Option<String>) -> Result<Vec<Object>> {
    let mut instance = Instance::new(PLAN_STEP.clone());
    instance.put("Step", &Value::UInt32(1))?;
    instance.put("Class", &"meta_class".into())?;
    instance.put("Source", &"Schema".into())?;
    instance.put("Operation", &"CreateClassEnum".into())?;
    instance.put("Filtered", &Value::from(condition))?;
    Ok(vec![Object::Instance(instance)])
}

fn describe(index: usize, step: &Step) -> Result<Object> {
    let source = match &step.source {
        Source::Repository => "Repository",
        Source::System(_) => "System",
        Source::Provider(binding) => binding.name().as_str(),
    };
    let (operation, path) = match &step.ask {
        SourceRequest::Get(keys) => {
            let asked = Instance::with_keys(&step.class, keys);
            ("GetObject", asked.relative_path().map(|path| path.to_string()))
        }
        SourceRequest::Enumerate => ("CreateInstanceEnum", None),
        SourceRequest::Query(_) | SourceRequest::Beyond(_) => ("ExecQuery", None),
        SourceRequest::Referring(asked) => {
            ("ReferencesTo", asked.referent.paths.first().map(ObjectPath::to_string))
        }
    };
    let of = |select: &Option<BoundSelect>| {
        select.as_ref().and_then(|select| texts(select.conjuncts().iter()))
    };
    let (pushed, filtered) = match &step.ask {
        // The provider has the whole text, and what it delivers is not looked at.
        SourceRequest::Query(_) => (of(&step.condition), None),
        _ => (step.exact.clone(), of(&step.filter)),
    };
    let properties = match &step.wanted {
        Wanted::All => Value::Null,
        Wanted::Slots(slots) => Value::array(
            slots.iter().map(|&s| Value::string(step.class.properties()[s].name.as_str())),
        ),
    };
    let mut instance = Instance::new(PLAN_STEP.clone());
    instance.put("Step", &Value::UInt32(index as u32 + 1))?;
    instance.put("Class", &step.class.name().as_str().into())?;
    instance.put("Source", &source.into())?;
    instance.put("Operation", &operation.into())?;
    instance.put("Path", &Value::from(path))?;
    instance.put("PushedDown", &Value::from(pushed))?;
    instance.put("Filtered", &Value::from(filtered))?;
    instance.put("Properties", &properties)?;
    instance.put("LeavesOutKnown", &Value::Boolean(step.is_related))?;
    instance.put("GivesNothing", &Value::Boolean(step.is_left_out))?;
    Ok(Object::Instance(instance))
}
