// The scheduler as a process: its ready line, its exits, and what survives it.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RunsService, ClustersService } from "#proto/services.ts";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";

interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
}

function start(config: string): Running {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "main.ts"), "--config", config],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const exit = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, stdout: () => stdout, stderr: () => stderr, exit };
}

async function ready(running: Running): Promise<{ grpc: string; http: string }> {
  return await waitFor(
    () => (running.stdout().endsWith("\n") ? JSON.parse(running.stdout()) : null),
    20_000,
    "ready line",
  );
}

function setup(): { config: string; directory: string; token: () => string } {
  const { path, remove } = tempDirectory("main");
  onTestFinished(remove);
  const config = join(path, "signalbox.toml");
  const token = join(path, "token");
  writeFileSync(
    config,
    `[scheduler]\nstate = "state"\npartitions = 4\nbootstrap_token_file = "token"\n[log]\npath = "log"\n`,
  );
  return { config, directory: path, token: () => readFileSync(token, "utf8").trim() };
}

const MANIFEST = Buffer.from(
  JSON.stringify({
    ...{ apiVersion: "signalbox/v1", kind: "Workflow", metadata: { name: "kept" } },
    tasks: [{ id: "a", uses: "exec@1", with: { command: ["true"] } }],
  }),
);

test("says when it is ready, keeps what it acknowledged through kill -9, and stops cleanly when asked", async () => {
  const { config, token } = setup();
  const first = start(config);
  const { grpc } = await ready(first);
  expect(JSON.parse(first.stdout())).toMatchObject({
    ready: true,
    service: "scheduler",
    pid: first.child.pid,
  });
  const channel = openChannel({ address: grpc, token: token() });
  onTestFinished(() => channel.close());
  await clientOf(ClustersService, channel).addCluster({ name: "local", kind: "local" });
  const submitted = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      clientOf(RunsService, channel).submitRun({ manifest: MANIFEST, idempotencyKey: `k${at}` }),
    ),
  );
  first.child.kill("SIGKILL");
  await first.exit;

  const second = start(config);
  const again = await ready(second);
  const back = openChannel({ address: again.grpc, token: token() });
  onTestFinished(() => back.close());
  const { runs } = await clientOf(RunsService, back).listRuns({});
  expect(new Set(runs?.map(({ id }) => id))).toEqual(new Set(submitted.map(({ run }) => run?.id)));
  second.child.kill("SIGTERM");
  expect(await second.exit).toBe(0);
});

test("is refused while another one owns the log, which goes on", async () => {
  const { config } = setup();
  const first = start(config);
  const { http } = await ready(first);
  const second = start(config);
  expect(await second.exit).toBe(3);
  expect(second.stdout()).toBe("");
  expect(second.stderr()).toContain(`another scheduler (process ${first.child.pid}) owns`);
  expect((await fetch(`http://${http}/readyz`)).status).toBe(200);
});

test("ends with the reason when a newer writer took its log", async () => {
  const { config, directory, token } = setup();
  const scheduler = start(config);
  const { grpc } = await ready(scheduler);
  const log = openEmbeddedLog({ path: join(directory, "log"), partitions: 4 });
  onTestFinished(() => log.close());
  for (let partition = 0; partition < 4; partition++)
    await log.claim(partition, "rival", Date.now());
  const channel = openChannel({ address: grpc, token: token() });
  onTestFinished(() => channel.close());
  await expect(
    clientOf(ClustersService, channel).addCluster({ name: "x", kind: "local" }),
  ).rejects.toThrow(/./);
  expect(await scheduler.exit).toBe(3);
  expect(scheduler.stderr()).toContain("another scheduler has taken over this log");
});

test("refuses a configuration with an unknown key by its line", async () => {
  const { directory } = setup();
  mkdirSync(directory, { recursive: true });
  const config = join(directory, "bad.toml");
  writeFileSync(config, '[scheduler]\nlisten = "127.0.0.1:0"\ncolour = 1\n');
  const scheduler = start(config);
  expect(await scheduler.exit).toBe(2);
  expect(scheduler.stderr()).toContain("bad.toml:3: unknown key scheduler.colour");
});
