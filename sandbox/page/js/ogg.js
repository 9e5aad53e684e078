// A voice message as Telegram's own apps make it: Opus in Ogg (RFC 7845), encoded by the browser.

const RATE = 48000;

const CRC = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

function checksum(bytes) {
  let value = 0;
  for (const byte of bytes) value = ((value << 8) ^ CRC[((value >>> 24) ^ byte) & 255]) >>> 0;
  return value;
}

function page(packets, { granule, number, flags }) {
  const lacing = packets.flatMap((packet) => [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255]);
  const head = new Uint8Array(27 + lacing.length);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode("OggS"));
  head[5] = flags;
  view.setUint32(6, granule, true);
  view.setUint32(14, 0x70756c74, true); // serial number of the stream
  view.setUint32(18, number, true);
  head[26] = lacing.length;
  head.set(lacing, 27);
  const bytes = join([head, ...packets]);
  new DataView(bytes.buffer).setUint32(22, checksum(bytes), true);
  return bytes;
}

function join(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function headPacket() {
  const bytes = new Uint8Array(19);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("OpusHead"));
  bytes[8] = 1; // version
  bytes[9] = 1; // channels
  view.setUint16(10, 312, true); // samples to skip at the start
  view.setUint32(12, RATE, true);
  return bytes;
}

function tagsPacket() {
  const vendor = new TextEncoder().encode("pult");
  const bytes = new Uint8Array(16 + vendor.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("OpusTags"));
  view.setUint32(8, vendor.length, true);
  bytes.set(vendor, 12);
  return bytes;
}

/** Mono samples at 48 kHz to the bytes of an .ogg, or null where the browser has no Opus encoder. */
export async function oggOpus(samples) {
  if (!globalThis.AudioEncoder || !(await supported())) return null;
  const packets = [];
  const encoder = new AudioEncoder({
    error: () => packets.splice(0),
    output: (chunk) => {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      packets.push(bytes);
    },
  });
  encoder.configure(settings);
  encoder.encode(new AudioData({
    format: "f32", sampleRate: RATE, numberOfFrames: samples.length, numberOfChannels: 1, timestamp: 0, data: samples,
  }));
  await encoder.flush();
  encoder.close();
  return packets.length ? container(packets) : null;
}

const settings = { codec: "opus", sampleRate: RATE, numberOfChannels: 1, bitrate: 24000 };

async function supported() {
  try {
    return (await AudioEncoder.isConfigSupported(settings)).supported;
  } catch {
    return false;
  }
}

function container(packets) {
  const pages = [
    page([headPacket()], { granule: 0, number: 0, flags: 2 }),
    page([tagsPacket()], { granule: 0, number: 1, flags: 0 }),
  ];
  const PER_PAGE = 50; // a second of 20 ms packets
  for (let at = 0; at < packets.length; at += PER_PAGE) {
    const part = packets.slice(at, at + PER_PAGE);
    const last = at + PER_PAGE >= packets.length;
    pages.push(page(part, { granule: (at + part.length) * 960, number: pages.length, flags: last ? 4 : 0 }));
  }
  return join(pages);
}
