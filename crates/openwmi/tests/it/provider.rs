//! A native provider of one's own: registered, bound to a class by MOF, asked for the fields of
//! a struct alone.

use std::sync::{Arc, Mutex};

use cim::status::{WBEM_E_INVALID_METHOD, WBEM_E_INVALID_METHOD_PARAMETERS, WBEM_E_NOT_FOUND};
use cim::{Class, Instance, Result, Value};
use openwmi::wbem::{
    COMPLETE, EnumerationRequest, InstanceProvider, MethodCall, MethodProvider, NativeProviders,
    ProviderContext, ProviderInterfaces, Sink, Wanted,
};
use openwmi::{WMIConnection, Wmi};
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
instance of __MethodProviderRegistration
{
    Provider = $P;
};
[dynamic, provider("TestProvider")]
class Test_Sensor
{
    [key] uint32 Id;
    uint64 Reading;
    string Costly;
    [implemented, static] uint32 Add([in] uint32 A, [in] uint32 B = 40, [out] uint64 Sum);
    [implemented] void Reset();
};
class Test_Thing { [key] uint32 K; };
[provider("TestProvider")]
class Test_Scales : Test_Thing
{
    [implemented] uint32 Weigh([in] uint32 A, [in] uint32 B, [out] uint64 Sum);
};
instance of Test_Scales { K = 1; };
instance of Test_Thing { K = 2; };
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
        _: &ProviderContext,
    ) -> Result<Instance> {
        match keys {
            [Value::UInt32(id)] if *id < 2 => Ok(Sensors::sensor(class, *id)),
            _ => Err(WBEM_E_NOT_FOUND.with("no such sensor")),
        }
    }

    fn enumerate(&self, request: &EnumerationRequest<'_>, _: &ProviderContext, mut sink: Sink) {
        let wanted = (0..request.class.properties().len()).map(|s| request.wanted.contains(s));
        self.asked.lock().unwrap().push(wanted.collect());
        let all = (0..2).map(|id| Sensors::sensor(request.class, id).into()).collect();
        let _ = sink.indicate(all);
        sink.complete(COMPLETE);
    }
}

impl MethodProvider for Sensors {
    fn exec_method(&self, call: &MethodCall<'_>, _: &ProviderContext) -> Result<Option<Instance>> {
        let number = |name| call.argument(name).as_integer().unwrap_or(0) as u64;
        call.outcome(0u32, &[("Sum", Value::UInt64(number("A") + number("B")))])
    }
}

/// A WMI whose sensors are `sensors`.
fn machine(sensors: &Arc<Sensors>) -> WMIConnection {
    let (instances, methods) = (Some(sensors.clone() as _), Some(sensors.clone() as _));
    let native = ProviderInterfaces { instances, methods, ..ProviderInterfaces::default() };
    let mut providers = NativeProviders::default();
    providers.register(CLSID, move |_| Ok(native.clone()));
    let wmi = Wmi::in_memory(providers).unwrap();
    wmi.compile(r"root\cimv2", MOF).unwrap();
    wmi.connection(r"root\cimv2").unwrap()
}

#[test]
fn methods_take_values_and_hand_out_structs() {
    #[derive(Deserialize)]
    #[serde(rename = "Test_Sensor")]
    struct Sensor {}
    #[derive(Deserialize)]
    struct Sum {
        #[serde(rename = "ReturnValue")]
        returned: u32,
        sum: u64,
    }
    let cimv2 = machine(&Arc::default());
    let a = [("a", Value::SInt32(2))];
    let sum: Sum = cimv2.exec_class_method::<Sensor, _>("add", &a).unwrap();
    assert_eq!((sum.returned, sum.sum), (0, 42));
    let () = cimv2.exec_method("Test_Sensor", "Add", &a).unwrap();
    let () = cimv2.exec_method("Test_Sensor.Id=1", "Reset", &[]).unwrap();
    for (method, parameter, status) in [
        ("Subtract", "A", WBEM_E_INVALID_METHOD),
        ("Add", "C", WBEM_E_INVALID_METHOD_PARAMETERS),
        ("Reset", "A", WBEM_E_INVALID_METHOD_PARAMETERS),
    ] {
        let parameters = [(parameter, Value::UInt32(1))];
        let error = cimv2.exec_method::<()>("Test_Sensor", method, &parameters).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        assert_eq!(error.object(), format!("{method} of Test_Sensor"));
    }
}

#[test]
fn c4_a_method_of_the_class_that_the_instance_has() {
    #[derive(Deserialize)]
    struct Weight {
        sum: u64,
    }
    let cimv2 = machine(&Arc::default());
    let given = [("A", Value::UInt32(1)), ("B", Value::UInt32(2))];
    let weight: Weight = cimv2.exec_method("Test_Thing.K=1", "Weigh", &given).unwrap();
    assert_eq!(weight.sum, 3);
    for path in ["Test_Thing.K=2", "Test_Thing"] {
        let error = cimv2.exec_method::<()>(path, "Weigh", &given).unwrap_err();
        assert_eq!(error.status(), WBEM_E_INVALID_METHOD, "{path}");
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
    let cimv2 = machine(&sensors);

    let readings: Vec<u64> =
        cimv2.query::<Sensor>().unwrap().into_iter().map(|sensor| sensor.reading).collect();
    assert_eq!(readings, [u64::MAX, u64::MAX - 1]);
    assert_eq!(*sensors.asked.lock().unwrap(), [[false, true, false]]);

    let sensor: Sensor = cimv2.get_by_path("Test_Sensor.Id=1").unwrap();
    assert_eq!(sensor.reading, u64::MAX - 1);
    let error = cimv2.get_by_path::<Sensor>("Test_Sensor.Id=2").err().unwrap();
    assert_eq!((error.status(), error.message()), (WBEM_E_NOT_FOUND, "Test_Sensor.Id=2 not found"));
}
