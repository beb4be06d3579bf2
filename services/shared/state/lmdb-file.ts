// LMDB maps its file and believes what it finds there: one that is cut short or overwritten ends
// the process by a signal, without a word. What a damaged file shows at its head is said before.
//
// Only what no healthy file shows is refused: both meta pages are whole (LMDB writes one at a time,
// within a sector), and the roots that the newer one names lie inside the file.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";

const MAGIC = 0xbeefc0de;
const META_BYTES = 160;
/** Offsets in a meta page, behind its header of 24 bytes (lmdb-js 3, 64 bits). */
const AT = { magic: 24, pageBytes: 48, roots: [88, 136], transaction: 152 } as const;
const NO_PAGE = 2n ** 64n - 1n;

/** CORRUPT names the file. A folder without one, or with an empty one, is a new environment. */
export function checkLmdbFile(folder: string): void {
  const path = join(folder, "data.mdb");
  const file = openIfThere(path);
  if (file === null) return;
  try {
    if (fstatSync(file).size === 0) return;
    const first = metaAt(file, 0);
    const pageBytes = first.readUInt32LE(AT.pageBytes);
    const metas = [first, metaAt(file, pageBytes)];
    const whole = metas.every((meta) => meta.readUInt32LE(AT.magic) === MAGIC);
    if (!whole) throw damaged(path, "its head is overwritten");
    const [newest] = metas.toSorted((a, b) =>
      a.readBigUInt64LE(AT.transaction) > b.readBigUInt64LE(AT.transaction) ? -1 : 1,
    );
    // Asked last: pages are written before the meta page that names them.
    const { size } = fstatSync(file);
    for (const at of AT.roots) {
      const page = newest?.readBigUInt64LE(at) ?? NO_PAGE;
      const inside = page === NO_PAGE || (Number(page) + 1) * pageBytes <= size;
      if (!inside) throw damaged(path, `it has ${size} bytes and was longer`);
    }
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw reason;
  }
}

/** Zeros where the file ends. */
function metaAt(file: number, offset: number): Buffer {
  const meta = Buffer.alloc(META_BYTES);
  readSync(file, meta, 0, META_BYTES, offset);
  return meta;
}

function damaged(path: string, how: string): Failure {
  return new Failure("CORRUPT", `${path} is damaged: ${how}`, {
    hint: "Look at the disk, put back a copy of the whole folder, or move the folder away.",
  });
}
