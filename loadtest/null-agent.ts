// An agent without a cluster: it speaks the real protocol and reports every attempt as ended the
// moment it is told of it. What a benchmark of the scheduler needs on the other side.

import { AgentService } from "#proto/services.ts";
import type { AttemptReport, AttemptSpec } from "#shared/base/job.ts";
import { signChallenge } from "#shared/mesh/agent-proof.ts";
import { type GrpcChannel, clientOf } from "#shared/mesh/grpc-client.ts";
import { exportPublicRaw, generateKeyPair } from "#shared/receipt/keys.ts";

export interface NullAgent {
  /** When each command arrived, performance.now(), by run id. */
  readonly arrivedMs: ReadonlyMap<string, number>;
  readonly ended: () => number;
  close(): void;
}

export async function startNullAgent(
  channel: GrpcChannel,
  enrolmentToken: string,
): Promise<NullAgent> {
  const service = clientOf(AgentService, channel);
  const { publicKey, privateKey } = generateKeyPair();
  const raw = exportPublicRaw(publicKey);
  const enrolled = await service.enrol({
    enrolmentToken,
    publicKey: raw,
    version: "bench",
    host: "bench",
  });
  const [agentId, namespace, cluster] = [
    enrolled.agentId ?? "",
    enrolled.namespace ?? "",
    enrolled.cluster ?? "",
  ];
  const call = service.connect();
  const arrivedMs = new Map<string, number>();
  let seq = 0;
  let pending: { seq: number; token: string; reportJson: Uint8Array }[] = [];
  const flush = (): void => {
    call.write({ reports: { reports: pending } });
    pending = [];
  };
  const welcomed = new Promise<void>((resolve, reject) => {
    call.listen({
      onMessage: (message) => {
        if (message.challenge?.nonce != null) {
          const signature = signChallenge(privateKey, message.challenge.nonce, agentId);
          call.write({ proof: { signature } });
        } else if (message.welcome != null) {
          resolve();
        } else if (message.command?.submit?.specJson != null) {
          const text = Buffer.from(message.command.submit.specJson).toString("utf8");
          const spec = JSON.parse(text) as AttemptSpec;
          arrivedMs.set(spec.run, performance.now());
          seq += 1;
          const reportJson = Buffer.from(JSON.stringify(endOf()));
          if (pending.push({ seq, token: spec.token, reportJson }) === 1) setImmediate(flush);
        }
      },
      onEnd: (failure) => reject(failure ?? new Error("the stream ended")),
    });
  });
  welcomed.catch(() => {}); // After the welcome an end is close()'s doing.
  call.write({
    hello: {
      ...{ agentId, namespace, cluster, version: "bench", journalId: `bench-${agentId}` },
      ...{ commandSeen: 0, epochSeen: 0, journalNew: true },
    },
  });
  await welcomed;
  const heartbeat = setInterval(() => {
    call.write({ heartbeat: { atMs: Date.now(), clusterState: "reachable" } });
  }, 1000);
  return {
    arrivedMs,
    ended: () => seq,
    close: () => {
      clearInterval(heartbeat);
      call.cancel();
    },
  };
}

function endOf(): AttemptReport {
  const nowMs = Date.now();
  return {
    ...{ kind: "ended", nativeId: "none", outputs: [], receipt: null, receiptDigest: null },
    outcome: {
      ...{ cause: "ok", exitCode: 0, signal: null, confidence: "proven", cpuMs: 0, maxRssKb: null },
      ...{ startedAtMs: nowMs, endedAtMs: nowMs, message: "" },
    },
    evidence: { source: "supervisor", raw: "exit 0 0 0", atMs: nowMs },
  };
}
