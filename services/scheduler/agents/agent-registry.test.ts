// The registry with real sessions over a stream that is played here: readers of logs who are slow,
// and the loss of an agent that cannot be recorded at once.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { ErrorCode } from "#shared/base/errors.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { systemClock } from "#shared/config/system.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { Engine } from "../engine.ts";
import { AgentRegistry } from "./agent-registry.ts";
import { AgentSession } from "./agent-session.ts";
import type { AgentStream } from "./agent-session.ts";
import type { LogPiece } from "./log-follow.ts";

const AGENT = { agentId: "a", namespace: "n", cluster: "c" };
const CHUNK_BYTES = 64 * 1024;
const MIB = 1024 * 1024;

interface Played {
  readonly registry: AgentRegistry;
  /** What the cluster's actor was asked. */
  readonly asked: string[];
  /** The delays asked for, with what is to come after them. */
  readonly timers: { readonly delayMs: number; readonly fire: () => void }[];
  /** Answers the next asks of the actor fail with. */
  readonly failures: ErrorCode[];
  readonly sit: (stream: Partial<AgentStream>) => AgentSession;
}

function play(): Played {
  const asked: string[] = [];
  const failures: ErrorCode[] = [];
  const timers: Played["timers"] = [];
  const engine = {
    ask: (_address: string, { kind }: { kind: string }) => {
      asked.push(kind);
      const code = failures.shift();
      return code === undefined ? Promise.resolve() : Promise.reject(new Failure(code, "not now"));
    },
    read: () => Promise.resolve([]),
    onCommitted: () => () => {},
  } as unknown as Engine;
  const registry = new AgentRegistry({
    engine,
    clock: systemClock,
    timers: { after: (delayMs, fire) => (timers.push({ delayMs, fire }), () => {}) },
    random: seededRandom(1),
    metrics: createMetrics("scheduler"),
    logger: createLogger({ service: "test", level: "fatal" }),
    heartbeatMs: 60_000,
  });
  const sit = (stream: Partial<AgentStream>): AgentSession => {
    const ticket = registry.reserve("n", "c");
    const session: AgentSession = new AgentSession({
      stream: stream as AgentStream,
      ...{ agent: AGENT, journalId: "j", epoch: 1, commandSeen: 0, engine },
      nowMs: () => systemClock.nowMs(),
      onReports: () => {},
      onOver: () => registry.leave(session),
    });
    assert(registry.sit(session, ticket));
    return session;
  };
  return { registry, asked, timers, failures, sit };
}

/** An agent that has `output` and sends it as fast as it can to everybody who follows. */
class OutputAgent {
  readonly #output: Buffer;
  readonly #sending = new Set<string>();
  session: AgentSession | null = null;
  sentBytes = 0;
  follows = 0;

  constructor(output: Buffer) {
    this.#output = output;
  }

  readonly stream = {
    over: false,
    end: () => {},
    write: (message: signalbox.agent.v1.IConnectResponse): boolean => {
      if (message.stopLogs != null) this.#sending.delete(message.stopLogs.followId ?? "");
      if (message.followLogs != null) this.#send(message.followLogs);
      return true;
    },
  } as unknown as AgentStream;

  get idle(): boolean {
    return this.#sending.size === 0;
  }

  #send(request: signalbox.agent.v1.IFollowLogs): void {
    const followId = request.followId ?? "";
    let at = request.stdoutOffset ?? 0;
    this.follows += 1;
    this.#sending.add(followId);
    const more = (): void => {
      if (!this.#sending.has(followId)) return;
      const data = this.#output.subarray(at, at + CHUNK_BYTES);
      at += data.length;
      this.sentBytes += data.length;
      const end = at === this.#output.length;
      if (end) this.#sending.delete(followId);
      this.session?.onMessage({ logChunk: { followId, stream: "stdout", data, end } });
      setImmediate(more);
    };
    setImmediate(more);
  }
}

const WHAT = { token: "t", stream: "stdout", follow: true };
const never = new AbortController().signal;

describe("readers of logs", () => {
  test("who are slow hold a bounded memory together, and still get every byte", async () => {
    const output = randomBytes(2 * MIB + 5);
    const agent = new OutputAgent(output);
    const { registry, sit } = play();
    agent.session = sit(agent.stream);
    const readers = Array.from({ length: 120 }, () => registry.readLogs("n", "c", WHAT, never));
    const firsts = await Promise.all(readers.map((reader) => reader.next()));
    await waitFor(() => agent.idle);
    expect(agent.sentBytes).toBeLessThan((64 + 120 * 0.2) * MIB);

    // Some go away with something waiting for them.
    for (const reader of readers.splice(100)) await reader.return();
    await Promise.all(
      readers.map(async (reader, each) => {
        let at = 0;
        const check = ({ data }: LogPiece): void => {
          assert(Buffer.compare(data, output.subarray(at, at + data.length)) === 0);
          at += data.length;
        };
        const first = firsts[each];
        if (first?.done === false) check(first.value);
        for await (const piece of reader) check(piece);
        expect(at).toBe(output.length);
      }),
    );

    // Nothing of it is held any more: one reader alone is sent ahead what one may have.
    agent.sentBytes = 0;
    const alone = Array.from({ length: 60 }, () => registry.readLogs("n", "c", WHAT, never));
    for (const reader of alone) await reader.next();
    await waitFor(() => agent.idle);
    expect(agent.sentBytes).toBeGreaterThan(60 * 0.8 * MIB);
    for (const reader of alone) await reader.return();
    registry.close();
  });

  test("are not more than their number: the next is refused, and let in when one goes", async () => {
    const agent = new OutputAgent(randomBytes(4));
    const { registry, sit } = play();
    agent.session = sit(agent.stream);
    const readers = Array.from({ length: 128 }, () => registry.readLogs("n", "c", WHAT, never));
    for (const reader of readers) await reader.next();
    const late = registry.readLogs("n", "c", WHAT, never);
    await expect(late.next()).rejects.toMatchObject({ code: "FULL" });
    await readers[0]?.return();
    expect((await registry.readLogs("n", "c", WHAT, never).next()).done).toBe(false);
    registry.close();
  });

  test("are not flooded: a chunk larger than the protocol's ends the stream", () => {
    const { registry, sit } = play();
    let ended: Failure | null = null;
    const end = (failure: Failure | null = null): void => void (ended = failure);
    const session = sit({ over: false, write: () => true, end });
    const data = Buffer.alloc(CHUNK_BYTES + 1);
    session.onMessage({ logChunk: { followId: "1", stream: "stdout", data } });
    expect(ended).toMatchObject({ code: "INVALID" });
    registry.close();
  });
});

describe("the loss of an agent", () => {
  const stream = { over: false, write: () => true };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const losses = (asked: readonly string[]): number =>
    asked.filter((kind) => kind === "agent-lost").length;

  test("that could not be recorded is recorded later, with back-off", async () => {
    const { registry, asked, timers, failures, sit } = play();
    const session = sit(stream);
    failures.push("FULL", "UNAVAILABLE", "UNKNOWN_OUTCOME");
    session.onStreamOver();
    for (let tries = 1; tries <= 3; tries++) {
      await settled();
      expect(losses(asked)).toBe(tries);
      expect(timers).toHaveLength(tries);
      timers.at(-1)?.fire();
    }
    await settled();
    expect(losses(asked)).toBe(4);
    expect(timers).toHaveLength(3); // It is recorded.
    for (const [tries, { delayMs }] of timers.entries())
      expect(delayMs).toBeLessThanOrEqual(1000 * 2 ** tries);
    registry.close();
  });

  test("is not recorded any more once the agent is back, or somebody else keeps the log", async () => {
    const { registry, asked, timers, failures, sit } = play();
    failures.push("FULL");
    sit(stream).onStreamOver();
    await settled();
    expect(losses(asked)).toBe(1);
    const back = sit(stream);
    timers[0]?.fire();
    await settled();
    expect(losses(asked)).toBe(1);
    failures.push("FENCED");
    back.onStreamOver();
    await settled();
    expect(losses(asked)).toBe(2);
    expect(timers).toHaveLength(1);
    registry.close();
  });
});
