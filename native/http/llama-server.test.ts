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
import { describeEngine } from "../conformance.ts";
import { DIALECTS } from "./dialects.ts";
import type { HttpEngine } from "./http-engine.ts";
import { SYSTEM } from "./http-world.fixture.ts";
import { writeLanternGguf } from "./lantern-gguf.fixture.ts";
import { openHttpEngine } from "./open-http-engine.ts";

const LLAMA_SERVER = process.env["LLAMA_SERVER"] ?? "";
const LANTERN = join(import.meta.dirname, "..", "models", "lantern");
const SLOTS = 4;
const CONTEXT = 1024;

function ggufIn(folder: string): string {
  const file = join(folder, "lantern.gguf");
  writeLanternGguf(LANTERN, file);
  return file;
}

test("the bundled model becomes a GGUF file that holds every weight", () => {
  const directory = tempDirectory("gguf");
  onTestFinished(directory.remove);
  const file = ggufIn(directory.path);
  expect(readFileSync(file).toString("latin1", 0, 4)).toBe("GGUF");
  expect(statSync(file).size).toBeGreaterThan(
    statSync(join(LANTERN, "model.safetensors")).size * 0.99,
  );
});

interface Options {
  readonly sequencesMax?: number;
  readonly waitingMax?: number;
  readonly contextMax?: number | null;
}

async function open({ sequencesMax, waitingMax, contextMax }: Options = {}): Promise<HttpEngine> {
  const directory = tempDirectory("llama-server");
  onTestFinished(directory.remove);
  const argv = [
    ...[LLAMA_SERVER, "-m", ggufIn(directory.path), "--host", "127.0.0.1", "--port", "{port}"],
    ...["--parallel", String(SLOTS), "-c", String(SLOTS * CONTEXT), "--metrics", "-t", "1"],
    ...["--no-warmup", "--no-kv-unified"],
  ];
  const engine = await openHttpEngine({
    ...{ dialect: "llama-server", folder: LANTERN, key: null, startMs: 60_000, stallMs: null },
    server: { kind: "command", argv, url: null, logFile: join(directory.path, "log") },
    ...{ sequencesMax: sequencesMax ?? null, waitingMax: waitingMax ?? null },
    ...{ contextMax: contextMax ?? null, ...SYSTEM },
  });
  onTestFinished(() => engine.unload());
  return engine;
}

if (LLAMA_SERVER !== "") {
  describeEngine(
    "llama-server (the real one)",
    async (options) => ({ engine: await open(options), drive: (promise) => promise }),
    {
      capabilities: DIALECTS["llama-server"]().capabilities,
      ...{ cache: "told", isSteady: false },
    },
  );

  test("greedy, it draws what the bundled model is known to draw", async () => {
    const golden = JSON.parse(readFileSync(join(LANTERN, "golden.json"), "utf8")) as {
      readonly prompts: readonly {
        readonly ids: readonly number[];
        readonly greedy?: { readonly ids: readonly number[] };
      }[];
    };
    const engine = await open();
    let compared = 0;
    for (const { ids, greedy } of golden.prompts) {
      if (greedy === undefined) continue;
      const sampling = { temperature: 0, maxTokens: greedy.ids.length, ignoreEos: true };
      const drawn: number[] = [];
      for await (const it of engine.generate({ prompt: ids, sampling })) drawn.push(...it.tokenIds);
      expect(drawn).toEqual(greedy.ids);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(0);
  });

  test("ids that end within a character come too", async () => {
    const engine = await open();
    // Ids of single bytes, by their place in the vocabulary of a byte-level BPE.
    const { model } = JSON.parse(readFileSync(join(LANTERN, "tokenizer.json"), "utf8")) as {
      readonly model: { readonly vocab: { readonly [piece: string]: number } };
    };
    const first = model.vocab["ð"] ?? expect.fail("no token of the byte f0");
    const sampling = { logitBias: [{ tokenId: first, bias: 200 }], maxTokens: 12, temperature: 0 };
    const drawn: number[] = [];
    for await (const it of engine.generate({ prompt: [5, 6], sampling }))
      drawn.push(...it.tokenIds);
    expect(drawn).toEqual(Array.from({ length: 12 }, () => first));
  });
}
