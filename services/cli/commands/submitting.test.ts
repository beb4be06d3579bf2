// Commands that hand over work: what is sent, what is refused before anything is.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { cli, folder, JobState, RUN, RunState, wireJob, wireRun } from "../testing/cli-run.ts";

const MANIFEST = `apiVersion: signalbox/v1
kind: Workflow
metadata: {name: demo}
params: {n: {type: integer, default: 1}}
tasks:
  - id: one
    uses: exec@1
    with:
      command: [cat, input.txt, "\${{ params.n }}"]
      files: {input.txt: {from: input.txt}}
`;

function manifestFolder(text = MANIFEST): string {
  const path = folder();
  writeFileSync(join(path, "demo.yaml"), text);
  writeFileSync(join(path, "input.txt"), "hello");
  return path;
}
const digest = `sha256:${createHash("sha256").update("hello").digest("hex")}`;

test("a submission uploads what is missing and keeps its key over retries", async () => {
  const keys: string[] = [];
  const put: Buffer[] = [];
  let refusals = 2;
  let got: signalbox.control.v1.ISubmitRunRequest = {};
  const { code, terminal } = await cli(
    ["submit", "demo.yaml", "-p", "n=7", "--label", "a=b=c", "--cluster", "hpc", "--json"],
    {
      artifacts: {
        findMissing: (request) => Promise.resolve({ missing: request.digests ?? [] }),
        putArtifact: async (pieces) => {
          for await (const piece of pieces)
            if (piece.data?.length) put.push(Buffer.from(piece.data));
          return { digest, sizeBytes: 5 };
        },
      },
      runs: {
        submitRun: (request) => {
          keys.push(request.idempotencyKey ?? "");
          got = request;
          if (refusals-- > 0) return Promise.reject(new Failure("UNAVAILABLE", "not owner yet"));
          return Promise.resolve({ run: wireRun(), existed: false });
        },
      },
    },
    { cwd: manifestFolder() },
  );
  expect(code).toBe(0);
  expect(new Set(keys).size).toBe(1);
  expect(keys).toHaveLength(3);
  expect(Buffer.concat(put).toString()).toBe("hello");
  expect(got).toMatchObject({
    fileName: "demo.yaml",
    paramsJson: { n: '"7"' },
    fileDigests: { "input.txt": digest },
    cluster: "hpc",
    labels: { a: "b=c" },
  });
  expect(terminal.json()).toMatchObject({ run: { id: RUN, state: "running" }, existed: false });
});

test("--key is sent as it is", async () => {
  let key = "";
  await cli(
    ["submit", "demo.yaml", "--key", "nightly"],
    {
      artifacts: { findMissing: () => Promise.resolve({ missing: [] }) },
      runs: {
        submitRun: (request) => {
          key = request.idempotencyKey ?? "";
          return Promise.resolve({ run: wireRun(), existed: true });
        },
      },
    },
    { cwd: manifestFolder() },
  );
  expect(key).toBe("nightly");
});

test("an invalid manifest ends 2 with file, line, column and hint, and nothing is sent", async () => {
  const cwd = manifestFolder(
    MANIFEST.replace("exec@1", "exce@1").replace("input.txt}}", "gone.txt}}"),
  );
  for (const args of [
    ["submit", "demo.yaml"],
    ["run", "demo.yaml"],
  ]) {
    const { code, terminal } = await cli(args, {}, { cwd });
    expect(code).toBe(2);
    expect(terminal.err()).toMatch(/demo\.yaml:7:\d+: /u);
    expect(terminal.err()).toContain("nothing was submitted");
  }
  const missing = await cli(["submit", "nowhere.yaml"], {}, { cwd });
  expect(missing.code).toBe(2);
  expect(missing.terminal.err()).toContain("cannot read nowhere.yaml: there is no such file");
});

test("validate needs no scheduler, and says per file what is wrong and where", async () => {
  const cwd = manifestFolder();
  const good = await cli(["validate", "demo.yaml"], null, { cwd });
  expect(good.code).toBe(0);
  expect(good.terminal.out()).toContain("✔ demo.yaml: demo, 1 step: one");
  const fan = "tasks: [a, b, c, d, e, sum]".replace(/\w+(?=[,\]])/gu, (id) => {
    const needs = id === "sum" ? "[a, b, c, d, e]" : "[]";
    return `{id: ${id}, uses: exec@1, needs: ${needs}, with: {command: [ls]}}`;
  });
  writeFileSync(join(cwd, "fan.yaml"), MANIFEST.replace(/^tasks:[^]*/mu, `${fan}\n`));
  const wide = await cli(["validate", "fan.yaml"], null, { cwd });
  expect(wide.terminal.out()).toContain("6 steps: a, b, c, d and 1 more → sum");
  writeFileSync(join(cwd, "bad.yaml"), MANIFEST.replace("input.txt}}", "gone.txt}}"));
  const both = await cli(["validate", "demo.yaml", "bad.yaml", "--json"], null, { cwd });
  expect(both.code).toBe(2);
  expect(both.terminal.json()).toMatchObject([
    {
      file: "demo.yaml",
      valid: true,
      workflow: "demo",
      tasks: [{ id: "one", needs: [] }],
      errors: [],
    },
    {
      file: "bad.yaml",
      valid: false,
      errors: [{ line: 10, message: expect.stringContaining("gone.txt") }],
    },
  ]);
});

test("run ends with the run's result: 0, or 1 with the reason", async () => {
  for (const state of [RunState.RUN_STATE_SUCCEEDED, RunState.RUN_STATE_FAILED]) {
    const ended = wireRun({
      state,
      endedAtMs: Date.now(),
      reason: state === RunState.RUN_STATE_FAILED ? "one failed" : "",
    });
    const { code, terminal } = await cli(
      ["run", "demo.yaml", "--json"],
      {
        artifacts: { findMissing: () => Promise.resolve({ missing: [] }) },
        runs: {
          submitRun: () => Promise.resolve({ run: wireRun() }),
          watchRun: async function* watchRun() {
            yield { run: wireRun(), jobs: [wireJob("one")] };
            yield {
              run: ended,
              jobs: [
                wireJob("one", {
                  state:
                    state === RunState.RUN_STATE_FAILED
                      ? JobState.JOB_STATE_FAILED
                      : JobState.JOB_STATE_SUCCEEDED,
                }),
              ],
            };
          },
        },
      },
      { cwd: manifestFolder() },
    );
    expect(code).toBe(state === RunState.RUN_STATE_FAILED ? 1 : 0);
    expect(terminal.json()).toMatchObject({
      run: { state: state === RunState.RUN_STATE_FAILED ? "failed" : "succeeded" },
      jobs: [{ task: "one" }],
    });
    expect(terminal.err()).toContain("one: running on local, job 42");
  }
});

test("sbatch submits a script as it stands, with its arguments, and answers like sbatch", async () => {
  const cwd = folder();
  const script = '#!/bin/bash\n#SBATCH --job-name=relax --time=10\necho "$1" ${{ x }}\n';
  writeFileSync(join(cwd, "job.sh"), script);
  let got: signalbox.control.v1.ISubmitRunRequest = {};
  const handlers = {
    runs: {
      submitRun: (request: signalbox.control.v1.ISubmitRunRequest) => {
        got = request;
        return Promise.resolve({ run: wireRun() });
      },
    },
  };
  const { code, terminal } = await cli(["sbatch", "job.sh", "--input", "a b"], handlers, { cwd });
  expect(code).toBe(0);
  expect(terminal.out()).toBe(`Submitted batch job ${RUN}/relax\n`);
  expect(terminal.err()).toContain("a work directory of its own");
  const manifest = JSON.parse(Buffer.from(got.manifest!).toString()) as {
    tasks: { with: { command: string[] } }[];
  };
  expect(manifest.tasks[0]!.with.command.slice(-2)).toEqual(["--input", "a b"]);

  writeFileSync(join(cwd, "bad.sh"), "#!/bin/sh\n#SBATCH --array=1-9\n");
  const bad = await cli(["sbatch", "bad.sh"], handlers, { cwd });
  expect(bad.code).toBe(2);
  expect(bad.terminal.err()).toMatch(
    /bad\.sh:2:\d+: --array is not supported\n[\s\S]*one task per index/u,
  );
});
