// package-lock.json is complete for every platform and says nothing of where it was made.

import { expect, test } from "vitest";

import { completeLock, type Lock } from "../tools/complete-lock.ts";
import { readRepositoryFile } from "./repository.ts";

const lock = JSON.parse(readRepositoryFile("package-lock.json")) as Lock;
const manifest = JSON.parse(readRepositoryFile("package.json")) as {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};

test("every platform's optional packages are listed", () => {
  expect(completeLock(structuredClone(lock))).toEqual([]);
});

test("it names no registry and no machine", () => {
  expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual(
    [],
  );
  const text = JSON.stringify(lock, (key, value: unknown) =>
    key === "funding" ? undefined : value,
  );
  expect(text).not.toMatch(/:\/\/|file:|(?<![\w-])\/(?:work|root|home|tmp)\//);
});

test("it matches package.json, where every version is exact", () => {
  const { dependencies, devDependencies } = manifest;
  expect(lock.packages[""]).toMatchObject({
    version: manifest.version,
    dependencies,
    devDependencies,
  });
  const ranges = Object.values({ ...dependencies, ...devDependencies });
  expect(ranges.filter((range) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
});

test("each package with an install script is allowed or refused by name", () => {
  const scripted = Object.entries(lock.packages)
    .filter(([at, entry]) => at !== "" && "hasInstallScript" in entry)
    .map(([at]) => at.slice(at.lastIndexOf("node_modules/") + "node_modules/".length));
  expect([...new Set(scripted)].toSorted()).toEqual(Object.keys(manifest.allowScripts).toSorted());
});

test("what a registry left out is added where Node would look for it", () => {
  const holed: Lock = {
    packages: {
      "": {},
      "node_modules/a": {
        version: "1.0.0",
        optionalDependencies: { "@a/linux-x64-musl": "1.0.0" },
      },
      "node_modules/b/node_modules/a": {
        version: "2.0.0",
        dev: true,
        resolved: "https://registry.example/a.tgz",
        optionalDependencies: { "@a/linux-x64-musl": "2.0.0" },
      },
    },
  };
  expect(completeLock(holed)).toHaveLength(3);
  const inner = "node_modules/b/node_modules/a/node_modules/@a/linux-x64-musl";
  const platform = { cpu: ["x64"], libc: ["musl"], optional: true, os: ["linux"] };
  expect(holed.packages["node_modules/@a/linux-x64-musl"]).toEqual({
    version: "1.0.0",
    ...platform,
  });
  expect(holed.packages[inner]).toEqual({ version: "2.0.0", dev: true, ...platform });
  expect(completeLock(holed)).toEqual([]);
});

test("a missing package that names no platform is an error, not a guess", () => {
  const packages = { "node_modules/a": { optionalDependencies: { fsevents: "1.0.0" } } };
  expect(() => completeLock({ packages })).toThrow(/fsevents is missing and names no platform/);
});
