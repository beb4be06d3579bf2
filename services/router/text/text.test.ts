import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { lanternFiles } from "./lantern-text.fixture.ts";
import { ModelText } from "./model-text.ts";
import { StopStrings } from "./stop-strings.ts";
import { TokenPieces } from "./token-pieces.ts";
import { Detokeniser } from "./detokeniser.ts";
import { Utf8Stream } from "./utf8-stream.ts";

const text = new ModelText(lanternFiles());
const VOCAB = 1280;
const anyIds = fc.array(fc.integer({ min: 0, max: VOCAB - 1 }), { maxLength: 40 });
/** Raw bytes of byte-level BPE too: most sequences of them are no UTF-8. */
const library = libraryTokenizer();

function libraryTokenizer(): Tokenizer {
  const { files } = lanternFiles();
  const read = (name: string): object =>
    JSON.parse(new TextDecoder().decode(files.get(name))) as object;
  return new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
}

function libraryText(ids: readonly number[], of = library): string {
  const options = { skip_special_tokens: true, clean_up_tokenization_spaces: false };
  return ids.length === 0 ? "" : of.decode([...ids], options);
}

describe("a streamed output", () => {
  test("is what the library decodes, whatever the ids", () => {
    fc.assert(
      fc.property(anyIds, (ids) => {
        const detokeniser = text.detokeniser();
        let streamed = "";
        for (const id of ids) streamed += detokeniser.push(id);
        expect(streamed + detokeniser.finish()).toBe(libraryText(ids));
      }),
    );
  });

  test("is text that encodes and comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (words) => {
        const ids = text.encode(words, false);
        const detokeniser = text.detokeniser();
        const deltas = ids.map((id) => detokeniser.push(id));
        for (const delta of deltas) expect(delta.isWellFormed()).toBe(true);
        expect(deltas.join("") + detokeniser.finish()).toBe(libraryText(ids));
      }),
    );
  });

  test("goes on the same after a replay of what was had", () => {
    fc.assert(
      fc.property(anyIds, fc.nat(), (ids, at) => {
        const k = ids.length === 0 ? 0 : at % ids.length;
        const first = text.detokeniser();
        const before = first.pushAll(ids.slice(0, k));
        const second = text.detokeniser();
        expect(second.pushAll(ids.slice(0, k))).toBe(before);
        const rest = second.pushAll(ids.slice(k)) + second.finish();
        expect(before + rest).toBe(libraryText(ids));
      }),
    );
  });

  test("holds an emoji back until it is whole", () => {
    const ids = text.encode("a 🦆", false);
    const detokeniser = text.detokeniser();
    const deltas = ids.map((id) => detokeniser.push(id));
    expect(ids.length).toBeGreaterThan(3);
    expect(deltas.join("")).toBe("a 🦆");
    expect(deltas.join("")).not.toContain("\ufffd");
  });

  test("leaves special tokens out, or in", () => {
    const ids = [2, ...text.encode("hello", false), 1];
    expect(text.decode(ids)).toBe("hello");
    expect(text.decode(ids, false)).toBe("<|user|>hello<|end|>");
  });
});

describe("other decoders", () => {
  const pieces = ["▁Hello", "▁", "wor", "ld", "<0xE2>", "<0x82>", "<0xAC>", "<0xFF>", "▁a", "é"];
  const llama2 = {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  };
  const decoders: readonly (readonly [string, object])[] = [
    ["metaspace", { type: "Metaspace", replacement: "▁", prepend_scheme: "always" }],
    ["byte fallback", llama2],
    ["WordPiece", { type: "WordPiece", prefix: "##", cleanup: false }],
  ];

  test.each(decoders)("%s streams what the library decodes", (_name, decoder) => {
    const vocab = [...pieces, "##x", "word"];
    const json = {
      added_tokens: [{ id: 12, content: "<s>", special: true }],
      model: {
        type: "BPE",
        vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
        merges: [],
      },
      decoder,
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
    };
    const tokenizer = new Tokenizer(json, {});
    const table = new TokenPieces(tokenizer, decoder);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 12 }), { maxLength: 12 }), (ids) => {
        const detokeniser = new Detokeniser(table);
        let streamed = "";
        for (const id of ids) streamed += detokeniser.push(id);
        expect(streamed + detokeniser.finish()).toBe(libraryText(ids, tokenizer));
      }),
    );
  });

  test("one that nobody knows is refused", () => {
    expect(() => new TokenPieces(library, { type: "CTC" })).toThrow(/"CTC" is not known/);
  });
});

test("bytes in any chunks are the text of all the bytes", () => {
  const bytes = fc.uint8Array({ maxLength: 24 });
  const leads = fc.array(
    fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc1, 0xc3, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xf5),
    { maxLength: 16 },
  );
  const awkward = leads.map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(fc.oneof(bytes, awkward), fc.array(fc.nat({ max: 5 })), (all, sizes) => {
      const stream = new Utf8Stream();
      let given = "";
      let at = 0;
      for (const size of sizes) {
        given += stream.push(all.subarray(at, at + size));
        at = Math.min(all.length, at + size);
      }
      given += stream.push(all.subarray(at)) + stream.flush();
      expect(given).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(all));
    }),
    { numRuns: 500 },
  );
});

describe("stop strings", () => {
  const few = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 24 });
  const stops = fc.array(
    fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 5 }),
    { maxLength: 4 },
  );

  /** Written down a second time: the first place where some stop string has become complete. */
  function cut(whole: string, strings: readonly string[]): string {
    for (let end = 1; end <= whole.length; end++) {
      const starts = strings
        .filter((stop) => whole.slice(0, end).endsWith(stop))
        .map((stop) => end - stop.length);
      if (starts.length > 0) return whole.slice(0, Math.min(...starts));
    }
    return whole;
  }

  test("cut the same text however it was split", () => {
    fc.assert(
      fc.property(few, stops, fc.array(fc.nat({ max: 4 })), (whole, strings, sizes) => {
        const stop = new StopStrings(strings);
        let given = "";
        let rest = whole;
        let ended = false;
        for (const size of [...sizes, whole.length]) {
          const step = stop.push(rest.slice(0, size));
          rest = rest.slice(size);
          given += step.text;
          ended = step.stopped !== null;
          if (ended) break;
        }
        if (!ended) given += stop.finish();
        expect(given).toBe(cut(whole, strings));
      }),
      { numRuns: 1000 },
    );
  });

  test("hold back no more than they must", () => {
    const stop = new StopStrings(["###"]);
    expect(stop.push("one #").text).toBe("one ");
    expect(stop.push("two ##").text).toBe("#two ");
    expect(stop.push("# three")).toEqual({ text: "", stopped: "###" });
  });

  test("are delivered when asked for", () => {
    const stop = new StopStrings(["."], true);
    expect(stop.push("One. Two.")).toEqual({ text: "One.", stopped: "." });
  });
});
