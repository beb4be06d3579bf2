// Finds tool calls in a model's text, as it comes: Hermes and Qwen write
// <tool_call>{"name":…,"arguments":…}</tool_call>, Llama 3 the bare JSON with "parameters".
//
// State: the text that is or may become a call, and which way of writing it is in.
//
//   C1. What is no call of a declared tool is text, nothing of it lost.
//   C2. What has been given depends on the text so far only, never on how it was split.

import type { Json } from "#shared/base/canonical-json.ts";
import { isObject } from "./body-fields.ts";

export interface ToolCall {
  readonly ordinal: number;
  readonly name: string;
  /** JSON, as OpenAI's clients parse it. */
  readonly arguments: string;
}

export interface ToolStep {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

const OPEN = "<tool_call>";
const CLOSE = "</tool_call>";
const PYTHON = "<|python_tag|>";

type Mode = "start" | "text" | "call" | "after" | "json";

export class ToolCallReader {
  readonly #names: ReadonlySet<string>;
  #mode: Mode = "start";
  #held = "";
  #count = 0;

  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  push(text: string): ToolStep {
    this.#held += text;
    const calls: ToolCall[] = [];
    let given = "";
    for (;;) {
      const before = this.#mode;
      given += this.#step(calls);
      if (this.#mode === before) return { text: given, calls };
    }
  }

  /** Nothing comes any more: what was held back is a call after all, or text. */
  finish(): ToolStep {
    const held = this.#held;
    const mode = this.#mode;
    this.#held = "";
    if (mode === "json") {
      const found = this.#bareCalls(held);
      return found === null ? { text: held, calls: [] } : { text: "", calls: found };
    }
    if (mode === "call") {
      const call = this.#callOf(held.slice(OPEN.length));
      return call === null ? { text: held, calls: [] } : { text: "", calls: [call] };
    }
    return { text: mode === "after" ? held.trimStart() : held, calls: [] };
  }

  /** Takes what the mode is sure of from what is held; another mode goes on with the rest. */
  #step(calls: ToolCall[]): string {
    switch (this.#mode) {
      case "start":
        return this.#begin();
      case "after":
        return this.#afterCall();
      case "text":
        return this.#plain();
      case "call":
        return this.#inCall(calls);
      case "json":
        return "";
    }
  }

  #begin(): string {
    const shown = this.#held.trimStart();
    if (shown === "" || (PYTHON.startsWith(shown) && shown !== PYTHON)) return "";
    this.#mode = shown.startsWith("{") || shown.startsWith(PYTHON) ? "json" : "text";
    return "";
  }

  #afterCall(): string {
    const shown = this.#held.trimStart();
    if (shown === "" || (OPEN.startsWith(shown) && shown !== OPEN)) return "";
    if (shown.startsWith(OPEN)) this.#held = shown;
    this.#mode = "text";
    return "";
  }

  #plain(): string {
    const at = this.#held.indexOf(OPEN);
    const end = at >= 0 ? at : this.#held.length - openLength(this.#held);
    const text = this.#held.slice(0, end);
    this.#held = this.#held.slice(end);
    if (at >= 0) this.#mode = "call";
    return text;
  }

  #inCall(calls: ToolCall[]): string {
    const at = this.#held.indexOf(CLOSE);
    if (at < 0) return "";
    const whole = this.#held.slice(0, at + CLOSE.length);
    const call = this.#callOf(this.#held.slice(OPEN.length, at));
    this.#held = this.#held.slice(whole.length);
    this.#mode = call === null ? "text" : "after";
    if (call === null) return whole;
    calls.push(call);
    return "";
  }

  #bareCalls(held: string): ToolCall[] | null {
    const objects = objectsOf(held.trim().replace(PYTHON, ""));
    if (objects === null) return null;
    const from = this.#count;
    const calls = objects.map((text) => this.#callOf(text));
    if (calls.every((call) => call !== null)) return calls;
    this.#count = from;
    return null;
  }

  #callOf(text: string): ToolCall | null {
    let value: Json;
    try {
      value = JSON.parse(text) as Json;
    } catch {
      return null;
    }
    if (!isObject(value)) return null;
    const name = value["name"];
    if (typeof name !== "string" || !this.#names.has(name)) return null;
    const given = value["arguments"] ?? value["parameters"] ?? {};
    const written = typeof given === "string" ? given : JSON.stringify(given);
    return { ordinal: this.#count++, name, arguments: written };
  }
}

/** How many characters at the end may begin the opening tag. */
function openLength(text: string): number {
  for (let length = Math.min(OPEN.length - 1, text.length); length > 0; length--) {
    if (OPEN.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

/** JSON objects one after the other, parted by `;` or space; null when anything else is there. */
function objectsOf(text: string): string[] | null {
  const objects: string[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"' && depth > 0) quoted = true;
    else if (char === "{") {
      if (depth === 0) from = at;
      depth += 1;
    } else if (char === "}" && depth > 0) {
      depth -= 1;
      if (depth === 0) objects.push(text.slice(from, at + 1));
    } else if (depth === 0 && !/[\s;]/.test(char)) return null;
  }
  return depth === 0 && objects.length > 0 ? objects : null;
}
