// Header blocks as the standard's examples have them, as we write them, and as nobody should.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { encodeHeaders, HpackReader } from "./hpack.ts";
import type { Header } from "./hpack-tables.ts";

const LIST_BYTES = 16 * 1024;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

test("the standard's requests are read, table and Huffman code and all (RFC 7541 C.4)", () => {
  const reader = new HpackReader(LIST_BYTES);
  const first: Header[] = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ];
  expect(reader.read(hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")).headers).toEqual(first);
  const second = reader.read(hex("8286 84be 5886 a8eb 1064 9cbf")).headers;
  expect(second).toEqual([...first, ["cache-control", "no-cache"]]);
  const third = "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf";
  expect(reader.read(hex(third)).headers).toEqual([
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ]);
  // The same bytes mean the newest entry, not what they meant when it was another.
  expect(reader.read(hex("be")).headers).toEqual([["custom-key", "custom-value"]]);
});

test("what left the table is not found there again", () => {
  const reader = new HpackReader(LIST_BYTES);
  expect(reader.read(hex("4001 61 01 62 be")).headers).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
  expect(reader.read(hex("be")).headers).toEqual([["a", "b"]]);
  expect(reader.read(hex("20")).headers).toEqual([]); // The table holds nothing from now on.
  expect(() => reader.read(hex("be"))).toThrow("no header 62");
  expect(() => new HpackReader(LIST_BYTES).read(hex("4001 61 01 62 20"))).toThrow("resized");
  expect(() => new HpackReader(LIST_BYTES).read(hex("3fe2 1f"))).toThrow("a table of 4097 bytes");
});

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const value = fc.stringMatching(/^[\x20-\x7e]{0,200}$/);

test("what we write is read as it was, in any order, with other blocks between", () => {
  const known: Header[] = [
    [":status", "200"],
    [":path", "/"],
    ["content-type", "application/grpc"],
  ];
  const header = fc.oneof(fc.constantFrom(...known), fc.tuple(name, value));
  fc.assert(
    fc.property(fc.array(fc.array(header, { maxLength: 12 }), { maxLength: 6 }), (blocks) => {
      const reader = new HpackReader(LIST_BYTES);
      for (const headers of [...blocks, ...blocks]) {
        expect(reader.read(encodeHeaders(headers)).headers).toEqual(headers);
      }
    }),
  );
});

describe("what is no block", () => {
  test.each([
    ["an entry that is not there", "c0"],
    ["entry 0", "80"],
    ["a text beyond the end", "0001 61 7f 62"],
    ["an integer without an end", "ffff ffff ffff ff"],
    ["an integer that ends too early", "ff"],
    ["padding of zeros", "0001 61 81 00"],
    ["padding of a byte", "0001 61 82 1fff"],
    ["the code's end in a text", "0001 61 84 ffff fffc"],
  ])("%s is refused", (_, bytes) => {
    const reader = new HpackReader(LIST_BYTES);
    expect(() => reader.read(hex(bytes))).toThrow(/^no HPACK/);
  });

  test("any bytes are read or refused, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (blocks) => {
        const reader = new HpackReader(256);
        for (const block of blocks) {
          try {
            const { headers } = reader.read(Buffer.from(block));
            const bytes = headers.reduce((sum, [a, b]) => sum + a.length + b.length + 32, 0);
            expect(bytes).toBeLessThanOrEqual(256);
          } catch (reason) {
            expect(reason).toBeInstanceOf(Failure);
            expect((reason as Failure).code).toBe("CORRUPT");
          }
        }
      }),
    );
  });

  test("a list over the limit says so, and keeps the first of it", () => {
    const entry = encodeHeaders([["a", "b".repeat(1_000)]]);
    const { headers, isTooLarge } = new HpackReader(4_096).read(
      Buffer.concat(Array.from({ length: 8 }, () => entry)),
    );
    expect([headers.length, isTooLarge]).toEqual([3, true]);
  });
});
