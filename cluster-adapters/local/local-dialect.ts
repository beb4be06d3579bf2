// The machine itself as a cluster: no queue, no scheduler, only processes and what their
// supervisors wrote down. There is nothing to poll: the transport says when a process of ours
// ended, and after a restart the claim names it.
//
//   D1. A job ended when its supervisor wrote the exit line. Failing that, when its process is gone
//       and nothing of its process group is left: then the outcome is unknown, or node_fail if the
//       machine was started anew since. Files are read again after the process was found gone, so
//       that an exit line written in between counts.
//   D2. What cannot be found is not reported: absence is the caller's to judge.
//   D3. cancel() asks the supervisor with TERM, which passes it to the group once. Asked again
//       after `kill_grace_s`, it kills the group. The caller asks until the end is seen.
//
// Options: `kill_grace_s` (10), `pass_env` (comma-separated names that jobs inherit from the agent,
// besides the usual few), `proc` (where /proc is mounted).

import { Failure } from "#shared/base/errors.ts";
import type { DialectFactory, JobFiles, LiveJob, QueueAnswer, QueueEntry } from "../adapter.ts";
import type { Dialect, SubmitResult } from "../adapter.ts";
import { refuseUnknownOptions, secondsOption } from "../options.ts";
import { parseSupervisorStatus } from "../supervisor.ts";
import type { SupervisorStatus } from "../supervisor.ts";
import type { Transport } from "../transport.ts";
import { encodeNativeId, groupLives, machineOf, parseNativeId } from "./local-process.ts";
import { readText, runsFile, statOf } from "./local-process.ts";
import type { Machine, ProcessIdentity } from "./local-process.ts";

const KILL_GRACE_S = 10;
const KILL_TIMEOUT_MS = 10_000;
/** How many ends of our own children are remembered until somebody asks. */
const EXITS_MAX = 4096;
/** What a job gets of the agent's environment; everything else may be a secret. */
const INHERITED = /^(HOME|USER|LOGNAME|SHELL|PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR)$/;

interface ChildExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export const localDialect: DialectFactory = (transport, options) => {
  refuseUnknownOptions(options, ["kill_grace_s", "pass_env", "proc"]);
  const proc = options["proc"] ?? "/proc";
  const killGraceMs = secondsOption(options, "kill_grace_s", KILL_GRACE_S) * 1000;
  const env = inheritedEnv(options["pass_env"]);
  const exits = new Map<string, ChildExit>();
  const askedAtMs = new Map<string, number>();
  let known: Machine | null = null;

  const machine = async (): Promise<Machine> => (known ??= await machineOf(transport, proc));

  const submit = async (files: JobFiles, onExit: () => void): Promise<SubmitResult> => {
    const here = await machine();
    const argv = ["/bin/sh", jobScriptOf(files)];
    if (here.hasProc) argv.push(here.bootId, here.host);
    let nativeId: string | null = null;
    let early: ChildExit | null = null;
    const onChildExit = (exitCode: number | null, signal: string | null): void => {
      early = { exitCode, signal };
      if (nativeId !== null) remember(nativeId, early);
      onExit();
    };
    const remember = (id: string, exit: ChildExit): void => {
      if (exits.size >= EXITS_MAX) exits.delete(exits.keys().next().value ?? id);
      exits.set(id, exit);
    };
    let pid: number;
    try {
      pid = await transport.spawnDetached(argv, { cwd: files.directory, env, onExit: onChildExit });
    } catch (reason) {
      const failure = Failure.from(reason);
      if (failure.code === "UNKNOWN_OUTCOME") {
        return { kind: "ambiguous", reason: failure.message };
      }
      // fork or exec failed before anything ran: nothing was taken.
      const kind = failure.retry === "later" ? "later" : "refused";
      return { kind, reason: `cannot start a process: ${failure.message}` };
    }
    const stat = await statOf(transport, here, proc, pid);
    const startTicks = stat?.startTicks ?? "-";
    nativeId = encodeNativeId({ boot8: here.bootId.slice(0, 8), pid, startTicks });
    if (early !== null) remember(nativeId, early);
    return { kind: "submitted", nativeId, raw: `pid ${pid}` };
  };

  /** `process` is what the caller knows, if anything; the claim knows the rest. */
  const entryOf = async (
    files: JobFiles,
    bound: ProcessIdentity | null,
  ): Promise<QueueEntry | null> => {
    const here = await machine();
    const status = await statusOf(transport, files);
    const claim = status.claim;
    const process =
      bound ??
      (claim === null
        ? null
        : {
            boot8: (claim.bootId ?? here.bootId).slice(0, 8),
            pid: claim.pid,
            startTicks: claim.startTicks ?? "-",
          });
    if (process === null) return null; // Never started, as far as anyone can tell.
    const rebooted = process.boot8 !== here.bootId.slice(0, 8);
    let nativeId = encodeNativeId(process);
    if (status.exit !== null) return endedEntry(files, nativeId, status);
    const life = rebooted ? "gone" : await lifeOf(transport, here, proc, process, files);
    if (life === "alive" && process.startTicks === "-") {
      const startTicks = (await statOf(transport, here, proc, process.pid))?.startTicks ?? "-";
      nativeId = encodeNativeId({ ...process, startTicks });
    }
    if (life !== "gone") {
      const reason = life === "orphaned" ? "its supervisor is gone, its program goes on" : null;
      return liveEntry(files, nativeId, status, reason);
    }
    const after = await statusOf(transport, files);
    if (after.exit !== null) return endedEntry(files, nativeId, after);
    return lostEntry(files, nativeId, after, rebooted, exits.get(nativeId));
  };

  const entriesOf = async (
    jobs: readonly JobFiles[],
    boundOf: (job: JobFiles) => string | null,
  ): Promise<QueueAnswer> => {
    const present: QueueEntry[] = [];
    for (const job of jobs) {
      const bound = boundOf(job);
      const entry = await entryOf(job, bound === null ? null : parseNativeId(bound));
      if (entry !== null) present.push(bound === null ? entry : { ...entry, nativeId: bound });
    }
    return { kind: "answer", present };
  };

  const cancel = async (jobs: readonly LiveJob[]): ReturnType<Dialect["cancel"]> => {
    const here = await machine();
    const gentle: string[] = [];
    const harsh: string[] = [];
    const nowMs = performance.now();
    for (const job of jobs) {
      const process = parseNativeId(job.nativeId);
      if (process === null || process.boot8 !== here.bootId.slice(0, 8)) continue;
      const life = await lifeOf(transport, here, proc, process, job);
      if (life === "gone") {
        askedAtMs.delete(job.nativeId);
        continue;
      }
      const asked = askedAtMs.get(job.nativeId);
      if (asked === undefined) {
        askedAtMs.set(job.nativeId, nowMs);
        gentle.push(life === "orphaned" ? `-${process.pid}` : `${process.pid}`);
      } else if (nowMs - asked >= killGraceMs) {
        harsh.push(`-${process.pid}`);
      }
    }
    for (const [signal, targets] of [
      ["TERM", gentle],
      ["KILL", harsh],
    ] as const) {
      if (targets.length === 0) continue;
      // kill(1) is a built-in of every sh and not installed everywhere. That one of them ended in
      // the meantime is no failure.
      const argv = ["/bin/sh", "-c", 'kill -s "$0" -- "$@"', signal, ...targets];
      const answer = await transport.run(argv, { timeoutMs: KILL_TIMEOUT_MS });
      if (answer.timedOut) return { kind: "no-answer", reason: "kill did not return" };
    }
    return { kind: "asked" };
  };

  return {
    name: "local",
    pollsQueue: false,
    heartbeatS: 0,
    async probe() {
      const here = await machine();
      return {
        dialect: "local",
        version: "1",
        messageTimeoutMs: 0,
        accounting: false,
        details: { host: here.host, bootId: here.bootId, proc: here.hasProc ? "yes" : "no" },
      };
    },
    directives: () => [],
    unsupported: (resources) => {
      const sentences: string[] = [];
      if ((resources.nodes ?? 1) > 1) sentences.push("a local cluster has one node");
      return sentences;
    },
    submit: (_spec, files, onExit) => submit(files, onExit),
    find: (jobs) => entriesOf(jobs, () => null),
    poll: (live) => entriesOf(live, nativeIdOf),
    history: (live) => entriesOf(live, nativeIdOf),
    cancel,
  };
};

function nativeIdOf(job: JobFiles): string | null {
  return "nativeId" in job ? (job as LiveJob).nativeId : null;
}

function jobScriptOf(files: JobFiles): string {
  return `${files.directory}/job.sh`;
}

async function statusOf(transport: Transport, files: JobFiles): Promise<SupervisorStatus> {
  const [claimPath, statusPath] = [`${files.directory}/claim`, `${files.directory}/status`];
  return parseSupervisorStatus({
    claim: await readText(transport, claimPath),
    claimMtimeMs: (await transport.stat(claimPath))?.mtimeMs ?? null,
    status: await readText(transport, statusPath),
    statusMtimeMs: (await transport.stat(statusPath))?.mtimeMs ?? null,
  });
}

/** `orphaned`: the supervisor is gone but something of its process group lives on. */
async function lifeOf(
  transport: Transport,
  here: Machine,
  proc: string,
  process: ProcessIdentity,
  files: JobFiles,
): Promise<"alive" | "orphaned" | "gone"> {
  const stat = await statOf(transport, here, proc, process.pid);
  if (stat !== null && !stat.zombie) {
    const same =
      process.startTicks === "-"
        ? await runsFile(transport, here, proc, process.pid, jobScriptOf(files))
        : stat.startTicks === process.startTicks;
    // A pid that was given anew had no group left: a group in use keeps its number from that.
    return same ? "alive" : "gone";
  }
  return (await groupLives(transport, here, proc, process.pid)) ? "orphaned" : "gone";
}

const NOTHING_YET = {
  cause: null,
  exitCode: null,
  signal: null,
  reason: null,
  submittedAtMs: null,
  startedAtMs: null,
  endedAtMs: null,
} as const;

function liveEntry(
  files: JobFiles,
  nativeId: string,
  status: SupervisorStatus,
  reason: string | null,
): QueueEntry {
  const phase = status.claimed ? "running" : "queued";
  const { startedAtMs } = status;
  const raw = status.lastLine ?? "started, not yet claimed";
  return { ...NOTHING_YET, nativeId, queueName: files.queueName, phase, raw, reason, startedAtMs };
}

function endedEntry(files: JobFiles, nativeId: string, status: SupervisorStatus): QueueEntry {
  const exit = status.exit;
  return {
    ...NOTHING_YET,
    nativeId,
    queueName: files.queueName,
    phase: "ended",
    cause: exit?.code === 0 ? "ok" : "failed",
    exitCode: exit?.code ?? null,
    signal: exit?.signal ?? null,
    raw: exit === null ? "" : `exit ${exit.code} ${exit.signal ?? 0}`,
    startedAtMs: status.startedAtMs,
    endedAtMs: status.endedAtMs,
  };
}

/** Gone without an exit line. If it was our own child its end is still known. */
function lostEntry(
  files: JobFiles,
  nativeId: string,
  status: SupervisorStatus,
  rebooted: boolean,
  exit: ChildExit | undefined,
): QueueEntry {
  const how =
    exit === undefined
      ? ""
      : exit.signal === null
        ? `: its supervisor exited with ${exit.exitCode}`
        : `: its supervisor was killed by ${exit.signal}`;
  return {
    ...NOTHING_YET,
    nativeId,
    queueName: files.queueName,
    phase: "ended",
    cause: rebooted ? "node_fail" : "unknown_outcome",
    exitCode: exit?.exitCode ?? null,
    signal: SIGNAL_NUMBERS[exit?.signal ?? ""] ?? null,
    raw: rebooted ? "the machine was started anew" : `the process is gone${how}`,
    reason: status.lastLine,
    startedAtMs: status.startedAtMs,
  };
}

/** The same on every system we run on; node:os has the rest and is not needed for it. */
const SIGNAL_NUMBERS: { readonly [name: string]: number } = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

function inheritedEnv(passed: string | undefined): { readonly [name: string]: string } {
  const also = new Set((passed ?? "").split(",").map((name) => name.trim()));
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && (INHERITED.test(name) || also.has(name))) env[name] = value;
  }
  env["PATH"] ??= "/usr/local/bin:/usr/bin:/bin";
  return env;
}
