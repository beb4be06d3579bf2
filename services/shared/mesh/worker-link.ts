// How a worker and a router meet: the worker dials, the router sends a challenge, the worker says
// who it is and proves that it has the shared secret. Then a `serve` link turns round (the router
// opens HTTP/2 streams on it), or frames of Progress follow. docs/protocols/worker-link.md.
//
//   L1. A handshake ends within HANDSHAKE_MS, by a link or by a Failure with the socket destroyed.
//   L2. No byte after the handshake is lost: `rest` is what was read too far, and the socket is
//       paused until its new owner reads.
//   L3. What the handshake wrote has left this end before the socket is given away: HTTP/2 in Node
//       24 aborts the process when a write that it did not begin ends on a TLS socket it took over.
//   L4. A proof is of one nonce, one worker, one epoch and one role, compared in constant time.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { parseAddress } from "#shared/config/parse-value.ts";
import type { TlsFiles } from "./tls.ts";
import { FrameReader, encodeFrame } from "./worker-link-frames.ts";

const { DialChallenge, DialHello, LinkRole } = signalbox.inference.v1;

export type WorkerLinkRole = "serve" | "progress";

/** Who dialled. `epoch` is new at every start of a worker; `link` joins its links to one router. */
export interface WorkerHello {
  readonly worker: string;
  readonly epoch: string;
  readonly role: WorkerLinkRole;
  readonly link: string;
}

export interface AcceptedLink {
  readonly hello: WorkerHello;
  /** Paused. Errors are heard already: its end is its `close`. */
  readonly socket: Socket;
  /**
   * Read already, behind the handshake: `unshift` it before HTTP/2, push it into a FrameReader for
   * Progress.
   */
  readonly rest: Buffer;
}

export interface AcceptOptions {
  /** The router's name, told to the worker. */
  readonly router: string;
  /** Null takes every worker in. */
  readonly secret: string | null;
  readonly timeoutMs?: number;
}

export interface DialOptions extends WorkerHello {
  /** `HOST:PORT` of the router's worker port. */
  readonly address: string;
  readonly tls: TlsFiles;
  readonly secret: string | null;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface DialledLink {
  readonly router: string;
  /** As in AcceptedLink. */
  readonly socket: Socket;
  readonly rest: Buffer;
}

export const HANDSHAKE_MS = 5_000;
const NONCE_BYTES = 32;
const NAME_BYTES_MAX = 256;
/** HTTP/2 refuses TLS connections on which nobody said that it would be spoken. */
const ALPN = ["h2"];
const KEEPALIVE_MS = 20_000;
const ROLES = { serve: LinkRole.LINK_ROLE_SERVE, progress: LinkRole.LINK_ROLE_PROGRESS } as const;

/**
 * The router's side of the handshake. Rejects with UNAUTHENTICATED for a wrong proof, INVALID for
 * what is no handshake, UNAVAILABLE when the other end goes and DEADLINE when it says nothing.
 */
export async function acceptLink(socket: Socket, options: AcceptOptions): Promise<AcceptedLink> {
  const nonce = randomBytes(NONCE_BYTES);
  const challenge = DialChallenge.encode({ router: options.router, nonce }).finish();
  socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
  const reading = readOne(socket, options.timeoutMs ?? HANDSHAKE_MS, (payload) => {
    const message = decode(DialHello, payload);
    const hello = parseHello(message);
    const expected = proofOf(options.secret, nonce, hello);
    const known = expected.length === 0 || sameBytes(expected, message.proof);
    if (known) return hello;
    throw new Failure("UNAUTHENTICATED", `worker ${hello.worker} does not have the secret`);
  });
  const [{ answer: hello, rest }] = await Promise.all([reading, writeOut(socket, challenge)]);
  return { hello, socket, rest };
}

/** The worker's side: connects, answers the challenge. Rejects as acceptLink does. */
export async function dialLink(options: DialOptions): Promise<DialledLink> {
  const socket = connect(options.address, options.tls);
  const onAbort = (): void => void socket.destroy();
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener("abort", onAbort);
  try {
    socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
    const { answer, rest } = await readOne(socket, options.timeoutMs ?? HANDSHAKE_MS, (payload) => {
      const challenge = decode(DialChallenge, payload);
      checkName("router", challenge.router);
      if (challenge.nonce.length === NONCE_BYTES) return challenge;
      throw new Failure("INVALID", `a nonce of ${challenge.nonce.length} bytes`);
    });
    const { worker, epoch, link, role } = options;
    const proof = proofOf(options.secret, answer.nonce, options);
    const hello = DialHello.encode({ worker, epoch, role: ROLES[role], proof, link }).finish();
    await writeOut(socket, hello);
    return { router: answer.router, socket, rest };
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** What a router listens with: plain, or TLS when there are files for it. Not listening yet. */
export function createLinkServer(tls: TlsFiles, onSocket: (socket: Socket) => void): Server {
  if (tls.certFile === null || tls.keyFile === null) return createServer(onSocket);
  const requestCert = tls.caFile !== null;
  const options = { ...pemsOf(tls), ALPNProtocols: ALPN, requestCert };
  return createTlsServer({ ...options, handshakeTimeout: HANDSHAKE_MS }, onSocket);
}

/** HMAC-SHA256(secret, nonce || worker || 0 || epoch || 0 || role); empty without a secret. */
export function proofOf(
  secret: string | null,
  nonce: Uint8Array,
  hello: Pick<WorkerHello, "worker" | "epoch" | "role">,
): Buffer {
  if (secret === null) return Buffer.alloc(0);
  return createHmac("sha256", secret)
    .update(nonce)
    .update(`${hello.worker}\0${hello.epoch}\0`, "utf8")
    .update(Buffer.from([ROLES[hello.role]]))
    .digest();
}

/** Resolves when the system has all of it (L3). */
function writeOut(socket: Socket, payload: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(encodeFrame(payload), (error) => {
      if (!error) return resolve();
      socket.destroy();
      reject(new Failure("UNAVAILABLE", `no handshake: ${error.message}`, { cause: error }));
    });
  });
}

/** One frame, parsed; the socket paused behind it (L2), or destroyed and a rejection (L1). */
function readOne<T>(
  socket: Socket,
  timeoutMs: number,
  parse: (payload: Buffer) => T,
): Promise<{ answer: T; rest: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ answer: T; rest: Buffer }>();
  const reader = new FrameReader();
  const leave = (): void => {
    clearTimeout(timer);
    socket.pause().off("data", onData).off("close", onClose).off("end", onClose);
  };
  const fail = (reason: unknown): void => {
    leave();
    socket.destroy();
    reject(Failure.from(reason));
  };
  const onData = (chunk: Buffer): void => {
    try {
      reader.push(chunk);
      const payload = reader.take();
      if (payload === null) return;
      const answer = parse(payload);
      leave();
      resolve({ answer, rest: reader.takeRest() });
    } catch (reason) {
      fail(reason);
    }
  };
  let why = "it closed the connection";
  const onClose = (): void => fail(new Failure("UNAVAILABLE", `no handshake: ${why}`));
  const timer = setTimeout(() => {
    fail(new Failure("DEADLINE", `no handshake within ${timeoutMs} ms`));
  }, timeoutMs);
  // Stays: between this promise and its reader nobody else listens, and `close` follows.
  socket.on("error", (error: NodeJS.ErrnoException) => (why = error.message));
  socket.on("data", onData).on("close", onClose).on("end", onClose);
  if (socket.destroyed) onClose();
  return promise;
}

function connect(address: string, tls: TlsFiles): Socket {
  const to = parseAddress(address);
  if (to === null) throw new Failure("INVALID", `${address} is no HOST:PORT`);
  const plain = tls.caFile === null && tls.certFile === null;
  if (plain) return connectTcp(to);
  const servername = /[a-z]/i.test(to.host) && !to.host.includes(":") ? to.host : undefined;
  return connectTls({
    ...to,
    ...pemsOf(tls),
    ...(servername === undefined ? {} : { servername }),
    ALPNProtocols: ALPN,
  });
}

/** A message that is none at all is INVALID, whatever the decoder says of it. */
function decode<M>(codec: { decode(bytes: Uint8Array): M }, payload: Buffer): M {
  try {
    return codec.decode(payload);
  } catch (cause) {
    throw new Failure("INVALID", `no handshake: ${(cause as Error).message}`, { cause });
  }
}

function parseHello(message: signalbox.inference.v1.DialHello): WorkerHello {
  const { worker, epoch, link } = message;
  checkName("worker", worker);
  checkName("epoch", epoch);
  checkName("link", link);
  const role = roleOf(message.role);
  if (role === null) throw new Failure("INVALID", `a link has no role ${message.role}`);
  return { worker, epoch, role, link };
}

function roleOf(role: signalbox.inference.v1.LinkRole): WorkerLinkRole | null {
  if (role === LinkRole.LINK_ROLE_SERVE) return "serve";
  return role === LinkRole.LINK_ROLE_PROGRESS ? "progress" : null;
}

/** Names are for logs, labels and the proof, where a NUL ends one. */
function checkName(what: string, name: string): void {
  const fits = name !== "" && Buffer.byteLength(name) <= NAME_BYTES_MAX;
  if (fits && !/\p{Cc}/u.test(name)) return;
  throw new Failure("INVALID", `${what} must have 1 to ${NAME_BYTES_MAX} bytes, none of control`);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function pemsOf(tls: TlsFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const pems: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  if (tls.caFile !== null) pems.ca = readPem(tls.caFile);
  if (tls.certFile !== null) pems.cert = readPem(tls.certFile);
  if (tls.keyFile !== null) pems.key = readPem(tls.keyFile);
  return pems;
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Failure("INVALID", `cannot read the TLS file ${path}`, { cause });
  }
}
