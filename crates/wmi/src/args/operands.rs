//! What stands behind a command: its operands and options, and the request that they make.

use std::path::PathBuf;

use cim::Locale;
use clap::ValueEnum;
use wbem::Flags;

use crate::commands::{assoc, call, compile, get, split};

#[derive(clap::Args, Debug)]
pub(crate) struct GetArgs {
    /// The path of an instance, as 'Class.Key="value"', or the name of a class
    #[arg(value_name = "CLASS_OR_PATH")]
    path: String,
    /// Only the instances that fit this condition of WQL, as "Name = 'sshd'"
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
    /// Only by way of associations of this class or derived from it
    #[arg(long, value_name = "CLASS")]
    assoc_class: Option<String>,
    /// Only objects that stand in this property of the association
    #[arg(long, value_name = "PROPERTY")]
    result_role: Option<String>,
    /// Only by way of associations whose class has this qualifier
    #[arg(long, value_name = "QUALIFIER")]
    required_assoc_qualifier: Option<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct RefArgs {
    /// The path of an instance; the name of a class asks for the classes that could be found
    #[arg(value_name = "PATH_OR_CLASS")]
    path: String,
    /// Only what is of this class or derived from it
    #[arg(long, value_name = "CLASS")]
    result_class: Option<String>,
    /// Only where the path stands in this property of the association
    #[arg(long, value_name = "PROPERTY")]
    role: Option<String>,
    /// Only what has this qualifier
    #[arg(long, value_name = "QUALIFIER")]
    required_qualifier: Option<String>,
    /// The classes of what is found in its place
    #[arg(long)]
    class_defs_only: bool,
    /// Leave all properties but the keys NULL
    #[arg(long)]
    keys_only: bool,
    /// Only these properties
    #[arg(short, long, value_name = "P,Q", value_delimiter = ',')]
    properties: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct CallArgs {
    /// The path of an instance, as 'Class.Key="value"', or the name of a class
    #[arg(value_name = "CLASS_OR_PATH")]
    path: String,
    /// The method
    method: String,
    /// PARAMETER=VALUE; null is NULL, an array takes each PARAMETER=VALUE of its name
    #[arg(value_name = "P=V")]
    values: Vec<String>,
    /// End with exit code 8 where the method's ReturnValue says that it failed
    #[arg(long)]
    check_return: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct CompileArgs {
    /// The files, compiled in this order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check the syntax and store nothing
    #[arg(long)]
    check: bool,
    /// Split the file into a neutral and a localized one for this locale, as MS_409, and store
    /// nothing; a file with #pragma amendment names the locale itself
    #[arg(long, value_name = "MS_XXX", requires_all = ["mof", "mfl"])]
    amendment: Option<Locale>,
    /// The neutral file that the file is split into
    #[arg(long, value_name = "FILE.mof", requires = "mfl", conflicts_with = "check")]
    mof: Option<PathBuf>,
    /// The localized file that the file is split into
    #[arg(long, value_name = "FILE.mfl", requires = "mof")]
    mfl: Option<PathBuf>,
    /// How every class is stored, beside what the files themselves say
    #[arg(long, value_name = "FLAG", value_delimiter = ',')]
    class_flags: Vec<ClassFlagArg>,
    /// How every instance is stored, beside what the files themselves say
    #[arg(long, value_name = "FLAG", value_delimiter = ',')]
    instance_flags: Vec<InstanceFlagArg>,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum ClassFlagArg {
    /// The class must be new
    CreateOnly,
    /// The class must be there
    UpdateOnly,
    /// Change it where no subclass conflicts
    SafeUpdate,
    /// Change it, and resolve conflicts in subclasses
    ForceUpdate,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum InstanceFlagArg {
    /// The instance must be new
    CreateOnly,
    /// The instance must be there
    UpdateOnly,
}

impl GetArgs {
    /// As the command takes it.
    pub(crate) fn request(&self) -> get::Request {
        get::Request {
            path: self.path.clone(),
            filter: self.filter.clone(),
            properties: self.properties.clone(),
        }
    }
}

impl AssocArgs {
    /// As the command takes it.
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
    /// As the command takes it.
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
    /// As the command takes it.
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
    /// As the command takes it.
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

    /// The files to split the file into, where it is to be split.
    pub(crate) fn split(&self) -> Option<split::Request> {
        Some(split::Request {
            masters: self.files.clone(),
            locale: self.amendment,
            mof: self.mof.clone()?,
            mfl: self.mfl.clone()?,
        })
    }
}
