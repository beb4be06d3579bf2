// As much of an ELF file as says what it needs of a system: libraries, versions of their symbols,
// and what it defines for others. 64-bit little-endian only. Source: the System V ABI, chapters 4
// and 5, and the Linux Standard Base, "Symbol Versioning".

export interface ElfNeeds {
  /** Shared libraries by name. */
  readonly libraries: readonly string[];
  /** `GLIBC_2.17` and the like: without one of these it does not load. */
  readonly versions: readonly string[];
  /** Symbols without a version that somebody else must define; weak ones need not be. */
  readonly undefined: readonly string[];
  /** Symbols that it shows to others. */
  readonly exported: readonly string[];
}

const DT_NEEDED = 1;
const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const SHT_GNU_VERSYM = 0x6fffffff;
const STB_WEAK = 2;
const VER_FLG_WEAK = 2;
const SYMBOL_BYTES = 24;

interface Section {
  readonly type: number;
  readonly bytes: Buffer;
  readonly link: number;
  /** Of SHT_GNU_VERNEED: entries. */
  readonly info: number;
}

export function readElfNeeds(file: Buffer): ElfNeeds {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error("no 64-bit little-endian ELF file");
  }
  const sections = sectionsOf(file);
  const only = (type: number): Section | null => sections.find((it) => it.type === type) ?? null;
  const textsOf = (section: Section): Buffer => sections[section.link]?.bytes ?? Buffer.alloc(0);
  const dynamic = only(SHT_DYNAMIC);
  const symbols = only(SHT_DYNSYM);
  const needed = only(SHT_GNU_VERNEED);
  const versioned = only(SHT_GNU_VERSYM)?.bytes ?? Buffer.alloc(0);
  if (dynamic === null || symbols === null) throw new Error("no shared library");
  return {
    libraries: librariesOf(dynamic.bytes, textsOf(dynamic)),
    versions: needed === null ? [] : versionsOf(needed.bytes, needed.info, textsOf(needed)),
    ...symbolsOf(symbols.bytes, textsOf(symbols), versioned),
  };
}

function sectionsOf(file: Buffer): Section[] {
  const at = Number(file.readBigUInt64LE(40));
  const [entryBytes, count] = [file.readUInt16LE(58), file.readUInt16LE(60)];
  return Array.from({ length: count }, (_, i) => {
    const head = file.subarray(at + i * entryBytes, at + (i + 1) * entryBytes);
    const [offset, size] = [Number(head.readBigUInt64LE(24)), Number(head.readBigUInt64LE(32))];
    const [type, link, info] = [head.readUInt32LE(4), head.readUInt32LE(40), head.readUInt32LE(44)];
    return { type, link, info, bytes: file.subarray(offset, offset + size) };
  });
}

function librariesOf(dynamic: Buffer, texts: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    if (dynamic.readBigUInt64LE(at) !== BigInt(DT_NEEDED)) continue;
    found.push(textAt(texts, Number(dynamic.readBigUInt64LE(at + 8))));
  }
  return found;
}

function versionsOf(bytes: Buffer, files: number, texts: Buffer): string[] {
  const found: string[] = [];
  for (let i = 0, at = 0; i < files; i++, at += bytes.readUInt32LE(at + 12)) {
    let entry = at + bytes.readUInt32LE(at + 8);
    for (let left = bytes.readUInt16LE(at + 2); left > 0; left--) {
      const weak = (bytes.readUInt16LE(entry + 4) & VER_FLG_WEAK) !== 0;
      if (!weak) found.push(textAt(texts, bytes.readUInt32LE(entry + 8)));
      entry += bytes.readUInt32LE(entry + 12);
    }
  }
  return [...new Set(found)];
}

function symbolsOf(
  bytes: Buffer,
  texts: Buffer,
  versioned: Buffer,
): Pick<ElfNeeds, "undefined" | "exported"> {
  const missing: string[] = [];
  const exported: string[] = [];
  for (let i = 1; i * SYMBOL_BYTES < bytes.length; i++) {
    const at = i * SYMBOL_BYTES;
    const name = textAt(texts, bytes.readUInt32LE(at));
    const weak = bytes.readUInt8(at + 4) >> 4 === STB_WEAK;
    // 0 and 1 are "local" and "global": no version of a library.
    const hasVersion = versioned.length > 2 * i && (versioned.readUInt16LE(2 * i) & 0x7fff) > 1;
    if (bytes.readUInt16LE(at + 6) !== 0) exported.push(name);
    else if (!weak && !hasVersion) missing.push(name);
  }
  return { undefined: missing, exported };
}

function textAt(texts: Buffer, at: number): string {
  return texts.toString("latin1", at, texts.indexOf(0, at));
}
