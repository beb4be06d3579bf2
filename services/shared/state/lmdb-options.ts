// The one set of options every environment is opened with.
//
// LMDB's own order makes a commit durable: pages written, fdatasync, then the meta page through a
// descriptor opened with O_DSYNC; the transaction returns after both. Each option that weakens it
// is named here and off. `overlappingSync` is on by default in lmdb-js on Linux and would let a
// transaction return before its pages are on disk.

export const DURABLE = {
  encoding: "binary",
  keyEncoding: "binary",
  overlappingSync: false,
  noSync: false,
  noMetaSync: false,
  useWritemap: false,
  mapAsync: false,
} as const;

/**
 * LMDB's bits for the options above (lmdb.h); none may be set in an environment that must be
 * durable.
 */
export const UNSAFE_FLAGS = {
  MDB_OVERLAPPINGSYNC: 0x1000,
  MDB_NOSYNC: 0x10000,
  MDB_NOMETASYNC: 0x40000,
  MDB_WRITEMAP: 0x80000,
  MDB_MAPASYNC: 0x100000,
} as const;
