// The directory each attempt lives in: ROOT/jobs/TOKEN, made whole in ROOT/tmp and published by one
// rename that fails if the name is taken; put away to ROOT/ended when the scheduler has its end.
//
//   job.sh job_info.json claim status stdout stderr work/   and, when the attempt has them, script
//   stdin
//
// Everything here is a handful of small synchronous calls: each takes microseconds, and a trip
// through the thread pool would take more. What must survive a power cut is in the journal; what
// must survive the loss of the journal is here.
//
//   D1. A directory under ROOT/jobs is complete: nothing is published in parts.
//   D2. The claim is made once, whole, by whoever is first: the job, or the agent to fence it (a
//       link, which fails if the name exists).

import * as fs from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { supervisorScript, parseSupervisorStatus } from "#adapters/supervisor.ts";
import { Failure } from "#shared/base/errors.ts";
import { parseAttemptToken } from "#shared/base/ids.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { AttemptSpec, Outcome } from "#shared/base/job.ts";
import { queueNameOf } from "./core/attempt.ts";
import { FENCE_NATIVE_ID } from "./core/observations.ts";
import type { Claim, ExitLine, JobStatus } from "./core/observations.ts";
import type { FoundDirectory } from "./core/restore.ts";
import { specOf } from "./parse-spec.ts";

/** A status file holds two lines and a beat per half minute. */
const STATUS_BYTES_MAX = 1024 * 1024;
/** A claim without its line after this was left by a job that could not write. */
const CLAIM_SETTLED_MS = 60_000;
const NOTE = "job_info.json";

/** What job_info.json says; rewritten when the attempt is created, submitted and ended. */
export interface JobNote {
  readonly version: 1;
  readonly token: AttemptToken;
  readonly state: "created" | "submitted" | "ended";
  readonly cluster: string;
  readonly intendedAtMs: number;
  readonly nativeId: string | null;
  readonly outcome: Outcome | null;
  readonly spec: AttemptSpec;
}

export interface JobDirectoriesOptions {
  readonly root: string;
  readonly heartbeatS: number;
  readonly directivesOf: (
    spec: AttemptSpec,
    files: { directory: string; queueName: string },
  ) => readonly string[];
}

export class JobDirectories {
  readonly #options: JobDirectoriesOptions;
  #made = 0;

  /** Makes the folders that are missing and clears what earlier lives left half made. */
  constructor(options: JobDirectoriesOptions) {
    this.#options = options;
    for (const name of ["jobs", "ended", "tmp"]) {
      fs.mkdirSync(join(options.root, name), { recursive: true, mode: 0o700 });
    }
    const half = join(options.root, "tmp");
    for (const name of fs.readdirSync(half))
      fs.rmSync(join(half, name), { recursive: true, force: true });
  }

  pathOf(token: AttemptToken): string {
    return join(this.#options.root, "jobs", token);
  }

  filesOf(spec: AttemptSpec): { readonly directory: string; readonly queueName: string } {
    return { directory: this.pathOf(spec.token), queueName: queueNameOf(spec) };
  }

  /** Where the attempt's files are now, published or put away; `null` when nowhere. */
  findPath(token: AttemptToken): string | null {
    for (const folder of ["jobs", "ended"]) {
      const path = join(this.#options.root, folder, token);
      if (fs.existsSync(path)) return path;
    }
    return null;
  }

  /** True when it is published already, or was put away and is back now. */
  exists(token: AttemptToken): boolean {
    const path = this.pathOf(token);
    if (fs.existsSync(path)) return true;
    const away = join(this.#options.root, "ended", token);
    return fs.existsSync(away) && renameIfThere(away, path);
  }

  /** A directory in ROOT/tmp with everything but what staging adds to its `work/`. */
  begin(note: JobNote): string {
    const { spec } = note;
    const path = join(this.#options.root, "tmp", `${spec.token}.${process.pid}.${this.#made++}`);
    fs.mkdirSync(path, { mode: 0o700 });
    fs.mkdirSync(join(path, "work"), { mode: 0o700 });
    const files = this.filesOf(spec);
    const directives = this.#options.directivesOf(spec, files);
    const { heartbeatS } = this.#options;
    writeFile(
      join(path, "job.sh"),
      supervisorScript(spec, files, { directives, heartbeatS }),
      0o700,
    );
    if (spec.program.kind === "script") writeFile(join(path, "script"), spec.program.text, 0o700);
    if (spec.stdin !== null) writeFile(join(path, "stdin"), spec.stdin, 0o600);
    for (const file of spec.files) {
      if (file.source.kind !== "text") continue;
      writeInto(join(path, "work"), file.path, file.source.text, file.executable ? 0o700 : 0o600);
    }
    writeFile(join(path, NOTE), JSON.stringify(note), 0o600);
    return path;
  }

  /** False when the name was taken: this one is then gone. */
  publish(half: string, token: AttemptToken): boolean {
    const path = this.pathOf(token);
    try {
      // rename(2) refuses a target that is a directory with something in it, and these never are
      // empty.
      fs.renameSync(half, path);
      return true;
    } catch (reason) {
      fs.rmSync(half, { recursive: true, force: true });
      const { code } = reason as NodeJS.ErrnoException;
      if (code === "ENOTEMPTY" || code === "EEXIST") return false;
      throw reason;
    }
  }

  discard(half: string): void {
    fs.rmSync(half, { recursive: true, force: true });
  }

  /** `knownId` is what the cluster called the job: a claim may say the same less exactly. */
  status(token: AttemptToken, knownId: string | null): JobStatus {
    const path = this.pathOf(token);
    const claimFile = readSmall(join(path, "claim"));
    const statusFile = claimFile === null ? null : readSmall(join(path, "status"));
    const parsed = parseSupervisorStatus({
      claim: claimFile?.text ?? null,
      claimMtimeMs: claimFile?.mtimeMs ?? null,
      status: statusFile?.text ?? null,
      statusMtimeMs: statusFile?.mtimeMs ?? null,
    });
    const atMs = Math.round(claimFile?.mtimeMs ?? 0);
    const raw = claimFile?.text.trimEnd() ?? "";
    const claim: Claim | null =
      parsed.claim === null
        ? null
        : { nativeId: sameJob(knownId, parsed.claim.nativeId), raw, atMs };
    return {
      token,
      directoryExists: claimFile !== null || fs.existsSync(path),
      claim,
      startedAtMs: claim?.atMs ?? null,
      statusBytes: statusFile?.sizeBytes ?? 0,
      exit: claim === null ? null : exitOf(parsed.exit, Math.round(statusFile?.mtimeMs ?? 0)),
    };
  }

  /** The claim in force afterwards: ours, or that of whoever was first. */
  takeClaim(token: AttemptToken, nowMs: number): Claim {
    const path = join(this.pathOf(token), "claim");
    const line = `claim v1 ${FENCE_NATIVE_ID} ${hostname()} ${process.pid} - - 0\n`;
    const beside = `${path}.${process.pid}.${this.#made++}`;
    fs.writeFileSync(beside, line, { mode: 0o600 });
    try {
      fs.linkSync(beside, path);
      return { nativeId: FENCE_NATIVE_ID, raw: line.trimEnd(), atMs: nowMs };
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code !== "EEXIST") throw reason;
    } finally {
      fs.rmSync(beside, { force: true });
    }
    const { claim } = this.status(token, null);
    if (claim !== null) return claim;
    const ageMs = nowMs - fs.statSync(path).mtimeMs;
    if (ageMs < CLAIM_SETTLED_MS)
      throw new Failure("UNAVAILABLE", "the claim is just being written");
    // Whoever made it could not write its line and ran nothing; whoever comes later finds it taken.
    return { nativeId: FENCE_NATIVE_ID, raw: "an empty claim", atMs: nowMs };
  }

  /** Brings job_info.json up to date, atomically for readers. */
  note(note: JobNote): void {
    const path = join(this.pathOf(note.token), NOTE);
    const beside = `${path}.${process.pid}.${this.#made++}`;
    fs.writeFileSync(beside, JSON.stringify(note), { mode: 0o600 });
    fs.renameSync(beside, path);
  }

  /** Puts the directory where ended attempts are kept; nothing to do when it is there already. */
  retire(token: AttemptToken): void {
    renameIfThere(this.pathOf(token), join(this.#options.root, "ended", token));
  }

  /** Every published directory whose note can be read; `unreadable` names the others. */
  scan(knownIdOf: (token: AttemptToken) => string | null): {
    found: FoundDirectory[];
    unreadable: string[];
  } {
    const found: FoundDirectory[] = [];
    const unreadable: string[] = [];
    for (const name of fs.readdirSync(join(this.#options.root, "jobs"))) {
      const directory = this.#readFound(name, knownIdOf);
      if (directory === null) unreadable.push(name);
      else found.push(directory);
    }
    return { found, unreadable };
  }

  #readFound(
    name: string,
    knownIdOf: (token: AttemptToken) => string | null,
  ): FoundDirectory | null {
    try {
      const token = parseAttemptToken(name);
      const text = readPlain(join(this.pathOf(token), NOTE));
      const note = JSON.parse(text) as Partial<JobNote>;
      const spec = specOf(note.spec);
      if (spec.token !== token) return null;
      const nativeId = typeof note.nativeId === "string" ? note.nativeId : null;
      const intendedAtMs = typeof note.intendedAtMs === "number" ? note.intendedAtMs : 0;
      const status = this.status(token, knownIdOf(token) ?? nativeId);
      return { token, spec, intendedAtMs, nativeId, status };
    } catch {
      return null;
    }
  }
}

/**
 * A local claim may lack the start time (`BOOT:PID:-`) that the agent saw: it is the same process.
 */
function sameJob(knownId: string | null, claimed: string): string {
  if (knownId === null || !claimed.endsWith(":-")) return claimed;
  return knownId.startsWith(claimed.slice(0, -1)) ? knownId : claimed;
}

function exitOf(
  exit: {
    readonly code: number;
    readonly signal: number | null;
    readonly cpuMs: number | null;
  } | null,
  atMs: number,
): ExitLine | null {
  if (exit === null) return null;
  const { code, signal, cpuMs } = exit;
  return { code, signal, cpuMs, maxRssKb: null, atMs, raw: `exit ${code} ${signal ?? 0}` };
}

function readSmall(path: string): { text: string; sizeBytes: number; mtimeMs: number } | null {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  let file: number;
  try {
    file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK); // Waits for nobody.
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw reason;
  }
  try {
    const stat = fs.fstatSync(file);
    if (!stat.isFile()) throw new Failure("CORRUPT", `${path} is not a file`);
    const { size, mtimeMs } = stat;
    const buffer = Buffer.allocUnsafe(Math.min(size, STATUS_BYTES_MAX));
    // The last lines are the ones that matter, should a file ever grow beyond bounds.
    const read = fs.readSync(file, buffer, 0, buffer.length, Math.max(0, size - STATUS_BYTES_MAX));
    return { text: buffer.toString("utf8", 0, read), sizeBytes: size, mtimeMs };
  } finally {
    fs.closeSync(file);
  }
}

function readPlain(path: string): string {
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    return fs.readFileSync(file, "utf8");
  } finally {
    fs.closeSync(file);
  }
}

function writeFile(path: string, text: string, mode: number): void {
  fs.writeFileSync(path, text, { mode, flag: "wx" });
}

function writeInto(work: string, path: string, text: string, mode: number): void {
  if (path.includes("/")) fs.mkdirSync(join(work, dirname(path)), { recursive: true, mode: 0o700 });
  writeFile(join(work, path), text, mode);
}

function renameIfThere(from: string, to: string): boolean {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw reason;
  }
}
