// A manifest's text as plain values, with a way back from a value to its line and column. JSON is read
// by JSON.parse; anything else is YAML 1.2. Everything is bounded before it is looked at further.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node } from "yaml";
import { countJsonMembers, jsonOffset, jsonPlaces, nthReference, positionAt } from "./json-source.ts";
import type { ManifestError, Path, Position, Spot } from "./manifest-errors.ts";
import { ERRORS_MAX } from "./manifest-errors.ts";

/** A manifest of 10,000 ordinary tasks has about 2 MiB. */
export const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
/** Deeper than any manifest; shallow enough for every recursive walk. */
const DEPTH_MAX = 40;
/** What aliases may blow a text up to. */
const VALUES_MAX = 2_000_000;
const CHARACTERS_MAX = 4 * MANIFEST_BYTES_MAX;
const ALIASES_MAX = 1000;

export interface Source {
  readonly value: unknown;
  locate(path: Path, spot: Spot): Position;
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
  const parsed = parseJson(text, file) ?? parseYaml(text, file);
  if ("errors" in parsed) return parsed;
  const problem = sizeProblem(parsed.source.value);
  if (problem === undefined) return parsed;
  return failed(file, problem, "repeat less by aliases, or split the manifest");
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
  if (countMembers(value) !== countJsonMembers(text)) {
    const errors = jsonPlaces(text).duplicates.slice(0, ERRORS_MAX).map((twice) => ({
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

function countMembers(value: unknown, depth = 0): number {
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += countMembers(item, depth + 1);
    return members;
  }
  for (const key in value) {
    members += 1 + countMembers((value as Record<string, unknown>)[key], depth + 1);
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

function parseYaml(text: string, file: string): Parsed {
  const lines = new LineCounter();
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(text, {
      version: "1.2",
      uniqueKeys: false, // The library's check is quadratic; duplicateKeys() is not.
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "silent",
    });
    const problems = [...document.errors, ...document.warnings];
    if (problems.length > 0) {
      return { errors: problems.slice(0, ERRORS_MAX).map((p) => yamlError(p, text, lines, file)) };
    }
    const duplicates = duplicateKeys(document, lines, file);
    if (duplicates.length > 0) return { errors: duplicates };
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (reason) {
    const message = reason instanceof RangeError ? "nested too deeply" : String(reason);
    return failed(file, message, "write it flatter and with fewer aliases");
  }
  const locate = (path: Path, spot: Spot): Position => {
    const { line, col } = lines.linePos(yamlOffset(document, text, path, spot));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  return { source: { value, locate } };
}

/** Keys given twice in one map; to most readers the last one would win in silence. */
function duplicateKeys(document: Document, lines: LineCounter, file: string): ManifestError[] {
  const errors: ManifestError[] = [];
  visit(document, {
    Map(_, map, ancestors) {
      if (ancestors.length > 2 * DEPTH_MAX) throw new RangeError();
      const first = new Map<string, number>();
      for (const { key } of map.items) {
        const name = keyText(key);
        const before = first.get(name);
        if (before === undefined) {
          first.set(name, startOf(key as Node));
          continue;
        }
        const { line, col } = lines.linePos(startOf(key as Node));
        const message = `${JSON.stringify(name)} is given twice`;
        const hint = `it was first given at line ${lines.linePos(before).line}: keep one of them`;
        errors.push({ file, line, column: col, path: "", message, hint });
        if (errors.length >= ERRORS_MAX) return visit.BREAK;
      }
      return undefined;
    },
  });
  return errors;
}

function yamlError(
  problem: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
  text: string,
  lines: LineCounter,
  file: string,
): ManifestError {
  const { line, col } = lines.linePos(problem.pos[0]);
  const written = text.split("\n", line)[line - 1] ?? "";
  return {
    file,
    line: Math.max(1, line),
    column: Math.max(1, col),
    path: "",
    message: firstLower(problem.message.split("\n")[0] ?? problem.code),
    hint: yamlHint(problem.code, written),
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
  let node = document.contents as Node | null;
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
