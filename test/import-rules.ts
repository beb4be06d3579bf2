// Who may import whom: the table is the architecture. architecture.test.ts holds the whole tree
// against it, and feeds it cases that must be refused.
//
//   A1. Every source file belongs to a zone; a folder nobody has named is refused.
//   A2. Type-only imports, re-exports, `import()` and `import("…").T` count like any other.
//   A3. What ships imports neither tests, nor what only tests share, nor the packages of tests.
//   A4. Pure zones name every package and Node module they may use; the others may use any.

import { posix } from "node:path";
import { parseSync, Visitor, type Expression, type StringLiteral } from "oxc-parser";

/** What a zone may import: zones of ours, and for a pure zone its packages and Node modules. */
interface Zone {
  /** Matches paths from the repository's root; the first zone that matches wins. */
  readonly files: RegExp;
  readonly imports: readonly string[];
  readonly only?: readonly string[];
}

const SHARED = ["lifecycle", "actors", "state", "mesh", "telemetry", "config", "base"] as const;

/** `shared/X` may import itself and the ones to its right. */
function sharedChain(): Record<string, Zone> {
  const zones: Record<string, Zone> = {};
  for (const [index, name] of SHARED.entries()) {
    const right = SHARED.slice(index).map((other) => `shared/${other}`);
    const proto = name === "mesh" || name === "state" ? ["proto/gen"] : [];
    zones[`shared/${name}`] = {
      files: new RegExp(`^services/shared/${name}/`),
      imports: [...right, ...proto],
      ...(name === "base" ? { only: ["node:assert/strict"] } : {}),
    };
  }
  return zones;
}

/** A service: its pure core, and its shell around it. */
function service(name: string, more: readonly string[] = []): Record<string, Zone> {
  return {
    [`services/${name}/core`]: {
      files: new RegExp(`^services/${name}/core/`),
      imports: [`services/${name}/core`, "shared/base"],
      only: ["node:assert/strict"],
    },
    [`services/${name}`]: {
      files: new RegExp(`^services/${name}/`),
      imports: [`services/${name}`, `services/${name}/core`, ...EVERY_SHARED, "proto/gen", ...more],
    },
  };
}

const EVERY_SHARED = [...SHARED, "manifest", "receipt", "tokenizer"].map(
  (name) => `shared/${name}`,
);
const ADAPTER_SHARED = ["shared/base", "shared/config", "shared/telemetry"];
const ADAPTER_PORTS = ["adapters/ports"];
/** What only tests import. */
const TEST_AIDS = ["shared/testing", "deploy", "tools"];
const TEST_PACKAGES = ["vitest", "fast-check", "oxc-parser"];
/** Where nothing ships. */
const NOT_SHIPPED = [
  ...["test", "test/sim/invariants", "loadtest", "chaos", "deploy", "tools", "examples", "root"],
  "shared/testing",
];

export const ZONES: { readonly [name: string]: Zone } = {
  "proto/gen": { files: /^proto\/gen\//, imports: ["proto/gen"] },

  ...sharedChain(),
  "shared/manifest": {
    files: /^services\/shared\/manifest\//,
    imports: ["shared/manifest", "shared/base"],
    only: ["node:assert/strict", "node:crypto", "ajv", "ajv/dist/2020.js", "yaml"],
  },
  "shared/receipt": {
    files: /^services\/shared\/receipt\//,
    imports: ["shared/receipt", "shared/base"],
    only: ["node:assert/strict", "node:crypto"],
  },
  "shared/tokenizer": {
    files: /^services\/shared\/tokenizer\//,
    imports: ["shared/tokenizer", "shared/base"],
    only: ["@huggingface/tokenizers"],
  },
  "shared/testing": {
    files: /^services\/shared\/testing\//,
    imports: ["shared/testing", ...EVERY_SHARED],
  },

  ...service("scheduler"),
  ...service("agent", ["adapters", "adapters/ports", "adapters/transports"]),
  ...service("worker", ["native/door"]),
  ...service("router"),
  "services/cli": {
    files: /^services\/cli\//,
    imports: [
      ...["services/cli", "proto/gen", "shared/base", "shared/config", "shared/telemetry"],
      ...["shared/mesh", "shared/state", "shared/manifest", "shared/receipt"],
      ...["shared/tokenizer", "native/door"],
    ],
  },

  // The rest of the tree comes in by one file.
  "native/door": { files: /^native\/index\.ts$/, imports: ["native"] },
  native: { files: /^native\//, imports: ["native", "shared/base"] },

  "adapters/ports": {
    files: /^cluster-adapters\/(?!index\.ts$)[^/]+\.ts$/,
    imports: ["adapters/ports", ...ADAPTER_SHARED],
  },
  "adapters/slurm": adapter("slurm"),
  "adapters/local": adapter("local"),
  "adapters/mock": adapter("mock"),
  "adapters/transports": adapter("transports"),
  adapters: {
    files: /^cluster-adapters\/index\.ts$/,
    imports: [
      ...["adapters/slurm", "adapters/local", "adapters/transports"],
      ...ADAPTER_PORTS,
      ...ADAPTER_SHARED,
    ],
  },

  deploy: { files: /^deploy\//, imports: ["deploy"] },
  tools: { files: /^tools\//, imports: ["tools"] },
  loadtest: { files: /^loadtest\//, imports: ["*"] },
  chaos: { files: /^chaos\//, imports: ["*"] },
  examples: { files: /^examples\//, imports: ["*"] },
  // What must hold is written down a second time in the simulation, on purpose.
  "test/sim/invariants": {
    files: /^test\/sim\/(?:observed|checker|(?:[a-z]+-)*invariants)\.ts$/,
    imports: ["test/sim/invariants"],
  },
  test: { files: /^test\//, imports: ["*"] },
  root: { files: /^[^/]+\.ts$/, imports: ["test"] },
};

function adapter(name: string): Zone {
  return {
    files: new RegExp(`^cluster-adapters/${name}/`),
    imports: [`adapters/${name}`, ...ADAPTER_PORTS, ...ADAPTER_SHARED],
  };
}

/** Nothing but these imports them. */
const CONSUMERS = new Set(["test", "test/sim/invariants", "loadtest", "chaos", "examples"]);

export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** The subpath imports of package.json: `"#shared/*"` to `"./services/shared/*"`. */
export type Aliases = { readonly [pattern: string]: string };

export function zoneOf(path: string): string | null {
  for (const [name, zone] of Object.entries(ZONES)) if (zone.files.test(path)) return name;
  return null;
}

/** Every import of `file` that the table refuses, as sentences with the place. */
export function refusedImports(file: SourceFile, aliases: Aliases): string[] {
  const from = zoneOf(file.path);
  if (from === null) return [`${file.path}: no zone has this folder; add it to import-rules.ts`];
  const refused: string[] = [];
  for (const found of importsOf(file)) {
    const why = found.target === null ? "is no literal" : refusal(file.path, found.target, aliases);
    if (why !== null)
      refused.push(`${file.path}:${found.line}: ${found.target ?? "import()"} ${why}`);
  }
  return refused;
}

function refusal(path: string, target: string, aliases: Aliases): string | null {
  const from = zoneOf(path) ?? "";
  const zone = ZONES[from];
  if (zone === undefined) return "comes from no zone";
  const test = isTest(path);
  const resolved = resolveOurs(path, target, aliases);
  if (resolved === null) {
    if (TEST_PACKAGES.includes(target) && !test && !NOT_SHIPPED.includes(from)) {
      return "is for tests";
    }
    const pure = zone.only !== undefined && !test;
    return pure && !zone.only.includes(target) ? `is not for ${from}, which is pure` : null;
  }
  if (resolved === "") return "is no subpath import of package.json";
  const to = zoneOf(resolved);
  if (to === null) return "leads to no zone";
  if (isTest(resolved) && !test && !NOT_SHIPPED.includes(from)) return "is for tests";
  if (zone.imports.includes("*") || zone.imports.includes(to)) return null;
  if (CONSUMERS.has(to)) return `is in ${to}, which nothing imports`;
  if (test && mayTest(path, to)) return null;
  return `is in ${to}, which ${from} may not import`;
}

/** A test may use everything but another service, whose contract is proto/. */
function mayTest(path: string, to: string): boolean {
  if (TEST_AIDS.includes(to)) return true;
  const own = /^services\/([a-z]+)\//.exec(path)?.[1];
  const other = /^services\/([a-z]+)/.exec(to)?.[1];
  return other === undefined || other === own;
}

/**
 * Suites, what they run and what they share: never shipped. tsconfig.build.json leaves them out.
 */
function isTest(path: string): boolean {
  return /\.test\.ts$|\.fixture\.ts$|-world\.ts$|conformance(?:-[a-z]+)*\.ts$|\/testing\//.test(
    path,
  );
}

/** The path in the repository; `null` for packages and Node modules, "" for an unknown `#…`. */
function resolveOurs(path: string, target: string, aliases: Aliases): string | null {
  if (target.startsWith(".")) return posix.join(posix.dirname(path), target);
  if (!target.startsWith("#")) return null;
  for (const [pattern, to] of Object.entries(aliases)) {
    const prefix = pattern.slice(0, -1);
    if (target.startsWith(prefix)) {
      return posix.normalize(to.slice(0, -1) + target.slice(prefix.length));
    }
  }
  return "";
}

interface FoundImport {
  readonly target: string | null;
  readonly line: number;
}

function importsOf(file: SourceFile): FoundImport[] {
  const { program, module, errors } = parseSync(file.path, file.text);
  if (errors.length > 0) throw new Error(`${file.path}: ${errors[0]?.message ?? "does not parse"}`);
  const lineOf = (offset: number): number => file.text.slice(0, offset).split("\n").length;
  const found: FoundImport[] = [];
  for (const it of module.staticImports) {
    found.push({ target: it.moduleRequest.value, line: lineOf(it.start) });
  }
  for (const it of module.staticExports.flatMap((statement) => statement.entries)) {
    if (it.moduleRequest) found.push({ target: it.moduleRequest.value, line: lineOf(it.start) });
  }
  if (file.text.includes("import(")) {
    const add = (source: Expression | StringLiteral): void => {
      const literal = source.type === "Literal" && typeof source.value === "string";
      found.push({ target: literal ? source.value : null, line: lineOf(source.start) });
    };
    new Visitor({
      ImportExpression: (node) => add(node.source),
      TSImportType: (node) => add(node.source),
    }).visit(program);
  }
  return found;
}
