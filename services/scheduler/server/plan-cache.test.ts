import { expect, test } from "vitest";
import type { Plan } from "#shared/base/plan.ts";
import { PlanCache } from "./plan-cache.ts";
import type { Submission } from "./submission.ts";

const submission = (): Submission => ({ plan: {} as Plan, labels: {} });
const manifest = Buffer.from("x");

test("a manifest is known again only with the same bytes, name, params, files, labels and cluster", () => {
  const cache = new PlanCache();
  const key = cache.keyOf({ manifest }, {});
  const known = submission();
  cache.put(key, known);
  expect(cache.get(cache.keyOf({ manifest }, {}))).toBe(known);
  const others = [
    cache.keyOf({ manifest: Buffer.from("y") }, {}),
    cache.keyOf({ manifest, fileName: "f" }, {}),
    cache.keyOf({ manifest, paramsJson: { a: "1" } }, {}),
    cache.keyOf({ manifest, cluster: "c" }, {}),
    cache.keyOf({ manifest, labels: { a: "b" } }, {}),
    cache.keyOf({ manifest }, { f: { digest: "d", sizeBytes: 1 } }),
  ];
  expect(others.map((each) => cache.get(each))).toEqual(others.map(() => null));
});

test("what was not used for longest goes first, and large manifests are not kept", () => {
  const cache = new PlanCache();
  const keys = Array.from({ length: 200 }, (_, at) =>
    cache.keyOf({ manifest: Buffer.from(String(at)) }, {}),
  );
  for (const key of keys) {
    cache.put(key, submission());
    cache.get(keys[0] ?? null);
  }
  expect(cache.get(keys[0] ?? null)).not.toBeNull();
  expect(cache.get(keys[1] ?? null)).toBeNull();
  expect(cache.get(keys[199] ?? null)).not.toBeNull();
  expect(cache.keyOf({ manifest: Buffer.alloc(1024 * 1024) }, {})).toBeNull();
});
