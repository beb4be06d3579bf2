// Daemons of a private cluster: started in the foreground of a session of their own, so that their
// pid is known without a pid file, and ended by that pid and nothing else.

import { execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

/** The daemons live in sbin, which an ordinary user's PATH often lacks. */
export function pathWithSbin(): string {
  return `${process.env["PATH"] ?? "/usr/bin:/bin"}:/usr/sbin:/sbin:/usr/local/sbin`;
}

/** A pid with the time it was started at: the same number later is another process. */
export interface Daemon {
  readonly name: string;
  readonly pid: number;
  readonly startTicks: string;
}

export interface Env {
  readonly [name: string]: string;
}

export function startDaemon(name: string, argv: readonly string[], env: Env, log: string): Daemon {
  const [file = "", ...args] = argv;
  const out = openSync(log, "a");
  try {
    const child = spawn(file, args, { detached: true, stdio: ["ignore", out, out], env, cwd: "/" });
    // Reported as a missing pid just below; without a listener it would end this process.
    child.on("error", () => {});
    child.unref();
    if (child.pid === undefined) throw new Error(`${file} cannot be started (is it installed?)`);
    return { name, pid: child.pid, startTicks: startTicksOf(child.pid) ?? "-" };
  } finally {
    closeSync(out);
  }
}

/** Start time of a process that lives; null when it is gone or waits to be reaped. */
export function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

export function isAlive(daemon: Daemon): boolean {
  return startTicksOf(daemon.pid) === daemon.startTicks;
}

/** False when it was gone already. */
export function signalDaemon(daemon: Daemon, signal: NodeJS.Signals): boolean {
  if (!isAlive(daemon)) return false;
  process.kill(daemon.pid, signal);
  return true;
}

/** TERM, and KILL for whoever is still there after `graceMs`. */
export async function endDaemons(daemons: readonly Daemon[], graceMs: number): Promise<void> {
  if (graceMs > 0) {
    for (const daemon of daemons) {
      signalDaemon(daemon, "SIGCONT");
      signalDaemon(daemon, "SIGTERM");
    }
    await until(() => !daemons.some(isAlive), graceMs).catch(() => {});
  }
  for (const daemon of daemons) signalDaemon(daemon, "SIGKILL");
  await until(() => !daemons.some(isAlive), 5000);
}

/** Asks again every 25 ms until it holds. Throws after `timeoutMs`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what = "it",
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs)
      throw new Error(`${what} did not happen in ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCommand(argv: readonly string[], env: Env, timeoutMs = 30_000): Promise<Ran> {
  const [file = "", ...args] = argv;
  return new Promise((resolve) => {
    execFile(file, args, { env, timeout: timeoutMs, encoding: "utf8" }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

const PORT_FIRST = 20_000;
const PORT_LAST = 31_999; // Below what the kernel hands out for outgoing connections.

/** Ports that nobody listens on right now, random so that clusters side by side rarely meet. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1000) throw new Error("no free ports");
    const port = PORT_FIRST + Math.floor(Math.random() * (PORT_LAST - PORT_FIRST + 1));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "0.0.0.0", () => server.close(() => resolve(true)));
  });
}
