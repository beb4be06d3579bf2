// What is asked of Slurm for one attempt, as `#SBATCH` lines. sbatch splits these lines by rules of
// its own (quotes, backslashes, comments), so only values of an allow-list get into one; the job's
// name and directory, which may be anything, are arguments of sbatch instead.

import type { Resources } from "#shared/base/job.ts";
import { Failure } from "#shared/base/errors.ts";

export interface SlurmDefaults {
  readonly partition: string | null;
  readonly account: string | null;
  /** How long before the walltime ends the job is warned by USR1, seconds; 0 for no warning. */
  readonly signalLeadS: number;
  /** CPUs of one node of a partition (`null`: of the default one); `null` when not known. */
  coresPerNodeOf(partition: string | null): number | null;
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.,:@+-]{0,254}$/;
const CONSTRAINT = /^[A-Za-z0-9_[(][A-Za-z0-9_.,:&|*!=()[\]-]{0,254}$/;
const COUNT_MAX = 10_000_000;

/** Sentences on what cannot be asked; empty when slurmDirectives will not throw. */
export function slurmUnsupported(resources: Resources, defaults: SlurmDefaults): readonly string[] {
  const sentences: string[] = [];
  const names = [
    ["partition", resources.partition ?? defaults.partition, NAME],
    ["account", resources.account ?? defaults.account, NAME],
    ["qos", resources.qos, NAME],
    ["constraint", resources.constraint, CONSTRAINT],
  ] as const;
  for (const [what, value, pattern] of names) {
    if (value === null || pattern.test(value)) continue;
    sentences.push(`${JSON.stringify(value)} cannot be the ${what} of a Slurm job`);
  }
  const counts = [
    ["cpus", resources.cpus, 1],
    ["memoryMb", resources.memoryMb, 1],
    ["gpus", resources.gpus, 0],
    ["nodes", resources.nodes, 1],
    ["walltimeS", resources.walltimeS, 1],
  ] as const;
  for (const [what, value, least] of counts) {
    if (value === null || (value >= least && value <= COUNT_MAX && Number.isFinite(value)))
      continue;
    sentences.push(`${what} = ${value} is outside of ${least} to ${COUNT_MAX}`);
  }
  return sentences;
}

/** Throws Failure INVALID for what slurmUnsupported names. */
export function slurmDirectives(resources: Resources, defaults: SlurmDefaults): readonly string[] {
  const [problem] = slurmUnsupported(resources, defaults);
  if (problem !== undefined) throw new Failure("INVALID", problem);
  const partition = resources.partition ?? defaults.partition;
  const account = resources.account ?? defaults.account;
  const cpus = Math.ceil(resources.cpus);
  const cores = defaults.coresPerNodeOf(partition);
  // Explicit, so that Slurm never spreads a job over more nodes than it needs (NAM-16).
  const nodes = Math.ceil(resources.nodes ?? (cores === null ? 1 : cpus / cores));
  const lines = [
    // A requeue would start the script again under the same claim: it would lose, and exit 0.
    "--no-requeue",
    "--export=NONE",
    "--open-mode=append",
    // In the job's directory: sbatch is given that as --chdir.
    "--output=slurm.out",
    "--kill-on-invalid-dep=yes",
    `--nodes=${nodes}`,
    ...taskLines(cpus, nodes, resources.ranks),
  ];
  // Slurm counts memory and GPUs by node, a bare number would be MB: the unit is always there.
  if (resources.memoryMb !== null) lines.push(`--mem=${Math.ceil(resources.memoryMb / nodes)}M`);
  if (resources.gpus > 0) lines.push(`--gres=gpu:${Math.ceil(resources.gpus / nodes)}`);
  if (partition !== null) lines.push(`--partition=${partition}`);
  if (account !== null) lines.push(`--account=${account}`);
  if (resources.qos !== null) lines.push(`--qos=${resources.qos}`);
  if (resources.constraint !== null) lines.push(`--constraint=${resources.constraint}`);
  const directives = lines.map((line) => `#SBATCH ${line}`);
  if (resources.walltimeS !== null) {
    const minutes = Math.ceil(resources.walltimeS / 60);
    directives.push(
      `# walltime: ${resources.walltimeS} s were asked; Slurm counts whole minutes`,
      `#SBATCH --time=${minutes}`,
    );
    const leadS = defaults.signalLeadS;
    // Slurm may send it up to 60 s early: a short job would be warned before it began.
    if (leadS > 0 && minutes * 60 >= 2 * (leadS + 60)) {
      directives.push(`#SBATCH --signal=B:USR1@${leadS}`);
    }
  }
  return directives;
}

/**
 * Without ranks tasks, not threads: mpirun and srun then start one rank a core, and a threaded
 * program is given the same cores. With them that many tasks share the cores.
 */
function taskLines(cpus: number, nodes: number, ranks: number | undefined): string[] {
  if (ranks === undefined) return [`--ntasks=${Math.max(cpus, nodes)}`];
  return [`--ntasks=${Math.max(ranks, nodes)}`, `--cpus-per-task=${Math.ceil(cpus / ranks)}`];
}
