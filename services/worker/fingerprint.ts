// Which weights a folder holds, without reading all of them: config.json, and of every safetensors
// file its name, size, header and a few pieces. A file that was exchanged or cut short shows; a
// single changed byte of 100 GB need not.

import { createHash, type Hash } from "node:crypto";
import { open, readdir, readFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

const PIECES = 8;
const PIECE_BYTES = 64 * 1024;
/** Headers of the largest models have a few MiB. */
const HEADER_BYTES_MAX = 64 * 1024 * 1024;

/** SHA-256, hex. */
export async function fingerprintOf(folder: string): Promise<string> {
  const hash = createHash("sha256").update(await readFile(join(folder, "config.json")));
  const names = (await readdir(folder)).filter((name) => name.endsWith(".safetensors"));
  for (const name of names.toSorted()) {
    const file = await open(join(folder, name));
    try {
      await addFile(hash, name, file);
    } finally {
      await file.close();
    }
  }
  return hash.digest("hex");
}

async function addFile(hash: Hash, name: string, file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  hash.update(`\0${name}\0${size}\0`);
  const head = await read(file, 0, 8);
  const headerBytes = head.length === 8 ? Number(head.readBigUInt64LE()) : 0;
  const bodyAt = Math.min(size, 8 + Math.min(headerBytes, HEADER_BYTES_MAX));
  hash.update(head).update(await read(file, 8, bodyAt - 8));
  for (let piece = 0; piece < PIECES; piece++) {
    const last = Math.max(bodyAt, size - PIECE_BYTES);
    const at = bodyAt + Math.floor(((last - bodyAt) * piece) / (PIECES - 1));
    hash.update(await read(file, at, Math.min(PIECE_BYTES, size - at)));
  }
}

async function read(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  if (bytes <= 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, at);
  return buffer.subarray(0, bytesRead);
}
