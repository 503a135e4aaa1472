//! `wmi query`: runs a WQL query and prints what it finds, or how it would be run.

use wbem::{EXPLAIN, Flags};
use wql::{Query, SelectList};

use crate::failure::Failure;
use crate::output::{Printer, Selection, Settings};
use crate::session::Options;
use crate::suggest::Mentioned;
use crate::target::{Outcome, Target, print_all};

/// Runs `text`; with `explain` prints the plan instead of the result.
pub(crate) fn run(options: &Options, text: &str, explain: bool) -> Result<Outcome, Failure> {
    let query = wql::parse(text).map_err(|error| Failure::query(&error))?;
    let target = options.target()?;
    run_parsed(&target, &options.settings, text, &query, explain)
}

/// Runs `text`, which parses as `query`.
pub(crate) fn run_parsed(
    target: &Target,
    settings: &Settings,
    text: &str,
    query: &Query,
    explain: bool,
) -> Result<Outcome, Failure> {
    let mut context = target.context.clone();
    let selection = match explain {
        true => {
            context.set(EXPLAIN, true);
            Selection { system: settings.system, as_declared: true, ..Selection::default() }
        }
        false => selection(query, settings),
    };
    // Which object it is, is among what --system asks for.
    let flags = match settings.system && selection.named.is_some() {
        true => Flags::ENSURE_LOCATABLE,
        false => Flags::default(),
    };
    let flags = flags | target.reading;
    let printer = Printer::stdout(settings, selection);
    let ask = |sink| target.services.exec_query("WQL", text, flags, &context, sink);
    print_all(printer, ask).map_err(|failure| {
        failure.suggesting(|status| Mentioned::in_query(query)?.suggestion(status, target))
    })
}

fn selection(query: &Query, settings: &Settings) -> Selection {
    let all = Selection { system: settings.system, ..Selection::default() };
    let Query::Select(select) = query else { return all };
    let named = match &select.list {
        SelectList::All => None,
        SelectList::Properties(list) => Some(list.iter().map(|p| p.head().clone()).collect()),
    };
    Selection { named, class: Some(select.class.clone()), ..all }
}
