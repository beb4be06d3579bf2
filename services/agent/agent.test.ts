// The agent as a process, with real local jobs, against a scheduler that speaks real gRPC.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AttemptSpec } from "#shared/base/job.ts";
import { parseEnvelope, signatureProblem } from "#shared/receipt/dsse.ts";
import { importPublicRaw } from "#shared/receipt/keys.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { agentWorld } from "./agent-process.fixture.ts";
import { specOf } from "./core/simulated-cluster.fixture.ts";

/** Processes start and jobs run while everything else on a small machine does, too. */
const LONG_MS = 30_000;

function shell(ordinal: number, text: string, extra: Partial<AttemptSpec> = {}): AttemptSpec {
  return specOf(ordinal, { program: { kind: "exec", argv: ["/bin/sh", "-c", text] }, ...extra });
}

test("a job runs, its values come back, and its receipt is signed by the agent", async () => {
  const { scheduler, agent } = await agentWorld();
  const spec = shell(0, 'cat; echo "E = $E"; echo oops >&2; cat in/a.txt', {
    env: { E: "-15.8 Ry" },
    stdin: "hello\n",
    files: [
      { path: "in/a.txt", source: { kind: "text", text: "from a file\n" }, executable: false },
    ],
    outputs: [
      {
        name: "energy",
        kind: "value",
        from: null,
        extract: { kind: "pattern", pattern: "E = (\\S+)" },
      },
      { name: "all", kind: "value", from: null, extract: { kind: "whole" } },
    ],
  });
  scheduler.submit(spec);
  const end = await waitFor(() => scheduler.endOf(spec.token), LONG_MS);
  expect(end.outcome).toMatchObject({
    cause: "ok",
    exitCode: 0,
    signal: null,
    confidence: "proven",
  });
  expect(end.outputs).toEqual([
    { name: "energy", kind: "value", value: "-15.8" },
    { name: "all", kind: "value", value: "hello\nE = -15.8 Ry\nfrom a file" },
  ]);
  const envelope = parseEnvelope(end.receipt ?? "");
  const key = importPublicRaw(Buffer.from(scheduler.publicKeyHex ?? "", "hex"));
  expect(signatureProblem(envelope, key)).toBeUndefined();
  const { predicate } = JSON.parse(Buffer.from(envelope.payload, "base64").toString());
  const sh = fs.realpathSync("/bin/sh");
  const digest = createHash("sha256").update(fs.readFileSync(sh)).digest("hex");
  expect(predicate.code.executable).toEqual({ path: "/bin/sh", digest: `sha256:${digest}` });
  expect(predicate.signer.id).toBe("agent-1");
  await waitFor(() => fs.existsSync(join(agent.root, "ended", spec.token)), LONG_MS);
  const note = JSON.parse(
    fs.readFileSync(join(agent.root, "ended", spec.token, "job_info.json"), "utf8"),
  );
  expect(note).toMatchObject({ state: "ended", outcome: { cause: "ok" } });
  expect(fs.readdirSync(join(agent.root, "jobs"))).toEqual([]);
}, 120_000);

test("files go in and out through the stores, and come before what is told", async () => {
  const { scheduler } = await agentWorld();
  const body = Buffer.from("artifact\n".repeat(1000));
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  scheduler.shelf.set(digest, body);
  const spec = shell(0, "wc -c <big >count.txt", {
    files: [
      {
        path: "big",
        source: { kind: "artifact", digest, sizeBytes: body.length },
        executable: false,
      },
    ],
    outputs: [{ name: "count", kind: "file", path: "count.txt" }],
  });
  scheduler.submit(spec);
  const end = await waitFor(() => scheduler.endOf(spec.token), LONG_MS);
  expect(end.outcome.cause).toBe("ok");
  const [output] = end.outputs;
  expect(output).toMatchObject({ name: "count", kind: "file", path: "count.txt" });
  const made = output?.kind === "file" ? output.digest : "";
  await waitFor(() => scheduler.shelf.has(made), LONG_MS, "the output is pushed");
  expect(
    Buffer.from(scheduler.shelf.get(made) ?? [])
      .toString()
      .trim(),
  ).toBe(String(body.length));
}, 120_000);

test("ends are told apart: exit code, signal, timeout, cancel, a missing output, a bad spec", async () => {
  const { scheduler } = await agentWorld();
  scheduler.submit(shell(0, "exit 3"));
  scheduler.submit(shell(1, "kill -9 $$"));
  scheduler.submit(shell(2, "sleep 60", { timeoutMs: 200 }));
  scheduler.submit(shell(3, "sleep 60"));
  scheduler.submit(
    shell(4, "true", { outputs: [{ name: "wave", kind: "file", path: "wave.dat" }] }),
  );
  const bad = {
    ...shell(5, "true"),
    files: [{ path: "../x", source: { kind: "text", text: "" } }],
  };
  scheduler.command({ submit: { specJson: Buffer.from(JSON.stringify(bad)) } });
  const token = (ordinal: number): string => specOf(ordinal).token;
  await waitFor(() => scheduler.reports.some((entry) => entry.token === token(3)), LONG_MS);
  scheduler.command({ cancel: { token: token(3), reason: "not needed" } });
  scheduler.command({ cancel: { token: token(9), reason: "nobody knows it" } });
  for (let ordinal = 0; ordinal < 6; ordinal++) {
    await waitFor(() => scheduler.endOf(token(ordinal)), LONG_MS, `end of ${ordinal}`);
  }
  const outcome = (ordinal: number) => scheduler.endOf(token(ordinal))?.outcome;
  expect(outcome(0)).toMatchObject({ cause: "failed", exitCode: 3, message: "exit code 3" });
  expect(outcome(1)).toMatchObject({ cause: "failed", signal: 9, message: "killed by signal 9" });
  expect(outcome(2)).toMatchObject({ cause: "timeout" });
  expect(outcome(3)).toMatchObject({ cause: "cancelled", message: "not needed" });
  expect(outcome(4)).toMatchObject({ cause: "failed", exitCode: 0 });
  expect(outcome(4)?.message).toMatch(/output wave: the file wave\.dat was not written/);
  expect(outcome(5)).toMatchObject({ cause: "refused" });
  expect(outcome(5)?.message).toMatch(/leaves the work directory/);
  await waitFor(() => scheduler.acked === 8, LONG_MS);
}, 120_000);
