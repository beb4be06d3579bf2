// Which path leads where.

import type { ServerResponse } from "node:http";

import { answerJson, type ApiCall } from "./api-call.ts";
import { ApiError } from "./api-error.ts";
import { answerChat, answerCompletion } from "./generation-routes.ts";
import { answerDetokenize, answerModel, answerModels, answerTokenize } from "./model-routes.ts";
import { answerUsage } from "./usage-route.ts";

/** What the routes that need no key may see. */
export interface OpenCall {
  readonly response: ServerResponse;
  /** Some model is ready and nothing drains. */
  readonly serves: boolean;
  readonly load: number;
  readonly version: string;
}

interface RoutePlace {
  readonly method: "GET" | "POST";
  /** As metrics and logs name it. */
  readonly path: string;
  /** Is in metrics and logs, and a drain waits for it. */
  readonly counted: boolean;
}

export type Route =
  | (RoutePlace & { readonly open: true; answer(call: OpenCall): void })
  | (RoutePlace & { readonly open: false; answer(call: ApiCall): void | Promise<void> });

const HEALTH_RETRY_SECONDS = "5";
const MODEL_PATH = "/v1/models/";
export const ROUTE_METHODS = "GET, POST, OPTIONS";

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>(
  [
    post("/v1/chat/completions", answerChat),
    post("/v1/completions", answerCompletion),
    post("/tokenize", answerTokenize),
    post("/detokenize", answerDetokenize),
    get("/v1/models", answerModels),
    get("/v1/usage", answerUsage),
    open("/health", answerHealth),
    open("/ping", answerHealth),
    open("/version", (call) => answerJson(call.response, 200, { version: call.version })),
    open("/load", (call) => answerJson(call.response, 200, { server_load: call.load })),
  ].map((route) => [route.path, route]),
);

/** Null: not the API's. A slash at the end changes nothing. */
export function routeOf(url: string): Route | null {
  const path = url.split("?", 1)[0] ?? "/";
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  const route = ROUTES.get(trimmed);
  if (route !== undefined) return route;
  if (!trimmed.startsWith(MODEL_PATH)) return null;
  const written = trimmed.slice(MODEL_PATH.length);
  return get(`${MODEL_PATH}{id}`, (call) => answerModel(call, decoded(written)));
}

/** Says whether requests can be served, not that a process listens. */
function answerHealth(call: OpenCall): void {
  if (call.serves) {
    call.response.writeHead(200, { "content-length": 0 }).end();
    return;
  }
  const error = new ApiError(503, "No model is ready.", { code: "unavailable" });
  answerJson(call.response, 503, error.body, { "retry-after": HEALTH_RETRY_SECONDS });
}

function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch (cause) {
    throw new ApiError(400, "The path is not well encoded.", { code: "invalid_url", cause });
  }
}

function post(path: string, answer: (call: ApiCall) => Promise<void>): Route {
  return { method: "POST", path, counted: true, open: false, answer };
}

function get(path: string, answer: (call: ApiCall) => void | Promise<void>): Route {
  return { method: "GET", path, counted: false, open: false, answer };
}

function open(path: string, answer: (call: OpenCall) => void): Route {
  return { method: "GET", path, counted: false, open: true, answer };
}
