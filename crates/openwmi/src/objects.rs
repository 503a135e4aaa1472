//! The result of a query, object by object, while the query still runs.
//!
//! An enumerator that only goes forward, as Rust iterates: a client that stops early costs two
//! batches at most, and a result need not fit in memory.

use std::time::Duration;
use std::vec;

use cim::Object;
use serde::de::DeserializeOwned;
use wbem::{Client, Enumerator, Request};

use crate::connection::{WMIConnection, typed};
use crate::error::{WMIResult, at};

/// How many objects are fetched at a time.
const BATCH: usize = 128;

/// How long the end of a query is waited for whose provider does not stop.
const LONGEST_END: Duration = Duration::from_secs(1);

/// Objects as they come. After an error there is nothing more. Dropping it ends the query. Stored
/// objects that are fetched more than a second after those before them may be of a later state of
/// the repository.
#[derive(Debug)]
pub struct Objects {
    operation: &'static str,
    object: String,
    batch: vec::IntoIter<Object>,
    /// `None` after the end.
    enumerator: Option<Enumerator>,
    /// Kept as long as the objects, as a WMI in memory has to be.
    _connection: WMIConnection,
}

impl Objects {
    /// Starts `request` and waits for its first objects.
    /// Errors: those of the call.
    pub(crate) fn start(
        operation: &'static str,
        object: &str,
        connection: &WMIConnection,
        request: Request<'_>,
    ) -> WMIResult<Objects> {
        let started = client(connection).enumerate(request).map_err(at(operation, object))?;
        let (object, batch) = (object.to_owned(), Vec::new().into_iter());
        let _connection = connection.clone();
        Ok(Objects { operation, object, batch, enumerator: Some(started), _connection })
    }

    /// Ends the query, and waits until it has released everything.
    fn end(&mut self) {
        if let Some(enumerator) = self.enumerator.take() {
            enumerator.close(LONGEST_END);
        }
    }

    /// The same as `T`s: structs, maps, or enums whose variants are classes.
    pub fn typed<T: DeserializeOwned>(self) -> impl Iterator<Item = WMIResult<T>> {
        self.map(|object| object.and_then(|object| typed(&object)))
    }
}

/// The client whose calls are those of `connection`.
fn client(connection: &WMIConnection) -> Client {
    let (services, context) = (connection.services().clone(), connection.context().clone());
    Client::new(connection.wmi().operations(), services, context)
}

impl Iterator for Objects {
    type Item = WMIResult<Object>;

    fn next(&mut self) -> Option<WMIResult<Object>> {
        loop {
            if let Some(object) = self.batch.next() {
                return Some(Ok(object));
            }
            match self.enumerator.as_mut()?.next(None, BATCH) {
                // Nothing more, whatever the status says of the end.
                Ok(fetched) if fetched.objects.is_empty() => self.end(),
                Ok(fetched) => self.batch = fetched.objects.into_iter(),
                Err(error) => {
                    self.end();
                    return Some(Err(at(self.operation, &self.object)(error)));
                }
            }
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.end();
    }
}
