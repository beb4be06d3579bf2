// Completion scripts, written from the commands themselves: a new option is completed without
// anybody thinking of it.

import type { Argument, Command, Option } from "commander";

interface Node {
  /** `cluster add`; empty for the program. */
  readonly path: string;
  readonly subcommands: readonly Command[];
  readonly options: readonly Option[];
  readonly arguments: readonly Argument[];
}

/** Arguments and options with these names take a file. */
const FILE_WORDS = /^(file|dir|folder|bundle|manifest)$/u;

function nodesOf(command: Command, path: string): Node[] {
  const subcommands = command.commands;
  const options = command.options.filter((option) => !option.hidden);
  const node = { path, subcommands, options, arguments: command.registeredArguments };
  const below = subcommands.map((sub) => nodesOf(sub, `${path} ${sub.name()}`.trim()));
  return [node, ...below.flat()];
}

export function bashCompletion(program: Command): string {
  const cases = nodesOf(program, "").map((node) => {
    const words = [
      ...node.subcommands.map((sub) => sub.name()),
      ...node.arguments.flatMap((argument) => argument.argChoices ?? []),
    ];
    const options = node.options.map((option) => option.long ?? option.short ?? "");
    const flags = [...options, "--help"].join(" ");
    const files = node.arguments.some((argument) => FILE_WORDS.test(argument.name()));
    const said = `words=${quote(words.join(" "))} flags=${quote(flags)} files=${files ? 1 : 0}`;
    return `    ${quote(node.path)}) ${said} ;;`;
  });
  const values = new Map<string, string>();
  for (const node of nodesOf(program, "")) {
    for (const option of node.options) {
      if (!option.required || option.long === undefined) continue;
      values.set(`${node.path}:${option.long}`, valueWords(option));
    }
  }
  const valueCases = [...values].map(([key, words]) =>
    words === "-f" || words === "-d"
      ? `    ${quote(key)}) _signalbox_files ${words}; return ;;`
      : `    ${quote(key)}) COMPREPLY=($(compgen -W ${quote(words)} -- "$cur")); return ;;`,
  );
  const groups = nodesOf(program, "")
    .filter((node) => node.subcommands.length > 0)
    .flatMap((node) => node.subcommands.map((sub) => `${node.path} ${sub.name()}`.trim()));
  return `# bash completion for signalbox. Use: source <(signalbox completion bash)
_signalbox() {
  local cur prev path words flags files word next i
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  path=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    next="\${path:+$path }$word"
    case "$next" in
    ${groups.map(quote).join("|")}) path="$next" ;;
    esac
  done
  COMPREPLY=()
  case "$path:$prev" in
${valueCases.join("\n")}
  esac
  words="" flags="" files=0
  case "$path" in
${cases.join("\n")}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    if [[ $files == 1 ]]; then _signalbox_files -f; fi
  fi
}
# Names may hold spaces: each line of compgen is one.
_signalbox_files() {
  local found
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen "$1" -- "$cur")
  compopt -o filenames 2>/dev/null
  return 0
}
complete -F _signalbox signalbox
`;
}

function valueWords(option: Option): string {
  if (option.argChoices !== undefined) return option.argChoices.join(" ");
  const name = /<([^>]+)>/u.exec(option.flags)?.[1] ?? "";
  if (name === "dir") return "-d";
  return FILE_WORDS.test(name) ? "-f" : "";
}

export function zshCompletion(program: Command): string {
  const functions = nodesOf(program, "").map((node) => zshFunction(node));
  return `#compdef signalbox
# zsh completion for signalbox. Use: source <(signalbox completion zsh)
${functions.join("\n")}
if [[ \${funcstack[1]} == _signalbox ]]; then
  _signalbox "$@"
else
  compdef _signalbox signalbox
fi
`;
}

function zshFunction(node: Node): string {
  const name = zshName(node.path);
  const specs = node.options.map(zshOption);
  specs.push(quote("--help[show help]"));
  if (node.subcommands.length > 0) {
    const described = node.subcommands.map(
      (sub) => `    ${quote(`${sub.name()}:${sub.summary()}`)}`,
    );
    const calls = node.subcommands.map(
      (sub) => `      ${sub.name()}) ${zshName(`${node.path} ${sub.name()}`.trim())} ;;`,
    );
    return `${name}() {
  local context state line
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C ${specs.join(" ")} '1:command:->command' '*::argument:->argument'
  case $state in
  command) _describe command commands ;;
  argument)
    case $line[1] in
${calls.join("\n")}
    esac ;;
  esac
}`;
  }
  for (const argument of node.arguments) specs.push(zshArgument(argument));
  return `${name}() {\n  _arguments ${specs.join(" ")}\n}`;
}

function zshName(path: string): string {
  return `_signalbox${path === "" ? "" : `_${path.replaceAll(/[ -]/gu, "_")}`}`;
}

function zshOption(option: Option): string {
  const flag = option.long ?? option.short ?? "";
  const repeat = option.variadic ? "*" : "";
  const text = option.description.replaceAll(/[[\]:]/gu, (char) => `\\${char}`);
  if (!option.required) return quote(`${repeat}${flag}[${text}]`);
  const name = /<([^>]+)>/u.exec(option.flags)?.[1]?.replaceAll(":", " ") ?? "value";
  const words = valueWords(option);
  const action =
    words === "-f" ? "_files" : words === "-d" ? "_files -/" : words === "" ? " " : `(${words})`;
  return quote(`${repeat}${flag}[${text}]:${name}:${action}`);
}

function zshArgument(argument: Argument): string {
  const place = argument.variadic ? "*" : "";
  const name = argument.name().replaceAll(":", " ");
  if (argument.argChoices !== undefined) {
    return quote(`${place}:${name}:(${argument.argChoices.join(" ")})`);
  }
  return quote(`${place}:${name}:${FILE_WORDS.test(argument.name()) ? "_files" : " "}`);
}

/** For both shells: single quotes, with those inside written out. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
