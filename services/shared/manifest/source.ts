// A manifest's text as plain values, with a way back from a value to its line and column. JSON is
// read by JSON.parse; anything else is YAML 1.2. Everything is bounded before it is looked at
// further.

import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  visit,
  YAMLParseError,
} from "yaml";
import type { Document, Node, YAMLError } from "yaml";
import {
  countJsonMembers,
  jsonOffset,
  jsonPlaces,
  nthReference,
  positionAt,
} from "./json-source.ts";
import type { ManifestError, Path, Position, Spot } from "./manifest-errors.ts";
import { ERRORS_MAX } from "./manifest-errors.ts";

/** A manifest of 10,000 ordinary tasks has about 2 MiB. */
export const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
/** YAML costs ten times what JSON does, and the scheduler does nothing else meanwhile. */
export const YAML_BYTES_MAX = 2 * 1024 * 1024;
/** Deeper than any manifest; shallow enough for every recursive walk. */
const DEPTH_MAX = 40;
/** What aliases may blow a text up to. */
const VALUES_MAX = 2_000_000;
const CHARACTERS_MAX = 4 * MANIFEST_BYTES_MAX;
const ALIASES_MAX = 10_000;

export interface Source {
  readonly value: unknown;
  readonly locate: (path: Path, spot: Spot) => Position;
}

export type Parsed = { readonly source: Source } | { readonly errors: readonly ManifestError[] };

export function parseSource(text: string, file: string): Parsed {
  const bytes = Buffer.byteLength(text);
  if (bytes > MANIFEST_BYTES_MAX) {
    const message = `the manifest has ${bytes} bytes, ${MANIFEST_BYTES_MAX} are allowed`;
    return failed(file, message, "give large texts as files: with.files.NAME.from");
  }
  if (text.trim() === "") {
    return failed(file, "the manifest is empty", "begin with apiVersion: signalbox/v1");
  }
  return parseJson(text, file) ?? parseYaml(text, file, bytes);
}

function tooLarge(file: string, problem: string): Parsed {
  return failed(file, problem, "write it flatter, repeat less by aliases, or split it");
}

function failed(file: string, message: string, hint: string): Parsed {
  return { errors: [{ file, line: 1, column: 1, path: "", message, hint }] };
}

// --- JSON ---

/** Undefined when the text is not JSON: it may still be YAML that begins with a brace. */
function parseJson(text: string, file: string): Parsed | undefined {
  const first = /\S/.exec(text)?.[0];
  if (first !== "{") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const problem = sizeProblem(value);
  if (problem !== undefined) return tooLarge(file, problem);
  if (countMembers(value) !== countJsonMembers(text)) {
    const errors = jsonPlaces(text)
      .duplicates.slice(0, ERRORS_MAX)
      .map((twice) => ({
        file,
        ...positionAt(text, twice.key),
        path: twice.pointer,
        message: `${JSON.stringify(twice.name)} is given twice`,
        hint: `it was first given at line ${positionAt(text, twice.first).line}: keep one of them`,
      }));
    if (errors.length > 0) return { errors };
  }
  return { source: { value, locate: jsonLocator(text) } };
}

function jsonLocator(text: string): Source["locate"] {
  let places: ReturnType<typeof jsonPlaces> | undefined;
  return (path, spot) => {
    places ??= jsonPlaces(text);
    return positionAt(text, jsonOffset(text, places, path, spot));
  };
}

function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += countMembers(item);
    return members;
  }
  for (const key in value) {
    members += 1 + countMembers((value as Record<string, unknown>)[key]);
  }
  return members;
}

/** What makes a value too large to work with, or text that is no text. */
function sizeProblem(root: unknown): string | undefined {
  let values = 0;
  let characters = 0;
  function walk(value: unknown, depth: number): string | undefined {
    if (depth > DEPTH_MAX) return `nested more than ${DEPTH_MAX} deep`;
    if ((values += 1) > VALUES_MAX) return `more than ${VALUES_MAX} values`;
    if (typeof value === "string") {
      if ((characters += value.length) > CHARACTERS_MAX) {
        return `more than ${CHARACTERS_MAX} characters once its aliases are filled in`;
      }
      return value.isWellFormed() ? undefined : "a text with half a surrogate pair";
    }
    if (typeof value !== "object" || value === null) return undefined;
    for (const key in value) {
      const problem = walk((value as Record<string, unknown>)[key], depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  return walk(root, 0);
}

// --- YAML ---

function parseYaml(text: string, file: string, bytes: number): Parsed {
  if (bytes > YAML_BYTES_MAX) {
    const message = `the manifest has ${bytes} bytes, ${YAML_BYTES_MAX} are allowed for YAML`;
    return failed(
      file,
      message,
      `write it as JSON: up to ${MANIFEST_BYTES_MAX} bytes are read then`,
    );
  }
  if (isNestedTooDeeply(text)) return tooLarge(file, "nested too deeply");
  const lines = new LineCounter();
  let document: Document;
  let value: unknown;
  try {
    const composed = composeYaml(text, lines);
    if (composed.document === undefined) {
      return { errors: composed.problems.map((one) => yamlError(one, text, lines, file)) };
    }
    document = composed.document;
    const problems = keyProblems(document, text, lines, file);
    if (problems.length > 0) return { errors: problems };
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (reason) {
    // Stack overflow is a RangeError, too many aliases a ReferenceError.
    return tooLarge(
      file,
      reason instanceof RangeError ? "nested too deeply" : (reason as Error).message,
    );
  }
  const problem = sizeProblem(value);
  if (problem !== undefined) return tooLarge(file, problem);
  const locate = (path: Path, spot: Spot): Position => {
    const { line, col } = lines.linePos(yamlOffset(document, text, path, spot));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  return { source: { value, locate } };
}

/**
 * More open brackets than any manifest has, or indicators in a row; the parser would be slow to
 * say.
 */
function isNestedTooDeeply(text: string): boolean {
  if (/(?:[-?:] ){200}/.test(text)) return true;
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open += bracket === "[" || bracket === "{" ? 1 : -1;
    if (open > 1000) return true;
  }
  return false;
}

type Composed =
  | { readonly document: Document; readonly problems?: never }
  | { readonly problems: readonly YAMLError[]; readonly document?: never };

/**
 * The one document of the text, or what is wrong with it; it gives up after ERRORS_MAX of those.
 */
function composeYaml(text: string, lines: LineCounter): Composed {
  const composer = new Composer({
    version: "1.2",
    uniqueKeys: false, // The library's check is quadratic; duplicateKeys() is not.
    lineCounter: lines,
    logLevel: "silent",
  });
  const problems: YAMLError[] = [];
  const note = (source: TokenPlace, code: YAMLError["code"], message: string): void => {
    const at = typeof source === "number" ? source : "offset" in source ? source.offset : source[0];
    problems.push(new YAMLParseError([at, at + 1], code, message));
    if (problems.length >= ERRORS_MAX) throw new TooManyProblems();
  };
  composer["onError"] = note; // Else it would collect a million of them.
  let document: Document | undefined;
  try {
    const parser = new Parser(lines.addNewLine);
    for (const next of composer.compose(parser.parse(text), true, text.length)) {
      if (document !== undefined)
        note(next.range[0], "MULTIPLE_DOCS", "there is more than one document");
      document ??= next;
    }
  } catch (reason) {
    if (!(reason instanceof TooManyProblems)) throw reason;
  }
  if (problems.length > 0 || document === undefined) return { problems };
  return { document };
}

/** How the library says where: an offset, a range or a token. */
type TokenPlace = number | readonly [number, number, number?] | { readonly offset: number };

class TooManyProblems extends Error {}

/** Keys that are no texts, or given twice: to most readers the last one would win in silence. */
function keyProblems(
  document: Document,
  text: string,
  lines: LineCounter,
  file: string,
): ManifestError[] {
  const errors: ManifestError[] = [];
  let aliases = 0;
  const note = (key: Node, message: string, hint: string): void => {
    const { line, col } = lines.linePos(startOf(key));
    errors.push({ file, line, column: col, path: "", message, hint });
  };
  visit(document, {
    Alias() {
      if ((aliases += 1) > ALIASES_MAX) throw new Error(`more than ${ALIASES_MAX} aliases`);
    },
    Map(_, map, ancestors) {
      if (ancestors.length > 2 * DEPTH_MAX) throw new RangeError();
      const first = new Map<string, number>();
      for (const pair of map.items) {
        const key = pair.key as Node;
        if (!isScalar(key)) {
          note(key, "a key must be a text", yamlHint("BAD_KEY", lineAt(text, lines, startOf(key))));
          continue;
        }
        const name = keyText(key);
        const before = first.get(name);
        if (before === undefined) {
          first.set(name, startOf(key));
          continue;
        }
        const { line } = lines.linePos(before);
        const hint = `it was first given at line ${line}: keep one of them`;
        note(key, `${JSON.stringify(name)} is given twice`, hint);
      }
      return errors.length >= ERRORS_MAX ? visit.BREAK : undefined;
    },
  });
  return errors.slice(0, ERRORS_MAX);
}

function lineAt(text: string, lines: LineCounter, offset: number): string {
  const { col } = lines.linePos(offset);
  const start = offset - Math.max(1, col) + 1;
  const end = text.indexOf("\n", offset);
  return text.slice(start, end < 0 ? text.length : end);
}

function yamlError(
  problem: {
    readonly code: string;
    readonly message: string;
    readonly pos: readonly [number, number];
  },
  text: string,
  lines: LineCounter,
  file: string,
): ManifestError {
  const { line, col } = lines.linePos(problem.pos[0]);
  return {
    file,
    line: Math.max(1, line),
    column: Math.max(1, col),
    path: "",
    message: firstLower(problem.message.split("\n")[0] ?? problem.code),
    hint: yamlHint(problem.code, lineAt(text, lines, problem.pos[0])),
  };
}

function yamlHint(code: string, line: string): string {
  if (line.includes("{{")) return 'put a text with ${{ … }} in quotes: "${{ params.x }}"';
  switch (code) {
    case "TAB_AS_INDENT":
      return "indent with spaces: YAML allows no tabs";
    case "MULTIPLE_DOCS":
      return "one manifest per file: remove the --- between them";
    case "TAG_RESOLVE_FAILED":
      return "remove the tag: a manifest has texts, numbers, lists and maps only";
    case "BAD_INDENT":
    case "MISSING_CHAR":
      return "check the indentation here and the line above, and quote texts with : or # in them";
    default:
      return "check the YAML here and on the line above";
  }
}

function firstLower(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** Where `path` is; its nearest parent where it is not there. */
function yamlOffset(document: Document, text: string, path: Path, spot: Spot): number {
  let node: Node | null = document.contents;
  let key: Node | null = null;
  for (const step of path) {
    const parent: Node | null = isAlias(node) ? (node.resolve(document) ?? null) : node;
    if (isMap(parent)) {
      const pair = parent.items.find((item) => keyText(item.key) === String(step));
      if (pair === undefined) return startOf(node);
      key = pair.key as Node;
      node = (pair.value as Node | null) ?? key;
    } else if (isSeq(parent)) {
      const item = parent.items[Number(step)] as Node | undefined;
      if (item === undefined) return startOf(node);
      key = null;
      node = item;
    } else {
      return startOf(node);
    }
  }
  if (spot === "key") return startOf(key ?? node);
  if (spot === "value") return startOf(node);
  const range = node?.range;
  return range ? nthReference(text, range[0], range[1], spot.reference) : startOf(node);
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
