// Where a mesh on this machine keeps its files, all below its home.

import { join } from "node:path";

export interface MeshLayout {
  readonly home: string;
  readonly logs: string;
  readonly adminTokenFile: string;
  readonly schedulerConfig: string;
  readonly schedulerState: string;
  readonly embeddedLog: string;
  readonly natsDirectory: string;
  readonly workerSecretFile: string;
  readonly routerConfig: string;
  readonly workerConfig: (worker: string) => string;
  readonly workerState: (worker: string) => string;
  readonly agent: (cluster: string) => AgentLayout;
}

export interface AgentLayout {
  readonly config: string;
  readonly state: string;
  readonly root: string;
  readonly enrolmentTokenFile: string;
}

export function meshLayout(home: string): MeshLayout {
  return {
    home,
    logs: join(home, "logs"),
    adminTokenFile: join(home, "secrets", "admin-token"),
    schedulerConfig: join(home, "scheduler.toml"),
    schedulerState: join(home, "scheduler"),
    embeddedLog: join(home, "log"),
    natsDirectory: join(home, "nats"),
    workerSecretFile: join(home, "secrets", "worker-secret"),
    routerConfig: join(home, "router.toml"),
    workerConfig: (worker) => join(home, `${worker}.toml`),
    workerState: (worker) => join(home, "workers", worker),
    agent: (cluster) => ({
      config: join(home, `agent-${cluster}.toml`),
      state: join(home, "agents", cluster, "state"),
      root: join(home, "agents", cluster, "root"),
      enrolmentTokenFile: join(home, "secrets", `enrolment-${cluster}`),
    }),
  };
}
