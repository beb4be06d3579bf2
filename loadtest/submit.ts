// How many submissions a second are durably acknowledged, and how soon after that the scheduler
// decides; beside what one-in-flight group commit reaches on the same log with records of the same
// size. Roof: the log. Everything else a submission costs (gRPC, the manifest's check, the actors)
// is what the share shows.

import { readFileSync } from "node:fs";
import { RunsService } from "#proto/services.ts";
import { clientOf } from "#shared/mesh/grpc-client.ts";
import type { EventLog } from "#shared/state/log.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import { openJetStreamLog } from "#shared/state/jetstream-log.ts";
import { BenchMesh, NAMESPACE, addCluster } from "./bench-mesh.ts";
import { percentile, rounded } from "./figures.ts";
import { startNullAgent } from "./null-agent.ts";

const CALLERS = [1, 16, 128] as const;

interface Row {
  readonly log: string;
  readonly sync: string;
  readonly callers: number;
  readonly perS: number;
  readonly share: number;
  readonly referencePerS: number;
  readonly recordBytes: number;
  readonly eventsPerRecord: number;
}
interface Decision {
  readonly log: string;
  readonly offeredPerS: number;
  readonly ms: { readonly p50: number; readonly p95: number; readonly p99: number };
}

export async function benchSubmit(options: {
  readonly seconds: number;
  readonly logs: readonly ("embedded" | "jetstream")[];
  readonly say: (line: string) => void;
}): Promise<object> {
  const rows: Row[] = [];
  const decisions: Decision[] = [];
  for (const log of options.logs) {
    let best = 0;
    for (const callers of CALLERS) {
      const row = await throughput(log, callers, options.seconds);
      best = Math.max(best, row.perS);
      rows.push(row);
      options.say(
        `${log} ${callers} callers: ${row.perS}/s, ${Math.round(row.share * 100)} % of ${row.referencePerS}/s`,
      );
    }
    for (const offeredPerS of [100, Math.round(best / 2)]) {
      const decision = await decisionTime(log, offeredPerS, options.seconds);
      decisions.push(decision);
      options.say(`${log} decision at ${offeredPerS}/s: ${JSON.stringify(decision.ms)} ms`);
    }
  }
  const first = decisions[0];
  return { sync: SYNC, rows, decisionMs: first?.ms, decisions };
}

const SYNC = "embedded: LMDB transaction synced; jetstream: sync_interval always, R1";

async function throughput(
  log: "embedded" | "jetstream",
  callers: number,
  seconds: number,
): Promise<Row> {
  const mesh = await BenchMesh.start({ log, agent: null });
  try {
    await addCluster(mesh.channel, "parked", "local", 1); // No agent: submissions wait there.
    await submitFor(mesh, callers, 1); // Warm.
    const before = await recordsOf(log, mesh);
    const startMs = performance.now();
    const count = await submitFor(mesh, callers, seconds);
    const tookS = (performance.now() - startMs) / 1000;
    await mesh.stop();
    const after = await recordsOf(log, mesh);
    const records = after.records - before.records;
    const recordBytes = Math.round((after.bytes - before.bytes) / records);
    const eventsPerRecord = rounded((after.events - before.events) / records);
    const referenceRecordsPerS = await reference(
      log,
      mesh,
      recordBytes,
      Math.max(1, Math.round(eventsPerRecord)),
    );
    const referencePerS = Math.round(referenceRecordsPerS * (count / records));
    const perS = Math.round(count / tookS);
    const share = rounded(perS / referencePerS);
    return { log, sync: SYNC, callers, perS, share, referencePerS, recordBytes, eventsPerRecord };
  } finally {
    await mesh.stop();
    await mesh.remove();
  }
}

async function submitFor(mesh: BenchMesh, callers: number, seconds: number): Promise<number> {
  const runs = clientOf(RunsService, mesh.channel);
  const untilMs = performance.now() + seconds * 1000;
  let count = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await runs.submitRun({ namespace: NAMESPACE, manifest: MANIFEST, fileName: "bench.json" });
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return count;
}

const MANIFEST = Buffer.from(
  JSON.stringify({
    apiVersion: "signalbox/v1",
    kind: "Workflow",
    metadata: { name: "bench" },
    tasks: [{ id: "one", uses: "exec@1", with: { command: ["/bin/true"] } }],
  }),
);

interface Sum {
  records: number;
  bytes: number;
  events: number;
}

/** What is in the log; while the scheduler runs only from a reader of its own. */
async function recordsOf(log: "embedded" | "jetstream", mesh: BenchMesh): Promise<Sum> {
  const reader = await openLog(log, mesh, `${mesh.directory}/log`);
  const sum = { records: 0, bytes: 0, events: 0 };
  for (let partition = 0; partition < reader.partitions; partition++) {
    for await (const { record, bytes } of reader.read(partition, 1)) {
      sum.records += 1;
      sum.bytes += bytes.length;
      for (const { events } of record.entries) sum.events += events.length;
    }
  }
  await reader.close();
  return sum;
}

async function openLog(
  log: "embedded" | "jetstream",
  mesh: BenchMesh,
  path: string,
): Promise<EventLog> {
  if (log === "embedded") return openEmbeddedLog({ path, partitions: 16 });
  const { nats } = mesh;
  if (nats === null) throw new Error("no nats-server");
  const secret = (file: string): string => readFileSync(file, "utf8").trim();
  return await openJetStreamLog({
    ...{ urls: [nats.url], partitions: 16, replicas: 1, production: true },
    credentials: secret(nats.credentialsFile),
    systemCredentials: secret(nats.systemCredentialsFile),
    // The reference writes streams of its own beside those it is compared with.
    prefix: path.endsWith("reference") ? "REFERENCE" : "SIGNALBOX",
    partitionBytesMax: 256 * 2 ** 20,
  });
}

/** Records a second with one in flight, each of `bytes` in `events` events. */
async function reference(
  log: "embedded" | "jetstream",
  mesh: BenchMesh,
  bytes: number,
  events: number,
): Promise<number> {
  const target = await openLog(log, mesh, `${mesh.directory}/reference`);
  const writer = await target.claim(0, "reference", Date.now());
  const fill = "x".repeat(Math.max(1, Math.floor((bytes - 120) / events) - 30));
  const event = { type: "reference", fill };
  const entries = [
    { actor: "run/default/reference", events: Array.from({ length: events }, () => event) },
  ];
  const untilMs = performance.now() + 2000;
  const startMs = performance.now();
  let count = 0;
  while (performance.now() < untilMs) {
    await writer.append(entries, Date.now());
    count += 1;
  }
  const perS = count / ((performance.now() - startMs) / 1000);
  await target.close();
  return perS;
}

/** Open loop: submissions leave on their schedule, whatever became of those before. */
async function decisionTime(
  log: "embedded" | "jetstream",
  offeredPerS: number,
  seconds: number,
): Promise<Decision> {
  const mesh = await BenchMesh.start({ log, agent: null });
  try {
    const enrolment = await addCluster(mesh.channel, "null", "local", 100_000);
    const agent = await startNullAgent(mesh.channel, enrolment);
    const runs = clientOf(RunsService, mesh.channel);
    const acknowledgedMs = new Map<string, number>();
    const total = Math.round(offeredPerS * seconds);
    const startMs = performance.now();
    const inFlight: Promise<void>[] = [];
    for (let i = 0; i < total; i++) {
      const atMs = startMs + (i * 1000) / offeredPerS;
      while (performance.now() < atMs) await new Promise((resolve) => setImmediate(resolve));
      inFlight.push(
        runs
          .submitRun({ namespace: NAMESPACE, manifest: MANIFEST, fileName: "bench.json" })
          .then(({ run }) => {
            acknowledgedMs.set(run?.id ?? "", performance.now());
          }),
      );
    }
    await Promise.all(inFlight);
    const deadlineMs = performance.now() + 30_000;
    while (agent.ended() < total && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    agent.close();
    const samples: number[] = [];
    for (const [run, ackMs] of acknowledgedMs) {
      const arrivedMs = agent.arrivedMs.get(run);
      if (arrivedMs !== undefined) samples.push(Math.max(0, arrivedMs - ackMs));
    }
    if (samples.length < total)
      throw new Error(`${total - samples.length} of ${total} were never decided`);
    const at = (p: number): number => rounded(percentile(samples, p));
    return { log, offeredPerS, ms: { p50: at(50), p95: at(95), p99: at(99) } };
  } finally {
    await mesh.stop();
    await mesh.remove();
  }
}
