//! Frames of HTTP/2 (RFC 9113), good and bad.

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

const HEAD: usize = 9;

/// A frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a length")
        .to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// The head of a gRPC call, by HPACK (RFC 7541): four fields of its table, and three texts.
pub(super) fn request() -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04];
    text(&mut block, b"/geo.Geo/Nearby");
    block.push(0x01);
    text(&mut block, b"hotels");
    // content-type, the 31st of the table.
    block.extend([0x0f, 0x10]);
    text(&mut block, b"application/grpc");
    field(&mut block, b"te", b"trailers");
    block
}

/// A field that is not to be remembered.
pub(super) fn field(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0x00);
    text(block, name);
    text(block, value);
}

/// A text by its length; those from 127 bytes on take more than one byte for it.
pub(super) fn text(block: &mut Vec<u8>, text: &[u8]) {
    match text.len().checked_sub(127) {
        None => block.push(text.len() as u8),
        Some(mut rest) => {
            block.push(127);
            while rest >= 128 {
                block.push(rest as u8 | 128);
                rest >>= 7;
            }
            block.push(rest as u8);
        }
    }
    block.extend_from_slice(text);
}

/// Takes the next frame off what was read: its kind, its flags and its payload.
pub(super) fn take(read: &mut Vec<u8>) -> Option<(u8, u8, Vec<u8>)> {
    let head = read.first_chunk::<HEAD>()?;
    let [a, b, c, kind, flags, ..] = *head;
    let end = HEAD + u32::from_be_bytes([0, a, b, c]) as usize;
    let payload = read.get(HEAD..end)?.to_vec();
    read.drain(..end);
    Some((kind, flags, payload))
}
