// A run's own receipt, made and signed once the run's end is committed, and the bundle of all its
// receipts that verifies offline.
//
// Invariants:
//   R1. Every ended run gets its receipt: at its end, or at the next start if a crash came between.
//   R2. The receipt says what is committed; attaching it twice changes nothing.

import type { KeyObject } from "node:crypto";
import { Failure } from "#shared/base/errors.ts";
import { encodeBundle } from "#shared/receipt/bundle.ts";
import { encodeEnvelope, parseEnvelope } from "#shared/receipt/dsse.ts";
import type { Envelope } from "#shared/receipt/dsse.ts";
import { importPublicRaw, publicKeyOf } from "#shared/receipt/keys.ts";
import { makeEnrolment, makeRunReceipt } from "#shared/receipt/make-receipt.ts";
import type { RunFacts } from "#shared/receipt/make-receipt.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { clusterAddress, jobAddress, runAddress } from "./core/messages.ts";
import type { ClusterState, RunState } from "./core/state.ts";
import type { Change, Engine } from "./engine.ts";

type Step = RunFacts["steps"][number];

export class RunReceipts {
  readonly #engine: Engine;
  readonly #key: KeyObject;
  readonly #logger: Logger;
  readonly #making = new Map<string, Promise<void>>(); // As many as runs end at once.
  #unlisten: () => void = () => {};

  /** `key`: the scheduler's private Ed25519 key. */
  constructor(engine: Engine, key: KeyObject, logger: Logger) {
    this.#engine = engine;
    this.#key = key;
    this.#logger = logger;
  }

  /** From now on, and for every run that ended while nobody was here. */
  async start(): Promise<void> {
    this.#unlisten = this.#engine.onCommitted((changes) => this.#onCommitted(changes));
    for (const namespace of await this.#engine.namespaces()) {
      for (const { id, phase } of await this.#engine.runs(namespace)) {
        if (phase === "succeeded" || phase === "failed" || phase === "cancelled")
          await this.#make(namespace, id);
      }
    }
  }

  close(): void {
    this.#unlisten();
  }

  /**
   * The bundle as one text. CONFLICT while the run goes on, NOT_FOUND when there is none; of a run
   * that has just ended it waits for the receipt.
   */
  async bundleOf(namespace: string, id: string, signal: AbortSignal): Promise<string> {
    await this.#make(namespace, id);
    const seen = await this.#engine.read<"run", RunParts | null>(runAddress(namespace, id), (run) =>
      run === undefined || run.phase === "receiving" ? null : partsOf(run),
    );
    if (seen === null)
      throw new Failure("NOT_FOUND", `there is no run ${id} in namespace ${namespace}`);
    if (seen.receipt === null) {
      throw new Failure("CONFLICT", `run ${id} has not ended: it is ${seen.phase}`, {
        hint: `signalbox watch ${id}`,
      });
    }
    const steps: Envelope[] = [];
    for (const { task, receipt } of seen.steps) {
      if (signal.aborted) throw new Failure("CANCELLED", "the caller has gone");
      if (receipt !== null) steps.push(await this.#stepReceipt(namespace, id, task, receipt));
    }
    const enrolments = await Promise.all(
      seen.clusters.map((name) => this.#enrolmentOf(namespace, name)),
    );
    return encodeBundle({
      schedulerKey: publicKeyOf(this.#key),
      enrolments: enrolments.filter((each) => each !== null),
      steps,
      run: parseEnvelope(seen.receipt),
    });
  }

  #onCommitted(changes: readonly Change[]): void {
    for (const { actor, events } of changes) {
      if (!actor.startsWith("run/") || !events.some(({ type }) => type === "run.ended")) continue;
      const [, namespace = "", id = ""] = actor.split("/");
      this.#make(namespace, id).catch((reason: unknown) => {
        // The next start makes it (R1), and so does whoever asks for the bundle.
        this.#logger.warn({ err: reason, run: id }, "a run's receipt could not be attached");
      });
    }
  }

  /** Once at a time for each run. */
  #make(namespace: string, id: string): Promise<void> {
    const key = `${namespace}/${id}`;
    const known = this.#making.get(key);
    if (known !== undefined) return known;
    const making = this.#makeNow(namespace, id).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }

  async #makeNow(namespace: string, id: string): Promise<void> {
    const address = runAddress(namespace, id);
    const facts = await this.#engine.read<"run", RunFacts | null>(address, (run) =>
      run === undefined || run.receipt !== null ? null : factsOf(run),
    );
    if (facts === null) return;
    const receipt = encodeEnvelope(makeRunReceipt(facts, this.#key));
    await this.#engine.ask<"run">(address, { kind: "attach-receipt", receipt });
  }

  async #stepReceipt(
    namespace: string,
    id: string,
    task: string,
    digest: string,
  ): Promise<Envelope> {
    const text = await this.#engine.read<"job", string | null>(
      jobAddress(namespace, id, task),
      (job) =>
        job?.attempts.findLast((attempt) => attempt.receiptDigest === digest)?.receipt ?? null,
    );
    if (text === null) throw new Failure("CORRUPT", `job ${id}/${task} has no receipt ${digest}`);
    return parseEnvelope(text);
  }

  /** The scheduler's word for the agent's key; deterministic, so made anew each time. */
  async #enrolmentOf(namespace: string, cluster: string): Promise<Envelope | null> {
    const agent = await this.#engine.read<"cluster", ClusterState["agent"]>(
      clusterAddress(namespace, cluster),
      (state) => (state?.agent == null ? null : { ...state.agent }),
    );
    if (agent === null) return null;
    const agentKey = importPublicRaw(Buffer.from(agent.publicKey, "hex"));
    const { id: agentId, enrolledAtMs } = agent;
    return makeEnrolment({ namespace, cluster, agentId, agentKey, enrolledAtMs }, this.#key);
  }
}

interface RunParts {
  readonly phase: RunState["phase"];
  readonly receipt: string | null;
  readonly steps: readonly Step[];
  readonly clusters: readonly string[];
}

function partsOf(run: RunState): RunParts {
  const clusters = new Set(run.tasks.flatMap(({ cluster }) => cluster ?? []));
  return {
    phase: run.phase,
    receipt: run.receipt,
    steps: stepsOf(run),
    clusters: [...clusters].toSorted(),
  };
}

/** `null` unless it has ended. */
function factsOf(run: RunState): RunFacts | null {
  const { meta, phase, endedAtMs } = run;
  if ((phase !== "succeeded" && phase !== "failed" && phase !== "cancelled") || endedAtMs === null)
    return null;
  return {
    namespace: meta.namespace,
    run: meta.id,
    workflow: meta.workflow,
    manifestDigest: meta.digest,
    params: meta.params,
    state: phase,
    submittedAtMs: meta.submittedAtMs,
    endedAtMs,
    steps: stepsOf(run),
  };
}

function stepsOf(run: RunState): Step[] {
  return run.tasks.map((task) => {
    const progress = run.progress[task.ordinal];
    return progress?.kind === "ended"
      ? { task: task.id, state: progress.end, receipt: progress.receiptDigest }
      : { task: task.id, state: "skipped", receipt: null };
  });
}
