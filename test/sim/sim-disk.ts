// The cluster's shared file system: one directory per attempt, with the claim, the status lines and
// the exit line that the supervisor writes there. It survives every crash.

import type { AttemptToken } from "#shared/base/ids.ts";
import type { AttemptSpec } from "#shared/base/job.ts";
import type { Claim, ExitLine, JobStatus } from "../../services/agent/core/observations.ts";
import type { FoundDirectory } from "../../services/agent/core/restore.ts";
import { FENCE_NATIVE_ID } from "../../services/agent/core/observations.ts";
import type { Stage } from "./stage.ts";

interface JobDirectory {
  readonly token: AttemptToken;
  readonly spec: AttemptSpec;
  readonly intendedAtMs: number;
  /** In job_info.json, once the agent has noted it. */
  nativeId: string | null;
  claim: Claim | null;
  /** When the supervisor last could beat; null while it can. */
  silentAtMs: number | null;
  exit: ExitLine | null;
}

const START_BYTES = 40;
const BEAT_BYTES = 12;
const EXIT_BYTES = 24;

export class SimDisk {
  readonly #stage: Stage;
  readonly #heartbeatMs: number;
  readonly #jobs = new Map<AttemptToken, JobDirectory>();
  readonly #retired = new Map<AttemptToken, JobDirectory>();

  constructor(stage: Stage, heartbeatS: number) {
    this.#stage = stage;
    this.#heartbeatMs = heartbeatS * 1000;
  }

  /** One fenced rename; whether somebody had published it before. */
  publish(token: AttemptToken, spec: AttemptSpec): boolean {
    move(token, this.#retired, this.#jobs);
    if (this.#jobs.has(token)) return true;
    const intendedAtMs = this.#stage.clock.nowMs();
    this.#jobs.set(token, {
      token,
      spec,
      intendedAtMs,
      nativeId: null,
      claim: null,
      silentAtMs: null,
      exit: null,
    });
    return false;
  }

  retire(token: AttemptToken): void {
    move(token, this.#jobs, this.#retired);
  }

  note(token: AttemptToken, nativeId: string | null): void {
    const directory = this.#jobs.get(token);
    if (directory !== undefined && nativeId !== null) directory.nativeId = nativeId;
  }

  specOf(token: AttemptToken): AttemptSpec | null {
    return this.#jobs.get(token)?.spec ?? null;
  }

  /** O_EXCL: the claim that stands afterwards, or null where there is no directory. */
  claim(token: AttemptToken, nativeId: string): Claim | null {
    const directory = this.#jobs.get(token);
    if (directory === undefined) return null;
    const free = directory.claim === null;
    const broken = this.#stage.mutant === "no-claim" && nativeId !== FENCE_NATIVE_ID;
    if (!free && !broken) return directory.claim;
    const claim = {
      nativeId,
      raw: `claim v1 ${nativeId} node 1 boot 1 0`,
      atMs: this.#stage.clock.nowMs(),
    };
    directory.claim = claim;
    const { attempts } = this.#stage.checker;
    if (nativeId === FENCE_NATIVE_ID) attempts.fenced(token);
    else attempts.claimed(token, nativeId);
    return claim;
  }

  writeExit(token: AttemptToken, exitCode: number, signal: number | null): void {
    const directory = this.#jobs.get(token) ?? this.#retired.get(token);
    if (directory === undefined) return;
    const atMs = this.#stage.clock.nowMs();
    directory.silentAtMs = atMs;
    directory.exit = {
      code: exitCode,
      signal,
      cpuMs: 1,
      maxRssKb: null,
      atMs,
      raw: `exit ${exitCode} ${signal ?? 0} 1`,
    };
  }

  /** The node is gone: nothing more is written. */
  silence(token: AttemptToken): void {
    const directory = this.#jobs.get(token);
    if (directory !== undefined) directory.silentAtMs = this.#stage.clock.nowMs();
  }

  status(token: AttemptToken): JobStatus {
    const directory = this.#jobs.get(token);
    const claim = directory?.claim ?? null;
    const exit = directory?.exit ?? null;
    const ran = claim !== null && claim.nativeId !== FENCE_NATIVE_ID;
    const startedAtMs = ran ? claim.atMs : null;
    return {
      token,
      directoryExists: directory !== undefined,
      claim,
      startedAtMs,
      statusBytes:
        directory === undefined || startedAtMs === null ? 0 : this.#bytesOf(directory, startedAtMs),
      exit,
    };
  }

  /** What a scan of ROOT/jobs finds. */
  scan(): FoundDirectory[] {
    return [...this.#jobs.values()].map(({ token, spec, intendedAtMs, nativeId }) => ({
      token,
      spec,
      intendedAtMs,
      nativeId,
      status: this.status(token),
    }));
  }

  #bytesOf(directory: JobDirectory, startedAtMs: number): number {
    const untilMs = directory.silentAtMs ?? this.#stage.clock.nowMs();
    const beats =
      this.#heartbeatMs === 0 ? 0 : Math.floor((untilMs - startedAtMs) / this.#heartbeatMs);
    return START_BYTES + beats * BEAT_BYTES + (directory.exit === null ? 0 : EXIT_BYTES);
  }
}

function move(
  token: AttemptToken,
  from: Map<AttemptToken, JobDirectory>,
  to: Map<AttemptToken, JobDirectory>,
): void {
  const directory = from.get(token);
  if (directory === undefined || to.has(token)) return;
  from.delete(token);
  to.set(token, directory);
}
