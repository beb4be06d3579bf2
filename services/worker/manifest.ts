// What of a model's folder is served, file by file, and what has become of it since a worker served
// it last. Contents are read whole once, while nobody is served; a file whose size, time and inode
// are as they were has the hash that it had.
//
// The model's identity for routers stays its fingerprint (fingerprint.ts): this says which file it
// is that differs, and proves contents to who asks (`signalbox worker manifest`).

import { createHash } from "node:crypto";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FileRow } from "#shared/base/worker-state.ts";

/** What engine and tokenizer read; a folder often holds the same weights in other formats too. */
const SERVED = /\.(?:safetensors|json|jinja)$/;
/** Half a millisecond of the event loop. */
const PIECE_BYTES = 512 * 1024;

export type Manifest = ReadonlyMap<string, FileRow>;

export interface FileChange {
  readonly file: string;
  readonly change: "changed" | "added" | "removed";
  readonly was: FileRow | null;
  readonly is: FileRow | null;
}

/** Files by name, with the hashes of `known` ones that are as they were. */
export async function readManifest(folder: string, known: Manifest): Promise<Manifest> {
  const names = (await readdir(folder)).filter((name) => SERVED.test(name)).toSorted();
  const files = new Map<string, FileRow>();
  for (const name of names) {
    const is = await rowOf(join(folder, name));
    const was = known.get(name);
    const sha256 = was !== undefined && looksAlike(was, is) ? was.sha256 : null;
    files.set(name, { ...is, sha256 });
  }
  return files;
}

export function changesBetween(was: Manifest, is: Manifest): FileChange[] {
  const changes: FileChange[] = [];
  for (const file of new Set([...was.keys(), ...is.keys()])) {
    const [before, now] = [was.get(file) ?? null, is.get(file) ?? null];
    if (before === null) changes.push({ file, change: "added", was: before, is: now });
    else if (now === null) changes.push({ file, change: "removed", was: before, is: now });
    else if (!looksAlike(before, now))
      changes.push({ file, change: "changed", was: before, is: now });
  }
  return changes;
}

/**
 * A file's SHA-256, hex, asking before every piece whether to go on; null where it is not to, or
 * where the file is another one in the end than it was.
 */
export async function hashFile(
  folder: string,
  name: string,
  row: FileRow,
  goOn: () => Promise<boolean>,
): Promise<string | null> {
  const path = join(folder, name);
  const file = await open(path);
  try {
    const hash = createHash("sha256");
    const piece = Buffer.alloc(PIECE_BYTES);
    while (await goOn()) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, null);
      if (bytesRead > 0) hash.update(piece.subarray(0, bytesRead));
      else return looksAlike(row, await rowOf(path)) ? hash.digest("hex") : null;
    }
    return null;
  } finally {
    await file.close();
  }
}

async function rowOf(path: string): Promise<FileRow> {
  const { size, mtimeMs, ino } = await stat(path);
  return { bytes: size, mtimeMs, inode: ino, sha256: null };
}

function looksAlike(a: FileRow, b: FileRow): boolean {
  return a.bytes === b.bytes && a.mtimeMs === b.mtimeMs && a.inode === b.inode;
}
