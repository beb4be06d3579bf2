// What must hold for every manifest: the digest knows content and nothing else (M1), the order is
// topological (M2), cycles are always refused, and no value ever becomes code.

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Document, isMap, isScalar, visit } from "yaml";
import { renderTemplate } from "../base/plan.ts";
import { compileManifest } from "./compile-manifest.ts";
import { formatManifestError } from "./manifest-errors.ts";
import { parseReferences } from "./references.ts";

interface Graph {
  readonly count: number;
  /** [needed, needs]: with needed < needs there is no cycle. */
  readonly edges: readonly (readonly [number, number])[];
  /** The order in which tasks are written. */
  readonly written: readonly number[];
}

const graph = (acyclic: boolean): fc.Arbitrary<Graph> =>
  fc.integer({ min: 1, max: 14 }).chain((count) => {
    const place = fc.integer({ min: 0, max: count - 1 });
    return fc.record({
      count: fc.constant(count),
      edges: fc
        .array(fc.tuple(place, place), { maxLength: 30 })
        .map((pairs) => (acyclic ? pairs.filter(([a, b]) => a < b) : pairs)),
      written: fc.shuffledSubarray([...Array(count).keys()], {
        minLength: count,
        maxLength: count,
      }),
    });
  });

function manifestOf({ edges, written }: Graph): object {
  const tasks = written.map((number) => {
    const needs = new Set(edges.filter(([, to]) => to === number).map(([from]) => `t${from}`));
    // Half of the needs are said, half follow from references.
    const [said, referred] = [
      [...needs].filter((_, i) => i % 2 === 0),
      [...needs].filter((_, i) => i % 2 === 1),
    ];
    return {
      id: `t${number}`,
      uses: "exec@1",
      needs: said,
      with: {
        command: ["echo", ...referred.map((id) => `\${{ tasks.${id}.outputs.v }}`)],
        env: { B: "${{ params.n }}", A: "a" },
        files: { z: { text: "z" }, a: { text: "${{ params.n }}", executable: true } },
      },
      outputs: { v: { value: { from: "stdout" } }, a: { file: "a" } },
      resources: { memory: "1GB", cpus: 2 },
    };
  });
  return {
    apiVersion: "signalbox/v1",
    kind: "Workflow",
    metadata: { name: "p", labels: { b: "1", a: "2" } },
    params: { n: { type: "integer", default: 3 } },
    tasks,
  };
}

function compiled(text: string) {
  const result = compileManifest({ text, fileName: "p.yaml" });
  if (result.errors !== undefined)
    throw new Error(result.errors.map(formatManifestError).join("\n"));
  return result.plan;
}

/** The same manifest as YAML with its keys shuffled and comments in it. */
function rewritten(manifest: object, seed: number): string {
  let state = seed;
  const random = (bound: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const document = new Document(manifest);
  visit(document, {
    Map(_, map) {
      for (let i = map.items.length - 1; i > 0; i--) {
        const j = random(i + 1);
        [map.items[i], map.items[j]] = [map.items[j]!, map.items[i]!];
      }
      if (random(3) === 0) map.flow = true;
    },
    Scalar(_, scalar) {
      if (random(4) === 0) scalar.comment = ` comment ${random(1000)}`;
      if (typeof scalar.value === "string" && random(2) === 0) scalar.type = "QUOTE_DOUBLE";
    },
  });
  expect(isMap(document.contents) || isScalar(document.contents)).toBe(true);
  return document.toString({ lineWidth: 0 });
}

test("keys in another order, comments, quotes and YAML for JSON change nothing", () => {
  fc.assert(
    fc.property(graph(true), fc.nat(), (shape, seed) => {
      const manifest = manifestOf(shape);
      const plan = compiled(JSON.stringify(manifest));
      expect(compiled(rewritten(manifest, seed))).toEqual(plan);
    }),
    { numRuns: 150 },
  );
});

test("a change of content changes the digest", () => {
  const base = manifestOf({ count: 2, edges: [[0, 1]], written: [0, 1] });
  const text = JSON.stringify(base);
  const digests = [
    compiled(text).digest,
    compiled(text.replace('"2"', '"3"')).digest,
    compiled(text.replace('"1GB"', '"2GB"')).digest,
    compiled(text.replace('"default":3', '"default":4')).digest,
    compileManifest({ text, fileName: "p", params: { n: 5 } }).plan?.digest,
    compileManifest({ text, fileName: "p", cluster: "c" }).plan?.digest,
  ];
  expect(new Set(digests).size).toBe(digests.length);
  const file = text.replace('{"text":"z"}', '{"from":"z"}');
  const withFile = (hex: string) => {
    const fileDigests = { z: { digest: `sha256:${hex.repeat(64)}`, sizeBytes: 1 } };
    return compileManifest({
      text: file.replace('{"text":"z"}', '{"from":"z"}'),
      fileName: "p",
      fileDigests,
    }).plan?.digest;
  };
  expect(withFile("a")).toBeDefined();
  expect(withFile("a")).not.toBe(withFile("b"));
});

test("the order is topological, and by depth and place among what is free", () => {
  fc.assert(
    fc.property(graph(true), (shape) => {
      const { tasks } = compiled(JSON.stringify(manifestOf(shape)));
      const ordinals = new Map<string, number>(tasks.map(({ id, ordinal }) => [id, ordinal]));
      expect(tasks.map(({ ordinal }) => ordinal)).toEqual([...tasks.keys()]);
      const depths = new Map<string, number>();
      for (const { id, ordinal, needs } of tasks) {
        for (const need of needs) expect(ordinals.get(need)).toBeLessThan(ordinal);
        expect(needs).toEqual(needs.toSorted((a, b) => ordinals.get(a)! - ordinals.get(b)!));
        depths.set(id, Math.max(-1, ...needs.map((need) => depths.get(need)!)) + 1);
      }
      for (const [to, from] of shape.edges)
        expect(ordinals.get(`t${to}`)).toBeLessThan(ordinals.get(`t${from}`)!);
      const keys = tasks.map(
        ({ id }) => [depths.get(id)!, shape.written.indexOf(Number(id.slice(1)))] as const,
      );
      expect(keys).toEqual(keys.toSorted(([a, b], [c, d]) => a - c || b - d));
    }),
    { numRuns: 300 },
  );
});

test("a graph has a plan or a cycle, and a refused one names a cycle it has", () => {
  let cycles = 0;
  fc.assert(
    fc.property(graph(false), (shape) => {
      const result = compileManifest({ text: JSON.stringify(manifestOf(shape)), fileName: "p" });
      const cyclic = hasCycle(shape);
      expect(result.errors === undefined).toBe(!cyclic);
      if (!cyclic) return;
      cycles += 1;
      const message = result.errors?.[0]?.message ?? "";
      const path = message.replace("tasks wait for each other: ", "").split(" → ");
      if (path.includes("…")) return;
      expect(path[0]).toBe(path.at(-1));
      for (const [index, id] of path.slice(0, -1).entries()) {
        const edge = [Number(path[index + 1]!.slice(1)), Number(id.slice(1))];
        expect(shape.edges).toContainEqual(edge);
      }
    }),
    { numRuns: 300 },
  );
  expect(cycles).toBeGreaterThan(20);
});

function hasCycle({ count, edges }: Graph): boolean {
  const left = new Set(Array(count).keys());
  for (let removed = true; removed;) {
    removed = false;
    for (const task of left) {
      if (edges.some(([from, to]) => to === task && left.has(from))) continue;
      left.delete(task);
      removed = true;
    }
  }
  return left.size > 0;
}

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."$`'\"\\;&|<>(){}*?~#! \n\tab-é€".split("")) }),
  fc.constantFrom(
    "$(touch owned)",
    "`touch owned`",
    "; touch owned",
    "'; touch owned; '",
    "-n",
    "a\nb",
    "${IFS}",
  ),
);

test("a param reaches a real shell exactly as it is, by env, by argv and by stdin", () => {
  fc.assert(
    fc.property(
      nasty.filter((value) => !value.includes("\0") && value.isWellFormed()),
      (value) => {
        const reference = "${{ params.v }}";
        const task = (id: string, more: object) => ({ id, uses: "exec@1", ...more });
        const text = JSON.stringify({
          apiVersion: "signalbox/v1",
          kind: "Workflow",
          metadata: { name: "p" },
          params: { v: { type: "string" } },
          tasks: [
            task("a", {
              with: { command: ["bash", "--norc", "-c", 'printf %s. "$V"'], env: { V: reference } },
            }),
            task("b", { with: { command: ["sh", "-c", 'printf %s. "$1"', "sh", reference] } }),
            task("c", { with: { command: ["cat"], stdin: `${reference}.` } }),
          ],
        });
        const result = compileManifest({ text, fileName: "p", params: { v: value } });
        for (const { program, env, stdin } of result.plan?.tasks ?? []) {
          if (program.kind !== "exec") throw new Error("not exec");
          const render = (template: Parameters<typeof renderTemplate>[0]) =>
            renderTemplate(template, () => "");
          const [file = "", ...args] = program.argv.map(render);
          const variables = Object.fromEntries(
            env.map(({ name, value: of }) => [name, render(of)]),
          );
          const printed = execFileSync(file, args, {
            env: { PATH: process.env["PATH"], ...variables },
            input: stdin === null ? "" : render(stdin),
          });
          expect(printed.toString()).toBe(`${value}.`);
        }
        expect(result.plan?.tasks).toHaveLength(3);
      },
    ),
    { numRuns: 25 },
  );
});

test("a value in a script's text is one plain word to a real shell, or is refused", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(nasty, fc.stringMatching(/^[A-Za-z0-9_.,:+@%/=-]{1,12}$/)), (value) => {
      if (!value.isWellFormed() || value === "") return;
      const text = JSON.stringify({
        apiVersion: "signalbox/v1",
        kind: "Workflow",
        metadata: { name: "p" },
        params: { v: { type: "string" } },
        tasks: [
          {
            id: "a",
            uses: "script@1",
            with: { text: "printf '%s;' x${{ params.v }} \"${{ params.v }}\"" },
          },
        ],
      });
      const { plan, errors } = compileManifest({ text, fileName: "p", params: { v: value } });
      if (errors !== undefined) {
        expect(errors[0]?.message).toContain("would become code");
        return;
      }
      taken += 1;
      const [only] = plan.tasks;
      if (only?.program.kind !== "script") throw new Error("not a script");
      const script = renderTemplate(only.program.text, () => "");
      expect(execFileSync("bash", ["--norc", "-c", script]).toString()).toBe(`x${value};${value};`);
    }),
    { numRuns: 60 },
  );
  expect(taken).toBeGreaterThan(5);
});

test("an output in a script's text is checked when it is known", () => {
  const template = [{ task: "a", output: "v", plain: true }] as never;
  expect(renderTemplate(template, () => "-15.839")).toBe("-15.839");
  expect(() => renderTemplate(template, () => "$(id)")).toThrow(/would become code/);
});

test("escaping brings back any text", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("$", "{", "{{", "}}", "${{", " x ") }),
      (text) => {
        const parts = parseReferences(text.replaceAll("${{", () => "$${{"));
        expect(parts.map((part) => (part.kind === "text" ? part.text : "?")).join("")).toBe(text);
      },
    ),
  );
});

test("no text makes the compiler throw", () => {
  const words = fc.constantFrom(
    "tasks:",
    "- ",
    "id: a",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    "${{",
    "}}",
    "&a ",
    "*a",
    "!!x ",
    "? ",
    ": ",
    "|",
    '"',
    "'",
    "#",
    "---",
    "1",
    "\t",
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: words }), fc.json(), fc.string()), (text) => {
      const result = compileManifest({ text, fileName: "p" });
      for (const error of result.errors ?? []) {
        expect(error.line).toBeGreaterThan(0);
        expect(error.column).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
});
