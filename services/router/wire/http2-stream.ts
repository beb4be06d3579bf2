// One stream of an Http2Connection, from either side.
//
// State: what may still be sent and what waits for that, what has come and nobody reads yet, and
// which side has said that it is done.
//
//   S1. Nothing is sent beyond the peer's windows: it waits here, in order, headers included.
//   S2. onEnd is told at most once, and so is onBroken, which is the last; after reset() nothing
//       is told.

import type { Failure } from "#shared/base/errors.ts";
import type { Header } from "./hpack-tables.ts";
import type { Http2Connection } from "./http2-connection.ts";

export interface StreamListener {
  /** A response's head, or trailers. */
  onHeaders(headers: readonly Header[]): void;
  /** A view, good until the call returns. */
  onData(bytes: Buffer): void;
  /** The peer sends no more. */
  onEnd(): void;
  /** It was reset, or the connection is over. */
  onBroken(failure: Failure): void;
  /** What was held back is on its way. */
  onWritable(): void;
}

export type Held =
  | { readonly kind: "headers"; readonly block: Buffer; readonly end: boolean }
  | { readonly kind: "data"; readonly bytes: Buffer; at: number; readonly end: boolean };

export class Http2Stream {
  readonly connection: Http2Connection;
  listener: StreamListener;
  /** 0: the peer allows no more streams yet. */
  id: number;
  sendWindow: number;
  /** That the peer may still send, and what of it was read and not given back. */
  receiveWindow: number;
  credit = 0;
  readonly held: Held[] = [];
  /** That has come before read(); null: it reads. */
  unread: Buffer[] | null;
  endUnread = false;
  localEnded = false;
  remoteEnded = false;
  isOver = false;
  /** To be told when it can send again. */
  isWaiting = false;

  constructor(
    connection: Http2Connection,
    id: number,
    windows: { readonly send: number; readonly receive: number },
    listener: StreamListener,
    reads: boolean,
  ) {
    this.connection = connection;
    this.id = id;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
    this.listener = listener;
    this.unread = reads ? null : [];
  }

  /** What has come is told from now on; before, the peer's window holds it up. */
  read(): void {
    this.connection.readStream(this);
  }

  sendHeaders(block: Buffer, end: boolean): void {
    this.connection.sender.sendHeaders(this, block, end);
  }

  /** One gRPC message. False: it is held back, or the socket is; onWritable follows. */
  sendMessage(message: Uint8Array): boolean {
    return this.connection.sender.sendMessage(this, message);
  }

  /** No more from here. */
  end(): void {
    this.connection.sender.endStream(this);
  }

  /** Nothing is told any more. */
  reset(code: number): void {
    this.connection.resetStream(this, code);
  }
}
