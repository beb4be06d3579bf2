// The package as a stranger gets it: packed, installed in an empty folder, and run there.

import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

import { tempDirectory } from "../services/shared/testing/temp-directory.ts";
import { ROOT } from "./repository.ts";

const run = promisify(execFile);
const directory = tempDirectory("pack");
const project = join(directory.path, "project");
const home = join(directory.path, "home");

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

/** npm's own variables would lead the inner npm back to this repository. */
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  HOME: home,
  XDG_STATE_HOME: join(home, "state"),
  ...Object.fromEntries(["npm_config_userconfig", "npm_config_cache"].flatMap(inherited)),
};

function inherited(name: string): [string, string][] {
  const value = process.env[name];
  return value === undefined ? [] : [[name, value]];
}

async function npx(...args: string[]): Promise<string> {
  const options = { cwd: project, env, encoding: "utf8", timeout: 60_000 } as const;
  return (await run("npx", ["--no-install", "signalbox", ...args], options)).stdout;
}

beforeAll(async () => {
  mkdirSync(project);
  mkdirSync(home);
  const packing = await run("npm", ["pack", "--json", "--pack-destination", directory.path], {
    cwd: ROOT,
    maxBuffer: 64 << 20,
  });
  const listing = packing.stdout.slice(packing.stdout.indexOf("[\n"));
  const [first] = JSON.parse(listing) as Packed[];
  if (first === undefined) throw new Error(`npm pack said: ${packing.stdout}`);
  packed = first;
  writeFileSync(join(project, "package.json"), '{"private": true}\n');
  const tarball = join(directory.path, packed.filename);
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
  // The registry and cache of whoever runs this test, not of the empty home.
  await run("npm", ["install", ...quiet, tarball], { cwd: project, timeout: 240_000 });
}, 300_000);

afterAll(() => rmSync(directory.path, { recursive: true, force: true, maxRetries: 3 }));

test("the tarball has what runs and none of what tests", () => {
  const paths = packed.files.map((file) => file.path);
  for (const path of ["package.json", "README.md", "LICENSE", "dist/signalbox.js"]) {
    expect(paths).toContain(path);
  }
  for (const path of ["dist/services/cli/main.js", "dist/proto/gen/signalbox.js"]) {
    expect(paths).toContain(path);
  }
  const odd = paths.filter((path) => /\.test\.|\/testing\/|\/fixtures\/|\.tmp\./.test(path));
  expect(odd).toEqual([]);
  expect(paths.filter((path) => path.startsWith("dist/") && path.endsWith(".ts"))).toEqual([]);
});

test("npx signalbox --help and --version", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  expect(await npx("--help")).toMatch(/Usage: signalbox/);
  expect((await npx("--version")).trim()).toBe(version);
});

test("npx signalbox up starts the mesh from the package, down ends it", async () => {
  const lastOf = (output: string): unknown => JSON.parse(output.trim().split("\n").at(-1) ?? "");
  const up = lastOf(await npx("up", "--json"));
  try {
    expect(up).toMatchObject({ log: "embedded", started: ["scheduler", "agent-local"] });
    expect(up).toMatchObject({ clusters: [{ name: "local", agent: "connected" }] });
    const manifest = join(
      project,
      "node_modules",
      "signalbox",
      "examples",
      "demo",
      "workflow.yaml",
    );
    expect(lastOf(await npx("run", manifest, "--json"))).toMatchObject({
      run: { state: "succeeded" },
    });
  } finally {
    expect(lastOf(await npx("down", "--json"))).toMatchObject({ left: [] });
  }
}, 120_000);

test("below Node 22 it says so instead of failing on syntax", async () => {
  const old =
    'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.9.0"}})';
  const launcher = join(project, "node_modules", "signalbox", "dist", "signalbox.js");
  const started = run(process.execPath, ["--import", `data:text/javascript,${old}`, launcher]);
  await expect(started).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("signalbox needs Node 22 or newer; this is 20.9.0") as string,
  });
});
