// HTTP/2's frames (RFC 9113 §4 and §6): their numbers, and a byte stream cut into them.

/** Types. */
export const FRAME = {
  ...{ data: 0, headers: 1, priority: 2, reset: 3, settings: 4, pushPromise: 5, ping: 6 },
  ...{ goAway: 7, windowUpdate: 8, continuation: 9 },
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const SETTING = {
  ...{ headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4 },
  ...{ maxFrameSize: 5, maxHeaderListSize: 6 },
} as const;

export const ERROR = {
  ...{ none: 0, protocol: 1, internal: 2, flowControl: 3, streamClosed: 5, frameSize: 6 },
  ...{ refusedStream: 7, cancel: 8, compression: 9, enhanceYourCalm: 11 },
} as const;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const HEAD_BYTES = 9;
/** Of a payload; what is allowed unless a side says otherwise, and we do not. */
export const FRAME_BYTES_MAX = 16_384;
/** Of every window before anybody has said anything. */
export const WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;
export const STREAM_ID_MAX = 2 ** 31 - 1;

/** The peer broke the protocol: the whole connection ends with this code. */
export class Http2Fault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "Http2Fault";
    this.code = code;
  }
}

/** `bytes` from `at` to `end` is the payload: a view that is good until the call returns. */
export type OnFrame = (
  type: number,
  flags: number,
  id: number,
  bytes: Buffer,
  at: number,
  end: number,
) => void;

/** State: a frame that has begun, in the pieces it came in; never more than one. */
export class FrameCutter {
  #pieces: Buffer[] = [];
  #held = 0;
  #needed: number;
  #preface: Buffer | null;

  /** `preface`: what must come before the first frame; null: nothing. */
  constructor(preface: Buffer | null) {
    this.#preface = preface;
    this.#needed = preface?.length ?? HEAD_BYTES;
  }

  /** Throws Http2Fault for another preface, and for a frame over the limit before it is kept. */
  push(bytes: Buffer, onFrame: OnFrame): void {
    this.#held += bytes.length;
    if (this.#held < this.#needed) {
      this.#pieces.push(bytes);
      return;
    }
    let all = bytes;
    if (this.#pieces.length > 0) {
      this.#pieces.push(bytes);
      all = Buffer.concat(this.#pieces, this.#held);
      this.#pieces = [];
    }
    let at = this.#preface === null ? 0 : this.#takePreface(all, this.#preface);
    this.#needed = HEAD_BYTES;
    while (all.length - at >= HEAD_BYTES) {
      const length = all.readUIntBE(at, 3);
      if (length > FRAME_BYTES_MAX) {
        throw new Http2Fault(ERROR.frameSize, `a frame of ${length} bytes`);
      }
      const end = at + HEAD_BYTES + length;
      if (end > all.length) {
        this.#needed = HEAD_BYTES + length;
        break;
      }
      const id = all.readUInt32BE(at + 5) & 0x7fff_ffff;
      onFrame(all[at + 3] ?? 0, all[at + 4] ?? 0, id, all, at + HEAD_BYTES, end);
      at = end;
    }
    this.#held = all.length - at;
    if (this.#held > 0) this.#pieces.push(all.subarray(at));
  }

  #takePreface(bytes: Buffer, preface: Buffer): number {
    if (!preface.equals(bytes.subarray(0, preface.length))) {
      throw new Http2Fault(ERROR.protocol, "the connection does not begin as HTTP/2 does");
    }
    this.#preface = null;
    return preface.length;
  }
}

/** Where what is in a padded payload begins and ends. */
export function unpadded(all: Buffer, at: number, end: number): [number, number] {
  const padding = all[at];
  if (padding === undefined || at >= end || at + 1 + padding > end) {
    throw new Http2Fault(ERROR.protocol, "padding longer than its frame");
  }
  return [at + 1, end - padding];
}
