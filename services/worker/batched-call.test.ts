// GenerateBatched over real gRPC, on an engine without a model.

import { once } from "node:events";
import { connect, constants, type ClientHttp2Stream } from "node:http2";
import { createServer, type AddressInfo } from "node:net";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { WorkerService } from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import type { GrpcServer } from "#shared/mesh/grpc-server.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import {
  collect,
  idsOf,
  serveEngine,
  simulatedEngine,
  type Response,
  type WorkerClient,
} from "./worker-world.fixture.ts";

type Answers = signalbox.inference.v1.IGenerateBatchedResponse;
type Failed = signalbox.inference.v1.IBatchedFailure;

const LONG = { maxTokens: 5000, ignoreEos: true };
const request = (id: string, maxTokens = 20, more: object = {}) => ({
  ...{ id, fence: 1, promptIds: [1, 2, 3], sampling: { maxTokens, ignoreEos: true, seed: 7 } },
  ...more,
});

/** What one call heard, by serial. */
class Heard {
  readonly said = new Map<number, Response[]>();
  readonly failed = new Map<number, Failed>();
  readonly sizes: number[] = [];
  readonly ended = Promise.withResolvers<unknown>();
  readonly call: ReturnType<WorkerClient["generateBatched"]>;

  constructor(client: WorkerClient) {
    this.call = client.generateBatched();
  }

  listen(): this {
    this.call.listen({ onMessage: (answers) => this.take(answers), onEnd: this.ended.resolve });
    return this;
  }

  begin(serial: number, it: object): void {
    this.call.write({ begun: [{ serial, request: it }] });
  }

  ids(serial: number): number[] {
    return idsOf(this.said.get(serial) ?? []);
  }

  isDone(serial: number): boolean {
    return this.failed.has(serial) || Boolean(this.said.get(serial)?.at(-1)?.finish);
  }

  take({ responses }: Answers): void {
    this.sizes.push(responses?.length ?? 0);
    for (const { serial, response, failure } of responses ?? []) {
      expect(this.isDone(serial ?? 0)).toBe(false); // Nothing comes behind the last.
      if (failure) this.failed.set(serial ?? 0, failure);
      const said = this.said.get(serial ?? 0) ?? [];
      if (response) this.said.set(serial ?? 0, [...said, response]);
    }
  }
}

test("many requests get what each alone would, each in order", async () => {
  const { client } = await serveEngine(simulatedEngine({ sequencesMax: 256 }));
  const asked = fc.record({ seed: fc.nat(1_000), maxTokens: fc.integer({ min: 1, max: 12 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 200 }), async (all) => {
      const heard = new Heard(client).listen();
      const requests = all.map((sampling, at) => ({
        ...request(`r${at}`),
        ...{ fence: at + 1, sampling: { ...sampling, ignoreEos: true } },
      }));
      const begun = requests.map((it, at) => ({ serial: at + 1, request: it }));
      heard.call.write({ begun });
      await waitFor(() => begun.every(({ serial }) => heard.isDone(serial)), 20_000);
      heard.call.end();
      const some = begun.filter(({ serial }) => serial % 29 === 1);
      for (const { serial, request: it } of begun) {
        let next = 0;
        for (const said of heard.said.get(serial) ?? []) {
          expect(said).toMatchObject({ fence: serial, firstIndex: next });
          next += said.tokenIds?.length ?? 0;
        }
        expect(next).toBe(it.sampling.maxTokens);
      }
      for (const { serial, request: it } of some) {
        const alone = await collect(client.generate({ ...it, id: `alone${serial}` }));
        expect(heard.ids(serial)).toEqual(idsOf(alone));
      }
    }),
    { numRuns: 6 },
  );
}, 60_000);

test("what a step drew for 200 requests leaves as two messages, of 128 and of the rest", async () => {
  const { client } = await serveEngine(simulatedEngine({ sequencesMax: 256 }));
  const heard = new Heard(client).listen();
  const begun = Array.from({ length: 200 }, (_, at) => {
    return { serial: at + 1, request: request(`r${at}`, 8) };
  });
  heard.call.write({ begun });
  await waitFor(() => begun.every(({ serial }) => heard.isDone(serial)), 20_000);
  // The first request has begun a step before the others were there.
  expect(heard.sizes.slice(0, 5)).toEqual([1, 128, 72, 128, 72]);
  expect(heard.sizes.length).toBeLessThan(25);
});

test("what is refused or fails ends for itself, and says how", async () => {
  const engine = simulatedEngine();
  const { client } = await serveEngine(engine);
  const heard = new Heard(client).listen();
  heard.begin(1, request("a", 300));
  heard.begin(2, request("b", 5, { promptIds: [] }));
  heard.begin(3, request("a", 5)); // Its id is live, with this fence.
  await waitFor(() => heard.isDone(2) && heard.isDone(3));
  const lift = engine.inject({ kind: "refuse" });
  heard.begin(4, request("d"));
  await waitFor(() => heard.isDone(4));
  lift();
  heard.begin(5, request("e"));
  await waitFor(() => heard.isDone(5) && heard.isDone(1));
  expect(heard.failed.get(2)).toMatchObject({ code: "INVALID" });
  expect(heard.failed.get(3)).toMatchObject({ code: "CONFLICT" });
  expect(heard.failed.get(4)).toMatchObject({ code: "FULL", retryAfterMs: 1000 });
  expect([...heard.failed.keys()]).toEqual([2, 3, 4]);
  expect([heard.ids(1).length, heard.ids(5).length]).toEqual([300, 20]);
  engine.inject({ kind: "die", afterTokens: 5, code: "stalled" });
  heard.begin(6, request("f"));
  await waitFor(() => heard.isDone(6));
  expect(heard.failed.get(6)).toMatchObject({ code: "UNAVAILABLE" });
  expect(heard.ids(6).length).toBeGreaterThan(0);
});

test("one that is cancelled ends in the engine, and the others go on", async () => {
  const engine = simulatedEngine();
  const { client, outcomes, sessions } = await serveEngine(engine);
  const heard = new Heard(client).listen();
  heard.begin(1, request("a", 5000));
  heard.begin(2, request("b", 5000));
  await waitFor(() => heard.ids(1).length > 0 && heard.ids(2).length > 0);
  heard.call.write({ cancelled: [1, 77] });
  await waitFor(() => engine.stats().running === 1);
  const had = heard.ids(1).length;
  const other = heard.ids(2).length;
  await waitFor(() => heard.ids(2).length > other + 20);
  expect(heard.ids(1).length).toBe(had);
  expect(heard.isDone(1)).toBe(false);
  await waitFor(() => outcomes.length === 1);
  heard.begin(1, request("c", 5)); // The serial is free again.
  await waitFor(() => heard.said.get(1)?.at(-1)?.finish);
  heard.call.cancel();
  await waitFor(() => sessions.core.live.size === 0 && engine.stats().running === 0);
  expect(outcomes).toEqual(["aborted", "length", "aborted"]);
});

/** A caller on plain HTTP/2 that reads when it is told to: grpc-js keeps what nobody reads. */
async function slowCaller(server: GrpcServer, begun: object[]): Promise<ClientHttp2Stream> {
  const listener = createServer((socket) => server.inject(socket)).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const session = connect(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    listener.close();
  });
  const { path, requestSerialize } = WorkerService.generateBatched;
  const stream = session.request({
    ...{ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" },
  });
  stream.on("error", () => {}); // Of a caller that goes.
  const message = requestSerialize({ begun });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.write(Buffer.concat([prefix, message]));
  return stream;
}

const LARGE = { maxTokens: 1500, ignoreEos: true, logprobs: 20 };

test("a caller that does not read holds up its own call alone, and gets it all in fewer pieces", async () => {
  const engine = simulatedEngine({ latency: () => 0 });
  const { client, sessions, server } = await serveEngine(engine);
  const serials = [1, 2, 3, 4];
  const begun = serials.map((serial) => {
    return { serial, request: request(`r${serial}`, 0, { sampling: LARGE }) };
  });
  const stream = await slowCaller(server, begun);
  await waitFor(() => engine.stats().running === serials.length);
  expect(await collect(client.generate(request("other")))).not.toEqual([]);
  await waitFor(() => engine.stats().running === 0, 30_000);
  expect(sessions.core.live.size).toBe(serials.length); // They wait for their reader.
  const heard = new Heard(client);
  let bytes = Buffer.alloc(0);
  stream.on("data", (more: Buffer) => {
    bytes = Buffer.concat([bytes, more]);
    for (let end = 5; bytes.length >= end; end = 5) {
      end += bytes.readUInt32BE(1);
      if (bytes.length < end) break;
      heard.take(WorkerService.generateBatched.responseDeserialize(bytes.subarray(5, end)));
      bytes = bytes.subarray(end);
    }
  });
  await waitFor(() => serials.every((serial) => heard.isDone(serial)), 30_000);
  for (const serial of serials) {
    expect(heard.ids(serial)).toHaveLength(1500);
    const pieces = (heard.said.get(serial) ?? []).map((it) => it.tokenIds?.length ?? 0);
    expect(Math.max(...pieces)).toBeGreaterThan(50);
  }
}, 60_000);

test("a caller that reads nothing and goes leaves nothing behind", async () => {
  const engine = simulatedEngine({ latency: () => 0 });
  const { sessions, server } = await serveEngine(engine);
  const begun = [{ serial: 1, request: request("a", 0, { sampling: LARGE }) }];
  const stream = await slowCaller(server, begun);
  await waitFor(() => engine.stats().tokensOut === LARGE.maxTokens, 30_000);
  expect(sessions.core.live.size).toBe(1);
  stream.close(constants.NGHTTP2_CANCEL);
  await waitFor(() => sessions.core.live.size === 0);
}, 60_000);

test.each([
  ["a serial that is live", { serial: 1, request: request("b") }],
  ["no serial", { serial: 0, request: request("b") }],
  ["no request", { serial: 2 }],
])("%s ends the call, and all that is on it", async (_, wrong) => {
  const { client, sessions } = await serveEngine(simulatedEngine());
  const heard = new Heard(client).listen();
  heard.call.write({ begun: [{ serial: 1, request: { ...request("a"), sampling: LONG } }, wrong] });
  expect(await heard.ended.promise).toMatchObject({ code: "INVALID" });
  await waitFor(() => sessions.core.live.size === 0);
});
