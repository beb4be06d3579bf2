// The body of POST /v1/chat/completions. Pure.

import type { Json } from "#shared/base/canonical-json.ts";
import type { ChatMessage } from "../text/chat-template.ts";
import { badField, unsupported } from "./api-error.ts";
import { BodyFields, isList, isObject, type JsonObject } from "./body-fields.ts";
import { forcedCalls } from "./forced-calls.ts";
import type { OutputFormat } from "./output-format.ts";
import { parseGeneration, parseMaxTokens, type GenerationFields } from "./generation-fields.ts";

export interface ChatRequest extends GenerationFields {
  readonly messages: readonly ChatMessage[];
  /** As the client wrote them, for the template; null: none may be called. */
  readonly tools: readonly Json[] | null;
  /** Calls of anything else are text. */
  readonly toolNames: ReadonlySet<string>;
  readonly addGenerationPrompt: boolean;
  readonly continueFinalMessage: boolean;
  readonly templateValues: JsonObject;
  /** Names of fields that nobody here knows. */
  readonly unknown: readonly string[];
}

const MESSAGES_MAX = 4_096;
const TOOLS_MAX = 512;
const LOGPROBS_MAX = 20;

/** Throws ApiError. `seed` is what the request draws with unless it says so itself. */
export function parseChatRequest(body: Json, seed: number): ChatRequest {
  const fields = new BodyFields(body);
  const generation = parseGeneration(fields, {
    maxTokens: parseMaxTokens(fields, ["max_completion_tokens", "max_tokens"]),
    logprobs: parseLogprobs(fields),
    seed,
  });
  for (const name of ["functions", "function_call"]) {
    fields.refuse(name, "use tools", ["none"]);
  }
  fields.refuse("chat_template", "the model's own is used");
  fields.refuse("audio", "this is a text model");
  if (fields.list("modalities")?.some((it) => it !== "text")) {
    throw unsupported("modalities", "this is a text model");
  }
  const continueFinalMessage = fields.flag("continue_final_message");
  const addGenerationPrompt = fields.raw("add_generation_prompt") === null;
  const asked = addGenerationPrompt ? null : fields.flag("add_generation_prompt");
  if (continueFinalMessage && asked === true) {
    throw badField("continue_final_message", "excludes add_generation_prompt");
  }
  const tools = parseTools(fields);
  const forced = parseForced(fields, tools);
  if (forced !== null && generation.format !== null) {
    throw badField(forced.param, `excludes ${generation.format.param}`);
  }
  return {
    ...generation,
    format: forced ?? generation.format,
    messages: parseMessages(fields.list("messages")),
    tools: tools.length === 0 ? null : tools,
    toolNames: new Set(tools.map(toolName)),
    addGenerationPrompt: asked ?? !continueFinalMessage,
    continueFinalMessage,
    templateValues: fields.object("chat_template_kwargs") ?? {},
    unknown: fields.unknown(),
  };
}

function parseLogprobs(fields: BodyFields): number | null {
  const top = fields.integer("top_logprobs", { min: 0, max: LOGPROBS_MAX });
  if (fields.flag("logprobs")) return top ?? 0;
  if (top !== null && top > 0) throw badField("top_logprobs", "needs logprobs: true");
  return null;
}

export function parseMessages(list: readonly Json[] | null): ChatMessage[] {
  if (list === null || list.length === 0) throw badField("messages", "must not be empty");
  if (list.length > MESSAGES_MAX) throw badField("messages", `over ${MESSAGES_MAX} messages`);
  return list.map((message, at) => parseMessage(`messages[${at}]`, message));
}

function parseMessage(where: string, message: Json): ChatMessage {
  if (!isObject(message)) throw badField(where, "must be an object");
  const { role, content = null, tool_calls: calls = null, ...rest } = message;
  if (typeof role !== "string" || role === "") throw badField(`${where}.role`, "must be a string");
  const text = flattened(`${where}.content`, content);
  if (content === null && role !== "assistant") {
    throw badField(`${where}.content`, "must be a string or a list of parts");
  }
  const parsed = calls === null ? {} : { tool_calls: parseCalls(`${where}.tool_calls`, calls) };
  return { ...rest, role, content: text, ...parsed };
}

/** A text model reads text: parts are joined as they stand, other parts are refused by name. */
function flattened(where: string, content: Json): string {
  if (content === null) return "";
  if (typeof content === "string") return content;
  if (!isList(content)) throw badField(where, "must be a string or a list of parts");
  const texts = content.map((part, at) => {
    if (typeof part === "string") return part;
    const type = isObject(part) ? (part["type"] ?? null) : null;
    if (isObject(part) && type === "text" && typeof part["text"] === "string") return part["text"];
    if (isObject(part) && type === "refusal" && typeof part["refusal"] === "string") {
      return part["refusal"];
    }
    if (typeof type === "string" && type !== "text") {
      throw unsupported(`${where}[${at}]`, `"${type}" parts are not for a text model`);
    }
    throw badField(`${where}[${at}]`, "must be a text part");
  });
  return texts.join("\n");
}

/** Templates want arguments as a value; OpenAI's clients send them as JSON inside a string. */
function parseCalls(where: string, calls: Json): Json[] {
  if (!isList(calls)) throw badField(where, "must be a list");
  return calls.map((call, at) => {
    const called = isObject(call) ? (call["function"] ?? null) : null;
    if (!isObject(call) || !isObject(called)) {
      throw badField(`${where}[${at}]`, "must have a function");
    }
    const written = called["arguments"] ?? null;
    if (typeof written !== "string") return call;
    try {
      const value = JSON.parse(written === "" ? "{}" : written) as Json;
      return { ...call, function: { ...called, arguments: value } };
    } catch {
      return call; // What a model wrote wrong goes back to it as it was.
    }
  });
}

function parseTools(fields: BodyFields): Json[] {
  const tools = fields.list("tools") ?? [];
  const choice = fields.raw("tool_choice");
  if (tools.length > TOOLS_MAX) throw badField("tools", `over ${TOOLS_MAX} tools`);
  for (const tool of tools) toolName(tool);
  return choice === "none" ? [] : [...tools];
}

function parseForced(fields: BodyFields, tools: readonly Json[]): OutputFormat | null {
  const isParallel = fields.raw("parallel_tool_calls") !== false;
  return forcedCalls(fields.raw("tool_choice"), tools, isParallel);
}

function toolName(tool: Json): string {
  const called = isObject(tool) && tool["type"] === "function" ? (tool["function"] ?? null) : null;
  const name = isObject(called) ? called["name"] : null;
  if (typeof name === "string" && name !== "") return name;
  throw badField("tools", "each must be a function with a name");
}
