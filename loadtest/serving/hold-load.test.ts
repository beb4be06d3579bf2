// Loads over a real router with a simulated engine, whose tokens and least times are known; and,
// over a door that answers at once, what is counted and from when.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BenchProcess } from "../router/bench-process.ts";
import { benchServing } from "../serving.ts";
import { ROOT } from "../../test/repository.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { e2elOf, gapsOf, ttftOf } from "./answer-quality.ts";
import { holdLoad, type HeldLoad } from "./hold-load.ts";
import { OpenAiEndpoint, type Heard } from "./openai-endpoint.ts";
import { parseServingOptions } from "./options.ts";
import { Conversation, type WorkloadOptions } from "./workload.ts";

/** A step of the simulated engine takes 8 ms, 5 % more or less; a timer may be 1 ms early. */
const STEP_MS_LEAST = 8 * 0.95 - 1;
const [PROMPT, OUTPUT] = [24, 6];

const WORKLOAD: WorkloadOptions = {
  ...{ model: "simulated", form: { kind: "ids", vocab: 32_000 }, prefixes: 1, turns: 1, seed: 1 },
  ...{ prompt: () => PROMPT, output: () => OUTPUT, prefixShare: 0, exactLength: true },
};
const LOAD: HeldLoad = {
  ...{ shape: { kind: "open", perSecond: 50, gaps: "constant" }, warmMs: 100, countedMs: 400 },
  ...{ inFlightMax: 1_000, thinkMs: 0, seed: 1 },
};

let folder: string;
let url: string;
const processes: BenchProcess[] = [];

async function start(name: "router" | "worker", lines: string): Promise<BenchProcess["pid"]> {
  const config = join(folder, `${name}.toml`);
  writeFileSync(config, `[${name}]\ndrain_s = 1\n${lines}\n`);
  const argv = [join(ROOT, "services", name, "main.ts"), "--config", config];
  const made = await BenchProcess.ours(name, argv, join(folder, `${name}.log`));
  processes.push(made.process);
  if (name === "worker") return made.process.pid;
  url = `http://${made.ready.http}/v1`;
  return start("worker", `engine = "simulated"\nrouters = ["${made.ready.workers}"]`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-serving-"));
  await start("router", 'http = "127.0.0.1:0"\nworkers = "127.0.0.1:0"');
  await waitFor(async () => (await fetch(url.replace("/v1", "/readyz"))).ok);
});

afterAll(async () => {
  for (const process of processes.toReversed()) await process.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("through a router: every token that usage counts came, at times the engine allows", async () => {
  const endpoint = new OpenAiEndpoint({ url, key: null, timeoutMs: 20_000 });
  const heard: Heard[] = [];
  const held = await holdLoad(LOAD, {
    conversation: (index) => new Conversation(WORKLOAD, index),
    ask: async (asked, dueMs) => {
      const one = await endpoint.ask(asked, dueMs);
      heard.push(one);
      return one;
    },
    onProgress: () => {},
  });
  endpoint.close();
  expect(heard).toHaveLength(25); // 50 a second for half a second ...
  expect(held.outcomes).toHaveLength(20); // ... of which 0.1 s is warm-up.
  expect(held.details).toEqual(new Map());
  for (const { outcome, tokenIds } of heard) {
    if (outcome.kind !== "answered") throw new Error(outcome.error);
    expect(outcome).toMatchObject({ promptTokens: PROMPT, outputTokens: OUTPUT, counted: "usage" });
    expect(tokenIds).toBe(OUTPUT);
    expect(outcome.chunkMs.length).toBeLessThanOrEqual(OUTPUT);
    expect(outcome.sentMs).toBeGreaterThanOrEqual(outcome.dueMs);
    expect(ttftOf(outcome)).toBeGreaterThan(STEP_MS_LEAST);
    expect(e2elOf(outcome)).toBeGreaterThan(OUTPUT * STEP_MS_LEAST);
    const gaps = gapsOf(outcome);
    expect(Math.min(0, ...gaps)).toBe(0);
    const sum = gaps.reduce((total, gap) => total + gap, 0);
    expect(sum).toBeCloseTo(e2elOf(outcome) - ttftOf(outcome), 6);
  }
});

test("the command's figures: so many in flight, the model found, tokens summed", async () => {
  const args = ["--in-flight", "3", "--seconds", "0.3", "--warm-up", "0", "--prompts", "ids"];
  const sizes = ["--prompt", String(PROMPT), "--output", String(OUTPUT), "--slo-ttft-ms", "0"];
  const said: string[] = [];
  const options = { ...parseServingOptions([...args, ...sizes]), url };
  const { model, steps } = await benchServing(options, (line) => void said.push(line));
  const [step] = steps;
  expect(model).toBe("simulated");
  expect(step?.answered).toBeGreaterThanOrEqual(3);
  expect(step).toMatchObject({
    ...{ load: "3 in flight", requests: step?.answered, errors: {}, goodputPerSecond: 0 },
    ...{ outputTokens: OUTPUT * (step?.answered ?? 0), counted: "usage" },
    promptTokens: PROMPT * (step?.answered ?? 0),
  });
  expect(said.some((line) => line.startsWith("| TTFT, ms"))).toBe(true);
});

test("an endpoint that is not there is named", async () => {
  const options = { ...parseServingOptions([]), url: "http://127.0.0.1:1/v1" };
  await expect(benchServing(options, () => {})).rejects.toThrow("http://127.0.0.1:1/v1/models");
});

/** Answers at once, unless told otherwise. */
function door(onAsk: (dueMs: number, nowMs: number) => void | Promise<void> = () => {}) {
  const talks: Conversation[] = [];
  return {
    talks,
    conversation: (index: number) => {
      const talk = new Conversation(WORKLOAD, index);
      talks.push(talk);
      return talk;
    },
    ask: async (_: unknown, dueMs: number): Promise<Heard> => {
      const nowMs = performance.now();
      await onAsk(dueMs, nowMs);
      const times = { kind: "answered", dueMs, sentMs: nowMs, chunkMs: [nowMs] } as const;
      const counts = {
        promptTokens: 1,
        cachedTokens: 0,
        outputTokens: 1,
        counted: "usage",
      } as const;
      return { outcome: { ...times, ...counts }, text: "", tokenIds: 1, detail: "" };
    },
    onProgress: () => {},
  };
}

test("what is due while the generator is held up is timed from its own moment", async () => {
  const asks: { dueMs: number; nowMs: number }[] = [];
  const held = await holdLoad(
    { ...LOAD, warmMs: 0, countedMs: 100 },
    door((dueMs, nowMs) => {
      asks.push({ dueMs, nowMs });
      if (asks.length > 1) return;
      while (performance.now() - nowMs < 70); // Three more become due meanwhile.
    }),
  );
  expect(held.outcomes).toHaveLength(5);
  const first = asks[0]?.dueMs ?? 0;
  expect(asks.map(({ dueMs }) => Math.round(dueMs - first))).toEqual([0, 20, 40, 60, 80]);
  expect((asks[1]?.nowMs ?? 0) - (asks[1]?.dueMs ?? 0)).toBeGreaterThanOrEqual(49);
});

test("an open loop does not wait for answers; over its limit it fails what it does not send", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const load = { ...LOAD, warmMs: 0, countedMs: 100, inFlightMax: 3 };
  const holding = holdLoad(
    load,
    door(() => {
      asked += 1;
      return promise;
    }),
  );
  setTimeout(resolve, 200);
  const { outcomes } = await holding;
  expect(asked).toBe(3);
  expect(outcomes.filter(({ kind }) => kind === "answered")).toHaveLength(3);
  expect(outcomes.filter((it) => it.kind === "failed" && it.error === "not sent")).toHaveLength(2);
});

test("a closed loop has so many in flight, never more", async () => {
  let [inFlight, most] = [0, 0];
  await holdLoad(
    { ...LOAD, shape: { kind: "closed", inFlight: 4 }, warmMs: 0, countedMs: 60 },
    door(async () => {
      most = Math.max(most, (inFlight += 1));
      await new Promise((resume) => setTimeout(resume, 2));
      inFlight -= 1;
    }),
  );
  expect(most).toBe(4);
});

test("what fails is counted once, with what was said first, and its conversation is over", async () => {
  const { talks, ...parts } = door();
  const failed = { kind: "failed", error: "status 503" } as const;
  let nth = 0;
  const held = await holdLoad(
    { ...LOAD, warmMs: 0, countedMs: 60 },
    {
      ...parts,
      ask: (_, dueMs) =>
        Promise.resolve({
          ...{ outcome: { ...failed, dueMs }, text: "", tokenIds: 0, detail: `no ${(nth += 1)}` },
        }),
    },
  );
  expect(held.outcomes).toHaveLength(3);
  expect(held.details).toEqual(new Map([["status 503", "no 1"]]));
  expect(talks).toHaveLength(3);
});
