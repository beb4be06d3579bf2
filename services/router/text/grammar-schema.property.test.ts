// What a grammar allows, its schema validates: random schemas, random outputs, judged by ajv.

import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Json } from "#shared/base/canonical-json.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { GrammarPool } from "./grammar-pool.ts";
import { schemaGrammar } from "./grammar-schema.ts";
import { LANTERN, walk } from "./grammar-walk.fixture.ts";

const pool = new GrammarPool();
afterAll(() => pool.close());

const RUNS = 60;
const WALKS = 3;
const TEST_MS_MAX = 120_000;

const name = fc.oneof(
  fc.constantFrom("name", "na", "a", 'quo"te', "é", "tags", "x y"),
  fc.string({ maxLength: 6 }),
);
const bound = fc.integer({ min: -120, max: 1_300 });
const count = fc.integer({ min: 0, max: 3 });
const scalar = fc.oneof(
  fc.constant({ type: "string" }),
  fc.tuple(count, count).map(([a, b]) => {
    return { type: "string", minLength: Math.min(a, b), maxLength: Math.max(a, b) };
  }),
  fc
    .constantFrom(
      "^[a-z]{2,4}$",
      "a|b\\d+",
      '["\\\\\\n]x?',
      "[^a-z]{1,3}",
      "(ab?c)*",
      "\\S é\\u0041",
    )
    .map((pattern) => ({ type: "string", pattern })),
  fc.constantFrom("date", "uuid", "ipv4", "email", "date-time").map((format) => {
    return { type: "string", format };
  }),
  fc.constantFrom<Json>({ type: "integer" }, { type: "number" }, { type: "boolean" }, true, {}),
  fc
    .tuple(fc.constantFrom("integer", "number"), bound, bound)
    .map(([type, a, b]) => ({ type, minimum: Math.min(a, b), maximum: Math.max(a, b) })),
  fc
    .tuple(fc.constantFrom("integer", "number"), bound)
    .map(([type, exclusiveMinimum]) => ({ type, exclusiveMinimum })),
  fc.tuple(bound, fc.integer({ min: 1, max: 9 })).map(([low, more]) => {
    return { type: "number", exclusiveMinimum: low, exclusiveMaximum: low + more };
  }),
  fc.constant({ type: ["string", "null"] }),
  fc
    .array(fc.jsonValue({ maxDepth: 2 }), { minLength: 1, maxLength: 4 })
    .map((values) => ({ enum: values.map((it) => JSON.parse(JSON.stringify(it)) as Json) })),
);
const { schema } = fc.letrec<{ schema: Json }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthIdentifier: "schema" },
    scalar,
    fc
      .tuple(
        fc.dictionary(name, tie("schema"), { maxKeys: 4 }),
        fc.array(name, { maxLength: 1 }),
        fc.infiniteStream(fc.boolean()),
        fc.constantFrom<Json>("absent", false, true, { type: "integer" }),
      )
      .map(([properties, extra, coins, others]) => {
        const names = Object.keys(properties).filter(() => coins.next().value);
        const more = others === false ? [] : extra;
        const required = [...new Set([...names, ...more])];
        const open = others === "absent" ? {} : { additionalProperties: others };
        return { type: "object", properties, required, ...open };
      }),
    fc.tuple(tie("schema"), count, count).map(([items, a, b]) => {
      return { type: "array", items, minItems: Math.min(a, b), maxItems: Math.max(a, b) };
    }),
    fc.tuple(tie("schema"), tie("schema")).map((prefixItems) => {
      return { type: "array", prefixItems, items: false, minItems: 2 };
    }),
    fc.tuple(tie("schema"), tie("schema")).map((anyOf) => ({ anyOf })),
  ),
}));

describe("every output that a grammar allows", () => {
  test(
    "is JSON that its schema validates",
    async () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      let ended = 0;
      let all = 0;
      await fc.assert(
        fc.asyncProperty(schema, fc.integer(), async (wanted, seed) => {
          const validate = ajv.compile(wanted as object);
          const grammar = await pool.try(LANTERN, schemaGrammar(wanted));
          const prng = seededRandom(seed);
          for (let n = 0; n < WALKS; n++) {
            const masks = pool.open(grammar);
            const { text } = await walk(masks, () => prng.next());
            masks.close();
            all += 1;
            if (text === null) continue;
            ended += 1;
            const value = JSON.parse(text) as Json;
            expect(validate(value), `${text}\n${JSON.stringify(wanted)}`).toBe(true);
          }
        }),
        { numRuns: RUNS },
      );
      expect(ended).toBeGreaterThan(all * 0.8);
    },
    TEST_MS_MAX,
  );
});
