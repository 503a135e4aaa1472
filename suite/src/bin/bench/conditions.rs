//! WHERE: conditions over instances that are there already, against SQLite with the same data in
//! memory.
//!
//! Both sides go over all 100,000, one thread each, with a query that was prepared before, and look
//! at the key and a number of every one that matches. SQLite gets its best case: a column a
//! property, no conversion, no more columns asked for than are looked at.

use std::hint::black_box;

use anyhow::{Result, ensure};
use cim::{Instance, Value};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ToSql};
use wql::{BoundSelect, Query};

use crate::item::{ID, ITEM, NUMBER};
use crate::measure::{self, Clock};
use crate::report::{self, Bar, Figure, Quantity};

const COUNT: u64 = 100_000;
const ROUNDS: usize = 31;

/// A condition in both languages, and how many times as fast as SQLite it has to be.
struct Condition {
    name: &'static str,
    wql: &'static str,
    sql: &'static str,
    faster: f64,
}

const CONDITIONS: [Condition; 3] = [
    Condition { name: "integer >", wql: "Number > 900000", sql: "Number > 900000", faster: 2.0 },
    Condition {
        name: "string = without case",
        wql: "Name = 'BACKUP Array 417'",
        sql: "Name = 'BACKUP Array 417' COLLATE NOCASE",
        faster: 1.0,
    },
    Condition {
        name: "LIKE",
        wql: "Caption LIKE '%Rack 17%'",
        sql: "Caption LIKE '%Rack 17%'",
        faster: 1.0,
    },
];

/// What was seen of the instances that match.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    count: u64,
    bytes_of_keys: u64,
    sum: i64,
}

impl Seen {
    fn look_at(&mut self, key: &str, number: i64) {
        self.count += 1;
        self.bytes_of_keys += black_box(key).bytes().map(u64::from).sum::<u64>();
        self.sum += number;
    }
}

pub(crate) fn run() -> Result<()> {
    let class = ITEM.class();
    let instances: Vec<Instance> = (0..COUNT).map(|n| ITEM.instance(&class, n)).collect();
    let sqlite = sqlite(&instances)?;
    report::note("against SQLite :memory:, time to go over all and look at those that match");
    for condition in &CONDITIONS {
        one(condition, &instances, &sqlite)?;
    }
    Ok(())
}

fn one(condition: &Condition, instances: &[Instance], sqlite: &Connection) -> Result<()> {
    let text = format!("SELECT * FROM {} WHERE {}", ITEM.name, condition.wql);
    let Query::Select(select) = wql::parse(&text)? else { unreachable!("it is a SELECT") };
    let bound = BoundSelect::bind(&select, instances[0].class(), 0)?;
    let text = format!("SELECT Id, Number FROM item WHERE {}", condition.sql);
    let mut statement = sqlite.prepare(&text)?;

    let seen = ours(&bound, instances);
    ensure!(seen == theirs(&mut statement)?, "{}: not the same matches", condition.name);
    ensure!(seen.count > 0, "{}: nothing matches", condition.name);
    let [ours, theirs] = measure::by_turns(
        Clock::Processor,
        ROUNDS,
        &mut |_| {
            black_box(ours(&bound, instances));
            Ok(())
        },
        &mut |_| {
            black_box(theirs(&mut statement)?);
            Ok(())
        },
    )?;
    report::figure(&Figure {
        name: &format!("{}, {} match", condition.name, seen.count),
        ours: Quantity::Seconds(ours),
        baseline: Some(Quantity::Seconds(theirs)),
        bar: Bar::Faster(condition.faster),
    });
    Ok(())
}

fn ours(bound: &BoundSelect, instances: &[Instance]) -> Seen {
    let mut seen = Seen::default();
    for instance in instances.iter().filter(|instance| bound.matches(instance)) {
        if let (Value::String(id), Value::UInt32(number)) =
            (instance.value(ID), instance.value(NUMBER))
        {
            seen.look_at(id, i64::from(*number));
        }
    }
    seen
}

fn theirs(statement: &mut rusqlite::Statement<'_>) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        seen.look_at(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_i64()?);
    }
    Ok(seen)
}

/// The instances in a table with a column a property.
fn sqlite(instances: &[Instance]) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    let columns = ITEM.properties.map(|(name, cim)| {
        let affinity = match cim {
            cim if cim.is_real() => "REAL",
            cim if cim.is_integer() || cim == cim::CimType::Boolean => "INTEGER",
            _ => "TEXT",
        };
        format!("{name} {affinity}")
    });
    connection.execute_batch(&format!("BEGIN; CREATE TABLE item ({})", columns.join(", ")))?;
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert = connection.prepare(&format!("INSERT INTO item VALUES ({places})"))?;
    for instance in instances {
        insert.execute(rusqlite::params_from_iter(instance.values().iter().map(Column)))?;
    }
    drop(insert);
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

/// A value as SQLite keeps it.
struct Column<'a>(&'a Value);

impl ToSql for Column<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::String(text) => text.as_str().into(),
            Value::DateTime(time) => time.to_string().into(),
            Value::Boolean(is) => (*is).into(),
            value => match (value.as_integer(), value.as_real()) {
                (Some(whole), _) => i64::try_from(whole)
                    .map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?
                    .into(),
                (None, Some(real)) => real.into(),
                (None, None) => rusqlite::types::Null.into(),
            },
        })
    }
}
