// The public API over gRPC: every call names its caller by a bearer token, then goes to its
// service.

import * as tables from "#proto/services.ts";
import { formatTraceparent } from "#shared/telemetry/tracing.ts";
import type { GrpcServer, ServerCall } from "#shared/mesh/grpc-server.ts";
import type { Auth, Caller } from "./auth.ts";
import type { Services } from "./services.ts";

export function addControlServices(server: GrpcServer, auth: Auth, services: Services): void {
  const { runs, jobs, clusters, namespaces, artifacts, usage, keys } = services;
  const callerOf = (call: ServerCall): Promise<Caller> =>
    auth.callerOf(call.metadata.get("authorization")[0]?.toString());

  async function* stream<T>(
    call: ServerCall,
    open: (caller: Caller) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, void> {
    yield* open(await callerOf(call));
  }

  server.add(tables.RunsService, {
    submitRun: async (request, call) =>
      await runs.submit(await callerOf(call), request, formatTraceparent(call.trace)),
    getRun: async (request, call) => await runs.get(await callerOf(call), request),
    listRuns: async (request, call) => await runs.list(await callerOf(call), request),
    watchRun: (request, call) => stream(call, (caller) => runs.watch(caller, request, call.signal)),
    cancelRun: async (request, call) => await runs.cancel(await callerOf(call), request),
    retryRun: async (request, call) => await runs.retry(await callerOf(call), request),
    getReceipts: async (request, call) =>
      await runs.receipts(await callerOf(call), request, call.signal),
  });
  server.add(tables.JobsService, {
    getJob: async (request, call) => await jobs.get(await callerOf(call), request),
    listJobs: async (request, call) => await jobs.list(await callerOf(call), request),
    explainJob: async (request, call) => await jobs.explain(await callerOf(call), request),
    cancelJob: async (request, call) => await jobs.cancel(await callerOf(call), request),
    readLogs: (request, call) => stream(call, (caller) => jobs.logs(caller, request, call.signal)),
  });
  server.add(tables.ClustersService, {
    addCluster: async (request, call) => await clusters.add(await callerOf(call), request),
    getCluster: async (request, call) => await clusters.get(await callerOf(call), request),
    listClusters: async (request, call) => await clusters.list(await callerOf(call), request),
  });
  server.add(tables.NamespacesService, {
    createToken: async (request, call) =>
      await namespaces.createToken(await callerOf(call), request),
    listTokens: async (request, call) => await namespaces.listTokens(await callerOf(call), request),
    revokeToken: async (request, call) =>
      await namespaces.revokeToken(await callerOf(call), request),
    whoAmI: async (_request, call) => namespaces.whoAmI(await callerOf(call)),
  });
  server.add(tables.UsageService, {
    postUsage: async (request, call) => await usage.post(await callerOf(call), request),
    getUsage: async (request, call) => await usage.get(await callerOf(call), request),
  });
  server.add(tables.KeysService, {
    addKey: async (request, call) => await keys.add(await callerOf(call), request),
    listKeys: async (request, call) => await keys.list(await callerOf(call), request),
    revokeKey: async (request, call) => await keys.revoke(await callerOf(call), request),
    syncKeys: async (request, call) => await keys.sync(await callerOf(call), request),
  });
  server.add(tables.ArtifactsService, {
    findMissing: async (request, call) =>
      await artifacts.findMissing(await callerOf(call), request),
    putArtifact: async (requests, call) => await artifacts.put(await callerOf(call), requests),
    getArtifact: (request, call) => stream(call, (caller) => artifacts.get(caller, request)),
  });
}
