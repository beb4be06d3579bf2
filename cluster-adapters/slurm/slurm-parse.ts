// Slurm's answers as text. Nothing here throws: a line that makes no sense is left out, and its job
// is then one that the answer does not speak of.

/** Stands between fields: names may hold `|` and `,`, nothing sane holds this. */
export const SEPARATOR = "\x1f";

/** %i first so that a line of another kind is told at once; the name last, it may hold anything. */
export const SQUEUE_FORMAT = ["%i", "%T", "%r", "%V", "%S", "%e", "%Z", "%j"].join(SEPARATOR);
export const SACCT_FIELDS = "JobIDRaw,State,ExitCode,Reason,Submit,Start,End,WorkDir,JobName";

/** One job as squeue, sacct or scontrol tells it. */
export interface SlurmRow {
  readonly nativeId: string;
  readonly name: string;
  readonly workDir: string;
  /** The scheduler's word as it stands. */
  readonly state: string;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly submittedAtMs: number | null;
  /** May be an estimate while the job is pending. */
  readonly startAtMs: number | null;
  readonly endAtMs: number | null;
}

/** `17` or `17;cluster` on a line of its own; a job_submit plugin may print more around it. */
export function parseSbatch(stdout: string): string | null {
  for (const line of stdout.split("\n")) {
    const match = /^(\d+)(?:;\S+)?\s*$/.exec(line);
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}

export function parseSqueue(stdout: string): readonly SlurmRow[] {
  const rows: SlurmRow[] = [];
  for (const line of stdout.split("\n")) {
    const [id = "", state, reason, submit, start, end, workDir, ...name] = line.split(SEPARATOR);
    if (name.length === 0 || state === undefined || !/^\d/.test(id)) continue;
    rows.push({
      nativeId: id,
      name: name.join(SEPARATOR),
      workDir: workDir ?? "",
      state,
      reason: reasonOf(reason),
      exitCode: null,
      signal: null,
      submittedAtMs: epochMs(submit),
      startAtMs: epochMs(start),
      endAtMs: epochMs(end),
    });
  }
  return rows;
}

/** With `-D` a requeued job has several records: the last one submitted is the one that counts. */
export function parseSacct(stdout: string): readonly SlurmRow[] {
  const rows = new Map<string, SlurmRow>();
  for (const line of stdout.split("\n")) {
    const [id = "", state, exit, reason, submit, start, end, workDir, ...name] =
      line.split(SEPARATOR);
    if (name.length === 0 || state === undefined || !/^\d+$/.test(id)) continue;
    const row: SlurmRow = {
      nativeId: id,
      name: name.join(SEPARATOR),
      workDir: workDir ?? "",
      state,
      reason: reasonOf(reason),
      ...exitOf(exit),
      submittedAtMs: epochMs(submit),
      startAtMs: epochMs(start),
      endAtMs: epochMs(end),
    };
    // Job ids are used again after a lost controller: the name belongs to the identity.
    const key = `${id} ${row.name}`;
    const before = rows.get(key);
    if (before === undefined || (before.submittedAtMs ?? 0) <= (row.submittedAtMs ?? 0)) {
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

/** `scontrol show job -o ID`: one line of key=value, where a value may hold spaces. */
export function parseScontrolJob(stdout: string): SlurmRow | null {
  const fields = new Map<string, string>();
  for (const match of stdout.matchAll(/(?:^|\s)([A-Z][\w/:]*)=(.*?)(?=\s[A-Z][\w/:]*=|\s*$)/gm)) {
    if (!fields.has(match[1] ?? "")) fields.set(match[1] ?? "", match[2] ?? "");
  }
  const id = fields.get("JobId");
  const state = fields.get("JobState");
  if (id === undefined || state === undefined || !/^\d+$/.test(id)) return null;
  return {
    nativeId: id,
    name: fields.get("JobName") ?? fields.get("Name") ?? "",
    workDir: fields.get("WorkDir") ?? "",
    state,
    reason: reasonOf(fields.get("Reason")),
    ...exitOf(fields.get("ExitCode")),
    submittedAtMs: epochMs(fields.get("SubmitTime")),
    startAtMs: epochMs(fields.get("StartTime")),
    endAtMs: epochMs(fields.get("EndTime")),
  };
}

/** `scontrol show config`: `Name   = value` lines. */
export function parseScontrolConfig(stdout: string): ReadonlyMap<string, string> {
  const config = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const match = /^([A-Za-z][\w-]*)\s*= (.*)$/.exec(line);
    if (match !== null) config.set(match[1] ?? "", (match[2] ?? "").trim());
  }
  return config;
}

/** `scontrol ping`: true when any controller is up. */
export function parseScontrolPing(stdout: string): boolean {
  return /^Slurmctld\(.*\) (?:at \S+ )?is UP\b/m.test(stdout);
}

/** `sinfo -h -o '%P<sep>%c'`: CPUs of the partition's largest node; the default one is also "". */
export function parseSinfoCpus(stdout: string): ReadonlyMap<string, number> {
  const cpus = new Map<string, number>();
  for (const line of stdout.split("\n")) {
    const [partition, count] = line.split(SEPARATOR);
    // `4+` stands for "4 or more": some node has at least that.
    const match = /^(\d+)\+?$/.exec(count?.trim() ?? "");
    if (partition === undefined || match === null) continue;
    const value = Number(match[1]);
    const names = partition.endsWith("*") ? [partition.slice(0, -1), ""] : [partition];
    for (const name of names) cpus.set(name, Math.max(cpus.get(name) ?? 0, value));
  }
  return cpus;
}

/** `10 sec` as in `MessageTimeout = 10 sec`. */
export function parseSeconds(text: string | undefined): number | null {
  const match = /^(\d+)(?: sec)?/.exec(text ?? "");
  return match === null ? null : Number(match[1]);
}

/** `CODE:SIGNAL`. A batch script's own 128 + n stands for a signal too. */
function exitOf(text: string | undefined): { exitCode: number | null; signal: number | null } {
  const match = /^(\d+):(\d+)$/.exec(text ?? "");
  if (match === null) return { exitCode: null, signal: null };
  const [exitCode, signal] = [Number(match[1]), Number(match[2])];
  // Out of memory reads `0:125`: 253 without its top bit, and no signal.
  if (signal !== 0) return { exitCode, signal: signal <= 64 ? signal : null };
  return { exitCode, signal: exitCode > 128 && exitCode <= 192 ? exitCode - 128 : null };
}

function reasonOf(text: string | undefined): string | null {
  return text === undefined || text === "" || text === "None" || text === "(null)" ? null : text;
}

/** Seconds since 1970 as SLURM_TIME_FORMAT=%s asks for; anything else is no time. */
function epochMs(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,11}$/.test(text) && text !== "0" ? Number(text) * 1000 : null;
}
