// What the demo has to show for itself: one object for --json, and receipts as files.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JobView, OutputView, RunView } from "../client/run-view.ts";

/** The last line of `demo --json`. */
export interface DemoResult {
  readonly run: string;
  readonly state: string;
  readonly log: string;
  readonly cluster: string;
  readonly steps: readonly DemoStep[];
  /** True when the bundle verifies offline and holds a receipt of every step that ran. */
  readonly receiptsVerified: boolean;
  /** The bundle's file. */
  readonly receipts: string | null;
}

export interface DemoStep {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly cluster: string | null;
  readonly schedulerJobId: string | null;
  readonly attempts: number;
  /** From its start on the cluster to its end; null when it never ran. */
  readonly durationMs: number | null;
  readonly outputs: {
    readonly [name: string]:
      | string
      | { readonly path: string; readonly digest: string; readonly sizeBytes: number };
  };
}

export function demoStep(job: JobView): DemoStep {
  const { startedAtMs, endedAtMs } = job;
  return {
    id: job.task,
    state: job.state,
    reason: job.reason,
    cluster: job.cluster,
    schedulerJobId: job.schedulerJobId,
    attempts: job.attempt,
    durationMs: startedAtMs === null || endedAtMs === null ? null : endedAtMs - startedAtMs,
    outputs: Object.fromEntries(job.outputs.map((output) => [output.name, outputOf(output)])),
  };
}

function outputOf(output: OutputView): DemoStep["outputs"][string] {
  return "value" in output ? output.value : output.file;
}

export interface SavedReceipts {
  readonly bundle: string;
  /** By step, in the run's order; then the run's own. */
  readonly files: readonly { readonly of: string; readonly path: string }[];
  readonly verified: boolean;
  readonly problems: readonly string[];
}

/** Writes the bundle and each receipt beside it, then verifies the bundle from its bytes alone. */
export async function saveReceipts(
  bundle: Uint8Array,
  folder: string,
  run: RunView,
  jobs: readonly JobView[],
): Promise<SavedReceipts> {
  const { verifyBundle } = await import("#shared/receipt/verify-bundle.ts");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "bundle.json");
  writeFileSync(path, bundle);
  const verdict = verifyBundle(bundle);
  const files: { of: string; path: string }[] = [];
  const envelopes = verdict.ok ? (JSON.parse(Buffer.from(bundle).toString()) as Envelopes) : null;
  for (const [index, { step }] of verdict.steps.entries()) {
    const file = join(folder, `${step.task}.dsse.json`);
    writeFileSync(file, JSON.stringify(envelopes?.steps[index]));
    files.push({ of: step.task, path: file });
  }
  if (envelopes !== null) {
    const file = join(folder, "run.dsse.json");
    writeFileSync(file, JSON.stringify(envelopes.run));
    files.push({ of: "the run", path: file });
  }
  const receipted = new Set(verdict.steps.map(({ step }) => step.task));
  const ran = jobs.filter((job) => job.startedAtMs !== null && job.state !== "skipped");
  const lacking = ran.filter((job) => !receipted.has(job.task));
  const problems = [
    ...verdict.problems,
    ...lacking.map((job) => `${job.task} has no receipt`),
    ...(verdict.run?.run === run.id ? [] : ["the bundle is of another run"]),
  ];
  return { bundle: path, files, verified: problems.length === 0, problems };
}

interface Envelopes {
  readonly steps: readonly unknown[];
  readonly run: unknown;
}
