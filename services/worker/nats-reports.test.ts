// A worker process over a real nats-server: its figures go there as well as over its links, the
// same reading under the same number, and a server that goes away costs it nothing.

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { signalbox } from "#proto/signalbox.js";
import { systemRandom } from "#shared/config/system.ts";
import { inferenceSubject, NatsBus, natsOptions } from "#shared/mesh/nats-bus.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { startNatsServer, stopNatsServer, type NatsBinary } from "#shared/mesh/nats-server.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { collect, FakeRouter } from "./worker-world.fixture.ts";

type Report = signalbox.inference.v1.WorkerReport;
const { WorkerReport } = signalbox.inference.v1;
const SLOW_MS = 20_000;

const binary = natsServerHere();

if (binary === null) {
  test.skip("a worker over NATS (node tools/setup.ts nats-server gets a server)", () => {});
} else {
  test(
    "a worker's figures go over NATS too, under the same number",
    () => overNats(binary),
    60_000,
  );
}

async function overNats(found: NatsBinary): Promise<void> {
  const directory = tempDirectory("nats-reports");
  onTestFinished(directory.remove);
  const server = await startNatsServer({ directory: directory.path, binary: found });
  onTestFinished(() => stopNatsServer(server));
  const config = { urls: [server.url], replicas: 1, credentialsFile: server.credentialsFile };
  const nats = natsOptions({ ...config, systemCredentialsFile: null }, "test")!;
  const bus = new NatsBus(nats, systemRandom);
  onTestFinished(() => bus.close());
  const reports: Report[] = [];
  bus.subscribe(inferenceSubject("progress", "m"), (payload) => {
    reports.push(WorkerReport.decode(payload));
  });

  const router = new FakeRouter();
  await router.start();
  const child = fork(join(import.meta.dirname, "worker-process.fixture.ts"), {
    env: {
      ...{ ...process.env, SIGNALBOX_WORKER_ENGINE: "simulated", SIGNALBOX_WORKER_NAME: "w1" },
      ...{ SIGNALBOX_WORKER_ROUTERS: router.address, SIGNALBOX_NATS_URL: server.url },
      SIGNALBOX_NATS_CREDENTIALS_FILE: server.credentialsFile,
      SIGNALBOX_TELEMETRY_LEVEL: "silent",
    },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  const client = await router.client();
  const request = { id: "a", fence: 1, promptIds: [1, 2, 3], sampling: { maxTokens: 20 } };
  await collect(client.generate({ ...request, dispatch: 12 }));

  const done = await waitFor(
    () => reports.find(({ progress }) => progress?.routers?.[0]?.seen === 12),
    SLOW_MS,
    "a report with the request in it",
  );
  expect(done.worker).toBe(`w1/${router.hellos[0]?.epoch}`);
  expect(done.build).toBe("1"); // As the fixture's model card has it.
  expect(done.progress).toMatchObject({ sequence: 0, seen: 0, blocks: 4096, state: 1 });
  expect(done.progress?.routers).toEqual([{ router: "r1", seen: 12 }]);
  // By its link it said the same at the same time.
  const { beat, tokensOut } = done.progress!;
  const twin = await waitFor(() => router.progress.find((it) => it.beat === beat), SLOW_MS);
  expect(twin).toMatchObject({ seen: 12, tokensOut, routers: [{ router: "r1", seen: 12 }] });
  const beats = router.progress.map((it) => it.beat ?? 0);
  expect(beats).toEqual(beats.map((_, i) => beats[0]! + i));

  process.kill(server.pid, "SIGKILL");
  await waitFor(() => !bus.up, SLOW_MS, "the loss of the server");
  const heard = router.progress.length;
  expect(await collect(client.generate({ ...request, id: "b", dispatch: 13 }))).not.toEqual([]);
  await waitFor(() => router.progress.length > heard + 3, SLOW_MS, "reports without NATS");
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
}
