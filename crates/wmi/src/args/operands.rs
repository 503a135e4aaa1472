//! The operands and options of each command, and the request that they form.

use std::path::PathBuf;

use cim::Locale;
use clap::ValueEnum;
use wbem::Flags;

use crate::commands::{assoc, call, compile, get, split};

#[derive(clap::Args, Debug)]
pub(crate) struct GetArgs {
    /// Path of an instance, such as 'Class.Key="value"', or name of a class
    #[arg(value_name = "CLASS_OR_PATH")]
    path: String,
    /// Only instances that match this WQL condition, such as "Name = 'sshd'"
    #[arg(short, long, value_name = "WHERE")]
    filter: Option<String>,
    /// Only these properties
    #[arg(short, long, value_name = "P,Q", value_delimiter = ',')]
    properties: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct AssocArgs {
    #[command(flatten)]
    both: RefArgs,
    /// Only associations of this class or its subclasses
    #[arg(long, value_name = "CLASS")]
    assoc_class: Option<String>,
    /// Only objects in this role: the property of the association that refers to them
    #[arg(long, value_name = "PROPERTY")]
    result_role: Option<String>,
    /// Only associations whose class has this qualifier
    #[arg(long, value_name = "QUALIFIER")]
    required_assoc_qualifier: Option<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct RefArgs {
    /// Path of an instance; for the name of a class, the possible classes are found
    #[arg(value_name = "PATH_OR_CLASS")]
    path: String,
    /// Only results of this class or its subclasses
    #[arg(long, value_name = "CLASS")]
    result_class: Option<String>,
    /// Only where the object has this role: the property of the association that refers to it
    #[arg(long, value_name = "PROPERTY")]
    role: Option<String>,
    /// Only results whose class has this qualifier
    #[arg(long, value_name = "QUALIFIER")]
    required_qualifier: Option<String>,
    /// Print the classes of the results instead of the results
    #[arg(long)]
    class_defs_only: bool,
    /// Return only the keys; all other properties are NULL
    #[arg(long)]
    keys_only: bool,
    /// Only these properties
    #[arg(short, long, value_name = "P,Q", value_delimiter = ',')]
    properties: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct CallArgs {
    /// Path of an instance, such as 'Class.Key="value"', or name of a class
    #[arg(value_name = "CLASS_OR_PATH")]
    path: String,
    /// Name of the method
    method: String,
    /// PARAMETER=VALUE; null is NULL, repeat it for each element of an array
    #[arg(value_name = "P=V")]
    values: Vec<String>,
    /// Exit with code 8 if the method's ReturnValue is a failure
    #[arg(long)]
    check_return: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct CompileArgs {
    /// Files, compiled in this order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check the syntax only; nothing is stored
    #[arg(long)]
    check: bool,
    /// Split the file for this locale, such as MS_409; nothing is stored. Not needed if the file has
    /// #pragma amendment
    #[arg(long, value_name = "MS_XXX", requires_all = ["mof", "mfl"])]
    amendment: Option<Locale>,
    /// Neutral file to write
    #[arg(long, value_name = "FILE.mof", requires = "mfl", conflicts_with = "check")]
    mof: Option<PathBuf>,
    /// Localized file to write
    #[arg(long, value_name = "FILE.mfl", requires = "mof")]
    mfl: Option<PathBuf>,
    /// Flags for all classes, in addition to those in the files
    #[arg(long, value_name = "FLAG", value_delimiter = ',')]
    class_flags: Vec<ClassFlagArg>,
    /// Flags for all instances, in addition to those in the files
    #[arg(long, value_name = "FLAG", value_delimiter = ',')]
    instance_flags: Vec<InstanceFlagArg>,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum ClassFlagArg {
    /// The class must not exist
    CreateOnly,
    /// The class must exist
    UpdateOnly,
    /// Update it unless a subclass conflicts
    SafeUpdate,
    /// Update it and resolve conflicts in subclasses
    ForceUpdate,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum InstanceFlagArg {
    /// The instance must not exist
    CreateOnly,
    /// The instance must exist
    UpdateOnly,
}

impl GetArgs {
    /// The request for the command.
    pub(crate) fn request(&self) -> get::Request {
        get::Request {
            path: self.path.clone(),
            filter: self.filter.clone(),
            properties: self.properties.clone(),
        }
    }
}

impl AssocArgs {
    /// The request for the command.
    pub(crate) fn request(&self) -> (assoc::Request, assoc::Links) {
        let links = assoc::Links {
            assoc_class: self.assoc_class.clone(),
            result_role: self.result_role.clone(),
            required_assoc_qualifier: self.required_assoc_qualifier.clone(),
        };
        (self.both.request(), links)
    }
}

impl RefArgs {
    /// The request for the command.
    pub(crate) fn request(&self) -> assoc::Request {
        let clauses = assoc::Clauses {
            result_class: self.result_class.clone(),
            role: self.role.clone(),
            required_qualifier: self.required_qualifier.clone(),
            class_defs_only: self.class_defs_only,
            keys_only: self.keys_only,
        };
        assoc::Request { path: self.path.clone(), clauses, properties: self.properties.clone() }
    }
}

impl CallArgs {
    /// The request for the command.
    pub(crate) fn request(&self) -> call::Request {
        call::Request {
            path: self.path.clone(),
            method: self.method.clone(),
            values: self.values.clone(),
            check_return: self.check_return,
        }
    }
}

impl CompileArgs {
    /// The request for the command.
    pub(crate) fn request(&self) -> compile::Request {
        let class_flags = self.class_flags.iter().map(|flag| match flag {
            ClassFlagArg::CreateOnly => Flags::CREATE_ONLY,
            ClassFlagArg::UpdateOnly => Flags::UPDATE_ONLY,
            ClassFlagArg::SafeUpdate => Flags::UPDATE_SAFE_MODE,
            ClassFlagArg::ForceUpdate => Flags::UPDATE_FORCE_MODE,
        });
        let instance_flags = self.instance_flags.iter().map(|flag| match flag {
            InstanceFlagArg::CreateOnly => Flags::CREATE_ONLY,
            InstanceFlagArg::UpdateOnly => Flags::UPDATE_ONLY,
        });
        compile::Request {
            files: self.files.clone(),
            check_only: self.check,
            class_flags: class_flags.fold(Flags::default(), |a, b| a | b),
            instance_flags: instance_flags.fold(Flags::default(), |a, b| a | b),
        }
    }

    /// The request to split the file, if it is to be split.
    pub(crate) fn split(&self) -> Option<split::Request> {
        Some(split::Request {
            masters: self.files.clone(),
            locale: self.amendment,
            mof: self.mof.clone()?,
            mfl: self.mfl.clone()?,
        })
    }
}
