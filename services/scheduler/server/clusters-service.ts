// Clusters: registered, shown, listed. What the log knows joined with what the agent's stream says
// now.

import { randomBytes } from "node:crypto";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { base32 } from "#shared/base/hash.ts";
import { parseClusterName } from "#shared/base/ids.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import { clusterAddress, namespaceAddress } from "../core/messages.ts";
import type { ClusterState } from "../core/state.ts";
import { hashOf } from "./auth.ts";
import type { Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";

type ClusterView = signalbox.control.v1.ICluster;

/**
 * Attempts given to an agent at once when nobody says: a batch system queues, a machine does not.
 */
export const DEFAULT_SLOTS: { readonly [kind: string]: number } = { local: 2, slurm: 200 };
const SLOTS_MAX = 100_000;
const ENROLMENT_MS = 3_600_000;

export class ClustersService {
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /** Adding one again, before its agent has enrolled, gives a new enrolment token. */
  async add(
    caller: Caller,
    request: signalbox.control.v1.IAddClusterRequest,
  ): Promise<{ cluster: ClusterView; enrolmentToken: string }> {
    const { engine, auth, clock } = this.#plane;
    const namespace = auth.require(caller, request.namespace, "admin");
    const name = parseClusterName(request.name ?? "");
    const kind = request.kind ?? "";
    const fallback = DEFAULT_SLOTS[kind];
    if (fallback === undefined) {
      const kinds = Object.keys(DEFAULT_SLOTS).join(" or ");
      throw new Failure("INVALID", `${JSON.stringify(kind)} is no kind of cluster: ${kinds}`);
    }
    const slots = request.slots || fallback;
    if (slots > SLOTS_MAX) throw new Failure("INVALID", `more than ${SLOTS_MAX} slots`);
    const enrolmentToken = `sbe_${namespace}_${name}_${base32(randomBytes(20))}`;
    await engine.ask<"cluster">(clusterAddress(namespace, name), {
      kind: "add",
      clusterKind: kind,
      slots,
      enrolmentHash: hashOf(enrolmentToken),
      enrolmentExpiresAtMs: clock.nowMs() + ENROLMENT_MS,
    });
    const makeDefault = request.makeDefault === true;
    await engine.ask<"namespace">(namespaceAddress(namespace), {
      kind: "add-cluster",
      name,
      makeDefault,
    });
    return { cluster: await this.#viewOf(namespace, name), enrolmentToken };
  }

  async get(
    caller: Caller,
    request: { readonly namespace?: string | null; readonly name?: string | null },
  ): Promise<{ cluster: ClusterView }> {
    const namespace = this.#plane.auth.require(caller, request.namespace, "viewer");
    return { cluster: await this.#viewOf(namespace, parseClusterName(request.name ?? "")) };
  }

  async list(
    caller: Caller,
    request: { readonly namespace?: string | null },
  ): Promise<{ clusters: ClusterView[] }> {
    const { auth, engine } = this.#plane;
    const namespace = auth.require(caller, request.namespace, "viewer");
    const names = await engine.read<"namespace", string[]>(namespaceAddress(namespace), (state) => [
      ...(state?.clusters ?? []),
    ]);
    return { clusters: await Promise.all(names.map((name) => this.#viewOf(namespace, name))) };
  }

  async #viewOf(namespace: NamespaceId, name: string): Promise<ClusterView> {
    const { engine } = this.#plane;
    const fallback = await engine.read<"namespace", string | null>(
      namespaceAddress(namespace),
      (state) => state?.defaultCluster ?? null,
    );
    const view = await engine.read<"cluster", ClusterView | null>(
      clusterAddress(namespace, name),
      (cluster) => (cluster === undefined ? null : this.#join(cluster, fallback === name)),
    );
    if (view === null)
      throw new Failure("NOT_FOUND", `there is no cluster ${name} in namespace ${namespace}`);
    return view;
  }

  #join(cluster: ClusterState, isDefault: boolean): ClusterView {
    const presence = this.#plane.agents.presenceOf(cluster.namespace, cluster.name);
    const never = cluster.agent === null || cluster.journal === null;
    return {
      name: cluster.name,
      namespace: cluster.namespace,
      kind: cluster.kind,
      agent: presence.connected ? "connected" : never ? "never_connected" : "disconnected",
      agentSeenAtMs: presence.seenAtMs,
      state: presence.connected ? presence.clusterState : "unknown",
      reason: presence.connected ? presence.clusterReason : "its agent is not connected",
      slots: cluster.slots,
      placed: cluster.placed.size,
      waiting: cluster.waiting.size,
      facts: { ...presence.facts },
      callsPerMinute: presence.callsPerMinute,
      agentId: cluster.agent?.id ?? "",
      defaultCluster: isDefault,
    };
  }
}
