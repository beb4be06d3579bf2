// A worker process with the real engine and the bundled model, over its listener and over a link
// that it dialled.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "../../native/testing/built-addon.ts";
import { clientOfWorker, collect, FakeRouter, idsOf } from "./worker-world.fixture.ts";

const MODEL = join(import.meta.dirname, "../../native/models/lantern");
const lacks = WHY_NO_ADDON === null ? "" : ` (${WHY_NO_ADDON})`;

interface Golden {
  readonly prompts: readonly {
    readonly ids: readonly number[];
    /** Not of every prompt. */
    readonly greedy?: { readonly ids: readonly number[] };
  }[];
}

describe.skipIf(WHY_NO_ADDON !== null)(`a worker with the engine${lacks}`, () => {
  let addon = "";
  beforeAll(async () => {
    addon = await builtAddon();
  }, BUILD_MS_MAX);

  test("draws what the model's golden results say, however it is reached", async () => {
    const router = new FakeRouter();
    await router.start();
    const env = {
      ...{ ...process.env, SIGNALBOX_ENGINE: addon, SIGNALBOX_WORKER_MODEL: MODEL },
      ...{ SIGNALBOX_WORKER_ROUTERS: router.address, SIGNALBOX_WORKER_THREADS: "1" },
      ...{ SIGNALBOX_WORKER_LISTEN: "127.0.0.1:0", SIGNALBOX_WORKER_CANARY_IDLE_S: "0.1" },
    };
    const main = join(import.meta.dirname, "main.ts");
    const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [line] = await once(child.stdout, "data");
    const ready = JSON.parse(String(line)) as { readonly [key: string]: string };
    expect(ready["model"]).toBe("lantern");
    const golden = JSON.parse(readFileSync(join(MODEL, "golden.json"), "utf8")) as Golden;
    const direct = clientOfWorker(ready["grpc"] ?? "");
    const routed = await router.client();
    for (const [index, { ids, greedy }] of golden.prompts.entries()) {
      if (greedy === undefined) continue;
      const sampling = { temperature: 0, maxTokens: greedy.ids.length, ignoreEos: true };
      const request = { fence: 1, promptIds: [...ids], sampling };
      for (const [name, client] of Object.entries({ direct, routed })) {
        const id = `${name}${index}`;
        expect(idsOf(await collect(client.generate({ ...request, id })))).toEqual(greedy.ids);
      }
      const resumeIds = greedy.ids.slice(0, 5);
      const resumed = await collect(
        direct.generate({ ...request, id: `again${index}`, resumeIds }),
      );
      expect(idsOf(resumed)).toEqual(greedy.ids.slice(5));
    }
    const { model } = await routed.getModel({});
    expect(model).toMatchObject({ name: "lantern", numericsClass: { backEnd: "cpu" } });
    expect(model?.weightsFingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(model?.tokenizerSha256).toMatch(/^[0-9a-f]{64}$/);
    // Its canaries are answered alike whatever went through it between them.
    await expect
      .poll(
        async () => {
          const metrics = await (await fetch(`http://${ready["http"]}/metrics`)).text();
          return Number(/signalbox_worker_canaries_total\S* (\d+)/.exec(metrics)?.[1] ?? 0);
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(2);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  }, 120_000);
});
