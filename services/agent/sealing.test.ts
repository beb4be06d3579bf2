import * as fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { REPORT_BYTES_MAX } from "#shared/base/job.ts";
import type { Outcome, OutputSpec } from "#shared/base/job.ts";
import { generateKeyPair } from "#shared/receipt/keys.ts";
import { ArtifactStore } from "#shared/state/artifact-store.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { evidenceOf, newAttempt } from "./core/attempt.ts";
import type { Sealed } from "./core/observations.ts";
import { specOf } from "./core/simulated-cluster.fixture.ts";
import { ExecutableDigests } from "./executable-digest.ts";
import { PatternMatcher } from "./pattern-matcher.ts";
import { seal } from "./sealing.ts";

const ok: Outcome = {
  ...{ cause: "ok", exitCode: 0, signal: null, confidence: "proven", startedAtMs: 1, endedAtMs: 2 },
  ...{ cpuMs: 3, maxRssKb: null, message: "exit code 0" },
};

/** Seals an attempt that left these texts as files of these names, each declared as a value. */
async function sealed(texts: { readonly [name: string]: string }): Promise<Sealed> {
  const { path, remove } = tempDirectory("sealing");
  onTestFinished(remove);
  const store = new ArtifactStore({ root: join(path, "artifacts") });
  await store.open();
  const directory = join(path, "job");
  fs.mkdirSync(join(directory, "work"), { recursive: true });
  const outputs = Object.keys(texts).map((name): OutputSpec => ({
    name,
    kind: "value",
    from: name,
    extract: { kind: "whole" },
  }));
  for (const [name, text] of Object.entries(texts))
    fs.writeFileSync(join(directory, "work", name), text);
  const attempt = newAttempt(specOf(0, { outputs }), 0, evidenceOf("agent", "intended", 0));
  return await seal(attempt, directory, ok, {
    ...{ cluster: "local", agentId: "agent", privateKey: generateKeyPair().privateKey, store },
    ...{ executables: new ExecutableDigests(""), matcher: new PatternMatcher() },
  });
}

test("the largest value there may be is reported whole", async () => {
  const { outcome, outputs, receipt } = await sealed({ v: "a".repeat(64 * 1024) });
  expect([outcome.cause, outputs.length]).toEqual(["ok", 1]);
  expect(receipt).not.toBeNull();
});

test("values that no report has room for together fail the attempt, and its end can be told", async () => {
  const many = Object.fromEntries([1, 2, 3, 4].map((at) => [`v${at}`, "a".repeat(60_000)]));
  const escaped = { nul: "\0".repeat(60_000) }; // Six bytes each in JSON.
  for (const texts of [many, escaped]) {
    const { outcome, outputs, receipt, receiptDigest } = await sealed(texts);
    expect([outcome.cause, outputs]).toEqual(["failed", []]);
    expect(outcome.message).toContain("too large to be reported together");
    expect(receipt).not.toBeNull();
    const report = JSON.stringify({ outcome, outputs, receipt, receiptDigest });
    expect(report.length).toBeLessThan(REPORT_BYTES_MAX);
  }
});
