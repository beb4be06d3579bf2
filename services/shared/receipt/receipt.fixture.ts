// A run of four tasks on two clusters, with its receipts, for the tests here.

import type { KeyObject } from "node:crypto";
import type { AttemptSpec, InputFile, Outcome, OutputValue } from "../base/job.ts";
import { parseAttemptToken } from "../base/ids.ts";
import type { BundleParts } from "./bundle.ts";
import type { Envelope } from "./dsse.ts";
import { generateKeyPair, importPrivateRaw, publicKeyOf } from "./keys.ts";
import { makeEnrolment, makeRunReceipt, makeStepReceipt, receiptDigest } from "./make-receipt.ts";
import type { RunFacts } from "./make-receipt.ts";
import { sha256 } from "./statements.ts";

export const RUN = "abcdefghijklmnop";
/** The same keys each time, so that failures can be compared. */
export const SCHEDULER = importPrivateRaw(new Uint8Array(32).fill(1));
export const AGENTS = {
  local: importPrivateRaw(new Uint8Array(32).fill(2)),
  hpc: importPrivateRaw(new Uint8Array(32).fill(3)),
};
export const STRANGER = generateKeyPair().privateKey;

export const OK: Outcome = {
  ...{ cause: "ok", exitCode: 0, signal: null, confidence: "proven" },
  ...{ startedAtMs: 1000, endedAtMs: 2000, cpuMs: 5, maxRssKb: null, message: "exit code 0" },
};

export function specOf(
  task: string,
  ordinal: number,
  more: Partial<AttemptSpec> = {},
): AttemptSpec {
  return {
    token: parseAttemptToken(`${RUN}-${ordinal}-1`),
    ...{ name: task, namespace: "main", run: RUN, task, attempt: 1 },
    program: { kind: "exec", argv: ["echo", task] },
    ...{ env: { A: "1" }, stdin: null, files: [], outputs: [], timeoutMs: null },
    resources: {
      ...{ cpus: 1, memoryMb: null, gpus: 0, nodes: null, walltimeS: null },
      ...{ partition: null, account: null, qos: null, constraint: null },
    },
    needsReceipts: [],
    traceparent: null,
    ...more,
  };
}

export interface Story {
  /** Changes what the second step is given, before it is signed. */
  readonly second?: Partial<AttemptSpec>;
  readonly run?: (facts: RunFacts) => RunFacts;
  readonly keys?: {
    readonly scheduler?: KeyObject;
    readonly local?: KeyObject;
    readonly hpc?: KeyObject;
  };
}

/** simulate → analyse → (failing) plot, and a skipped task. */
export function partsOf(story: Story = {}): BundleParts & { readonly digests: readonly string[] } {
  const { scheduler = SCHEDULER, local = AGENTS.local, hpc = AGENTS.hpc } = story.keys ?? {};
  const table = {
    name: "table",
    kind: "file",
    path: "t",
    digest: sha256("t"),
    sizeBytes: 1,
  } as const;
  const value: OutputValue = { name: "energy", kind: "value", value: "-15.839" };
  const step = (
    key: KeyObject,
    cluster: string,
    spec: AttemptSpec,
    outputs: OutputValue[],
    outcome = OK,
  ): Envelope =>
    makeStepReceipt(
      {
        ...{ spec, cluster, nativeId: "17", outputs, outcome, agentId: `${cluster}-agent` },
        executable: { path: "/usr/bin/echo", digest: sha256("echo") },
      },
      key,
    );
  const first = step(local, "local", specOf("simulate", 0), [value, table]);
  const from = { task: "simulate", output: "table" };
  const input: InputFile = {
    path: "table.tsv",
    source: { kind: "artifact", digest: table.digest, sizeBytes: 1, from },
    executable: false,
  };
  const second = step(
    ...([hpc, "hpc"] as const),
    specOf("analyse", 1, {
      files: [input],
      needsReceipts: [receiptDigest(first)],
      ...story.second,
    }),
    [{ name: "sum", kind: "value", value: "1" }],
  );
  const third = step(
    ...([local, "local"] as const),
    specOf("plot", 2, { stdin: "x", needsReceipts: [receiptDigest(first), receiptDigest(second)] }),
    [],
    { ...OK, cause: "failed", exitCode: 3 },
  );
  const facts: RunFacts = {
    ...{
      namespace: "main",
      run: RUN,
      workflow: "w",
      manifestDigest: sha256("m"),
      params: { n: 1 },
    },
    ...{ state: "failed", submittedAtMs: 1, endedAtMs: 3 },
    steps: [
      { task: "simulate", state: "succeeded", receipt: receiptDigest(first) },
      { task: "analyse", state: "succeeded", receipt: receiptDigest(second) },
      { task: "plot", state: "failed", receipt: receiptDigest(third) },
      { task: "publish", state: "skipped", receipt: null },
    ],
  };
  const enrol = (cluster: string, key: KeyObject): Envelope =>
    makeEnrolment(
      {
        namespace: "main",
        cluster,
        agentId: `${cluster}-agent`,
        agentKey: publicKeyOf(key),
        enrolledAtMs: 1,
      },
      scheduler,
    );
  const steps = [third, first, second]; // The run's receipt gives the order.
  return {
    schedulerKey: publicKeyOf(scheduler),
    enrolments: [enrol("local", local), enrol("hpc", hpc), enrol("other", STRANGER)],
    steps,
    run: makeRunReceipt(story.run?.(facts) ?? facts, scheduler),
    digests: [first, second, third].map(receiptDigest),
  };
}
