//! A query as an expression in parentheses, so that a golden shows how it was understood.

use wql::{Constant, Expr, Group, PropertyPath, Query, Select, SelectList};

/// The whole query.
pub(crate) fn query(query: &Query) -> String {
    match query {
        Query::Select(q) => select(q),
        Query::Associators(q) => {
            let values = [
                ("assoc-class", &q.assoc_class),
                ("result-class", &q.result_class),
                ("result-role", &q.result_role),
                ("role", &q.role),
                ("required-qualifier", &q.required_qualifier),
                ("required-assoc-qualifier", &q.required_assoc_qualifier),
            ];
            let flags = [q.class_defs_only, q.schema_only, q.keys_only];
            format!("(associators {}{})", q.source, clause(&values, flags))
        }
        Query::References(q) => {
            let values = [
                ("result-class", &q.result_class),
                ("role", &q.role),
                ("required-qualifier", &q.required_qualifier),
            ];
            let flags = [q.class_defs_only, q.schema_only, q.keys_only];
            format!("(references {}{})", q.source, clause(&values, flags))
        }
    }
}

fn clause(values: &[(&str, &Option<cim::Name>)], flags: [bool; 3]) -> String {
    let values = values.iter().filter_map(|(k, v)| v.as_ref().map(|v| format!(" ({k} {v})")));
    let names = [" class-defs-only", " schema-only", " keys-only"];
    let flags = names.iter().zip(flags).filter(|(_, set)| *set).map(|(n, _)| (*n).to_owned());
    values.chain(flags).collect()
}

fn select(select: &Select) -> String {
    let list = match &select.list {
        SelectList::All => "*".to_owned(),
        SelectList::Properties(list) => format!("({})", paths(list)),
    };
    let within = select.within.map(|s| format!(" (within {s})")).unwrap_or_default();
    let condition = select.condition.as_ref().map(|e| format!(" {}", expr(e))).unwrap_or_default();
    let group = select.group.as_ref().map(group).unwrap_or_default();
    format!("(select {list} {}{within}{condition}{group})", select.class)
}

fn group(group: &Group) -> String {
    let by = match group.by.is_empty() {
        true => String::new(),
        false => format!(" (by {})", paths(&group.by)),
    };
    let having = group.having.as_ref().map(|e| format!(" {}", expr(e))).unwrap_or_default();
    format!(" (group {}{by}{having})", group.within)
}

fn expr(e: &Expr) -> String {
    let many = |terms: &[Expr]| terms.iter().map(expr).collect::<Vec<_>>().join(" ");
    match e {
        Expr::And(terms) => format!("(and {})", many(terms)),
        Expr::Or(terms) => format!("(or {})", many(terms)),
        Expr::Not(inner) => format!("(not {})", expr(inner)),
        Expr::Compare { property, operator, constant } => {
            format!("({} {} {})", operator.symbol(), path(property), self::constant(constant))
        }
        Expr::Null { property, is_null: true } => format!("(null {})", path(property)),
        Expr::Null { property, is_null: false } => format!("(not-null {})", path(property)),
        Expr::Isa { property, class } => format!("(isa {} {class})", path(property)),
    }
}

fn constant(constant: &Constant) -> String {
    match constant {
        Constant::Integer(n) => format!("{n}"),
        Constant::Real(v) => format!("{v:?}"),
        Constant::Text(text) => format!("{text:?}"),
        Constant::Boolean(v) => format!("{v}"),
    }
}

fn paths(list: &[PropertyPath]) -> String {
    list.iter().map(path).collect::<Vec<_>>().join(" ")
}

/// With bars between the names, so that a dot within one would show.
fn path(path: &PropertyPath) -> String {
    path.names().iter().map(cim::Name::as_str).collect::<Vec<_>>().join("|")
}
