import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import type { OutputSpec } from "#shared/base/job.ts";
import { ArtifactStore } from "#shared/state/artifact-store.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { specOf } from "./core/simulated-cluster.fixture.ts";
import { PatternMatcher } from "./pattern-matcher.ts";
import { collectOutputs, stageArtifacts } from "./staging.ts";

async function workplace(): Promise<{ directory: string; work: string; store: ArtifactStore }> {
  const { path, remove } = tempDirectory("staging");
  onTestFinished(remove);
  const store = new ArtifactStore({ root: join(path, "artifacts") });
  await store.open();
  const directory = join(path, "job");
  fs.mkdirSync(join(directory, "work"), { recursive: true });
  return { directory, work: join(directory, "work"), store };
}

const value = (
  name: string,
  from: string | null,
  extract: (OutputSpec & { kind: "value" })["extract"],
): OutputSpec => ({
  name,
  kind: "value",
  from,
  extract,
});

test("artifacts come from the store, or are fetched into it first, as copies of their own", async () => {
  const { work, store } = await workplace();
  const here = await store.put([Buffer.from("here")]);
  const away = await new ArtifactStore({ root: join(work, "..", "..", "artifacts") }).put([
    Buffer.from("away"),
  ]);
  fs.rmSync(store.pathOf(away.digest), { force: true });
  const spec = specOf(0, {
    files: [here, away].map(({ digest, sizeBytes }, index) => ({
      path: `in/${index}`,
      source: { kind: "artifact", digest, sizeBytes },
      executable: index === 1,
    })),
  });
  const fetched: string[] = [];
  await stageArtifacts(spec, work, store, async (digest) => {
    fetched.push(digest);
    await store.put([Buffer.from("away")], digest);
  });
  expect(fetched).toEqual([away.digest]);
  expect(fs.readFileSync(join(work, "in/0"), "utf8")).toBe("here");
  expect(fs.statSync(join(work, "in/1")).mode & 0o100).toBe(0o100);
  fs.writeFileSync(join(work, "in/0"), "the job wrote");
  await store.verify(here.digest);
});

test("an artifact that cannot be had is a failure, and nothing is staged in its place", async () => {
  const { work, store } = await workplace();
  const digest = `sha256:${"0".repeat(64)}`;
  const spec = specOf(0, {
    files: [{ path: "x", source: { kind: "artifact", digest, sizeBytes: 1 }, executable: false }],
  });
  const fetch = (): Promise<void> => Promise.reject(new Failure("NOT_FOUND", "not here"));
  await expect(stageArtifacts(spec, work, store, fetch)).rejects.toThrow("not here");
  expect(fs.readdirSync(work)).toEqual([]);
});

test("values: whole, the last match, a place in a JSON document", async () => {
  const { directory, work, store } = await workplace();
  fs.writeFileSync(join(directory, "stdout"), "E = 1\nE = 2\nbye\n");
  fs.writeFileSync(join(work, "r.json"), '{"a":{"b":[1.5,{"c":"text"}]},"n":null}');
  const spec = specOf(0, {
    outputs: [
      value("whole", null, { kind: "whole" }),
      value("last", null, { kind: "pattern", pattern: "^E = (\\d)$" }),
      value("match", null, { kind: "pattern", pattern: "by." }),
      value("number", "r.json", { kind: "json", path: "a.b.0" }),
      value("text", "r.json", { kind: "json", path: "a.b.1.c" }),
      value("object", "r.json", { kind: "json", path: "a" }),
    ],
  });
  const { outputs, problems } = await collectOutputs(spec, directory, store, new PatternMatcher());
  expect(problems).toEqual([]);
  expect(outputs.map((output) => (output.kind === "value" ? output.value : ""))).toEqual([
    "E = 1\nE = 2\nbye",
    "2",
    "bye",
    "1.5",
    "text",
    '{"b":[1.5,{"c":"text"}]}',
  ]);
});

test("what is missing, too large, not found or endless is named, and the rest is kept", async () => {
  const { directory, work, store } = await workplace();
  fs.writeFileSync(join(directory, "stdout"), `${"a".repeat(70_000)}!`);
  fs.mkdirSync(join(work, "folder"));
  fs.writeFileSync(join(work, "good"), "good");
  const spec = specOf(0, {
    outputs: [
      value("large", null, { kind: "whole" }),
      value("none", null, { kind: "pattern", pattern: "z+" }),
      value("endless", null, { kind: "pattern", pattern: "^(a+)+$" }),
      value("text", null, { kind: "json", path: "a" }),
      value("gone", "no.json", { kind: "json", path: "a" }),
      { name: "folder", kind: "file", path: "folder" },
      { name: "file", kind: "file", path: "wave.dat" },
      { name: "good", kind: "file", path: "good" },
    ],
  });
  const { outputs, problems } = await collectOutputs(spec, directory, store, new PatternMatcher());
  expect(problems.map((problem) => problem.slice(0, 70))).toEqual(
    [
      "output large: the value is over 64 KiB: declare it as a file",
      "output none: nothing in standard output matches z+",
      "output endless: the pattern ^(a+)+$ found no end in 1000 ms",
      "output text: standard output is not JSON",
      "output gone: the file no.json was not written",
      "output folder: folder is not a file",
      "output file: the file wave.dat was not written",
    ].map((problem) => problem.slice(0, 70)),
  );
  expect(outputs).toHaveLength(1);
  const [good] = outputs;
  expect(good).toMatchObject({ name: "good", kind: "file", sizeBytes: 4 });
  await store.verify(good?.kind === "file" ? good.digest : "");
});

test("a link out of the directory, a pipe and a device are no outputs; a link inside is what it leads to", async () => {
  const { directory, work, store } = await workplace();
  const secret = join(directory, "..", "agent.key");
  fs.writeFileSync(secret, "secret");
  fs.writeFileSync(join(work, "result"), "result");
  fs.symlinkSync("result", join(work, "inside"));
  fs.symlinkSync("../../agent.key", join(work, "key"));
  fs.symlinkSync("/proc/self/environ", join(work, "environ"));
  fs.symlinkSync("/dev/zero", join(work, "zero"));
  execFileSync("mkfifo", [join(work, "pipe")]);
  fs.symlinkSync(secret, join(directory, "stdout"));
  const paths = ["key", "environ", "zero", "pipe", "inside"];
  const outputs: OutputSpec[] = paths.flatMap((path) => [
    { name: `${path}-file`, kind: "file", path },
    value(`${path}-value`, path, { kind: "whole" }),
  ]);
  outputs.push(value("stdout", null, { kind: "whole" }));
  const spec = specOf(0, { outputs });
  const collected = await collectOutputs(spec, directory, store, new PatternMatcher());
  expect(collected.outputs.map(({ name }) => name)).toEqual(["inside-file", "inside-value"]);
  expect(collected.problems).toHaveLength(9);
  expect(collected.problems[0]).toContain("outside the work directory");
  expect(JSON.stringify(collected)).not.toContain("secret");
});

test("nor when the whole work directory was put in another's place", async () => {
  const { directory, work, store } = await workplace();
  const state = join(directory, "..", "state");
  fs.mkdirSync(state);
  fs.writeFileSync(join(state, "agent.key"), "secret");
  fs.rmSync(work, { recursive: true });
  fs.symlinkSync(state, work);
  const spec = specOf(0, { outputs: [{ name: "key", kind: "file", path: "agent.key" }] });
  const { outputs, problems } = await collectOutputs(spec, directory, store, new PatternMatcher());
  expect([outputs, problems.length]).toEqual([[], 1]);
});
