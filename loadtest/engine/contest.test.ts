// The turns themselves, with drivers that only pretend: who is asked when, and who falls out.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";

import { runContest, type Contestant } from "./contest.ts";
import { Driver, type DriverCommand } from "./driver.ts";
import { decodeTest, prefillTest } from "./engine-tests.ts";
import { MODEL_SHAPES } from "./model-shapes.ts";

const root = mkdtempSync(join(tmpdir(), "signalbox-contest-"));
const log = join(root, "log");
beforeEach(() => writeFileSync(log, ""));
afterAll(() => rmSync(root, { recursive: true }));

function pretender(name: string, stepSeconds: number, behaviour = ""): DriverCommand {
  const fixture = join(import.meta.dirname, "driver.fixture.ts");
  const argv = [process.execPath, fixture, name, log, String(stepSeconds), behaviour];
  return { argv, readyMsMax: 20_000 };
}

function contestant(name: string, stepSeconds: number, behaviour = ""): Contestant {
  const ours = name === "ours" ? { variant: "bf16", cacheBytes: 2 } : null;
  return { name, ours, prepare: async () => pretender(name, stepSeconds, behaviour), skip: [] };
}

async function contest(contestants: Contestant[]): Promise<{ asked: string[]; said: string[] }> {
  const probe = await Driver.start(pretender("probe", 0.01));
  const said: string[] = [];
  const shape = MODEL_SHAPES[0]!;
  const tests = [decodeTest(1), prefillTest(256)];
  try {
    const outcome = await runContest(
      { shape, threads: 2, contestants, tests, rounds: 2 },
      probe,
      (line) => said.push(line),
    );
    expect(outcome.arithmetic).toBe("avx512");
    expect(outcome.roofs).toHaveLength(4);
  } finally {
    await probe.stop();
  }
  const asked = readFileSync(log, "utf8").trim().split("\n");
  return { asked: asked.filter((line) => !line.startsWith("probe ")), said };
}

test("in every round everybody is asked once, one after the other", async () => {
  const { asked, said } = await contest([contestant("ours", 0.1), contestant("peer", 0.2)]);
  const decode = '{"test":"decode","batch":1,"context":16,"steps":12}';
  const prefill = '{"test":"prefill","tokens":256,"steps":1}';
  expect(asked).toEqual([
    ...[`ours ${decode}`, `peer ${decode}`, `ours ${decode}`, `peer ${decode}`],
    ...[`ours ${prefill}`, `peer ${prefill}`, `ours ${prefill}`, `peer ${prefill}`],
  ]);
  expect(said.find((line) => line.startsWith("decode-1"))).toMatch(
    /ours \(bf16\) 10 tok\/s.*peer 5 \(2×\)/,
  );
});

test("the probe measures in every round, on the arithmetic that ours uses", async () => {
  await contest([contestant("ours", 0.1)]);
  const probed = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("probe "));
  expect(probed.filter((line) => line.includes('"read"'))).toHaveLength(4);
  expect(probed.filter((line) => line.includes('"kind":"avx512"'))).toHaveLength(4);
});

test("who cannot start or ends early is named, and the others go on", async () => {
  const { asked, said } = await contest([
    contestant("ours", 0.1),
    contestant("absent", 0.1, "fail-start"),
    contestant("dying", 0.1, "die"),
    contestant("unwilling", 0.1, "refuse"),
  ]);
  expect(said).toContainEqual(expect.stringMatching(/^absent takes no part: ended with status 2/));
  const farewells = said.filter((line) => line.startsWith("dying takes no further part"));
  expect(farewells).toEqual([expect.stringContaining("ended with")]);
  expect(said).toContainEqual("unwilling, decode-1: not today");
  expect(asked.filter((line) => line.startsWith("ours "))).toHaveLength(4);
  expect(asked.filter((line) => line.startsWith("dying "))).toHaveLength(1);
});

test("nobody is asked a test it skips", async () => {
  const skipping = { ...contestant("peer", 0.2), skip: ["prefill-256"] };
  const { asked } = await contest([contestant("ours", 0.1), skipping]);
  expect(asked.filter((line) => line.startsWith("peer "))).toHaveLength(2);
});
