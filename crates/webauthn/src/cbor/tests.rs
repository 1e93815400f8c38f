use super::*;

fn deep(depth: usize) -> Vec<u8> {
    [&vec![0x81; depth][..], &[0]].concat()
}

#[test]
fn s058_what_is_not_strict_is_refused() {
    let cases: [(&str, &[u8]); 16] = [
        ("nothing", &[]),
        ("a byte after the value", &[0, 0]),
        ("an array that ends early", &[0x82, 0]),
        ("a text that ends early", &[0x62, b'a']),
        ("bytes longer than memory", &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("an array longer than the input", &[0x9a, 0xff, 0xff, 0xff, 0xff, 0]),
        ("a map longer than the input", &[0xba, 0xff, 0xff, 0xff, 0xff, 0]),
        ("an indefinite array", &[0x9f, 0xff]),
        ("an indefinite map", &[0xbf, 0xff]),
        ("indefinite bytes", &[0x5f, 0x40, 0xff]),
        ("a break alone", &[0xff]),
        ("a reserved length", &[0x1c]),
        ("a tag", &[0xc0, 0]),
        ("a text that is not UTF-8", &[0x61, 0xff]),
        ("a key twice", &[0xa2, 0x01, 0, 0x18, 0x01, 0]),
        ("a key that is an array", &[0xa1, 0x80, 0]),
    ];
    for (case, bytes) in cases {
        assert_eq!(read(bytes), Err(Unreadable), "{case}");
    }
    assert_eq!(
        read(&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        Err(Unreadable),
        "a huge integer"
    );
}

#[test]
fn s118_depth_and_number_of_items_are_bounded() {
    assert!(read(&deep(MAX_DEPTH)).is_ok());
    for depth in [MAX_DEPTH + 1, 100_000] {
        assert_eq!(read(&deep(depth)), Err(Unreadable));
    }
    let many = |count: u16| [&[0x99][..], &count.to_be_bytes(), &vec![0; usize::from(count)]].concat();
    assert!(read(&many(1023)).is_ok());
    assert_eq!(read(&many(1024)), Err(Unreadable));
}

#[test]
fn values_are_read() {
    let bytes = [0xa3, 0x01, 0x20, 0x61, b'a', 0x82, 0xf5, 0xf6, 0x21, 0x42, 1, 2];
    let value = read(&bytes).unwrap();
    assert_eq!(value.by_number(1).and_then(Value::int), Some(-1));
    assert_eq!(value.by_number(-2).and_then(Value::bytes), Some(&[1, 2][..]));
    assert_eq!(value.by_name("a"), Some(&Value::Array(vec![Value::Bool(true), Value::Other])));
    assert_eq!(read_first(&[0, 1]).unwrap(), (Value::Int(0), &[1][..]));
}

#[test]
fn what_is_written_is_canonical_and_read_again() {
    for number in [0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_296, -1, -24, -25, -257, i64::MAX, i64::MIN]
    {
        let written = Writer::default().int(number).finish();
        assert_eq!(read(&written), Ok(Value::Int(number)));
        let long = number.unsigned_abs() > u64::from(u32::MAX);
        assert!(written.len() <= 5 || long, "{number}");
    }
    let long = vec![7; 300];
    assert_eq!(read(&Writer::default().bytes(&long).finish()), Ok(Value::Bytes(&long)));
}
