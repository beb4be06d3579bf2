// Both ends of a worker's connection to a router: the handshake, what follows it, and what must
// not get through.

import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished, expect, test } from "vitest";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { writeCertificate } from "./certificate.fixture.ts";
import { NO_TLS, type TlsFiles } from "./tls.ts";
import { acceptLink, createLinkServer, dialLink } from "./worker-link.ts";
import type { AcceptOptions, AcceptedLink, WorkerHello } from "./worker-link.ts";
import { FRAME_BYTES_MAX, FrameReader, encodeFrame } from "./worker-link-frames.ts";

const HELLO: WorkerHello = { worker: "w1", epoch: "e1", role: "serve", link: "l1" };
const ROUTER: AcceptOptions = { router: "r1", secret: "s3cret", timeoutMs: 300 };

interface Door {
  readonly address: string;
  /** What each connection came to, in order. */
  next(): Promise<AcceptedLink | { readonly code: string }>;
}

async function listen(options: AcceptOptions, tls: TlsFiles = NO_TLS): Promise<Door> {
  const results: Promise<AcceptedLink | { code: string }>[] = [];
  const sockets: Socket[] = [];
  let wake: () => void = () => {};
  const server = createLinkServer(tls, (socket) => {
    sockets.push(socket);
    results.push(acceptLink(socket, options).catch((reason: { code: string }) => reason));
    wake();
  });
  onTestFinished(() => sockets.forEach((it) => it.destroy()));
  const next: Door["next"] = async () => {
    if (results.length === 0) await new Promise<void>((resume) => (wake = resume));
    return results.shift() as ReturnType<Door["next"]>;
  };
  return { address: await start(server), next };
}

async function start(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const dial = (address: string, more: object = {}): ReturnType<typeof dialLink> =>
  dialLink({ ...HELLO, address, tls: NO_TLS, secret: "s3cret", ...more });

/** A client that speaks bytes. */
function dialRaw(address: string): Socket {
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function accepted(door: Door): Promise<AcceptedLink> {
  const link = await door.next();
  if ("code" in link) throw new Error(`refused: ${link.code}`);
  return link;
}

async function read(link: { socket: Socket; rest: Buffer }, bytes: number): Promise<string> {
  if (link.rest.length > 0) link.socket.unshift(link.rest);
  let text = "";
  for await (const chunk of link.socket) {
    text += String(chunk);
    if (text.length >= bytes) break;
  }
  return text;
}

test("a worker that has the secret is let in, and both know who the other is", async () => {
  const door = await listen(ROUTER);
  const dialled = await dial(door.address);
  const link = await accepted(door);
  expect(dialled.router).toBe("r1");
  expect(link.hello).toEqual(HELLO);
  link.socket.write("to the worker");
  dialled.socket.write("to the router");
  expect(await read(dialled, 13)).toBe("to the worker");
  expect(await read(link, 13)).toBe("to the router");
});

test("what comes in one piece with the handshake is not lost", async () => {
  const door = await listen({ ...ROUTER, secret: null });
  const dialled = await dial(door.address, { secret: null, role: "progress" });
  dialled.socket.write("first ");
  dialled.socket.write("second");
  const link = await accepted(door);
  expect(link.hello.role).toBe("progress");
  expect(await read(link, 12)).toBe("first second");
});

test.each([
  ["another secret", { secret: "another" }],
  ["no secret", { secret: null }],
])("a worker with %s is UNAUTHENTICATED", async (_, more) => {
  const door = await listen(ROUTER);
  const { socket } = await dial(door.address, more);
  expect(await door.next()).toMatchObject({ code: "UNAUTHENTICATED" });
  if (!socket.closed) await once(socket.resume(), "close");
});

test("a proof is good for one nonce only", async () => {
  const door = await listen(ROUTER);
  const seen: Buffer[] = [];
  const relay = createServer((worker) => {
    const router = dialRaw(door.address);
    worker.on("data", (chunk: Buffer) => seen.push(chunk)).pipe(router);
    router.pipe(worker).on("error", () => {});
    worker.on("error", () => {});
  });
  await dial(await start(relay));
  await accepted(door);
  const thief = dialRaw(door.address);
  thief.write(Buffer.concat(seen));
  expect(await door.next()).toMatchObject({ code: "UNAUTHENTICATED" });
});

test("TLS underneath, with h2 agreed", async () => {
  const directory = tempDirectory("link");
  onTestFinished(directory.remove);
  const { certFile, keyFile } = writeCertificate(directory.path, "router");
  const door = await listen(ROUTER, { caFile: null, certFile, keyFile });
  const client: TlsFiles = { caFile: certFile, certFile: null, keyFile: null };
  const dialled = await dial(door.address, { tls: client });
  const link = await accepted(door);
  link.socket.write("over TLS");
  expect(await read(dialled, 8)).toBe("over TLS");
  expect(dialled.socket).toMatchObject({ encrypted: true, alpnProtocol: "h2" });
  const strange = await dial(door.address, { tls: { ...client, caFile: otherCa(directory.path) } })
    .then(() => null)
    .catch((reason: { code: string }) => reason);
  expect(strange).toMatchObject({ code: "UNAVAILABLE" });
});

const otherCa = (directory: string): string => writeCertificate(directory, "other").certFile;

test.each<[string, Buffer, string]>([
  ["a length of 4 GiB", Buffer.from([0xff, 0xff, 0xff, 0xff, 1]), "INVALID"],
  ["garbage of the right length", encodeFrame(Buffer.alloc(50, 0xff)), "INVALID"],
  ["an empty frame", encodeFrame(Buffer.alloc(0)), "INVALID"],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "INVALID"],
])("%s ends the connection and nothing else", async (_, bytes, code) => {
  const door = await listen(ROUTER);
  const hostile = dialRaw(door.address);
  hostile.resume().write(bytes);
  expect(await door.next()).toMatchObject({ code });
  if (!hostile.closed) await once(hostile, "close");
  await dial(door.address);
  expect((await accepted(door)).hello).toEqual(HELLO);
});

test("half a frame and then silence, or an end, is no handshake", async () => {
  const door = await listen(ROUTER);
  dialRaw(door.address).write(Buffer.from([0, 0, 0, 9, 1, 2]));
  expect(await door.next()).toMatchObject({ code: "DEADLINE" });
  dialRaw(door.address).end(Buffer.from([0, 0, 0, 9, 1, 2]));
  expect(await door.next()).toMatchObject({ code: "UNAVAILABLE" });
});

test("dialling nobody is UNAVAILABLE, a silent router DEADLINE, a dial given up ends", async () => {
  const server = createServer();
  const address = await start(server);
  await expect(dial(address, { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE" });
  const given = new AbortController();
  const dialling = dial(address, { signal: given.signal });
  given.abort();
  await expect(dialling).rejects.toMatchObject({ code: "UNAVAILABLE" });
  server.close();
  await expect(dial("127.0.0.1:1")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(dial("nowhere")).rejects.toMatchObject({ code: "INVALID" });
});

test("frames come out as they went in, however the stream is cut", () => {
  const seed = randomInt({ next: Math.random }, 2 ** 31);
  const random = seededRandom(seed);
  for (let round = 0; round < 100; round++) {
    const frames = Array.from({ length: randomInt(random, 8) }, () => {
      const size = randomInt(random, 10) === 0 ? FRAME_BYTES_MAX : randomInt(random, 300);
      return Buffer.alloc(size, randomInt(random, 256));
    });
    const tail = Buffer.from([0, 0, 1, 0, 7].slice(0, randomInt(random, 6)));
    const stream = Buffer.concat([...frames.map((it) => encodeFrame(it)), tail]);
    const reader = new FrameReader();
    const got: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + randomInt(random, randomInt(random, 2) === 0 ? 5 : 50_000);
      reader.push(stream.subarray(at, end));
      at = end;
      for (let it = reader.take(); it !== null; it = reader.take()) got.push(it);
    }
    expect(got, `seed ${seed}`).toEqual(frames);
    expect(reader.takeRest(), `seed ${seed}`).toEqual(tail);
  }
  expect(() => encodeFrame(Buffer.alloc(FRAME_BYTES_MAX + 1))).toThrow(/65536 at most/);
});
