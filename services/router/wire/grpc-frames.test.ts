// gRPC's framing, however the bytes arrive.

import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeGrpcFrame, GrpcFrames } from "./grpc-frames.ts";

test("messages come out as they went in, wherever the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(encodeGrpcFrame));
        const frames = new GrpcFrames();
        const out: Uint8Array[] = [];
        let at = 0;
        for (let i = 0; at < bytes.length; i++) {
          const end = at + cuts[i % cuts.length]!;
          out.push(...frames.push(bytes.subarray(at, end)).map((view) => Uint8Array.from(view)));
          at = end;
        }
        expect(out).toEqual(messages.map((message) => Uint8Array.from(message)));
        expect(frames.partial).toBe(false);
      },
    ),
  );
});

test("what is no gRPC is refused before it is kept", () => {
  const long = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
  expect(() => new GrpcFrames().push(long)).toThrow("4294967295 bytes");
  expect(() => new GrpcFrames().push(Buffer.from([1, 0, 0, 0, 0]))).toThrow("compressed");
  const half = new GrpcFrames();
  half.push(encodeGrpcFrame(Buffer.from("abc")).subarray(0, 6));
  expect(half.partial).toBe(true);
});
