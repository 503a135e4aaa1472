//! Security descriptors in text and bytes, and what they decide (G.11; MS-DTYP 2.4, 2.5.1).

use cim::security::{
    AceFlags, AceKind, Control, Descriptor, Identity, Rights, SecurityDescriptor, Sid,
};
use cim::status::*;
use proptest::prelude::*;

use crate::build::status;

fn parse(text: &str) -> Descriptor {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn g11_a_descriptor_in_sddl_means_what_it_says() {
    let descriptor = parse("O:BAG:BAD:(A;CI;0x60003;;;WD)");
    assert_eq!(descriptor.owner, Some(Sid::administrators()));
    assert_eq!(descriptor.group, Some(Sid::administrators()));
    assert_eq!(descriptor.sacl, None);
    let [entry] = &descriptor.dacl.as_ref().unwrap()[..] else { panic!("one entry") };
    assert_eq!((entry.kind, entry.flags), (AceKind::Allow, AceFlags::CONTAINER_INHERIT));
    // The mask is obeyed (I-27).
    let granted = SecurityDescriptor::from(&descriptor).granted(&Identity::unix(1000, &[], false));
    let expected = Rights::ENABLE.union(Rights::METHOD_EXECUTE);
    assert_eq!(granted, expected | Rights::READ_CONTROL | Rights::WRITE_DAC);
}

#[test]
fn g11_every_form_of_sddl_parses_and_prints() {
    for (text, printed) in [
        ("", ""),
        ("O:BA", "O:BA"),
        ("D:", "D:"),
        ("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL"),
        ("D:PNO_ACCESS_CONTROL", "D:PNO_ACCESS_CONTROL"),
        ("O:BAG:BAD:(A;;0x80;;;BA)", "O:BAG:BAD:(A;;0x80;;;BA)"),
        ("O:S-1-5-18G:S-1-5-32-544D:S:", "O:SYG:BAD:S:"),
        ("O:S-1-22-1-1000D:(D;;1;;;S-1-22-2-7)", "O:S-1-22-1-1000D:(D;;0x1;;;S-1-22-2-7)"),
        ("O:S-1-5-32-544S:", "O:BAS:"),
        ("D:PAI(A;CIOINPIOID;CCDCRPWDRC;;;AU)", "D:PAI(A;OICINPIOID;0x60013;;;AU)"),
        ("D:ARP(A;;010;;;LS)(A;;GA;;;NS)", "D:PAR(A;;0x8;;;LS)(A;;0x10000000;;;NS)"),
        ("S:AI(AU;SAFA;0xFFFFFFFF;;;WD)", "S:AI(AU;SAFA;0xffffffff;;;WD)"),
        ("D:(A;;;;;BA)", "D:(A;;0x0;;;BA)"),
    ] {
        let descriptor = parse(text);
        assert_eq!(descriptor.to_string(), printed, "{text}");
        assert_eq!(parse(printed), descriptor, "{text}");
        let bytes = descriptor.to_bytes().unwrap();
        let again = Descriptor::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_string(), printed, "{text}");
        assert_eq!(again.to_bytes().unwrap(), bytes, "{text}");
    }
}

#[test]
fn g11_what_is_no_sddl_is_refused() {
    for text in [
        "o:BA",
        "O:ba",
        "G:BAO:BA",
        "O:",
        "O:DA",
        "O:S-1-",
        "D:(",
        "D:()",
        "D:(A;;1;;;BA",
        "D:(A;;1;;BA)",
        "D:(a;;1;;;BA)",
        "D:(OA;;1;;;BA)",
        "D:(A;XX;1;;;BA)",
        "D:(A;;0x;;;BA)",
        "D:(A;;0x100000000;;;BA)",
        "D:(A;;1;g;;BA)",
        "D:(A;;1;;;)",
        "D:x",
        "D: ",
        "O:BA ",
        "S:NO_ACCESS_CONTROL",
        "O:S-1-5-18é",
        "D:(A;;-1;;;BA)",
        "D:(A;;08;;;BA)",
    ] {
        assert_eq!(status(text.parse::<Descriptor>()), WBEM_E_INVALID_PARAMETER, "{text}");
    }
    let error = "O:BAD:(A;;1;;;XX)".parse::<Descriptor>().unwrap_err();
    assert!(error.message().contains("character 15"), "{error}");
    let long = format!("D:{}", "(A;;1;;;BA)".repeat(6000));
    assert_eq!(status(long.parse::<Descriptor>()), WBEM_E_INVALID_PARAMETER);
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    let bytes = parse("O:SYG:BAD:(A;CI;0x13;;;AU)").to_bytes().unwrap();
    #[rustfmt::skip]
    let expected = [
        1, 0, 0x04, 0x80, 20, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0,
        1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
        1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
        2, 0, 28, 0, 1, 0, 0, 0,
        0, 2, 20, 0, 0x13, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0,
    ];
    assert_eq!(bytes, expected);
}

#[test]
fn g11_damaged_bytes_are_no_descriptor() {
    let good = parse("O:SYG:BAD:(A;CI;0x13;;;AU)").to_bytes().unwrap();
    for (at, byte, why) in [
        (0, 2, "revision"),
        (3, 0, "not self-relative"),
        (4, 19, "a part within the header"),
        (4, 255, "a part beyond the end"),
        (20, 2, "the SID's revision"),
        (21, 16, "too many sub-authorities"),
        (48, 3, "the list's revision"),
        (50, 200, "a list longer than the bytes"),
        (50, 7, "a list shorter than its header"),
        (52, 2, "more entries than there are"),
        (58, 4, "an entry shorter than its header"),
        (58, 200, "an entry longer than its list"),
        (58, 16, "an entry shorter than its SID"),
    ] {
        let mut bad = good.clone();
        bad[at] = byte;
        assert_eq!(status(Descriptor::from_bytes(&bad)), WBEM_E_INVALID_OBJECT, "{why}");
    }
    let mut strange = good.clone();
    strange[56] = 5;
    let strange = status(Descriptor::from_bytes(&strange));
    assert_eq!(strange, WBEM_E_INVALID_PARAMETER, "an entry for a kind of object");
    for len in 0..good.len() {
        assert!(Descriptor::from_bytes(&good[..len]).is_err(), "{len}");
    }
}

#[test]
fn a_list_too_long_for_its_bytes_is_refused() {
    let mut descriptor = parse("D:(A;;1;;;BA)");
    let entry = descriptor.dacl.as_ref().unwrap()[0].clone();
    descriptor.dacl = Some(vec![entry.clone(); 2730]);
    assert!(descriptor.to_bytes().is_ok());
    descriptor.dacl = Some(vec![entry; 2731]);
    assert_eq!(status(descriptor.to_bytes()), WBEM_E_QUOTA_VIOLATION);
}

#[test]
fn g11_audits_and_entries_for_those_below_decide_nothing_here() {
    let user = Identity::unix(1000, &[7], false);
    let granted = |text: &str| SecurityDescriptor::from(&parse(text)).granted(&user);
    assert_eq!(granted("D:(A;CIIO;1;;;WD)(A;;2;;;S-1-22-2-7)"), Rights::METHOD_EXECUTE);
    assert_eq!(granted("D:(D;;1;;;S-1-22-1-1000)(A;;3;;;AU)"), Rights::METHOD_EXECUTE);
    assert_eq!(granted("D:"), Rights::default(), "an empty list grants nothing");
    assert_eq!(granted("D:NO_ACCESS_CONTROL"), Rights::ALL);
    assert_eq!(granted("O:BA"), Rights::ALL, "without a list nothing is protected");
    assert!(parse("D:NO_ACCESS_CONTROL").control.contains(Control::DACL_PRESENT));
}

/// What a namespace made in another begins with.
#[test]
fn g11_entries_for_containers_pass_on() {
    for (above, below) in [
        ("O:SYG:BAD:(A;CI;1;;;AU)(A;;2;;;BU)", "O:SYG:BAD:(A;CIID;0x1;;;AU)"),
        ("O:BAG:BAD:(A;CINP;1;;;AU)", "O:BAG:BAD:(A;ID;0x1;;;AU)"),
        ("O:BAG:BAD:(D;CIIO;1;;;AU)", "O:BAG:BAD:(D;CIID;0x1;;;AU)"),
        ("O:BAG:BAD:(A;OICINPIO;1;;;AU)", "O:BAG:BAD:(A;ID;0x1;;;AU)"),
        ("D:(A;CIID;1;;;AU)S:P(AU;CISA;1;;;WD)(AU;SA;1;;;WD)", "D:(A;CIID;0x1;;;AU)"),
        ("D:(A;CI;1;;;AU)S:(AU;CISA;1;;;WD)", "D:(A;CIID;0x1;;;AU)S:(AU;CIIDSA;0x1;;;WD)"),
    ] {
        assert_eq!(parse(above).inherited().to_string(), below, "{above}");
    }
    // Where nothing about rights passes on, the defaults hold.
    let default = Descriptor::default_namespace();
    for above in [
        "O:SYG:SYD:(A;;0x6003f;;;BA)",
        "O:SYG:SYD:(A;OI;1;;;BA)",
        "O:SYG:SYD:P(A;CI;1;;;BA)",
        "O:SYG:SYD:",
    ] {
        let below = parse(above).inherited();
        assert_eq!(
            (below.dacl, below.owner),
            (default.dacl.clone(), parse(above).owner),
            "{above}"
        );
    }
    let below = default.inherited();
    let rights = |d: &Descriptor| SecurityDescriptor::from(d).dacl;
    assert_eq!(rights(&below), rights(&default));
    assert_eq!(below.inherited(), below, "it passes on without end");
}

proptest! {
    #[test]
    fn bytes_that_are_a_descriptor_come_back_equal(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = parse("O:SYG:BAD:P(A;CI;0x13;;;AU)(D;;1;;;BA)S:(AU;SA;1;;;WD)")
            .to_bytes()
            .unwrap();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(descriptor) = Descriptor::from_bytes(&bytes) {
            let written = descriptor.to_bytes().unwrap();
            prop_assert_eq!(Descriptor::from_bytes(&written).unwrap(), descriptor);
        }
    }

    #[test]
    fn text_that_is_a_descriptor_prints_to_its_equal(
        text in "(O:[BS][AY])?(G:S-1-5-[0-9]{1,2})?(D:P?(AI)?(\\([AD];(CI)?(IO)?;0x[0-9a-f]{1,3};;;(BA|WD|XX)\\)){0,3})?(S:)?.?",
    ) {
        if let Ok(descriptor) = text.parse::<Descriptor>() {
            prop_assert_eq!(descriptor.to_string().parse::<Descriptor>().unwrap(), descriptor);
        }
    }
}
