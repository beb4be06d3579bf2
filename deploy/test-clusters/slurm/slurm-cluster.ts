// A private Slurm for tests: munged, slurmctld and some slurmd, as whoever runs this, without
// systemd, several side by side. Up in about a second.
//
//   1. It ends exactly what it started: its daemons by pid and start time, its jobs by the
//      configuration file in their environment.
//   2. Everything it writes is under `directory`; a directory made here is removed with it.
//   3. A cluster in a directory made here does not outlive the process that started it, if that
//      process exits at all (a killed one cannot clean up).

import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { existsSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { startAccounting } from "./accounting.ts";
import {
  endDaemons,
  freePorts,
  isAlive,
  pathWithSbin,
  runCommand,
  signalDaemon,
} from "./daemons.ts";
import { startDaemon, startTicksOf, until } from "./daemons.ts";
import type { Daemon, Env } from "./daemons.ts";
import { configPathOf, nodeNameOf, writeSlurmFiles } from "./slurm-config.ts";
import type { SlurmShape } from "./slurm-config.ts";

export interface SlurmOptions {
  /** Default 2. */
  readonly nodes?: number;
  /** slurmdbd and a private MariaDB, so that sacct answers. Default false. */
  readonly accounting?: boolean;
  /** Where everything goes; kept when the cluster is stopped. Default: a temporary one, removed. */
  readonly directory?: string;
  /** Default 4; nodes may pretend. */
  readonly cpusPerNode?: number;
  /** How long squeue remembers an ended job. Default 300. */
  readonly minJobAgeS?: number;
  /** How long clients wait for an answer. Default 10. */
  readonly messageTimeoutS?: number;
  /** Default 20. */
  readonly slurmdTimeoutS?: number;
  /** Between TERM and KILL. Default 2. */
  readonly killWaitS?: number;
}

/** One line of the controller's own completion file. */
export interface JobCompletion {
  readonly jobId: string;
  readonly name: string;
  readonly state: string;
  readonly fields: { readonly [key: string]: string };
}

export interface SlurmCluster {
  readonly directory: string;
  /** What a client needs: SLURM_CONF, and PATH. */
  readonly env: { readonly SLURM_CONF: string; readonly PATH: string };
  /** By daemon: munged, slurmctld, slurmd-a1, … */
  readonly pids: { readonly [name: string]: number };
  killController(): Promise<void>;
  stopController(): void;
  contController(): void;
  /** Starts slurmctld again on the saved state and waits until it answers. */
  restartController(): Promise<void>;
  jobCompletions(): JobCompletion[];
  stop(): Promise<void>;
}

const NEEDED = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo"];
const NEEDED_ACCOUNTING = ["slurmdbd", "sacct", "mariadbd", "mariadb-install-db", "mariadb"];
const UP_TIMEOUT_MS = 60_000;
/** A port may be taken between the look and the daemon's own bind. */
const STARTS_MAX = 3;

/** The programs that are missing here; empty when startSlurm can work. */
export function missingSlurmPrograms(accounting = false): string[] {
  const folders = pathWithSbin().split(delimiter);
  return [...NEEDED, ...(accounting ? NEEDED_ACCOUNTING : [])].filter(
    (name) => !folders.some((folder) => existsSync(join(folder, name))),
  );
}

/** Resolves when every node is idle. Throws with the end of the daemons' logs when it cannot. */
export async function startSlurm(options: SlurmOptions = {}): Promise<SlurmCluster> {
  const missing = missingSlurmPrograms(options.accounting);
  if (missing.length > 0) throw new Error(`a private Slurm needs ${missing.join(", ")}`);
  for (let start = 1; ; start++) {
    try {
      return await startOnce(options);
    } catch (reason) {
      if (start === STARTS_MAX) throw reason;
    }
  }
}

async function startOnce(options: SlurmOptions): Promise<SlurmCluster> {
  const temporary = options.directory === undefined;
  const directory = realpathSync(options.directory ?? mkdtempSync(join(tmpdir(), "slurm-")));
  chmodSync(directory, 0o755);
  const nodes = options.nodes ?? 2;
  const [controllerPort = 0, accountingPort = 0, ...nodePorts] = await freePorts(2 + nodes);
  const shape: SlurmShape = {
    directory,
    user: userInfo().username,
    host: hostname().split(".")[0] ?? "localhost",
    controllerPort,
    nodePorts,
    accountingPort: options.accounting === true ? accountingPort : null,
    cpusPerNode: options.cpusPerNode ?? 4,
    minJobAgeS: options.minJobAgeS ?? 300,
    messageTimeoutS: options.messageTimeoutS ?? 10,
    slurmdTimeoutS: options.slurmdTimeoutS ?? 20,
    killWaitS: options.killWaitS ?? 2,
  };
  writeSlurmFiles(shape);
  const daemons: Daemon[] = [];
  try {
    await startAll(shape, daemons);
  } catch (reason) {
    await endDaemons(daemons, 0);
    const logs = temporary ? logTails(directory) : "";
    if (temporary) rmSync(directory, { recursive: true, force: true });
    throw new Error(`the private Slurm did not come up\n${logs}`, { cause: reason });
  }
  return clusterOf(directory, daemons, temporary);
}

/** Takes over a cluster that another process started in `directory`. */
export function openSlurm(directory: string): SlurmCluster {
  const path = `${realpathSync(directory)}/daemons.json`;
  return clusterOf(
    realpathSync(directory),
    JSON.parse(readFileSync(path, "utf8")) as Daemon[],
    false,
  );
}

function envOf(directory: string): { SLURM_CONF: string; PATH: string } {
  return { SLURM_CONF: configPathOf(directory), PATH: pathWithSbin() };
}

async function startAll(shape: SlurmShape, daemons: Daemon[]): Promise<void> {
  const d = shape.directory;
  const env: Env = { ...envOf(d), HOME: userInfo().homedir, USER: shape.user, LOGNAME: shape.user };
  const munged = ["munged", "--foreground", `--key-file=${d}/munge/key`];
  munged.push(`--socket=${d}/munge/sock`, `--pid-file=${d}/munge/pid`);
  munged.push(`--log-file=${d}/munge/log`, `--seed-file=${d}/munge/seed`, "--force");
  daemons.push(startDaemon("munged", munged, env, `${d}/log/munged.out`));
  await until(() => existsSync(`${d}/munge/sock`), 10_000, "munged's socket");
  if (shape.accountingPort !== null) await startAccounting(shape, env, daemons);
  daemons.push(startController(d));
  shape.nodePorts.forEach((_, i) => {
    const node = nodeNameOf(i);
    const argv = ["slurmd", "-D", "-N", node, "-f", configPathOf(d)];
    daemons.push(startDaemon(`slurmd-${node}`, argv, env, `${d}/log/slurmd-${node}.out`));
  });
  const count = String(shape.nodePorts.length);
  await until(
    async () => {
      const died = daemons.find((daemon) => !isAlive(daemon));
      if (died !== undefined) throw new Error(`${died.name} ended by itself`);
      const ask = ["sinfo", "-h", "-p", "debug", "-t", "idle", "-o", "%D"];
      return (await runCommand(ask, env)).stdout.trim() === count;
    },
    UP_TIMEOUT_MS,
    "every node idle",
  );
  writeFileSync(`${d}/daemons.json`, JSON.stringify(daemons));
}

function startController(directory: string): Daemon {
  const env: Env = { ...envOf(directory), USER: userInfo().username };
  const argv = ["slurmctld", "-D", "-f", configPathOf(directory)];
  return startDaemon("slurmctld", argv, env, `${directory}/log/slurmctld.out`);
}

function clusterOf(
  directory: string,
  started: readonly Daemon[],
  temporary: boolean,
): SlurmCluster {
  let daemons = [...started];
  let stopped = false;
  const endAtOnce = (): void => {
    for (const daemon of daemons) signalDaemon(daemon, "SIGKILL");
    for (const job of jobProcesses(configPathOf(directory))) signalDaemon(job, "SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  };
  if (temporary) process.once("exit", endAtOnce);
  const controller = (): Daemon => {
    const found = daemons.find((daemon) => daemon.name === "slurmctld");
    if (found === undefined) throw new Error("there is no slurmctld");
    return found;
  };
  return {
    directory,
    env: envOf(directory),
    get pids() {
      return Object.fromEntries(daemons.map((daemon) => [daemon.name, daemon.pid]));
    },
    async killController() {
      signalDaemon(controller(), "SIGKILL");
      await until(() => !isAlive(controller()), 5000, "the controller's end");
    },
    stopController() {
      signalDaemon(controller(), "SIGSTOP");
    },
    contController() {
      signalDaemon(controller(), "SIGCONT");
    },
    async restartController() {
      await endDaemons([controller()], 5000);
      const fresh = startController(directory);
      daemons = daemons.map((daemon) => (daemon.name === "slurmctld" ? fresh : daemon));
      writeFileSync(`${directory}/daemons.json`, JSON.stringify(daemons));
      const ask = ["scontrol", "ping"];
      const answers = async (): Promise<boolean> =>
        / is UP/.test((await runCommand(ask, envOf(directory))).stdout);
      await until(answers, UP_TIMEOUT_MS, "the controller's answer");
    },
    jobCompletions: () => readJobCompletions(`${directory}/log/jobcomp.txt`),
    async stop() {
      if (stopped) return;
      stopped = true;
      process.off("exit", endAtOnce);
      // A directory that stays may be started again: its state is saved before the end.
      const order = ["slurmctld", "slurmd", "slurmdbd", "mariadbd", "munged"];
      const jobs = (): Daemon[] => jobProcesses(configPathOf(directory));
      for (const name of order) {
        await endDaemons(
          daemons.filter((daemon) => daemon.name.startsWith(name)),
          temporary ? 0 : 5000,
        );
        // With no slurmd left nobody starts another.
        if (name === "slurmd") await endDaemons(jobs(), 0);
      }
      if (temporary) rmSync(directory, { recursive: true, force: true });
      else rmSync(`${directory}/daemons.json`, { force: true });
    },
  };
}

/** slurmstepd and what it runs: they outlive slurmd by design. */
function jobProcesses(configPath: string): Daemon[] {
  const found: Daemon[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    try {
      const env = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
      if (!env.includes(`SLURM_CONF=${configPath}`)) continue;
      const step = readFileSync(`/proc/${name}/comm`, "utf8").startsWith("slurmstepd");
      if (!step && !env.some((entry) => entry.startsWith("SLURM_JOB_ID="))) continue;
    } catch {
      continue; // Gone, or somebody else's.
    }
    const startTicks = startTicksOf(pid);
    if (startTicks !== null) found.push({ name: "job", pid, startTicks });
  }
  return found;
}

/** jobcomp/filetxt: `JobId=1 UserId=… Name=x JobState=COMPLETED … `, values without spaces. */
function readJobCompletions(path: string): JobCompletion[] {
  if (!existsSync(path)) return [];
  const completions: JobCompletion[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const fields: { [key: string]: string } = {};
    for (const match of line.matchAll(/(\w+)=(\S*)/g)) fields[match[1] ?? ""] = match[2] ?? "";
    const { JobId: jobId, Name: name, JobState: state } = fields;
    if (jobId === undefined || name === undefined || state === undefined) continue;
    completions.push({ jobId, name, state, fields });
  }
  return completions;
}

function logTails(directory: string): string {
  return readdirSync(`${directory}/log`)
    .map((name) => {
      const text = readFileSync(`${directory}/log/${name}`, "utf8");
      return `--- ${name}\n${text.slice(-1500)}`;
    })
    .join("\n");
}
