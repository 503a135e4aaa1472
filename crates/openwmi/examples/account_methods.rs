//! A provider of methods: accounts are stored, their methods are code, which reads and writes them
//! through WMI. `cargo run -p openwmi --example account_methods` calls them.

use std::sync::{Arc, Mutex};

use openwmi::cim::status::{
    WBEM_E_FAILED, WBEM_E_INVALID_METHOD, WBEM_E_INVALID_METHOD_PARAMETERS,
};
use openwmi::cim::{Instance, Result, Value};
use openwmi::wbem::{
    Flags, MethodCall, MethodProvider, NativeProviders, ProviderContext, ProviderInterfaces,
};
use openwmi::{WMIResult, Wmi};
use serde::Deserialize;

const CLSID: &str = "{6B0F4D6E-6B27-4E52-9B5E-6D1C5C1A0A02}";

/// The class has `provider` and not `dynamic`: its instances are stored, its methods are provided.
const MOF: &str = r#"
instance of __Win32Provider as $P
{
    Name = "Demo|Accounts|1";
    CLSID = "{6B0F4D6E-6B27-4E52-9B5E-6D1C5C1A0A02}";
    HostingModel = "WmiCore";
};
instance of __MethodProviderRegistration { Provider = $P; };

[provider("Demo|Accounts|1")]
class Demo_Account
{
    [key] string Owner;
    uint64 Balance = 0;

    [implemented] uint32 Withdraw([in] uint64 Amount, [out] uint64 Balance);
    [implemented] uint32 Deposit([in] uint64 Amount = 1, [out] uint64 Balance);
    [implemented, static] uint64 Limit();
};
instance of Demo_Account { Owner = "Ann"; Balance = 10; };
instance of Demo_Account { Owner = "Bob"; };
"#;

/// What `Withdraw` returns where there is not enough: the method failed, the call did not.
const NOT_ENOUGH: u32 = 1;

/// Methods that change an account, one after the other.
#[derive(Default)]
struct Accounts(Mutex<()>);

impl Accounts {
    /// Changes the balance of the account that the method is called on.
    fn change(
        &self,
        call: &MethodCall<'_>,
        context: &ProviderContext,
        change: impl Fn(u64, u64) -> Option<u64>,
    ) -> Result<Option<Instance>> {
        let Value::UInt64(amount) = *call.argument("Amount") else {
            return Err(WBEM_E_INVALID_METHOD_PARAMETERS.with("Amount is NULL"));
        };
        let _one_at_a_time = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let services = context.services();
        let asked = Instance::with_keys(call.class, call.keys.unwrap_or_default());
        let path = asked.relative_path().ok_or(WBEM_E_FAILED)?.to_string();
        // With the context that came: so that WMI knows on whose behalf this is asked.
        let found = services.get_object(&path, Flags::default(), context)?;
        let mut account = found.as_instance().ok_or(WBEM_E_FAILED)?.clone();
        let Some(&Value::UInt64(balance)) = account.get("Balance") else {
            return Err(WBEM_E_FAILED.with("the account has no balance"));
        };
        let Some(changed) = change(balance, amount) else {
            return call.outcome(NOT_ENOUGH, &[("Balance", balance.into())]);
        };
        account.put("Balance", &changed.into())?;
        services.put_instance(&account, Flags::UPDATE_ONLY, context)?;
        call.outcome(0u32, &[("Balance", changed.into())])
    }
}

impl MethodProvider for Accounts {
    fn exec_method(
        &self,
        call: &MethodCall<'_>,
        context: &ProviderContext,
    ) -> Result<Option<Instance>> {
        match call.method.name.folded().as_ref() {
            "withdraw" => self.change(call, context, u64::checked_sub),
            "deposit" => self.change(call, context, u64::checked_add),
            "limit" => call.outcome(u64::MAX, &[]),
            _ => Err(WBEM_E_INVALID_METHOD.into()),
        }
    }
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(rename = "ReturnValue")]
    returned: u32,
    balance: u64,
}

pub(crate) fn main() -> WMIResult<()> {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, |_| Ok(ProviderInterfaces::methods(Arc::new(Accounts::default()))));
    let wmi = Wmi::in_memory(providers)?;
    wmi.compile(r"root\demo", MOF)?;
    let demo = wmi.connection(r"root\demo")?;
    let amount = |n: u64| [("Amount", Value::from(n))];

    let ann = r#"Demo_Account.Owner="Ann""#;
    let out: Outcome = demo.exec_method(ann, "Withdraw", &amount(4))?;
    assert_eq!((out.returned, out.balance), (0, 6));
    let out: Outcome = demo.exec_method(ann, "Withdraw", &amount(7))?;
    assert_eq!((out.returned, out.balance), (NOT_ENOUGH, 6));
    let out: Outcome = demo.exec_method(r#"Demo_Account="Bob""#, "Deposit", &[])?;
    assert_eq!((out.returned, out.balance), (0, 1));
    println!("Ann has 6, Bob has 1");
    Ok(())
}
