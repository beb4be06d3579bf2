// A journal that cannot be written: new work is refused and not acknowledged, the reason is told,
// and nothing is lost once there is room again.

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { dialectOf } from "#adapters/index.ts";
import { localTransport } from "#adapters/transports/local/local-transport.ts";
import { Failure } from "#shared/base/errors.ts";
import { openChannel } from "#shared/mesh/grpc-client.ts";
import { NO_TLS } from "#shared/mesh/tls.ts";
import { MemoryStore } from "#shared/state/memory-store.ts";
import type { StoreOp } from "#shared/state/store.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { writeFileSync } from "node:fs";
import { enrol, openKey, readIdentity } from "./agent-identity.ts";
import { Agent } from "./agent.ts";
import { specOf } from "./core/simulated-cluster.fixture.ts";
import { ENROLMENT_TOKEN, FakeScheduler } from "./fake-scheduler.fixture.ts";

/** Processes start and jobs run while everything else on a small machine does, too. */
const LONG_MS = 30_000;

class FullStore extends MemoryStore {
  full = false;

  override async commit(ops: readonly StoreOp[]): Promise<void> {
    if (this.full) throw new Failure("FULL", "no room to write");
    await super.commit(ops);
  }
}

test("a full disk refuses new work, says why, and loses nothing", async () => {
  const { path, remove } = tempDirectory("agent-full");
  onTestFinished(remove);
  const scheduler = new FakeScheduler();
  const address = await scheduler.start();
  onTestFinished(() => scheduler.stop());
  const state = join(path, "state");
  const key = openKey(state);
  expect(openKey(state).equals(key)).toBe(true);
  writeFileSync(join(path, "token"), `${ENROLMENT_TOKEN}\n`);
  const channel = openChannel({ address });
  const identity = await enrol(channel, state, join(path, "token"), "0", key);
  await expect(enrol(channel, state, join(path, "token"), "0", key)).rejects.toThrow(/spent/);
  channel.close();
  expect(readIdentity(state, key)).toMatchObject({
    agentId: "agent-1",
    namespace: "lab",
    cluster: "here",
  });
  const store = new FullStore();
  const metrics = createMetrics("agent");
  const agent = await Agent.start({
    config: {
      scheduler: address,
      kind: "local",
      root: join(path, "root"),
      state,
      enrolmentTokenFile: null,
      http: "",
      pollMinS: 2,
      pollMaxS: 300,
      adoptWaitS: 1,
      options: {},
    },
    tls: NO_TLS,
    identity,
    version: "0",
    store,
    dialect: dialectOf("local", localTransport(), {}),
    metrics,
    logger: createLogger({ service: "agent", level: "silent" }),
  });
  onTestFinished(() => agent.close());
  await waitFor(() => scheduler.connected && agent.linked, LONG_MS);
  store.full = true;
  scheduler.submit(specOf(0));
  scheduler.submit(specOf(1));
  await waitFor(() => agent.storageProblem !== null, LONG_MS);
  scheduler.submit(specOf(2)); // Comes while it is known to be full: refused.
  await waitFor(() => scheduler.hellos.length >= 2, LONG_MS, "the link was cut and dialled again");
  expect(scheduler.acked).toBe(0);
  expect(scheduler.reports).toEqual([]);
  await waitFor(() => scheduler.heartbeats.at(-1)?.clusterState === "unreachable", LONG_MS);
  expect(scheduler.heartbeats.at(-1)?.clusterReason).toMatch(/no room to write/);
  store.full = false;
  for (const ordinal of [0, 1, 2]) {
    const end = await waitFor(
      () => scheduler.endOf(specOf(ordinal).token),
      LONG_MS,
      `end of ${ordinal}`,
    );
    expect(end.outcome).toMatchObject({ cause: "ok", exitCode: 0, message: "exit code 0" });
    expect(scheduler.endsOf(specOf(ordinal).token)).toHaveLength(1);
  }
  await waitFor(() => scheduler.acked === 3, LONG_MS);
  await waitFor(() => scheduler.heartbeats.at(-1)?.clusterState === "reachable", LONG_MS);
  expect(await metrics.render()).toMatch(/signalbox_submissions_total\{.*result="accepted".*\} 3/);
}, 120_000);
