// A small file system in memory that can be filled to its last byte, mounted and unmounted by the
// run itself. Needs root.
//
//   D1. It does not outlive the run, however that ends: a guard unmounts it when its end of a pipe
//       is closed, and the kernel closes it for a process that was killed.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const CHUNK = Buffer.alloc(4096);
/** Lazily: with somebody still in it, it is gone with the last of them. */
const GUARD = 'cat >/dev/null; umount -l "$1"';

export function whyNoSmallDisk(): string | null {
  return process.getuid?.() === 0 ? null : "needs root, to mount a small file system";
}

export class SmallDisk {
  readonly path: string;
  readonly #guard: ChildProcess;

  private constructor(path: string, guard: ChildProcess) {
    this.path = path;
    this.#guard = guard;
  }

  /** On an empty folder. */
  static mount(path: string, bytes: number): SmallDisk {
    // First the guard, in a session of its own: what ends the run from its terminal spares it.
    const guard = spawn("sh", ["-c", GUARD, "sh", path], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    guard.unref();
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=700`, "signalbox-chaos", path]);
    return new SmallDisk(path, guard);
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

  /** Also while a process that was just killed is still in it. */
  unmount(): void {
    execFileSync("umount", ["-l", this.path]);
    this.#guard.stdin?.end(); // It finds nothing mounted.
  }

  #filler(): string {
    return join(this.path, "filler");
  }
}
