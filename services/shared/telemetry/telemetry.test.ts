import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";

import { Failure } from "#shared/base/errors.ts";
import { createLogger, withTrace } from "./logger.ts";
import { METRICS, type MetricSpec } from "./metric-names.ts";
import { createMetrics } from "./metrics.ts";
import {
  childTrace,
  continueTrace,
  extractTrace,
  formatTraceparent,
  injectTrace,
  newTrace,
  parseTraceparent,
} from "./tracing.ts";

function capture(level = "info"): {
  lines: () => Record<string, unknown>[];
  raw: string[];
  logger: ReturnType<typeof createLogger>;
} {
  const raw: string[] = [];
  const destination = { write: (line: string) => void raw.push(line) };
  const logger = createLogger({ service: "test", level, destination });
  return {
    logger,
    raw,
    lines: () => raw.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test("a line carries service, level, time and trace", () => {
  const { logger, lines } = capture();
  const trace = newTrace();
  withTrace(logger, trace).info({ job: "a/b" }, "placed");
  logger.debug("not this one");
  expect(lines()).toHaveLength(1);
  expect(lines()[0]).toMatchObject({
    service: "test",
    level: "info",
    trace_id: trace.traceId,
    job: "a/b",
    msg: "placed",
    pid: process.pid,
  });
  expect(Date.parse(String(lines()[0]?.["time"]))).toBeGreaterThan(0);
});

test("a secret's name is known at three levels, in lists, children and errors", () => {
  const { logger, raw, lines } = capture();
  const secret = "c2VjcmV0";
  const given = { list: [{ token: secret }], deep: { deeper: { password: secret } }, kept: 1 };
  logger.child({ cookie: secret, of: { bearer: secret } }).info(given);
  const error = Object.assign(new Error("it broke"), { key_pem: secret, at: { token: secret } });
  logger.error({ err: error, reason: error });
  logger.error(error);
  expect(raw.join("")).not.toContain(secret);
  expect(given.list[0]?.token).toBe(secret);
  expect(lines()[0]).toMatchObject({
    ...{ list: [{ token: "[redacted]" }], deep: { deeper: { password: "[redacted]" } }, kept: 1 },
    ...{ cookie: "[redacted]", of: { bearer: "[redacted]" } },
  });
  for (const line of lines().slice(1)) {
    const stack = expect.stringContaining("telemetry.test.ts") as unknown;
    expect(line["err"]).toMatchObject({ type: "Error", message: "it broke", stack });
  }
});

test("no secret leaves, by member name or inside a text", () => {
  const { logger, raw, lines } = capture();
  const pem = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";
  logger.info({ token: "c2VjcmV0", request: { headers: { authorization: "Bearer c2VjcmV0" } } });
  logger.error(
    { err: new Error("refused: Authorization: Bearer c2VjcmV0c2VjcmV0") },
    `bad key ${pem}`,
  );
  expect(raw.join("")).not.toContain("c2VjcmV0");
  expect(raw.join("")).toContain("Bearer [redacted]");
  expect(lines()).toHaveLength(2);
});

test("a disk that is full under the log ends nothing", () => {
  const full = openSync("/dev/full", "w"); // Every write to it is ENOSPC.
  onTestFinished(() => closeSync(full));
  const code = `
    import { createLogger } from "${new URL("logger.ts", import.meta.url).href}";
    const logger = createLogger({ service: "x" });
    for (let at = 0; at < 3; at++) logger.error("nobody reads this");
    process.stdout.write("goes on");`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", full],
  });
  expect([child.status, child.stdout.toString()]).toEqual([0, "goes on"]);
});

test("a failure keeps its code, hint and cause", () => {
  const { logger, lines } = capture();
  const cause = new Error("ENOSPC");
  logger.error({ err: new Failure("FULL", "disk full", { cause, hint: "free some" }) }, "no room");
  expect(lines()[0]?.["err"]).toMatchObject({ code: "FULL", hint: "free some", retry: "later" });
  expect(JSON.stringify(lines()[0])).toContain("ENOSPC");
});

test("words that a failure has from its cause are said once, other words of it each", () => {
  const { logger, lines } = capture();
  const disk = new Error("ENOSPC");
  const engine = new Error("/m/config.json: no such model", { cause: disk });
  const failure = new Failure("INVALID", engine.message, { cause: engine });
  disk.cause = failure; // A circle ends.
  logger.error({ err: failure });
  expect(lines()[0]?.["err"]).toMatchObject({ message: "/m/config.json: no such model: ENOSPC" });
});

test("a metric is listed once it is used, with its type, labels and value", async () => {
  const metrics = createMetrics("test");
  metrics.counter("signalbox_turns_total", { actor: "run", outcome: "ok" }).inc();
  metrics.gauge("signalbox_queue_waiting", { cluster: "local" }).set(3);
  metrics.histogram("signalbox_commit_duration_seconds", { driver: "embedded" }).observe(0.003);
  metrics.onScrape(() => metrics.gauge("signalbox_partitions_owned", {}).set(16));
  const text = await metrics.render();
  expect(text).toContain('signalbox_turns_total{actor="run",outcome="ok",service="test"} 1');
  expect(text).toContain('signalbox_queue_waiting{cluster="local",service="test"} 3');
  expect(text).toContain('signalbox_partitions_owned{service="test"} 16');
  expect(text).toMatch(/commit_duration_seconds_bucket\{le="0.005",[^}]*"embedded"[^}]*\} 1/);
  expect(text).toMatch(/process_resident_memory_bytes\{service="test"\} \d+/);
  const used = ["signalbox_turns_total", "signalbox_queue_waiting", "signalbox_partitions_owned"];
  const listed = [...text.matchAll(/^# TYPE (signalbox_\w+) /gm)].map(([, name]) => name);
  expect(listed).toEqual(expect.arrayContaining(used));
  expect(listed).toHaveLength(used.length + 1); // And the histogram.
});

test("every metric of the table can be used, and has its type then", async () => {
  const metrics = createMetrics("test");
  for (const [name, { type, labels }] of Object.entries<MetricSpec>(METRICS)) {
    const use = metrics[type] as (name: string, labels: Record<string, string>) => unknown;
    use(name, Object.fromEntries(labels.map((label) => [label, "x"])));
  }
  const text = await metrics.render();
  for (const [name, spec] of Object.entries(METRICS)) {
    expect(text, name).toContain(`# TYPE ${name} ${spec.type}`);
  }
});

test("two registries share nothing", async () => {
  const [one, two] = [createMetrics("one"), createMetrics("two")];
  one.gauge("signalbox_agents_connected", {}).set(7);
  expect(await two.render()).not.toMatch(/agents_connected\{[^}]*\} 7/);
});

test("names follow Prometheus: unit last, counters end with total", () => {
  for (const [name, spec] of Object.entries(METRICS)) {
    expect(name).toMatch(/^(?:(?:signalbox|process|nodejs)_|vllm:)[a-z_]+$/);
    expect(name.endsWith("_total"), name).toBe(spec.type === "counter");
    expect(spec.help.length, name).toBeGreaterThan(10);
    const buckets = "buckets" in spec ? spec.buckets : null;
    expect(buckets !== null, name).toBe(spec.type === "histogram");
    if (buckets !== null) expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
  }
});

test("a trace survives its text and its carriers", () => {
  const trace = newTrace();
  expect(parseTraceparent(formatTraceparent(trace))).toEqual(trace);
  const headers = new Headers();
  injectTrace(headers, trace);
  expect(extractTrace(headers)).toEqual(trace);
  expect(extractTrace({ get: () => [Buffer.from("x"), formatTraceparent(trace)] })).toBeNull();
  expect(extractTrace({ get: () => [formatTraceparent(trace)] })).toEqual(trace);
  expect(continueTrace(headers).traceId).toBe(trace.traceId);
  expect(childTrace(trace).spanId).not.toBe(trace.spanId);
  expect(continueTrace(new Headers()).traceId).toMatch(/^[0-9a-f]{32}$/);
});

test("what is no traceparent is ignored", () => {
  const [id, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  expect(parseTraceparent(`00-${id}-${span}-01`)?.sampled).toBe(true);
  expect(parseTraceparent(`00-${id}-${span}-00`)?.sampled).toBe(false);
  expect(parseTraceparent(`01-${id}-${span}-01-more`)?.traceId).toBe(id);
  for (const bad of [
    "",
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-01-more`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${id}-${"0".repeat(16)}-01`,
    `00-${id.toUpperCase()}-${span}-01`,
    `00-${id}-${span}`,
  ]) {
    expect(parseTraceparent(bad), bad).toBeNull();
  }
});
