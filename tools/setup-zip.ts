// The part of zip that wheels use: stored and deflated entries, no encryption, no zip64
// (APPNOTE.TXT 6.3.10, §4.3). What is read is checked against the entry's size and CRC-32.

import { crc32, inflateRawSync } from "node:zlib";

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;

/** The entry's bytes. Throws when the archive is damaged or has no such entry. */
export function readZipEntry(archive: Buffer, name: string): Buffer {
  const end = endRecord(archive);
  const entries = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < entries; i++) {
    if (archive.readUInt32LE(at) !== CENTRAL)
      throw new Error("the zip archive's directory is damaged");
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      archive.readUInt16LE(at + field),
    ) as [number, number, number];
    if (archive.toString("utf8", at + 46, at + 46 + nameBytes) === name)
      return readEntry(archive, at, name);
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  throw new Error(`the zip archive has no ${name}`);
}

function endRecord(archive: Buffer): number {
  const first = Math.max(0, archive.length - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = archive.length - END_BYTES; at >= first; at--) {
    if (archive.readUInt32LE(at) === END) return at;
  }
  throw new Error("this is no zip archive");
}

/**
 * `at` is the entry in the central directory, which knows sizes even when the local header does
 * not.
 */
function readEntry(archive: Buffer, at: number, name: string): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const crc = archive.readUInt32LE(at + 16);
  const packedBytes = archive.readUInt32LE(at + 20);
  const bytes = archive.readUInt32LE(at + 24);
  const local = archive.readUInt32LE(at + 42);
  if (archive.readUInt32LE(local) !== LOCAL) throw new Error(`${name}: its header is damaged`);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + packedBytes);
  if (method !== 0 && method !== 8)
    throw new Error(`${name}: packed by method ${method}, known are 0 and 8`);
  const content =
    method === 0 ? Buffer.from(packed) : inflateRawSync(packed, { maxOutputLength: bytes });
  if (content.length !== bytes || crc32(content) !== crc) throw new Error(`${name}: damaged`);
  return content;
}
