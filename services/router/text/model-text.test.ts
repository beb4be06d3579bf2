import { afterAll, describe, expect, test } from "vitest";

import { Failure } from "#shared/base/errors.ts";
import type { Chat, ChatMessage } from "./chat-template.ts";
import { filesOf, lanternFiles, lanternFilesWith } from "./lantern-text.fixture.ts";
import { ModelText } from "./model-text.ts";
import { INLINE_CHARS_MAX, TextPool } from "./text-pool.ts";

const AT_MS = Date.UTC(2026, 10, 22, 9, 5);

function chat(messages: readonly ChatMessage[], more: Partial<Chat> = {}): Chat {
  return {
    messages,
    tools: null,
    addGenerationPrompt: true,
    continueFinalMessage: false,
    extra: {},
    nowMs: AT_MS,
    ...more,
  };
}

describe("a chat", () => {
  const hello = chat([{ role: "user", content: "hello" }]);

  test("is rendered by the model's own template, and begins once", () => {
    const text = new ModelText(lanternFiles());
    expect(text.renderChat(hello)).toBe("<|begin|><|user|>hello<|end|><|assistant|>");
    const ids = text.encodeChat(hello);
    expect(ids.slice(0, 2)).toEqual([0, 2]);
    expect(ids.slice(-2)).toEqual([1, 3]);
    expect(ids.filter((id) => id === 0)).toHaveLength(1);
  });

  test("may end inside its last message", () => {
    const text = new ModelText(lanternFiles());
    const open = chat(
      [
        { role: "user", content: "count" },
        { role: "assistant", content: "one two " },
      ],
      { addGenerationPrompt: false, continueFinalMessage: true },
    );
    expect(text.renderChat(open)).toMatch(/<\|assistant\|>one two $/);
  });

  test("finds what transformers' templates find", () => {
    const template =
      "{{ strftime_now('%d %b %Y') }}|{{ eos_token }}|{{ tools is none }}|{{ style }}" +
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system here') }}{% endif %}";
    const text = new ModelText(lanternFilesWith({ chat_template: template }));
    const asked = chat([{ role: "user", content: "x" }], { extra: { style: "terse" } });
    expect(text.renderChat(asked)).toMatch(/^22 Nov 2026\|<\|end\|>\|[Tt]rue\|terse$/);
    const refused = chat([{ role: "system", content: "x" }]);
    expect(() => text.renderChat(refused)).toThrow(/no system here/);
  });

  test("takes the template for tools when there are tools", () => {
    const templates = [
      { name: "default", template: "plain" },
      { name: "tool_use", template: "{{ tools | length }} tools" },
    ];
    const text = new ModelText(lanternFilesWith({ chat_template: templates }));
    expect(text.renderChat(hello)).toBe("plain");
    expect(text.renderChat({ ...hello, tools: [{ type: "function" }] })).toBe("1 tools");
  });

  test("prefers chat_template.jinja", () => {
    const { files } = lanternFiles();
    const jinja = new TextEncoder().encode("from a file");
    const text = new ModelText(filesOf([...files, ["chat_template.jinja", jinja]]));
    expect(text.renderChat(hello)).toBe("from a file");
  });

  test("needs a template", () => {
    const text = new ModelText(lanternFilesWith({ chat_template: null }));
    expect(() => text.renderChat(hello)).toThrow(/no chat template/);
  });
});

test("files that are no tokenizer are refused by name", () => {
  expect(() => new ModelText(filesOf([]))).toThrow(/without tokenizer.json/);
  const broken = filesOf([["tokenizer.json", new TextEncoder().encode("{")]]);
  expect(() => new ModelText(broken)).toThrow(/tokenizer.json is not JSON/);
});

describe("the pool", () => {
  const files = lanternFiles();
  const text = new ModelText(files);
  const pool = new TextPool({ threads: 1 });
  afterAll(() => pool.close());
  const long = "The lantern burns all night. ".repeat(200);

  test("gives the same ids from a thread", async () => {
    expect(long.length).toBeGreaterThan(INLINE_CHARS_MAX);
    expect(await pool.encode(files, long, true)).toEqual(text.encode(long, true));
    const asked = chat([{ role: "user", content: long }]);
    expect(await pool.encodeChat(files, asked)).toEqual(text.encodeChat(asked));
    expect(await pool.encode(files, "short", true)).toEqual(text.encode("short"));
  });

  test("carries a template's refusal back", async () => {
    const bare = lanternFilesWith({ chat_template: null });
    const asked = pool.encodeChat(bare, chat([{ role: "user", content: long }]));
    await expect(asked).rejects.toMatchObject({ code: "INVALID" });
  });

  test("refuses more than its queue holds", async () => {
    const small = new TextPool({ threads: 1, queueMax: 1 });
    try {
      const asked = Array.from({ length: 6 }, () => small.encode(files, long, true));
      const ends = await Promise.allSettled(asked);
      const refused = ends.filter((end) => end.status === "rejected").map((end) => end.reason);
      expect(refused.length).toBeGreaterThan(0);
      for (const reason of refused) {
        expect(reason).toBeInstanceOf(Failure);
        expect(reason).toMatchObject({ code: "FULL", retryAfterMs: 1_000 });
      }
      expect(refused.length).toBeLessThan(6);
    } finally {
      await small.close();
    }
  });
});
