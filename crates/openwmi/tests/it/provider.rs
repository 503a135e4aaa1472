//! A native provider of one's own: registered, bound to a class by MOF, asked for the fields of
//! a struct alone.

use std::sync::{Arc, Mutex};

use cim::status::WBEM_E_NOT_FOUND;
use cim::{Class, Instance, Result, Value};
use openwmi::Wmi;
use openwmi::wbem::{
    COMPLETE, CallContext, InstanceProvider, Native, NativeProviders, Request, Sink, Wanted,
};
use serde::Deserialize;

const CLSID: &str = "{9f2c7f0e-30f5-4d51-9f5b-1f7d2f4e8a11}";

const MOF: &str = r#"
instance of __Win32Provider as $P
{
    Name = "TestProvider";
    CLSID = "{9f2c7f0e-30f5-4d51-9f5b-1f7d2f4e8a11}";
};
instance of __InstanceProviderRegistration
{
    Provider = $P;
    SupportsGet = TRUE;
    SupportsEnumeration = TRUE;
};
[dynamic, provider("TestProvider")]
class Test_Sensor
{
    [key] uint32 Id;
    uint64 Reading;
    string Costly;
};
"#;

/// Two sensors; keeps which properties it was asked for.
#[derive(Default)]
struct Sensors {
    asked: Mutex<Vec<Vec<bool>>>,
}

impl Sensors {
    fn sensor(class: &Arc<Class>, id: u32) -> Instance {
        let mut instance = Instance::new(class.clone());
        instance.put("Id", &Value::UInt32(id)).unwrap();
        instance.put("Reading", &Value::UInt64(u64::MAX - u64::from(id))).unwrap();
        instance
    }
}

impl InstanceProvider for Sensors {
    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        _: &Wanted,
        _: &CallContext,
    ) -> Result<Instance> {
        match keys {
            [Value::UInt32(id)] if *id < 2 => Ok(Sensors::sensor(class, *id)),
            _ => Err(WBEM_E_NOT_FOUND.with("no such sensor")),
        }
    }

    fn enumerate(&self, request: &Request<'_>, _: &CallContext, mut sink: Sink) {
        let wanted = (0..request.class.properties().len()).map(|s| request.wanted.contains(s));
        self.asked.lock().unwrap().push(wanted.collect());
        let all = (0..2).map(|id| Sensors::sensor(request.class, id).into()).collect();
        let _ = sink.indicate(all);
        sink.complete(COMPLETE);
    }
}

#[test]
fn a_provider_is_asked_for_the_fields_alone() {
    #[derive(Deserialize)]
    #[serde(rename = "Test_Sensor")]
    struct Sensor {
        reading: u64,
    }
    let sensors = Arc::new(Sensors::default());
    let native = sensors.clone();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, Arc::new(move |_| Ok(Native::instances(native.clone()))));
    let wmi = Wmi::in_memory(providers).unwrap();
    wmi.compile(r"root\cimv2", MOF).unwrap();
    let cimv2 = wmi.connection(r"root\cimv2").unwrap();

    let readings: Vec<u64> =
        cimv2.query::<Sensor>().unwrap().into_iter().map(|sensor| sensor.reading).collect();
    assert_eq!(readings, [u64::MAX, u64::MAX - 1]);
    assert_eq!(*sensors.asked.lock().unwrap(), [[false, true, false]]);

    let sensor: Sensor = cimv2.get_by_path("Test_Sensor.Id=1").unwrap();
    assert_eq!(sensor.reading, u64::MAX - 1);
    let error = cimv2.get_by_path::<Sensor>("Test_Sensor.Id=2").err().unwrap();
    assert_eq!((error.status(), error.message()), (WBEM_E_NOT_FOUND, "Test_Sensor.Id=2 not found"));
}
