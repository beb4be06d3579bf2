// CompleteRequest as the domain says it. Pure; what a field may hold is what it may over HTTP, by
// the same functions.

import type { Json } from "#shared/base/canonical-json.ts";
import { signalbox } from "#proto/signalbox.js";
import type { RequestClass } from "../core/request-class.ts";
import { ApiError, badField } from "../openai/api-error.ts";
import { BodyFields } from "../openai/body-fields.ts";
import { parseSampling, parseStops, SALT_CHARS_MAX } from "../openai/generation-fields.ts";
import {
  anyObject,
  fromChoice,
  fromRegex,
  fromSchema,
  type OutputFormat,
} from "../openai/output-format.ts";
import type { ChatMessage } from "../text/chat-template.ts";
import type { TokenSampling } from "../token-source.ts";

type Wire = signalbox.inference.v1.ICompleteRequest;
type WireSampling = signalbox.inference.v1.ISampling;

export type CompletionPrompt =
  | { readonly kind: "ids"; readonly ids: readonly number[] }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "chat"; readonly messages: readonly ChatMessage[] };

export interface Completion {
  readonly model: string;
  readonly prompt: CompletionPrompt;
  readonly sampling: TokenSampling;
  readonly stops: readonly string[];
  /** Whether the output is wanted as text. */
  readonly withText: boolean;
  readonly resumeIds: readonly number[];
  /** Null: what the key proposes. */
  readonly priority: RequestClass | null;
  readonly session: string | null;
  readonly cacheSalt: string;
  readonly format: OutputFormat | null;
}

const { RequestClass: WireClass } = signalbox.inference.v1;

const CLASS_OF: { readonly [wire: number]: RequestClass } = {
  [WireClass.REQUEST_CLASS_CRITICAL]: "critical",
  [WireClass.REQUEST_CLASS_REALTIME]: "realtime",
  [WireClass.REQUEST_CLASS_HIGH]: "high",
  [WireClass.REQUEST_CLASS_NORMAL]: "normal",
  [WireClass.REQUEST_CLASS_LOW]: "low",
  [WireClass.REQUEST_CLASS_BULK]: "bulk",
};

const SESSION_CHARS_MAX = 512;
const MESSAGES_MAX = 4_096;

/** Throws ApiError. `seed` is what the request draws with unless it says so itself. */
export function parseCompletion(wire: Wire, seed: number): Completion {
  const prompt = promptOf(wire);
  const { session = "", cacheSalt = "", stop } = wire;
  if ((session ?? "").length > SESSION_CHARS_MAX) throw badField("session", "is too long");
  if ((cacheSalt ?? "").length > SALT_CHARS_MAX) throw badField("cache_salt", "is too long");
  const priority = wire.class ?? WireClass.REQUEST_CLASS_UNSPECIFIED;
  return {
    model: wire.model ?? "",
    prompt,
    sampling: samplingOf(wire.sampling ?? {}, seed),
    stops: parseStops(new BodyFields({ stop: stop ?? [] })),
    withText: wire.withText ?? prompt.kind !== "ids",
    resumeIds: wire.resumeIds ?? [],
    priority: CLASS_OF[priority] ?? null,
    session: session === "" || session === null ? null : session,
    cacheSalt: cacheSalt ?? "",
    format: formatOf(wire.form ?? null),
  };
}

function promptOf(wire: Wire): CompletionPrompt {
  if (wire.ids !== undefined && wire.ids !== null) return { kind: "ids", ids: wire.ids.ids ?? [] };
  if (wire.text !== undefined && wire.text !== null) return { kind: "text", text: wire.text };
  if (wire.chat !== undefined && wire.chat !== null) {
    return { kind: "chat", messages: messagesOf(wire.chat) };
  }
  throw badField("prompt", "one of ids, text and chat must be there");
}

/** Throws ApiError. */
export function messagesOf(chat: signalbox.inference.v1.IChat): ChatMessage[] {
  const messages = chat.messages ?? [];
  if (messages.length === 0) throw badField("chat.messages", "must not be empty");
  if (messages.length > MESSAGES_MAX) {
    throw badField("chat.messages", `over ${MESSAGES_MAX} messages`);
  }
  return messages.map(({ role, content }, at) => {
    if (role === undefined || role === null || role === "") {
      throw badField(`chat.messages[${at}].role`, "must not be empty");
    }
    return { role, content: content ?? "" };
  });
}

/** By the names that HTTP has for them, which are the proto's. */
function samplingOf(wire: WireSampling, seed: number): TokenSampling {
  const bias = wire.logitBias ?? [];
  const some: { readonly [name: string]: Json | undefined } = {
    ...{ temperature: wire.temperature ?? null, top_k: wire.topK ?? null },
    ...{ top_p: wire.topP ?? null, min_p: wire.minP ?? null },
    repetition_penalty: wire.repetitionPenalty ?? null,
    presence_penalty: wire.presencePenalty ?? null,
    frequency_penalty: wire.frequencyPenalty ?? null,
    ...{ ignore_eos: wire.ignoreEos ?? false, min_tokens: wire.minTokens ?? 0 },
    stop_token_ids: wire.stopIds ?? [],
    seed: wire.seed === 0 ? null : (wire.seed ?? null),
    logit_bias: Object.fromEntries(bias.map((one) => [one.tokenId ?? 0, one.bias ?? 0])),
  };
  const logprobs = wire.logprobs ?? null;
  if (logprobs !== null && logprobs > 20) throw badField("logprobs", "must be at most 20");
  const maxTokens = wire.maxTokens === 0 ? null : (wire.maxTokens ?? null);
  return parseSampling(new BodyFields(some as Json), { maxTokens, logprobs, seed });
}

function formatOf(form: signalbox.inference.v1.IForm | null): OutputFormat | null {
  if (form === null) return null;
  const { jsonSchema, regex, choice, jsonObject } = form;
  if (jsonSchema != null) return fromSchema("form.json_schema", jsonSchema);
  if (regex != null) return fromRegex("form.regex", regex);
  if (choice != null) return fromChoice("form.choice", choice.texts ?? []);
  if (jsonObject === true) return anyObject("form.json_object");
  throw new ApiError(400, "form: one of its fields must be there", { param: "form" });
}
