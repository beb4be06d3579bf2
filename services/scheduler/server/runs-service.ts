// Runs: submitted, shown, listed, watched, cancelled, retried. What gRPC and REST both call.

import { createHash, randomBytes } from "node:crypto";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { base32 } from "#shared/base/hash.ts";
import { parseClusterName, parseRunId } from "#shared/base/ids.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import type { PlanTask } from "#shared/base/plan.ts";
import { runAddress } from "../core/messages.ts";
import type { RunPhase } from "../core/state.ts";
import type { Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";
import { fitting, JOBS_SHOWN_MAX, jobViewsOf, readRun } from "./job-views.ts";
import { matchesRun, pagingOf, runsAfter } from "./listing.ts";
import type { RunFilter } from "./listing.ts";
import { compileSubmission } from "./submission.ts";
import { PlanCache } from "./plan-cache.ts";
import { hasEnded, newRunView, runStateOf, runView, taskPart } from "./views.ts";
import type { RunView, TaskPart } from "./views.ts";

type V1 = {
  readonly SubmitRun: signalbox.control.v1.ISubmitRunRequest;
  readonly ListRuns: signalbox.control.v1.IListRunsRequest;
  readonly RunRef: { readonly namespace?: string | null; readonly id?: string | null };
};

/** Changes that come quicker than this after a message are sent together. */
const WATCH_PAUSE_MS = 25;
const IDEMPOTENCY_KEY_MAX = 200;
const PHASES: readonly RunPhase[] = [
  "receiving",
  "running",
  "succeeded",
  "failed",
  "cancelling",
  "cancelled",
];

export class RunsService {
  readonly #plane: ControlPlane;
  readonly #plans = new PlanCache();

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  async submit(
    caller: Caller,
    request: V1["SubmitRun"],
    traceparent: string | null,
  ): Promise<{ run: RunView; existed: boolean }> {
    const { engine, auth, clock } = this.#plane;
    const namespace = auth.require(caller, request.namespace, "submitter");
    const key = request.idempotencyKey ?? "";
    if (key.length > IDEMPOTENCY_KEY_MAX) {
      throw new Failure(
        "INVALID",
        `the idempotency key is longer than ${IDEMPOTENCY_KEY_MAX} characters`,
      );
    }
    const { plan, labels } = await compileSubmission(
      this.#plane.artifacts,
      namespace,
      this.#plans,
      request,
    );
    const tasks = await this.#placeTasks(namespace, plan.tasks);
    const id = runIdOf(namespace, key);
    const meta = {
      id,
      namespace,
      workflow: plan.workflow,
      digest: plan.digest,
      params: plan.params,
      labels,
      tasksTotal: tasks.length,
      submittedAtMs: clock.nowMs(),
      submittedBy: caller.token.name === "" ? caller.token.id : caller.token.name,
      traceparent,
    };
    const answer = await engine.ask<"run">(runAddress(namespace, id), {
      kind: "submit",
      meta,
      tasks,
    });
    const { existed } = answer as { existed: boolean };
    // What was just made is known: reading it would wait for the commit after this one.
    return {
      run: existed ? await readRun(engine, namespace, id, runView) : newRunView(meta),
      existed,
    };
  }

  async get(caller: Caller, request: V1["RunRef"]): Promise<signalbox.control.v1.IGetRunResponse> {
    const { namespace, id } = this.#refOf(caller, request, "viewer");
    const seen = await readRun(this.#plane.engine, namespace, id, (run) => ({
      run: runView(run),
      parts: run.tasks
        .slice(0, JOBS_SHOWN_MAX)
        .flatMap((task) => taskPart(run, task.ordinal) ?? []),
    }));
    const { engine, agents } = this.#plane;
    const jobs = await jobViewsOf(engine, seen.parts, agents.isReachable);
    return { run: seen.run, jobs: jobs.slice(0, fitting(jobs)) };
  }

  async list(
    caller: Caller,
    request: V1["ListRuns"],
  ): Promise<{ runs: RunView[]; nextToken: string }> {
    const { engine, auth } = this.#plane;
    const namespace = auth.require(caller, request.namespace, "viewer");
    const filter = runFilterOf(request);
    const paging = pagingOf(request.page, [
      "runs",
      namespace,
      { ...filter, phases: [...(filter.phases ?? [])] },
    ]);
    const found = runsAfter(await engine.runs(namespace), paging.after, false).filter((run) =>
      matchesRun(run, filter),
    );
    const shown = found.slice(0, paging.size);
    const last = shown.at(-1);
    const more = last !== undefined && found.length > shown.length;
    const runs = await Promise.all(shown.map(({ id }) => readRun(engine, namespace, id, runView)));
    const nextToken = more
      ? paging.tokenAfter({ submittedAtMs: last.submittedAtMs, run: last.id, ordinal: -1 })
      : "";
    return { runs, nextToken };
  }

  /** The state now, then what changed, until the run has ended or `signal` is aborted. */
  async *watch(
    caller: Caller,
    request: V1["RunRef"],
    signal: AbortSignal,
  ): AsyncGenerator<signalbox.control.v1.IWatchRunResponse, void, void> {
    const { engine, agents, watches } = this.#plane;
    const { namespace, id } = this.#refOf(caller, request, "viewer");
    const watcher = watches.watch(namespace, id);
    const kinds: string[] = []; // Of each task's progress when last sent.
    let first = true;
    try {
      while (!signal.aborted) {
        const dirty = watcher.take();
        const seen = await readRun(engine, namespace, id, (run) => {
          const parts: TaskPart[] = [];
          for (const [ordinal, { kind }] of run.progress.entries()) {
            const known = kinds[ordinal] === kind && !dirty.jobs.has(run.tasks[ordinal]?.id ?? "");
            kinds[ordinal] = kind;
            const part = known ? null : taskPart(run, ordinal);
            if (part !== null) parts.push(part);
          }
          return { run: runView(run), ended: hasEnded(run.phase), parts };
        });
        const jobs = await jobViewsOf(engine, seen.parts, agents.isReachable);
        if (first || dirty.run || jobs.length > 0) {
          do yield { run: seen.run, jobs: jobs.splice(0, fitting(jobs)) };
          while (jobs.length > 0);
        }
        if (seen.ended) return;
        first = false;
        const untilMs = performance.now() + WATCH_PAUSE_MS;
        await watcher.changed(signal);
        for (
          let leftMs = untilMs - performance.now();
          leftMs > 0;
          leftMs = untilMs - performance.now()
        ) {
          if (signal.aborted || (await this.#hasEnded(namespace, id))) break;
          await watcher.nextChange(signal, leftMs);
        }
      }
    } finally {
      watcher.close();
    }
  }

  async cancel(
    caller: Caller,
    request: V1["RunRef"] & { readonly reason?: string | null },
  ): Promise<{ run: RunView }> {
    const { namespace, id } = this.#refOf(caller, request, "submitter");
    const reason = reasonOf(caller, request.reason);
    await this.#plane.engine.ask<"run">(runAddress(namespace, id), { kind: "cancel", reason });
    return { run: await readRun(this.#plane.engine, namespace, id, runView) };
  }

  async retry(caller: Caller, request: V1["RunRef"]): Promise<{ run: RunView }> {
    const { namespace, id } = this.#refOf(caller, request, "submitter");
    await this.#plane.engine.ask<"run">(runAddress(namespace, id), { kind: "retry" });
    return { run: await readRun(this.#plane.engine, namespace, id, runView) };
  }

  /** The bundle; waits for the run's own receipt if the run has just ended. */
  async receipts(
    caller: Caller,
    request: V1["RunRef"],
    signal: AbortSignal,
  ): Promise<{ bundleJson: Uint8Array }> {
    const { namespace, id } = this.#refOf(caller, request, "viewer");
    return { bundleJson: Buffer.from(await this.#plane.receipts.bundleOf(namespace, id, signal)) };
  }

  #refOf(
    caller: Caller,
    request: V1["RunRef"],
    role: "viewer" | "submitter",
  ): { namespace: NamespaceId; id: string } {
    const namespace = this.#plane.auth.require(caller, request.namespace, role);
    return { namespace, id: parseRunId(request.id ?? "") };
  }

  #hasEnded(namespace: string, id: string): Promise<boolean> {
    return readRun(this.#plane.engine, namespace, id, (run) => hasEnded(run.phase));
  }

  /** Every task with a cluster that exists. NOT_FOUND names the one that does not. */
  async #placeTasks(
    namespace: NamespaceId,
    tasks: readonly PlanTask[],
  ): Promise<readonly PlanTask[]> {
    const facts = await this.#plane.directory.of(namespace);
    const clusters = facts?.clusters ?? new Set<string>();
    const fallback = facts?.defaultCluster ?? null;
    const known =
      clusters.size === 0
        ? "there is none yet"
        : `there are: ${[...clusters].toSorted().join(", ")}`;
    const hint = "Register one: signalbox cluster add NAME --kind local";
    return tasks.map((task) => {
      const cluster = task.cluster ?? fallback;
      if (cluster === null) {
        throw new Failure(
          "NOT_FOUND",
          `task ${task.id} names no cluster, and namespace ${namespace} has no default`,
          { hint },
        );
      }
      if (!clusters.has(cluster)) {
        throw new Failure("NOT_FOUND", `task ${task.id} names cluster ${cluster}; ${known}`, {
          hint,
        });
      }
      return task.cluster === cluster ? task : { ...task, cluster };
    });
  }
}

/** The same key in the same namespace is the same run, for ever; no key is a run of its own. */
export function runIdOf(namespace: string, idempotencyKey: string): string {
  const bytes =
    idempotencyKey === ""
      ? randomBytes(10)
      : createHash("sha256")
          .update(JSON.stringify([namespace, idempotencyKey]))
          .digest()
          .subarray(0, 10);
  return base32(bytes);
}

/** Who wanted it is part of why it stopped. */
export function reasonOf(caller: Caller, given: string | null | undefined): string {
  const text = (given ?? "").slice(0, 500);
  return text === ""
    ? `by ${caller.token.name === "" ? caller.token.id : caller.token.name}`
    : text;
}

function runFilterOf(request: V1["ListRuns"]): RunFilter {
  const states = new Set<number>(request.states ?? []);
  const cluster = request.cluster ?? "";
  return {
    phases:
      states.size === 0 ? null : new Set(PHASES.filter((phase) => states.has(runStateOf(phase)))),
    workflow: request.workflow ?? "",
    cluster: cluster === "" ? "" : parseClusterName(cluster),
    name: request.name ?? "",
    sinceMs: request.sinceMs ?? 0,
    untilMs: request.untilMs ?? 0,
  };
}
