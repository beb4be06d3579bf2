import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { AgentService, ArtifactsService, RunsService } from "#proto/services.ts";
import { Failure } from "#shared/base/errors.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { clientOf, openChannel } from "./grpc-client.ts";
import type { GrpcChannel } from "./grpc-client.ts";
import { GrpcServer } from "./grpc-server.ts";
import type { ServiceHandlers } from "./grpc-server.ts";
import { HealthService } from "./grpc-health.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Runs = ServiceHandlers<typeof RunsService>;
type Artifacts = ServiceHandlers<typeof ArtifactsService>;
type Agents = ServiceHandlers<typeof AgentService>;

const refuse = (): Promise<never> => Promise.reject(new Failure("UNSAFE", "not in this test"));
const RUNS: Runs = {
  submitRun: refuse,
  getRun: (request) => Promise.resolve({ run: { id: request.id ?? "" }, jobs: [] }),
  listRuns: refuse,
  watchRun: async function* watchRun() {},
  cancelRun: refuse,
  retryRun: refuse,
  getReceipts: refuse,
};

async function serve(handlers: {
  runs?: Partial<Runs>;
  artifacts?: Artifacts;
  agents?: Agents;
}): Promise<{ server: GrpcServer; channel: GrpcChannel; metrics: Metrics; logged: string[] }> {
  const metrics = createMetrics("test");
  const logged: string[] = [];
  const logger = createLogger({
    service: "test",
    destination: { write: (line) => void logged.push(line) },
  });
  const server = new GrpcServer({ listen: "127.0.0.1:0", metrics, logger });
  server.add(RunsService, { ...RUNS, ...handlers.runs });
  if (handlers.artifacts !== undefined) server.add(ArtifactsService, handlers.artifacts);
  if (handlers.agents !== undefined) server.add(AgentService, handlers.agents);
  const address = await server.start();
  const channel = openChannel({ address });
  cleanups.push(() => server.stop(500));
  cleanups.push(() => channel.close());
  return { server, channel, metrics, logged };
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const failure = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(failure).toBeInstanceOf(Failure);
  return failure as Failure;
}

describe("unary calls", () => {
  test("answer, and are counted by method and code", async () => {
    const { channel, metrics } = await serve({});
    const runs = clientOf(RunsService, channel);
    expect((await runs.getRun({ id: "x" })).run?.id).toBe("x");
    await failureOf(runs.listRuns({}));
    const text = await metrics.render();
    const count = (method: string, code: string): RegExp =>
      new RegExp(
        `^signalbox_grpc_requests_total\\{(?=.*RunsService/${method}")(?=.*code="${code}").* 1$`,
        "m",
      );
    expect(text).toMatch(count("GetRun", "OK"));
    expect(text).toMatch(count("ListRuns", "UNSAFE"));
  });

  test("carry code, hint and retry-after of a refusal, also in other scripts than Latin", async () => {
    const { channel } = await serve({
      runs: {
        getRun: () =>
          Promise.reject(
            new Failure("NOT_OWNER", "gehört 別の \ud800", {
              hint: "fragen Sie “b”",
              retryAfterMs: 250,
            }),
          ),
      },
    });
    const failure = await failureOf(clientOf(RunsService, channel).getRun({}));
    expect(failure.code).toBe("NOT_OWNER");
    expect(failure.message).toBe("gehört 別の \ufffd");
    expect(failure.hint).toBe("fragen Sie “b”");
    expect(failure.retryAfterMs).toBe(250);
    expect(failure.retry).toBe("elsewhere");
  });

  test("a message too long for the trailers is cut, not lost", async () => {
    const { channel } = await serve({
      runs: { getRun: () => Promise.reject(new Failure("INVALID", "é".repeat(50_000))) },
    });
    const failure = await failureOf(clientOf(RunsService, channel).getRun({}));
    expect(failure.code).toBe("INVALID");
    expect(failure.message).toMatch(/^é{3000,}.*\(cut\)$/);
  });

  test("a bug in a handler is INTERNAL with the caller's trace and not the bug's words", async () => {
    const { channel, logged } = await serve({
      runs: {
        getRun: () => {
          throw new TypeError("secret");
        },
      },
    });
    const trace = "ab".repeat(16);
    const traceparent = `00-${trace}-${"cd".repeat(8)}-01`;
    const failure = await failureOf(clientOf(RunsService, channel).getRun({}, { traceparent }));
    expect(failure.code).toBe("INTERNAL");
    expect(failure.message).toContain(trace);
    expect(failure.message).not.toContain("secret");
    expect(logged.join()).toContain("secret");
    expect(logged.join()).toContain(trace);
  });

  test("end with DEADLINE when the answer is late, and the handler is told", async () => {
    const aborted = Promise.withResolvers<void>();
    const { channel } = await serve({
      runs: {
        getRun: (_request, call) => {
          call.signal.addEventListener("abort", () => aborted.resolve());
          return new Promise(() => {});
        },
      },
    });
    await channel.ready(10_000); // Else the deadline may pass before the call has left.
    const failure = await failureOf(clientOf(RunsService, channel).getRun({}, { deadlineMs: 200 }));
    expect(failure.code).toBe("DEADLINE");
    await aborted.promise;
  });

  test("end with UNAVAILABLE where nobody listens", async () => {
    const { channel, server } = await serve({});
    await server.stop(100);
    expect((await failureOf(clientOf(RunsService, channel).getRun({}))).code).toBe("UNAVAILABLE");
    expect((await failureOf(channel.ready(100))).code).toBe("UNAVAILABLE");
  });

  test("can be cancelled by the caller", async () => {
    const { channel } = await serve({ runs: { getRun: () => new Promise(() => {}) } });
    const signal = AbortSignal.timeout(30);
    const failure = await failureOf(clientOf(RunsService, channel).getRun({}, { signal }));
    expect(failure.code).toBe("CANCELLED");
  });
});

describe("server streams", () => {
  test("give every message, then the end", async () => {
    const { channel } = await serve({
      runs: {
        watchRun: async function* watchRun() {
          for (let i = 0; i < 500; i++) yield { run: { id: String(i) } };
        },
      },
    });
    const ids: string[] = [];
    for await (const { run } of clientOf(RunsService, channel).watchRun({}))
      ids.push(run?.id ?? "");
    expect(ids).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
  });

  test("a caller that stops reading early stops the handler", async () => {
    let released = (): void => {};
    const over = new Promise<void>((resolve) => (released = resolve));
    const { channel } = await serve({
      runs: {
        watchRun: async function* watchRun(_request, call) {
          call.signal.addEventListener("abort", () => released());
          yield { run: { id: "first" } };
          await new Promise(() => {});
        },
      },
    });
    for await (const { run } of clientOf(RunsService, channel).watchRun({})) {
      expect(run?.id).toBe("first");
      break;
    }
    await over;
  });

  test("carry a failure in the middle after what came before it", async () => {
    const { channel } = await serve({
      runs: {
        watchRun: async function* watchRun() {
          yield { run: { id: "first" } };
          throw new Failure("NOT_FOUND", "gone");
        },
      },
    });
    const ids: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { run } of clientOf(RunsService, channel).watchRun({}))
        ids.push(run?.id ?? "");
    };
    expect((await failureOf(read())).code).toBe("NOT_FOUND");
    expect(ids).toEqual(["first"]);
  });
});

test("a client stream of many large chunks arrives whole, in order", async () => {
  const sizes: number[] = [];
  const { channel } = await serve({
    artifacts: {
      findMissing: refuse,
      getArtifact: async function* getArtifact() {},
      putArtifact: async (chunks) => {
        for await (const { data } of chunks) sizes.push(data?.length ?? 0);
        return { digest: "d", sizeBytes: sizes.reduce((a, b) => a + b, 0) };
      },
    },
  });
  const chunk = randomBytes(256 * 1024);
  const chunks = Array.from({ length: 40 }, () => ({ data: chunk }));
  const answer = await clientOf(ArtifactsService, channel).putArtifact(chunks);
  expect(answer.sizeBytes).toBe(40 * chunk.length);
});

test("a client stream whose source breaks ends with the source's failure", async () => {
  const { channel } = await serve({
    artifacts: {
      findMissing: refuse,
      getArtifact: async function* getArtifact() {},
      putArtifact: async (chunks) => {
        for await (const _ of chunks);
        return {};
      },
    },
  });
  const source = async function* source(): AsyncGenerator<{ data: Uint8Array }> {
    yield { data: new Uint8Array(3) };
    throw new Failure("NOT_FOUND", "file went away");
  };
  const failure = await failureOf(clientOf(ArtifactsService, channel).putArtifact(source()));
  expect(failure.message).toBe("file went away");
});

describe("bidirectional calls", () => {
  const agents = (connect: Agents["connect"]): Agents => ({
    enrol: refuse,
    connect,
    putArtifact: refuse,
    getArtifact: async function* getArtifact() {},
  });

  test("carry messages both ways until the client ends", async () => {
    const { channel } = await serve({
      agents: agents((stream) =>
        stream.listen({
          onMessage: (message) => stream.write({ reportAck: message.commandAck ?? 0 }),
          onEnd: () => {},
        }),
      ),
    });
    const call = clientOf(AgentService, channel).connect();
    const acks: number[] = [];
    const ended = new Promise<Failure | null>((resolve) => {
      call.listen({
        onMessage: (message) => {
          acks.push(message.reportAck ?? -1);
          if (acks.length === 100) call.end();
        },
        onEnd: resolve,
      });
    });
    for (let i = 1; i <= 100; i++) call.write({ commandAck: i });
    expect(await ended).toBeNull();
    expect(acks).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  test("end with the server's failure, once, on both sides", async () => {
    let serverEnds = 0;
    const { channel } = await serve({
      agents: agents((stream) => {
        stream.listen({ onMessage: () => {}, onEnd: () => (serverEnds += 1) });
        stream.end(new Failure("FENCED", "a newer stream"));
        stream.end();
      }),
    });
    const call = clientOf(AgentService, channel).connect();
    const failure = await new Promise<Failure | null>((resolve) => {
      call.listen({ onMessage: () => {}, onEnd: resolve });
    });
    expect(failure?.code).toBe("FENCED");
    expect(serverEnds).toBe(1);
  });

  test("are told UNAVAILABLE when the server stops, which does not take long", async () => {
    const open: { over: boolean }[] = [];
    const { channel, server } = await serve({
      agents: agents((stream) => {
        open.push(stream);
        stream.write({ reportAck: 1 });
      }),
    });
    const call = clientOf(AgentService, channel).connect();
    const ended = new Promise<Failure | null>((resolve) => {
      call.listen({ onMessage: () => void server.stop(2000), onEnd: resolve });
    });
    expect((await ended)?.code).toBe("UNAVAILABLE");
    expect(open.map(({ over }) => over)).toEqual([true]);
  });

  test("a client that vanishes ends the server's stream", async () => {
    let over = (): void => {};
    const gone = new Promise<void>((resolve) => (over = resolve));
    const { channel } = await serve({
      agents: agents((stream) => {
        stream.listen({ onMessage: () => {}, onEnd: over });
        stream.write({ reportAck: 1 });
      }),
    });
    const call = clientOf(AgentService, channel).connect();
    call.listen({ onMessage: () => call.cancel(), onEnd: () => {} });
    await gone;
  });
});

test("health is told per service, watched, and ends with the server", async () => {
  const { channel, server } = await serve({});
  const health = clientOf(HealthService, channel);
  expect((await health.check({ service: "" })).status).toBe("SERVING");
  expect((await health.check({ service: "signalbox.control.v1.RunsService" })).status).toBe(
    "SERVING",
  );
  expect((await failureOf(health.check({ service: "nobody" }))).code).toBe("NOT_FOUND");
  const seen: string[] = [];
  const watch = (async () => {
    for await (const { status } of health.watch({ service: "" })) {
      seen.push(status);
      if (seen.length === 1) void server.stop(1000);
    }
  })();
  expect((await failureOf(watch)).code).toBe("UNAVAILABLE");
  expect(seen[0]).toBe("SERVING");
});
