// How far a journal was posted: a small file beside it.
//
//   C1. A piece is written down here before it is sent: after a crash the same one is sent again.
//   C2. The journal's id is made once, and stays with it.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";

export interface Cursor {
  readonly journal: string;
  /** What lies before it was taken. */
  readonly posted: number;
  /** Where the piece ends that may have been sent; null: none was. */
  readonly pending: number | null;
}

const NAME = "posted.json";

/** CORRUPT for a file that is no such file. */
export function readCursor(directory: string): Cursor {
  const file = join(directory, NAME);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    return { journal: randomBytes(16).toString("hex"), posted: 0, pending: null };
  }
  try {
    const { journal, posted, pending } = JSON.parse(text) as Cursor;
    const isPlace = (at: unknown): boolean => Number.isSafeInteger(at) && Number(at) >= 0;
    if (!/^[0-9a-f]{32}$/.test(journal) || !isPlace(posted))
      throw new Error("its fields are wrong");
    if (pending !== null && !isPlace(pending)) throw new Error("pending is no place");
    return { journal, posted, pending };
  } catch (cause) {
    throw new Failure("CORRUPT", `${file}: ${(cause as Error).message}`, {
      cause,
      hint: "It says how far usage was posted. Without it all of the journal is posted once more.",
    });
  }
}

/** Durable when it resolves. */
export async function writeCursor(directory: string, cursor: Cursor): Promise<void> {
  const file = join(directory, NAME);
  const draft = await open(`${file}.new`, "w", 0o600);
  try {
    await draft.writeFile(`${JSON.stringify(cursor)}\n`);
    await draft.datasync();
  } finally {
    await draft.close();
  }
  await rename(`${file}.new`, file);
}
