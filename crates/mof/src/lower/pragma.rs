//! Pragmas: where things go, with which flags, and what is deleted (behaviour.md G.9).

use cim::path::{Connection, is_local_server};
use cim::status::*;
use cim::{Locale, Name, ObjectPath, WbemStatus};

use super::Lowering;
use crate::action::{ActionKind, PutFlags};
use crate::ast::{Pragma, Text};
use crate::source::Span;

/// DMTF's pragmas that describe the origin of a text. They have no effect, in either dialect: files of
/// Windows have them too.
const DMTF_PRAGMAS: [&str; 6] =
    ["locale", "instancelocale", "source", "sourcetype", "nonlocal", "nonlocaltype"];

impl Lowering<'_> {
    pub(super) fn pragma(&mut self, pragma: Pragma, span: Span) {
        match pragma {
            Pragma::Namespace(path) => self.pragma_namespace(path),
            Pragma::Autorecover => self.autorecover = true,
            Pragma::ClassFlags(words, span) => {
                if let Some(flags) = self.flags(words, span, true) {
                    self.class_flags = flags;
                }
            }
            Pragma::InstanceFlags(words, span) => {
                if let Some(flags) = self.flags(words, span, false) {
                    self.instance_flags = flags;
                }
            }
            Pragma::DeleteClass(class, fail) => self.delete_class(class, fail),
            Pragma::DeleteInstance(path, fail) => self.delete_instance(path, fail),
            Pragma::Amendment(locale) => self.pragma_amendment(locale, span),
            Pragma::Other(name) => {
                if !DMTF_PRAGMAS.iter().any(|p| name.name.is(p)) {
                    let message = format!("there is no #pragma {}", name.name);
                    self.report(WBEMMOF_E_INVALID_PRAGMA, message, name.span);
                }
            }
        }
    }

    fn pragma_namespace(&mut self, path: Text) {
        // Some write "\root\x" and mean "from the root on, here".
        let text = path.text.strip_prefix(['\\', '/']).filter(|t| !t.starts_with(['\\', '/']));
        match text.unwrap_or(&path.text).parse::<Connection>() {
            Ok(connection) => {
                self.check_server(connection.server.as_deref(), path.span);
                self.namespace = connection.namespace;
            }
            Err(error) => {
                let message = error.message().to_owned();
                self.report(WBEMMOF_E_INVALID_NAMESPACE_SPECIFICATION, message, path.span);
            }
        }
    }

    fn check_server(&mut self, server: Option<&str>, span: Span) {
        let own = self.options.server.as_str();
        if let Some(server) = server.filter(|server| !is_local_server(server, own)) {
            let message =
                format!("the namespace is on server {server}; only this server is available");
            self.report(WBEMMOF_E_INVALID_NAMESPACE_SPECIFICATION, message, span);
        }
    }

    /// The flags of a pragma. One text may name several, with commas between them.
    fn flags(&mut self, words: Vec<Text>, span: Span, is_class: bool) -> Option<PutFlags> {
        let mut flags = PutFlags::default();
        for Text { text, span } in &words {
            for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
                if add_flag(&mut flags, word, is_class).is_none() {
                    let word = crate::literal::shown(word);
                    let message = format!("{word} is no flag here");
                    self.report(WBEMMOF_E_INVALID_FLAGS_SYNTAX, message, *span);
                    return None;
                }
            }
        }
        let contradict = flags.create_only && flags.update_only || flags.safe && flags.force;
        if contradict {
            let message = "createonly excludes updateonly, and safeupdate excludes forceupdate";
            self.report(WBEMMOF_E_INVALID_FLAGS_SYNTAX, message, span);
            return None;
        }
        Some(flags)
    }

    fn delete_class(&mut self, class: Text, fail: bool) {
        if !Name::is_identifier(&class.text) {
            let name = crate::literal::shown(&class.text);
            let message = format!("\"{name}\" is no class's name");
            return self.report(WBEMMOF_E_INVALID_DELETECLASS_SYNTAX, message, class.span);
        }
        let kind = ActionKind::DeleteClass { class: class.text.into(), fail };
        self.act(class.span, kind);
    }

    fn delete_instance(&mut self, path: Text, fail: bool) {
        let status: WbemStatus = WBEMMOF_E_INVALID_DELETEINSTANCE_SYNTAX;
        match path.text.parse::<ObjectPath>() {
            Ok(object) if object.is_class() => {
                let message = format!("{object} names a class; use #pragma deleteclass");
                self.report(status, message, path.span);
            }
            Ok(object) => {
                // What the path names goes before the namespace that the text is in.
                self.check_server(object.server.as_deref(), path.span);
                let path_in_it = object.relative();
                let namespace = object.namespace.unwrap_or_else(|| self.namespace.clone());
                let kind = ActionKind::DeleteInstance { path: path_in_it, fail };
                self.act_in(namespace, path.span, kind);
            }
            Err(error) => self.report(status, error.message().to_owned(), path.span),
        }
    }

    /// A file with this pragma is one to be split in two, and stores nothing itself.
    fn pragma_amendment(&mut self, named: Text, whole: Span) {
        if let Some(first) = &self.amendment {
            let related = (first.clone(), "first given here");
            let message = "a file has one amendment".to_owned();
            let status = WBEMMOF_E_INVALID_DUPLICATE_AMENDMENT;
            return self.report_with(status, message, named.span, related);
        }
        let place = self.place(named.span);
        self.amendment = Some(place.clone());
        let Ok(locale) = named.text.parse::<Locale>() else {
            let message = "an amendment is for a locale, as in \"MS_409\"";
            return self.report(WBEMMOF_E_INVALID_AMENDMENT_SYNTAX, message, named.span);
        };
        match &mut self.division {
            Some(division) => division.amendment(place, whole, locale),
            None => {
                let message = "the file is to be split in two and stores nothing itself; name \
                               both files that it is to become";
                self.report(WBEM_E_INVALID_OPERATION, message, named.span);
            }
        }
    }
}

/// Sets the flag of a word, or those of a number as the interfaces have them (`WBEM_FLAG_*`);
/// `None` where there is no such flag.
fn add_flag(flags: &mut PutFlags, word: &str, is_class: bool) -> Option<()> {
    const WORDS: [(&str, i32); 4] =
        [("updateonly", 0x1), ("createonly", 0x2), ("safeupdate", 0x20), ("forceupdate", 0x40)];
    let bits = match WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        Some((_, bit)) => *bit,
        None => match crate::literal::number(word) {
            Ok(cim::Value::SInt32(bits)) => bits,
            _ => return None,
        },
    };
    let known = if is_class { 0x63 } else { 0x3 };
    if bits & !known != 0 {
        return None;
    }
    flags.update_only |= bits & 0x1 != 0;
    flags.create_only |= bits & 0x2 != 0;
    flags.safe |= bits & 0x20 != 0;
    flags.force |= bits & 0x40 != 0;
    Some(())
}
