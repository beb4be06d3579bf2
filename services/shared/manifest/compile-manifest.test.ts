import { describe, expect, test } from "vitest";
import { compileManifest } from "./compile-manifest.ts";
import type { ManifestInput } from "./compile-manifest.ts";
import { formatManifestError } from "./manifest-errors.ts";
import { manifestFiles } from "./manifest-files.ts";

const HEAD = "apiVersion: signalbox/v1\nkind: Workflow\nmetadata: {name: t}\n";
const DIGEST = `sha256:${"ab".repeat(32)}`;

function planOf(text: string, more: Partial<ManifestInput> = {}) {
  const result = compileManifest({ text, fileName: "t.yaml", ...more });
  if (result.errors !== undefined)
    throw new Error(result.errors.map(formatManifestError).join("\n"));
  return result;
}

/** The errors as `line:column path message | hint`. */
function errorsOf(text: string, more: Partial<ManifestInput> = {}): string[] {
  const result = compileManifest({ text, fileName: "t.yaml", ...more });
  return (result.errors ?? []).map(
    (error) => `${error.line}:${error.column} ${error.path} ${error.message} | ${error.hint}`,
  );
}

const task = (id: string, more = "") =>
  `  - id: ${id}\n    uses: exec@1\n    with: {command: [echo, ${id}]}\n${more}`;

describe("a plan", () => {
  test("has the task as written, with the defaults filled in", () => {
    const { plan } = planOf(`${HEAD}tasks:\n${task("a")}`);
    expect(plan.tasks[0]).toEqual({
      id: "a",
      ordinal: 0,
      needs: [],
      program: { kind: "exec", argv: [["echo"], ["a"]] },
      env: [],
      stdin: null,
      files: [],
      outputs: [],
      resources: {
        ...{ cpus: 1, memoryMb: null, gpus: 0, nodes: null, walltimeS: null },
        ...{ partition: null, account: null, qos: null, constraint: null },
      },
      cluster: null,
      retry: {
        attemptsMax: 1,
        firstMs: 1000,
        maxMs: 300_000,
        on: ["failed", "node_fail", "preempted"],
      },
      timeoutMs: null,
      priority: 0,
    });
  });

  test("understands units, retry and outputs", () => {
    const { plan } = planOf(`${HEAD}tasks:
  - id: a
    uses: script@1
    with: {text: "#!/usr/bin/env -S python3 -u\\nprint(1)\\n"}
    resources:
      {cpus: 8, ranks: 4, memory: 1.5GB, gpus: 2, nodes: 2, walltime: 1h30m, partition: gpu}
    retry: {attempts: 3, backoff: {first: 500ms, max: 1m}, on: [timeout, failed]}
    timeout: "00:10:00"
    cluster: hpc
    priority: -5
    outputs:
      f: {file: out/x.dat}
      v: {value: {from: log.txt, json: a.b}}
      w: {value: {}}
`);
    const [first] = plan.tasks;
    expect(first?.program).toMatchObject({ interpreter: ["/usr/bin/env", "-S python3 -u"] });
    expect(first?.resources).toMatchObject({ cpus: 8, ranks: 4, memoryMb: 1536, walltimeS: 5400 });
    expect(first?.retry).toEqual({
      attemptsMax: 3,
      firstMs: 500,
      maxMs: 60_000,
      on: ["failed", "timeout"],
    });
    expect(first).toMatchObject({ timeoutMs: 600_000, cluster: "hpc", priority: -5 });
    expect(first?.outputs).toEqual([
      { name: "f", kind: "file", path: "out/x.dat" },
      { name: "v", kind: "value", from: "log.txt", extract: { kind: "json", path: "a.b" } },
      { name: "w", kind: "value", from: null, extract: { kind: "whole" } },
    ]);
  });

  test("keeps references to outputs as holes, fills in params, and needs what it refers to", () => {
    const { plan } = planOf(
      `${HEAD}params: {n: {type: integer, default: 2}, who: {type: string}}
tasks:
  - id: b
    uses: script@1
    with:
      text: "echo \${{ tasks.a.outputs.v }} $\${{ n }}"
      env: {WHO: "dear \${{params.who}}, \${{ params.n }}"}
      files:
        in.dat: \${{ tasks.a.outputs.f }}
        run.sh: {text: "x", executable: true}
        local.dat: {from: data/local.dat}
  - id: a
    uses: exec@1
    with: {command: [true]}
    outputs: {v: {value: {from: stdout}}, f: {file: f.dat}}
`.replace("[true]", '["true"]'),
      {
        params: { who: "$(rm -rf /)" },
        fileDigests: { "data/local.dat": { digest: DIGEST, sizeBytes: 3 } },
      },
    );
    const [a, b] = plan.tasks;
    expect(a?.id).toBe("a");
    expect(b).toMatchObject({
      needs: ["a"],
      ordinal: 1,
      program: {
        kind: "script",
        text: ["echo ", { task: "a", output: "v", plain: true }, " ${{ n }}"],
      },
      env: [{ name: "WHO", value: ["dear $(rm -rf /), 2"] }],
      files: [
        { path: "in.dat", source: { kind: "output", task: "a", output: "f" }, executable: false },
        { path: "local.dat", source: { kind: "artifact", digest: DIGEST, sizeBytes: 3 } },
        { path: "run.sh", source: { kind: "template", text: ["x"] }, executable: true },
      ],
    });
    expect(plan.params).toEqual({ n: 2, who: "$(rm -rf /)" });
  });

  test("orders by depth, then by place in the manifest", () => {
    const text =
      `${HEAD}tasks:\n` +
      `${task("z", "    needs: [c]\n")}${task("c")}${task("y", "    needs: [b]\n")}` +
      `${task("b")}${task("a", "    needs: [z]\n")}`;
    expect(planOf(text).plan.tasks.map(({ id }) => id)).toEqual(["c", "b", "z", "y", "a"]);
  });

  test("takes texts for params of every type, and the caller's cluster", () => {
    const text = `${HEAD}params:
  i: {type: integer, minimum: 1}
  x: {type: number}
  b: {type: boolean}
  s: {type: string}
tasks:
  - id: a
    uses: exec@1
    with: {command: [echo, "\${{params.i}} \${{params.x}} \${{params.b}} \${{params.s}}"]}
`;
    const params = { i: "7", x: "1e-3", b: "true", s: "5" };
    const { plan, warnings } = planOf(text, { params, cluster: "hpc" });
    expect(plan.params).toEqual({ i: 7, x: 0.001, b: true, s: "5" });
    expect(plan.tasks[0]).toMatchObject({
      cluster: "hpc",
      program: { argv: [["echo"], ["7 0.001 true 5"]] },
    });
    expect(warnings).toEqual([]);
  });

  test("lists the local files a manifest refers to", () => {
    const text = `${HEAD}params: {set: {type: string, default: small}}
tasks:
  - id: a
    uses: exec@1
    with:
      command: [cat]
      files: {a: {from: "in/\${{ params.set }}.dat"}, b: {from: z}, c: {text: t}, d: {from: ../x}}
`;
    expect(manifestFiles({ text, fileName: "t" })).toEqual({ files: ["in/small.dat", "z"] });
    const params = { set: "big" };
    expect(manifestFiles({ text, fileName: "t", params }).files).toEqual(["in/big.dat", "z"]);
  });
});

describe("a refusal says where and what to do", () => {
  const cases: readonly [what: string, text: string, ...errors: string[]][] = [
    ["an empty file", " \n", "1:1  the manifest is empty | begin with apiVersion"],
    ["bad YAML", `${HEAD}tasks: [a\n`, "5:1  flow sequence"],
    [
      "a tab",
      `${HEAD}tasks:\n\t- id: a\n`,
      "5:1  tabs are not allowed as indentation | indent with spaces",
    ],
    [
      "an unquoted reference in a list",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n    with: {command: [echo, \${{ params.x }}]}\n`,
      "7:29",
      "in quotes",
    ],
    [
      "a reference without quotes or $",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n` +
        `    with: {command: [x], stdin: {{ params.x }}}\n`,
      "7:34  a key must be a text | put a text with ${{ … }} in quotes",
    ],
    ["two documents", `${HEAD}tasks:\n${task("a")}---\na: 1\n`, "8:1", "one manifest per file"],
    [
      "a key given twice",
      `${HEAD}kind: Workflow\ntasks:\n${task("a")}`,
      '4:1  "kind" is given twice | it was first given at line 2',
    ],
    [
      "an unknown key",
      `${HEAD}tasks:\n${task("a", "    need: [b]\n")}`,
      '8:5 /tasks/0/need unknown key "need" | did you mean "needs"?',
    ],
    [
      "an unknown key of with",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n    with: {command: [x], text: y}\n`,
      '7:26 /tasks/0/with/text unknown key "text" | known here: command, env, files, stdin',
    ],
    [
      "a missing key",
      `${HEAD}tasks:\n  - id: a\n    with: {command: [x]}\n`,
      '5:5 /tasks/0 tasks[0] has no "uses"',
    ],
    [
      "a wrong type",
      `${HEAD}tasks:\n${task("a", "    needs: b\n")}`,
      "8:12 /tasks/0/needs tasks[0].needs must be a list, not the text",
    ],
    [
      "a number for a text",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n    with: {command: [sleep, 5]}\n`,
      "7:29 /tasks/0/with/command/1",
      "write it as a text",
    ],
    [
      "an unknown action",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@2\n    with: {}\n`,
      '6:11 /tasks/0/uses tasks[0].uses is "exec@2", which is not known | did you mean "exec@1"?',
    ],
    [
      "another version",
      HEAD.replace("v1", "v2") + `tasks:\n${task("a")}`,
      '1:13 /apiVersion apiVersion is "signalbox/v2"',
    ],
    [
      "a bare number of memory",
      `${HEAD}tasks:\n${task("a", "    resources: {memory: 4}\n")}`,
      "8:25 /tasks/0/resources/memory",
      'write a text with a unit: "4GB"',
    ],
    [
      "a quoted bare number of memory",
      `${HEAD}tasks:\n${task("a", '    resources: {memory: "4"}\n')}`,
      '8:25 /tasks/0/resources/memory "4" has no unit',
    ],
    [
      "a bad unit",
      `${HEAD}tasks:\n${task("a", "    resources: {memory: 4GX}\n")}`,
      '8:25 /tasks/0/resources/memory "4GX" is no amount of memory',
    ],
    [
      "a duration without a unit",
      `${HEAD}tasks:\n${task("a", '    timeout: "90"\n')}`,
      '8:14 /tasks/0/timeout "90" has no unit',
    ],
    [
      "minutes or hours",
      `${HEAD}tasks:\n${task("a", '    timeout: "10:00"\n')}`,
      "8:14 /tasks/0/timeout",
      "may be minutes and seconds or hours and minutes",
    ],
    ["a bad task id", `${HEAD}tasks:\n${task("-a")}`, '5:9 /tasks/0/id tasks[0].id is "-a"'],
    [
      "a task id given twice",
      `${HEAD}tasks:\n${task("a")}${task("a")}`,
      '8:9 /tasks/1/id there are two tasks "a" | ids are unique in a manifest: the first one ' +
        "is at line 5",
    ],
    [
      "a missing need",
      `${HEAD}tasks:\n${task("relax")}${task("b", "    needs: [relaz]\n")}`,
      '11:13 /tasks/1/needs/0 there is no task "relaz" | did you mean "relax"?',
    ],
    [
      "a task that needs itself",
      `${HEAD}tasks:\n${task("a", "    needs: [a]\n")}`,
      "8:13 /tasks/0/needs/0 tasks wait for each other: a → a",
    ],
    [
      "a cycle",
      `${HEAD}tasks:\n` +
        `${task("x")}${task("a", "    needs: [x, b]\n")}` +
        `${task("b", "    needs: [c]\n")}${task("c", "    needs: [a]\n")}`,
      '11:16 /tasks/1/needs/1 tasks wait for each other: a → b → c → a | read → as "needs"',
    ],
    [
      "an unknown param",
      `${HEAD}params: {size: {type: integer, default: 1}}\ntasks:\n  - id: a\n` +
        `    uses: exec@1\n    with:\n      command:\n` +
        `        - "ab \${{ params.size }} \${{ params.siez }}"\n`,
      '10:34 /tasks/0/with/command/0 there is no param "siez" | did you mean "size"?',
    ],
    [
      "an unknown task",
      `${HEAD}tasks:\n  - id: a\n    uses: script@1\n    with:\n      text: |\n        one\n` +
        `        two \${{ tasks.b.outputs.c }}\n`,
      '10:13 /tasks/0/with/text there is no task "b"',
    ],
    [
      "an unknown output",
      `${HEAD}tasks:\n${task("a", "    outputs: {energy: {value: {}}}\n")}  - id: b\n` +
        `    uses: exec@1\n    with: {command: ["\${{ tasks.a.outputs.enrgy }}"]}\n`,
      '11:23 /tasks/1/with/command/0 task a has no output "enrgy" | did you mean "energy"?',
    ],
    [
      "no reference",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n    with: {command: ["\${{ 1 + 1 }}"]}\n`,
      "7:23 /tasks/0/with/command/0 ${{ 1 + 1 }} is no reference",
    ],
    [
      "an open reference",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n    with: {command: ["x", "y \${{ params.x"]}\n`,
      "7:30 /tasks/0/with/command/1 ${{ without }}",
    ],
    [
      "a file output in a text",
      `${HEAD}tasks:\n${task("a", "    outputs: {f: {file: f}}\n")}  - id: b\n` +
        `    uses: exec@1\n    with: {command: ["\${{ tasks.a.outputs.f }}"]}\n`,
      "11:23 /tasks/1/with/command/0 output f of a is a file, not a value | give it to the " +
        "step as a file",
    ],
    [
      "a value output as a file",
      `${HEAD}tasks:\n${task("a", "    outputs: {v: {value: {}}}\n")}  - id: b\n` +
        `    uses: exec@1\n    with: {command: [x], files: {f: "\${{ tasks.a.outputs.v }}"}}\n`,
      "11:38 /tasks/1/with/files/f output v of a is a value, not a file",
    ],
    [
      "a missing file",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n` +
        `    with: {command: [x], files: {f: {from: si.in}}}\n`,
      '7:44 /tasks/0/with/files/f/from there is no file "si.in" | it is looked for beside the ' +
        "manifest",
    ],
    [
      "a path that climbs out",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n` +
        `    with: {command: [x], files: {../f: {text: x}}}\n`,
      '7:34 /tasks/0/with/files/..~1f ".." in the path',
    ],
    [
      "a file that is a directory too",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n` +
        `    with: {command: [x], files: {d: {text: x}, d/e: {text: x}}}\n`,
      '7:48 /tasks/0/with/files/d~1e "d" would be both',
    ],
    [
      "a bad pattern",
      `${HEAD}tasks:\n${task("a", "    outputs: {v: {value: {pattern: '('}}}\n")}`,
      "8:36 /tasks/0/outputs/v/value/pattern Invalid regular expression",
    ],
    [
      "a bad name of a variable",
      `${HEAD}tasks:\n  - id: a\n    uses: exec@1\n    with: {command: [x], env: {1A: x}}\n`,
      '7:32 /tasks/0/with/env/1A "1A" cannot be a name here',
    ],
    [
      "ranks that do not divide",
      `${HEAD}tasks:\n${task("a", "    resources: {cpus: 5, ranks: 2}\n")}`,
      "8:33 /tasks/0/resources/ranks 5 cpus cannot be shared evenly by 2 ranks",
    ],
    [
      "a wrong default",
      `${HEAD}params: {n: {type: integer, default: x}}\ntasks:\n${task("a")}`,
      "4:38 /params/n/default default is no integer",
    ],
    [
      "a param without a value",
      `${HEAD}params: {n: {type: integer}}\ntasks:\n${task("a")}`,
      '4:10 /params/n param "n" has no default and was not given | give it: --param n=…',
    ],
  ];
  for (const [what, text, ...expected] of cases) {
    test(what, () => {
      const errors = errorsOf(text);
      expect(errors.length).toBeGreaterThan(0);
      for (const words of expected) expect(errors[0]).toContain(words);
      // Every error has all of its parts.
      for (const error of errors) expect(error).toMatch(/^\d+:\d+ (\/.*)? .+ \| .+$/s);
    });
  }

  test("JSON is refused at the same places", () => {
    const manifest = {
      apiVersion: "signalbox/v1",
      kind: "Workflow",
      metadata: { name: "t" },
      tasks: [{ id: "a", uses: "exec@1", with: { command: ["${{ params.x }}", 5] }, needs: ["b"] }],
    };
    const text = JSON.stringify(manifest, null, 2);
    const [error] = errorsOf(text);
    expect(error).toMatch(/^14:11 \/tasks\/0\/with\/command\/1 .*must be a text/);
    const fixed = JSON.stringify({ ...manifest }, null, 2).replace(/,\s+5/, "");
    expect(errorsOf(fixed)).toEqual([
      expect.stringContaining('13:12 /tasks/0/with/command/0 there is no param "x"'),
      expect.stringContaining('17:9 /tasks/0/needs/0 there is no task "b"'),
    ]);
    const twice = text.replace('"kind"', '"id\\\\": 1,\n  "kind": "W\\"{}:",\n  "kind"');
    expect(errorsOf(twice)[0]).toContain(
      '5:3 /kind "kind" is given twice | it was first given at line 4',
    );
  });

  test("a param outside of its rules, or that nobody declared", () => {
    const text =
      `${HEAD}params:\n  n: {type: integer, default: 2, minimum: 1, maximum: 3}\n` +
      `  e: {type: string, default: a, enum: [a, b]}\ntasks:\n${task("a")}`;
    expect(errorsOf(text, { params: { n: 9 } })[0]).toContain(
      '5:3 /params/n param "n" is 9, above its maximum 3',
    );
    expect(errorsOf(text, { params: { n: "x" } })[0]).toContain(
      'param "n" is "x", which is no integer | give an integer from 1 up to 3',
    );
    expect(errorsOf(text, { params: { e: "c" } })[0]).toContain("not in its enum | one of a, b");
    expect(errorsOf(text, { params: { m: 1 } })[0]).toContain(
      'there is no param "m" | did you mean "n"?',
    );
  });

  test("a value that would become code", () => {
    const script =
      `${HEAD}params: {x: {type: string}}\ntasks:\n  - id: a\n` +
      `    uses: script@1\n    with: {text: "echo \${{ params.x }}"}\n`;
    expect(errorsOf(script, { params: { x: "a;b" } })[0]).toContain(
      "8:24 /tasks/0/with/text param x is",
    );
    expect(errorsOf(script, { params: { x: "a-b/c.d" } })).toEqual([]);
    const shell = script
      .replace("script@1", "exec@1")
      .replace('{text: "echo', '{command: [env, bash, -ec, "echo')
      .replace(' }}"}', ' }}"]}');
    expect(errorsOf(shell, { params: { x: "$(id)" } })[0]).toContain(
      "which would become code here | give it by env",
    );
    expect(errorsOf(shell.replace("-ec", "-e"), { params: { x: "$(id)" } })).toEqual([]);
  });

  test("at most fifty errors, in the order of the file", () => {
    const tasks = Array.from({ length: 500 }, (_, i) => task(`t${i}`, "    x: 1\n"));
    const text = `${HEAD}tasks:\n${tasks.join("")}`;
    const lines = errorsOf(text).map((error) => Number.parseInt(error, 10));
    expect(lines).toHaveLength(50);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  });
});

describe("bounds", () => {
  test("a manifest of more than 4 MiB is refused", () => {
    expect(errorsOf("#".repeat(4 * 1024 * 1024 + 1))[0]).toContain(
      "1:1  the manifest has 4194305 bytes",
    );
  });

  test("an alias bomb is refused", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(", ")}]`,
    );
    expect(errorsOf(`l0: &l0 x\n${levels.join("\n")}\n`)[0]).toMatch(/alias|values|deep/i);
  });

  test("many aliases of one large value are refused", () => {
    const aliases = Array(100).fill("*a").join(",");
    const text = `a: &a [${"xxxxxxxxx,".repeat(40_000)}]\nb: [${aliases}]\n`;
    expect(errorsOf(text)[0]).toContain("more than");
  });

  test("deep nesting is refused", () => {
    expect(errorsOf("[".repeat(50_000)).length).toBeGreaterThan(0);
    expect(errorsOf(`{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`)[0]).toContain(
      "nested more than 40 deep",
    );
  });

  test("100,000 keys in one map are looked at once each", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `  k${i}: 1\n`);
    const text = `${HEAD}tasks:\n${task("a")}x:\n${keys.join("")}`;
    expect(errorsOf(text)[0]).toContain('unknown key "x"');
  });

  test("params filled in many times over are refused", () => {
    const text =
      `${HEAD}params: {x: {type: string}}\ntasks:\n  - id: a\n    uses: exec@1\n` +
      `    with: {command: [c], stdin: "${"${{ params.x }}".repeat(1000)}"}\n`;
    expect(errorsOf(text, { params: { x: "x".repeat(100_000) } })[0]).toContain(
      "params filled in make more than",
    );
  });

  test("keys that mean something to JavaScript are only keys", () => {
    const text =
      `${HEAD}tasks:\n  - id: __proto__\n    uses: exec@1\n` +
      `    with: {command: [x], env: {__proto__: a, constructor: b}, files: {__proto__: ` +
      `{text: c}}}\n`;
    const [first] = planOf(text).plan.tasks;
    expect(first?.env).toEqual([
      { name: "__proto__", value: ["a"] },
      { name: "constructor", value: ["b"] },
    ]);
    expect(first?.files[0]?.path).toBe("__proto__");
    expect(errorsOf(`${HEAD}__proto__: {tasks: 1}\ntasks:\n${task("a")}`)[0]).toContain(
      "unknown key",
    );
  });

  test("10,000 tasks as JSON compile", () => {
    const tasks = Array.from({ length: 10_000 }, (_, i) => ({
      id: `task-${i}`,
      uses: "exec@1",
      needs: i === 0 ? [] : [`task-${i - 1}`],
      with: { command: ["true"] },
    }));
    const manifest = {
      apiVersion: "signalbox/v1",
      kind: "Workflow",
      metadata: { name: "big" },
      tasks,
    };
    const { plan } = planOf(JSON.stringify(manifest));
    expect(plan.tasks.at(-1)).toMatchObject({
      id: "task-9999",
      ordinal: 9999,
      needs: ["task-9998"],
    });
  });
});
