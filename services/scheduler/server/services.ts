// The public API's services, made once and called by both of its doors, gRPC and REST.

import type { Metrics } from "#shared/telemetry/metrics.ts";
import { ArtifactsService } from "./artifacts-service.ts";
import { ClustersService } from "./clusters-service.ts";
import type { ControlPlane } from "./control-plane.ts";
import { JobsService } from "./jobs-service.ts";
import type { KeyDirectory } from "./key-directory.ts";
import { KeysService } from "./keys-service.ts";
import { NamespacesService } from "./namespaces-service.ts";
import { RunsService } from "./runs-service.ts";
import { UsageService } from "./usage-service.ts";
import { WorkflowsService } from "./workflows-service.ts";

export interface Services {
  readonly runs: RunsService;
  readonly jobs: JobsService;
  readonly clusters: ClustersService;
  readonly namespaces: NamespacesService;
  readonly artifacts: ArtifactsService;
  readonly usage: UsageService;
  readonly keys: KeysService;
  readonly workflows: WorkflowsService;
}

/** `workflowsRoot`: a directory for what says who stored which workflow. */
export function servicesOf(
  plane: ControlPlane,
  liveKeys: KeyDirectory,
  metrics: Metrics,
  workflowsRoot: string,
): Services {
  return {
    runs: new RunsService(plane),
    jobs: new JobsService(plane),
    clusters: new ClustersService(plane),
    namespaces: new NamespacesService(plane),
    artifacts: new ArtifactsService(plane, metrics),
    usage: new UsageService(plane),
    keys: new KeysService(plane, liveKeys),
    workflows: new WorkflowsService(plane, workflowsRoot),
  };
}
