// A cluster of this mesh, known to its scheduler and with its agent connected.

import { rmSync } from "node:fs";
import { Failure } from "#shared/base/errors.ts";
import { parseCluster, type ClusterView } from "../client/cluster-view.ts";
import type { ControlClient } from "../client/control-client.ts";
import type { MeshLayout } from "./mesh-layout.ts";
import { writeFileAtomic, type ClusterPlan, type ServiceRecord } from "./mesh-record.ts";
import { logTail } from "./start-service.ts";

const CONNECT_DEADLINE_MS = 60_000;
const POLL_MS = 25;

/** The cluster registered, with an enrolment token on file if its agent has yet to enrol. */
export async function registerCluster(
  control: ControlClient,
  layout: MeshLayout,
  cluster: ClusterPlan,
  agentStarts: boolean,
): Promise<void> {
  const { enrolmentTokenFile } = layout.agent(cluster.name);
  const known = await findCluster(control, cluster.name);
  if (known !== null && (known.agentId !== null || !agentStarts)) {
    if (known.agentId !== null) rmSync(enrolmentTokenFile, { force: true }); // Spent.
    return;
  }
  // Adding it again before its agent has enrolled gives a new token, so a lost answer does no harm.
  const answer = await control.again(() =>
    control.clusters.addCluster({
      namespace: control.context.namespace,
      name: cluster.name,
      kind: cluster.kind,
      slots: cluster.slots,
      makeDefault: cluster.makeDefault,
    }),
  );
  writeFileAtomic(enrolmentTokenFile, `${answer.enrolmentToken ?? ""}\n`); // U2 of mesh-up.ts
}

async function findCluster(control: ControlClient, name: string): Promise<ClusterView | null> {
  try {
    const request = { namespace: control.context.namespace, name };
    const answer = await control.again(() => control.clusters.getCluster(request));
    return parseCluster(answer.cluster ?? {});
  } catch (reason) {
    if (Failure.from(reason).code === "NOT_FOUND") return null;
    throw reason;
  }
}

export async function connectedCluster(
  control: ControlClient,
  name: string,
  agent: ServiceRecord,
): Promise<ClusterView> {
  const endMs = performance.now() + CONNECT_DEADLINE_MS;
  for (;;) {
    const cluster = await findCluster(control, name);
    if (cluster?.agent === "connected") return cluster;
    if (performance.now() > endMs) {
      const tail = logTail(agent.logFile);
      const said = tail === "" ? "" : `\nthe end of its log:\n${tail}`;
      const what = `the agent of cluster ${name} (pid ${agent.pid}) does not connect`;
      throw new Failure("UNAVAILABLE", `${what}${said}`, {
        hint: `the whole log is ${agent.logFile}`,
      });
    }
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}
