// Every wait names what it waits for (I9): given a moment at which everything sent has arrived,
// each job and each task that goes not on has a reason, derived here from what can be seen.

import type { Report, SeenCluster, SeenJob, SeenProgress, SeenWaits } from "./observed.ts";

const ENDED = ["succeeded", "failed", "cancelled"];
/** A timer that is due may take this long to be heard. */
const TIMER_LATE_MS = 5_000;

export function checkWaits(seen: SeenWaits, report: Report): void {
  const clusters = new Map(seen.clusters.map((cluster) => [cluster.address, cluster]));
  for (const cluster of seen.clusters) checkCluster(cluster, report);
  for (const job of seen.jobs) {
    const reason = reasonOf(job, clusters.get(job.cluster), seen.nowMs);
    if (reason === null)
      report("I9", `${job.address} is ${job.phase} and waits for nothing that can be named`);
  }
  for (const run of seen.runs) checkRun(run, report);
}

/** After every commit: whoever waits for a slot waits because there is none to have. */
export function checkCluster(cluster: SeenCluster, report: Report): void {
  const { address, connected, unreachable, slots, waiting, placed } = cluster;
  if (placed.length > slots) report("I9", `${address} placed ${placed.length} on ${slots} slots`);
  if (waiting.length > 0 && holdOf(cluster) === null) {
    const facts = `connected ${connected}, unreachable ${unreachable}, ${placed.length} of ${slots} slots`;
    report("I9", `${address}: ${waiting[0]} waits with nothing in its way (${facts})`);
  }
}

/** Why a cluster gives no slot now; null when it could. */
function holdOf(cluster: SeenCluster): string | null {
  if (!cluster.connected) return "its agent is away";
  if (cluster.unreachable !== null) return `the cluster does not answer: ${cluster.unreachable}`;
  if (cluster.placed.length >= cluster.slots) return "every slot is taken";
  return null;
}

function reasonOf(job: SeenJob, cluster: SeenCluster | undefined, nowMs: number): string | null {
  if (ENDED.includes(job.phase)) return "it has ended";
  if (job.phase === "backoff") {
    const { retryAtMs } = job;
    return retryAtMs !== null && retryAtMs > nowMs - TIMER_LATE_MS ? "its back-off time" : null;
  }
  const token = job.openToken;
  if (token === null || cluster === undefined) return null;
  if (job.phase === "queued") return cluster.waiting.includes(token) ? holdOf(cluster) : null;
  return cluster.placed.includes(token) ? "its cluster's agent has it" : null;
}

function checkRun(run: SeenProgress, report: Report): void {
  if (ENDED.includes(run.phase)) return;
  if (run.phase === "receiving") {
    report("I9", `run ${run.id} is still being received`);
    return;
  }
  const over = new Set(
    run.tasks.filter(({ kind }) => kind === "ended" || kind === "skipped").map(({ id }) => id),
  );
  if (over.size === run.tasks.length)
    report("I9", `run ${run.id} is ${run.phase} and every task is over`);
  for (const task of run.tasks) {
    if (task.kind === "blocked" && task.needs.every((need) => over.has(need))) {
      report("I9", `${run.id}/${task.id} is blocked and everything it needs is over`);
    }
    if (task.kind === "started" && (task.job === null || ENDED.includes(task.job))) {
      report("I9", `${run.id}/${task.id} has begun and its job is ${task.job ?? "not there"}`);
    }
  }
}
