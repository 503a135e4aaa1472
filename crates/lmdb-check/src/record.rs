//! What a reader of a data file gets: one record at a time.

/// A record, as it is stored. Nothing but its position in the file was checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// The database that has it.
    pub database: Database<'a>,
    /// The leaf page on which it is.
    pub page: u64,
    /// Its key, at most 511 bytes.
    pub key: &'a [u8],
    /// Its value; `None` where the pages of a large value are damaged.
    pub value: Option<&'a [u8]>,
}

/// The database of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Database<'a> {
    /// The database without a name, which lists the others. Its records that list databases are
    /// not passed on.
    Main,
    /// The database of this name.
    Named(&'a [u8]),
    /// Not known: no tree leads to the record's page any more. All records of one page are of one
    /// database.
    Unknown,
}

/// Receives records. An error ends the reading.
pub type Visit<'a, E> = dyn FnMut(Record<'_>) -> Result<(), E> + 'a;
