//! Drives the oracles without a fuzzer: over the files of `corpus/`, over variations of them, and
//! over arbitrary bytes. An input that the fuzzer finds becomes a file there.

use std::fs;
use std::path::Path;

use openwmi_suite::oracles;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};

/// A folder in `corpus/` and its oracle.
type Target = (&'static str, fn(&[u8]));

#[rustfmt::skip] // One line a target.
const TARGETS: &[Target] = &[
    ("data_file", oracles::data_file),
    ("datetime", oracles::datetime),
    ("lmdb_file", oracles::lmdb_file),
    ("mof", oracles::mof),
    ("object_path", oracles::object_path),
    ("security_descriptor", oracles::security_descriptor),
    ("wql", oracles::wql),
];

/// The inputs kept for `target`, by file name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut inputs: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    inputs
}

#[test]
fn every_kept_input_passes() {
    for (target, oracle) in TARGETS {
        for (name, input) in corpus(target) {
            println!("{target}/{name}");
            oracle(&input);
        }
    }
}

#[test]
fn arbitrary_bytes_pass() {
    for (_, oracle) in TARGETS {
        check(&prop::collection::vec(any::<u8>(), 0..200), |input| oracle(&input));
    }
}

#[test]
fn variations_of_kept_inputs_pass() {
    for (target, oracle) in TARGETS {
        let inputs: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, input)| input).collect();
        let input = prop::sample::select(inputs.clone());
        let other = prop::sample::select(inputs);
        let edits = prop::collection::vec(edit(), 1..6);
        check(&(input, other, edits), |(mut input, other, edits)| {
            edits.iter().for_each(|edit| edit.apply(&mut input, &other));
            oracle(&input);
        });
    }
}

fn check<S: Strategy>(strategy: &S, test: impl Fn(S::Value)) {
    let config = Config {
        // PROPTEST_CASES asks for more.
        cases: Config::default().cases.max(1000),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    };
    let run = |value| {
        test(value);
        Ok(())
    };
    TestRunner::new(config).run(strategy, run).unwrap_or_else(|error| panic!("{error}"));
}

/// One change of an input.
#[derive(Clone, Debug)]
enum Edit {
    /// Replaces a byte.
    Replace(Index, u8),
    /// Puts a byte before another.
    Insert(Index, u8),
    /// Takes out what lies between two places.
    Remove(Index, Index),
    /// Puts a piece of another input in.
    Splice(Index, Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    // Bytes that mean something in one of the languages come more often than others.
    let byte = prop_oneof![
        prop::sample::select(b"0123456789abzAZ_*+-:.,;=@'\"\\/()[]{}#$%<> \t\n".to_vec()),
        any::<u8>(),
    ];
    prop_oneof![
        (any::<Index>(), byte.clone()).prop_map(|(at, b)| Edit::Replace(at, b)),
        (any::<Index>(), byte).prop_map(|(at, b)| Edit::Insert(at, b)),
        any::<(Index, Index)>().prop_map(|(from, to)| Edit::Remove(from, to)),
        any::<(Index, Index, Index)>().prop_map(|(at, from, to)| Edit::Splice(at, from, to)),
    ]
}

impl Edit {
    fn apply(&self, input: &mut Vec<u8>, other: &[u8]) {
        match self {
            Edit::Replace(at, byte) if !input.is_empty() => {
                let at = at.index(input.len());
                input[at] = *byte;
            }
            Edit::Replace(_, byte) => input.push(*byte),
            Edit::Insert(at, byte) => input.insert(at.index(input.len() + 1), *byte),
            Edit::Remove(from, to) => drop(input.drain(piece(input.len(), from, to))),
            Edit::Splice(at, from, to) => {
                let at = at.index(input.len() + 1);
                let piece = other[piece(other.len(), from, to)].iter().copied();
                input.splice(at..at, piece);
            }
        }
    }
}

/// The range between two places in an input of `len` bytes.
fn piece(len: usize, a: &Index, b: &Index) -> std::ops::Range<usize> {
    let (a, b) = (a.index(len + 1), b.index(len + 1));
    a.min(b)..a.max(b)
}
