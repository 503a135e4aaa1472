//! Every documented status by symbol, number and meaning, in the order of the documentation.
//!
//! Data alone: what a status does is in the module above. Numbers: the WMI error constants; the
//! sentences are written for the operator who meets one.

use super::WbemStatus;

/// A documented status.
pub(super) struct Entry {
    pub(super) status: WbemStatus,
    pub(super) symbol: &'static str,
    pub(super) text: &'static str,
}

macro_rules! statuses {
    ($($symbol:ident = $number:literal, $text:literal;)*) => {
        $(#[doc = concat!("`", stringify!($number), "`: ", $text, ".")]
        pub const $symbol: WbemStatus = WbemStatus($number);)*

        pub(super) static STATUSES: &[Entry] = &[
            $(Entry { status: $symbol, symbol: stringify!($symbol), text: $text },)*
        ];
    };
}

statuses! {
    WBEM_S_NO_ERROR = 0x00000000, "the operation succeeded";
    WBEM_S_FALSE = 0x00000001, "nothing more is there, or less came than was asked for";
    WBEM_S_ALREADY_EXISTS = 0x00040001, "the object was there already and nothing had to be done";
    WBEM_S_RESET_TO_DEFAULT = 0x00040002,
        "the override was deleted and the inherited value holds again";
    WBEM_S_DIFFERENT = 0x00040003, "the two objects compared are not the same";
    WBEM_S_TIMEDOUT = 0x00040004,
        "the time was up before all was there; what came may be used, and asked on";
    WBEM_S_NO_MORE_DATA = 0x00040005, "the enumeration has come to its end";
    WBEM_S_OPERATION_CANCELLED = 0x00040006, "the operation was cancelled before it ended";
    WBEM_S_PENDING = 0x00040007, "the operation goes on and its result is not there yet";
    WBEM_S_DUPLICATE_OBJECTS = 0x00040008, "the result holds the same object more than once";
    WBEM_S_ACCESS_DENIED = 0x00040009,
        "some of the result is missing because the caller may not see it";
    WBEM_S_PARTIAL_RESULTS = 0x00040010,
        "some of the result is missing because a resource could not be reached";
    WBEM_S_LIMITED_SERVICE = 0x00043001, "the service works, but without some of its features";
    WBEM_S_INDIRECTLY_UPDATED = 0x00043002, "the object was updated by way of another one";
    WBEM_E_FAILED = 0x80041001, "the operation failed for a reason that has no code of its own";
    WBEM_E_NOT_FOUND = 0x80041002, "the object does not exist";
    WBEM_E_ACCESS_DENIED = 0x80041003, "the caller has no right to do this";
    WBEM_E_PROVIDER_FAILURE = 0x80041004, "a provider failed while it worked on the request";
    WBEM_E_TYPE_MISMATCH = 0x80041005, "the value is of another type than its place demands";
    WBEM_E_OUT_OF_MEMORY = 0x80041006, "there was not enough memory to finish";
    WBEM_E_INVALID_CONTEXT = 0x80041007, "the context that came with the call is not valid";
    WBEM_E_INVALID_PARAMETER = 0x80041008, "an argument of the call is not valid";
    WBEM_E_NOT_AVAILABLE = 0x80041009,
        "what the call needs, often another machine, cannot be reached now";
    WBEM_E_CRITICAL_ERROR = 0x8004100A,
        "an internal error happened that must not; please report it";
    WBEM_E_INVALID_STREAM = 0x8004100B, "data of a remote session arrived damaged";
    WBEM_E_NOT_SUPPORTED = 0x8004100C, "this operation is not supported";
    WBEM_E_INVALID_SUPERCLASS = 0x8004100D,
        "the superclass does not exist or cannot be derived from";
    WBEM_E_INVALID_NAMESPACE = 0x8004100E, "the namespace does not exist or is misspelled";
    WBEM_E_INVALID_OBJECT = 0x8004100F,
        "the object given is incomplete or not of the kind that is needed";
    WBEM_E_INVALID_CLASS = 0x80041010,
        "the class does not exist or is not of the kind that is needed";
    WBEM_E_PROVIDER_NOT_FOUND = 0x80041011, "the class names a provider that is not registered";
    WBEM_E_INVALID_PROVIDER_REGISTRATION = 0x80041012,
        "the registration of the provider is incomplete or contradicts itself";
    WBEM_E_PROVIDER_LOAD_FAILURE = 0x80041013, "the provider is registered but could not be loaded";
    WBEM_E_INITIALIZATION_FAILURE = 0x80041014, "a component, such as a provider, did not start up";
    WBEM_E_TRANSPORT_FAILURE = 0x80041015, "the network failed during the operation";
    WBEM_E_INVALID_OPERATION = 0x80041016,
        "the operation is not allowed on this object or in its present state";
    WBEM_E_INVALID_QUERY = 0x80041017,
        "the query is misspelled or names something that its class lacks";
    WBEM_E_INVALID_QUERY_TYPE = 0x80041018, "the query language is not known; use WQL";
    WBEM_E_ALREADY_EXISTS = 0x80041019, "the object exists already and may only be created";
    WBEM_E_OVERRIDE_NOT_ALLOWED = 0x8004101A,
        "the flavor of the qualifier forbids to give it another value here";
    WBEM_E_PROPAGATED_QUALIFIER = 0x8004101B,
        "the qualifier is inherited and can only be deleted where it is declared";
    WBEM_E_PROPAGATED_PROPERTY = 0x8004101C,
        "the property is inherited and can only be deleted where it is declared";
    WBEM_E_UNEXPECTED = 0x8004101D,
        "the call came out of order, as a step of an enumeration that was not begun";
    WBEM_E_ILLEGAL_OPERATION = 0x8004101E,
        "the object does not allow this, as deriving a class from an instance";
    WBEM_E_CANNOT_BE_KEY = 0x8004101F, "the property is of a kind that cannot be a key";
    WBEM_E_INCOMPLETE_CLASS = 0x80041020,
        "the class lacks something, as a name, or has not been put yet";
    WBEM_E_INVALID_SYNTAX = 0x80041021, "the text does not follow the grammar of its language";
    WBEM_E_NONDECORATED_OBJECT = 0x80041022,
        "the object lacks the system properties that say where it is from";
    WBEM_E_READ_ONLY = 0x80041023, "the property cannot be written";
    WBEM_E_PROVIDER_NOT_CAPABLE = 0x80041024, "the provider does not do this kind of operation";
    WBEM_E_CLASS_HAS_CHILDREN = 0x80041025,
        "the class has subclasses that stand against the change";
    WBEM_E_CLASS_HAS_INSTANCES = 0x80041026,
        "the class has instances that stand against the change";
    WBEM_E_QUERY_NOT_IMPLEMENTED = 0x80041027, "this kind of query is not implemented";
    WBEM_E_ILLEGAL_NULL = 0x80041028, "a property that must have a value, as a key, has none";
    WBEM_E_INVALID_QUALIFIER_TYPE = 0x80041029,
        "the value of the qualifier is of a type that qualifiers cannot have";
    WBEM_E_INVALID_PROPERTY_TYPE = 0x8004102A, "the type given for the property does not exist";
    WBEM_E_VALUE_OUT_OF_RANGE = 0x8004102B,
        "the value lies outside the range that its place allows";
    WBEM_E_CANNOT_BE_SINGLETON = 0x8004102C,
        "the class cannot be a singleton: it has keys, or its superclass is none";
    WBEM_E_INVALID_CIM_TYPE = 0x8004102D, "the number or name of a CIM type is not a known one";
    WBEM_E_INVALID_METHOD = 0x8004102E, "the class has no such method";
    WBEM_E_INVALID_METHOD_PARAMETERS = 0x8004102F,
        "the arguments do not fit the parameters of the method";
    WBEM_E_SYSTEM_PROPERTY = 0x80041030, "this cannot be done with a system property";
    WBEM_E_INVALID_PROPERTY = 0x80041031, "the property cannot stand here as it is";
    WBEM_E_CALL_CANCELLED = 0x80041032, "the call was cancelled by its caller or by the system";
    WBEM_E_SHUTTING_DOWN = 0x80041033, "the service is shutting down and takes no more calls";
    WBEM_E_PROPAGATED_METHOD = 0x80041034,
        "a superclass has a method of this name with another signature";
    WBEM_E_UNSUPPORTED_PARAMETER = 0x80041035,
        "an argument, as a filter, is too complex or of an unsupported kind";
    WBEM_E_MISSING_PARAMETER_ID = 0x80041036, "a parameter of the method has no ID qualifier";
    WBEM_E_INVALID_PARAMETER_ID = 0x80041037, "the ID qualifier of a parameter has no valid value";
    WBEM_E_NONCONSECUTIVE_PARAMETER_IDS = 0x80041038,
        "the IDs of the parameters do not count up from 0 without a gap";
    WBEM_E_PARAMETER_ID_ON_RETVAL = 0x80041039,
        "the return value of a method has an ID qualifier and must not";
    WBEM_E_INVALID_OBJECT_PATH = 0x8004103A,
        "the object path is misspelled or does not fit its class";
    WBEM_E_OUT_OF_DISK_SPACE = 0x8004103B,
        "the disk is full, or the repository has reached its limit";
    WBEM_E_BUFFER_TOO_SMALL = 0x8004103C, "the buffer given is too small for the result";
    WBEM_E_UNSUPPORTED_PUT_EXTENSION = 0x8004103D,
        "the provider cannot write some properties of an object alone";
    WBEM_E_UNKNOWN_OBJECT_TYPE = 0x8004103E,
        "an object on the wire has a type or version that is not known";
    WBEM_E_UNKNOWN_PACKET_TYPE = 0x8004103F, "a packet on the wire has a type that is not known";
    WBEM_E_MARSHAL_VERSION_MISMATCH = 0x80041040,
        "a packet on the wire has a version that is not supported";
    WBEM_E_MARSHAL_INVALID_SIGNATURE = 0x80041041,
        "a packet on the wire has a wrong signature and seems damaged";
    WBEM_E_INVALID_QUALIFIER = 0x80041042,
        "a qualifier cannot stand here, or not beside the others";
    WBEM_E_INVALID_DUPLICATE_PARAMETER = 0x80041043, "the method has two parameters of one name";
    WBEM_E_TOO_MUCH_DATA = 0x80041044, "there is more data than can be handled at once";
    WBEM_E_SERVER_TOO_BUSY = 0x80041045,
        "the receiver is too busy to take the event; it may be raised again";
    WBEM_E_INVALID_FLAVOR = 0x80041046, "the flavor of a qualifier is not valid";
    WBEM_E_CIRCULAR_REFERENCE = 0x80041047,
        "the reference leads back to itself, as a class derived from itself";
    WBEM_E_UNSUPPORTED_CLASS_UPDATE = 0x80041048, "the class cannot be changed in this way";
    WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE = 0x80041049,
        "the keys of a class that is derived from or in use are fixed";
    WBEM_E_CANNOT_CHANGE_INDEX_INHERITANCE = 0x80041050,
        "the indexes of a class that is derived from or in use are fixed";
    WBEM_E_TOO_MANY_PROPERTIES = 0x80041051, "the class has more properties than a class may have";
    WBEM_E_UPDATE_TYPE_MISMATCH = 0x80041052,
        "a subclass declares an inherited property again with another type";
    WBEM_E_UPDATE_OVERRIDE_NOT_ALLOWED = 0x80041053,
        "a subclass gives an inherited qualifier that is fixed another value";
    WBEM_E_UPDATE_PROPAGATED_METHOD = 0x80041054,
        "a subclass declares an inherited method again with another signature";
    WBEM_E_METHOD_NOT_IMPLEMENTED = 0x80041055,
        "no class in the derivation marks the method as implemented";
    WBEM_E_METHOD_DISABLED = 0x80041056, "the method is marked as disabled in this class";
    WBEM_E_REFRESHER_BUSY = 0x80041057, "the refresher still works on an earlier request";
    WBEM_E_UNPARSABLE_QUERY = 0x80041058, "the event query cannot be parsed";
    WBEM_E_NOT_EVENT_CLASS = 0x80041059, "the class of the event query is not an event class";
    WBEM_E_MISSING_GROUP_WITHIN = 0x8004105A, "the event query has GROUP BY without GROUP WITHIN";
    WBEM_E_MISSING_AGGREGATION_LIST = 0x8004105B,
        "the event query groups without saying by which properties";
    WBEM_E_PROPERTY_NOT_AN_OBJECT = 0x8004105C,
        "a dot follows a property that is no embedded object";
    WBEM_E_AGGREGATING_BY_OBJECT = 0x8004105D,
        "the event query groups by an embedded object; name a property of it";
    WBEM_E_UNINTERPRETABLE_PROVIDER_QUERY = 0x8004105F,
        "a query of the event provider's registration names no class of events";
    WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING = 0x80041060,
        "the repository is in use and cannot be backed up or restored now";
    WBEM_E_QUEUE_OVERFLOW = 0x80041061,
        "events were lost because their consumer took them too slowly";
    WBEM_E_PRIVILEGE_NOT_HELD = 0x80041062, "the caller lacks a privilege that the operation needs";
    WBEM_E_INVALID_OPERATOR = 0x80041063, "the operator does not fit the type of the property";
    WBEM_E_LOCAL_CREDENTIALS = 0x80041064,
        "user and password cannot be given for the local machine; leave them out";
    WBEM_E_CANNOT_BE_ABSTRACT = 0x80041065,
        "the class cannot be abstract because its superclass is not";
    WBEM_E_AMENDED_OBJECT = 0x80041066,
        "the object has amended qualifiers and was put without the flag for them";
    WBEM_E_CLIENT_TOO_SLOW = 0x80041067,
        "the client fetched the results so slowly that they were given up";
    WBEM_E_NULL_SECURITY_DESCRIPTOR = 0x80041068,
        "no security descriptor was given where one is needed";
    WBEM_E_TIMED_OUT = 0x80041069, "the operation did not finish in time";
    WBEM_E_INVALID_ASSOCIATION = 0x8004106A, "the association is not valid";
    WBEM_E_AMBIGUOUS_OPERATION = 0x8004106B,
        "what is asked for can be understood in more than one way";
    WBEM_E_QUOTA_VIOLATION = 0x8004106C, "a limit on length, number or memory is reached";
    WBEM_E_TRANSACTION_CONFLICT = 0x8004106D, "another transaction has changed the same data";
    WBEM_E_FORCED_ROLLBACK = 0x8004106E, "the transaction was rolled back";
    WBEM_E_UNSUPPORTED_LOCALE = 0x8004106F, "the locale is known but not supported";
    WBEM_E_HANDLE_OUT_OF_DATE = 0x80041070, "the handle belongs to an older state of the object";
    WBEM_E_CONNECTION_FAILED = 0x80041071, "the connection to the database failed";
    WBEM_E_INVALID_HANDLE_REQUEST = 0x80041072, "a handle was asked for that there is not";
    WBEM_E_PROPERTY_NAME_TOO_WIDE = 0x80041073, "the name of a property is too long";
    WBEM_E_CLASS_NAME_TOO_WIDE = 0x80041074, "the name of a class is too long";
    WBEM_E_METHOD_NAME_TOO_WIDE = 0x80041075, "the name of a method is too long";
    WBEM_E_QUALIFIER_NAME_TOO_WIDE = 0x80041076, "the name of a qualifier is too long";
    WBEM_E_RERUN_COMMAND = 0x80041077,
        "the database gave the command up because of a deadlock; run it again";
    WBEM_E_DATABASE_VER_MISMATCH = 0x80041078,
        "the repository has a version that this program cannot read";
    WBEM_E_VETO_DELETE = 0x80041079, "the provider refuses the deletion";
    WBEM_E_VETO_PUT = 0x8004107A, "the provider refuses to store the object";
    WBEM_E_INVALID_LOCALE = 0x80041080, "the locale is misspelled or not valid here";
    WBEM_E_PROVIDER_SUSPENDED = 0x80041081, "the provider is suspended at present";
    WBEM_E_SYNCHRONIZATION_REQUIRED = 0x80041082,
        "the object must be put and fetched again before this can be done";
    WBEM_E_NO_SCHEMA = 0x80041083, "there is no schema to do this with";
    WBEM_E_PROVIDER_ALREADY_REGISTERED = 0x80041084, "the provider is registered already";
    WBEM_E_PROVIDER_NOT_REGISTERED = 0x80041085, "the provider is not registered with the service";
    WBEM_E_FATAL_TRANSPORT_ERROR = 0x80041086,
        "the transport failed for good; no other will be tried";
    WBEM_E_ENCRYPTED_CONNECTION_REQUIRED = 0x80041087,
        "the namespace takes encrypted connections alone";
    WBEM_E_PROVIDER_TIMED_OUT = 0x80041088, "a provider did not answer in the time it has";
    WBEM_E_NO_KEY = 0x80041089, "an instance cannot be stored because its class has no key";
    WBEM_E_PROVIDER_DISABLED = 0x8004108A,
        "the provider is disabled, or its server has been unloaded";
    WBEMESS_E_REGISTRATION_TOO_BROAD = 0x80042001,
        "the event provider claims events that the system itself raises";
    WBEMESS_E_REGISTRATION_TOO_PRECISE = 0x80042002,
        "the event query needs a WITHIN clause because no provider raises these events";
    WBEMESS_E_AUTHZ_NOT_PRIVILEGED = 0x80042003,
        "this machine may not look up the rights of the subscription's creator";
    WBEM_E_RETRY_LATER = 0x80043001, "the service cannot do this now; try again later";
    WBEM_E_RESOURCE_CONTENTION = 0x80043002,
        "something that the operation needs is in use; try again later";
    WBEMMOF_E_EXPECTED_QUALIFIER_NAME = 0x80044001, "the name of a qualifier is expected here";
    WBEMMOF_E_EXPECTED_SEMI = 0x80044002, "a semicolon is expected here";
    WBEMMOF_E_EXPECTED_OPEN_BRACE = 0x80044003, "an opening brace is expected here";
    WBEMMOF_E_EXPECTED_CLOSE_BRACE = 0x80044004,
        "a closing brace, or a comma before more elements, is expected here";
    WBEMMOF_E_EXPECTED_CLOSE_BRACKET = 0x80044005,
        "a closing bracket, or a comma before more qualifiers, is expected here";
    WBEMMOF_E_EXPECTED_CLOSE_PAREN = 0x80044006, "a closing parenthesis is expected here";
    WBEMMOF_E_ILLEGAL_CONSTANT_VALUE = 0x80044007,
        "a constant is misspelled, too large or quoted wrongly";
    WBEMMOF_E_EXPECTED_TYPE_IDENTIFIER = 0x80044008, "the name of a type is expected here";
    WBEMMOF_E_EXPECTED_OPEN_PAREN = 0x80044009, "an opening parenthesis is expected here";
    WBEMMOF_E_UNRECOGNIZED_TOKEN = 0x8004400A, "this word or character means nothing here";
    WBEMMOF_E_UNRECOGNIZED_TYPE = 0x8004400B,
        "there is no type of this name, or it is not allowed here";
    WBEMMOF_E_EXPECTED_PROPERTY_NAME = 0x8004400C,
        "the name of a property or method is expected here";
    WBEMMOF_E_TYPEDEF_NOT_SUPPORTED = 0x8004400D,
        "type definitions and enumerated types are not supported";
    WBEMMOF_E_UNEXPECTED_ALIAS = 0x8004400E, "an alias cannot stand here";
    WBEMMOF_E_UNEXPECTED_ARRAY_INIT = 0x8004400F,
        "an array cannot be given to what is not declared as an array";
    WBEMMOF_E_INVALID_AMENDMENT_SYNTAX = 0x80044010, "the amendment pragma is misspelled";
    WBEMMOF_E_INVALID_DUPLICATE_AMENDMENT = 0x80044011,
        "the file has more than one amendment pragma";
    WBEMMOF_E_INVALID_PRAGMA = 0x80044012,
        "there is no pragma of this name, or its argument is wrong";
    WBEMMOF_E_INVALID_NAMESPACE_SYNTAX = 0x80044013, "the namespace pragma is misspelled";
    WBEMMOF_E_EXPECTED_CLASS_NAME = 0x80044014, "the name of a class is expected here";
    WBEMMOF_E_TYPE_MISMATCH = 0x80044015, "the value cannot be turned into the type declared";
    WBEMMOF_E_EXPECTED_ALIAS_NAME = 0x80044016, "the name of an alias must follow the dollar sign";
    WBEMMOF_E_INVALID_CLASS_DECLARATION = 0x80044017, "the declaration of the class is malformed";
    WBEMMOF_E_INVALID_INSTANCE_DECLARATION = 0x80044018,
        "the declaration of the instance is malformed; write instance of CLASS";
    WBEMMOF_E_EXPECTED_DOLLAR = 0x80044019, "a dollar sign and the name of an alias must follow as";
    WBEMMOF_E_CIMTYPE_QUALIFIER = 0x8004401A,
        "the type is written before the name, never as a CIMTYPE qualifier";
    WBEMMOF_E_DUPLICATE_PROPERTY = 0x8004401B,
        "the class or instance names the same property twice";
    WBEMMOF_E_INVALID_NAMESPACE_SPECIFICATION = 0x8004401C,
        "the namespace is misspelled or lies on another server";
    WBEMMOF_E_OUT_OF_RANGE = 0x8004401D, "the number does not fit the type declared";
    WBEMMOF_E_INVALID_FILE = 0x8004401E, "the file holds neither MOF text nor compiled MOF";
    WBEMMOF_E_ALIASES_IN_EMBEDDED = 0x8004401F, "an embedded object cannot have an alias";
    WBEMMOF_E_NULL_ARRAY_ELEM = 0x80044020, "an element of an array cannot be NULL";
    WBEMMOF_E_DUPLICATE_QUALIFIER = 0x80044021, "the same qualifier stands twice in one list";
    WBEMMOF_E_EXPECTED_FLAVOR_TYPE = 0x80044022,
        "a flavor, as ToInstance or DisableOverride, is expected here";
    WBEMMOF_E_INCOMPATIBLE_FLAVOR_TYPES = 0x80044023,
        "the override flavors exclude each other or stand without propagation";
    WBEMMOF_E_MULTIPLE_ALIASES = 0x80044024, "the same alias is given twice";
    WBEMMOF_E_INCOMPATIBLE_FLAVOR_TYPES2 = 0x80044025,
        "Restricted excludes ToInstance and ToSubClass";
    WBEMMOF_E_NO_ARRAYS_RETURNED = 0x80044026, "a method cannot return an array";
    WBEMMOF_E_MUST_BE_IN_OR_OUT = 0x80044027, "a parameter needs the qualifier In, Out or both";
    WBEMMOF_E_INVALID_FLAGS_SYNTAX = 0x80044028,
        "the flags pragma is misspelled or names a flag that there is not";
    WBEMMOF_E_EXPECTED_BRACE_OR_BAD_TYPE = 0x80044029,
        "the closing brace of the class is missing, or a type is unknown";
    WBEMMOF_E_UNSUPPORTED_CIMV22_QUAL_VALUE = 0x8004402A,
        "the value of a qualifier uses a CIM 2.2 feature that is not supported";
    WBEMMOF_E_UNSUPPORTED_CIMV22_DATA_TYPE = 0x8004402B,
        "the declaration uses a CIM 2.2 data type that is not supported";
    WBEMMOF_E_INVALID_DELETEINSTANCE_SYNTAX = 0x8004402C,
        "the deleteinstance pragma needs a path and FAIL or NOFAIL";
    WBEMMOF_E_INVALID_QUALIFIER_SYNTAX = 0x8004402D,
        "the declaration of the qualifier is malformed";
    WBEMMOF_E_QUALIFIER_USED_OUTSIDE_SCOPE = 0x8004402E,
        "the qualifier's declaration does not allow it on this kind of element";
    WBEMMOF_E_ERROR_CREATING_TEMP_FILE = 0x8004402F,
        "a temporary file of the compilation could not be written";
    WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE = 0x80044030,
        "the file to include is missing or cannot be read";
    WBEMMOF_E_INVALID_DELETECLASS_SYNTAX = 0x80044031,
        "the deleteclass pragma needs a class and FAIL or NOFAIL";
}
