// The artifact store for people and services; agents come through agents/agent-gateway.ts to the
// same two functions at the end.

import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { ArtifactStore } from "#shared/state/artifact-store.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { Caller } from "./auth.ts";
import type { ControlPlane } from "./control-plane.ts";

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
    auth.require(caller, request.namespace, "submitter");
    const digests = [...new Set(request.digests)];
    if (digests.length > DIGESTS_MAX)
      throw new Failure("INVALID", `more than ${DIGESTS_MAX} digests in one call`);
    const sizes = await Promise.all(digests.map((digest) => artifacts.sizeOf(digest)));
    return { missing: digests.filter((_, at) => sizes[at] === null) };
  }

  async put(
    caller: Caller,
    requests: AsyncIterable<signalbox.control.v1.IPutArtifactRequest>,
  ): Promise<{ digest: string; sizeBytes: number }> {
    return await this.transfers.receive(requests, (first) => {
      this.#plane.auth.require(caller, first.namespace, "submitter");
    });
  }

  get(
    caller: Caller,
    request: signalbox.control.v1.IGetArtifactRequest,
  ): AsyncGenerator<{ data: Uint8Array }, void, void> {
    this.#plane.auth.require(caller, request.namespace, "viewer");
    return this.transfers.send(request.digest ?? "");
  }
}

interface Piece {
  readonly digest?: string | null;
  readonly data?: Uint8Array | null;
}

/** Bodies in and out of the store, counted. */
export class ArtifactTransfers {
  readonly #artifacts: ArtifactStore;
  readonly #metrics: Metrics;

  constructor(artifacts: ArtifactStore, metrics: Metrics) {
    this.#artifacts = artifacts;
    this.#metrics = metrics;
  }

  /**
   * INVALID when the body is not what the first message's digest says; `check` sees that message.
   */
  async receive<P extends Piece>(
    pieces: AsyncIterable<P>,
    check: (first: P) => void = () => {},
  ): Promise<{ digest: string; sizeBytes: number }> {
    const iterator = pieces[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done === true) throw new Failure("INVALID", "an artifact without a first message");
    check(first.value);
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
    const known = (await this.#artifacts.sizeOf(digest)) !== null;
    const artifact = await this.#artifacts.put(body(first.value), digest);
    this.#metrics
      .counter("signalbox_artifacts_total", { outcome: known ? "known" : "sealed" })
      .inc();
    return artifact;
  }

  /**
   * NOT_FOUND when it is not here; CORRUPT at the end when its bytes are not what its name says.
   */
  async *send(digest: string): AsyncGenerator<{ data: Uint8Array }, void, void> {
    const bytes = this.#metrics.counter("signalbox_artifact_bytes_total", { direction: "out" });
    for await (const data of this.#artifacts.read(digest, { verify: true })) {
      bytes.inc(data.length);
      yield { data };
    }
  }
}
