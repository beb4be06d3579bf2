// Every REST route: its method, its path and what it does with the services that gRPC calls too.
// openapi.ts describes each of them; a test holds the two together.

import { Failure } from "#shared/base/errors.ts";
import { continueTrace, formatTraceparent } from "#shared/telemetry/tracing.ts";
import type { Caller } from "../server/auth.ts";
import type { Services } from "../server/services.ts";
import { watchEvents } from "./event-stream.ts";
import type { Exchange } from "./exchange.ts";
import { jobJson, parseDay, parseJobState, parseRunState, runJson } from "./json-views.ts";
import { usageJson } from "./json-views.ts";
import { parseSubmission } from "./submission-body.ts";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `{name}` stands for one part of the path. */
  readonly path: string;
  readonly handle: (exchange: Exchange, caller: Caller, services: Services) => Promise<void>;
}

export const ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/workflows",
    handle: async (exchange, caller, { workflows }) => {
      const fileName = exchange.query.get("file") ?? "workflow.yaml";
      const workflow = await workflows.put(caller, await exchange.body(), fileName);
      exchange.answer(201, { workflow });
    },
  },
  {
    method: "GET",
    path: "/v1/workflows",
    handle: async (exchange, caller, { workflows }) => {
      exchange.answer(200, { workflows: await workflows.list(caller) });
    },
  },
  {
    method: "GET",
    path: "/v1/workflows/{digest}",
    handle: async (exchange, caller, { workflows }) => {
      const { workflow, manifest } = await workflows.get(caller, exchange.part("digest"));
      exchange.answer(200, { workflow, manifest: manifest.toString("utf8") });
    },
  },
  {
    method: "POST",
    path: "/v1/runs",
    handle: async (exchange, caller, services) => {
      const request = await parseSubmission(exchange, caller, services.workflows);
      const { run, existed } = await services.runs.submit(caller, request, traceparentOf(exchange));
      exchange.answer(existed ? 200 : 201, { run: runJson(run), existed });
    },
  },
  {
    method: "GET",
    path: "/v1/runs",
    handle: async (exchange, caller, { runs }) => {
      const { query } = exchange;
      const answer = await runs.list(caller, {
        page: pageOf(exchange),
        states: query.getAll("state").map(parseRunState),
        workflow: query.get("workflow") ?? "",
        cluster: query.get("cluster") ?? "",
        name: query.get("name") ?? "",
        sinceMs: exchange.number("sinceMs"),
        untilMs: exchange.number("untilMs"),
      });
      exchange.answer(200, { runs: answer.runs.map(runJson), nextToken: answer.nextToken });
    },
  },
  {
    method: "GET",
    path: "/v1/runs/{run}",
    handle: async (exchange, caller, { runs }) => {
      const { run, jobs } = await runs.get(caller, { id: exchange.part("run") });
      exchange.answer(200, { run: runJson(run ?? {}), jobs: (jobs ?? []).map(jobJson) });
    },
  },
  {
    method: "GET",
    path: "/v1/runs/{run}/events",
    handle: async (exchange, caller, { runs }) => {
      await watchEvents(
        exchange,
        runs.watch(caller, { id: exchange.part("run") }, exchange.signal),
      );
    },
  },
  {
    method: "POST",
    path: "/v1/runs/{run}/cancel",
    handle: async (exchange, caller, { runs }) => {
      const reason = textOf((await exchange.json(["reason"]))["reason"], "reason");
      const { run } = await runs.cancel(caller, { id: exchange.part("run"), reason });
      exchange.answer(200, { run: runJson(run) });
    },
  },
  {
    method: "POST",
    path: "/v1/runs/{run}/retry",
    handle: async (exchange, caller, { runs }) => {
      const { run } = await runs.retry(caller, { id: exchange.part("run") });
      exchange.answer(200, { run: runJson(run) });
    },
  },
  {
    method: "GET",
    path: "/v1/runs/{run}/receipts",
    handle: async (exchange, caller, { runs }) => {
      const { bundleJson } = await runs.receipts(
        caller,
        { id: exchange.part("run") },
        exchange.signal,
      );
      exchange.send(200, "application/vnd.signalbox.receipts.v1+json", bundleJson);
    },
  },
  {
    method: "GET",
    path: "/v1/jobs",
    handle: async (exchange, caller, { jobs }) => {
      const { query } = exchange;
      const answer = await jobs.list(caller, {
        page: pageOf(exchange),
        runId: query.get("run") ?? "",
        states: query.getAll("state").map(parseJobState),
        cluster: query.get("cluster") ?? "",
        name: query.get("name") ?? "",
        sinceMs: exchange.number("sinceMs"),
        untilMs: exchange.number("untilMs"),
      });
      exchange.answer(200, { jobs: answer.jobs.map(jobJson), nextToken: answer.nextToken });
    },
  },
  {
    method: "GET",
    path: "/v1/jobs/{run}/{task}",
    handle: async (exchange, caller, { jobs }) => {
      const { job } = await jobs.get(caller, { id: jobIdOf(exchange) });
      exchange.answer(200, { job: jobJson(job) });
    },
  },
  {
    method: "GET",
    path: "/v1/jobs/{run}/{task}/why",
    handle: async (exchange, caller, { jobs }) => {
      const { job, ...explanation } = await jobs.explain(caller, { id: jobIdOf(exchange) });
      exchange.answer(200, { job: jobJson(job ?? {}), ...explanation });
    },
  },
  {
    method: "POST",
    path: "/v1/jobs/{run}/{task}/cancel",
    handle: async (exchange, caller, { jobs }) => {
      const reason = textOf((await exchange.json(["reason"]))["reason"], "reason");
      const { job } = await jobs.cancel(caller, { id: jobIdOf(exchange), reason });
      exchange.answer(200, { job: jobJson(job) });
    },
  },
  {
    method: "GET",
    path: "/v1/jobs/{run}/{task}/logs",
    handle: async (exchange, caller, { jobs }) => {
      const request = {
        id: jobIdOf(exchange),
        stream: exchange.query.get("stream") ?? "stdout",
        follow: exchange.flag("follow"),
        attempt: exchange.number("attempt"),
      };
      const pieces = jobs.logs(caller, request, exchange.signal);
      const first = await pieces.next(); // A refusal is an answer of its own, not half a log.
      exchange.begin("text/plain; charset=utf-8");
      if (first.done !== true) await exchange.write(first.value.data ?? new Uint8Array());
      for await (const { data } of pieces) {
        if (!(await exchange.write(data ?? new Uint8Array()))) return;
      }
      exchange.response.end();
    },
  },
  {
    method: "GET",
    path: "/v1/clusters",
    handle: async (exchange, caller, { clusters }) => {
      exchange.answer(200, await clusters.list(caller, {}));
    },
  },
  {
    method: "POST",
    path: "/v1/clusters",
    handle: async (exchange, caller, { clusters }) => {
      const body = await exchange.json(["name", "kind", "slots", "makeDefault"]);
      const answer = await clusters.add(caller, {
        name: textOf(body["name"], "name"),
        kind: textOf(body["kind"], "kind"),
        slots: countOf(body["slots"], "slots"),
        makeDefault: body["makeDefault"] === true,
      });
      exchange.answer(201, answer);
    },
  },
  {
    method: "GET",
    path: "/v1/clusters/{cluster}",
    handle: async (exchange, caller, { clusters }) => {
      exchange.answer(200, await clusters.get(caller, { name: exchange.part("cluster") }));
    },
  },
  {
    method: "GET",
    path: "/v1/usage",
    handle: async (exchange, caller, { usage }) => {
      const { query } = exchange;
      const answer = await usage.get(caller, {
        namespace: query.get("namespace") ?? "",
        fromDay: parseDay(query.get("from"), "from"),
        toDay: parseDay(query.get("to"), "to"),
      });
      exchange.answer(200, { usage: answer.cells.map(usageJson) });
    },
  },
  {
    method: "POST",
    path: "/v1/keys",
    handle: async (exchange, caller, { keys }) => {
      const body = await exchange.json(KEY_FIELDS);
      const texts = ["namespace", "name", "sha256", "priority", "priorityMax"] as const;
      const counts = ["requestsPerMinute", "tokensPerMinute", "concurrent"] as const;
      const answer = await keys.add(caller, {
        ...Object.fromEntries(texts.map((field) => [field, textOf(body[field], field)])),
        ...Object.fromEntries(counts.map((field) => [field, countOf(body[field], field)])),
        models: textsOf(body["models"], "models"),
      });
      exchange.answer(answer.existed ? 200 : 201, answer);
    },
  },
  {
    method: "GET",
    path: "/v1/keys",
    handle: async (exchange, caller, { keys }) => {
      const namespace = exchange.query.get("namespace") ?? "";
      exchange.answer(200, await keys.list(caller, { namespace }));
    },
  },
  {
    method: "DELETE",
    path: "/v1/keys/{name}",
    handle: async (exchange, caller, { keys }) => {
      const namespace = exchange.query.get("namespace") ?? "";
      exchange.answer(200, await keys.revoke(caller, { namespace, name: exchange.part("name") }));
    },
  },
  {
    method: "PUT",
    path: "/v1/artifacts/{digest}",
    handle: async (exchange, caller, { artifacts }) => {
      const digest = exchange.part("digest");
      async function* pieces(): AsyncGenerator<{ digest: string; data: Uint8Array }> {
        yield { digest, data: new Uint8Array() };
        for await (const data of exchange.request as AsyncIterable<Buffer>) yield { digest, data };
      }
      exchange.answer(201, { artifact: await artifacts.put(caller, pieces()) });
    },
  },
  {
    method: "GET",
    path: "/v1/artifacts/{digest}",
    handle: async (exchange, caller, { artifacts }) => {
      const pieces = artifacts.get(caller, { digest: exchange.part("digest") });
      const first = await pieces.next();
      exchange.begin("application/octet-stream");
      if (first.done !== true) await exchange.write(first.value.data);
      for await (const { data } of pieces) {
        if (!(await exchange.write(data))) return;
      }
      exchange.response.end();
    },
  },
];

const KEY_FIELDS = [
  ...["name", "sha256", "namespace", "models", "priority", "priorityMax"],
  ...["requestsPerMinute", "tokensPerMinute", "concurrent"],
];

function traceparentOf(exchange: Exchange): string {
  return formatTraceparent(continueTrace({ get: (key) => exchange.header(key) }));
}

function pageOf(exchange: Exchange): { size: number; token: string } {
  return { size: exchange.number("limit"), token: exchange.query.get("pageToken") ?? "" };
}

function jobIdOf(exchange: Exchange): string {
  return `${exchange.part("run")}/${exchange.part("task")}`;
}

function textOf(value: unknown, name: string): string {
  if (value === undefined || typeof value === "string") return value ?? "";
  throw new Failure("INVALID", `${name} is no text`);
}

function textsOf(value: unknown, name: string): string[] {
  if (value === undefined) return [];
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (isList) return value;
  throw new Failure("INVALID", `${name} is no list of texts`);
}

function countOf(value: unknown, name: string): number {
  if (value === undefined) return 0;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Failure("INVALID", `${name} is no whole number from 0`);
}
