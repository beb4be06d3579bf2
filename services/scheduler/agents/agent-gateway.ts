// AgentService: enrolment, the proof at the start of each stream, and agents' artifacts.
//
// The handshake: hello → challenge → proof → welcome. The scheduler trusts a stream after the proof
// and not before; agents are told the epoch they must not go behind.

import { createHash, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { AgentService } from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { base32 } from "#shared/base/hash.ts";
import { parseClusterName, parseNamespaceId } from "#shared/base/ids.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import type { AttemptReport } from "#shared/base/job.ts";
import { challengeHolds, claimedAgentOf } from "#shared/mesh/agent-proof.ts";
import type { AgentName } from "#shared/mesh/agent-proof.ts";
import type { ServerCall, ServiceHandlers } from "#shared/mesh/grpc-server.ts";
import { exportPublicRaw } from "#shared/receipt/keys.ts";
import type { BoundCounter, Metrics } from "#shared/telemetry/metrics.ts";
import { clusterAddress } from "../core/messages.ts";
import type { Engine } from "../engine.ts";
import type { ArtifactTransfers } from "../server/artifacts-service.ts";
import { hashOf } from "../server/auth.ts";
import { AgentSession } from "./agent-session.ts";
import type { AgentStream } from "./agent-session.ts";
import type { AgentRegistry } from "./agent-registry.ts";

const HANDSHAKE_MS = 10_000;

export interface GatewayOptions {
  readonly engine: Engine;
  readonly registry: AgentRegistry;
  readonly transfers: ArtifactTransfers;
  /** The scheduler's own public key, told at enrolment. */
  readonly publicKey: KeyObject;
  readonly nowMs: () => number;
  readonly metrics: Metrics;
}

export class AgentGateway {
  readonly #options: GatewayOptions;
  readonly #taken: { readonly [K in AttemptReport["kind"]]: BoundCounter };

  constructor(options: GatewayOptions) {
    this.#options = options;
    const taken = (kind: AttemptReport["kind"]): BoundCounter =>
      options.metrics.counter("signalbox_reports_total", { kind, outcome: "committed" });
    this.#taken = {
      phase: taken("phase"),
      ended: taken("ended"),
      unreachable: taken("unreachable"),
      reachable: taken("reachable"),
    };
  }

  get handlers(): ServiceHandlers<typeof AgentService> {
    const { transfers } = this.#options;
    return {
      enrol: (request) => this.#enrol(request),
      connect: (stream) => this.#connect(stream),
      putArtifact: async (requests, call) => {
        const namespace = await this.#namespaceOf(call);
        const { digest } = await transfers.receive(requests, () => namespace);
        return { digest };
      },
      getArtifact: (request, call) => this.#getArtifact(request, call),
    };
  }

  async #enrol(
    request: signalbox.agent.v1.IEnrolRequest,
  ): Promise<signalbox.agent.v1.IEnrolResponse> {
    const token = request.enrolmentToken ?? "";
    const [, namespace, cluster] = /^sbe_([a-z0-9-]+)_([a-z0-9-]+)_[a-z2-7]+$/.exec(token) ?? [];
    if (namespace === undefined || cluster === undefined) {
      throw this.#refuse(
        "enrolment",
        "this is no enrolment token",
        "signalbox cluster add gives one",
      );
    }
    const publicKey = request.publicKey ?? new Uint8Array();
    if (publicKey.length !== 32) throw new Failure("INVALID", "an Ed25519 public key has 32 bytes");
    const agentId = base32(createHash("sha256").update(publicKey).digest()).slice(0, 16);
    const address = clusterAddress(parseNamespaceId(namespace), parseClusterName(cluster));
    const answer = await this.#options.engine.ask<"cluster">(address, {
      kind: "enrol",
      tokenHash: hashOf(token),
      agentId,
      publicKey: Buffer.from(publicKey).toString("hex"),
    });
    const { agentId: id } = answer as { agentId: string };
    return {
      agentId: id,
      namespace,
      cluster,
      schedulerPublicKey: exportPublicRaw(this.#options.publicKey),
    };
  }

  async *#getArtifact(
    request: signalbox.agent.v1.IGetArtifactRequest,
    call: ServerCall,
  ): AsyncGenerator<{ data: Uint8Array }, void, void> {
    const namespace = await this.#namespaceOf(call);
    yield* this.#options.transfers.send(namespace, request.digest ?? "");
  }

  /**
   * The calling agent's. UNAUTHENTICATED unless the call's proof is by the key that agent enrolled
   * with.
   */
  async #namespaceOf(call: ServerCall): Promise<NamespaceId> {
    const claim = claimedAgentOf(call.metadata, call.method, this.#options.nowMs());
    const known = await this.#agentOf(claim);
    claim.check(known?.agentId === claim.agentId ? known.publicKey : null);
    return parseNamespaceId(claim.namespace);
  }

  #connect(stream: AgentStream): void {
    let session: AgentSession | null = null;
    let onProof: ((signature: Uint8Array) => void) | null = null;
    let begun = false;
    const late = setTimeout(
      () => stream.end(new Failure("DEADLINE", "no handshake in time")),
      HANDSHAKE_MS,
    );
    stream.listen({
      onMessage: (message) => {
        if (session !== null) {
          session.onMessage(message);
        } else if (message.hello != null && !begun) {
          begun = true;
          this.#handshake(stream, message.hello, (listener) => (onProof = listener)).then(
            (made) => {
              clearTimeout(late);
              session = made;
              if (stream.over) made?.onStreamOver();
            },
            (reason: unknown) => stream.end(Failure.from(reason)),
          );
        } else if (message.proof != null && onProof !== null) {
          onProof(message.proof.signature ?? new Uint8Array());
          onProof = null;
        } else {
          stream.end(new Failure("INVALID", "a stream begins with hello, then proof"));
        }
      },
      onEnd: () => {
        clearTimeout(late);
        session?.onStreamOver();
      },
    });
  }

  /** The session, welcomed and in its seat; `null` when the stream ended on the way. */
  async #handshake(
    stream: AgentStream,
    hello: signalbox.agent.v1.IHello,
    onProof: (listener: (signature: Uint8Array) => void) => void,
  ): Promise<AgentSession | null> {
    const { engine, registry, nowMs } = this.#options;
    const agent = {
      agentId: hello.agentId ?? "",
      namespace: hello.namespace ?? "",
      cluster: hello.cluster ?? "",
    };
    const known = await this.#agentOf(agent);
    if (known === null || known.agentId !== agent.agentId) {
      throw this.#refuse(
        "agent",
        `${agent.agentId} is not the agent of cluster ${agent.cluster}`,
        "Enrol it: signalbox cluster add",
      );
    }
    const nonce = randomBytes(32);
    const proof = new Promise<Uint8Array>((resolve) => onProof(resolve));
    stream.write({ challenge: { nonce } });
    const signature = await proof; // Or never: the handshake's deadline ends the stream.
    if (!challengeHolds(known.publicKey, nonce, agent.agentId, signature)) {
      throw this.#refuse(
        "proof",
        `the proof is not by the key agent ${agent.agentId} enrolled with`,
        "Its key file was replaced: enrol it under a new cluster name.",
      );
    }
    const address = clusterAddress(agent.namespace, agent.cluster);
    const { partition, epoch } = await engine.placeOf(address);
    if ((hello.epochSeen ?? 0) > epoch) {
      throw new Failure(
        "FENCED",
        `the agent has seen epoch ${hello.epochSeen}, this scheduler has ${epoch}`,
      );
    }
    const ticket = registry.reserve(agent.namespace, agent.cluster);
    const journalId = hello.journalId ?? "";
    const journalNew = hello.journalNew === true;
    const fresh = journalNew || known.journalId !== journalId;
    const commandSeen = hello.commandSeen ?? 0;
    const connected = { kind: "agent-connected", journalId, journalNew, commandSeen } as const;
    const asked = engine.ask<"cluster">(address, connected);
    const { reportSeen } = (await asked.catch((reason: unknown) => {
      registry.abandon(address, ticket); // The stream before this one was told to go.
      throw reason;
    })) as { reportSeen: number };
    if (stream.over) {
      registry.abandon(address, ticket);
      return null;
    }
    const session: AgentSession = new AgentSession({
      stream,
      agent,
      journalId,
      epoch,
      commandSeen: fresh ? 0 : commandSeen,
      engine,
      nowMs,
      onReports: (reports) => {
        for (const { report } of reports) this.#taken[report.kind].inc();
      },
      onOver: () => registry.leave(session),
    });
    stream.write({
      welcome: { epoch, partition, reportSeen, heartbeatIntervalMs: registry.heartbeatMs },
    });
    if (!registry.sit(session, ticket))
      throw new Failure("FENCED", "a newer stream of this agent took over");
    return session;
  }

  #agentOf(
    agent: AgentName,
  ): Promise<{ agentId: string; publicKey: string; journalId: string | null } | null> {
    const address = clusterAddress(
      parseNamespaceId(agent.namespace),
      parseClusterName(agent.cluster),
    );
    return this.#options.engine.read<
      "cluster",
      { agentId: string; publicKey: string; journalId: string | null } | null
    >(address, (cluster) =>
      cluster?.agent == null
        ? null
        : {
            agentId: cluster.agent.id,
            publicKey: cluster.agent.publicKey,
            journalId: cluster.journal?.id ?? null,
          },
    );
  }

  #refuse(reason: string, message: string, hint: string): Failure {
    this.#options.metrics.counter("signalbox_auth_refusals_total", { reason }).inc();
    return new Failure("UNAUTHENTICATED", message, { hint });
  }
}
