// Which argument of a command is itself a program: what follows -c of a shell, or -e of a language.

const CODE_FLAG: readonly (readonly [program: RegExp, flag: RegExp])[] = [
  [/^(?:r?bash|sh|dash|zsh|ksh|mksh|ash|fish)$/, /^-[A-Za-z]*c[A-Za-z]*$/],
  [/^(?:python[0-9.]*|pypy[0-9.]*)$/, /^-[A-Za-z]*c$/],
  [/^(?:perl|ruby)[0-9.]*$/, /^-[A-Za-z]*[eE]$/],
  [/^(?:node|nodejs)$/, /^(?:-e|-p|-pe|--eval|--print)$/],
];

/**
 * Its index, or -1. Also behind `env`, `nice`, `srun` and the like: the first such program counts.
 */
export function codeArgument(command: readonly string[]): number {
  for (const [index, word] of command.entries()) {
    const name = word.slice(word.lastIndexOf("/") + 1);
    const found = CODE_FLAG.find(([program]) => program.test(name));
    if (found === undefined) continue;
    const flag = command.findIndex((next, at) => at > index && found[1].test(next));
    return flag < 0 ? -1 : flag + 1;
  }
  return -1;
}
