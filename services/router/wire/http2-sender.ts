// What a connection sends: frames in order, within the peer's windows, in one write a turn.
//
// State: the peer's window for the connection, what is about to be written, and the streams that
// wait for a window or for the socket.

import type { Socket } from "node:net";
import { PREFIX_BYTES } from "./grpc-frames.ts";
import {
  ERROR,
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  Http2Fault,
  WINDOW_BYTES,
  WINDOW_BYTES_MAX,
} from "./http2-frames.ts";
import { Http2Output } from "./http2-output.ts";
import type { Http2Stream } from "./http2-stream.ts";
import type { TurnQueue } from "./turn-queue.ts";

/** Of frames that answer the peer's own, while it reads nothing. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;
/** More in the socket than this, and streams hold back. */
const SOCKET_BYTES_MAX = 256 * 1024;

export interface SenderEvents {
  /** The last of a stream is written. */
  onLocalEnd(stream: Http2Stream): void;
  /** The peer reads nothing of what is written. */
  onStuck(): void;
}

export class Http2Sender {
  readonly #socket: Socket;
  readonly #turns: TurnQueue;
  readonly #events: SenderEvents;
  readonly output = new Http2Output();
  /** That have something held, or wait for the socket. */
  readonly #blocked = new Set<Http2Stream>();
  #window = WINDOW_BYTES;
  #flushDue = false;
  #congested = false;
  #over = false;

  constructor(socket: Socket, turns: TurnQueue, events: SenderEvents) {
    this.#socket = socket;
    this.#turns = turns;
    this.#events = events;
    socket.on("drain", () => {
      this.#congested = false;
      this.sendBlocked();
    });
  }

  /** Nothing is written any more. */
  stop(): void {
    this.#over = true;
    this.#blocked.clear();
  }

  forget(stream: Http2Stream): void {
    this.#blocked.delete(stream);
  }

  /** Throws Http2Fault when the window comes to more than there may be. */
  addWindow(more: number): void {
    this.#window += more;
    if (this.#window > WINDOW_BYTES_MAX) {
      throw new Http2Fault(ERROR.flowControl, "a window too large");
    }
    this.sendBlocked();
  }

  sendHeaders(stream: Http2Stream, block: Buffer, end: boolean): void {
    if (stream.isOver || stream.localEnded) return;
    if (end) stream.localEnded = true;
    if (stream.held.length > 0 || stream.id === 0) {
      stream.held.push({ kind: "headers", block, end });
      return;
    }
    this.#writeHeaders(stream, block, end);
  }

  /** One gRPC message. False: it is held back, or the socket is. */
  sendMessage(stream: Http2Stream, message: Uint8Array): boolean {
    if (stream.isOver || stream.localEnded) return true;
    const length = PREFIX_BYTES + message.length;
    const room = Math.min(this.#window, stream.sendWindow, FRAME_BYTES_MAX);
    if (stream.held.length > 0 || stream.id === 0 || length > room) {
      const bytes = Buffer.allocUnsafe(length);
      bytes[0] = 0;
      bytes.writeUInt32BE(message.length, 1);
      bytes.set(message, PREFIX_BYTES);
      stream.held.push({ kind: "data", bytes, at: 0, end: false });
      this.sendHeld(stream);
      return !this.#waits(stream);
    }
    this.#window -= length;
    stream.sendWindow -= length;
    const output = this.output;
    output.head(length, FRAME.data, 0, stream.id);
    output.uint8(0);
    output.uint32(message.length);
    output.bytes(message);
    this.flushSoon();
    return !this.#waits(stream);
  }

  endStream(stream: Http2Stream): void {
    if (stream.isOver || stream.localEnded) return;
    stream.localEnded = true;
    stream.held.push({ kind: "data", bytes: NOTHING, at: 0, end: true });
    this.sendHeld(stream);
  }

  #waits(stream: Http2Stream): boolean {
    if (stream.isOver || (stream.held.length === 0 && !this.#congested)) return false;
    stream.isWaiting = true;
    this.#blocked.add(stream);
    return true;
  }

  /** A window has grown, or the socket takes more. */
  sendBlocked(): void {
    for (const stream of [...this.#blocked]) this.goOn(stream);
  }

  /** The same for one stream. */
  goOn(stream: Http2Stream): void {
    if (stream.isOver) return;
    if (stream.held.length > 0) this.sendHeld(stream);
    if (stream.held.length > 0 || this.#congested) return;
    this.#blocked.delete(stream);
    if (!stream.isWaiting) return;
    stream.isWaiting = false;
    stream.listener.onWritable();
  }

  /** As much as the windows allow. */
  sendHeld(stream: Http2Stream): void {
    if (stream.id === 0) return;
    const { held } = stream;
    for (let first = held[0]; first !== undefined; first = held[0]) {
      if (first.kind === "headers") {
        held.shift();
        this.#writeHeaders(stream, first.block, first.end);
        continue;
      }
      const left = first.bytes.length - first.at;
      const room = Math.min(left, this.#window, stream.sendWindow, FRAME_BYTES_MAX);
      if (room <= 0 && left > 0) {
        this.#blocked.add(stream);
        return;
      }
      const isWhole = room === left;
      this.#window -= room;
      stream.sendWindow -= room;
      const ends = isWhole && first.end;
      this.output.head(room, FRAME.data, ends ? FLAG.endStream : 0, stream.id);
      this.output.bytes(first.bytes.subarray(first.at, first.at + room));
      first.at += room;
      this.flushSoon();
      if (isWhole) held.shift();
      if (ends) this.#events.onLocalEnd(stream);
    }
  }

  #writeHeaders(stream: Http2Stream, block: Buffer, end: boolean): void {
    for (let at = 0; at === 0 || at < block.length; at += FRAME_BYTES_MAX) {
      const piece = block.subarray(at, at + FRAME_BYTES_MAX);
      const isLast = at + piece.length >= block.length;
      const flags = (isLast ? FLAG.endHeaders : 0) | (end && at === 0 ? FLAG.endStream : 0);
      const type = at === 0 ? FRAME.headers : FRAME.continuation;
      this.output.head(piece.length, type, flags, stream.id);
      this.output.bytes(piece);
    }
    this.flushSoon();
    if (end) this.#events.onLocalEnd(stream);
  }

  writeReset(id: number, code: number): void {
    this.output.head(4, FRAME.reset, 0, id);
    this.output.uint32(code);
    this.flushSoon();
  }

  writeWindowUpdate(id: number, bytes: number): void {
    this.output.head(4, FRAME.windowUpdate, 0, id);
    this.output.uint32(bytes);
    this.flushSoon();
  }

  goAway(lastId: number, code: number, why: string): void {
    const words = Buffer.from(why.slice(0, 200));
    this.output.head(8 + words.length, FRAME.goAway, 0, 0);
    this.output.uint32(lastId);
    this.output.uint32(code);
    this.output.bytes(words);
    this.flushSoon();
  }

  /** At the end of this turn of the event loop. */
  flushSoon(): void {
    if (this.#flushDue || this.#over) return;
    this.#flushDue = true;
    this.#turns.pushLast(() => {
      this.#flushDue = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#over || this.output.isEmpty) return;
    const socket = this.#socket;
    const pieces = this.output.take();
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
    this.#congested = socket.writableLength > SOCKET_BYTES_MAX;
    if (socket.writableLength > UNREAD_BYTES_MAX) this.#events.onStuck();
  }
}

const NOTHING = Buffer.alloc(0);
