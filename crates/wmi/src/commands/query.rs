//! `wmi query`: runs a WQL query and prints its result or its plan.

use wbem::{CallContext, EXPLAIN, Flags};
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
    let (selection, context) = match explain {
        true => {
            let mut context = target.context.clone();
            context.set(EXPLAIN, true);
            let all = Selection { system: settings.system, ..Selection::default() };
            (Selection { as_declared: true, ..all }, context)
        }
        false => (selection(query, settings), target.context.clone()),
    };
    let asked = print(target, settings, selection, text, &context);
    asked.map_err(|failure| explained(failure, target, text, query))
}

/// Prints the result of the query `text`.
pub(super) fn print(
    target: &Target,
    settings: &Settings,
    selection: Selection,
    text: &str,
    context: &CallContext,
) -> Result<Outcome, Failure> {
    // --system includes the path of each object.
    let flags = match settings.system && selection.named.is_some() {
        true => Flags::ENSURE_LOCATABLE,
        false => Flags::default(),
    };
    let flags = flags | target.reading;
    let printer = Printer::stdout(settings, selection);
    print_all(printer, |sink| target.services.exec_query("WQL", text, flags, context, sink))
}

/// `failure` with a suggested name, and with the position of a property that the class lacks.
fn explained(failure: Failure, target: &Target, text: &str, query: &Query) -> Failure {
    let mut place = None;
    let failure = failure.suggesting(|status| {
        let mentioned = Mentioned::in_query(query)?;
        place = mentioned.unknown_property(status, target).and_then(|mention| mention.place());
        mentioned.suggestion(status, target)
    });
    match place {
        Some(place) => failure.drawing(wql::error::picture(text, place)),
        None => failure,
    }
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
