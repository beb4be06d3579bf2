// What a Slurm script's options come to: resources, environment and retry of one task. Every option
// is mapped, or handled with a word about it, or refused by name; none is dropped in silence.

import type { EndCause, Resources } from "../base/job.ts";
import type { SbatchOption, SbatchProblem } from "./sbatch-directives.ts";
import { CLUSTER_PATTERN, CONSTRAINT_PATTERN, WORD_PATTERN } from "./schema.ts";
import { parseMemoryMib } from "./units.ts";

export interface SbatchRequest {
  readonly jobName: string | null;
  readonly cluster: string | null;
  readonly resources: Resources;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Set by --requeue. */
  readonly retryOn: readonly EndCause[] | null;
  readonly problems: readonly SbatchProblem[];
  readonly warnings: readonly SbatchProblem[];
}

/** Handled otherwise here: said once, then fine. */
const HANDLED: { readonly [name: string]: string } = {
  output: "standard output is kept with the job: signalbox logs",
  error: "standard error is kept with the job: signalbox logs",
  "open-mode": "each attempt has output files of its own",
  "mail-type": "no mail is sent: signalbox watch shows how it goes",
  "mail-user": "no mail is sent: signalbox watch shows how it goes",
  comment: "Slurm's comment is not set: the job's name says what it is",
  wait: "signalbox watch waits for it",
};

/** Without meaning here: what they ask for is so anyway. */
const QUIET = new Set(["no-requeue", "parsable", "quiet", "verbose", "ignore-pbs", "get-user-env"]);

const USE_WORKFLOW =
  "write a workflow: its tasks have needs, and each runs when those have succeeded";
const REFUSED: { readonly [name: string]: string } = {
  array: "write a workflow with one task per index",
  dependency: USE_WORKFLOW,
  chdir:
    "each job has a work directory of its own: name files by absolute paths, or give them by " +
    "with.files",
  wrap: "write the command into the script",
  begin: "submit it when it may begin",
  hold: "submit it when it may run",
  input: "redirect it in the script: program < FILE",
  "export-file": "set the variables in the script",
  signal: "a step's timeout and the cluster's time limit end it",
  "test-only":
    "signalbox validate checks a workflow; this script was read without errors but for this",
};

/** Slurm's five times (MaxBatchRequeue), the first run counted. */
export const REQUEUE_ATTEMPTS = 6;

type Numbers = Map<string, number>;

export function sbatchRequest(options: readonly SbatchOption[]): SbatchRequest {
  const problems: SbatchProblem[] = [];
  const warnings: SbatchProblem[] = [];
  const given = new Map<string, SbatchOption>();
  const env = new Map<string, string>();
  const warned = new Set<string>();
  let retryOn: readonly EndCause[] | null = null;
  for (const option of options) {
    const { name, line, column } = option;
    if (QUIET.has(name)) continue;
    const handled = HANDLED[name];
    if (handled !== undefined) {
      if (!warned.has(handled))
        warnings.push({ line, column, message: `--${name}`, hint: handled });
      warned.add(handled);
    } else if (name === "requeue") {
      retryOn = ["node_fail", "preempted"];
    } else if (name === "export") {
      readExport(option, env, problems, warnings);
    } else if (MAPPED.has(name)) {
      given.set(name, option); // As in sbatch, the last one counts.
    } else {
      const hint = REFUSED[name] ?? "remove the line, or submit the script by sbatch itself";
      problems.push({ line, column, message: `--${name} is not supported`, hint });
    }
  }
  const refuse = (name: string, message: string, hint: string): undefined => {
    const { line = 1, column = 1 } = given.get(name) ?? {};
    problems.push({ line, column, message, hint });
    return undefined;
  };
  const resources = resourcesOf(given, refuse, warnings);
  const cluster = given.get("clusters")?.value ?? given.get("cluster")?.value ?? null;
  if (cluster !== null && !new RegExp(CLUSTER_PATTERN).test(cluster)) {
    refuse("clusters", `${JSON.stringify(cluster)} is no cluster's name`, "name one cluster");
  }
  return {
    jobName: given.get("job-name")?.value ?? null,
    cluster,
    resources,
    env: [...env]
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    retryOn,
    problems,
    warnings,
  };
}

const MAPPED = new Set([
  ...["job-name", "clusters", "cluster", "time", "nodes", "ntasks", "ntasks-per-node"],
  ...["tasks-per-node", "cpus-per-task", "mem", "mem-per-cpu", "gres", "gpus", "gpus-per-node"],
  ...["partition", "account", "qos", "constraint"],
]);

type Refuse = (name: string, message: string, hint: string) => undefined;

function resourcesOf(
  given: ReadonlyMap<string, SbatchOption>,
  refuse: Refuse,
  warnings: SbatchProblem[],
): Resources {
  const text = (name: string): string | null => given.get(name)?.value ?? null;
  const numbers: Numbers = new Map();
  for (const name of ["nodes", "ntasks", "ntasks-per-node", "tasks-per-node", "cpus-per-task"]) {
    const value = text(name);
    if (value === null) continue;
    const range = name === "nodes" && /[-,]/.test(value);
    const count = /^[1-9]\d{0,6}$/.test(value) ? Number(value) : undefined;
    if (count !== undefined) numbers.set(name, count);
    else if (range) refuse(name, `--nodes=${value} is a range`, "name one number of nodes");
    else refuse(name, `--${name}=${value} is no count`, "write a whole number from 1");
  }
  const perNode = numbers.get("ntasks-per-node") ?? numbers.get("tasks-per-node");
  let nodes = numbers.get("nodes") ?? null;
  const ranks = numbers.get("ntasks") ?? (perNode ?? 1) * (nodes ?? 1);
  if (nodes === null && perNode !== undefined) nodes = Math.ceil(ranks / perNode);
  const cpus = ranks * (numbers.get("cpus-per-task") ?? 1);
  const byNode = ["mem", "gres", "gpus-per-node"].map((name) => given.get(name)).find(Boolean);
  if (byNode !== undefined && nodes === null) {
    nodes = 1; // What is asked by node has no sum until the nodes are counted.
    if (ranks > 1) {
      const { name, line, column } = byNode;
      const message = `--${name} without --nodes keeps the job on one node`;
      warnings.push({ line, column, message, hint: "say --nodes to spread it" });
    }
  }
  return {
    cpus,
    ranks, // Also when it is one: sbatch starts one task then, whatever its cpus.
    memoryMb: memoryOf(given, cpus, nodes ?? 1, refuse),
    gpus: gpusOf(given, nodes ?? 1, refuse),
    nodes,
    walltimeS: walltimeOf(text("time"), refuse),
    partition: wordOf("partition", text("partition"), refuse),
    account: wordOf("account", text("account"), refuse),
    qos: wordOf("qos", text("qos"), refuse),
    constraint: constraintOf(text("constraint"), refuse),
  };
}

function wordOf(name: string, value: string | null, refuse: Refuse): string | null {
  if (value === null || new RegExp(WORD_PATTERN).test(value)) return value;
  const hint = value.includes(",") ? "name one of them" : "letters, digits and _ . @ : + -";
  return refuse(name, `--${name}=${value} is no single name`, hint) ?? null;
}

function constraintOf(value: string | null, refuse: Refuse): string | null {
  if (value === null || new RegExp(CONSTRAINT_PATTERN).test(value)) return value;
  return refuse("constraint", `--constraint=${value}`, "feature names joined by & or |") ?? null;
}

/** MiB over all nodes. As in sbatch a bare number is MiB. */
function memoryOf(
  given: ReadonlyMap<string, SbatchOption>,
  cpus: number,
  nodes: number,
  refuse: Refuse,
): number | null {
  const name = given.has("mem-per-cpu") ? "mem-per-cpu" : "mem";
  const value = given.get(name)?.value;
  if (value === undefined || value === null) return null;
  if (given.has("mem") && given.has("mem-per-cpu")) {
    refuse("mem-per-cpu", "--mem and --mem-per-cpu exclude each other", "keep one of them");
    return null;
  }
  if (value === "0") {
    refuse(name, `--${name}=0 asks for all of a node's memory`, "say how much it needs: --mem=16G");
    return null;
  }
  const parsed = parseMemoryMib(/^\d+$/.test(value) ? `${value}M` : value);
  if ("problem" in parsed) {
    refuse(name, `--${name}: ${parsed.problem}`, "write --mem=4G or --mem=4000M");
    return null;
  }
  return parsed.value * (name === "mem" ? nodes : cpus);
}

/** GPUs over all nodes. */
function gpusOf(given: ReadonlyMap<string, SbatchOption>, nodes: number, refuse: Refuse): number {
  const name = ["gres", "gpus-per-node", "gpus"].find((one) => given.has(one));
  const value = name === undefined ? undefined : given.get(name)?.value;
  if (name === undefined || value === undefined || value === null) return 0;
  if (value === "none" && name === "gres") return 0;
  const count = name === "gres" ? /^gpu(?::(\d{1,5}))?$/.exec(value) : /^(\d{1,5})$/.exec(value);
  if (count === null) {
    const typed = /^(?:gpu:)?[A-Za-z]\w*:\d+$/.test(value);
    const hint = typed
      ? "say how many only, and choose the type by --constraint"
      : "write --gres=gpu:N or --gpus=N; no other resource is supported";
    refuse(name, `--${name}=${value} is not supported`, hint);
    return 0;
  }
  return Number(count[1] ?? 1) * (name === "gpus" ? 1 : nodes);
}

/** "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours[:minutes[:seconds]]". */
function walltimeOf(value: string | null, refuse: Refuse): number | null {
  if (value === null || /^(unlimited|infinite|0|-1)$/i.test(value)) return null;
  const match = /^(?:(\d{1,5})-)?(\d{1,8})(?::(\d{1,3}))?(?::(\d{1,3}))?$/.exec(value);
  if (match === null) {
    const hint = "write MINUTES, HH:MM:SS or D-HH:MM:SS";
    return refuse("time", `--time=${value} is no time`, hint) ?? null;
  }
  const [, days, first = "0", second, third] = match;
  const numbers = [first, second ?? "0", third ?? "0"].map(Number) as [number, number, number];
  let seconds: number;
  if (days !== undefined) {
    seconds = Number(days) * 86_400 + numbers[0] * 3600 + numbers[1] * 60 + numbers[2];
  } else if (third !== undefined) {
    seconds = numbers[0] * 3600 + numbers[1] * 60 + numbers[2];
  } else {
    seconds = numbers[0] * 60 + numbers[1];
  }
  return seconds === 0 ? null : seconds;
}

/**
 * NONE, ALL, and NAME=VALUE pairs; a bare NAME would be the submitting machine's, which is
 * elsewhere.
 */
function readExport(
  option: SbatchOption,
  env: Map<string, string>,
  problems: SbatchProblem[],
  warnings: SbatchProblem[],
): void {
  const { line, column } = option;
  for (const part of (option.value ?? "").split(",")) {
    const pair = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(part);
    if (pair !== null) {
      env.set(pair[1] as string, pair[2] as string);
    } else if (part === "ALL") {
      const hint = "the cluster's own environment is used: set what it needs in the script";
      const message = "the environment of this machine is not sent along";
      warnings.push({ line, column, message, hint });
    } else if (part !== "NONE" && part !== "NIL") {
      const hint = "write NAME=VALUE, or set it in the script";
      problems.push({ line, column, message: `--export=${part} has no value`, hint });
    }
  }
}
