// Slurm by its command line. Text, not JSON: it is the same from 20.11 to today and costs a tenth.
//
//   Z1. Commands are argv arrays with a scrubbed environment; the script goes in on standard input.
//   Z2. A query that did not answer cleanly (exit code, an error on stderr even with exit code 0,
//       time, size) is no answer, and no answer changes nothing.
//   Z3. A row is ours when its name is the attempt's or its working directory is the attempt's
//       directory (a site's plugin may rename jobs). The job id alone is nothing: a controller that
//       lost its last seconds gives the same id again.
//   Z4. The number of calls does not depend on the number of jobs: poll is one squeue, and one
//       sacct if a job is missing from a healthy answer; find and cancel are two.
//
// Options: `slurm_conf`, `path` (where the commands are), `partition`, `account` (defaults),
// `cores_per_node` (else asked of sinfo by probe), `submit_timeout_s` (180: sbatch itself goes on
// trying for 120 s), `query_timeout_s` (60), `heartbeat_s` (60), `signal_lead_s` (60).

import { Failure } from "#shared/base/errors.ts";
import type { ClusterFacts, DialectFactory, JobFiles, LiveJob } from "../adapter.ts";
import type { QueueAnswer, QueueEntry, SubmitResult } from "../adapter.ts";
import { refuseUnknownOptions, secondsOption } from "../options.ts";
import type { DialectOptions } from "../options.ts";
import type { CommandResult, Transport } from "../transport.ts";
import { slurmDirectives, slurmUnsupported } from "./slurm-directives.ts";
import type { SlurmDefaults } from "./slurm-directives.ts";
import { isUnreachable, reasonFrom, saysError, submitResultOf } from "./slurm-errors.ts";
import { parseSacct, parseScontrolConfig, parseScontrolJob, parseSeconds } from "./slurm-parse.ts";
import { parseSinfoCpus, parseSqueue, SACCT_FIELDS, SEPARATOR } from "./slurm-parse.ts";
import { SQUEUE_FORMAT } from "./slurm-parse.ts";
import type { SlurmRow } from "./slurm-parse.ts";
import { slurmPhaseOf } from "./slurm-states.ts";

const OPTIONS = [
  "slurm_conf",
  "path",
  "partition",
  "account",
  "cores_per_node",
  "submit_timeout_s",
  "query_timeout_s",
  "heartbeat_s",
  "signal_lead_s",
];
const SUBMIT_TIMEOUT_S = 180;
const QUERY_TIMEOUT_S = 60;
const HEARTBEAT_S = 60;
const SIGNAL_LEAD_S = 60;
const MESSAGE_TIMEOUT_S = 10;
const SCRIPT_BYTES_MAX = 4 * 1024 * 1024; // sbatch's own max_script_size.
/** 100,000 jobs of one user at 300 bytes. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/** scontrol answers for one job a call: without accounting only so many are asked after. */
const SCONTROL_JOBS_MAX = 8;
/** How far back accounting is asked for a job's name. */
const ACCOUNTING_SINCE = "now-30days";

type Said = { readonly kind: "text"; readonly text: string } | NoAnswer;
type NoAnswer = { readonly kind: "no-answer"; readonly reason: string };

export const slurmDialect: DialectFactory = (transport, options) => {
  refuseUnknownOptions(options, OPTIONS);
  const submitTimeoutMs = secondsOption(options, "submit_timeout_s", SUBMIT_TIMEOUT_S, 0.1) * 1000;
  const queryTimeoutMs = secondsOption(options, "query_timeout_s", QUERY_TIMEOUT_S, 0.1) * 1000;
  const coresAsked = secondsOption(options, "cores_per_node", 0);
  const env = commandEnv(options);
  const queryEnv = { ...env, SLURM_TIME_FORMAT: "%s", SLURM_BITSTR_LEN: "0" };
  let facts: ClusterFacts | null = null;
  let cpusOf: ReadonlyMap<string, number> = new Map();
  const defaults: SlurmDefaults = {
    partition: options["partition"] ?? null,
    account: options["account"] ?? null,
    signalLeadS: secondsOption(options, "signal_lead_s", SIGNAL_LEAD_S),
    coresPerNodeOf: (partition) =>
      coresAsked > 0 ? coresAsked : (cpusOf.get(partition ?? "") ?? null),
  };

  const ask = (argv: readonly string[]): Promise<Said> =>
    query(transport, argv, queryEnv, queryTimeoutMs);

  const probe = async (): Promise<ClusterFacts> => {
    const [version, config, cpus] = [
      await ask(["sbatch", "--version"]),
      await ask(["scontrol", "show", "config"]),
      await ask(["sinfo", "-h", "-o", `%P${SEPARATOR}%c`]),
    ];
    for (const said of [version, config, cpus]) {
      if (said.kind === "no-answer") throw new Failure("UNAVAILABLE", said.reason);
    }
    cpusOf = parseSinfoCpus(textOf(cpus));
    facts = factsFrom(textOf(version), parseScontrolConfig(textOf(config)));
    return facts;
  };

  /** Whether sacct is worth asking. Before the first successful probe it is not known. */
  const accounting = async (): Promise<boolean | NoAnswer> => {
    if (facts !== null) return facts.accounting;
    try {
      return (await probe()).accounting;
    } catch (reason) {
      return { kind: "no-answer", reason: Failure.from(reason).message };
    }
  };

  const submit = async (files: JobFiles): Promise<SubmitResult> => {
    const script = await transport.readFile(`${files.directory}/job.sh`, SCRIPT_BYTES_MAX + 1);
    if (script.length > SCRIPT_BYTES_MAX) {
      return { kind: "refused", reason: "the job's script is larger than Slurm takes (4 MiB)" };
    }
    const argv = ["sbatch", "--parsable", `--job-name=${jobNameOf(files)}`];
    argv.push(`--chdir=${files.directory}`);
    let answer: CommandResult;
    try {
      const stdin = Buffer.from(script).toString("utf8");
      answer = await transport.run(argv, { stdin, env, timeoutMs: submitTimeoutMs });
    } catch (reason) {
      // The command could not be started at all: nothing was sent.
      return { kind: "later", reason: `cannot run sbatch: ${Failure.from(reason).message}` };
    }
    return submitResultOf(answer);
  };

  /** Every job of this user that the controller remembers, in one call. */
  const queue = async (): Promise<readonly SlurmRow[] | NoAnswer> => {
    const said = await ask(["squeue", "--me", "-h", "-r", "-t", "all", "-o", SQUEUE_FORMAT]);
    return said.kind === "no-answer" ? said : parseSqueue(said.text);
  };

  const accountingRows = async (filter: string): Promise<readonly SlurmRow[] | NoAnswer> => {
    const argv = ["sacct", "-X", "-D", "-n", "-P", `--delimiter=${SEPARATOR}`, "-S"];
    const said = await ask([...argv, ACCOUNTING_SINCE, "-o", SACCT_FIELDS, filter]);
    return said.kind === "no-answer" ? said : parseSacct(said.text);
  };

  const find = async (jobs: readonly JobFiles[]): Promise<QueueAnswer> => {
    if (jobs.length === 0) return { kind: "answer", present: [] };
    const rows = await queue();
    if ("kind" in rows) return rows;
    const present = entriesFrom(rows, jobs);
    const missing = missingFrom(present, jobs);
    if (missing.length === 0) return { kind: "answer", present };
    // To be absent a job must be absent from both, so that silence of either is no answer.
    const kept = await accounting();
    if (typeof kept === "object") return kept;
    if (!kept) return { kind: "answer", present };
    const older = await accountingRows(`--name=${missing.map(jobNameOf).join(",")}`);
    if ("kind" in older) return older;
    return { kind: "answer", present: [...present, ...entriesFrom(older, missing)] };
  };

  const poll = async (live: readonly LiveJob[]): Promise<QueueAnswer> => {
    if (live.length === 0) return { kind: "answer", present: [] };
    const rows = await queue();
    if ("kind" in rows) return rows;
    const present = entriesFrom(rows, live);
    const missing = missingFrom(present, live);
    if (missing.length === 0 || facts?.accounting !== true) return { kind: "answer", present };
    const older = await accountingRows(`--jobs=${missing.map((job) => job.nativeId).join(",")}`);
    if ("kind" in older) return { kind: "answer", present }; // The queue's own answer stands.
    return { kind: "answer", present: [...present, ...entriesFrom(older, missing)] };
  };

  const history = async (live: readonly LiveJob[]): Promise<QueueAnswer> => {
    if (live.length === 0) return { kind: "answer", present: [] };
    const kept = await accounting();
    if (typeof kept === "object") return kept;
    if (kept) {
      const rows = await accountingRows(`--jobs=${live.map((job) => job.nativeId).join(",")}`);
      return "kind" in rows ? rows : { kind: "answer", present: entriesFrom(rows, live) };
    }
    const rows: SlurmRow[] = [];
    for (const job of live.slice(0, SCONTROL_JOBS_MAX)) {
      const said = await ask(["scontrol", "show", "job", "-o", job.nativeId]);
      if (said.kind === "no-answer") {
        if (/Invalid job id/i.test(said.reason)) continue;
        return said;
      }
      const row = parseScontrolJob(said.text);
      if (row !== null) rows.push(row);
    }
    return { kind: "answer", present: entriesFrom(rows, live) };
  };

  return {
    name: "slurm",
    pollsQueue: true,
    heartbeatS: secondsOption(options, "heartbeat_s", HEARTBEAT_S),
    probe,
    directives: (spec) => slurmDirectives(spec.resources, defaults),
    unsupported: (resources) => slurmUnsupported(resources, defaults),
    submit: (_spec, files) => submit(files),
    find,
    poll,
    history,
    async cancel(jobs) {
      if (jobs.length === 0) return { kind: "asked" };
      // scancel knows only ids: the queue is asked first whose they are now (Z3).
      const rows = await queue();
      if ("kind" in rows) return rows;
      const ids = entriesFrom(rows, jobs)
        .filter((entry) => entry.phase !== "ended")
        .map((entry) => entry.nativeId);
      if (ids.length === 0) return { kind: "asked" };
      const answer = await runOrNull(transport, ["scancel", ...ids], env, queryTimeoutMs);
      // Other complaints are about jobs that ended in the meantime.
      if (answer !== null && !answer.timedOut && !isUnreachable(answer.stderr)) {
        return { kind: "asked" };
      }
      return { kind: "no-answer", reason: `scancel: ${reasonFrom(answer?.stderr ?? "")}` };
    },
  };
};

/** Slurm's own options may not come in from the agent's environment: they override the script's. */
function commandEnv(options: DialectOptions): { readonly [name: string]: string } {
  const env: { [name: string]: string } = { LC_ALL: "C", TZ: "UTC" };
  for (const name of ["HOME", "USER", "LOGNAME", "SHELL"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const path = process.env["PATH"] ?? "/usr/bin:/bin";
  env["PATH"] = options["path"] === undefined ? path : `${options["path"]}:${path}`;
  const conf = options["slurm_conf"] ?? process.env["SLURM_CONF"];
  if (conf !== undefined) env["SLURM_CONF"] = conf;
  return env;
}

async function runOrNull(
  transport: Transport,
  argv: readonly string[],
  env: { readonly [name: string]: string },
  timeoutMs: number,
): Promise<CommandResult | null> {
  try {
    return await transport.run(argv, { env, timeoutMs, outputBytesMax: ANSWER_BYTES_MAX });
  } catch {
    return null;
  }
}

async function query(
  transport: Transport,
  argv: readonly string[],
  env: { readonly [name: string]: string },
  timeoutMs: number,
): Promise<Said> {
  const answer = await runOrNull(transport, argv, env, timeoutMs);
  const name = argv[0] ?? "";
  const no = (why: string): NoAnswer => ({ kind: "no-answer", reason: `${name}: ${why}` });
  if (answer === null) return no("cannot be run");
  if (answer.timedOut) return no(`no answer within ${timeoutMs / 1000} s`);
  if (answer.truncated) return no(`answered with more than ${ANSWER_BYTES_MAX} bytes`);
  if (answer.exitCode !== 0 || saysError(answer.stderr)) {
    return no(reasonFrom(answer.stderr) || `ended with ${answer.exitCode ?? answer.signal}`);
  }
  return { kind: "text", text: answer.stdout };
}

function textOf(said: Said): string {
  return said.kind === "text" ? said.text : "";
}

function factsFrom(version: string, config: ReadonlyMap<string, string>): ClusterFacts {
  const storage = config.get("AccountingStorageType") ?? "(null)";
  const messageTimeoutS = parseSeconds(config.get("MessageTimeout")) ?? MESSAGE_TIMEOUT_S;
  const details: { [name: string]: string } = {};
  for (const name of [
    "ClusterName",
    "MinJobAge",
    "KillWait",
    "MaxArraySize",
    "MaxJobCount",
    "JobRequeue",
    "MessageTimeout",
    "AccountingStorageType",
    "SchedulerParameters",
    "SlurmctldParameters",
  ]) {
    const value = config.get(name);
    if (value !== undefined) details[name] = value;
  }
  return {
    dialect: "slurm",
    version: config.get("SLURM_VERSION") ?? /[\d.]{3,}\S*/.exec(version)?.[0] ?? "unknown",
    messageTimeoutMs: 2 * messageTimeoutS * 1000,
    accounting: !/none$|^\(null\)$/.test(storage),
    details,
  };
}

/** What the job is called in the queue: sacct splits names at commas, squeue lines at newlines. */
function jobNameOf(files: JobFiles): string {
  return files.queueName.replaceAll(/[^A-Za-z0-9_.-]/g, "_").replace(/^-/, "_");
}

function entriesFrom(rows: readonly SlurmRow[], jobs: readonly JobFiles[]): QueueEntry[] {
  const byName = new Map(jobs.map((job) => [jobNameOf(job), job]));
  const byDirectory = new Map(jobs.map((job) => [job.directory, job]));
  const entries: QueueEntry[] = [];
  for (const row of rows) {
    const job = byName.get(row.name) ?? byDirectory.get(row.workDir);
    if (job !== undefined) entries.push(entryFrom(row, job));
  }
  return entries;
}

function missingFrom<J extends JobFiles>(entries: readonly QueueEntry[], jobs: readonly J[]): J[] {
  const found = new Set(entries.map((entry) => entry.queueName));
  return jobs.filter((job) => !found.has(job.queueName));
}

function entryFrom(row: SlurmRow, job: JobFiles): QueueEntry {
  const { phase, cause } = slurmPhaseOf(row.state, row.reason);
  const isEnded = phase === "ended";
  // A word nobody knows leaves the job where its times put it; it never ends one.
  const shown = phase === "unknown" ? (row.startAtMs === null ? "queued" : "running") : phase;
  const began = shown === "running" || shown === "paused" || isEnded;
  const startedAtMs = began ? row.startAtMs : null;
  return {
    nativeId: row.nativeId,
    queueName: job.queueName,
    phase: shown,
    cause,
    exitCode: isEnded ? (row.exitCode ?? (cause === "ok" ? 0 : null)) : null,
    signal: isEnded ? row.signal : null,
    raw: row.state,
    reason: row.reason,
    submittedAtMs: row.submittedAtMs,
    startedAtMs,
    endedAtMs: isEnded ? row.endAtMs : null,
  };
}
