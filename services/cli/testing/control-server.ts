// A control plane that answers as a test says, over real gRPC on loopback.

import {
  ArtifactsService,
  ClustersService,
  JobsService,
  KeysService,
  NamespacesService,
  RunsService,
  UsageService,
} from "#proto/services.ts";
import { Failure } from "#shared/base/errors.ts";
import { GrpcServer, type ServiceHandlers } from "#shared/mesh/grpc-server.ts";
import type { ServiceTable } from "#shared/mesh/grpc-tables.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";

export interface ControlHandlers {
  readonly runs?: Partial<ServiceHandlers<typeof RunsService>>;
  readonly jobs?: Partial<ServiceHandlers<typeof JobsService>>;
  readonly clusters?: Partial<ServiceHandlers<typeof ClustersService>>;
  readonly namespaces?: Partial<ServiceHandlers<typeof NamespacesService>>;
  readonly artifacts?: Partial<ServiceHandlers<typeof ArtifactsService>>;
  readonly usage?: Partial<ServiceHandlers<typeof UsageService>>;
  readonly keys?: Partial<ServiceHandlers<typeof KeysService>>;
}

export interface ControlServer {
  /** HOST:PORT */
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/** Calls without a handler are refused. */
export async function controlServer(
  handlers: ControlHandlers,
  listen = "127.0.0.1:0",
): Promise<ControlServer> {
  const logger = createLogger({ service: "test", destination: { write: () => {} } });
  const server = new GrpcServer({ listen, metrics: createMetrics("test"), logger });
  server.add(RunsService, complete(RunsService, handlers.runs));
  server.add(JobsService, complete(JobsService, handlers.jobs));
  server.add(ClustersService, complete(ClustersService, handlers.clusters));
  server.add(NamespacesService, complete(NamespacesService, handlers.namespaces));
  server.add(ArtifactsService, complete(ArtifactsService, handlers.artifacts));
  server.add(UsageService, complete(UsageService, handlers.usage));
  server.add(KeysService, complete(KeysService, handlers.keys));
  const address = await server.start();
  return { address, stop: () => server.stop(200) };
}

function complete<T extends ServiceTable>(
  table: T,
  given: Partial<ServiceHandlers<T>> | undefined,
): ServiceHandlers<T> {
  const refusals = Object.entries(table).map(([name, method]) => {
    const refuse = (): never => {
      throw new Failure("UNSAFE", `${name} has no handler in this test`);
    };
    const unary = async (): Promise<never> => refuse();
    async function* stream(): AsyncGenerator<never> {
      yield await unary();
    }
    return [name, method.responseStream ? stream : unary] as const;
  });
  return { ...Object.fromEntries(refusals), ...given } as ServiceHandlers<T>;
}
