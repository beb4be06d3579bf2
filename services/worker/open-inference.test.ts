// The Open Inference Protocol over real sockets: a grpc-js client with the protocol's own messages,
// and fetch.

import { loadPackageDefinition, Metadata, credentials, status as Status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { expect, onTestFinished, test } from "vitest";
import { Health } from "#shared/lifecycle/health.ts";
import { startHttp } from "#shared/lifecycle/http-health.ts";
import { GrpcServer } from "#shared/mesh/grpc-server.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { GRPCInferenceService } from "./open-inference-messages.ts";
import { OpenInference } from "./open-inference.ts";
import { silent } from "./worker-world.fixture.ts";

/** Written down from the specification a second time, for a client that knows nothing of ours. */
const string = (id: number) => ({ id, type: "string" });
const named = { fields: { name: string(1), version: string(2) } };
const tensor = {
  fields: {
    name: string(1),
    datatype: string(2),
    shape: { id: 3, type: "int64", rule: "repeated" },
  },
};
const rpc = (name: string) => ({ requestType: `${name}Request`, responseType: `${name}Response` });
const SPECIFICATION = {
  nested: {
    inference: {
      nested: {
        GRPCInferenceService: {
          methods: Object.fromEntries(
            ["ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata"]
              .concat("ModelInfer")
              .map((name) => [name, rpc(name)] as const),
          ),
        },
        ServerLiveRequest: { fields: {} },
        ServerLiveResponse: { fields: { live: { id: 1, type: "bool" } } },
        ServerReadyRequest: { fields: {} },
        ServerReadyResponse: { fields: { ready: { id: 1, type: "bool" } } },
        ModelReadyRequest: named,
        ModelReadyResponse: { fields: { ready: { id: 1, type: "bool" } } },
        ServerMetadataRequest: { fields: {} },
        ServerMetadataResponse: {
          fields: { ...named.fields, extensions: { ...string(3), rule: "repeated" } },
        },
        ModelMetadataRequest: named,
        ModelMetadataResponse: {
          fields: {
            ...{ name: string(1), versions: { ...string(2), rule: "repeated" } },
            ...{ platform: string(3), inputs: { id: 4, type: "TensorMetadata", rule: "repeated" } },
            outputs: { id: 5, type: "TensorMetadata", rule: "repeated" },
          },
          nested: { TensorMetadata: tensor },
        },
        ModelInferRequest: { fields: { model_name: string(1) } },
        ModelInferResponse: { fields: { model_name: string(1) } },
      },
    },
  },
};

interface Answer {
  readonly answer: object | null;
  readonly error: ServiceError | null;
}

type Call = (request: object, done: (error: ServiceError | null, answer?: object) => void) => void;

async function world() {
  const health = new Health();
  const state: { failed: string | null; draining: string | null } = {
    failed: null,
    draining: null,
  };
  health.add("live", "engine", () => state.failed);
  health.add("ready", "drain", () => state.draining);
  const facts = { health, model: "a/b c", version: "1.2.3", backEnd: "llama-server" };
  const protocol = new OpenInference(facts);
  const metrics = createMetrics("worker");
  const server = new GrpcServer({ listen: "127.0.0.1:0", metrics, logger: silent });
  server.add(GRPCInferenceService, protocol.handlers());
  const address = await server.start();
  onTestFinished(() => server.stop(0));
  const http = await startHttp({
    ...{ health, metrics: createMetrics("worker"), logger: silent },
    routes: (request, response) => protocol.route(request, response),
  });
  onTestFinished(() => http.close(0));
  const { inference } = loadPackageDefinition(
    fromJSON(SPECIFICATION as unknown as Parameters<typeof fromJSON>[0], {
      keepCase: true,
      longs: Number,
      defaults: true,
    }),
  ) as unknown as {
    readonly inference: {
      readonly GRPCInferenceService: new (
        address: string,
        secure: ReturnType<typeof credentials.createInsecure>,
      ) => { readonly [method: string]: Call } & { close(): void };
    };
  };
  const client = new inference.GRPCInferenceService(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const call = (method: string, request: object = {}): Promise<Answer> =>
    new Promise((resolve) => {
      client[method]?.(request, (error, answer) => resolve({ error, answer: answer ?? null }));
    });
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://${http.address}${path}`, init);
    const type = response.headers.get("content-type") ?? "";
    expect(type).toMatch(/^application\/json/u);
    return { status: response.status, body: (await response.json()) as object };
  };
  return { state, call, get };
}

const MODEL = {
  ...{ name: "a/b c", versions: [], platform: "signalbox_llama_server" },
  inputs: [{ name: "prompt_ids", datatype: "UINT32", shape: [-1] }],
  outputs: [{ name: "token_ids", datatype: "UINT32", shape: [-1] }],
};
const SERVER = { name: "signalbox-worker", version: "1.2.3", extensions: [] };

test("by gRPC: health, then what it is", async () => {
  const { state, call } = await world();
  const said = async (method: string, request: object = {}): Promise<object | null> =>
    (await call(method, request)).answer;
  expect(await said("ServerLive")).toEqual({ live: true });
  expect(await said("ServerReady")).toEqual({ ready: true });
  expect(await said("ModelReady", { name: "a/b c" })).toEqual({ ready: true });
  expect(await said("ModelReady", { name: "other" })).toEqual({ ready: false });
  expect(await said("ServerMetadata")).toEqual(SERVER);
  expect(await said("ModelMetadata", { name: "a/b c" })).toEqual(MODEL);
  state.draining = "draining";
  expect(await said("ServerLive")).toEqual({ live: true });
  expect(await said("ServerReady")).toEqual({ ready: false });
  expect(await said("ModelReady", { name: "a/b c" })).toEqual({ ready: false });
  state.failed = "it broke";
  expect(await said("ServerLive")).toEqual({ live: false });
});

test("by gRPC: no other model, no version, and no tensors", async () => {
  const { call } = await world();
  const other = await call("ModelMetadata", { name: "other" });
  expect(other.error).toMatchObject({ code: Status.NOT_FOUND });
  expect(other.error?.details).toContain("there is no model other here");
  const versioned = await call("ModelMetadata", { name: "a/b c", version: "2" });
  expect(versioned.error).toMatchObject({ code: Status.NOT_FOUND });
  const { error } = await call("ModelInfer", { model_name: "a/b c" });
  expect(error).toMatchObject({ code: Status.UNIMPLEMENTED });
  const hint = (error?.metadata ?? new Metadata()).get("signalbox-hint-bin")[0];
  expect(String(hint)).toContain("WorkerService");
});

test("by HTTP: the same, with the status that probes look at", async () => {
  const { state, get } = await world();
  expect(await get("/v2/health/live")).toEqual({ status: 200, body: { live: true } });
  expect(await get("/v2/health/ready")).toMatchObject({ status: 200, body: { live: true } });
  expect(await get("/v2")).toEqual({ status: 200, body: SERVER });
  expect(await get("/v2/")).toEqual({ status: 200, body: SERVER });
  expect(await get("/v2/models/a%2Fb%20c")).toEqual({ status: 200, body: MODEL });
  const ready = { status: 200, body: { name: "a/b c", ready: true } };
  expect(await get("/v2/models/a%2Fb%20c/ready")).toEqual(ready);
  state.draining = "draining";
  expect(await get("/v2/health/live")).toMatchObject({ status: 200 });
  expect(await get("/v2/health/ready")).toMatchObject({ status: 503, body: { ready: false } });
  expect(await get("/v2/models/a%2Fb%20c/ready")).toMatchObject({ status: 503 });
  state.failed = "it broke";
  expect(await get("/v2/health/live")).toEqual({ status: 503, body: { live: false } });
});

test("by HTTP: what is not there is an error of the protocol's form", async () => {
  const { get } = await world();
  const error = (text: string) => ({ error: expect.stringContaining(text) as string });
  const cases: readonly (readonly [string, RequestInit, number, string])[] = [
    ["/v2/models/other", {}, 404, "there is no model other"],
    ["/v2/models/other/ready", {}, 404, "there is no model other"],
    ["/v2/models/a%2Fb%20c/versions/2", {}, 404, "in version 2"],
    ["/v2/models/a%2Fb%20c/versions/2/ready", {}, 404, "in version 2"],
    ["/v2/models/a%2Fb%20c/infer", { method: "POST", body: "{}" }, 501, "WorkerService"],
    ["/v2/health", {}, 404, "there is no /v2/health"],
    ["/v2/models", {}, 404, "there is no /v2/models"],
    ["/v2/health/live", { method: "POST" }, 400, "no call of this protocol"],
    ["/v2/models/%ff", {}, 400, "no text"],
  ];
  for (const [path, init, status, text] of cases) {
    expect(await get(path, init), path).toEqual({ status, body: error(text) });
  }
});
