// HTTP/2 (RFC 9113) over a socket, either side of it, as gRPC needs it: frames are read and written
// here, without a stream object's machinery for each message. What is made due in a turn of the
// event loop leaves in one write.
//
// State: the streams, both sides' windows, the peer's settings, a header block that has begun, and
// what is about to be written.
//
//   H1. Both sides' windows are kept, of every stream and of the connection; what the peer sends
//       beyond ours ends the connection.
//   H2. Everything kept of a peer is bounded: streams, their unread bytes, header blocks, the
//       HPACK table, resets, and what it does not read of ours.
//   H3. A peer that breaks the protocol is told so (GOAWAY) and cut; every stream hears of it.

import type { Socket } from "node:net";
import { Failure } from "#shared/base/errors.ts";
import { HpackReader, type HeaderBlock } from "./hpack.ts";
import {
  ERROR,
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  FrameCutter,
  Http2Fault,
  PREFACE,
  SETTING,
  STREAM_ID_MAX,
  unpadded,
  WINDOW_BYTES,
  WINDOW_BYTES_MAX,
} from "./http2-frames.ts";
import { Http2Sender } from "./http2-sender.ts";
import { ResetBudget } from "./reset-budget.ts";
import { Http2Stream, type StreamListener } from "./http2-stream.ts";
import type { TurnQueue } from "./turn-queue.ts";

export interface Http2Options {
  readonly turns: TurnQueue;
  /** That one stream's peer may send before it is read, and all of them together. */
  readonly windowBytes: number;
  /** At least 65,535, which is where it begins. */
  readonly connectionWindowBytes: number;
  /** A peer's streams come to this; null: it opens none, for we are the client. */
  readonly onStream: ((stream: Http2Stream, block: HeaderBlock) => void) | null;
  /** At once, of the peer's. */
  readonly streamsMax: number;
  /** It is over; why. Once. */
  readonly onClosed: (why: string) => void;
}

const HEADER_LIST_BYTES_MAX = 16 * 1024;
const HEADER_BLOCK_BYTES_MAX = 64 * 1024;
interface BegunBlock {
  readonly id: number;
  readonly flags: number;
  readonly pieces: Buffer[];
  bytes: number;
}

export class Http2Connection {
  readonly #socket: Socket;
  readonly #options: Http2Options;
  readonly #cutter: FrameCutter;
  readonly #hpack = new HpackReader(HEADER_LIST_BYTES_MAX);
  readonly sender: Http2Sender;
  readonly #streams = new Map<number, Http2Stream>();
  /** Of ours, for which the peer has no room yet. */
  readonly #unopened: Http2Stream[] = [];
  #block: BegunBlock | null = null;
  #receiveWindow: number;
  #credit = 0;
  #peerStreamWindow = WINDOW_BYTES;
  #peerStreamsMax = Infinity;
  #nextId = 1;
  #lastPeerId = 0;
  #closing = false;
  #over = false;
  readonly #resets = new ResetBudget(performance.now());
  #sawSettings = false;

  constructor(socket: Socket, options: Http2Options) {
    this.#socket = socket;
    this.#options = options;
    this.#cutter = new FrameCutter(options.onStream === null ? null : PREFACE);
    this.sender = new Http2Sender(socket, options.turns, {
      onLocalEnd: (stream) => this.#onLocalEnd(stream),
      onStuck: () => this.#end("the peer reads nothing", true),
    });
    this.#receiveWindow = options.connectionWindowBytes;
    socket.on("data", (bytes: Buffer) => this.#onBytes(bytes));
    socket.on("error", (error: Error) => this.#end(error.message));
    for (const event of ["end", "close"]) {
      socket.once(event, () => this.#end("the peer closed the connection"));
    }
    socket.resume(); // Whoever had it before may have paused it.
    this.#greet();
  }

  /** False from the moment it takes no new streams. */
  get isOpen(): boolean {
    return !this.#over && !this.#closing;
  }

  /** The peer has said something that a peer says first. */
  get isGreeted(): boolean {
    return this.#sawSettings;
  }

  get streams(): number {
    return this.#streams.size + this.#unopened.length;
  }

  /** As client. UNAVAILABLE when the connection is over. */
  open(block: Buffer, listener: StreamListener): Http2Stream {
    if (!this.isOpen) throw new Failure("UNAVAILABLE", "the connection is over");
    const { windowBytes } = this.#options;
    const windows = { send: this.#peerStreamWindow, receive: windowBytes };
    const stream = new Http2Stream(this, 0, windows, listener, true);
    if (this.#streams.size < this.#peerStreamsMax) this.#number(stream);
    else this.#unopened.push(stream);
    this.sender.sendHeaders(stream, block, false);
    return stream;
  }

  /** Takes no new streams; over when the last has ended. */
  close(): void {
    if (this.#over || this.#closing) return;
    this.#closing = true;
    this.sender.goAway(this.#lastPeerId, ERROR.none, "");
    this.#endWhenIdle();
  }

  /** Over at once: every stream breaks. */
  destroy(why: string): void {
    this.#end(why, true);
  }

  readStream(stream: Http2Stream): void {
    const { unread, listener } = stream;
    if (unread === null) return;
    stream.unread = null;
    for (const bytes of unread) {
      this.#giveBack(stream, bytes.length);
      if (!stream.isOver) listener.onData(bytes);
    }
    if (stream.endUnread && !stream.isOver) listener.onEnd();
  }

  resetStream(stream: Http2Stream, code: number): void {
    if (stream.isOver) return;
    if (stream.id !== 0 && !this.#over) this.sender.writeReset(stream.id, code);
    this.#forget(stream);
  }

  #greet(): void {
    const { onStream, windowBytes, connectionWindowBytes, streamsMax } = this.#options;
    const output = this.sender.output;
    if (onStream === null) output.bytes(PREFACE);
    const settings: [number, number][] = [
      [SETTING.initialWindowSize, windowBytes],
      [SETTING.maxHeaderListSize, HEADER_LIST_BYTES_MAX],
      onStream === null ? [SETTING.enablePush, 0] : [SETTING.maxConcurrentStreams, streamsMax],
    ];
    output.head(6 * settings.length, FRAME.settings, 0, 0);
    for (const [name, value] of settings) {
      output.uint16(name);
      output.uint32(value);
    }
    const more = connectionWindowBytes - WINDOW_BYTES;
    if (more > 0) this.sender.writeWindowUpdate(0, more);
    else this.sender.flushSoon();
  }

  #onBytes(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.#cutter.push(bytes, (type, flags, id, all, at, end) => {
        if (!this.#over) this.#onFrame(type, flags, id, all, at, end);
      });
    } catch (reason) {
      if (reason instanceof Http2Fault) return this.#fault(reason.code, reason.message);
      const failure = Failure.from(reason);
      if (failure.code === "CORRUPT") return this.#fault(ERROR.compression, failure.message);
      throw reason;
    }
  }

  #onFrame(type: number, flags: number, id: number, all: Buffer, at: number, end: number): void {
    if (this.#block !== null && (type !== FRAME.continuation || id !== this.#block.id)) {
      throw new Http2Fault(ERROR.protocol, "a frame inside a header block");
    }
    if (!this.#sawSettings && type !== FRAME.settings) {
      throw new Http2Fault(ERROR.protocol, "the first frame is no SETTINGS");
    }
    switch (type) {
      case FRAME.data:
        return this.#onData(flags, id, all, at, end);
      case FRAME.headers:
        return this.#onHeaders(flags, id, all, at, end);
      case FRAME.continuation:
        return this.#onContinuation(flags, id, all.subarray(at, end));
      case FRAME.reset:
        return this.#onReset(id, all, at, end);
      case FRAME.settings:
        return this.#onSettings(flags, id, all, at, end);
      case FRAME.ping:
        return this.#onPing(flags, id, all.subarray(at, end));
      case FRAME.goAway:
        return this.#onGoAway(id, all, at, end);
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(id, all, at, end);
      case FRAME.pushPromise:
        throw new Http2Fault(ERROR.protocol, "a pushed stream");
      case FRAME.priority:
        if (end - at !== 5) throw new Http2Fault(ERROR.frameSize, "a PRIORITY of another size");
        return undefined;
      default:
        return undefined; // RFC 9113 §4.1: unknown types are ignored.
    }
  }

  #onData(flags: number, id: number, all: Buffer, at: number, end: number): void {
    if (id === 0) throw new Http2Fault(ERROR.protocol, "DATA of no stream");
    const length = end - at;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) throw new Http2Fault(ERROR.flowControl, "DATA beyond the window");
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.remoteEnded) {
      this.#refuseIdle(id);
      this.#giveBack(null, length);
      if (stream !== undefined) throw new Http2Fault(ERROR.streamClosed, "DATA after the end");
      return;
    }
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) throw new Http2Fault(ERROR.flowControl, "DATA beyond the window");
    const [from, to] = (flags & FLAG.padded) === 0 ? [at, end] : unpadded(all, at, end);
    const ends = (flags & FLAG.endStream) !== 0;
    if (ends) stream.remoteEnded = true;
    if (stream.unread !== null) {
      // What is padding nobody will read.
      this.#giveBack(stream, length - (to - from));
      if (to > from) stream.unread.push(Buffer.from(all.subarray(from, to)));
      if (ends) stream.endUnread = true;
      return;
    }
    this.#giveBack(stream, length);
    if (to > from) stream.listener.onData(all.subarray(from, to));
    if (ends) this.#onRemoteEnd(stream);
  }

  #onRemoteEnd(stream: Http2Stream): void {
    if (stream.isOver) return;
    const { listener } = stream;
    const isDone = stream.localEnded && stream.held.length === 0;
    if (isDone) this.#forget(stream);
    listener.onEnd();
  }

  #onHeaders(flags: number, id: number, all: Buffer, at: number, end: number): void {
    if (id === 0) throw new Http2Fault(ERROR.protocol, "HEADERS of no stream");
    const [begin, to] = (flags & FLAG.padded) === 0 ? [at, end] : unpadded(all, at, end);
    const from = begin + ((flags & FLAG.priority) === 0 ? 0 : 5);
    if (from > to) throw new Http2Fault(ERROR.frameSize, "HEADERS without room for a priority");
    const piece = all.subarray(from, to);
    if ((flags & FLAG.endHeaders) !== 0) return this.#onBlock(id, flags, piece);
    this.#block = { id, flags, pieces: [Buffer.from(piece)], bytes: piece.length };
  }

  #onContinuation(flags: number, id: number, piece: Buffer): void {
    const block = this.#block;
    if (block === null) throw new Http2Fault(ERROR.protocol, "CONTINUATION of nothing");
    block.bytes += piece.length;
    // An empty piece counts too: there is no reason to send many.
    if (block.bytes > HEADER_BLOCK_BYTES_MAX || block.pieces.push(Buffer.from(piece)) > 64) {
      throw new Http2Fault(ERROR.enhanceYourCalm, "a header block that does not end");
    }
    if ((flags & FLAG.endHeaders) === 0) return;
    this.#block = null;
    this.#onBlock(id, block.flags, Buffer.concat(block.pieces));
  }

  #onBlock(id: number, flags: number, bytes: Buffer): void {
    const block = this.#hpack.read(bytes); // Read in any case: the table has to follow.
    const ends = (flags & FLAG.endStream) !== 0;
    const known = this.#streams.get(id);
    if (known === undefined) return this.#onNewBlock(id, ends, block);
    if (known.remoteEnded) throw new Http2Fault(ERROR.streamClosed, "HEADERS after the end");
    if (ends) known.remoteEnded = true;
    else if (this.#options.onStream !== null) {
      throw new Http2Fault(ERROR.protocol, "trailers that do not end their stream");
    }
    if (known.unread === null) {
      known.listener.onHeaders(block.headers);
      if (ends) this.#onRemoteEnd(known);
    } else known.endUnread = true;
  }

  #onNewBlock(id: number, ends: boolean, block: HeaderBlock): void {
    const { onStream, windowBytes, streamsMax } = this.#options;
    if (onStream === null) return this.#refuseIdle(id); // Of a stream that we have reset.
    if (id % 2 === 0 || id <= this.#lastPeerId) {
      throw new Http2Fault(ERROR.streamClosed, `a new stream ${id} after ${this.#lastPeerId}`);
    }
    this.#lastPeerId = id;
    if (this.#closing || this.#streams.size >= streamsMax) {
      return this.sender.writeReset(id, ERROR.refusedStream);
    }
    const windows = { send: this.#peerStreamWindow, receive: windowBytes };
    const stream = new Http2Stream(this, id, windows, NOBODY, false);
    if (ends) {
      stream.remoteEnded = true;
      stream.endUnread = true;
    }
    this.#streams.set(id, stream);
    onStream(stream, block);
  }

  #onReset(id: number, all: Buffer, at: number, end: number): void {
    if (end - at !== 4) throw new Http2Fault(ERROR.frameSize, "a RST_STREAM of another size");
    if (id === 0) throw new Http2Fault(ERROR.protocol, "a RST_STREAM of no stream");
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#refuseIdle(id);
    if (this.#options.onStream !== null && !this.#resets.take(performance.now())) {
      throw new Http2Fault(ERROR.enhanceYourCalm, "too many streams are reset");
    }
    if (stream === undefined) return;
    const code = all.readUInt32BE(at);
    this.#forget(stream);
    stream.listener.onBroken(new Failure("UNAVAILABLE", `the stream was reset with ${code}`));
  }

  #onSettings(flags: number, id: number, all: Buffer, at: number, end: number): void {
    if (id !== 0) throw new Http2Fault(ERROR.protocol, "SETTINGS of a stream");
    const length = end - at;
    const isAck = (flags & FLAG.ack) !== 0;
    if (length % 6 !== 0 || (isAck && length > 0)) {
      throw new Http2Fault(ERROR.frameSize, "SETTINGS of another size");
    }
    this.#sawSettings = true;
    if (isAck) return;
    for (let each = at; each < end; each += 6) {
      this.#onSetting(all.readUInt16BE(each), all.readUInt32BE(each + 2));
    }
    this.sender.output.head(0, FRAME.settings, FLAG.ack, 0);
    this.sender.flushSoon();
    this.#openWaiting();
    this.sender.sendBlocked();
  }

  #onSetting(name: number, value: number): void {
    switch (name) {
      case SETTING.initialWindowSize: {
        if (value > WINDOW_BYTES_MAX) throw new Http2Fault(ERROR.flowControl, "a window too large");
        const change = value - this.#peerStreamWindow;
        this.#peerStreamWindow = value;
        for (const stream of [...this.#streams.values(), ...this.#unopened]) {
          stream.sendWindow += change;
        }
        return;
      }
      case SETTING.maxFrameSize:
        if (value >= FRAME_BYTES_MAX && value <= 0xff_ffff) return; // Large ones hold others up.
        throw new Http2Fault(ERROR.protocol, `frames of ${value} bytes`);
      case SETTING.maxConcurrentStreams:
        this.#peerStreamsMax = value;
        return;
      default:
        return;
    }
  }

  #onPing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw new Http2Fault(ERROR.protocol, "a PING of a stream");
    if (payload.length !== 8) throw new Http2Fault(ERROR.frameSize, "a PING of another size");
    if ((flags & FLAG.ack) !== 0) return;
    this.sender.output.head(8, FRAME.ping, FLAG.ack, 0);
    this.sender.output.bytes(payload);
    this.sender.flushSoon();
  }

  #onGoAway(id: number, all: Buffer, at: number, end: number): void {
    if (id !== 0) throw new Http2Fault(ERROR.protocol, "a GOAWAY of a stream");
    if (end - at < 8) throw new Http2Fault(ERROR.frameSize, "a GOAWAY of another size");
    this.#closing = true;
    const last = all.readUInt32BE(at) & 0x7fff_ffff;
    const gone = new Failure("UNAVAILABLE", "the peer takes no more streams");
    if (this.#options.onStream === null) {
      const unheard = [...this.#streams.values()].filter((stream) => stream.id > last);
      for (const stream of [...unheard, ...this.#unopened.splice(0)]) {
        this.#forget(stream);
        stream.listener.onBroken(gone);
      }
    }
    this.#endWhenIdle();
  }

  #onWindowUpdate(id: number, all: Buffer, at: number, end: number): void {
    if (end - at !== 4) throw new Http2Fault(ERROR.frameSize, "a WINDOW_UPDATE of another size");
    const more = all.readUInt32BE(at) & 0x7fff_ffff;
    if (more === 0) throw new Http2Fault(ERROR.protocol, "a WINDOW_UPDATE of nothing");
    if (id === 0) {
      this.sender.addWindow(more);
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#refuseIdle(id);
    stream.sendWindow += more;
    if (stream.sendWindow > WINDOW_BYTES_MAX) {
      throw new Http2Fault(ERROR.flowControl, "a window too large");
    }
    return this.sender.goOn(stream);
  }

  /** A stream that never was is a fault; one that has ended is not. */
  #refuseIdle(id: number): void {
    const isOurs = (id % 2 === 1) === (this.#options.onStream === null);
    if (isOurs ? id < this.#nextId : id <= this.#lastPeerId) return;
    throw new Http2Fault(ERROR.protocol, `a frame of stream ${id}, which never was`);
  }

  /** Bytes of the peer's were read: it may send as many again. */
  #giveBack(stream: Http2Stream | null, bytes: number): void {
    const { windowBytes, connectionWindowBytes } = this.#options;
    this.#credit += bytes;
    if (this.#credit >= connectionWindowBytes / 2) {
      this.#receiveWindow += this.#credit;
      this.sender.writeWindowUpdate(0, this.#credit);
      this.#credit = 0;
    }
    if (stream === null || stream.remoteEnded) return;
    stream.credit += bytes;
    if (stream.credit < windowBytes / 2) return;
    stream.receiveWindow += stream.credit;
    this.sender.writeWindowUpdate(stream.id, stream.credit);
    stream.credit = 0;
  }

  /** A peer that goes on sending to a stream that was answered is asked to stop. */
  #onLocalEnd(stream: Http2Stream): void {
    if (this.#options.onStream !== null && !stream.remoteEnded) {
      this.sender.writeReset(stream.id, ERROR.none);
      this.#forget(stream);
    } else if (stream.remoteEnded) this.#forget(stream);
  }

  #number(stream: Http2Stream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    if (this.#nextId > STREAM_ID_MAX) this.close(); // The next connection goes on.
  }

  #openWaiting(): void {
    while (this.#unopened.length > 0 && this.#streams.size < this.#peerStreamsMax) {
      const stream = this.#unopened.shift();
      if (stream === undefined || stream.isOver) continue;
      this.#number(stream);
      this.sender.sendHeld(stream);
    }
  }

  #forget(stream: Http2Stream): void {
    if (stream.isOver) return;
    stream.isOver = true;
    // What was not read counts as read: others' window must not shrink by it.
    for (const bytes of stream.unread ?? []) this.#giveBack(null, bytes.length);
    stream.held.length = 0;
    this.sender.forget(stream);
    if (stream.id === 0) {
      const at = this.#unopened.indexOf(stream);
      if (at >= 0) this.#unopened.splice(at, 1);
    } else this.#streams.delete(stream.id);
    this.#openWaiting();
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (!this.#closing || this.streams > 0 || this.#over) return;
    this.#options.turns.pushLast(() => {
      if (this.streams > 0 || this.#over) return;
      this.sender.flush();
      this.#end("it was closed");
    });
  }

  #fault(code: number, why: string): void {
    if (this.#over) return;
    this.sender.goAway(this.#lastPeerId, code, why);
    this.sender.flush();
    this.#end(why);
  }

  /** `isAbrupt`: what was written may be lost. */
  #end(why: string, isAbrupt = false): void {
    if (this.#over) return;
    this.#over = true;
    if (isAbrupt) this.#socket.destroy();
    else this.#socket.destroySoon();
    const broken = new Failure("UNAVAILABLE", why);
    const streams = [...this.#streams.values(), ...this.#unopened.splice(0)];
    this.#streams.clear();
    this.sender.stop();
    for (const stream of streams) {
      stream.isOver = true;
      if (!stream.remoteEnded || !stream.localEnded) stream.listener.onBroken(broken);
    }
    this.#options.onClosed(why);
  }
}

/** Until whoever answers a stream has said who listens. */
const NOBODY: StreamListener = {
  ...{ onHeaders: () => {}, onData: () => {}, onEnd: () => {} },
  ...{ onBroken: () => {}, onWritable: () => {} },
};
