// Jobs of the local cluster that run right now, read from their directories: this works also when
// scheduler and agent are gone. A job counts as running while the process that claimed its
// directory lives and its status has no exit line. Which process that is the claim says by pid,
// boot and start time; the local dialect's claims leave the start time out (`-`), and then the
// process must have been started with this very directory's script (cluster-adapters/supervisor.ts,
// S6).

import { closeSync, constants, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { identityOf, type ProcessIdentity } from "./process-identity.ts";

export interface LocalJob extends ProcessIdentity {
  /** RUN-ORDINAL-ATTEMPT, the directory's name. */
  readonly token: string;
  /** As `signalbox get` calls it, where the job's own record says so. */
  readonly job: string | null;
  readonly directory: string;
}

/** `root` is the agent's; an unreadable or half-written directory is no running job. */
export function runningLocalJobs(root: string): readonly LocalJob[] {
  return namesIn(join(root, "jobs"))
    .map((token) => runningJob(join(root, "jobs", token), token))
    .filter((job) => job !== null);
}

function runningJob(directory: string, token: string): LocalJob | null {
  // `claim v1 NATIVE_ID HOST PID BOOT_ID START_TICKS RESTART_COUNT`, one line (docs/protocols).
  const fields = textOf(join(directory, "claim")).split("\n", 1)[0]?.split(" ") ?? [];
  const [word, version, , , pidText, bootId, ticks] = fields;
  const pid = Number(pidText);
  if (word !== "claim" || version !== "v1" || !Number.isInteger(pid)) return null;
  if (/^exit /mu.test(textOf(join(directory, "status")))) return null;
  const identity = identityOf(pid);
  if (identity === null) return null;
  const [bootNow, ticksNow] = identity.startedAt.split(":");
  if (bootId !== "-" && bootId !== bootNow) return null;
  const same =
    ticks === "-" ? textOf(`/proc/${pid}/cmdline`).includes(`/${token}/`) : ticks === ticksNow;
  if (!same) return null;
  return { ...identity, token, job: jobIdIn(directory), directory };
}

function jobIdIn(directory: string): string | null {
  try {
    const text = readPlain(join(directory, "job_info.json"));
    const { spec } = JSON.parse(text) as { spec?: { run?: unknown; task?: unknown } };
    const known = typeof spec?.run === "string" && typeof spec.task === "string";
    return known ? `${String(spec.run)}/${String(spec.task)}` : null;
  } catch {
    return null;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readPlain(path);
  } catch {
    return "";
  }
}

/** What a job may have put there instead, a pipe or a link to a device, is neither awaited nor read. */
function readPlain(path: string): string {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const file = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
