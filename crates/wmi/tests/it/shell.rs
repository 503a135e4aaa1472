//! `wmi shell` from a pipe and on a terminal, and `wmi completions`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::program::{Program, Run, text};

/// What the shell makes of `input` from a pipe.
fn piped(program: &Program, input: &str) -> Run {
    let mut command = program.command(&["-n", "root/shop", "shell"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = command.spawn().unwrap();
    shell.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Run::from(shell.wait_with_output().unwrap())
}

#[test]
fn queries_and_commands_from_a_pipe_without_prompts() {
    let program = Program::with_shop();
    let run = piped(
        &program,
        "SELECT Id FROM\nShop_Item WHERE\nId = 'a'\n\
         select Author from Shop_Book;\n\
         get Shop_Book.Id=\"b\" -p Author -o jsonl\n\
         call Shop_Book.Id=\"b\" None\n\
         use root/default\n\
         ns\n\
         use ..\n\
         ns -o json\n\
         use cimv2\n\
         query \"SELECT Name FROM __Namespace\" --fail-empty\n\
         exit\n\
         never reached\n",
    );
    assert_eq!(
        run.out.lines().take(6).collect::<Vec<_>>(),
        ["Id", "a", "Author", "Ann", "{\"Author\":\"Ann\"}", "root\\default"]
    );
    let namespaces: Vec<String> = serde_json::from_str(run.out.lines().nth(6).unwrap()).unwrap();
    assert!(namespaces.contains(&r"root\shop".to_owned()), "{namespaces:?}");
    assert_eq!(
        run.err,
        "error: WBEM_E_INVALID_METHOD (0x8004102E): class Shop_Book has no method None\n"
    );
    assert_eq!(run.code, 3);
}

#[test]
fn no_error_ends_it() {
    let program = Program::with_shop();
    let run = piped(
        &program,
        "SELECT Nam FROM Shop_Item\n\
         SELECT * FORM Shop_Item\n\
         SELECT Id FROM\n\n\
         nonsense\n\
         get Shop_Itm\n\
         use root/shp\n\
         get Shop_Item -o nonsense\n\
         shell\n\
         repo restore file\n\
         get Shop_Item --repository /elsewhere\n\
         get Shop_Item -f \"Id = 'a'\" -p Id",
    );
    assert_eq!(run.out, "Id\na\n");
    for said in [
        "class Shop_Item has no property Nam",
        "expected FROM, found FORM",
        "but the query ends",
        "unrecognized subcommand 'nonsense'",
        "did you mean Shop_Item?",
        "did you mean root\\shop?",
        "invalid value 'nonsense'",
        "a shell cannot be started from a shell",
        "leave the shell first",
        "the repository of a shell cannot be changed",
    ] {
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
    assert!(!run.err.contains("panicked"), "{}", run.err);
    assert_eq!(run.code, 7);
}

#[test]
fn what_is_no_text_or_has_no_end_is_told() {
    let program = Program::with_shop();
    let long = program.file("long", &format!("SELECT {}", "x".repeat(3 << 20)));
    let mut command = program.command(&["shell"]);
    command.stdin(File::open(long).unwrap());
    let run = Run::of(&mut command);
    assert!(run.err.contains("a statement of more than 1048576 bytes"), "{:.300}", run.err);
    assert_eq!(run.code, 2);
    let mut command = program.command(&["shell"]);
    command.stdin(File::open(env!("CARGO_BIN_EXE_wmi")).unwrap());
    let run = Run::of(&mut command);
    assert!(run.err.contains("the input cannot be read"), "{:.300}", run.err);
    assert_eq!(run.code, 2);
}

#[test]
fn help_is_told_and_is_no_failure() {
    let program = Program::with_shop();
    let run = piped(&program, "help\nhelp get\nget --help\n");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.contains("use NAMESPACE") && run.out.contains("--filter"), "{}", run.out);
}

/// How long a test waits for what has to come.
const LIMIT: Duration = Duration::from_secs(60);

/// A shell on a pseudo-terminal.
struct Typist {
    shell: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// What was shown and not waited for.
    shown: String,
}

impl Typist {
    /// Takes the command, which has the terminal open as long as it is there.
    fn new(mut command: Command) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let terminal = File::from(rustix::fs::open(name, flags, Mode::empty()).unwrap());
        let clone = || Stdio::from(terminal.try_clone().unwrap());
        command.stdin(clone()).stdout(clone()).stderr(clone()).env("TERM", "xterm");
        let shell = command.spawn().unwrap();
        let keyboard = File::from(keyboard);
        let mut screen = keyboard.try_clone().unwrap();
        let (shown, receiver) = mpsc::channel();
        // Ends when the shell has gone, with which reading fails.
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = screen.read(&mut buffer) {
                let _ = shown.send(buffer[..len].to_vec());
            }
        });
        Typist { shell, keyboard, screen: receiver, shown: String::new() }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `text` is shown, behind what was waited for before. It has to come: the limit
    /// only ends a test that has failed.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        while !self.shown.contains(text) {
            let Ok(bytes) = self.screen.recv_timeout(LIMIT) else {
                let _ = self.shell.kill();
                panic!("{text} is not in {}", self.shown);
            };
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        let end = self.shown.find(text).unwrap_or_default() + text.len();
        self.shown.drain(..end);
    }

    /// Presses Control-C while a command runs: the terminal makes the signal of it. It is not the
    /// shell's controlling terminal, so the signal is sent for it.
    fn interrupts(&mut self) {
        let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ISIG), "the key would be typed ahead");
        kill_process(Pid::from_child(&self.shell), Signal::INT).unwrap();
    }

    /// Waits until the shell has ended, which closes its terminal.
    #[track_caller]
    fn ends(&mut self) -> ExitStatus {
        loop {
            match self.screen.recv_timeout(LIMIT) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.shell.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.shell.kill();
                    panic!("the shell does not end");
                }
            }
        }
    }
}

#[test]
fn a_query_typed_on_a_terminal_is_completed_and_answered() {
    let program = Program::with_shop();
    let state = program.data().join("state");
    let shell = || {
        let mut command = program.command(&["-n", "root/shop", "shell"]);
        command.env("XDG_STATE_HOME", &state).env("NO_COLOR", "1");
        Typist::new(command)
    };
    let mut typist = shell();
    typist.sees("root\\shop> ");
    typist.types("SELECT Author FROM Shop_B\t");
    typist.sees("Shop_Book");
    // It goes on in a second line, for a condition is missing.
    typist.types(" WHERE\rAuth\t = 'Ann'\r");
    typist.sees("\nAnn\r");
    typist.sees("root\\shop> ");
    // An error ends nothing.
    typist.types("get Shop_Itm\r");
    typist.sees("did you mean Shop_Item?");
    typist.sees("root\\shop> ");
    typist.types("\x04");
    assert!(typist.shell.wait().unwrap().success());
    let history = fs::read_to_string(state.join("openwmi/history")).unwrap();
    assert!(history.contains("SELECT Author FROM Shop_Book WHERE\\nAuthor = 'Ann'"), "{history}");
    // The next session has it: up, over the last command.
    let mut typist = shell();
    typist.sees("root\\shop> ");
    typist.types("\x1b[A");
    typist.sees("Shop_Itm");
    typist.types("\x1b[A");
    typist.sees("'Ann'");
    typist.types("\r");
    typist.sees("\nAnn\r");
    typist.sees("root\\shop> ");
    typist.types("exit\r");
    assert!(typist.shell.wait().unwrap().success());
}

/// A system bus without any answer, so that a query for services hangs.
struct SilentBus {
    address: String,
    callers: Receiver<UnixStream>,
}

impl SilentBus {
    fn new(program: &Program) -> Self {
        let path = program.data().join("bus");
        let listener = UnixListener::bind(&path).unwrap();
        let (caller, callers) = mpsc::channel();
        // Ends with the process of the tests.
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if caller.send(stream).is_err() {
                    return;
                }
            }
        });
        SilentBus { address: format!("unix:path={}", text(&path)), callers }
    }
}

#[test]
fn control_c_ends_the_command_and_not_the_shell() {
    let program = Program::with_shop();
    let bus = SilentBus::new(&program);
    for hangs in [
        "SELECT * FROM Win32_Service",
        "get Win32_Service -p Name",
        "get Win32_Service.Name='cron'",
        "call Win32_Service.Name='cron' StartService",
        "assoc Win32_Service.Name='cron'",
    ] {
        let mut command = program.command(&["-n", "root/cimv2", "shell"]);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &bus.address);
        command.env("XDG_STATE_HOME", program.data()).env("NO_COLOR", "1");
        let mut typist = Typist::new(command);
        typist.sees("root\\cimv2> ");
        typist.types(&format!("{hangs}\r"));
        let caller = bus.callers.recv_timeout(LIMIT).expect(hangs);
        typist.interrupts();
        typist.sees("WBEM_E_CALL_CANCELLED (0x80041032): the call was cancelled");
        typist.sees("root\\cimv2> ");
        // On the prompt it drops what was typed, and is a key.
        typist.types("SELECT nonsense\x03");
        typist.sees("root\\cimv2> ");
        typist.types("get -n root/shop Shop_Book -p Author\r");
        typist.sees("\nAnn\r");
        typist.sees("root\\cimv2> ");
        typist.types("exit\r");
        assert_eq!(typist.ends().code(), Some(0), "{hangs}");
        drop(caller);
    }
}

/// Where no people type, it ends the program, as everywhere.
#[test]
fn control_c_ends_a_command_and_a_shell_that_reads_a_script() {
    let program = Program::with_shop();
    let bus = SilentBus::new(&program);
    let query = "SELECT * FROM Win32_Service";
    for arguments in [["query", query].as_slice(), &["shell"]] {
        let mut command = program.command(arguments);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &bus.address).stdin(Stdio::piped());
        let mut program = command.stdout(Stdio::null()).spawn().unwrap();
        let mut script = program.stdin.take().unwrap();
        // A query takes no script.
        let _ = script.write_all(query.as_bytes());
        drop(script);
        let caller = bus.callers.recv_timeout(LIMIT).expect("a query for services");
        kill_process(Pid::from_child(&program), Signal::INT).unwrap();
        let ended = program.wait().unwrap();
        assert_eq!(ended.signal(), Some(Signal::INT.as_raw()), "{arguments:?}");
        drop(caller);
    }
}

#[test]
fn completions_are_scripts_of_the_shells() {
    let program = Program::with_missing_repository();
    for (shell, said) in
        [("bash", "complete -F _wmi"), ("zsh", "#compdef wmi"), ("fish", "complete -c wmi")]
    {
        let script = program.ok(&["completions", shell]);
        assert!(script.contains(said) && script.contains("required-assoc-qualifier"), "{shell}");
        assert!(!program.repository().exists());
    }
    let file = program.file("wmi.bash", &program.ok(&["completions", "bash"]));
    let ask = format!(
        "source {}; COMP_WORDS=(wmi ass); COMP_CWORD=1; _wmi wmi ass wmi; echo \"${{COMPREPLY[@]}}\"",
        text(&file)
    );
    let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "assoc\n");
}
