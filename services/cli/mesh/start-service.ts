// Starts one service of the mesh in a session of its own and waits for its ready line. Its stdout
// and stderr are files, so it lives on when this command ends.

import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "#shared/base/errors.ts";
import { identityOf, isAlive, type ProcessIdentity } from "./process-identity.ts";
import type { ServiceRecord } from "./mesh-record.ts";

export interface ServiceStart {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** Folder for NAME.ready (its stdout) and NAME.log (its stderr, kept over restarts). */
  readonly logs: string;
  readonly env: NodeJS.ProcessEnv;
  readonly deadlineMs: number;
  /** Called as soon as the process exists, before it is ready. */
  readonly onStarted: (service: ServiceRecord) => void;
}

/** A log larger than this is begun anew at the next start; the old one is kept as NAME.log.1. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
/** What a failure shows of it. */
const LOG_TAIL_BYTES = 4096;
const POLL_MS = 15;

/** UNAVAILABLE, with the end of its log, when it ends early or is not ready in time. */
export async function startService(start: ServiceStart): Promise<ServiceRecord> {
  mkdirSync(start.logs, { recursive: true, mode: 0o700 });
  const readyFile = join(start.logs, `${start.name}.ready`);
  const logFile = join(start.logs, `${start.name}.log`);
  if (existsSync(readyFile)) truncateSync(readyFile);
  if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES_MAX) {
    renameSync(logFile, `${logFile}.1`);
  }
  const stdout = openSync(readyFile, "a", 0o600);
  const stderr = openSync(logFile, "a", 0o600);
  const logFrom = statSync(logFile).size;
  const [file, ...args] = start.argv;
  const child = spawn(file, args, {
    cwd: start.cwd,
    env: start.env,
    detached: true,
    stdio: ["ignore", stdout, stderr],
  });
  closeSync(stdout);
  closeSync(stderr);
  const failures: Error[] = [];
  child.once("error", (error) => failures.push(error));
  child.unref();
  // Between spawn and here the child cannot have been waited for: its pid is still its own.
  const identity = child.pid === undefined ? null : identityOf(child.pid);
  if (identity === null) {
    await new Promise((resume) => setImmediate(resume));
    const why = failures[0]?.message ?? "it ended at once";
    throw startFailure(start, `it could not be started: ${why}`, logFile, logFrom);
  }
  const started = { ...identity, name: start.name, logFile, ready: null };
  start.onStarted(started);
  const ready = await readyLine(start, identity, readyFile, logFile, logFrom);
  return { ...started, ready };
}

async function readyLine(
  start: ServiceStart,
  identity: ProcessIdentity,
  readyFile: string,
  logFile: string,
  logFrom: number,
): Promise<ServiceRecord["ready"]> {
  const endMs = performance.now() + start.deadlineMs;
  for (;;) {
    const alive = isAlive(identity); // Asked first: a line written just before the end counts.
    const ready = parseReady(readFileSync(readyFile, "utf8"));
    if (ready !== null) return ready;
    if (!alive) throw startFailure(start, "it ended before it was ready", logFile, logFrom);
    if (performance.now() > endMs) {
      const waited = `it was not ready within ${Math.round(start.deadlineMs / 1000)} s`;
      throw startFailure(start, waited, logFile, logFrom);
    }
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}

/** The first whole line that is JSON with `ready: true`. */
export function parseReady(text: string): ServiceRecord["ready"] {
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    if (!line.startsWith("{")) continue;
    try {
      const value = JSON.parse(line) as NonNullable<ServiceRecord["ready"]>;
      if (value["ready"] === true) return value;
    } catch {
      continue; // Something else the process said.
    }
  }
  return null;
}

function startFailure(
  start: ServiceStart,
  what: string,
  logFile: string,
  logFrom: number,
): Failure {
  const tail = logTail(logFile, logFrom);
  const said = tail === "" ? "" : `\nthe end of its log:\n${tail}`;
  return new Failure("UNAVAILABLE", `${start.name} did not start: ${what}${said}`, {
    hint: `the whole log is ${logFile}`,
  });
}

/** The last lines written since byte `from`; pino's JSON lines as `level: message`. */
export function logTail(logFile: string, from = 0, linesMax = 20): string {
  let text: string;
  try {
    const all = readFileSync(logFile).subarray(from);
    const end = all.subarray(-LOG_TAIL_BYTES);
    text = end.toString("utf8").trimEnd();
    // A line that was cut is no JSON to be made readable.
    if (end.length < all.length) text = text.slice(text.indexOf("\n") + 1);
  } catch {
    return "";
  }
  return text.split("\n").slice(-linesMax).map(readableLogLine).join("\n");
}

function readableLogLine(line: string): string {
  try {
    const entry = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: unknown };
    const error = (entry.err as { message?: unknown } | undefined)?.message;
    const why = typeof error === "string" && error !== entry.msg ? `: ${error}` : "";
    if (typeof entry.msg === "string") return `  ${levelName(entry.level)}: ${entry.msg}${why}`;
  } catch {
    // Not pino's: a stack trace, a message of Node's.
  }
  return `  ${line}`;
}

/** pino's numbers (its documentation, "Loglevels"), or a word if the logger writes one. */
function levelName(level: unknown): string {
  if (typeof level === "string") return level;
  const words = new Map([
    [10, "trace"],
    [20, "debug"],
    [30, "info"],
    [40, "warn"],
    [50, "error"],
  ]);
  return words.get(Number(level)) ?? "fatal";
}

/** A service's main file beside this one: TypeScript in the sources, JavaScript in dist. */
export function serviceMain(service: "scheduler" | "agent" | "router" | "worker"): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(here), "..", "..", service, `main${extname(here)}`);
}

/**
 * The environment a service gets: the user's, without SIGNALBOX_* (the configuration file is the
 * whole truth, and no token leaks into jobs).
 */
export function serviceEnv(env: {
  readonly [name: string]: string | undefined;
}): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("SIGNALBOX_")));
}
