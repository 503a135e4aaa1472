//! `wmi class list` and `wmi class show`: the classes of a namespace.

use std::sync::Arc;

use cim::{Class, Object};

use crate::failure::Failure;
use crate::output::{Form, Printer, Selection, Settings};
use crate::session::Options;
use crate::suggest::Mentioned;
use crate::target::{Outcome, Target, print_all};

/// Prints the classes whose name matches `pattern`, or all. System classes are included only if the
/// pattern or `--system` requests them.
pub(crate) fn list(options: &Options, pattern: Option<&str>) -> Result<Outcome, Failure> {
    let target = options.target()?;
    let pattern = pattern.map(cim::name::fold).unwrap_or_default();
    let with_system = options.settings.system || pattern.starts_with("__");
    let mut classes: Vec<Object> = visible(&target, with_system)?.map(Object::Class).collect();
    classes.retain(|object| fits(&object.class().name().folded(), &pattern));
    // The compiler needs superclasses first; people prefer alphabetical order.
    let depth = |object: &Object| match options.settings.form {
        Form::Mof => object.class().ancestors().count(),
        _ => 0,
    };
    classes.sort_by(|a, b| (depth(a), a.class().name()).cmp(&(depth(b), b.class().name())));
    // Here --system selects classes; the output for each is unchanged.
    let settings = Settings { system: false, ..options.settings };
    print_all(Printer::stdout(&settings, Selection::default()), |mut sink| {
        let _ = sink.indicate(classes);
        sink.complete(wbem::COMPLETE);
        Ok(())
    })
}

/// The classes of the namespace, with system classes if requested.
pub(super) fn visible(
    target: &Target,
    with_system: bool,
) -> cim::Result<impl Iterator<Item = Arc<Class>>> {
    let classes = target.classes()?;
    Ok(classes.into_iter().filter(move |class| with_system || !class.name().is_system()))
}

/// The class `name`.
///
/// # Errors
///
/// `WBEM_E_NOT_FOUND`, with a suggested name.
pub(super) fn named(target: &Target, name: &str) -> Result<Arc<Class>, Failure> {
    target.class(name).map_err(|error| {
        let mentioned = Mentioned::new(name.into(), []);
        Failure::from(error).suggesting(|status| mentioned.suggestion(status, target))
    })
}

/// Whether `name` matches `pattern`, both in lower case: `*` matches any text, `?` one character; a
/// pattern with neither matches any part of the name.
fn fits(name: &str, pattern: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return name.contains(pattern);
    }
    let (name, pattern): (Vec<char>, Vec<char>) =
        (name.chars().collect(), pattern.chars().collect());
    let (mut n, mut p) = (0, 0);
    // The last star, and how much of the name it has matched.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                n += 1;
                p += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Prints the class `name`, as MOF unless another format is requested.
pub(crate) fn show(options: &Options, name: &str) -> Result<Outcome, Failure> {
    let target = options.target()?;
    let class = named(&target, name)?;
    let form = match options.settings.form {
        Form::Auto => Form::Mof,
        other => other,
    };
    let settings = Settings { form, ..options.settings };
    let selection = Selection { single: true, system: settings.system, ..Selection::default() };
    let mut printer = Printer::stdout(&settings, selection);
    let _ = printer.batch(vec![Object::Class(class)]);
    printer.finish()?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("", "win32_process", true),
            ("process", "win32_process", true),
            ("win32*", "win32_process", true),
            ("win32*", "cim_win32", false),
            ("*process", "win32_process", true),
            ("*proc*s", "win32_process", true),
            ("*proc*t", "win32_process", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{pattern} {name}");
        }
    }
}
