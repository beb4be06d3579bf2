// Which of LMDB's errors mean "no room". After each of them the transaction was aborted before its
// meta page was written, so nothing of it is in the environment.

import { closeSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

const EIO = 5;
const ROOM_CODES = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
/** The same as errno values, and MDB_MAP_FULL. */
const ROOM_ERRNOS = new Set([28, 122, 27, -30792]);
/** More than any one transaction of ours writes. */
const PROBE_BYTES = 4 * 1024 * 1024;

/** `path` is the environment's directory. */
export function isDiskFull(reason: unknown, path: string): boolean {
  const code = (reason as { code?: unknown } | null)?.code;
  if (typeof code === "number" && ROOM_ERRNOS.has(code)) return true;
  // LMDB reports a write that was cut short as EIO, whatever cut it: ask the disk.
  return code === EIO && !hasRoom(path);
}

/** Writes where the environment would have grown to, in a file of its own. */
function hasRoom(path: string): boolean {
  const probe = join(path, `probe-${process.pid}.tmp`);
  try {
    const file = openSync(probe, "w");
    try {
      const end = statSync(join(path, "data.mdb")).size;
      return writeSync(file, Buffer.alloc(PROBE_BYTES), 0, PROBE_BYTES, end) === PROBE_BYTES;
    } finally {
      closeSync(file);
    }
  } catch (reason) {
    return !ROOM_CODES.has((reason as NodeJS.ErrnoException).code ?? "");
  } finally {
    rmSync(probe, { force: true });
  }
}
