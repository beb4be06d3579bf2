// A real vLLM, where VLLM_PYTHON names a Python that has it: the suite of every engine with the
// bundled model, and what of it is not the suite's. One server for all tests: it starts slowly.
//
//     VLLM_PYTHON=/path/to/python npx vitest run native/http/vllm.test.ts
//
// Without one the line that the guide gives people is looked at, and nothing else.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { tempDirectory, type TempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { describeEngine, type HarnessOptions } from "../conformance.ts";
import { DIALECTS } from "./dialects.ts";
import { expectGolden, expectPromptPenalised } from "./golden-greedy.fixture.ts";
import type { HttpEngine } from "./http-engine.ts";
import { SYSTEM } from "./http-world.fixture.ts";
import { openHttpEngine } from "./open-http-engine.ts";
import { LANTERN, programOf, REAL } from "./real-servers.fixture.ts";
import { Samples } from "./samples.ts";
import { freePort } from "./server-process.ts";

const VLLM = programOf("vllm");
const GUIDE = join(import.meta.dirname, "../../docs/guides/engines.md");
const STOP_MS = 60_000;

test("every option that the guide gives vLLM is one that the real one is started with", () => {
  const [, line = ""] =
    /^server_command = (\["vllm".*\])$/mu.exec(readFileSync(GUIDE, "utf8")) ?? [];
  const options = (JSON.parse(line) as string[]).filter((it) => it.startsWith("--"));
  expect(options.length).toBeGreaterThan(0);
  const directory = tempDirectory("vllm-options");
  onTestFinished(directory.remove);
  const tried = new Set(REAL.vllm.argv("python", directory.path));
  expect(options.filter((it) => !tried.has(it))).toEqual([]);
});

if (VLLM !== null) {
  let directory: TempDirectory;
  /** Has started it as a worker does, and is asked nothing. */
  let owner: HttpEngine;
  let url = "";

  beforeAll(async () => {
    directory = tempDirectory("vllm");
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const argv = REAL.vllm.argv(VLLM, directory.path);
    const command = argv.map((it) => it.replace("{port}", String(port)));
    owner = await openHttpEngine({
      ...{ dialect: "vllm", folder: LANTERN, key: null, startMs: REAL.vllm.startMs, stallMs: null },
      server: { kind: "command", argv: command, url, logFile: join(directory.path, "log") },
      ...{ sequencesMax: null, waitingMax: null, contextMax: null, ...SYSTEM },
    });
  }, REAL.vllm.startMs);

  afterAll(async () => {
    await owner.unload();
    directory.remove();
  }, STOP_MS);

  /** With nothing in the server's cache. */
  async function open({ sequencesMax, waitingMax, contextMax }: HarnessOptions = {}) {
    await waitFor(async () => (await running()) === 0);
    const reset = await fetch(`${url}/reset_prefix_cache`, { method: "POST" });
    expect(reset.status).toBe(200);
    const engine = await openHttpEngine({
      ...{ dialect: "vllm", folder: LANTERN, key: null, startMs: 5_000, stallMs: null },
      ...{ server: { kind: "url", url }, sequencesMax: sequencesMax ?? null },
      ...{ waitingMax: waitingMax ?? null, contextMax: contextMax ?? null, ...SYSTEM },
    });
    onTestFinished(() => engine.unload());
    return engine;
  }

  /** At the server, by its own word. */
  async function running(): Promise<number> {
    const samples = new Samples(await (await fetch(`${url}/metrics`)).text());
    return samples.sum("vllm:num_requests_running") ?? NaN;
  }

  async function draw(engine: HttpEngine, prompt: readonly number[], sampling: object) {
    const drawn: number[] = [];
    for await (const it of engine.generate({ prompt, sampling })) drawn.push(...it.tokenIds);
    return drawn;
  }

  describeEngine(
    "vLLM (the real one)",
    async (options) => ({ engine: await open(options), drive: (promise) => promise }),
    { capabilities: DIALECTS.vllm().capabilities, cache: "told", isSteady: false, holdsEnds: true },
  );

  describe("vLLM itself", () => {
    test("greedy, it draws what the bundled model is known to draw", async () => {
      await expectGolden(await open());
    });

    test("a repetition penalty counts the prompt", async () => {
      await expectPromptPenalised(await open());
    });

    test("it says its version, its context and how much its cache holds", async () => {
      const { model } = await open();
      expect(model.execution.build).toMatch(/^vllm \d+\.\d+/u);
      expect(model.contextMax).toBe(1024);
      expect(model.execution.blocks).toBeGreaterThan(1024 / 32);
    });

    test("its own counter moves with what it computes", async () => {
      const engine = await open();
      const moved = async (): Promise<number | null> => {
        const samples = new Samples(await (await fetch(`${url}/metrics`)).text());
        return DIALECTS.vllm().loadOf(samples).motion;
      };
      const before = (await moved()) ?? expect.fail("no such counter");
      await draw(engine, [5, 6, 7], { ignoreEos: true, maxTokens: 20 });
      expect(await moved()).toBeGreaterThanOrEqual(before + 20);
    });

    test("an abort reaches it", async () => {
      const engine = await open();
      const sampling = { ignoreEos: true, maxTokens: 1000 };
      const generation = engine.generate({ prompt: [5, 6, 7], sampling });
      for await (const _ of generation) break;
      await waitFor(async () => (await running()) === 0, 10_000);
      const samples = new Samples(await (await fetch(`${url}/metrics`)).text());
      expect(samples.sum("vllm:num_requests_waiting")).toBe(0);
    });
  });
}
