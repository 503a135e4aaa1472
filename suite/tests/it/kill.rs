//! A compiler that is killed at any moment loses nothing it has acknowledged, and leaves nothing
//! half done.
//!
//! This binary runs itself as a child that compiles class after class and instance after instance and
//! prints how far each durable commit has come; the parent kills it after a pseudo-random time, a
//! hundred times over, on one repository that grows. The repository's own tests kill writers in
//! other ways, and while the map grows.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cim::security::Identity;
use cim::{Namespace, Object};
use cimom::Cimom;
use openwmi_suite::world::{NAMESPACE, fixed_environment};
use repository::Repository;
use wbem::{CallContext, CompileOptions, Flags, MofCompiler, Services};

const DIRECTORY: &str = "OPENWMI_KILL_DIRECTORY";
const RUN: &str = "OPENWMI_KILL_RUN";
const KILLS: u64 = 100;
/// Objects of a run: several times what one transaction of the compiler takes.
const OBJECTS: usize = 2500;
/// Each object of this number is a class.
const CLASS_EVERY: usize = 100;

#[test]
fn g9_a_killed_compilation_leaves_what_it_acknowledged_and_nothing_half_done() {
    if let Ok(directory) = std::env::var(DIRECTORY) {
        return child(Path::new(&directory), &std::env::var(RUN).expect("the run's number"));
    }
    let directory = tempfile::tempdir().expect("a directory");
    // The time of a child that is not killed, so that the others are killed within it.
    let begun = Instant::now();
    assert_eq!(kill_one(directory.path(), KILLS, None), (OBJECTS, true));
    let mut whole = begun.elapsed();
    let (mut killed_inside, mut acknowledged_in_all) = (0, 0);
    for run in 0..KILLS {
        let patience = whole.mul_f64((scatter(run) % 1000) as f64 / 1000.0);
        let (acknowledged, finished) = kill_one(directory.path(), run, Some(patience));
        acknowledged_in_all += acknowledged;
        killed_inside += u64::from(!finished);
        if finished {
            // The machine may have less to do than at first.
            whole = whole.mul_f64(0.95);
        }
        let manager = open(directory.path());
        let verification = manager.repository().verify().expect("readable");
        assert!(verification.is_clean(), "run {run}: {:?}", verification.problems);
        let present = present(&*connect(&manager), run);
        assert!(
            present >= acknowledged,
            "run {run}: {acknowledged} objects were acknowledged, {present} are there"
        );
    }
    // Otherwise the test would show nothing.
    assert!(killed_inside > KILLS / 2, "{killed_inside} children were killed at work");
    assert!(acknowledged_in_all > 0, "no child got as far as an acknowledgement");
    println!("{killed_inside} of {KILLS} killed at work, {acknowledged_in_all} acknowledged");
}

/// How many objects the child had acknowledged when it was killed, which is after `patience` if
/// at all, and whether it had ended before.
fn kill_one(directory: &Path, run: u64, patience: Option<Duration>) -> (usize, bool) {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("kill::g9_a_killed_compilation_leaves_what_it_acknowledged_and_nothing_half_done")
        .env(DIRECTORY, directory)
        .env(RUN, run.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    // From its start on, so that opening the repository is killed as well as compiling.
    let started = lines.by_ref().map_while(Result::ok).find(|line| line.contains("started"));
    assert!(started.is_some(), "run {run}: the child did not start");
    if let Some(patience) = patience {
        let moment = Instant::now();
        while moment.elapsed() < patience {
            std::hint::spin_loop();
        }
        child.kill().expect("killed");
    }
    // What it wrote before it died is still in the pipe.
    let mut acknowledged = 0;
    for line in lines.map_while(Result::ok) {
        if let Some(done) = line.strip_prefix("acknowledged ") {
            acknowledged = done.parse().expect("a number");
        }
    }
    child.wait().expect("gone");
    (acknowledged, acknowledged == OBJECTS)
}

/// How many of a run's objects are there: those before some place, whole, and none after it.
fn present(services: &dyn Services, run: u64) -> usize {
    let context = administrator();
    let is_there = |at: usize| match services.get_object(&path(run, at), Flags::default(), &context)
    {
        Ok(Object::Class(class)) => {
            assert_eq!(class.properties().len(), 2, "{}", class.name());
            true
        }
        Ok(Object::Instance(instance)) => {
            assert_eq!(instance.get("Text"), Some(&text(at).into()), "{}", path(run, at));
            true
        }
        Err(e) => {
            let status = e.status();
            assert_eq!(status, cim::status::WBEM_E_NOT_FOUND, "{e}");
            false
        }
    };
    let there: Vec<bool> = (0..OBJECTS).map(is_there).collect();
    let count = there.iter().take_while(|t| **t).count();
    assert!(!there[count..].contains(&true), "run {run}: an object is there after one that is not");
    count
}

fn child(directory: &Path, run: &str) {
    println!("started");
    let manager = open(directory);
    let run: u64 = run.parse().expect("a number");
    let options = CompileOptions {
        create_namespace: true,
        ..CompileOptions::new(Namespace::new(NAMESPACE).expect("a namespace"))
    };
    let file = directory.join(format!("run{run}.mof"));
    std::fs::write(&file, mof(run)).expect("written");
    let report = manager.compile_files(
        std::slice::from_ref(&file),
        &options,
        &administrator(),
        &mut |done, _| {
            println!("acknowledged {done}");
            std::io::stdout().flush().expect("the parent listens");
        },
    );
    let report = report.expect("compiled");
    assert!(report.is_complete(), "{report:?}");
}

fn mof(run: u64) -> String {
    (0..OBJECTS).map(|at| object(run, at)).collect()
}

fn object(run: u64, at: usize) -> String {
    let class = at / CLASS_EVERY;
    match at % CLASS_EVERY {
        0 => format!("class R{run}_{class} {{ [key] uint32 Number; string Text; }};\n"),
        _ => format!("instance of R{run}_{class} {{ Number = {at}; Text = \"{}\"; }};\n", text(at)),
    }
}

fn path(run: u64, at: usize) -> String {
    let class = at / CLASS_EVERY;
    match at % CLASS_EVERY {
        0 => format!("R{run}_{class}"),
        _ => format!("R{run}_{class}.Number={at}"),
    }
}

fn text(at: usize) -> String {
    format!("object {at} ").repeat(1 + at % 20)
}

fn open(directory: &Path) -> Arc<Cimom> {
    let repository = Repository::create_or_open(directory.join("repository")).expect("opens");
    let manager = Cimom::new(repository, fixed_environment());
    let namespace = Namespace::new(NAMESPACE).expect("a namespace");
    manager.ensure_namespace(&namespace, &administrator()).expect("a namespace");
    manager
}

fn connect(manager: &Arc<Cimom>) -> Arc<dyn Services> {
    manager.connect(NAMESPACE, &administrator()).expect("connects")
}

fn administrator() -> CallContext {
    CallContext::local(Arc::new(Identity::unix(0, &[], true)))
}

/// A number that looks random and is the same in every run of the test (splitmix64).
fn scatter(n: u64) -> u64 {
    let mut z = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
