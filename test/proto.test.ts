// The contracts: generated code is fresh, buf likes the files, and nothing that main has was
// broken.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { loadSync } from "@grpc/proto-loader";
import { describe, expect, onTestFinished, test } from "vitest";

import * as services from "../proto/gen/services.ts";
import { tempDirectory } from "../services/shared/testing/temp-directory.ts";
import { ROOT } from "./repository.ts";

function run(
  command: string,
  args: string[],
  cwd = ROOT,
): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

const buf = join(ROOT, "node_modules", ".bin", "buf");

test("proto/gen is what tools/proto-gen.ts makes of proto/signalbox", () => {
  const { status, output } = run(process.execPath, ["tools/proto-gen.ts", "--check"]);
  expect(output).toBe("");
  expect(status).toBe(0);
});

test("the contracts also load at run time, with the same methods as the generated tables", () => {
  const names = readdirSync(join(ROOT, "proto", "signalbox"), {
    recursive: true,
    encoding: "utf8",
  });
  const files = names.filter((name) => name.endsWith(".proto"));
  const loaded = loadSync(
    files.map((name) => join("signalbox", name)),
    {
      includeDirs: [join(ROOT, "proto")],
    },
  );
  const paths = Object.values(loaded).flatMap((it) =>
    Object.values(it).flatMap((method: unknown) =>
      typeof method === "object" && method !== null && "path" in method ? [method.path] : [],
    ),
  );
  const generated = Object.values(services).flatMap((service) =>
    Object.values(service).map((method) => method.path),
  );
  expect(paths.toSorted()).toEqual(generated.toSorted());
  expect(paths.length).toBeGreaterThan(20);
});

test("buf lint", () => {
  expect(run(buf, ["lint", "proto"])).toEqual({ status: 0, output: "" });
});

/** The newest commit of main that has the contracts; its tip in a clone, also in a shallow one. */
function baseline(): string | null {
  for (const ref of ["refs/remotes/origin/main", "refs/heads/main", "HEAD"]) {
    const commit = run("git", ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]);
    if (commit.status !== 0) continue;
    const has = run("git", ["cat-file", "-e", `${commit.output.trim()}:proto/buf.yaml`]);
    if (has.status === 0) return commit.output.trim();
  }
  return null;
}

/** proto/ as `commit` has it, in a directory of its own: buf then needs no git. */
function protoAt(commit: string): string {
  const directory = tempDirectory("proto");
  onTestFinished(directory.remove);
  const archive = execFileSync("git", ["archive", commit, "proto/buf.yaml", "proto/signalbox"], {
    cwd: ROOT,
    maxBuffer: 64 << 20,
  });
  execFileSync("tar", ["-x", "-C", directory.path], { input: archive });
  return join(directory.path, "proto");
}

describe("buf breaking", () => {
  test("nothing on main is broken", () => {
    const commit = baseline();
    expect(commit, "a clone has at least its own commit").not.toBeNull();
    expect(run(buf, ["breaking", "proto", "--against", protoAt(commit ?? "")])).toEqual({
      status: 0,
      output: "",
    });
  });

  test("a changed field number is found", () => {
    const old = protoAt(baseline() ?? "");
    const changed = join(old, "..", "changed");
    mkdirSync(changed);
    cpSync(old, changed, { recursive: true });
    run("sed", ["-i", "s/ = 1;/ = 901;/", "signalbox/control/v1/runs.proto"], changed);
    const { status, output } = run(buf, ["breaking", changed, "--against", old]);
    expect(output).toContain("runs.proto");
    expect(status).toBe(100);
  });
});
