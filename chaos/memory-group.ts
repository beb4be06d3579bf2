// A control group with a memory limit, as a batch system gives a job. The run enters it, so that
// all it starts is inside, and leaves it again. Version 1 of control groups only, and root.

import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "#shared/testing/wait-for.ts";

const ROOT = "/sys/fs/cgroup/memory";
const REMOVED_MS = 10_000;

export function whyNoMemoryGroup(): string | null {
  try {
    accessSync(join(ROOT, "memory.limit_in_bytes"));
    accessSync(ROOT, constants.W_OK);
    return null;
  } catch {
    return `needs a memory control group, version 1, that may be written: ${ROOT}`;
  }
}

export class MemoryGroup {
  readonly #path: string;
  /** Where this process was. */
  readonly #home: string;

  private constructor(path: string, home: string) {
    this.#path = path;
    this.#home = home;
  }

  /** This process is inside from now on. */
  static enter(name: string): MemoryGroup {
    const path = join(ROOT, name);
    const own = /^\d+:memory:(.*)$/mu.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
    mkdirSync(path);
    const group = new MemoryGroup(path, join(ROOT, own));
    writeFileSync(join(path, "cgroup.procs"), String(process.pid));
    return group;
  }

  get usedBytes(): number {
    return Number(this.#read("memory.usage_in_bytes"));
  }

  /** Processes that the kernel has killed for the limit. */
  get kills(): number {
    return Number(/^oom_kill (\d+)$/mu.exec(this.#read("memory.oom_control"))?.[1] ?? 0);
  }

  /** Null: none. */
  limit(bytes: number | null): void {
    writeFileSync(join(this.#path, "memory.limit_in_bytes"), String(bytes ?? -1));
  }

  /** When all that was started inside has ended; the kernel takes a moment to forget it. */
  async leave(): Promise<void> {
    writeFileSync(join(this.#home, "cgroup.procs"), String(process.pid));
    await waitFor(() => this.#remove(), REMOVED_MS, `${this.#path} is empty`);
  }

  #remove(): boolean {
    rmdirSync(this.#path);
    return true;
  }

  #read(name: string): string {
    return readFileSync(join(this.#path, name), "utf8");
  }
}
