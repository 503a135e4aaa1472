//! What is measured: a class of 21 properties of all kinds, one of 21 without text, and their
//! instances, each made from a number and the same in every run.
//!
//! The values are made up, in the lengths and shapes that inventories have: short texts, texts too
//! long to be kept in place, counters, sizes, times.

use std::fmt::Write;
use std::sync::Arc;

use cim::datetime::Point;
use cim::{
    CimType, Class, ClassDeclaration, DateTime, Flavor, Instance, PropertyDeclaration, Qualifier,
    Qualifiers, Value,
};

/// A class to be measured. Its first property is its key.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) properties: [(&'static str, CimType); 21],
    values: fn(u64) -> [Value; 21],
}

/// Seven of its properties are strings.
pub(crate) const ITEM: Kind = Kind {
    name: "Bench_Item",
    properties: [
        ("Id", CimType::String),
        ("Name", CimType::String),
        ("Caption", CimType::String),
        ("Description", CimType::String),
        ("Status", CimType::String),
        ("Manufacturer", CimType::String),
        ("Location", CimType::String),
        ("Number", CimType::UInt32),
        ("Size", CimType::UInt64),
        ("FreeSpace", CimType::UInt64),
        ("Balance", CimType::SInt64),
        ("Offset", CimType::SInt32),
        ("Errors", CimType::UInt32),
        ("Kind", CimType::UInt16),
        ("Level", CimType::UInt8),
        ("Enabled", CimType::Boolean),
        ("Removable", CimType::Boolean),
        ("Installed", CimType::DateTime),
        ("Changed", CimType::DateTime),
        ("Ratio", CimType::Real64),
        ("Load", CimType::Real32),
    ],
    values: item,
};

/// None of its properties is a string.
pub(crate) const COUNTERS: Kind = Kind {
    name: "Bench_Counters",
    properties: [
        ("Id", CimType::UInt32),
        ("Reads", CimType::UInt64),
        ("Writes", CimType::UInt64),
        ("BytesRead", CimType::UInt64),
        ("BytesWritten", CimType::UInt64),
        ("ReadTime", CimType::UInt64),
        ("WriteTime", CimType::UInt64),
        ("IdleTime", CimType::UInt64),
        ("Queue", CimType::UInt32),
        ("Splits", CimType::UInt32),
        ("Merges", CimType::UInt32),
        ("Errors", CimType::UInt32),
        ("Retries", CimType::UInt16),
        ("Level", CimType::UInt8),
        ("Drift", CimType::SInt32),
        ("Balance", CimType::SInt64),
        ("Enabled", CimType::Boolean),
        ("Online", CimType::Boolean),
        ("Started", CimType::DateTime),
        ("Ratio", CimType::Real64),
        ("Load", CimType::Real32),
    ],
    values: counters,
};

/// The slot of `Id`.
pub(crate) const ID: usize = 0;
/// The slot of `Number` in [`ITEM`].
pub(crate) const NUMBER: usize = 7;

const WORDS: [&str; 8] =
    ["Storage", "backup", "Archive", "Frontend", "GATEWAY", "monitor", "Index", "Replica"];
const MAKERS: [&str; 8] = [
    "Aurora Systems",
    "Borealis GmbH",
    "Cascade Instruments Inc",
    "Dunlin & Sons",
    "Eider",
    "Fulmar Research Laboratories",
    "Gannet",
    "Heron Data",
];
const STATES: [&str; 4] = ["OK", "OK", "Degraded", "Pred Fail"];

fn item(n: u64) -> [Value; 21] {
    let mut random = Random(n);
    let word = WORDS[random.below(8)];
    let (row, rack, place) = (random.below(30), random.below(48), random.below(1000));
    [
        id(n).into(),
        format!("{word} array {place}").into(),
        format!("{word} array {place} in rack {rack}, row {row}").into(),
        format!(
            "One of the arrays of the {word} tier, moved to rack {rack} when row {row} was built"
        )
        .into(),
        STATES[random.below(4)].into(),
        MAKERS[random.below(8)].into(),
        format!("/srv/row-{row:02}/rack-{rack:02}/{}", id(n)).into(),
        Value::UInt32(random.below(1_000_000) as u32),
        Value::UInt64(random.next() >> 24),
        Value::UInt64(random.next() >> 26),
        Value::SInt64(random.next() as i64 >> 20),
        Value::SInt32(random.next() as i32),
        Value::UInt32(random.below(50) as u32),
        Value::UInt16(random.below(12) as u16),
        Value::UInt8(random.below(100) as u8),
        Value::Boolean(random.below(10) > 0),
        Value::Boolean(random.below(10) == 0),
        random.time(),
        random.time(),
        Value::Real64(random.below(1_000_000) as f64 / 1e6),
        Value::Real32(random.below(10_000) as f32 / 64.0),
    ]
}

fn counters(n: u64) -> [Value; 21] {
    let mut random = Random(n);
    let mut large = || Value::UInt64(random.next() >> 20);
    let large: [Value; 7] = std::array::from_fn(|_| large());
    let [reads, writes, bytes_read, bytes_written, read_time, write_time, idle_time] = large;
    [
        Value::UInt32(n as u32),
        reads,
        writes,
        bytes_read,
        bytes_written,
        read_time,
        write_time,
        idle_time,
        Value::UInt32(random.below(64) as u32),
        Value::UInt32(random.next() as u32),
        Value::UInt32(random.next() as u32),
        Value::UInt32(random.below(50) as u32),
        Value::UInt16(random.below(50) as u16),
        Value::UInt8(random.below(100) as u8),
        Value::SInt32(random.next() as i32),
        Value::SInt64(random.next() as i64 >> 20),
        Value::Boolean(random.below(10) > 0),
        Value::Boolean(random.below(10) > 0),
        random.time(),
        Value::Real64(random.below(1_000_000) as f64 / 1e6),
        Value::Real32(random.below(10_000) as f32 / 64.0),
    ]
}

/// The key of the `n`th item. Keys are in the order of their numbers.
pub(crate) fn id(n: u64) -> String {
    format!("item-{n:07}")
}

impl Kind {
    /// The values of the `n`th instance, by slot.
    pub(crate) fn values(&self, n: u64) -> Box<[Value]> {
        (self.values)(n).into()
    }

    /// The `n`th instance, as one of `class`, which is this kind's.
    pub(crate) fn instance(&self, class: &Arc<Class>, n: u64) -> Instance {
        Instance::from_values(class.clone(), self.values(n))
    }

    /// The class as it is declared.
    pub(crate) fn declaration(&self) -> ClassDeclaration {
        let properties = self.properties.iter().enumerate().map(|(slot, &(name, cim))| {
            let mut qualifiers = Qualifiers::default();
            if slot == ID {
                qualifiers.set(Qualifier::new("key", true, Flavor::default()));
            }
            PropertyDeclaration { name: name.into(), ty: cim.into(), default: None, qualifiers }
        });
        ClassDeclaration {
            name: self.name.into(),
            properties: properties.collect(),
            ..Default::default()
        }
    }

    /// The class by itself, of no namespace.
    pub(crate) fn class(&self) -> Arc<Class> {
        Class::derive(self.declaration().into(), None, None).expect("a class of 21 properties")
    }

    /// The class as MOF, with these qualifiers.
    pub(crate) fn class_mof(&self, qualifiers: &str) -> String {
        let mut mof = format!("{qualifiers}\nclass {} {{\n", self.name);
        for (slot, (name, cim)) in self.properties.iter().enumerate() {
            let key = if slot == ID { "[key] " } else { "" };
            writeln!(mof, "    {key}{} {name};", cim.keyword()).expect("text has room");
        }
        mof + "};\n"
    }

    /// Appends the `n`th instance as MOF to `mof`.
    pub(crate) fn push_instance_mof(&self, mof: &mut String, n: u64) {
        let mut line = |text: std::fmt::Arguments<'_>| mof.write_fmt(text).expect("text has room");
        line(format_args!("instance of {} {{\n", self.name));
        for ((name, _), value) in self.properties.iter().zip(&self.values(n)) {
            match value {
                Value::String(text) => line(format_args!("    {name} = \"{text}\";\n")),
                Value::DateTime(time) => line(format_args!("    {name} = \"{time}\";\n")),
                Value::Boolean(is) => line(format_args!("    {name} = {is};\n")),
                Value::Real64(real) => line(format_args!("    {name} = {real:?};\n")),
                Value::Real32(real) => line(format_args!("    {name} = {real:?};\n")),
                whole => {
                    let whole = whole.as_integer().expect("every other value is a whole number");
                    line(format_args!("    {name} = {whole};\n"));
                }
            }
        }
        line(format_args!("}};\n"));
    }
}

/// Numbers without a pattern, the same for the same beginning (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A time within thirty years of 1995.
    fn time(&mut self) -> Value {
        let micros = 788_918_400_000_000 + self.below(30 * 365 * 86_400) as i64 * 1_000_000;
        Value::from(Point::from_unix_micros(micros, 60).map(DateTime::Point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_that_are_declared() {
        for kind in [ITEM, COUNTERS] {
            let class = kind.class();
            for n in [0, 99_999] {
                let instance = kind.instance(&class, n);
                assert!(instance.values().iter().all(|value| !value.is_null()), "{instance:?}");
                assert!(instance.key().is_ok());
            }
        }
        assert_eq!(ITEM.properties[NUMBER].0, "Number");
    }

    #[test]
    fn an_instance_is_the_same_as_mof() {
        let _alone = crate::measure::WHOLE_PROCESS.lock();
        let mut mof = ITEM.class_mof("");
        ITEM.push_instance_mof(&mut mof, 7);
        let world = openwmi_suite::World::new();
        world.compile(&mof);
        let stored = world.object(&format!("Bench_Item.Id=\"{}\"", id(7))).unwrap();
        assert_eq!(stored.as_instance().unwrap().values(), &ITEM.values(7)[..]);
    }
}
