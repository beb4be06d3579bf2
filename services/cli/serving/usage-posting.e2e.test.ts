// A router's usage in the control plane, by real processes: all of it arrives, once, though the
// scheduler was away and both were killed.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { ServiceRecord } from "../mesh/mesh-record.ts";
import { signalProcess } from "../mesh/process-identity.ts";
import { bundledModel } from "../package-root.ts";
import { runCli } from "../run-cli.ts";
import { testTerminal } from "../testing/test-terminal.ts";
import { READY_MS, ServiceGroup } from "./service-group.fixture.ts";

const KEY = "sk-sb-of-this-test";
const group = new ServiceGroup("usage-posting");
const at = (name: string): string => group.at(name);

const startScheduler = (listen: string): Promise<ServiceRecord> =>
  group.start("scheduler", {
    ...{ LISTEN: listen, STATE: at("scheduler"), BOOTSTRAP_TOKEN_FILE: at("token") },
    PARTITIONS: "2",
  });

const startRouter = (scheduler: string, http: string, workers: string): Promise<ServiceRecord> =>
  group.start("router", {
    ...{ HTTP: http, WORKERS: workers, STATE: at("usage"), KEYS_FILE: at("keys.toml") },
    ...{ SCHEDULER: scheduler, SCHEDULER_TOKEN_FILE: at("token") },
  });

beforeAll(() => {
  const sha256 = createHash("sha256").update(KEY).digest("hex");
  const entry = `[[key]]\nname = "ada"\nsha256 = "${sha256}"\nnamespace = "lab"\n`;
  writeFileSync(at("keys.toml"), entry);
});

afterAll(() => group.end(), READY_MS);

test(
  "what a router counted is in the control plane, once, whoever was killed in between",
  async () => {
    const scheduler = await startScheduler("127.0.0.1:0");
    const grpc = String(scheduler.ready?.["grpc"]);
    const router = await startRouter(grpc, "127.0.0.1:0", "127.0.0.1:0");
    const [http, workers] = ["http", "workers"].map((name) => String(router.ready?.[name]));
    await group.start("worker", {
      ...{ ENGINE: "simulated", MODEL: bundledModel(), MODEL_NAME: "m" },
      ...{ ROUTERS: workers! },
    });
    for (let i = 0; i < 5; i++) await complete(http!);
    await waitFor(async () => (await posted(grpc)) === 5, READY_MS, "the first requests");

    signalProcess(scheduler, "SIGKILL");
    for (let i = 0; i < 5; i++) await complete(http!);
    expect(await kept(http!)).toBe(10); // Asked for, they are written down.
    signalProcess(router, "SIGKILL");
    await startRouter(grpc, http!, workers!);
    for (let i = 0; i < 3; i++) await complete(http!);
    await startScheduler(grpc);
    await waitFor(async () => (await posted(grpc)) === 13, READY_MS, "all that came meanwhile");
    expect(await kept(http!)).toBe(13);
  },
  4 * READY_MS,
);

/** One request of four tokens; the model may not be there yet. */
async function complete(http: string): Promise<void> {
  await waitFor(
    async () => {
      const response = await fetch(`http://${http}/v1/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${KEY}` },
        body: JSON.stringify({ model: "m", prompt: "signal", max_tokens: 4, ignore_eos: true }),
      });
      await response.text();
      return response.status === 200;
    },
    READY_MS,
    "an answer",
  );
}

/** Answered requests by the router's own count. */
async function kept(http: string): Promise<number> {
  const headers = { authorization: `Bearer ${KEY}` };
  const response = await fetch(`http://${http}/v1/usage`, { headers });
  const { requests, failed } = (await response.json()) as { requests: number; failed: number };
  return requests - failed;
}

/** The same by the control plane's. */
async function posted(grpc: string): Promise<number> {
  const token = readFileSync(at("token"), "utf8").trim();
  const env = { SIGNALBOX_SERVER: grpc, SIGNALBOX_TOKEN: token, SIGNALBOX_NAMESPACE: "lab" };
  const terminal = testTerminal({ env });
  expect(await runCli(["--json", "usage"], terminal)).toBe(0);
  const cells = JSON.parse(terminal.out()) as Sum[];
  const answered = cells.filter(({ model }) => model === "m");
  for (const cell of answered) {
    expect(cell).toMatchObject({ key: "ada", completionTokens: 4 * (cell.requests - cell.failed) });
  }
  return answered.reduce((sum, { requests, failed }) => sum + requests - failed, 0);
}

interface Sum {
  readonly key: string;
  readonly model: string;
  readonly requests: number;
  readonly failed: number;
  readonly completionTokens: number;
}
