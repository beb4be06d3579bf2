// The artifact store for people and services; agents come through agents/agent-gateway.ts to the
// same two functions at the end. Every call is about one namespace and what that one has.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { OwnedArtifacts } from "./owned-artifacts.ts";

const DIGESTS_MAX = 1000;

export class ArtifactsService {
  readonly #plane: ControlPlane;
  readonly transfers: ArtifactTransfers;

  constructor(plane: ControlPlane, metrics: Metrics) {
    this.#plane = plane;
    this.transfers = new ArtifactTransfers(plane.artifacts, metrics);
  }

  async findMissing(
    caller: Caller,
    request: signalbox.control.v1.IFindMissingRequest,
  ): Promise<{ missing: string[] }> {
    const { auth, artifacts } = this.#plane;
    const namespace = auth.require(caller, request.namespace, "submitter");
    const digests = [...new Set(request.digests)];
    if (digests.length > DIGESTS_MAX)
      throw new Failure("INVALID", `more than ${DIGESTS_MAX} digests in one call`);
    const sizes = await Promise.all(digests.map((digest) => artifacts.sizeOf(namespace, digest)));
    return { missing: digests.filter((_, at) => sizes[at] === null) };
  }

  async put(
    caller: Caller,
    requests: AsyncIterable<signalbox.control.v1.IPutArtifactRequest>,
  ): Promise<{ digest: string; sizeBytes: number }> {
    return await this.transfers.receive(requests, (first) =>
      this.#plane.auth.require(caller, first.namespace, "submitter"),
    );
  }

  get(
    caller: Caller,
    request: signalbox.control.v1.IGetArtifactRequest,
  ): AsyncGenerator<{ data: Uint8Array }, void, void> {
    const namespace = this.#plane.auth.require(caller, request.namespace, "viewer");
    return this.transfers.send(namespace, request.digest ?? "");
  }
}

interface Piece {
  readonly digest?: string | null;
  readonly data?: Uint8Array | null;
}

/** Bodies in and out of the store, counted. */
export class ArtifactTransfers {
  readonly #artifacts: OwnedArtifacts;
  readonly #metrics: Metrics;

  constructor(artifacts: OwnedArtifacts, metrics: Metrics) {
    this.#artifacts = artifacts;
    this.#metrics = metrics;
  }

  /**
   * INVALID when the body is not what the first message's digest says. `namespaceOf` that message
   * has the artifact when this resolves; it throws when the caller may not put it there.
   */
  async receive<P extends Piece>(
    pieces: AsyncIterable<P>,
    namespaceOf: (first: P) => NamespaceId,
  ): Promise<{ digest: string; sizeBytes: number }> {
    const iterator = pieces[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done === true) throw new Failure("INVALID", "an artifact without a first message");
    const namespace = namespaceOf(first.value);
    const digest = first.value.digest ?? "";
    const bytes = this.#metrics.counter("signalbox_artifact_bytes_total", { direction: "in" });
    async function* body(head: P): AsyncGenerator<Uint8Array> {
      for (let piece: P | null = head; piece !== null;) {
        if (piece.data != null && piece.data.length > 0) {
          bytes.inc(piece.data.length);
          yield piece.data;
        }
        const next = await iterator.next();
        piece = next.done === true ? null : next.value;
      }
    }
    const known = (await this.#artifacts.sizeOf(namespace, digest)) !== null;
    const artifact = await this.#artifacts.put(namespace, body(first.value), digest);
    this.#metrics
      .counter("signalbox_artifacts_total", { outcome: known ? "known" : "sealed" })
      .inc();
    return artifact;
  }

  /**
   * NOT_FOUND when the namespace has none; CORRUPT at the end when its bytes are not what its name
   * says.
   */
  async *send(
    namespace: NamespaceId,
    digest: string,
  ): AsyncGenerator<{ data: Uint8Array }, void, void> {
    const bytes = this.#metrics.counter("signalbox_artifact_bytes_total", { direction: "out" });
    for await (const data of this.#artifacts.read(namespace, digest)) {
      bytes.inc(data.length);
      yield { data };
    }
  }
}
