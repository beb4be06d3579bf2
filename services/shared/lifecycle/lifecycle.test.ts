import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { Health } from "./health.ts";
import { startHttp, type HttpRoutes } from "./http-health.ts";
import { Lifecycle } from "./lifecycle.ts";

const logger = createLogger({ service: "test", level: "silent" });

function track(life: Lifecycle, log: string[]) {
  return (name: string, stop: () => unknown = () => log.push(`-${name}`)) =>
    life.start(name, () => log.push(`+${name}`), stop);
}

test("parts start in order and stop in reverse, once", async () => {
  const life = new Lifecycle({ logger });
  const log: string[] = [];
  const part = track(life, log);
  await part("log");
  await part("store");
  await part("server");
  expect(await Promise.all([life.stop("test"), life.stop("again")])).toEqual([true, true]);
  expect(log).toEqual(["+log", "+store", "+server", "-server", "-store", "-log"]);
  expect(await life.stopRequested).toBe("test");
  await expect(part("late")).rejects.toThrow(/stopping/);
});

test("a failing start stops what was started before it", async () => {
  const life = new Lifecycle({ logger });
  const log: string[] = [];
  const part = track(life, log);
  await part("log");
  const broken = life.start(
    "server",
    () => Promise.reject(new Error("in use")),
    () => log.push("?"),
  );
  await expect(broken).rejects.toThrow("in use");
  expect(log).toEqual(["+log", "-log"]);
});

test("a part that fails to stop does not keep the others up", async () => {
  const life = new Lifecycle({ logger });
  const log: string[] = [];
  const part = track(life, log);
  await part("log");
  await part("server", () => Promise.reject(new Error("stuck")));
  expect(await life.stop("test")).toBe(false);
  expect(log).toEqual(["+log", "+server", "-log"]);
});

test("stopping ends although a part hangs", async () => {
  const life = new Lifecycle({ logger, stopMs: 20 });
  const part = track(life, []);
  await part("server", () => new Promise(() => {}));
  expect(await life.stop("test")).toBe(false);
});

test("a part that was starting while a stop came is stopped too", async () => {
  const life = new Lifecycle({ logger });
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const starting = life.start(
    "slow",
    () => gate.promise,
    () => log.push("-slow"),
  );
  const refused = starting.catch(String);
  await life.stop("test");
  gate.resolve();
  expect(await refused).toMatch(/while stopping/);
  expect(log).toEqual(["-slow"]);
});

test("health reports each check by name", async () => {
  const health = new Health(20);
  health.add("live", "loop", () => null);
  const remove = health.add("ready", "log", () => "tail unknown");
  health.add("ready", "disk", () => {
    throw new Error("ENOSPC");
  });
  const hang = health.add("ready", "agent", () => new Promise(() => {}));
  expect(await health.report("live")).toEqual({ ok: true, checks: { loop: null } });
  expect(await health.report("ready")).toEqual({
    ok: false,
    checks: { loop: null, log: "tail unknown", disk: "ENOSPC", agent: "no answer in 20 ms" },
  });
  remove();
  hang();
  expect(Object.keys((await health.report("ready")).checks)).toEqual(["loop", "disk"]);
  expect(() => health.add("live", "loop", () => null)).toThrow(/exists/);
});

async function serve(health: Health, routes?: HttpRoutes): Promise<string> {
  const metrics = createMetrics("test");
  const end = await startHttp({ health, metrics, logger, ...(routes ? { routes } : {}) });
  onTestFinished(() => end.close(0));
  return `http://${end.address}`;
}

test("/healthz, /readyz and /metrics answer, other paths are the routes'", async () => {
  const health = new Health();
  health.add("ready", "log", () => "not yet");
  const base = await serve(health, (request, response) => {
    if (request.url === "/boom") throw new Error("boom");
    if (!request.url?.startsWith("/v1/")) return false;
    response.end("routed");
    return true;
  });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
  const ready = await fetch(`${base}/readyz?verbose`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ ok: false, checks: { log: "not yet" } });
  expect(await (await fetch(`${base}/v1/runs`)).text()).toBe("routed");
  expect((await fetch(`${base}/other`)).status).toBe(404);
  expect((await fetch(`${base}/healthz`, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${base}/boom`)).status).toBe(500);
  const scrape = await fetch(`${base}/metrics`);
  expect(scrape.headers.get("content-type")).toMatch(/^text\/plain/);
  expect(await scrape.text()).toMatch(
    /faults_total\{part="http",code="INTERNAL",service="test"\} 1/,
  );
});

test("an address in use is UNAVAILABLE", async () => {
  const base = await serve(new Health());
  const second = startHttp({
    address: base.slice("http://".length),
    health: new Health(),
    metrics: createMetrics("test"),
    logger,
  });
  await expect(second).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

function startScript(body: string) {
  const directory = tempDirectory("service");
  onTestFinished(directory.remove);
  const module = (path: string): string => JSON.stringify(import.meta.resolve(path));
  const script = join(directory.path, "main.mts");
  writeFileSync(
    script,
    `import { runService } from ${module("./run-service.ts")};
     import { createLogger } from ${module("../telemetry/logger.ts")};
     import { Failure } from ${module("../base/errors.ts")};
     void Failure;
     await runService(createLogger({ service: "t", level: "debug" }), async (life) => {
       const keep = setInterval(() => {}, 1000);
       ${body}
       return { service: "t", http: "127.0.0.1:1" };
     });`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const err: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  const exited = once(child, "exit") as Promise<[number | null, string | null]>;
  return { child, exited, err, ready: once(child.stdout.setEncoding("utf8"), "data") };
}

test("a service prints one ready line and SIGTERM stops it cleanly", async () => {
  const { child, exited, err, ready } = startScript(
    `await life.start("part", () => keep, (it) => { clearInterval(it); });`,
  );
  expect(JSON.parse(String((await ready)[0]))).toEqual({
    ready: true,
    service: "t",
    http: "127.0.0.1:1",
    pid: child.pid,
  });
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(err.join("")).toContain('"reason":"SIGTERM"');
});

test("a second signal ends a service that hangs while stopping", async () => {
  const { child, exited, err, ready } = startScript(
    `await life.start("part", () => keep, () => { console.error("hanging"); return new Promise(() => {}); });`,
  );
  await ready;
  child.kill("SIGTERM");
  while (!err.join("").includes("hanging")) await once(child.stderr, "data");
  child.kill("SIGINT");
  expect(await exited).toEqual([130, null]);
});

test("a part that cannot start ends the service with its failure's exit code", async () => {
  const { exited, err } = startScript(
    `await life.start("config", () => { clearInterval(keep); throw new Failure("INVALID", "bad file:3"); }, () => {});`,
  );
  expect(await exited).toEqual([2, null]);
  expect(err.join("")).toContain("bad file:3");
});

test("an uncaught exception stops the parts and ends with 3", async () => {
  const { exited, err } = startScript(
    `await life.start("part", () => keep, (it) => { clearInterval(it); console.error("stopped"); });
     setTimeout(() => { throw new Error("a bug"); }, 10);`,
  );
  expect(await exited).toEqual([3, null]);
  expect(err.join("")).toContain("a bug");
  expect(err.join("")).toContain("stopped");
});
