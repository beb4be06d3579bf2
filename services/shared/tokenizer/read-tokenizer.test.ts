// The bundled model's tokenizer is read, and every way to break it is named.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readTokenizer } from "./read-tokenizer.ts";

const FOLDER = new URL("../../../native/models/lantern/", import.meta.url);
const GOOD = readFileSync(new URL("tokenizer.json", FOLDER), "utf8");
const CONFIG = readFileSync(new URL("tokenizer_config.json", FOLDER), "utf8");

function read(tokenizer: string, config = CONFIG): ReturnType<typeof readTokenizer> {
  const files = { "tokenizer.json": tokenizer, "tokenizer_config.json": config };
  const encoder = new TextEncoder();
  return readTokenizer(
    new Map(Object.entries(files).map(([name, text]) => [name, encoder.encode(text)])),
  );
}

interface Parts {
  readonly model: object;
}

const good = JSON.parse(GOOD) as Parts;
const changed = (change: object): string => JSON.stringify({ ...good, ...change });
const ofModel = (change: object): string => changed({ model: { ...good.model, ...change } });

test("what a model comes with is read, without a configuration too", () => {
  const { tokenizer, json, config } = read(GOOD);
  expect(tokenizer.encode("Hello", { add_special_tokens: false }).ids.length).toBeGreaterThan(0);
  expect(Object.keys(json)).toContain("model");
  expect(Object.keys(config)).toContain("chat_template");
  const alone = new Map([["tokenizer.json", new TextEncoder().encode(GOOD)]]);
  expect(readTokenizer(alone).config).toEqual({});
});

test.each([
  ["cut short", GOOD.slice(0, GOOD.length / 2), /^tokenizer\.json is not JSON: ./u],
  ["empty", "", /^tokenizer\.json is not JSON: /u],
  ["a list", "[]", /^tokenizer\.json is no JSON object$/u],
  ["without anything", "{}", /^tokenizer\.json is no tokenizer that is known: .*"model"/u],
  ["of another vocabulary", ofModel({ vocab: null }), /^tokenizer\.json is no tokenizer/u],
  ["without words", ofModel({ vocab: {}, merges: [] }), /^tokenizer\.json /u],
  ["of an unknown kind", changed({ decoder: { type: "Foo" } }), /known: .*Foo/u],
  ["of other rules", changed({ pre_tokenizer: { type: "Foo" } }), /known: .*Foo/u],
])("a tokenizer.json that is %s is refused", (_, text, said) => {
  expect(() => read(text)).toThrow(said);
});

test("so are others' faults, by their names", () => {
  expect(() => read(GOOD, "{")).toThrow(/^tokenizer_config\.json is not JSON: /u);
  expect(() => readTokenizer(new Map())).toThrow("without tokenizer.json");
});
