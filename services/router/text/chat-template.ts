// A model's chat template in the environment that transformers gives it: messages to prompt text.
//
// What the template itself writes is the whole prompt: ids are made from it without special tokens.

import { Environment, Interpreter, Template } from "@huggingface/jinja";

import { Failure } from "#shared/base/errors.ts";
import type { Json } from "#shared/base/canonical-json.ts";

/** As a template sees it: `role`, `content`, and for some `tool_calls`, `tool_call_id`, `name`. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly [field: string]: Json;
}

export interface Chat {
  readonly messages: readonly ChatMessage[];
  /** OpenAI's shape, as templates expect it; null: none. */
  readonly tools: readonly Json[] | null;
  readonly addGenerationPrompt: boolean;
  /** The last message is left open and the model goes on with it. */
  readonly continueFinalMessage: boolean;
  /** `chat_template_kwargs`: what only this model's template knows. */
  readonly extra: { readonly [name: string]: Json };
  /** What `strftime_now` reads: a reconnect renders with the first request's. */
  readonly nowMs: number;
}

/** By name; a model with one template calls it "default". */
export type TemplateTexts = ReadonlyMap<string, string>;

const TEXTS_MAX = 16;

export class ChatTemplate {
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #specials: { readonly [name: string]: Json };

  /** INVALID when a template does not parse. */
  constructor(texts: TemplateTexts, specials: { readonly [name: string]: Json }) {
    const parsed = new Map<string, Template>();
    for (const [name, text] of [...texts].slice(0, TEXTS_MAX)) parsed.set(name, parse(name, text));
    this.#templates = parsed;
    this.#specials = specials;
  }

  /** INVALID with the template's own words when it refuses the messages. */
  render(chat: Chat): string {
    const named = chat.tools === null ? undefined : this.#templates.get("tool_use");
    const template = named ?? this.#templates.get("default");
    if (template === undefined) {
      throw new Failure("INVALID", "the model has no chat template: use /v1/completions");
    }
    let text: string;
    try {
      text = rendered(template, {
        ...this.#specials,
        ...chat.extra,
        messages: chat.messages,
        tools: chat.tools,
        documents: null,
        add_generation_prompt: chat.addGenerationPrompt,
        continue_final_message: chat.continueFinalMessage,
        ...GLOBALS,
        strftime_now: (format: string) => strftime(chat.nowMs, format),
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Failure("INVALID", `the model's chat template refuses the messages: ${why}`, {
        cause,
      });
    }
    return chat.continueFinalMessage ? openEnd(text, chat.messages.at(-1)?.content ?? "") : text;
  }
}

function parse(name: string, text: string): Template {
  try {
    return new Template(text);
  } catch (cause) {
    throw new Failure("INVALID", `chat template ${name} does not parse`, { cause });
  }
}

/** What the library's own `render` sets, less its clock, which nobody could replace there. */
const GLOBALS = {
  ...{ false: false, true: true, none: null, False: false, True: true, None: null },
  raise_exception: (message: string): never => {
    throw new Error(message);
  },
  range: (from: number, to: number | null, step = 1): number[] => {
    const [start, end] = typeof to === "number" ? [from, to] : [0, from];
    const length = Math.min(RANGE_MAX, Math.max(0, Math.ceil((end - start) / step)));
    return Array.from({ length }, (_, at) => start + at * step);
  },
};
const RANGE_MAX = 100_000;

function rendered(template: Template, values: { readonly [name: string]: unknown }): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries(values)) environment.set(name, value);
  const result = new Interpreter(environment).run(template.parsed) as { readonly value: string };
  return result.value;
}

/** As transformers does it: the prompt ends where the last message's text does. */
function openEnd(text: string, last: string): string {
  const trimmed = last.trim();
  const at = text.lastIndexOf(trimmed);
  if (at < 0) {
    throw new Failure("INVALID", "continue_final_message: the template changes the last message");
  }
  // Where the template kept the space around the message, the message ends after it.
  const end = text.startsWith(last.trimStart(), at) ? last.trimStart() : trimmed;
  return text.slice(0, at + end.length);
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];

/** UTC, so that every router writes the same prompt. */
function strftime(nowMs: number, format: string): string {
  const at = new Date(nowMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const month = MONTHS[at.getUTCMonth()] ?? "";
  const day = DAYS[at.getUTCDay()] ?? "";
  const parts: { readonly [letter: string]: string } = {
    Y: String(at.getUTCFullYear()),
    m: two(at.getUTCMonth() + 1),
    d: two(at.getUTCDate()),
    H: two(at.getUTCHours()),
    M: two(at.getUTCMinutes()),
    S: two(at.getUTCSeconds()),
    b: month.slice(0, 3),
    B: month,
    a: day.slice(0, 3),
    A: day,
    "%": "%",
  };
  return format.replace(/%([a-zA-Z%])/g, (whole, letter: string) => parts[letter] ?? whole);
}
