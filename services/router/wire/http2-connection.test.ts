// HTTP/2 beside Node's own, in both roles, with windows of any size; and against peers that break
// the protocol.

import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2 } from "node:http2";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { waitFor } from "#shared/testing/wait-for.ts";
import { encodeHeaders } from "./hpack.ts";
import { Http2Connection, type Http2Options } from "./http2-connection.ts";
import { ERROR, FLAG, FRAME, FrameCutter, PREFACE, SETTING } from "./http2-frames.ts";
import type { Http2Stream } from "./http2-stream.ts";
import { encodeGrpcFrame, GrpcFrames } from "./grpc-frames.ts";
import { TurnQueue } from "./turn-queue.ts";

const WINDOWS = { windowBytes: 65_535, connectionWindowBytes: 65_535 };
const HEAD = encodeHeaders([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const TRAILERS = encodeHeaders([["grpc-status", "0"]]);
const REQUEST = {
  ...{ ":method": "POST", ":path": "/x", "content-type": "application/grpc", te: "trailers" },
};

/** Sends every message back, and then trailers. */
function echo(stream: Http2Stream): void {
  const frames = new GrpcFrames();
  stream.listener = {
    onHeaders: () => {},
    onData: (bytes) => {
      for (const message of frames.push(bytes)) stream.sendMessage(Buffer.from(message));
    },
    onEnd: () => stream.sendHeaders(TRAILERS, true),
    onBroken: () => {},
    onWritable: () => {},
  };
  stream.sendHeaders(HEAD, false);
  stream.read();
}

function optionsOf(change: Partial<Http2Options>): Http2Options {
  const nothing = { onStream: null, streamsMax: 100, onClosed: () => {} };
  return { turns: new TurnQueue(), ...WINDOWS, ...nothing, ...change };
}

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer(onSocket).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const conversations = fc.array(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 6 }), {
  minLength: 1,
  maxLength: 6,
});

function messageOf(at: number, length: number): Buffer {
  return Buffer.alloc(length, (at * 37 + length) % 251);
}

test("Node's client hears back every message, whatever its windows", async () => {
  const port = await listening((socket) => {
    void new Http2Connection(socket, optionsOf({ onStream: echo }));
  });
  await fc.assert(
    fc.asyncProperty(
      conversations,
      fc.integer({ min: 1, max: 100_000 }),
      async (streams, initialWindowSize) => {
        const session = connectHttp2(`http://127.0.0.1:${port}`, {
          settings: { initialWindowSize: Math.max(initialWindowSize, 512) },
        });
        const asked = streams.map(async (lengths) => {
          const stream = session.request(REQUEST);
          const frames = new GrpcFrames();
          const got: Buffer[] = [];
          stream.on("data", (bytes: Buffer) => got.push(...frames.push(bytes).map(copyOf)));
          const ended = Promise.withResolvers<unknown>();
          stream.on("trailers", (trailers) => ended.resolve(trailers["grpc-status"]));
          stream.once("error", ended.reject);
          for (const [at, length] of lengths.entries()) {
            stream.write(encodeGrpcFrame(messageOf(at, length)));
          }
          stream.end();
          expect(await ended.promise).toBe("0");
          expect(got).toEqual(lengths.map((length, at) => messageOf(at, length)));
        });
        try {
          await Promise.all(asked);
        } finally {
          session.destroy();
        }
      },
    ),
    { numRuns: 25 },
  );
});

test("Node's server hears and answers every message, and lets only so many streams in", async () => {
  await fc.assert(
    fc.asyncProperty(
      conversations,
      fc.integer({ min: 512, max: 100_000 }),
      fc.integer({ min: 1, max: 3 }),
      async (streams, initialWindowSize, maxConcurrentStreams) => {
        const server = createHttp2({ settings: { initialWindowSize, maxConcurrentStreams } });
        let open = 0;
        let most = 0;
        server.on("stream", (stream) => {
          most = Math.max(most, (open += 1));
          stream.once("close", () => (open -= 1));
          stream.on("error", () => {});
          stream.respond({ ":status": 200 }, { waitForTrailers: true });
          stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
          stream.pipe(stream);
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
        const client = new Http2Connection(socket, optionsOf({}));
        const greeted = askEcho(client, []); // From its SETTINGS on, the limit holds.
        try {
          await greeted;
          const asked = streams.map((lengths) => askEcho(client, lengths));
          for (const [i, got] of (await Promise.all(asked)).entries()) {
            expect(got).toEqual(streams[i]?.map((length, at) => messageOf(at, length)));
          }
          expect(most).toBeLessThanOrEqual(maxConcurrentStreams);
        } finally {
          client.destroy("done");
          server.close();
        }
      },
    ),
    { numRuns: 25 },
  );
});

function askEcho(client: Http2Connection, lengths: readonly number[]): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const frames = new GrpcFrames();
    const got: Buffer[] = [];
    const block = encodeHeaders([
      ...[[":authority", "x"] as const, [":scheme", "http"] as const],
      ...Object.entries(REQUEST),
    ]);
    const stream = client.open(block, {
      onHeaders: () => {},
      onData: (bytes) => got.push(...frames.push(bytes).map(copyOf)),
      onEnd: () => resolve(got),
      onBroken: reject,
      onWritable: () => {},
    });
    for (const [at, length] of lengths.entries()) stream.sendMessage(messageOf(at, length));
    stream.end();
  });
}

function copyOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}

/** A socket whose other end is the test: what is written to it is kept. */
class Wire extends Duplex {
  readonly written: Buffer[] = [];
  /** What is written stays where it is. */
  isStuck = false;

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.written.push(bytes);
    if (!this.isStuck) done();
  }

  destroySoon(): void {
    this.end();
  }

  feed(bytes: Uint8Array): void {
    this.emit("data", Buffer.from(bytes));
  }

  /** Of the first GOAWAY that was sent; null: none. */
  get goneWith(): number | null {
    let code: number | null = null;
    const cutter = new FrameCutter(null);
    cutter.push(Buffer.concat(this.written), (type, _flags, _id, all, at) => {
      if (type === FRAME.goAway) code ??= all.readUInt32BE(at + 4);
    });
    return code;
  }
}

interface Served {
  readonly wire: Wire;
  readonly connection: Http2Connection;
  readonly streams: Told[];
  readonly closed: string[];
  readonly turn: () => Promise<void>;
}

interface Told {
  readonly stream: Http2Stream;
  data: number;
  ends: number;
  breaks: number;
}

/** A server connection whose streams are only counted; with `reads`, read as they come. */
function serve(reads = true, change: Partial<Http2Options> = {}): Served {
  const wire = new Wire();
  const streams: Told[] = [];
  const closed: string[] = [];
  const onStream = (stream: Http2Stream): void => {
    const told: Told = { stream, data: 0, ends: 0, breaks: 0 };
    streams.push(told);
    stream.listener = {
      onHeaders: () => {},
      onData: (bytes) => (told.data += bytes.length),
      onEnd: () => (told.ends += 1),
      onBroken: () => (told.breaks += 1),
      onWritable: () => {},
    };
    if (reads) stream.read();
  };
  const onClosed = (why: string): void => void closed.push(why);
  const connection = new Http2Connection(
    wire as unknown as Socket,
    optionsOf({ onStream, onClosed, ...change }),
  );
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { wire, connection, streams, closed, turn };
}

function frame(type: number, flags: number, id: number, payload: Uint8Array = NONE): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const NONE = Buffer.alloc(0);
const SETTINGS = frame(FRAME.settings, 0, 0);
const ASK = encodeHeaders([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/x"],
  ["content-type", "application/grpc"],
]);
const OPEN = frame(FRAME.headers, FLAG.endHeaders, 1, ASK);
const setting = (name: number, value: number): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(name);
  bytes.writeUInt32BE(value, 2);
  return frame(FRAME.settings, 0, 0, bytes);
};
const data = (id: number, length: number, flags = 0): Buffer =>
  frame(FRAME.data, flags, id, Buffer.alloc(length));
const many = (bytes: Buffer, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

describe("a peer that breaks the protocol is told how, and cut", () => {
  const faults: [string, Buffer, number][] = [
    ["SETTINGS that do not come first", OPEN, ERROR.protocol],
    ["a frame over the limit", Buffer.concat([SETTINGS, data(1, 16_385)]), ERROR.frameSize],
    ["DATA of no stream", Buffer.concat([SETTINGS, data(0, 1)]), ERROR.protocol],
    ["DATA of a stream that never was", Buffer.concat([SETTINGS, data(1, 1)]), ERROR.protocol],
    [
      "DATA beyond a stream's window",
      Buffer.concat([SETTINGS, OPEN, many(data(1, 16_384), 5)]),
      ERROR.flowControl,
    ],
    [
      "DATA after the end",
      Buffer.concat([SETTINGS, OPEN, data(1, 1, FLAG.endStream), data(1, 1)]),
      ERROR.streamClosed,
    ],
    [
      "padding longer than its frame",
      Buffer.concat([SETTINGS, OPEN, frame(FRAME.data, FLAG.padded, 1, Buffer.from([9, 1]))]),
      ERROR.protocol,
    ],
    [
      "a frame inside a header block",
      Buffer.concat([SETTINGS, frame(FRAME.headers, 0, 1, ASK), frame(FRAME.ping, 0, 0)]),
      ERROR.protocol,
    ],
    [
      "a header block that does not end",
      Buffer.concat([
        ...[SETTINGS, frame(FRAME.headers, 0, 1, ASK)],
        many(frame(FRAME.continuation, 0, 1), 100),
      ]),
      ERROR.enhanceYourCalm,
    ],
    [
      "a header block over the limit",
      Buffer.concat([
        ...[SETTINGS, frame(FRAME.headers, 0, 1, ASK)],
        many(frame(FRAME.continuation, 0, 1, Buffer.alloc(16_000)), 5),
      ]),
      ERROR.enhanceYourCalm,
    ],
    [
      "CONTINUATION of nothing",
      Buffer.concat([SETTINGS, frame(FRAME.continuation, 4, 1, ASK)]),
      ERROR.protocol,
    ],
    [
      "what is no HPACK",
      Buffer.concat([SETTINGS, frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.from([0x80]))]),
      ERROR.compression,
    ],
    ["an even stream", Buffer.concat([SETTINGS, frame(1, 4, 2, ASK)]), ERROR.streamClosed],
    ["a stream twice", Buffer.concat([SETTINGS, frame(1, 5, 3, ASK), OPEN]), ERROR.streamClosed],
    ["a window of nothing", Buffer.concat([SETTINGS, frame(8, 0, 0, uint32(0))]), ERROR.protocol],
    [
      "a window too large",
      Buffer.concat([SETTINGS, frame(FRAME.windowUpdate, 0, 0, uint32(2 ** 31 - 1))]),
      ERROR.flowControl,
    ],
    [
      "a stream's window too large",
      Buffer.concat([SETTINGS, OPEN, frame(FRAME.windowUpdate, 0, 1, uint32(2 ** 31 - 1))]),
      ERROR.flowControl,
    ],
    ["a first window too large", setting(SETTING.initialWindowSize, 2 ** 31), ERROR.flowControl],
    ["frames too small", setting(SETTING.maxFrameSize, 100), ERROR.protocol],
    ["SETTINGS of another size", frame(FRAME.settings, 0, 0, Buffer.alloc(5)), ERROR.frameSize],
    ["SETTINGS of a stream", frame(FRAME.settings, 0, 1), ERROR.protocol],
    ["a PING of another size", Buffer.concat([SETTINGS, frame(6, 0, 0)]), ERROR.frameSize],
    ["a RST_STREAM of another size", Buffer.concat([SETTINGS, OPEN, frame(3, 0, 1)]), 6],
    ["a pushed stream", Buffer.concat([SETTINGS, frame(FRAME.pushPromise, 4, 1, ASK)]), 1],
    ["a GOAWAY of another size", Buffer.concat([SETTINGS, frame(FRAME.goAway, 0, 0)]), 6],
    [
      "streams that are opened and reset for ever",
      Buffer.concat([
        SETTINGS,
        ...Array.from({ length: 10_000 }, (_, i) =>
          Buffer.concat([
            frame(FRAME.headers, FLAG.endHeaders, 2 * i + 1, ASK),
            frame(FRAME.reset, 0, 2 * i + 1, uint32(ERROR.cancel)),
          ]),
        ),
      ]),
      ERROR.enhanceYourCalm,
    ],
  ];
  test.each(faults)("%s", (_, bytes, code) => {
    const { wire, streams, closed, connection } = serve(false);
    wire.feed(Buffer.concat([PREFACE, bytes]));
    expect(wire.goneWith).toBe(code);
    expect([closed.length, connection.isOpen]).toEqual([1, false]);
    for (const { breaks } of streams) expect(breaks).toBe(1);
    wire.feed(SETTINGS); // Nobody listens any more.
    expect(closed).toHaveLength(1);
  });

  test("one that does not speak HTTP/2", () => {
    const { wire, closed } = serve();
    wire.feed(Buffer.from("GET / HTTP/1.1\r\nhost: somewhere\r\n\r\n"));
    expect(closed).toEqual(["the connection does not begin as HTTP/2 does"]);
  });
});

describe("what is kept of a peer is bounded", () => {
  test("more streams than allowed are refused, and their headers still read", async () => {
    const { wire, streams, turn, connection } = serve(true, { streamsMax: 2 });
    const opened = [1, 3, 5].map((id) => frame(FRAME.headers, FLAG.endHeaders, id, ASK));
    wire.feed(Buffer.concat([PREFACE, SETTINGS, ...opened]));
    await turn();
    expect([streams.length, connection.streams]).toEqual([2, 2]);
    const refused = frame(FRAME.reset, 0, 5, uint32(ERROR.refusedStream));
    expect(Buffer.concat(wire.written).includes(refused)).toBe(true);
  });

  test("what nobody reads comes only as far as the window", async () => {
    const { wire, streams, turn } = serve(false);
    wire.feed(Buffer.concat([PREFACE, SETTINGS, OPEN, many(data(1, 16_000), 4)]));
    await turn();
    expect(streams[0]?.data).toBe(0);
    const updates = (): number => framesOf(wire).filter((it) => it === FRAME.windowUpdate).length;
    const before = updates();
    streams[0]?.stream.read();
    await turn();
    expect(streams[0]?.data).toBe(64_000);
    expect(updates()).toBe(before + 2); // The connection's and the stream's.
  });

  test("a stream that is forgotten gives its unread bytes back to the others", async () => {
    const { wire, streams, turn } = serve(false);
    wire.feed(Buffer.concat([PREFACE, SETTINGS, OPEN, many(data(1, 16_000), 4)]));
    streams[0]?.stream.reset(ERROR.cancel);
    await turn();
    const second = frame(FRAME.headers, FLAG.endHeaders, 3, ASK);
    wire.feed(Buffer.concat([second, many(data(3, 16_000), 3)]));
    expect(wire.goneWith).toBeNull();
  });

  test("a peer that pings and reads nothing is cut", async () => {
    const { wire, closed, turn } = serve();
    wire.isStuck = true;
    wire.feed(Buffer.concat([PREFACE, SETTINGS]));
    const pings = many(frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 20_000);
    for (let i = 0; i < 40 && closed.length === 0; i++) {
      wire.feed(pings);
      await turn();
    }
    expect(closed).toEqual(["the peer reads nothing"]);
  });
});

function framesOf(wire: Wire): number[] {
  const types: number[] = [];
  new FrameCutter(null).push(Buffer.concat(wire.written), (type) => types.push(type));
  return types;
}

test("a stream that cannot send says so, and when it can again, in order", async () => {
  const { wire, streams, turn } = serve();
  const small = setting(SETTING.initialWindowSize, 8);
  wire.feed(Buffer.concat([PREFACE, small, OPEN]));
  const { stream } = streams[0]!;
  let writable = 0;
  stream.listener = { ...stream.listener, onWritable: () => (writable += 1) };
  stream.sendHeaders(HEAD, false);
  expect(stream.sendMessage(Buffer.from("abc"))).toBe(true); // Eight bytes with its prefix.
  expect(stream.sendMessage(Buffer.from("defg"))).toBe(false);
  stream.sendHeaders(TRAILERS, true);
  await turn();
  expect(framesOf(wire).filter((it) => it === FRAME.data)).toHaveLength(1);
  wire.feed(frame(FRAME.windowUpdate, 0, 1, uint32(4)));
  expect(writable).toBe(0);
  wire.feed(setting(SETTING.initialWindowSize, 13));
  await turn();
  expect(framesOf(wire).slice(-5)).toEqual([0, 4, 0, 1, 3]);
  const sent = Buffer.concat(wire.written).toString("latin1");
  expect(sent.indexOf("abc")).toBeLessThan(sent.indexOf("defg"));
});

test("a closed connection ends when its last stream has, and takes no new ones", async () => {
  const { wire, streams, closed, turn, connection } = serve();
  wire.feed(Buffer.concat([PREFACE, SETTINGS, OPEN]));
  connection.close();
  wire.feed(frame(FRAME.headers, FLAG.endHeaders, 3, ASK));
  await turn();
  expect([streams.length, closed]).toEqual([1, []]);
  wire.feed(data(1, 0, FLAG.endStream));
  streams[0]?.stream.sendHeaders(TRAILERS, true);
  await waitFor(() => closed.length === 1);
  expect(wire.goneWith).toBe(ERROR.none);
});

/** Frames of a conversation that is well, to be spoilt. */
const wellFrames: readonly Buffer[] = [
  ...[SETTINGS, OPEN, data(1, 100), frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
  ...[setting(SETTING.initialWindowSize, 1_000), frame(FRAME.windowUpdate, 0, 1, uint32(99))],
  frame(FRAME.headers, FLAG.endHeaders | FLAG.priority, 3, Buffer.concat([Buffer.alloc(5), ASK])),
  frame(FRAME.data, FLAG.padded, 3, Buffer.concat([Buffer.from([3]), Buffer.alloc(20)])),
  frame(FRAME.headers, 0, 5, ASK.subarray(0, 3)),
  frame(FRAME.continuation, FLAG.endHeaders, 5, ASK.subarray(3)),
  ...[frame(FRAME.reset, 0, 3, uint32(8)), data(1, 5, FLAG.endStream)],
  frame(FRAME.goAway, 0, 0, Buffer.alloc(8)),
];

test("whatever comes, nothing is thrown and every stream is told once how it ended", async () => {
  const anyFrame = fc
    .tuple(fc.nat(12), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 60 }))
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload));
  const spoilt = fc
    .tuple(fc.constantFrom(...wellFrames), fc.nat(80), fc.nat(255))
    .map(([well, at, value]) => {
      const bytes = Buffer.from(well);
      if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...wellFrames) },
    { weight: 2, arbitrary: spoilt },
    { weight: 1, arbitrary: anyFrame },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((it) => Buffer.from(it)) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (pieces, cuts, reads) => {
        const served = serve(reads);
        const bytes = Buffer.concat([PREFACE, SETTINGS, ...pieces]);
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + (cuts[i % cuts.length] ?? 1);
          served.wire.feed(bytes.subarray(at, end));
          at = end;
        }
        await served.turn();
        for (const { stream } of served.streams) {
          if (!reads) stream.read();
          stream.sendMessage(Buffer.alloc(50));
        }
        served.connection.destroy("the test is over");
        expect(served.closed).toHaveLength(1);
        for (const { breaks, ends, stream } of served.streams) {
          expect(stream.isOver).toBe(true);
          expect(breaks).toBe(1);
          expect(ends).toBeLessThanOrEqual(1);
        }
      },
    ),
    { numRuns: 400 },
  );
});
