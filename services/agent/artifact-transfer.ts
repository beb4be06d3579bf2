// Artifacts between the agent's store and the scheduler's, each call with the agent's proof.

import { AgentService } from "#proto/services.ts";
import { clientOf } from "#shared/mesh/grpc-client.ts";
import type { ArtifactStore } from "#shared/state/artifact-store.ts";
import type { AgentMetrics } from "./agent-metrics.ts";
import type { Link } from "./link.ts";

/** Well below a gRPC message's limit, and small enough that a heartbeat is not held up by it. */
const CHUNK_BYTES = 256 * 1024;

/** Gets it from the scheduler; the store refuses a body that is not what its digest says. */
export async function fetchArtifact(
  digest: string,
  link: Link,
  store: ArtifactStore,
  metrics: AgentMetrics,
): Promise<void> {
  const { channel, metadata } = link.callOptions(AgentService.getArtifact.path);
  const pieces = clientOf(AgentService, channel).getArtifact({ digest }, { metadata });
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const { data } of pieces) {
      if (data == null || data.length === 0) continue;
      metrics.artifactBytes("in", data.length);
      yield data;
    }
  }
  await store.put(body(), digest);
}

/** Resolves when the scheduler has it on disk. */
export async function pushArtifact(
  digest: string,
  link: Link,
  store: ArtifactStore,
  metrics: AgentMetrics,
): Promise<void> {
  const { channel, metadata } = link.callOptions(AgentService.putArtifact.path);
  async function* pieces(): AsyncGenerator<{ digest: string; data: Uint8Array }> {
    yield { digest, data: new Uint8Array() };
    for await (const chunk of store.read(digest)) {
      for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
        const data = chunk.subarray(at, at + CHUNK_BYTES);
        metrics.artifactBytes("out", data.length);
        yield { digest, data };
      }
    }
  }
  await clientOf(AgentService, channel).putArtifact(pieces(), { metadata });
}
