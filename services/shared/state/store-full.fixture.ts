// Run by store.test.ts under a file-size limit: commits until refused, then prints what was taken.

import { Failure } from "#shared/base/errors.ts";
import { openStore } from "./store.ts";

const store = openStore({ path: process.argv[2] ?? "" });
let acked = 0;
let refused = "";
while (refused === "" && acked < 1_000) {
  const key = `k${String(acked).padStart(4, "0")}`;
  try {
    await store.commit([{ kind: "put", table: "t", key, value: "x".repeat(50_000) }]);
    acked += 1;
  } catch (reason) {
    refused = Failure.from(reason).code;
    if (store.get("t", key) !== undefined) refused = "still visible";
  }
}
process.stdout.write(JSON.stringify({ acked, refused }));
await store.close();
