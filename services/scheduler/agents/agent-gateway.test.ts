// The agents' gateway over real gRPC: enrolment, proof, reports and commands over broken streams,
// logs.

import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptSpec } from "#shared/base/job.ts";
import { agentMetadata, publicKeyHexOf, signChallenge } from "#shared/mesh/agent-proof.ts";
import type { ServerCall } from "#shared/mesh/grpc-server.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { Engine } from "../engine.ts";
import { TestScheduler } from "../scheduler.fixture.ts";
import type { Clients, TestAgent } from "../scheduler.fixture.ts";
import type { ArtifactTransfers } from "../server/artifacts-service.ts";
import { JobStateView, RunStateView } from "../server/views.ts";
import { AgentGateway } from "./agent-gateway.ts";
import { AgentRegistry } from "./agent-registry.ts";
import type { AgentStream } from "./agent-session.ts";

const HEARTBEAT_MS = 150;
let scheduler: TestScheduler;
let api: Clients;

beforeAll(async () => {
  scheduler = await TestScheduler.start(HEARTBEAT_MS);
  api = scheduler.clients();
});
afterAll(() => scheduler.end());

function manifest(tasks: number): Buffer {
  const list = Array.from({ length: tasks }, (_, at) => ({
    id: `t${at}`,
    uses: "exec@1",
    with: { command: ["true"] },
  }));
  return Buffer.from(
    JSON.stringify({
      apiVersion: "signalbox/v1",
      kind: "Workflow",
      metadata: { name: "w" },
      tasks: list,
    }),
  );
}

async function submit(cluster: string, tasks = 1): Promise<string> {
  return (await api.runs.submitRun({ manifest: manifest(tasks), cluster })).run?.id ?? "";
}

async function ended(id: string): Promise<number> {
  let state = 0;
  for await (const { run } of api.runs.watchRun({ id })) state = run?.state ?? 0;
  return state;
}

async function refusal(promise: Promise<unknown>): Promise<Failure> {
  const reason = await promise.then(
    () => null,
    (failure: unknown) => failure,
  );
  expect(reason).toBeInstanceOf(Failure);
  return reason as Failure;
}

const agentState = async (name: string): Promise<string> =>
  (await api.clusters.getCluster({ name })).cluster?.agent ?? "";

/** An agent that keeps what it is given. */
function holding(agent: TestAgent): AttemptSpec[] {
  const held: AttemptSpec[] = [];
  agent.onSubmit = (spec) => {
    held.push(spec);
    agent.phase(spec, "running");
  };
  return held;
}

describe("enrolment", () => {
  test("spends its token once, and the same key may ask again", async () => {
    const added = await api.clusters.addCluster({ name: "enrol", kind: "local" });
    const enrolmentToken = added.enrolmentToken ?? "";
    const publicKey = Buffer.alloc(32, 9);
    const first = await api.agents.enrol({ enrolmentToken, publicKey });
    expect(first).toMatchObject({ namespace: "default", cluster: "enrol" });
    expect(first.schedulerPublicKey).toHaveLength(32);
    expect((await api.agents.enrol({ enrolmentToken, publicKey })).agentId).toBe(first.agentId);
    const stolen = await refusal(
      api.agents.enrol({ enrolmentToken, publicKey: Buffer.alloc(32, 8) }),
    );
    expect(stolen.code).toBe("FORBIDDEN");
    const again = await refusal(api.clusters.addCluster({ name: "enrol", kind: "local" }));
    expect(again.code).toBe("ALREADY_EXISTS");
    expect((await refusal(api.agents.enrol({ enrolmentToken: "sbe_x", publicKey }))).code).toBe(
      "UNAUTHENTICATED",
    );
  });
});

describe("a stream", () => {
  test("is not believed without the enrolled key's proof", async () => {
    const agent = await scheduler.cluster("proof");
    const other = generateKeyPairSync("ed25519").privateKey;
    const failure = await refusal(agent.connect(other));
    expect(failure.code).toBe("UNAUTHENTICATED");
    expect(await agentState("proof")).toBe("never_connected");
    await agent.connect();
    expect(await agentState("proof")).toBe("connected");
    agent.agentId = "somebody";
    expect((await refusal(agent.connect())).code).toBe("UNAUTHENTICATED");
  });

  test("that is silent for three heartbeats is shown as disconnected, which ends no job", async () => {
    const agent = await scheduler.cluster("silent");
    const held = holding(agent);
    await agent.connect();
    const id = await submit("silent");
    await waitFor(() => held.length === 1);
    await waitFor(async () => (await agentState("silent")) === "disconnected");
    // The scheduler knows of it before the agent has heard.
    await waitFor(() => agent.ended !== undefined);
    expect(agent.ended).toMatchObject({ code: "UNAVAILABLE" });
    const { job } = await api.jobs.getJob({ id: `${id}/t0` });
    expect([job?.state, job?.reachable]).toEqual([JobStateView.JOB_STATE_RUNNING, false]);
    await agent.connect();
    agent.succeed(held[0] as AttemptSpec);
    expect(await ended(id)).toBe(RunStateView.RUN_STATE_SUCCEEDED);
    expect(agent.commands.filter(({ submit: given }) => given != null)).toHaveLength(1);
  });

  test("gives its place to a newer one of the same agent", async () => {
    const agent = await scheduler.cluster("twice");
    await agent.connect();
    const older = new Promise<Failure | null>((resolve) => (agent.onEnded = resolve));
    await agent.connect();
    expect((await older)?.code).toBe("FENCED");
    expect(await agentState("twice")).toBe("connected");
    const id = await submit("twice");
    expect(await ended(id)).toBe(RunStateView.RUN_STATE_SUCCEEDED);
    expect(agent.welcomes).toHaveLength(2);
  });

  test("cut at any moment of a run costs no report and starts nothing twice", async () => {
    const agent = await scheduler.cluster("flaky", 8);
    const starts = new Map<string, number>();
    agent.onSubmit = (spec) => {
      starts.set(spec.token, (starts.get(spec.token) ?? 0) + 1);
      agent.phase(spec, "running");
      agent.succeed(spec);
    };
    await agent.connect();
    const id = await submit("flaky", 60);
    const over = ended(id);
    const done = new AbortController();
    void over.then(() => done.abort());
    for (let cuts = 0; cuts < 12 && !done.signal.aborted; cuts++) {
      const startedBefore = starts.size;
      await waitFor(() => starts.size > startedBefore || done.signal.aborted);
      agent.drop();
      await waitFor(() => agent.ended !== undefined);
      await agent.connect();
    }
    expect(await over).toBe(RunStateView.RUN_STATE_SUCCEEDED);
    expect([...starts.values()].every((count) => count === 1)).toBe(true);
    expect(starts.size).toBe(60);
  });

  test("goes on after the scheduler was stopped and started again", async () => {
    const agent = await scheduler.cluster("restart", 1);
    const held = holding(agent);
    await agent.connect();
    const epoch = agent.welcomes[0]?.epoch ?? 0;
    const id = await submit("restart", 2);
    await waitFor(() => held.length === 1);
    await scheduler.close();
    await waitFor(() => agent.ended !== undefined);
    // Nobody hears it: it is sent again after the next welcome.
    agent.succeed(held[0] as AttemptSpec);
    await scheduler.open();
    await waitFor(async () => {
      await agent.connect();
      return true;
    });
    expect(agent.welcomes.at(-1)?.epoch).toBeGreaterThan(epoch);
    await waitFor(() => held.length === 2);
    agent.succeed(held[1] as AttemptSpec);
    api = scheduler.clients();
    expect(await ended(id)).toBe(RunStateView.RUN_STATE_SUCCEEDED);
    expect(held.map(({ task }) => task)).toEqual(["t0", "t1"]);
  });

  test("of an agent that has seen a higher epoch is refused", async () => {
    const agent = await scheduler.cluster("future");
    await agent.connect();
    const call = scheduler.clients(null).agents.connect();
    const failure = await new Promise<Failure | null>((resolve) => {
      call.listen({
        onMessage: ({ challenge }) => {
          if (challenge == null) return;
          call.write({
            proof: {
              signature: signChallenge(
                agent.key,
                challenge.nonce ?? new Uint8Array(),
                agent.agentId,
              ),
            },
          });
        },
        onEnd: resolve,
      });
      const { agentId, cluster, journalId } = agent;
      call.write({
        hello: { agentId, cluster, namespace: "default", journalId, epochSeen: 1_000_000 },
      });
    });
    expect(failure?.code).toBe("FENCED");
    expect(await agentState("future")).toBe("connected");
  });

  test("with a malformed report or out of order is ended with the reason", async () => {
    const agent = await scheduler.cluster("broken");
    await agent.connect();
    agent.write({ reports: { reports: [{ seq: 1, token: "x", reportJson: Buffer.from("{") }] } });
    await waitFor(() => agent.ended !== undefined);
    expect(agent.ended?.message).toContain("it is not JSON");
    await agent.connect();
    agent.write({ proof: { signature: new Uint8Array() } });
    await waitFor(() => agent.ended !== undefined);
    expect(agent.ended?.code).toBe("INVALID");
  });

  test("tells the state of the cluster itself: nothing is placed while it does not answer", async () => {
    const agent = await scheduler.cluster("dark");
    await agent.connect();
    agent.heartbeat("unreachable", "slurmctld does not answer");
    const shown = await waitFor(async () => {
      const { cluster } = await api.clusters.getCluster({ name: "dark" });
      return cluster?.state === "unreachable" ? cluster : null;
    });
    expect(shown.reason).toBe("slurmctld does not answer");
    expect(shown.facts).toEqual({ version: "1" });
    const id = await submit("dark");
    const why = await waitFor(async () => {
      agent.heartbeat("unreachable", "slurmctld does not answer");
      const answer = await api.jobs.explainJob({ id: `${id}/t0` });
      return answer.waitsFor?.[0]?.includes("does not answer its agent") ? answer : null;
    });
    expect(why.waitsFor).toEqual([
      "cluster dark, which does not answer its agent: slurmctld does not answer",
    ]);
    agent.heartbeat("reachable");
    expect(await ended(id)).toBe(RunStateView.RUN_STATE_SUCCEEDED);
  });
});

describe("logs", () => {
  test("are followed through the agent, and on from where they were when its stream breaks", async () => {
    const agent = await scheduler.cluster("logs");
    const held = holding(agent);
    await agent.connect();
    const beat = setInterval(() => agent.heartbeat(), HEARTBEAT_MS / 2);
    try {
      const id = await submit("logs");
      await waitFor(() => held.length === 1);
      const pieces = api.jobs.readLogs({ id: `${id}/t0`, stream: "stdout", follow: true });
      const first = pieces.next();
      const follow = await waitFor(() => agent.follows[0]);
      expect(follow).toMatchObject({ token: `${id}-0-1`, stream: "stdout", follow: true });
      agent.write({
        logChunk: {
          followId: follow.followId ?? "",
          stream: "stdout",
          data: Buffer.from("hello "),
        },
      });
      expect(Buffer.from((await first).value?.data ?? []).toString()).toBe("hello ");
      const second = pieces.next();
      agent.drop();
      await waitFor(() => agent.ended !== undefined);
      await agent.connect();
      const resumed = await waitFor(() => agent.follows[1]);
      expect(resumed.stdoutOffset).toBe(6);
      agent.write({
        logChunk: {
          followId: resumed.followId ?? "",
          stream: "stdout",
          data: Buffer.from("world"),
          end: true,
        },
      });
      expect(Buffer.from((await second).value?.data ?? []).toString()).toBe("world");
      expect((await pieces.next()).done).toBe(true);
    } finally {
      clearInterval(beat);
    }
  });

  test("of a job without an attempt, or of an agent that is away, are refused with what to do", async () => {
    await api.clusters.addCluster({ name: "away", kind: "local" });
    const id = await submit("away");
    const none = await waitFor(async () => {
      const failure = await refusal(api.jobs.readLogs({ id: `${id}/t0` }).next());
      return failure.code === "UNAVAILABLE" ? failure : null;
    });
    expect(none.message).toBe("the agent of cluster away is not connected, and it has the output");
    expect(
      (await refusal(api.jobs.readLogs({ id: `${id}/t0`, attempt: 7 }).next())).message,
    ).toContain("no attempt 7");
  });

  test("stop at the agent when the reader goes", async () => {
    const agent = await scheduler.cluster("reader");
    const held = holding(agent);
    await agent.connect();
    const id = await submit("reader");
    await waitFor(() => held.length === 1);
    const stop = new AbortController();
    const read = api.jobs
      .readLogs({ id: `${id}/t0`, follow: true }, { signal: stop.signal })
      .next();
    await waitFor(() => agent.follows.length === 1);
    stop.abort();
    expect((await refusal(read)).code).toBe("CANCELLED");
    await waitFor(() => agent.stopped.length === 1);
  });
});

describe("an agent's artifacts", () => {
  test("are taken and given with its signature alone", async () => {
    const agent = await scheduler.cluster("store");
    const name = { agentId: agent.agentId, namespace: "default", cluster: "store" };
    const { agents } = scheduler.clients(null);
    const data = Buffer.from("result");
    const digest = `sha256:${createHash("sha256").update(data).digest("hex")}`;
    const put = "/signalbox.agent.v1.AgentService/PutArtifact";
    const get = "/signalbox.agent.v1.AgentService/GetArtifact";
    const metadata = agentMetadata(name, agent.key, put, Date.now());
    expect((await agents.putArtifact([{ digest, data }], { metadata })).digest).toBe(digest);
    const signed = agentMetadata(name, agent.key, get, Date.now());
    const chunks: Uint8Array[] = [];
    for await (const chunk of agents.getArtifact({ digest }, { metadata: signed }))
      chunks.push(chunk.data ?? new Uint8Array());
    expect(Buffer.concat(chunks).toString()).toBe("result");
    expect((await api.artifacts.findMissing({ digests: [digest] })).missing).toEqual([]);
    const made = await api.namespaces.createToken({ namespace: "strangers", role: "admin" });
    const strangers = scheduler.clients(made.secret ?? "");
    const added = await strangers.clusters.addCluster({ name: "theirs", kind: "local" });
    const key = generateKeyPairSync("ed25519").privateKey;
    const publicKey = Buffer.from(publicKeyHexOf(key), "hex");
    const enrolmentToken = added.enrolmentToken ?? "";
    const { agentId } = await agents.enrol({ enrolmentToken, publicKey });
    const stranger = { agentId: agentId ?? "", namespace: "strangers", cluster: "theirs" };
    const theirs = { metadata: agentMetadata(stranger, key, get, Date.now()) };
    const apart = await refusal(agents.getArtifact({ digest }, theirs).next());
    expect(apart.code).toBe("NOT_FOUND");
    const away = await refusal(strangers.artifacts.getArtifact({ digest }).next());
    expect(away.message).toBe(apart.message);
    expect((await refusal(agents.getArtifact({ digest }).next())).code).toBe("UNAUTHENTICATED");
    expect((await refusal(agents.getArtifact({ digest }, { metadata }).next())).code).toBe(
      "UNAUTHENTICATED",
    );
    const forged = agentMetadata(name, generateKeyPairSync("ed25519").privateKey, get, Date.now());
    expect((await refusal(agents.getArtifact({ digest }, { metadata: forged }).next())).code).toBe(
      "UNAUTHENTICATED",
    );
  });
});

test("a handshake that fails after it ended the stream before it tells that the agent is lost", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const known = { agentId: "a", publicKey: publicKeyHexOf(privateKey), journalId: null };
  const asked: string[] = [];
  const engine = {
    ask: async (_address: string, { kind }: { kind: string }) => {
      asked.push(kind);
      if (kind === "agent-connected") throw new Failure("FULL", "the mailbox is full");
    },
    read: async () => known,
    placeOf: async () => ({ partition: 0, epoch: 1 }),
    onCommitted: () => () => {},
  } as unknown as Engine;
  const metrics = createMetrics("scheduler");
  const registry = new AgentRegistry({
    ...{ engine, clock: systemClock, timers: systemTimers, random: systemRandom, metrics },
    ...{ logger: createLogger({ service: "test", level: "fatal" }), heartbeatMs: 60_000 },
  });
  const gateway = new AgentGateway({
    ...{ engine, registry, metrics, nowMs: () => systemClock.nowMs() },
    ...{ transfers: {} as ArtifactTransfers, publicKey: createPublicKey(privateKey) },
  });
  let hear: (message: signalbox.agent.v1.IConnectRequest) => void = () => {};
  const ended = new Promise<Failure | null | undefined>((resolve) => {
    const stream = {
      ...{ over: false, end: resolve },
      listen: (listeners: { onMessage: typeof hear }) => (hear = listeners.onMessage),
      write: ({ challenge }: signalbox.agent.v1.IConnectResponse) => {
        const nonce = challenge?.nonce ?? new Uint8Array();
        hear({ proof: { signature: signChallenge(privateKey, nonce, "a") } });
      },
    } as unknown as AgentStream;
    gateway.handlers.connect(stream, {} as ServerCall);
  });
  hear({ hello: { agentId: "a", namespace: "default", cluster: "c", journalId: "j" } });
  expect((await ended)?.code).toBe("FULL");
  expect(asked).toEqual(["agent-connected", "agent-lost"]);
  registry.close();
});
