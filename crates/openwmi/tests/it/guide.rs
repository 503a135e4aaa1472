//! The MOF of the guide for authors of providers. Its Rust is tested as documentation, its command
//! lines by the program.

use openwmi::Wmi;

const GUIDE: &str = include_str!("../../../../docs/providers.md");

#[test]
fn the_mof_of_the_guide_compiles() {
    let wmi = Wmi::in_memory(Default::default()).unwrap();
    let blocks: Vec<&str> = GUIDE.split("\n```mof\n").skip(1).collect();
    assert_eq!(blocks.len(), 1);
    for block in blocks {
        let (mof, _) = block.split_once("\n```\n").unwrap();
        wmi.compile(r"root\demo", mof).unwrap();
    }
    let demo = wmi.connection(r"root\demo").unwrap();
    // What the class says and what is registered is the same.
    let error = demo.exec_query("SELECT * FROM Demo_Room").unwrap_err();
    assert_eq!(error.symbol(), Some("WBEM_E_PROVIDER_LOAD_FAILURE"));
}

#[test]
fn every_block_of_the_guide_says_what_it_is() {
    let mut begins = true;
    for line in GUIDE.lines().filter(|line| line.starts_with("```")) {
        match begins {
            true => assert!(["```rust", "```mof", "```sh"].contains(&line), "{line}"),
            false => assert_eq!(line, "```"),
        }
        begins = !begins;
    }
}
