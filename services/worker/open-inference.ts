// The Open Inference Protocol's health and metadata (KServe's V2) of one worker, by gRPC and by
// HTTP: what platforms probe and list. Its ModelInfer is about tensors; a language model's tokens
// come by WorkerService.Generate, or as text by a router's API, and that is what it answers.
//
//   O1. Live is a worker whose engine has not failed; ready one that would take a request now.
//   O2. What is said by gRPC and by HTTP is the same.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "#shared/base/errors.ts";
import type { CheckKind, Health } from "#shared/lifecycle/health.ts";
import type { ServiceHandlers } from "#shared/mesh/grpc-server.ts";
import { STATUS_OF } from "#shared/mesh/status-mapping.ts";
import type {
  GRPCInferenceService,
  ModelMetadata,
  Named,
  ServerMetadata,
} from "./open-inference-messages.ts";

export interface OpenInferenceFacts {
  readonly health: Health;
  readonly model: string;
  /** Of this package. */
  readonly version: string;
  /** What computes: `cpu`, or the kind of server. */
  readonly backEnd: string;
}

const SERVER = "signalbox-worker";
const WAY_OUT =
  "generate by signalbox.inference.v1.WorkerService, or by a router's /v1/completions with text";
const INFER = "this server has no tensors to infer with: its model turns token ids into token ids";

export class OpenInference {
  readonly #facts: OpenInferenceFacts;

  constructor(facts: OpenInferenceFacts) {
    this.#facts = facts;
  }

  handlers(): ServiceHandlers<typeof GRPCInferenceService> {
    return {
      serverLive: async () => ({ live: await this.#is("live") }),
      serverReady: async () => ({ ready: await this.#is("ready") }),
      modelReady: async (asked) => ({ ready: this.#has(asked) && (await this.#is("ready")) }),
      serverMetadata: () => Promise.resolve(this.#server()),
      modelMetadata: (asked) => Promise.resolve(this.#model(asked)),
      modelInfer: () => Promise.reject(new Failure("UNIMPLEMENTED", INFER, { hint: WAY_OUT })),
    };
  }

  /** Takes `/v2` and what is below it; false for other paths. */
  async route(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path !== "/v2" && !path.startsWith("/v2/")) return false;
    try {
      const { status, body } = await this.#answer(request.method ?? "GET", path);
      send(response, status, body);
    } catch (reason) {
      const { code, message, hint } = Failure.from(reason);
      const error = hint === undefined ? message : `${message}; ${hint}`;
      send(response, STATUS_OF[code].http, { error });
    }
    return true;
  }

  async #answer(method: string, path: string): Promise<{ status: number; body: object }> {
    const [, , ...rest] = path.replace(/\/$/, "").split("/").map(decoded);
    const of = modelPath(rest);
    if (of !== null && of.rest === "infer" && method === "POST") {
      throw new Failure("UNIMPLEMENTED", INFER, { hint: WAY_OUT });
    }
    if (method !== "GET" && method !== "HEAD") {
      throw new Failure("INVALID", `${method} ${path} is no call of this protocol`);
    }
    if (rest.length === 0) return { status: 200, body: this.#server() };
    const health = rest.join("/");
    if (health === "health/live") return probe(["live"], await this.#is("live"));
    // The specification's member is `live` here too; KServe's own server says `ready`.
    if (health === "health/ready") return probe(["live", "ready"], await this.#is("ready"));
    if (of?.rest === "") return { status: 200, body: this.#model(of.asked) };
    if (of?.rest === "ready") {
      const { name } = this.#model(of.asked);
      const { status, body } = probe(["ready"], await this.#is("ready"));
      return { status, body: { name, ...body } };
    }
    throw new Failure("NOT_FOUND", `there is no ${path}`);
  }

  async #is(kind: CheckKind): Promise<boolean> {
    return (await this.#facts.health.report(kind)).ok;
  }

  #has({ name, version }: Named): boolean {
    return name === this.#facts.model && version === "";
  }

  #server(): ServerMetadata {
    return { name: SERVER, version: this.#facts.version, extensions: [] };
  }

  #model(asked: Named): ModelMetadata {
    const { model, backEnd } = this.#facts;
    if (!this.#has(asked)) {
      const version = asked.version === "" ? "" : ` in version ${asked.version}`;
      throw new Failure("NOT_FOUND", `there is no model ${asked.name}${version} here`, {
        hint: `this worker has ${model}, in one version without a number`,
      });
    }
    return {
      ...{ name: model, versions: [], platform: `signalbox_${backEnd.replaceAll("-", "_")}` },
      inputs: [{ name: "prompt_ids", datatype: "UINT32", shape: [-1] }],
      outputs: [{ name: "token_ids", datatype: "UINT32", shape: [-1] }],
    };
  }
}

interface ModelPath {
  readonly asked: Named;
  readonly rest: string;
}

/** `models/NAME[/versions/VERSION][/rest]`. */
function modelPath(parts: readonly string[]): ModelPath | null {
  const [models, name = "", ...rest] = parts;
  if (models !== "models" || name === "") return null;
  const [versions, version = "", ...after] = rest;
  if (versions !== "versions") return { asked: { name, version: "" }, rest: rest.join("/") };
  return version === "" ? null : { asked: { name, version }, rest: after.join("/") };
}

function probe(members: readonly string[], isWell: boolean): { status: number; body: object } {
  const body = Object.fromEntries(members.map((it) => [it, isWell]));
  return { status: isWell ? 200 : 503, body };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Failure("INVALID", `${part} is no text in a path`);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
