// The REST gateway: finds the route, names the caller, counts the answer. Everything under /v1 but
// the API's own description takes a bearer token.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "#shared/base/errors.ts";
import type { HttpRoutes } from "#shared/lifecycle/http-health.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { Auth } from "../server/auth.ts";
import type { Services } from "../server/services.ts";
import { Exchange } from "./exchange.ts";
import { openApiOf } from "./openapi.ts";
import { ROUTES } from "./routes.ts";
import type { Route } from "./routes.ts";

const DESCRIPTION_PATH = "/v1/openapi.json";

export interface RestOptions {
  readonly auth: Auth;
  readonly services: Services;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly version: string;
}

export function restRoutes(options: RestOptions): HttpRoutes {
  const description = `${JSON.stringify(openApiOf(options.version))}\n`;
  return (request, response) => {
    const address = `http://localhost${request.url ?? "/"}`;
    if (!URL.canParse(address)) return false;
    const url = new URL(address);
    if (!url.pathname.startsWith("/v1/")) return false;
    if (request.method === "GET" && url.pathname === DESCRIPTION_PATH) {
      new Exchange(request, response, url.searchParams, {}).send(
        200,
        "application/json; charset=utf-8",
        description,
      );
      return true;
    }
    void answer(request, response, url, options);
    return true;
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  options: RestOptions,
): Promise<void> {
  const { auth, services, metrics, logger } = options;
  const startedMs = performance.now();
  const found = findRoute(request.method ?? "GET", url.pathname);
  const pattern = "route" in found ? found.route.path : "unknown";
  const exchange = new Exchange(
    request,
    response,
    url.searchParams,
    "route" in found ? found.path : {},
  );
  response.once("close", () => {
    const labels = {
      method: request.method ?? "",
      route: pattern,
      status: String(response.statusCode),
    };
    metrics.counter("signalbox_http_requests_total", labels).inc();
    metrics
      .histogram("signalbox_http_request_duration_seconds", { route: pattern })
      .observe((performance.now() - startedMs) / 1000);
  });
  try {
    if ("failure" in found) {
      exchange.fail(found.failure);
      return;
    }
    if ("allow" in found) {
      const message = `${url.pathname} takes ${found.allow}, not ${request.method}`;
      response.setHeader("allow", found.allow);
      exchange.answer(405, { error: { code: "INVALID", message } });
      return;
    }
    const caller = await auth.callerOf(request.headers.authorization);
    await found.route.handle(exchange, caller, services);
  } catch (reason) {
    if (!(reason instanceof Failure))
      logger.error({ err: reason, route: pattern }, "bug in a route");
    exchange.fail(
      reason instanceof Failure
        ? reason
        : new Failure("INTERNAL", "internal error: see the scheduler's log"),
    );
  }
}

type Found =
  | { readonly route: Route; readonly path: { readonly [name: string]: string } }
  | { readonly failure: Failure }
  /** The path is there, the method is not: the methods it takes. */
  | { readonly allow: string };

function findRoute(method: string, pathname: string): Found {
  const parts = pathname.split("/");
  const allowed: string[] = [];
  for (const route of ROUTES) {
    const path = matchPath(route.path.split("/"), parts);
    if (path === null) continue;
    if (route.method === method) return { route, path };
    allowed.push(route.method);
  }
  if (allowed.length > 0) return { allow: allowed.join(", ") };
  const hint = `GET ${DESCRIPTION_PATH} lists what there is`;
  return { failure: new Failure("NOT_FOUND", `there is no ${pathname} here`, { hint }) };
}

function matchPath(
  pattern: readonly string[],
  parts: readonly string[],
): { readonly [name: string]: string } | null {
  if (pattern.length !== parts.length) return null;
  const values: { [name: string]: string } = {};
  for (const [at, piece] of pattern.entries()) {
    const part = parts[at] ?? "";
    if (!piece.startsWith("{")) {
      if (piece !== part) return null;
      continue;
    }
    const value = decoded(part);
    if (value === null || value === "") return null;
    values[piece.slice(1, -1)] = value;
  }
  return values;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
