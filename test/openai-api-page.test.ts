// docs/guides/openai-api.md says of every route, field and error code what the code does.

import { expect, test } from "vitest";
import type { Json } from "../services/shared/base/canonical-json.ts";
import type { JsonObject } from "../services/router/openai/body-fields.ts";
import { ApiError } from "../services/router/openai/api-error.ts";
import { parseChatRequest } from "../services/router/openai/chat-request.ts";
import { parseCompletionRequest } from "../services/router/openai/completion-request.ts";
import { routeOf } from "../services/router/openai/routes.ts";
import { readRepositoryFile, repositoryFiles } from "./repository.ts";

const PAGE = readRepositoryFile("docs/guides/openai-api.md");

/** The cells of the table below a heading, the first without back quotes. */
function rowsOf(heading: string): string[][] {
  const section = PAGE.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  const rows = lines.map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  return rows.map(([first = "", ...rest]) => [first.replaceAll("`", ""), ...rest]);
}

type Kind = "chat" | "completions";
const PARSERS: Readonly<Record<Kind, { body: JsonObject; parse(body: Json): readonly string[] }>> =
  {
    chat: {
      body: { model: "m", messages: [{ role: "user", content: "x" }] },
      parse: (body) => parseChatRequest(body, 1).unknown,
    },
    completions: {
      body: { model: "m", prompt: "x" },
      parse: (body) => parseCompletionRequest(body, 1).unknown,
    },
  };
const KINDS = Object.keys(PARSERS) as Kind[];

/** Every member that a parser looks for, whether it is there or not. */
function askedBy(kind: Kind): string[] {
  const names = new Set<string>();
  const body = new Proxy(PARSERS[kind].body, {
    getOwnPropertyDescriptor(target, name) {
      names.add(String(name));
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
  PARSERS[kind].parse(body);
  return [...names].toSorted();
}

function listed(heading: string, kind: Kind): string[] {
  const rows = rowsOf(heading).filter(([, of]) => of === "" || of === kind);
  return rows.map(([name = ""]) => name);
}

test.each(KINDS)("the fields of %s are those that its parser looks for", (kind) => {
  const all = [...listed("Fields that are used", kind), ...listed("Fields that are refused", kind)];
  expect(all.toSorted()).toEqual(askedBy(kind));
});

/** Of fields that are refused, something that asks for more than is done anyway. */
const ASKING: Readonly<Record<string, Json>> = {
  ...{ best_of: 3, use_beam_search: true, prompt_logprobs: 1, guided_grammar: "root ::= x" },
  ...{ guided_whitespace_pattern: " ", functions: [{}], function_call: "auto" },
  ...{ chat_template: "{{ x }}", audio: { voice: "x" }, modalities: ["audio"], suffix: "x" },
};

test.each(KINDS)("fields of %s that are listed as refused are, by name", (kind) => {
  const { body, parse } = PARSERS[kind];
  for (const name of listed("Fields that are refused", kind)) {
    const refused = (): unknown => parse({ ...body, [name]: ASKING[name] ?? null });
    expect(refused, name).toThrow(ApiError);
    expect(refused, name).toThrow(expect.objectContaining({ param: name, status: 400 }));
    expect(refused, name).toThrow(expect.objectContaining({ code: "unsupported_parameter" }));
  }
});

test.each(KINDS)("what is named as ignored in %s is", (kind) => {
  const section = PAGE.split("## Fields that are ignored")[1]?.split(/^## /m)[0] ?? "";
  const named = [...section.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
  const ignored = named.filter((name) => name !== "user");
  expect(ignored.length).toBeGreaterThan(5);
  const { body, parse } = PARSERS[kind];
  const more = Object.fromEntries(ignored.map((name) => [name, { any: "thing" }]));
  expect(parse({ ...body, ...more })).toEqual(ignored);
});

test("every route is listed, with its method and whether it asks for a key", () => {
  const rows = rowsOf("Routes");
  for (const [place = "", key] of rows) {
    const [method, path = ""] = place.split(" ");
    const route = routeOf(path);
    expect([route?.method, route?.path, route?.open], place).toEqual([method, path, key === "no"]);
  }
  const source = readRepositoryFile("services/router/openai/routes.ts");
  const declared = [...source.matchAll(/\b(?:post|get|open)\("(\/[^"]+)"/g)].map(
    ([, path]) => path,
  );
  expect(declared.length).toBeGreaterThan(8);
  const paths = rows.map(([place = ""]) => place.split(" ")[1] ?? "");
  expect(paths.filter((path) => !path.includes("{")).toSorted()).toEqual(declared.toSorted());
});

test("every error code is listed once", () => {
  const sources = repositoryFiles().filter(
    (path) => path.startsWith("services/router/") && /(?<!test|fixture)\.ts$/.test(path),
  );
  const codes = sources.flatMap((path) =>
    [...readRepositoryFile(path).matchAll(/\bcode: "([a-z_]+)"|, "([a-z_]+_parameter)"/g)].map(
      ([, code, other]) => code ?? other ?? "",
    ),
  );
  const rows = rowsOf("Errors").map(([code = ""]) => code);
  expect(rows.toSorted()).toEqual([...new Set(codes)].toSorted());
});
