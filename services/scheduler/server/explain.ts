// `signalbox why`: what a job waits for, the limit that holds it and what happens next, in
// sentences. Pure. Every wait names its thing: a job, a cluster, an agent, a slot or a time.

import type { JobPhase, RunPhase } from "../core/state.ts";
import type { TaskPart } from "./views.ts";

export interface Situation {
  readonly runPhase: RunPhase;
  readonly part: TaskPart;
  /** The tasks it needs that have not succeeded, with their state in words. */
  readonly openNeeds: readonly { readonly task: string; readonly state: string }[];
  readonly job: JobSituation | null;
  /** `null` when it is not registered. */
  readonly cluster: ClusterSituation | null;
  readonly nowMs: number;
}

export interface JobSituation {
  readonly phase: JobPhase;
  readonly reason: string;
  readonly retryAtMs: number | null;
  readonly cancelRequested: string | null;
  readonly attemptsCounted: number;
  readonly attemptsMax: number;
  readonly token: string;
  readonly nativeId: string | null;
  readonly clusterReason: string | null;
  readonly unreachable: string | null;
  readonly placedAtMs: number | null;
  readonly runningAtMs: number | null;
  readonly evidenceAtMs: number | null;
  readonly timeoutMs: number | null;
}

export interface ClusterSituation {
  readonly name: string;
  readonly kind: string;
  readonly slots: number;
  readonly placed: number;
  /** Some of the jobs that hold slots, RUN/TASK. */
  readonly holders: readonly string[];
  /** Attempts that go first; `null` when this one is not in the queue. */
  readonly ahead: number | null;
  readonly enrolled: boolean;
  readonly connected: boolean;
  /** 0 when this scheduler has not heard of the agent. */
  readonly agentSeenAtMs: number;
  readonly unreachable: string | null;
}

export interface Explanation {
  readonly waitsFor: readonly string[];
  readonly limit: string;
  readonly nextAction: string;
  readonly hints: readonly string[];
}

export function explain(situation: Situation): Explanation {
  const { part, job } = situation;
  switch (part.progress.kind) {
    case "ended":
      return settled(`Nothing: it has ended (${part.progress.end}).`, part.progress.end, part.run);
    case "skipped":
      return settled(
        `Nothing: it was skipped because ${part.progress.reason}.`,
        "skipped",
        part.run,
      );
    case "blocked":
      return blocked(situation);
    case "started":
      return job === null
        ? answerOf({
            waitsFor: [`run ${part.run} to begin it`],
            nextAction: "It is begun within moments.",
          })
        : started(situation, job);
  }
}

function settled(nextAction: string, end: string, run: string): Explanation {
  return answerOf({
    nextAction,
    hints: end === "succeeded" ? [] : [`signalbox retry ${run} runs again what did not succeed`],
  });
}

function blocked({ openNeeds, part, runPhase }: Situation): Explanation {
  if (openNeeds.length === 0) {
    return answerOf({
      waitsFor: [`run ${part.run} to begin it`],
      nextAction: "It is begun within moments.",
    });
  }
  const names = openNeeds.map(({ task }) => task).join(", ");
  return answerOf({
    waitsFor: openNeeds.map(({ task, state }) => `job ${part.run}/${task}, which is ${state}`),
    nextAction:
      runPhase === "cancelling"
        ? `It is skipped: run ${part.run} is being cancelled.`
        : `It is queued for cluster ${part.cluster} when ${names} ${openNeeds.length === 1 ? "has" : "have"} succeeded, and skipped if not.`,
    hints: openNeeds.map(({ task }) => `signalbox why ${part.run}/${task}`),
  });
}

function started(situation: Situation, job: JobSituation): Explanation {
  const { cluster, part, nowMs } = situation;
  switch (job.phase) {
    case "queued":
      return queued(situation);
    case "backoff": {
      const inS = Math.max(0, Math.ceil(((job.retryAtMs ?? nowMs) - nowMs) / 1000));
      const at = timeOf(job.retryAtMs ?? nowMs);
      return answerOf({
        waitsFor: [`the time of its next attempt, ${at} (in ${inS} s)`],
        limit: `attempt ${job.attemptsCounted} of ${job.attemptsMax} ended: ${job.reason}`,
        nextAction: `Attempt ${job.attemptsCounted + 1} is queued at ${at}.`,
      });
    }
    case "submitting":
    case "submitted":
    case "running":
      return onCluster(situation, job);
    default:
      return answerOf({
        waitsFor: [`run ${part.run} to take note that it ${job.phase}`],
        nextAction: `Run ${part.run} goes on within moments${cluster === null ? "" : `; cluster ${cluster.name} is free of it`}.`,
      });
  }
}

function queued({ cluster, part, nowMs }: Situation): Explanation {
  const registered = `signalbox cluster add ${part.cluster}`;
  if (cluster === null) {
    return answerOf({
      waitsFor: [`cluster ${part.cluster}, which is not registered`],
      nextAction: "It is refused by the cluster's queue.",
      hints: [registered],
    });
  }
  const { name, slots, placed, ahead, holders } = cluster;
  const others =
    ahead === null || ahead === 0 ? "" : `; ${jobs(ahead)} ${ahead === 1 ? "is" : "are"} ahead`;
  const away = absence(cluster, nowMs);
  if (away !== null) {
    return answerOf({
      waitsFor: [away.waitsFor],
      limit: others === "" ? "" : `cluster ${name}${others}`,
      nextAction: `It is given to cluster ${name} when ${away.until}.`,
      hints: away.hints,
    });
  }
  if (placed < slots && (ahead ?? 0) === 0) {
    return answerOf({
      waitsFor: [`the queue of cluster ${name}`],
      nextAction: `It is given to cluster ${name} within moments.`,
    });
  }
  return answerOf({
    waitsFor: [
      `one of ${slots} ${slots === 1 ? "slot" : "slots"} of cluster ${name}`,
      ...holders.map((holder) => `a slot is held by job ${holder}`),
    ],
    limit: `cluster ${name} runs ${placed} of ${slots} slots${others}`,
    nextAction: `It is given to cluster ${name} when a slot is free and the jobs ahead have theirs.`,
    hints: [`signalbox cluster show ${name}`],
  });
}

function onCluster({ cluster, part, nowMs }: Situation, job: JobSituation): Explanation {
  const name = cluster?.name ?? part.cluster;
  const kind = cluster?.kind ?? "cluster";
  const what = job.nativeId === null ? `attempt ${job.token}` : `${kind} job ${job.nativeId}`;
  const heard =
    job.evidenceAtMs === null
      ? "nothing was heard of it yet"
      : `last heard ${ageOf(job.evidenceAtMs, nowMs)} ago`;
  const away = cluster === null ? null : absence(cluster, nowMs);
  const waits: string[] = away === null ? [] : [away.waitsFor];
  if (away === null && job.unreachable !== null)
    waits.push(`cluster ${name} to answer: ${job.unreachable}`);
  const hints = away?.hints ?? [];
  if (job.cancelRequested !== null) {
    return answerOf({
      waitsFor: [...waits, `cluster ${name} to confirm that ${what} has stopped (${heard})`],
      nextAction: `It is cancelled when cluster ${name} confirms the end: ${job.cancelRequested}`,
      hints,
    });
  }
  if (job.phase === "submitting") {
    return answerOf({
      waitsFor: [
        ...waits,
        `the agent of cluster ${name} to say that the cluster has ${what} (${heard})`,
      ],
      nextAction: `The agent submits it, or finds it again by its name, and reports its ${kind} id.`,
      hints,
    });
  }
  if (job.phase === "submitted") {
    const reason = job.clusterReason === null ? "" : `; it says: ${job.clusterReason}`;
    return answerOf({
      waitsFor: [...waits, `cluster ${name} to start ${what}${reason} (${heard})`],
      limit: job.clusterReason === null ? "" : `cluster ${name} holds it: ${job.clusterReason}`,
      nextAction: `Cluster ${name} starts it by its own order; nothing here holds it.`,
      hints,
    });
  }
  const endsBy =
    job.timeoutMs === null || job.runningAtMs === null
      ? ""
      : `, at the latest at ${timeOf(job.runningAtMs + job.timeoutMs)} by its timeout`;
  return answerOf({
    waitsFor: waits,
    nextAction: `It ends when ${what} ends${endsBy} (${heard}).`,
    hints: [...hints, `signalbox logs -f ${part.run}/${part.task}`],
  });
}

/** Why nothing can be given to a cluster now. */
function absence(
  cluster: ClusterSituation,
  nowMs: number,
): { readonly waitsFor: string; readonly until: string; readonly hints: readonly string[] } | null {
  const { name } = cluster;
  if (!cluster.enrolled) {
    return {
      waitsFor: `an agent of cluster ${name}: none has enrolled`,
      until: "its agent has enrolled and connected",
      hints: [`signalbox cluster add ${name} gives a new enrolment token for: signalbox agent`],
    };
  }
  if (!cluster.connected) {
    const seen =
      cluster.agentSeenAtMs === 0
        ? "not seen since this scheduler started"
        : `last seen ${ageOf(cluster.agentSeenAtMs, nowMs)} ago`;
    return {
      waitsFor: `the agent of cluster ${name}, which is disconnected (${seen})`,
      until: "its agent is connected again",
      hints: [`Look at the agent of cluster ${name}: is it running, does it reach this scheduler?`],
    };
  }
  if (cluster.unreachable !== null) {
    return {
      waitsFor: `cluster ${name}, which does not answer its agent: ${cluster.unreachable}`,
      until: "the cluster answers",
      hints: [],
    };
  }
  return null;
}

function answerOf(part: Partial<Explanation> & { readonly nextAction: string }): Explanation {
  return { waitsFor: [], limit: "", hints: [], ...part };
}

function jobs(count: number): string {
  return count === 1 ? "1 job" : `${count} jobs`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function ageOf(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
