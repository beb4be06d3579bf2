// Jobs: shown, listed, explained, cancelled, and their output as it is written.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { parseClusterName, parseJobId, parseRunId } from "#shared/base/ids.ts";
import type { NamespaceId, RunId, TaskId } from "#shared/base/ids.ts";
import { clusterAddress, jobAddress, runAddress } from "../core/messages.ts";
import type { JobActorState, RunPhase } from "../core/state.ts";
import type { Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";
import { explain } from "./explain.ts";
import type { ClusterSituation, JobSituation } from "./explain.ts";
import { bytesOf, JOBS_BYTES_MAX, jobViewsOf, readJob, readRun } from "./job-views.ts";
import { LOOKS_MAX, pagingOf, runsAfter } from "./listing.ts";
import { reasonOf } from "./runs-service.ts";
import { JobStateView, jobStateOf, jobView, taskPart } from "./views.ts";
import type { JobView, TaskPart } from "./views.ts";

type V1 = typeof signalbox.control.v1;
type ListRequest = signalbox.control.v1.IListJobsRequest;
type LogsRequest = signalbox.control.v1.IReadLogsRequest;
interface JobRef {
  readonly namespace?: string | null;
  readonly id?: string | null;
}

/** Slot holders named in an explanation; more would be a list, not an answer. */
const HOLDERS_SHOWN = 3;

export class JobsService {
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  async get(caller: Caller, request: JobRef): Promise<{ job: JobView }> {
    const { namespace, run, task } = this.#refOf(caller, request, "viewer");
    const { engine, agents } = this.#plane;
    return {
      job: await readJob(engine, namespace, run, task, (part, job) =>
        jobView(part, job, agents.isReachable, true),
      ),
    };
  }

  /** Newest run first, then by place in the run. */
  async list(
    caller: Caller,
    request: ListRequest,
  ): Promise<{ jobs: JobView[]; nextToken: string }> {
    const { engine, auth, agents } = this.#plane;
    const namespace = auth.require(caller, request.namespace, "viewer");
    const filter = jobFilterOf(request);
    const paging = pagingOf(request.page, [
      "jobs",
      namespace,
      { ...filter, states: [...filter.states] },
    ]);
    const runs = runsAfter(await engine.runs(namespace), paging.after, true);
    const jobs: JobView[] = [];
    let looks = 0;
    let bytes = 0;
    for (const run of runs) {
      if (filter.run !== null && run.id !== filter.run) continue;
      if (filter.cluster !== "" && !run.clusters.includes(filter.cluster)) continue;
      if (
        filter.sinceMs > run.submittedAtMs ||
        (filter.untilMs !== 0 && run.submittedAtMs >= filter.untilMs)
      )
        continue;
      const from = run.id === paging.after?.run ? paging.after.ordinal + 1 : 0;
      const parts = await readRun(engine, namespace, run.id, (state) => {
        const found: TaskPart[] = [];
        for (
          let ordinal = from;
          ordinal < state.tasks.length && found.length < LOOKS_MAX;
          ordinal++
        ) {
          const part = taskPart(state, ordinal);
          if (part !== null) found.push(part);
        }
        return found;
      });
      for (let at = 0; at < parts.length; at += 256) {
        const chunk = parts.slice(at, at + 256);
        const wanted = chunk.filter((part) => matchesPart(part, filter));
        const views = await jobViewsOf(engine, wanted, agents.isReachable);
        for (const view of views) {
          if (filter.states.size > 0 && !filter.states.has(view.state ?? 0)) continue;
          jobs.push(view);
          bytes += bytesOf(view);
          if (jobs.length < paging.size && bytes < JOBS_BYTES_MAX) continue;
          const place = {
            submittedAtMs: run.submittedAtMs,
            run: run.id,
            ordinal: view.ordinal ?? 0,
          };
          return { jobs, nextToken: paging.tokenAfter(place) };
        }
        looks += chunk.length;
        const last = chunk.at(-1);
        if (looks >= LOOKS_MAX && last !== undefined) {
          const place = { submittedAtMs: run.submittedAtMs, run: run.id, ordinal: last.ordinal };
          return { jobs, nextToken: paging.tokenAfter(place) };
        }
      }
      looks += 1;
    }
    return { jobs, nextToken: "" };
  }

  async explain(
    caller: Caller,
    request: JobRef,
  ): Promise<signalbox.control.v1.IExplainJobResponse> {
    const { namespace, run, task } = this.#refOf(caller, request, "viewer");
    const { engine, agents, clock } = this.#plane;
    const seen = await readJob(engine, namespace, run, task, (part, job) => ({
      part,
      job: part.progress.kind === "blocked" ? null : jobSituation(job),
      view: jobView(part, job, agents.isReachable, true),
    }));
    const { runPhase, openNeeds } = await this.#needsOf(namespace, run, seen.part);
    const cluster = await this.#clusterOf(namespace, seen.part.cluster, seen.job?.token ?? "");
    const { part, job } = seen;
    const explanation = explain({ runPhase, part, openNeeds, job, cluster, nowMs: clock.nowMs() });
    return {
      job: seen.view,
      waitsFor: [...explanation.waitsFor],
      limit: explanation.limit,
      nextAction: explanation.nextAction,
      hints: [...explanation.hints],
    };
  }

  async cancel(
    caller: Caller,
    request: JobRef & { readonly reason?: string | null },
  ): Promise<{ job: JobView }> {
    const { namespace, run, task } = this.#refOf(caller, request, "submitter");
    const reason = reasonOf(caller, request.reason);
    await this.#plane.engine.ask<"run">(runAddress(namespace, run), {
      kind: "cancel-task",
      task,
      reason,
    });
    return await this.get(caller, request);
  }

  /** What the agent reads from the job's directory; ends as ReadLogsRequest.follow says. */
  async *logs(
    caller: Caller,
    request: LogsRequest,
    signal: AbortSignal,
  ): AsyncGenerator<signalbox.control.v1.IReadLogsResponse, void, void> {
    const { namespace, run, task } = this.#refOf(caller, request, "viewer");
    const { engine, agents } = this.#plane;
    const stream = request.stream || "both";
    if (!["stdout", "stderr", "both"].includes(stream)) {
      throw new Failure(
        "INVALID",
        `${JSON.stringify(stream)} is no stream: stdout, stderr or both`,
      );
    }
    const number = request.attempt ?? 0;
    const attempt = await readJob(engine, namespace, run, task, (_part, job) => {
      const found =
        number === 0 ? job?.attempts.at(-1) : job?.attempts.find((each) => each.number === number);
      return found === undefined
        ? null
        : { token: found.token, cluster: found.cluster, placedAtMs: found.placedAtMs };
    });
    if (attempt === null) {
      const which = number === 0 ? "has no attempt yet" : `has no attempt ${number}`;
      throw new Failure("NOT_FOUND", `job ${run}/${task} ${which}`, {
        hint: `signalbox why ${run}/${task}`,
      });
    }
    const follow = request.follow === true;
    yield* agents.readLogs(
      namespace,
      attempt.cluster,
      { token: attempt.token, stream, follow },
      signal,
    );
  }

  async #needsOf(
    namespace: NamespaceId,
    id: RunId,
    part: TaskPart,
  ): Promise<{ runPhase: RunPhase; openNeeds: { task: string; state: string }[] }> {
    const { engine } = this.#plane;
    const { runPhase, needs } = await readRun(engine, namespace, id, (run) => ({
      runPhase: run.phase,
      needs: part.needs.flatMap((need) => taskPart(run, run.ordinals.get(need) ?? -1) ?? []),
    }));
    const open = needs.filter(
      ({ progress }) => progress.kind !== "ended" || progress.end !== "succeeded",
    );
    const openNeeds = await Promise.all(
      open.map(async (need) => {
        const phase = await engine.read<"job", JobActorState["phase"] | undefined>(
          jobAddress(namespace, id, need.task),
          (job) => job?.phase,
        );
        return { task: need.task, state: wordOf(jobStateOf(need.progress, phase)) };
      }),
    );
    return { runPhase, openNeeds };
  }

  async #clusterOf(
    namespace: NamespaceId,
    name: string,
    token: string,
  ): Promise<ClusterSituation | null> {
    const { engine, agents } = this.#plane;
    const presence = agents.presenceOf(namespace, name);
    return await engine.read<"cluster", ClusterSituation | null>(
      clusterAddress(namespace, name),
      (cluster) => {
        if (cluster === undefined) return null;
        const holders: string[] = [];
        for (const { job } of cluster.placed.values()) {
          if (holders.length === HOLDERS_SHOWN) break;
          holders.push(job.split("/").slice(2).join("/"));
        }
        return {
          name,
          kind: cluster.kind,
          slots: cluster.slots,
          placed: cluster.placed.size,
          holders,
          ahead: cluster.waiting.ahead(token),
          enrolled: cluster.agent !== null,
          connected: presence.connected,
          agentSeenAtMs: presence.seenAtMs,
          unreachable: cluster.unreachable,
        };
      },
    );
  }

  #refOf(
    caller: Caller,
    request: JobRef,
    role: "viewer" | "submitter",
  ): { namespace: NamespaceId; run: RunId; task: TaskId } {
    const namespace = this.#plane.auth.require(caller, request.namespace, role);
    return { namespace, ...parseJobId(request.id ?? "") };
  }
}

interface JobFilter {
  readonly run: string | null;
  readonly states: ReadonlySet<number>;
  readonly cluster: string;
  readonly name: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

function jobFilterOf(request: ListRequest): JobFilter {
  const cluster = request.cluster ?? "";
  return {
    run: request.runId ? parseRunId(request.runId) : null,
    states: new Set(request.states ?? []),
    cluster: cluster === "" ? "" : parseClusterName(cluster),
    name: request.name ?? "",
    sinceMs: request.sinceMs ?? 0,
    untilMs: request.untilMs ?? 0,
  };
}

function matchesPart(part: TaskPart, filter: JobFilter): boolean {
  if (filter.cluster !== "" && part.cluster !== filter.cluster) return false;
  return filter.name === "" || part.task.includes(filter.name);
}

function jobSituation(job: JobActorState | undefined): JobSituation | null {
  if (job === undefined) return null;
  const latest = job.attempts.at(-1);
  return {
    phase: job.phase,
    reason: job.reason,
    retryAtMs: job.retryAtMs,
    cancelRequested: job.cancelRequested,
    attemptsCounted: job.attemptsCounted,
    attemptsMax: job.retry.attemptsMax,
    token: latest?.token ?? "",
    nativeId: latest?.nativeId ?? null,
    clusterReason: latest?.reason ?? null,
    unreachable: latest?.unreachable ?? null,
    placedAtMs: latest?.placedAtMs ?? null,
    runningAtMs: latest?.runningAtMs ?? null,
    evidenceAtMs: latest?.evidence.at(-1)?.atMs ?? null,
    timeoutMs: job.spec.timeoutMs,
  };
}

/** `JOB_STATE_RUNNING` as `running`. */
export function wordOf(state: number): string {
  const name = Object.keys(JobStateView).find(
    (key) => JobStateView[key as keyof V1["JobState"]] === state,
  );
  return (name ?? "JOB_STATE_UNKNOWN").slice("JOB_STATE_".length).toLowerCase();
}
