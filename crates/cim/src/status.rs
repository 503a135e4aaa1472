//! The status of every operation: WMI's HRESULT values by symbol, number and text.
//!
//! What it does: names each documented code, tells success from failure, and carries a
//! failure with a message (`Error`). What it does not: decide which code a rule gives; that
//! is the rule's own affair. Source: MS-WMI 2.2.11 and the WMI error constants.

use std::borrow::Cow;
use std::fmt;

/// An HRESULT as WMI uses it. Zero and all values without the high bit are successes:
/// `WBEM_S_FALSE` or `WBEM_S_TIMEDOUT` tell something, they are no failures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WbemStatus(pub u32);

impl WbemStatus {
    /// Whether the high bit is clear.
    pub const fn is_success(self) -> bool {
        self.0 < 0x8000_0000
    }

    /// The documented symbol, as `WBEM_E_NOT_FOUND`; `None` for a number that has none.
    pub fn symbol(self) -> Option<&'static str> {
        self.entry().map(|e| e.symbol)
    }

    /// What the code means, in a sentence.
    pub fn text(self) -> &'static str {
        self.entry().map_or("no documented meaning", |e| e.text)
    }

    /// The code of a symbol, without regard to case.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        STATUSES.iter().find(|e| e.symbol.eq_ignore_ascii_case(symbol)).map(|e| e.status)
    }

    /// Every documented code, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = WbemStatus> {
        STATUSES.iter().map(|e| e.status)
    }

    /// This status as an error that says what failed and where.
    pub fn with(self, message: impl Into<Cow<'static, str>>) -> Error {
        Error { status: self, message: message.into() }
    }

    fn entry(self) -> Option<&'static Entry> {
        STATUSES.iter().find(|e| e.status == self)
    }
}

impl fmt::Display for WbemStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.symbol() {
            Some(symbol) => write!(f, "{symbol} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

impl fmt::Debug for WbemStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A failed operation: the status, and a message that names the thing and the place.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    status: WbemStatus,
    message: Cow<'static, str>,
}

/// The result of an operation of the object model.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The status that an edge reports.
    pub fn status(&self) -> WbemStatus {
        self.status
    }

    /// What failed, on what, and what to do; empty where the status says it all.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<WbemStatus> for Error {
    fn from(status: WbemStatus) -> Self {
        status.with("")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = if self.message.is_empty() { self.status.text() } else { &self.message };
        write!(f, "{}: {message}", self.status)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

struct Entry {
    status: WbemStatus,
    symbol: &'static str,
    text: &'static str,
}

macro_rules! statuses {
    ($($symbol:ident = $number:literal, $text:literal;)*) => {
        $(#[doc = $text] pub const $symbol: WbemStatus = WbemStatus($number);)*
        static STATUSES: &[Entry] = &[
            $(Entry { status: $symbol, symbol: stringify!($symbol), text: $text },)*
        ];
    };
}

statuses! {
    WBEM_S_NO_ERROR = 0x00000000, "no error";
    WBEM_S_FALSE = 0x00000001, "false";
    WBEM_S_ALREADY_EXISTS = 0x00040001, "already exists";
    WBEM_S_RESET_TO_DEFAULT = 0x00040002, "reset to default";
    WBEM_S_DIFFERENT = 0x00040003, "different";
    WBEM_S_TIMEDOUT = 0x00040004, "timedout";
    WBEM_S_NO_MORE_DATA = 0x00040005, "no more data";
    WBEM_S_OPERATION_CANCELLED = 0x00040006, "operation cancelled";
    WBEM_S_PENDING = 0x00040007, "pending";
    WBEM_S_DUPLICATE_OBJECTS = 0x00040008, "duplicate objects";
    WBEM_S_ACCESS_DENIED = 0x00040009, "access denied";
    WBEM_S_PARTIAL_RESULTS = 0x00040010, "partial results";
    WBEM_S_LIMITED_SERVICE = 0x00043001, "limited service";
    WBEM_S_INDIRECTLY_UPDATED = 0x00043002, "indirectly updated";
    WBEM_E_FAILED = 0x80041001, "failed";
    WBEM_E_NOT_FOUND = 0x80041002, "not found";
    WBEM_E_ACCESS_DENIED = 0x80041003, "access denied";
    WBEM_E_PROVIDER_FAILURE = 0x80041004, "provider failure";
    WBEM_E_TYPE_MISMATCH = 0x80041005, "type mismatch";
    WBEM_E_OUT_OF_MEMORY = 0x80041006, "out of memory";
    WBEM_E_INVALID_CONTEXT = 0x80041007, "invalid context";
    WBEM_E_INVALID_PARAMETER = 0x80041008, "invalid parameter";
    WBEM_E_NOT_AVAILABLE = 0x80041009, "not available";
    WBEM_E_CRITICAL_ERROR = 0x8004100A, "critical error";
    WBEM_E_INVALID_STREAM = 0x8004100B, "invalid stream";
    WBEM_E_NOT_SUPPORTED = 0x8004100C, "not supported";
    WBEM_E_INVALID_SUPERCLASS = 0x8004100D, "invalid superclass";
    WBEM_E_INVALID_NAMESPACE = 0x8004100E, "invalid namespace";
    WBEM_E_INVALID_OBJECT = 0x8004100F, "invalid object";
    WBEM_E_INVALID_CLASS = 0x80041010, "invalid class";
    WBEM_E_PROVIDER_NOT_FOUND = 0x80041011, "provider not found";
    WBEM_E_INVALID_PROVIDER_REGISTRATION = 0x80041012, "invalid provider registration";
    WBEM_E_PROVIDER_LOAD_FAILURE = 0x80041013, "provider load failure";
    WBEM_E_INITIALIZATION_FAILURE = 0x80041014, "initialization failure";
    WBEM_E_TRANSPORT_FAILURE = 0x80041015, "transport failure";
    WBEM_E_INVALID_OPERATION = 0x80041016, "invalid operation";
    WBEM_E_INVALID_QUERY = 0x80041017, "invalid query";
    WBEM_E_INVALID_QUERY_TYPE = 0x80041018, "invalid query type";
    WBEM_E_ALREADY_EXISTS = 0x80041019, "already exists";
    WBEM_E_OVERRIDE_NOT_ALLOWED = 0x8004101A, "override not allowed";
    WBEM_E_PROPAGATED_QUALIFIER = 0x8004101B, "propagated qualifier";
    WBEM_E_PROPAGATED_PROPERTY = 0x8004101C, "propagated property";
    WBEM_E_UNEXPECTED = 0x8004101D, "unexpected";
    WBEM_E_ILLEGAL_OPERATION = 0x8004101E, "illegal operation";
    WBEM_E_CANNOT_BE_KEY = 0x8004101F, "cannot be key";
    WBEM_E_INCOMPLETE_CLASS = 0x80041020, "incomplete class";
    WBEM_E_INVALID_SYNTAX = 0x80041021, "invalid syntax";
    WBEM_E_NONDECORATED_OBJECT = 0x80041022, "nondecorated object";
    WBEM_E_READ_ONLY = 0x80041023, "read only";
    WBEM_E_PROVIDER_NOT_CAPABLE = 0x80041024, "provider not capable";
    WBEM_E_CLASS_HAS_CHILDREN = 0x80041025, "class has children";
    WBEM_E_CLASS_HAS_INSTANCES = 0x80041026, "class has instances";
    WBEM_E_QUERY_NOT_IMPLEMENTED = 0x80041027, "query not implemented";
    WBEM_E_ILLEGAL_NULL = 0x80041028, "illegal null";
    WBEM_E_INVALID_QUALIFIER_TYPE = 0x80041029, "invalid qualifier type";
    WBEM_E_INVALID_PROPERTY_TYPE = 0x8004102A, "invalid property type";
    WBEM_E_VALUE_OUT_OF_RANGE = 0x8004102B, "value out of range";
    WBEM_E_CANNOT_BE_SINGLETON = 0x8004102C, "cannot be singleton";
    WBEM_E_INVALID_CIM_TYPE = 0x8004102D, "invalid cim type";
    WBEM_E_INVALID_METHOD = 0x8004102E, "invalid method";
    WBEM_E_INVALID_METHOD_PARAMETERS = 0x8004102F, "invalid method parameters";
    WBEM_E_SYSTEM_PROPERTY = 0x80041030, "system property";
    WBEM_E_INVALID_PROPERTY = 0x80041031, "invalid property";
    WBEM_E_CALL_CANCELLED = 0x80041032, "call cancelled";
    WBEM_E_SHUTTING_DOWN = 0x80041033, "shutting down";
    WBEM_E_PROPAGATED_METHOD = 0x80041034, "propagated method";
    WBEM_E_UNSUPPORTED_PARAMETER = 0x80041035, "unsupported parameter";
    WBEM_E_MISSING_PARAMETER_ID = 0x80041036, "missing parameter id";
    WBEM_E_INVALID_PARAMETER_ID = 0x80041037, "invalid parameter id";
    WBEM_E_NONCONSECUTIVE_PARAMETER_IDS = 0x80041038, "nonconsecutive parameter ids";
    WBEM_E_PARAMETER_ID_ON_RETVAL = 0x80041039, "parameter id on retval";
    WBEM_E_INVALID_OBJECT_PATH = 0x8004103A, "invalid object path";
    WBEM_E_OUT_OF_DISK_SPACE = 0x8004103B, "out of disk space";
    WBEM_E_BUFFER_TOO_SMALL = 0x8004103C, "buffer too small";
    WBEM_E_UNSUPPORTED_PUT_EXTENSION = 0x8004103D, "unsupported put extension";
    WBEM_E_UNKNOWN_OBJECT_TYPE = 0x8004103E, "unknown object type";
    WBEM_E_UNKNOWN_PACKET_TYPE = 0x8004103F, "unknown packet type";
    WBEM_E_MARSHAL_VERSION_MISMATCH = 0x80041040, "marshal version mismatch";
    WBEM_E_MARSHAL_INVALID_SIGNATURE = 0x80041041, "marshal invalid signature";
    WBEM_E_INVALID_QUALIFIER = 0x80041042, "invalid qualifier";
    WBEM_E_INVALID_DUPLICATE_PARAMETER = 0x80041043, "invalid duplicate parameter";
    WBEM_E_TOO_MUCH_DATA = 0x80041044, "too much data";
    WBEM_E_SERVER_TOO_BUSY = 0x80041045, "server too busy";
    WBEM_E_INVALID_FLAVOR = 0x80041046, "invalid flavor";
    WBEM_E_CIRCULAR_REFERENCE = 0x80041047, "circular reference";
    WBEM_E_UNSUPPORTED_CLASS_UPDATE = 0x80041048, "unsupported class update";
    WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE = 0x80041049, "cannot change key inheritance";
    WBEM_E_CANNOT_CHANGE_INDEX_INHERITANCE = 0x80041050, "cannot change index inheritance";
    WBEM_E_TOO_MANY_PROPERTIES = 0x80041051, "too many properties";
    WBEM_E_UPDATE_TYPE_MISMATCH = 0x80041052, "update type mismatch";
    WBEM_E_UPDATE_OVERRIDE_NOT_ALLOWED = 0x80041053, "update override not allowed";
    WBEM_E_UPDATE_PROPAGATED_METHOD = 0x80041054, "update propagated method";
    WBEM_E_METHOD_NOT_IMPLEMENTED = 0x80041055, "method not implemented";
    WBEM_E_METHOD_DISABLED = 0x80041056, "method disabled";
    WBEM_E_REFRESHER_BUSY = 0x80041057, "refresher busy";
    WBEM_E_UNPARSABLE_QUERY = 0x80041058, "unparsable query";
    WBEM_E_NOT_EVENT_CLASS = 0x80041059, "not event class";
    WBEM_E_MISSING_GROUP_WITHIN = 0x8004105A, "missing group within";
    WBEM_E_MISSING_AGGREGATION_LIST = 0x8004105B, "missing aggregation list";
    WBEM_E_PROPERTY_NOT_AN_OBJECT = 0x8004105C, "property not an object";
    WBEM_E_AGGREGATING_BY_OBJECT = 0x8004105D, "aggregating by object";
    WBEM_E_UNINTERPRETABLE_PROVIDER_QUERY = 0x8004105F, "uninterpretable provider query";
    WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING = 0x80041060, "backup restore winmgmt running";
    WBEM_E_QUEUE_OVERFLOW = 0x80041061, "queue overflow";
    WBEM_E_PRIVILEGE_NOT_HELD = 0x80041062, "privilege not held";
    WBEM_E_INVALID_OPERATOR = 0x80041063, "invalid operator";
    WBEM_E_LOCAL_CREDENTIALS = 0x80041064, "local credentials";
    WBEM_E_CANNOT_BE_ABSTRACT = 0x80041065, "cannot be abstract";
    WBEM_E_AMENDED_OBJECT = 0x80041066, "amended object";
    WBEM_E_CLIENT_TOO_SLOW = 0x80041067, "client too slow";
    WBEM_E_NULL_SECURITY_DESCRIPTOR = 0x80041068, "null security descriptor";
    WBEM_E_TIMED_OUT = 0x80041069, "timed out";
    WBEM_E_INVALID_ASSOCIATION = 0x8004106A, "invalid association";
    WBEM_E_AMBIGUOUS_OPERATION = 0x8004106B, "ambiguous operation";
    WBEM_E_QUOTA_VIOLATION = 0x8004106C, "quota violation";
    WBEM_E_TRANSACTION_CONFLICT = 0x8004106D, "transaction conflict";
    WBEM_E_FORCED_ROLLBACK = 0x8004106E, "forced rollback";
    WBEM_E_UNSUPPORTED_LOCALE = 0x8004106F, "unsupported locale";
    WBEM_E_HANDLE_OUT_OF_DATE = 0x80041070, "handle out of date";
    WBEM_E_CONNECTION_FAILED = 0x80041071, "connection failed";
    WBEM_E_INVALID_HANDLE_REQUEST = 0x80041072, "invalid handle request";
    WBEM_E_PROPERTY_NAME_TOO_WIDE = 0x80041073, "property name too wide";
    WBEM_E_CLASS_NAME_TOO_WIDE = 0x80041074, "class name too wide";
    WBEM_E_METHOD_NAME_TOO_WIDE = 0x80041075, "method name too wide";
    WBEM_E_QUALIFIER_NAME_TOO_WIDE = 0x80041076, "qualifier name too wide";
    WBEM_E_RERUN_COMMAND = 0x80041077, "rerun command";
    WBEM_E_DATABASE_VER_MISMATCH = 0x80041078, "database ver mismatch";
    WBEM_E_VETO_DELETE = 0x80041079, "veto delete";
    WBEM_E_VETO_PUT = 0x8004107A, "veto put";
    WBEM_E_INVALID_LOCALE = 0x80041080, "invalid locale";
    WBEM_E_PROVIDER_SUSPENDED = 0x80041081, "provider suspended";
    WBEM_E_SYNCHRONIZATION_REQUIRED = 0x80041082, "synchronization required";
    WBEM_E_NO_SCHEMA = 0x80041083, "no schema";
    WBEM_E_PROVIDER_ALREADY_REGISTERED = 0x80041084, "provider already registered";
    WBEM_E_PROVIDER_NOT_REGISTERED = 0x80041085, "provider not registered";
    WBEM_E_FATAL_TRANSPORT_ERROR = 0x80041086, "fatal transport error";
    WBEM_E_ENCRYPTED_CONNECTION_REQUIRED = 0x80041087, "encrypted connection required";
    WBEM_E_PROVIDER_TIMED_OUT = 0x80041088, "provider timed out";
    WBEM_E_NO_KEY = 0x80041089, "no key";
    WBEM_E_PROVIDER_DISABLED = 0x8004108A, "provider disabled";
    WBEMESS_E_REGISTRATION_TOO_BROAD = 0x80042001, "registration too broad";
    WBEMESS_E_REGISTRATION_TOO_PRECISE = 0x80042002, "registration too precise";
    WBEMESS_E_AUTHZ_NOT_PRIVILEGED = 0x80042003, "authz not privileged";
    WBEM_E_RETRY_LATER = 0x80043001, "retry later";
    WBEM_E_RESOURCE_CONTENTION = 0x80043002, "resource contention";
    WBEMMOF_E_EXPECTED_QUALIFIER_NAME = 0x80044001, "expected qualifier name";
    WBEMMOF_E_EXPECTED_SEMI = 0x80044002, "expected semi";
    WBEMMOF_E_EXPECTED_OPEN_BRACE = 0x80044003, "expected open brace";
    WBEMMOF_E_EXPECTED_CLOSE_BRACE = 0x80044004, "expected close brace";
    WBEMMOF_E_EXPECTED_CLOSE_BRACKET = 0x80044005, "expected close bracket";
    WBEMMOF_E_EXPECTED_CLOSE_PAREN = 0x80044006, "expected close paren";
    WBEMMOF_E_ILLEGAL_CONSTANT_VALUE = 0x80044007, "illegal constant value";
    WBEMMOF_E_EXPECTED_TYPE_IDENTIFIER = 0x80044008, "expected type identifier";
    WBEMMOF_E_EXPECTED_OPEN_PAREN = 0x80044009, "expected open paren";
    WBEMMOF_E_UNRECOGNIZED_TOKEN = 0x8004400A, "unrecognized token";
    WBEMMOF_E_UNRECOGNIZED_TYPE = 0x8004400B, "unrecognized type";
    WBEMMOF_E_EXPECTED_PROPERTY_NAME = 0x8004400C, "expected property name";
    WBEMMOF_E_TYPEDEF_NOT_SUPPORTED = 0x8004400D, "typedef not supported";
    WBEMMOF_E_UNEXPECTED_ALIAS = 0x8004400E, "unexpected alias";
    WBEMMOF_E_UNEXPECTED_ARRAY_INIT = 0x8004400F, "unexpected array init";
    WBEMMOF_E_INVALID_AMENDMENT_SYNTAX = 0x80044010, "invalid amendment syntax";
    WBEMMOF_E_INVALID_DUPLICATE_AMENDMENT = 0x80044011, "invalid duplicate amendment";
    WBEMMOF_E_INVALID_PRAGMA = 0x80044012, "invalid pragma";
    WBEMMOF_E_INVALID_NAMESPACE_SYNTAX = 0x80044013, "invalid namespace syntax";
    WBEMMOF_E_EXPECTED_CLASS_NAME = 0x80044014, "expected class name";
    WBEMMOF_E_TYPE_MISMATCH = 0x80044015, "type mismatch";
    WBEMMOF_E_EXPECTED_ALIAS_NAME = 0x80044016, "expected alias name";
    WBEMMOF_E_INVALID_CLASS_DECLARATION = 0x80044017, "invalid class declaration";
    WBEMMOF_E_INVALID_INSTANCE_DECLARATION = 0x80044018, "invalid instance declaration";
    WBEMMOF_E_EXPECTED_DOLLAR = 0x80044019, "expected dollar";
    WBEMMOF_E_CIMTYPE_QUALIFIER = 0x8004401A, "cimtype qualifier";
    WBEMMOF_E_DUPLICATE_PROPERTY = 0x8004401B, "duplicate property";
    WBEMMOF_E_INVALID_NAMESPACE_SPECIFICATION = 0x8004401C, "invalid namespace specification";
    WBEMMOF_E_OUT_OF_RANGE = 0x8004401D, "out of range";
    WBEMMOF_E_INVALID_FILE = 0x8004401E, "invalid file";
    WBEMMOF_E_ALIASES_IN_EMBEDDED = 0x8004401F, "aliases in embedded";
    WBEMMOF_E_NULL_ARRAY_ELEM = 0x80044020, "null array elem";
    WBEMMOF_E_DUPLICATE_QUALIFIER = 0x80044021, "duplicate qualifier";
    WBEMMOF_E_EXPECTED_FLAVOR_TYPE = 0x80044022, "expected flavor type";
    WBEMMOF_E_INCOMPATIBLE_FLAVOR_TYPES = 0x80044023, "incompatible flavor types";
    WBEMMOF_E_MULTIPLE_ALIASES = 0x80044024, "multiple aliases";
    WBEMMOF_E_INCOMPATIBLE_FLAVOR_TYPES2 = 0x80044025, "incompatible flavor types2";
    WBEMMOF_E_NO_ARRAYS_RETURNED = 0x80044026, "no arrays returned";
    WBEMMOF_E_MUST_BE_IN_OR_OUT = 0x80044027, "must be in or out";
    WBEMMOF_E_INVALID_FLAGS_SYNTAX = 0x80044028, "invalid flags syntax";
    WBEMMOF_E_EXPECTED_BRACE_OR_BAD_TYPE = 0x80044029, "expected brace or bad type";
    WBEMMOF_E_UNSUPPORTED_CIMV22_QUAL_VALUE = 0x8004402A, "unsupported cimv22 qual value";
    WBEMMOF_E_UNSUPPORTED_CIMV22_DATA_TYPE = 0x8004402B, "unsupported cimv22 data type";
    WBEMMOF_E_INVALID_DELETEINSTANCE_SYNTAX = 0x8004402C, "invalid deleteinstance syntax";
    WBEMMOF_E_INVALID_QUALIFIER_SYNTAX = 0x8004402D, "invalid qualifier syntax";
    WBEMMOF_E_QUALIFIER_USED_OUTSIDE_SCOPE = 0x8004402E, "qualifier used outside scope";
    WBEMMOF_E_ERROR_CREATING_TEMP_FILE = 0x8004402F, "error creating temp file";
    WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE = 0x80044030, "error invalid include file";
    WBEMMOF_E_INVALID_DELETECLASS_SYNTAX = 0x80044031, "invalid deleteclass syntax";
}
