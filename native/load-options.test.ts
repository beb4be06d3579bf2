// Options of loading and requests, completed and checked before they cross.

import { expect, test } from "vitest";

import type { PartialRequest, Sampling } from "./engine.ts";
import { completeOptions, ENGINE_DEFAULTS, type LoadOptions } from "./load-options.ts";
import { completeRequest, SAMPLING_DEFAULTS } from "./request.ts";

test("a folder is all that loading needs", () => {
  expect(completeOptions({ folder: "m" })).toEqual({ ...ENGINE_DEFAULTS, folder: "m" });
});

test("each option that is wrong is refused by its name", () => {
  const wrong: [string, unknown][] = [
    ["folder", ""],
    ["folder", 5],
    ["isa", ""],
    ["isa", 1],
    ["weights", "fp4"],
    ["cache", null],
    ["ranks", 3],
    ["device", "gpu"],
    ["device", "cuda:-1"],
    ["device", null],
    ["kernels", ""],
    ["threads", 0],
    ["threads", 1.5],
    ["threads", 4097],
    ["pin", 1],
    ["cacheBytes", 0],
    ["cacheBytes", 2 ** 51],
    ["stepTokens", 0],
    ["stepTokens", 2 ** 31 - 1],
    ["sequencesMax", 0],
    ["waitingMax", -1],
    ["contextMax", 0],
    ["prefixCache", "yes"],
    ["spillFolder", ""],
    ["spillBytes", -1],
    ["stallMs", 0],
    ["stallMs", NaN],
    ["contextMx", 100],
  ];
  for (const [name, value] of wrong) {
    const options = { folder: "m", [name]: value } as LoadOptions;
    expect(() => completeOptions(options), name).toThrow(new RegExp(`^${name} `, "u"));
  }
});

test("undefined is not given, null is the engine's choice", () => {
  const options = { folder: "m", threads: null, ranks: undefined } as unknown as LoadOptions;
  expect(completeOptions(options)).toMatchObject({ threads: null, ranks: 1 });
});

test("a request takes what it names, then what its model proposes, then the defaults", () => {
  const proposed = { temperature: 0.6, topP: 0.9, topK: null };
  const request = completeRequest({ prompt: [1], sampling: { topP: 0.5 } }, proposed);
  expect(request.sampling).toEqual({ ...SAMPLING_DEFAULTS, temperature: 0.6, topP: 0.5 });
  expect(request).toMatchObject({ resume: [], cacheSalt: "", priority: 0, masked: false });
});

test("a field of a request that nobody knows is refused by its name", () => {
  expect(() => completeRequest({ prompt: [1], salt: "x" } as PartialRequest)).toThrow(
    /^salt is no/u,
  );
  const sampling = { maxToken: 5 } as Partial<Sampling>;
  expect(() => completeRequest({ prompt: [1], sampling })).toThrow(/^sampling\.maxToken is no/u);
  expect(() => completeRequest({ prompt: [1], sampling: null as never })).toThrow(
    /^sampling must/u,
  );
  const request = { prompt: [1], resume: undefined, sampling: { seed: undefined } };
  expect(completeRequest(request as unknown as PartialRequest)).toMatchObject({
    resume: [],
    sampling: { seed: 0 },
  });
});
