// What the engine's addon needs of a system, read from the file: it must run wherever Node does.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";

import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "../native/testing/built-addon.ts";
import { readElfNeeds, type ElfNeeds } from "./elf-file.ts";
import { readRepositoryFile } from "./repository.ts";

/** What Node 20 to 24 ask for: RHEL 8, Debian 10, Ubuntu 18.10. docs/guides/engine.md says so. */
const GLIBC_MAX = [2, 28] as const;
const lacks = WHY_NO_ADDON === null ? "" : ` (${WHY_NO_ADDON})`;

function isNewer(version: string): boolean {
  const [major = 0, minor = 0] = version.replace("GLIBC_", "").split(".").map(Number);
  return major > GLIBC_MAX[0] || (major === GLIBC_MAX[0] && minor > GLIBC_MAX[1]);
}

describe.skipIf(WHY_NO_ADDON !== null)(`the addon's file${lacks}`, () => {
  let path = "";
  let needs: ElfNeeds;
  beforeAll(async () => {
    path = await builtAddon();
    needs = readElfNeeds(readFileSync(path));
  }, BUILD_MS_MAX);

  // On other processors what is built is used where it was built.
  if (process.arch === "x64") {
    test(`it asks for nothing newer than glibc ${GLIBC_MAX.join(".")}, as the guide says`, () => {
      const glibc = needs.versions.filter((version) => version.startsWith("GLIBC_"));
      expect(glibc.length).toBeGreaterThan(3);
      expect(glibc.filter(isNewer)).toEqual([]);
      expect(readRepositoryFile("docs/guides/engine.md")).toContain(`glibc ${GLIBC_MAX.join(".")}`);
    });
  }

  test("it needs the C library and the compiler's, and no C++ library", () => {
    const known = /^(?:libc|libm|libgcc_s|libpthread|libdl|ld-linux-[\w-]+)\.so\.\d$/u;
    expect(needs.libraries.filter((name) => !known.test(name))).toEqual([]);
    expect(needs.versions.filter((it) => !/^(?:GLIBC|GCC)_[\d.]+$/u.test(it))).toEqual([]);
  });

  test("what it leaves to others is Node-API, and what it shows is an addon's", () => {
    expect(needs.undefined.length).toBeGreaterThan(20);
    expect(needs.undefined.filter((name) => !name.startsWith("napi_"))).toEqual([]);
    expect(needs.exported.toSorted()).toEqual([
      "napi_register_module_v1",
      "node_api_module_get_api_version_v1",
    ]);
  });

  test("readelf, where it is, reads the same", () => {
    const said = spawnSync("readelf", ["--wide", "--dynamic", "--version-info", path], {
      encoding: "utf8",
    });
    if (said.error !== undefined) return; // Binutils come with compilers, and not with all.
    const libraries = [...said.stdout.matchAll(/\(NEEDED\).*\[(.*)\]/gu)].map((it) => it[1]);
    expect(needs.libraries).toEqual(libraries);
    const versions = [...said.stdout.matchAll(/Name: (\S+) {2}Flags: none/gu)].map((it) => it[1]);
    expect(needs.versions.toSorted()).toEqual([...new Set(versions)].toSorted());
  });
});

test("a file that is no library is refused", () => {
  expect(() => readElfNeeds(Buffer.from("#!/bin/sh\n".repeat(20)))).toThrow(/no 64-bit/u);
});

test("versions are compared as numbers", () => {
  expect(
    ["GLIBC_2.4", "GLIBC_2.28", "GLIBC_2.29", "GLIBC_2.100", "GLIBC_3.0"].map(isNewer),
  ).toEqual([...[false, false, true, true, true]]);
});
