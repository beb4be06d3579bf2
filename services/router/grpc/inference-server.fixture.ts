// The gRPC door on a scripted source, and a grpc-js client at it.

import { onTestFinished } from "vitest";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { NO_TLS } from "#shared/mesh/tls.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics, type Metrics } from "#shared/telemetry/metrics.ts";
import { InferenceService } from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import {
  catalogOf,
  ScriptedSource,
  servedLantern,
  saying,
} from "../openai/scripted-source.fixture.ts";
import type { UsageRecord } from "../usage/usage-sums.ts";
import { TurnQueue } from "../wire/turn-queue.ts";
import { TextPool } from "../text/text-pool.ts";
import {
  startInferenceServer,
  type InferenceServer,
  type InferenceServerOptions,
} from "./inference-server.ts";

type Request = signalbox.inference.v1.ICompleteRequest;
type Message = signalbox.inference.v1.ICompleteResponse;

export interface TestDoor {
  readonly server: InferenceServer;
  readonly source: ScriptedSource;
  readonly usage: UsageRecord[];
  readonly metrics: Metrics;
  readonly client: Client;
}

type Options = Partial<InferenceServerOptions> & {
  readonly script?: ScriptedSource["script"];
  readonly time?: Clock & Timers;
};

export async function openDoor(options: Options = {}): Promise<TestDoor> {
  const { script = saying("Hello there, friend."), time, ...rest } = options;
  const source = new ScriptedSource(script);
  const usage: UsageRecord[] = [];
  const textPool = new TextPool({ threads: 1 });
  const metrics = createMetrics("router");
  const server = await startInferenceServer({
    ...{ listen: "127.0.0.1:0", tls: NO_TLS, source, textPool, metered: metrics, metrics: null },
    ...{ catalog: catalogOf(servedLantern()), authorise: null, random: seededRandom(7) },
    turns: new TurnQueue(),
    ...{ clock: time ?? systemClock, timers: time ?? systemTimers },
    logger: createLogger({ service: "router", level: "silent" }),
    usage: { add: (record) => usage.push(record()), sums: () => Promise.resolve([]) },
    ...rest,
  });
  const client = new Client(server.address, credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    await server.stop(0);
    await textPool.close();
  });
  return { server, source, usage, metrics, client };
}

export interface Completing {
  readonly messages: readonly Message[];
  readonly error: ServiceError | null;
  readonly headers: Metadata | null;
}

export interface CallSettings {
  readonly key?: string;
  readonly deadlineMs?: number;
  readonly metadata?: Metadata;
  /** Cancelled after so many messages. */
  readonly cancelAfter?: number;
}

/** One call to its end, whatever that is. */
export function complete(
  client: Client,
  request: Request,
  settings: CallSettings = {},
): Promise<Completing> {
  const { path, requestSerialize, responseDeserialize } = InferenceService.complete;
  const metadata = settings.metadata ?? new Metadata();
  if (settings.key !== undefined) metadata.set("authorization", `Bearer ${settings.key}`);
  const messages: Message[] = [];
  let headers: Metadata | null = null;
  const deadline = settings.deadlineMs === undefined ? {} : deadlineIn(settings.deadlineMs);
  const call = client.makeServerStreamRequest(
    ...([path, requestSerialize, responseDeserialize, request, metadata, deadline] as const),
  );
  if (settings.cancelAfter === 0) call.cancel();
  return new Promise((resolve) => {
    call.on("metadata", (given: Metadata) => (headers = given));
    call.on("data", (message: Message) => {
      messages.push(message);
      if (messages.length === settings.cancelAfter) call.cancel();
    });
    call.on("error", (error: ServiceError) => resolve({ messages, error, headers }));
    call.on("end", () => resolve({ messages, error: null, headers }));
  });
}

export function idsOf({ messages }: Completing): number[] {
  return messages.flatMap(({ tokenIds }) => tokenIds ?? []);
}

export function textOf({ messages }: Completing): string {
  return messages.map((message) => message.text ?? "").join("");
}

function deadlineIn(ms: number): { readonly deadline: number } {
  return { deadline: Date.now() + ms };
}
