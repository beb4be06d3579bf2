// A small file system in memory that can be filled to its last byte, mounted and unmounted by the
// run itself. Needs root.

import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const CHUNK = Buffer.alloc(4096);

export function whyNoSmallDisk(): string | null {
  return process.getuid?.() === 0 ? null : "needs root, to mount a small file system";
}

export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** On an empty folder. */
  static mount(path: string, bytes: number): SmallDisk {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=700`, "signalbox-chaos", path]);
    return new SmallDisk(path);
  }

  /** Until nothing more is taken, not a byte of anybody's. */
  fill(): void {
    const file = openSync(this.#filler(), "a");
    try {
      for (let size = CHUNK.length; size >= 1;) {
        try {
          writeSync(file, CHUNK, 0, size);
        } catch (reason) {
          if ((reason as NodeJS.ErrnoException).code !== "ENOSPC") throw reason;
          size >>= 1;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#filler(), { force: true });
  }

  unmount(): void {
    execFileSync("umount", [this.path]);
  }

  #filler(): string {
    return join(this.path, "filler");
  }
}
