// A real llama-server, where LLAMA_SERVER names one: the suite of every engine with the bundled
// model, its known greedy output, and text that its own stream would leave ids out of.
//
//     LLAMA_SERVER=/path/to/llama-server npx vitest run native/http/llama-server.test.ts
//
// Without one the file that it would be given is looked at, and nothing else.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { describeEngine, type HarnessOptions } from "../conformance.ts";
import { DIALECTS } from "./dialects.ts";
import { expectGolden, expectPromptPenalised } from "./golden-greedy.fixture.ts";
import type { HttpEngine } from "./http-engine.ts";
import { SYSTEM } from "./http-world.fixture.ts";
import { openHttpEngine } from "./open-http-engine.ts";
import { ggufIn, LANTERN, programOf, REAL } from "./real-servers.fixture.ts";

const LLAMA_SERVER = programOf("llama-server");

test("the bundled model becomes a GGUF file that holds every weight", () => {
  const directory = tempDirectory("gguf");
  onTestFinished(directory.remove);
  const file = ggufIn(directory.path);
  expect(readFileSync(file).toString("latin1", 0, 4)).toBe("GGUF");
  expect(statSync(file).size).toBeGreaterThan(
    statSync(join(LANTERN, "model.safetensors")).size * 0.99,
  );
});

if (LLAMA_SERVER !== null) {
  async function open({ sequencesMax, waitingMax, contextMax }: HarnessOptions = {}) {
    const directory = tempDirectory("llama-server");
    onTestFinished(directory.remove);
    const { argv, startMs } = REAL["llama-server"];
    const command = argv(LLAMA_SERVER ?? "", directory.path);
    const engine = await openHttpEngine({
      ...{ dialect: "llama-server", folder: LANTERN, key: null, startMs, stallMs: null },
      server: { kind: "command", argv: command, url: null, logFile: join(directory.path, "log") },
      ...{ sequencesMax: sequencesMax ?? null, waitingMax: waitingMax ?? null },
      ...{ contextMax: contextMax ?? null, ...SYSTEM },
    });
    onTestFinished(() => engine.unload());
    return engine;
  }

  async function draw(engine: HttpEngine, prompt: readonly number[], sampling: object) {
    const drawn: number[] = [];
    for await (const it of engine.generate({ prompt, sampling })) drawn.push(...it.tokenIds);
    return drawn;
  }

  describeEngine(
    "llama-server (the real one)",
    async (options) => ({ engine: await open(options), drive: (promise) => promise }),
    {
      capabilities: DIALECTS["llama-server"]().capabilities,
      ...{ cache: "told", isSteady: false },
    },
  );

  test("greedy, it draws what the bundled model is known to draw", async () => {
    await expectGolden(await open());
  });

  test("a repetition penalty counts the prompt", async () => {
    await expectPromptPenalised(await open());
  });

  test("ids that end within a character come too", async () => {
    const engine = await open();
    // Ids of single bytes, by their place in the vocabulary of a byte-level BPE.
    const { model } = JSON.parse(readFileSync(join(LANTERN, "tokenizer.json"), "utf8")) as {
      readonly model: { readonly vocab: { readonly [piece: string]: number } };
    };
    const first = model.vocab["ð"] ?? expect.fail("no token of the byte f0");
    const sampling = { logitBias: [{ tokenId: first, bias: 200 }], maxTokens: 12, temperature: 0 };
    expect(await draw(engine, [5, 6], sampling)).toEqual(Array.from({ length: 12 }, () => first));
  });
}
