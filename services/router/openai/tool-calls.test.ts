import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ToolCallReader, type ToolStep } from "./tool-calls.ts";

const NAMES = new Set(["add", "find"]);

function read(parts: readonly string[]): ToolStep {
  const reader = new ToolCallReader(NAMES);
  const steps = [...parts.map((part) => reader.push(part)), reader.finish()];
  return {
    text: steps.map((step) => step.text).join(""),
    calls: steps.flatMap((step) => step.calls),
  };
}

const add = { ordinal: 0, name: "add", arguments: '{"a":1}' };
const find = { ordinal: 1, name: "find", arguments: "{}" };

describe("a model's text", () => {
  test.each<readonly [string, string, ToolStep]>([
    ["plain", "just words", { text: "just words", calls: [] }],
    [
      "Hermes, after words",
      'Let me see. <tool_call>\n{"name":"add","arguments":{"a":1}}\n</tool_call>\n',
      { text: "Let me see. ", calls: [add] },
    ],
    [
      "Hermes, two",
      '<tool_call>{"name":"add","arguments":{"a":1}}</tool_call>\n' +
        '<tool_call>{"name":"find"}</tool_call>',
      { text: "", calls: [add, find] },
    ],
    [
      "Hermes, never closed",
      '<tool_call>{"name":"add","arguments":"{\\"a\\":1}"}',
      { text: "", calls: [add] },
    ],
    [
      "Hermes, words after it",
      '<tool_call>{"name":"add","arguments":{"a":1}}</tool_call> and so on',
      { text: " and so on", calls: [add] },
    ],
    ["Llama", ' {"name":"add","parameters":{"a":1}}', { text: "", calls: [add] }],
    [
      "Llama, two",
      '<|python_tag|>{"name":"add","parameters":{"a":1}}; {"name":"find","parameters":{}}',
      { text: "", calls: [add, find] },
    ],
    ["JSON that calls nothing", '{"name":"other"}', { text: '{"name":"other"}', calls: [] }],
    ["JSON and words", '{"a":1} is it', { text: '{"a":1} is it', calls: [] }],
    [
      "a call of nothing declared",
      'a <tool_call>{"name":"rm"}</tool_call> b',
      { text: 'a <tool_call>{"name":"rm"}</tool_call> b', calls: [] },
    ],
    ["half a tag", "a <tool", { text: "a <tool", calls: [] }],
  ])("%s", (_, words, expected) => {
    expect(read([words])).toEqual(expected);
  });

  test("is read the same however it was split", () => {
    const pieces = fc.constantFrom(
      ...["<tool_call>", "</tool_call>", "<tool_", '{"name":"add","arguments":{}}', "words", " "],
      ...["\n", '{"name":"find"}', "{", "}", ";", "<|python_tag|>", '"', "\\"],
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (list, sizes) => {
          const words = list.join("");
          const parts: string[] = [];
          let at = 0;
          for (const size of sizes) {
            parts.push(words.slice(at, at + size));
            at += size;
          }
          expect(read([...parts, words.slice(at)])).toEqual(read([words]));
        },
      ),
      { numRuns: 500 },
    );
  });
});
