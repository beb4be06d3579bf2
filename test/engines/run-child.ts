// A program as a child of ours, bounded in time, with what it writes in a file.

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What it writes is appended there. */
  readonly logFile: string;
  readonly msMax: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** Every half a minute that it takes: for how long, and the last line that it wrote. */
  readonly onWait?: (seconds: number, lastLine: string) => void;
}

const WAIT_MS = 30_000;
/** Asked to end, it and what it started have so long before they are killed. */
const GRACE_MS = 5_000;

/** Null when it ended well; else why it did not, in words. */
export function runChild(argv: readonly string[], options: ChildOptions): Promise<string | null> {
  const [file = "", ...args] = argv;
  const { logFile, msMax, signal, onWait } = options;
  const log = openSync(logFile, "a");
  // A group of its own: what it starts ends with it.
  const child = spawn(file, args, {
    ...{ detached: true, stdio: ["ignore", log, log], env: options.env ?? process.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  closeSync(log);
  const startedMs = performance.now();
  const took = (): number => Math.round((performance.now() - startedMs) / 1000);
  return new Promise((resolve) => {
    let why: string | null = null;
    let killer: NodeJS.Timeout | undefined;
    const end = (reason: string): void => {
      why ??= reason;
      signalGroup(child.pid, "SIGTERM");
      killer ??= setTimeout(() => signalGroup(child.pid, "SIGKILL"), GRACE_MS);
    };
    const onAbort = (): void => end("was interrupted");
    const bound = setTimeout(() => end(`took more than ${msMax / 1000} s`), msMax);
    const teller = setInterval(() => onWait?.(took(), tailOf(logFile, 1)), WAIT_MS);
    const settle = (reason: string | null): void => {
      clearTimeout(bound);
      clearTimeout(killer);
      clearInterval(teller);
      signal?.removeEventListener("abort", onAbort);
      signalGroup(child.pid, "SIGKILL"); // What it has left behind.
      resolve(why ?? reason);
    };
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted === true) onAbort();
    child.once("error", (reason) => settle(`could not be started: ${reason.message}`));
    child.once("exit", (code, by) => settle(code === 0 ? null : `ended with ${code ?? by}`));
  });
}

/** The last lines of a file that have something in them. */
export function tailOf(file: string, lines: number): string {
  const all = readFileSync(file, "utf8").split(/[\r\n]+/u);
  return all
    .filter((line) => line.trim() !== "")
    .slice(-lines)
    .join("\n");
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return; // It could not be started.
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}
