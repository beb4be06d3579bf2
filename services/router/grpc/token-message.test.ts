// Messages written by hand are those that the general encoder writes.

import fc from "fast-check";
import { expect, test } from "vitest";
import { InferenceService } from "#proto/services.ts";
import { TokenMessageWriter } from "./token-message.ts";

test("ids are written as the general encoder writes them, to the byte", () => {
  const writer = new TokenMessageWriter();
  const number = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(number, fc.array(number, { maxLength: 64 }), (firstIndex, tokenIds) => {
      const written = writer.write(firstIndex, tokenIds);
      const message = { ...(firstIndex === 0 ? {} : { firstIndex }), tokenIds };
      expect(Buffer.from(written ?? [])).toEqual(
        InferenceService.complete.responseSerialize(message),
      );
    }),
  );
  expect(
    writer.write(
      0,
      Array.from({ length: 65 }, () => 1),
    ),
  ).toBeNull();
});
