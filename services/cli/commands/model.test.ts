// `signalbox model check` on the engine's own models, and without an engine.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { cli, folder } from "../testing/cli-run.ts";

const MODEL = join(
  import.meta.dirname,
  "..",
  "..",
  "..",
  "native",
  "models",
  "random",
  "llama-gqa",
);
const lacks = WHY_NO_ADDON === null ? "" : ` (${WHY_NO_ADDON})`;

afterEach(() => vi.unstubAllEnvs());

/** A copy of the model with one file changed. */
function spoilt(file: string, change: (text: Buffer) => Buffer | string | null): string {
  const copy = join(folder(), "model");
  mkdirSync(copy);
  for (const name of ["config.json", "model.safetensors"])
    cpSync(join(MODEL, name), join(copy, name));
  const changed = change(readFileSync(join(copy, file)));
  if (changed === null) rmSync(join(copy, file));
  else writeFileSync(join(copy, file), changed);
  return copy;
}

describe.skipIf(WHY_NO_ADDON !== null)(`with the engine${lacks}`, () => {
  beforeAll(builtAddon, BUILD_MS_MAX);

  test("a model that is whole ends 0 with what it is and takes", async () => {
    const { code, terminal } = await cli(["model", "check", MODEL], null);
    expect(terminal.err()).toBe("");
    expect(code).toBe(0);
    expect(terminal.out()).toMatch(/llama-gqa: llama, 153 thousand parameters/u);
    expect(terminal.out()).toMatch(/^vocabulary {2}256, ends with 2$/mu);
    expect(terminal.out()).toMatch(/^engine {6}build [0-9a-f]{12}$/mu);
    expect(terminal.out()).toMatch(/^cache {7}768 B in bf16, 408 B in fp8 for each token$/mu);
  });

  test("as JSON it is one document, and paths are the caller's", async () => {
    const cwd = join(MODEL, "..");
    const { code, terminal } = await cli(["model", "check", "llama-gqa", "--json"], null, { cwd });
    expect(code).toBe(0);
    expect(terminal.json()).toMatchObject({
      folder: "llama-gqa",
      ok: true,
      error: null,
      model: {
        ...{ family: "llama", parameters: 153_024, contextMax: 512, eosIds: [2], bosId: 1 },
        shape: { layers: 3, hidden: 64, heads: 4, kvHeads: 2, headDim: 16, vocab: 256 },
        kvBytesPerToken: { bf16: 768, fp8: 408 },
        memoryBytes: { bf16: 153_024 * 2 + 512 * 768, fp8: 153_024 + 512 * 408 },
      },
    });
  });

  test("what is wrong ends 1 and is named: file, tensor or field", async () => {
    const config = (change: object) => (text: Buffer) =>
      JSON.stringify({ ...(JSON.parse(text.toString()) as object), ...change });
    const cases: (readonly [string, RegExp])[] = [
      [spoilt("config.json", () => null), /config\.json/u],
      [spoilt("config.json", () => "{"), /config\.json/u],
      [spoilt("config.json", config({ hidden_size: 63 })), /embed_tokens\.weight is \[256, 64\]/u],
      [spoilt("config.json", config({ architectures: ["GPT2LMHeadModel"] })), /GPT2LMHeadModel/u],
      [spoilt("config.json", config({ vocab_size: 300 })), /embed_tokens/u],
      [spoilt("model.safetensors", () => null), /safetensors/u],
      [spoilt("model.safetensors", (it) => it.subarray(0, 4)), /model\.safetensors/u],
      [spoilt("model.safetensors", (it) => it.subarray(0, -1)), /model\.safetensors/u],
      [spoilt("model.safetensors", (it) => it.fill(0xff, 0, 8)), /model\.safetensors/u],
      [join(MODEL, "nowhere"), /nowhere/u],
      ["/dev/null", /\/dev\/null/u],
    ];
    for (const [path, named] of cases) {
      const text = await cli(["model", "check", path], null);
      expect(text.code, path).toBe(1);
      expect(text.terminal.out()).toMatch(named);
      const json = await cli(["model", "check", path, "--json"], null);
      expect(json.code, path).toBe(1);
      expect(json.terminal.json()).toMatchObject({
        folder: path,
        ok: false,
        model: null,
        error: {
          code: expect.stringMatching(/^(?:invalid_model|unsupported_model|io)$/u) as string,
        },
      });
    }
  });

  test("a tokenizer that is there is read, and named when it is none", async () => {
    const bare = spoilt("config.json", (it) => it);
    const without = await cli(["model", "check", bare, "--json"], null);
    expect(without.terminal.json()).toMatchObject({ ok: true, model: { hasTokenizer: false } });
    cpSync(join(MODEL, "..", "..", "lantern", "tokenizer.json"), join(bare, "tokenizer.json"));
    const read = await cli(["model", "check", bare, "--json"], null);
    expect(read.terminal.json()).toMatchObject({ ok: true, model: { hasTokenizer: true } });
    for (const [text, named] of [
      ["{", /model\/tokenizer\.json is not JSON/u],
      ["{}", /model\/tokenizer\.json is no tokenizer that is known/u],
    ] as const) {
      writeFileSync(join(bare, "tokenizer.json"), text);
      const { code, terminal } = await cli(["model", "check", bare], null);
      expect(code).toBe(1);
      expect(terminal.out()).toMatch(named);
    }
  });

  test("serve refuses a device that is not here, before anything is started", async () => {
    const { code, terminal } = await cli(["serve", MODEL, "--device", "cuda:999"], null);
    expect(code).toBe(3);
    expect(terminal.err()).toContain("no CUDA device: ");
    const named = await cli(["serve", MODEL, "--device", "gpu"], null);
    expect(named.code).toBe(2);
    expect(named.terminal.err()).toContain('"gpu" is no device: cpu, or cuda:0');
  });

  test("serve refuses a tokenizer that is none, before anything is started", async () => {
    const broken = spoilt("model.safetensors", () => null);
    for (const [text, named] of [
      ["{", "tokenizer.json is not JSON: "],
      ['{"model":{"type":"BPE"}}', "tokenizer.json is no tokenizer that is known: "],
    ] as const) {
      writeFileSync(join(broken, "tokenizer.json"), text);
      const { code, terminal } = await cli(["serve", broken, "--port", "0"], null);
      expect(terminal.err()).toContain(`${broken}/${named}`);
      expect(code).toBe(2);
    }
  });

  test("the doctor says which engine there is", async () => {
    const { terminal } = await cli(["doctor", "--json"], null);
    expect(engineCheck(terminal.json())).toMatchObject({
      state: "ok",
      found: expect.stringMatching(/^\w+, portable numerics, at .*\.node$/u) as string,
    });
  });
});

test("a folder must be named, and only one", async () => {
  for (const args of [
    ["model", "check"],
    ["model", "check", "a", "b"],
    ["model", "chek", "a"],
  ]) {
    expect((await cli(args, null)).code, args.join(" ")).toBe(2);
  }
});

test("where no engine is built, the check ends 3 and says how to build it; the doctor warns", async () => {
  vi.stubEnv("SIGNALBOX_ENGINE", "/nowhere/engine.node");
  const { code, terminal } = await cli(["model", "check", MODEL, "--json"], null);
  expect(code).toBe(3);
  expect(terminal.out()).toBe("");
  expect(JSON.parse(terminal.err())).toMatchObject({
    error: { code: "UNAVAILABLE", hint: expect.stringContaining("build:native") as string },
  });
  const doctor = await cli(["doctor", "--json"], null);
  expect(engineCheck(doctor.terminal.json())).toMatchObject({
    state: "warn",
    fix: expect.stringContaining("build:native") as string,
  });
});

function engineCheck(answer: unknown): unknown {
  const { checks } = answer as { readonly checks: readonly { readonly what: string }[] };
  return checks.find((it) => it.what === "engine");
}
