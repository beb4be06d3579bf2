import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import { GrammarMachine } from "./grammar-machine.ts";
import { GrammarPool } from "./grammar-pool.ts";
import { regexPart } from "./grammar-regex.ts";
import { jsonObjectGrammar, schemaGrammar } from "./grammar-schema.ts";
import { choice, GrammarRefusal, literal, repeated, rule, type Grammar } from "./grammar-text.ts";
import { allowedIds, LANTERN, lanternText, walk } from "./grammar-walk.fixture.ts";

const pool = new GrammarPool();
afterAll(() => pool.close());

const TEST_MS_MAX = 120_000;
const STORY = schemaGrammar({
  type: "object",
  properties: {
    name: { type: "string", minLength: 2, maxLength: 9 },
    ages: { type: "array", items: { type: "integer", minimum: 3, maximum: 1_200 }, minItems: 2 },
    more: {},
  },
  required: ["name", "more"],
});

function regexGrammar(pattern: string): Grammar {
  return { rules: { root: regexPart(pattern, "plain", "") } };
}

function accepts(grammar: Grammar, text: string): boolean {
  const machine = new GrammarMachine(grammar);
  let at: ReturnType<typeof machine.step> = machine.start;
  for (const byte of new TextEncoder().encode(text)) {
    at = at === null ? null : machine.step(at, byte);
  }
  return at?.ends === true;
}

describe("a mask", () => {
  test(
    "depends on the ids alone, whoever is asked and whatever was asked before",
    async () => {
      const grammar = await pool.try(LANTERN, STORY);
      await fc.assert(
        fc.asyncProperty(
          fc.integer(),
          fc.array(fc.nat(), { maxLength: 6 }),
          async (seed, jumps) => {
            const random = seededRandom(seed);
            const first = pool.open(grammar);
            const { ids, masks } = await walk(first, () => random.next());
            const fresh = pool.open(grammar);
            // The last prefix may be one whose end was drawn: every one has its mask in `masks`.
            const prefixes = [...masks.keys()];
            const wanted = [...jumps.map((jump) => jump % masks.length), ...prefixes];
            for (const [n, k] of wanted.entries()) {
              const source = n % 2 === 0 ? first : fresh;
              const words = await source.maskAfter(ids.slice(0, k));
              expect(words === null ? null : [...words]).toEqual(masks[k]);
            }
            for (const k of prefixes.filter((it) => it % 7 === 0)) {
              const alone = pool.open(grammar);
              const words = await alone.maskAfter(ids.slice(0, k));
              expect(words === null ? null : [...words]).toEqual(masks[k]);
              alone.close();
            }
            first.close();
            fresh.close();
          },
        ),
        { numRuns: 15 },
      );
    },
    TEST_MS_MAX,
  );

  test("allows the tokens whose bytes may follow, and no other", async () => {
    const grammar = await pool.try(LANTERN, STORY);
    const machine = new GrammarMachine(STORY);
    const source = pool.open(grammar);
    const random = seededRandom(7);
    const { ids, masks } = await walk(source, () => random.next());
    source.close();
    let at = machine.start;
    for (const [n, id] of ids.entries()) {
      const allowed = new Set(allowedIds(masks[n] ?? []));
      for (let token = 0; token < LANTERN.vocab; token++) {
        const bytes = lanternText.grammarBytes(token);
        let next: ReturnType<typeof machine.step> = bytes.length === 0 ? null : at;
        for (const byte of bytes) next = next === null ? null : machine.step(next, byte);
        const ends = LANTERN.eosIds.includes(token) && at.ends;
        expect(allowed.has(token), `token ${token} after ${n}`).toBe(next !== null || ends);
      }
      for (const byte of lanternText.grammarBytes(id)) at = machine.step(at, byte) ?? at;
    }
  });

  test("asked for while the one before is on its way is the right one", async () => {
    const grammar = await pool.try(LANTERN, STORY);
    const source = pool.open(grammar);
    const random = seededRandom(3);
    const { ids, masks } = await walk(source, () => random.next());
    const asked = await Promise.all(
      [3, 9, 4, 4, 0, 12].map(async (k) => [k, await source.maskAfter(ids.slice(0, k))] as const),
    );
    for (const [k, words] of asked) expect([...(words ?? [])]).toEqual(masks[k]);
    source.close();
  });

  test("of other ids is not that of those before", async () => {
    const source = pool.open(await pool.try(LANTERN, regexGrammar("a1*|b2*")));
    const [a = 0, b = 0] = ["a", "b"].map((text) => lanternText.encode(text, false)[0]);
    const letters = [await source.maskAfter([a]), await source.maskAfter([b])];
    const digits = letters.map((words) => lanternText.decode(allowedIds(words ?? []).slice(-1)));
    expect(digits).toEqual([expect.stringMatching(/^1+$/), expect.stringMatching(/^2+$/)]);
    source.close();
  });

  test("of an output that breaks the grammar is a failure", async () => {
    const source = pool.open(await pool.try(LANTERN, regexGrammar("[0-9]+")));
    const [letter = 0] = lanternText.encode("x", false);
    await expect(source.maskAfter([letter])).rejects.toMatchObject({ code: "INTERNAL" });
    const [digit = 0] = lanternText.encode("7", false);
    expect(await source.maskAfter([digit])).not.toBeNull();
    expect(await source.maskAfter([digit, ...LANTERN.eosIds])).toBeNull();
    source.close();
    await expect(source.maskAfter([])).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("a grammar", () => {
  test.each([
    "[a-z]{2,4}|\\d+(\\.\\d{1,2})?",
    "(ab?c){1,3}[^x-z\\s]",
    "\\w+\\W\\u00e9[\\u4e00-\\u9fff]{2}",
    "(?:yes|no|(?<word>maybe))[.!]*?",
    ".{0,5}\\S",
    "[\\u{1f600}-\\u{1f64f}]?-[^\\d]",
  ])("of %s allows only its matches", async (pattern) => {
    const grammar = await pool.try(LANTERN, regexGrammar(pattern));
    const whole = new RegExp(`^(?:${pattern})$`, "u");
    const random = seededRandom(pattern.length);
    for (let n = 0; n < 12; n++) {
      const source = pool.open(grammar);
      const { text } = await walk(source, () => random.next());
      source.close();
      if (text !== null) expect(text).toMatch(whole);
    }
  });

  test("takes what its regular expression takes", () => {
    const text = fc.string({ unit: "binary", maxLength: 4 });
    fc.assert(
      fc.property(text, (given) => {
        expect(accepts(regexGrammar("[^é-\\u4e00]*"), given)).toBe(/^[^é-\u4e00]*$/u.test(given));
        expect(accepts(regexGrammar("(.|\\n)\\W*"), given)).toBe(/^(.|\n)\W*$/u.test(given));
      }),
    );
  });

  test("of any object takes whatever JSON says in one line", () => {
    const grammar = jsonObjectGrammar();
    const spaced = (value: unknown): string =>
      Array.isArray(value)
        ? `[${value.map(spaced).join(", ")}]`
        : typeof value === "object" && value !== null
          ? `{${Object.entries(value)
              .map(([name, it]) => `${JSON.stringify(name)}: ${spaced(it)}`)
              .join(", ")}}`
          : JSON.stringify(value);
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), (value) => {
        const written = spaced(value);
        // Of fifteen digits and two of an exponent: what a double may have more is left out.
        fc.pre(!/\d{16}|e[+-]\d{3}/.test(written));
        expect(accepts(grammar, written)).toBe(true);
      }),
    );
  });

  test.each<readonly [string, object, string]>([
    ["a negation", { properties: { "a/b": { not: {} } } }, "/properties/a~1b/not"],
    ["a loop", { $ref: "#/$defs/a", $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }] } } }, "/$ref"],
    ["nothing", { enum: [] }, "/enum"],
    ["lookaround", { type: "string", pattern: "(?=a)b" }, "/pattern"],
    ["a bomb", { type: "string", pattern: "((a{999}){999}){999}" }, "/pattern"],
    [
      "a long list",
      { type: "array", items: { type: "string", maxLength: 9_999 }, maxItems: 9 },
      "",
    ],
    ["empty bounds", { type: "integer", minimum: 5, maximum: 4 }, ""],
    ["two deciders", { type: "object", anyOf: [{}] }, "/type"],
  ])("of %s is refused with its place", (_, schema, place) => {
    let refusal: unknown = null;
    try {
      schemaGrammar(schema as never);
    } catch (reason) {
      refusal = reason;
    }
    expect(refusal).toBeInstanceOf(GrammarRefusal);
    expect((refusal as GrammarRefusal).place).toContain(place);
  });
});

describe("the pool", () => {
  test(
    "keeps no matcher of a thousand streams, closed or broken",
    async () => {
      const grammar = await pool.try(LANTERN, STORY);
      const [digit = 0] = lanternText.encode("7", false);
      const first = pool.open(grammar); // Who is told to begin anew after its end is refused.
      await first.maskAfter([]);
      first.close();
      for (let n = 0; n < 100; n++) {
        const streams = Array.from({ length: 10 }, () => pool.open(grammar));
        const asked = streams.map((it, at) => it.maskAfter(at % 3 === 0 ? [digit] : []));
        if (n % 2 === 0) for (const stream of streams) stream.close(); // Before they are answered.
        const answers = await Promise.allSettled(asked);
        expect(answers.some(({ status }) => status === "fulfilled")).toBe(true);
        for (const stream of streams) stream.close();
      }
      expect(await pool.count()).toEqual({ open: 0, matchers: 0 });
    },
    TEST_MS_MAX,
  );

  test(
    "gives up what compiles too slowly, and no stream waits for it",
    async () => {
      const hurried = new GrammarPool({ compileMsMax: 3_000 });
      const served = hurried.open(await pool.try(LANTERN, STORY));
      expect(await served.maskAfter([])).not.toBeNull();
      // Places that multiply with every bracket: the machine's bound or the clock ends it.
      const twice = [rule("deep"), rule("deep")].map((part) => repeated(part, 1, 40, ""));
      const rules = { root: rule("deep"), deep: choice([...twice, literal("[")]) };
      const trial = hurried.try(LANTERN, { rules });
      const verdict = trial.then(
        () => "taken",
        (reason: unknown) => (reason as { readonly code?: string }).code,
      );
      const askedMs = performance.now();
      expect(await served.maskAfter([])).not.toBeNull();
      expect(performance.now() - askedMs).toBeLessThan(2_000);
      expect(await verdict).toBe("INVALID");
      served.close();
      await hurried.close();
    },
    TEST_MS_MAX,
  );

  test(
    "ends what takes too long for a mask, and the others go on where they were",
    async () => {
      const hurried = new GrammarPool({ maskMsMax: 500 });
      const random = seededRandom(11);
      const served = hurried.open(await hurried.try(LANTERN, STORY));
      const { ids, masks } = await walk(served, () => random.next());
      const hostile = regexGrammar("[ab]*a[ab]{0,6000}c");
      const slow = hurried.open(await hurried.try(LANTERN, hostile));
      const [a = 0] = lanternText.encode("a", false);
      const late = slow.maskAfter(Array.from({ length: 1_900 }, () => a)).then(
        () => "a mask",
        (reason: unknown) => (reason as Error).message,
      );
      const half = Math.floor(ids.length / 2);
      const words = await served.maskAfter(ids.slice(0, half));
      expect([...(words ?? [])]).toEqual(masks[half]);
      expect(await late).toContain("too long");
      await expect(hurried.try(LANTERN, hostile)).rejects.toMatchObject({ code: "INVALID" });
      slow.close();
      served.close();
      await hurried.close();
    },
    TEST_MS_MAX,
  );
});
