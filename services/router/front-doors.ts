// Where clients come in: OpenAI's HTTP API, and gRPC where it has an address. Opened and drained
// together.

import type { TlsFiles } from "#shared/mesh/tls.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { startInferenceServer, type InferenceServer } from "./grpc/inference-server.ts";
import {
  startOpenAiServer,
  type OpenAiServer,
  type OpenAiServerOptions,
} from "./openai/http-server.ts";
import type { Authoriser } from "./requests/grant.ts";
import type { TurnQueue } from "./wire/turn-queue.ts";
import type { RequestMetrics, UsageBook } from "./requests/request-desk.ts";

export interface FrontDoorOptions extends Omit<OpenAiServerOptions, "listen"> {
  /** `HOST:PORT`. */
  readonly http: string;
  /** Null: there is none. */
  readonly grpc: string | null;
  /** Of gRPC. */
  readonly tls: TlsFiles;
  readonly turns: TurnQueue;
  readonly metered: Metrics;
  readonly metrics: RequestMetrics;
  readonly usage: UsageBook | null;
  readonly authorise: Authoriser | null;
}

export class FrontDoors {
  readonly #http: OpenAiServer;
  readonly #grpc: InferenceServer | null;

  private constructor(http: OpenAiServer, grpc: InferenceServer | null) {
    this.#http = http;
    this.#grpc = grpc;
  }

  /** UNAVAILABLE when an address cannot be had: then neither is open. */
  static async open(options: FrontDoorOptions): Promise<FrontDoors> {
    const http = await startOpenAiServer({ ...options, listen: options.http });
    if (options.grpc === null) return new FrontDoors(http, null);
    try {
      const grpc = await startInferenceServer({ ...options, listen: options.grpc });
      return new FrontDoors(http, grpc);
    } catch (reason) {
      await http.stop(0);
      throw reason;
    }
  }

  /** `HOST:PORT` as bound. */
  get addresses(): { readonly http: string; readonly grpc: string | null } {
    return { http: this.#http.address, grpc: this.#grpc?.address ?? null };
  }

  /** Models came or went. */
  refresh(): void {
    this.#grpc?.refresh();
  }

  /** Refuses what is new, lets the rest end, cuts what is left after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    await Promise.all([this.#http.stop(deadlineMs), this.#grpc?.stop(deadlineMs)]);
  }
}
