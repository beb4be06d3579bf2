// Ends the mesh that `up` recorded: those processes and no others. Agents go first, so that nothing
// new starts, then the scheduler, then the log's server. Jobs on the local cluster run on without
// them unless they are to be ended too; an agent adopts them when it is started again.

import { existsSync } from "node:fs";
import { Failure } from "#shared/base/errors.ts";
import type { ControlClient } from "../client/control-client.ts";
import { runningLocalJobs, type LocalJob } from "./local-jobs.ts";
import { meshLayout } from "./mesh-layout.ts";
import {
  meshRecordPath,
  readMeshRecord,
  withMeshLock,
  writeMeshRecord,
  type ServiceRecord,
} from "./mesh-record.ts";
import { stopService, type StopResult } from "./stop-service.ts";

export interface DownOptions {
  readonly home: string;
  /** End the jobs of the local cluster too. */
  readonly jobs: boolean;
  /** To cancel jobs through the scheduler, so that their runs say so; `null` when it is gone. */
  readonly client: ControlClient | null;
}

export interface MeshDown {
  readonly services: readonly {
    readonly name: string;
    readonly pid: number;
    readonly result: StopResult;
  }[];
  /** Jobs of local clusters that still run. */
  readonly left: readonly LocalJob[];
  /** Jobs that were ended because `jobs` was asked for. */
  readonly ended: readonly LocalJob[];
}

const SERVICE_GRACE_MS = 15_000;
const JOB_GRACE_MS = 10_000;
const POLL_MS = 25;

/** Null when there is no mesh in this home. */
export async function meshDown(options: DownOptions): Promise<MeshDown | null> {
  if (!existsSync(meshRecordPath(options.home))) return null;
  return withMeshLock(options.home, () => takeDown(options));
}

async function takeDown(options: DownOptions): Promise<MeshDown> {
  const record = readMeshRecord(options.home);
  const roots = localRoots(options.home, record.services);
  const before = roots.flatMap(runningLocalJobs);
  if (options.jobs && before.length > 0) await endJobs(before, roots, options.client);
  const services: { name: string; pid: number; result: StopResult }[] = [];
  for (const service of record.services.toSorted((a, b) => rank(a) - rank(b))) {
    const result = await stopService(service, SERVICE_GRACE_MS);
    services.push({ name: service.name, pid: service.pid, result });
  }
  // What a crashed mesh left behind, or what nobody could cancel: ended by its own identity.
  if (options.jobs) {
    for (const job of roots.flatMap(runningLocalJobs)) await stopService(job, JOB_GRACE_MS);
  }
  const left = roots.flatMap(runningLocalJobs);
  // Kept with its addresses: the next `up` listens where this one did.
  writeMeshRecord(options.home, record);
  const stuck = services.find((service) => service.result === "still-there");
  if (stuck !== undefined) {
    throw new Failure(
      "UNAVAILABLE",
      `${stuck.name} (pid ${stuck.pid}) does not end, not even killed`,
      {
        hint: "it may hang on a dead disk or network mount; look with `ps`, then run down again",
      },
    );
  }
  const leftTokens = new Set(left.map((job) => job.token));
  return { services, left, ended: before.filter((job) => !leftTokens.has(job.token)) };
}

/** Cancels them through the scheduler and waits until the agent has ended them. */
async function endJobs(
  jobs: readonly LocalJob[],
  roots: readonly string[],
  client: ControlClient | null,
): Promise<void> {
  if (client === null) return;
  const { namespace } = client.context;
  for (const { job } of jobs) {
    if (job === null) continue;
    try {
      await client.jobs.cancelJob({ namespace, id: job, reason: "signalbox down --jobs" });
    } catch {
      return; // Nobody can be asked any more: they are ended by pid below.
    }
  }
  const endMs = performance.now() + JOB_GRACE_MS;
  while (roots.some((root) => runningLocalJobs(root).length > 0) && performance.now() < endMs) {
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}

function localRoots(home: string, services: readonly ServiceRecord[]): readonly string[] {
  const layout = meshLayout(home);
  return services
    .filter((service) => service.name.startsWith("agent-"))
    .map((service) => layout.agent(service.name.slice("agent-".length)).root);
}

function rank(service: ServiceRecord): number {
  if (service.name.startsWith("agent-")) return 0;
  return service.name === "scheduler" ? 1 : 2;
}
