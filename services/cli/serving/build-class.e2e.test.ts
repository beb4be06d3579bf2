// Two builds of the addon are two numerics classes: a stream does not go on across them, unless the
// router was told that it may.

import { appendFileSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { ServiceProcess, type ReadyLine } from "#shared/testing/service-process.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { serviceEnv, serviceMain } from "../mesh/start-service.ts";
import { bundledModel } from "../package-root.ts";
import { untilLinked } from "./linked-workers.ts";

const READY_MS = 60_000;
const TOKENS = 900;

interface World {
  readonly url: string;
  /** With the addon as built, then with another one. */
  readonly workers: readonly { readonly process: ServiceProcess; readonly ready: ReadyLine }[];
}

async function world(crossClasses: boolean): Promise<World> {
  const temporary = tempDirectory("build-class");
  onTestFinished(temporary.remove);
  const built = await builtAddon();
  const other = join(temporary.path, "other.node");
  copyFileSync(built, other);
  appendFileSync(other, "another build"); // Behind what the loader reads.
  const start = async (
    service: "router" | "worker",
    name: string,
    env: { readonly [variable: string]: string },
  ): Promise<{ process: ServiceProcess; ready: ReadyLine }> => {
    const argv = [process.execPath, serviceMain(service)];
    const all = { ...serviceEnv(process.env), ...env };
    const started = new ServiceProcess(name, argv, all, join(temporary.path, `${name}.log`));
    onTestFinished(() => started.stop());
    return { process: started, ready: await started.start() };
  };
  const router = await start("router", "router", {
    SIGNALBOX_ROUTER_CROSS_CLASSES: String(crossClasses),
    SIGNALBOX_ROUTER_RESUME_WAIT_S: "1",
  });
  const { workers: address } = router.ready as unknown as { readonly workers: string };
  const url = `http://${router.ready.http ?? ""}/v1`;
  const workers = [];
  for (const [at, addon] of [built, other].entries()) {
    const started = await start("worker", `w${at}`, {
      ...{ SIGNALBOX_ENGINE: addon, SIGNALBOX_WORKER_MODEL: bundledModel() },
      ...{ SIGNALBOX_WORKER_ROUTERS: address, SIGNALBOX_WORKER_THREADS: "1" },
      SIGNALBOX_WORKER_MODEL_NAME: "lantern",
    });
    workers.push(started);
    // Of two that are idle the second could be picked first.
    await untilLinked(url, "lantern", at + 1, READY_MS, temporary.path);
  }
  return { url, workers };
}

const buildOf = async ({ http }: ReadyLine): Promise<string> => {
  const text = await (await fetch(`http://${http ?? ""}/metrics`)).text();
  return /^signalbox_worker_info\{.*build="([^"]*)"/mu.exec(text)?.[1] ?? "";
};

/** Kills the worker that runs the stream as soon as it has begun; the stream as text. */
async function streamOver({ url, workers }: World): Promise<string> {
  const response = await fetch(`${url}/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model: "lantern", prompt: "The lamp", stream: true, ignore_eos: true },
      ...{ max_tokens: TOKENS, temperature: 0 },
    }),
  });
  let text = "";
  let killed = false;
  for await (const part of response.body ?? []) {
    text += Buffer.from(part).toString("utf8");
    if (killed) continue;
    for (const { process: worker, ready } of workers) {
      const metrics = await (await fetch(`http://${ready.http ?? ""}/metrics`)).text();
      if (!/^signalbox_worker_running\{[^}]*\} [1-9]/mu.test(metrics)) continue;
      await worker.kill();
      killed = true;
      break;
    }
  }
  expect(killed).toBe(true);
  return text;
}

describe.skipIf(WHY_NO_ADDON !== null)(`two builds (${WHY_NO_ADDON ?? "built"})`, () => {
  test(
    "differ in what they say, and a stream ends with an error rather than cross",
    async () => {
      const two = await world(false);
      const builds = await Promise.all(two.workers.map(({ ready }) => buildOf(ready)));
      for (const build of builds) expect(build).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/u);
      expect(new Set(builds).size).toBe(2);
      const text = await streamOver(two);
      expect(text).toContain('"error"');
      expect(text).not.toContain('"finish_reason":"length"');
    },
    2 * READY_MS + BUILD_MS_MAX,
  );

  test(
    "are crossed where the router was told so",
    async () => {
      const text = await streamOver(await world(true));
      expect(text).not.toContain('"error"');
      expect(text).toContain('"finish_reason":"length"');
    },
    2 * READY_MS + BUILD_MS_MAX,
  );
});
