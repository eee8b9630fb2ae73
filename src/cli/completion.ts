/**
 * What can come next on a command line: the commands and options of the program itself, rule names of the
 * policy, event types. Pure but for what `Sources` reads. The shells' scripts only pass words in and take words out.
 */
import type { Command, Option } from "commander";
import { present } from "../model/present.js";

export interface Candidate {
  readonly word: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether file names can come there too. */
  readonly files: boolean;
}

/** Where the words come from that the program's own structure does not hold. */
export interface Sources {
  /** The program with its commands; those of `name` with their options. */
  program(name: string | undefined): Promise<Command>;
  ruleNames(policyFile: string | undefined): Promise<readonly string[]>;
  eventTypes(): Promise<readonly Candidate[]>;
}

const nothing: Completion = { candidates: [], files: false };

/** `words`: behind the program's name, the last one being typed, perhaps empty. */
export const complete = async (words: readonly string[], sources: Sources): Promise<Completion> => {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  const found = await completeAll(before, current, sources);
  return {
    candidates: found.candidates.filter(({ word }) => word.startsWith(current)),
    files: found.files,
  };
};

interface CursorPlace {
  readonly command: Command;
  /** The option whose value is being typed. */
  readonly awaits?: Option;
  /** Arguments before, not counting commands. */
  readonly given: number;
  readonly onlyArguments: boolean;
}

const completeAll = async (
  before: readonly string[],
  current: string,
  sources: Sources,
): Promise<Completion> => {
  const first = before.find((word) => !word.startsWith("-"));
  const name = first === "help" ? before[before.indexOf("help") + 1] : first;
  const program = await sources.program(name);
  const place = placeOf(program, before);
  const values = (kind: string, choices: readonly string[] | undefined) =>
    valuesOf(kind, choices, sources, policyOf(program, before));
  if (place.awaits !== undefined) return values(valueName(place.awaits), place.awaits.argChoices);
  const assigned = /^(--[a-z-]+)=/.exec(current);
  if (!place.onlyArguments && assigned !== null) {
    const option = optionOf(place.command, assigned[1] ?? "");
    if (option === undefined || !takesValue(option)) return nothing;
    const { candidates } = await values(valueName(option), option.argChoices);
    return {
      candidates: candidates.map((one) => ({ ...one, word: `${assigned[0]}${one.word}` })),
      files: false,
    };
  }
  if (!place.onlyArguments && current.startsWith("-"))
    return { candidates: optionCandidates(place.command), files: false };
  if (place.command.commands.length > 0)
    return place.given > 0 ? nothing : { candidates: subcommands(place.command), files: false };
  const argument = place.command.registeredArguments[place.given] ?? lastVariadic(place.command);
  return argument === undefined ? nothing : values(argument.name(), argument.argChoices);
};

const takesValue = (option: Option): boolean => option.required || option.optional;

const optionOf = (command: Command, flag: string): Option | undefined =>
  command.options.find(({ short, long }) => flag === short || flag === long);

/** `file` of `--out <file>`, `file` of `--receipt <files...>`. */
const valueName = ({ flags }: Option): string =>
  (/[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? "").replace(/\.\.\.$/, "");

const lastVariadic = (command: Command) => {
  const last = command.registeredArguments.at(-1);
  return last?.variadic === true ? last : undefined;
};

/** Walks the words that are there already: into subcommands, over options and their values. */
const placeOf = (program: Command, before: readonly string[]): CursorPlace => {
  let command = program;
  let awaits: Option | undefined;
  let given = 0;
  let onlyArguments = false;
  for (const word of before) {
    if (awaits !== undefined && !(awaits.variadic && word.startsWith("-"))) {
      if (!awaits.variadic) awaits = undefined;
      continue;
    }
    awaits = undefined;
    if (onlyArguments) given += 1;
    else if (word === "--") onlyArguments = true;
    else if (word.startsWith("-")) {
      const option = optionOf(command, word);
      if (option !== undefined && takesValue(option)) awaits = option;
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next !== undefined && given === 0) command = next;
      else if (!(command === program && word === "help")) given += 1;
    }
  }
  return { command, ...present({ awaits }), given, onlyArguments };
};

/** The policy that the line names already, for the names of its rules. */
const policyOf = (program: Command, before: readonly string[]): string | undefined => {
  const command = placeOf(program, before).command;
  const at = before.findLastIndex((word) => optionOf(command, word)?.long === "--policy");
  const assigned = before.findLast((word) => word.startsWith("--policy="));
  return at >= 0 ? before[at + 1] : assigned?.slice("--policy=".length);
};

const optionCandidates = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long === undefined ? [] : [{ word: long, description }]));

const subcommands = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), description: one.description() }));

const fileValues = new Set([
  "file",
  "files",
  "policy",
  "policies",
  "planfile",
  "planfiles",
  "receipt",
  "cert",
  "key",
]);

const valuesOf = async (
  kind: string,
  choices: readonly string[] | undefined,
  sources: Sources,
  policyFile: string | undefined,
): Promise<Completion> => {
  if (choices !== undefined)
    return { candidates: choices.map((word) => ({ word, description: "" })), files: false };
  if (kind === "rule" || kind === "rules") {
    const names = await sources.ruleNames(policyFile);
    return { candidates: names.map((word) => ({ word, description: "rule" })), files: false };
  }
  if (kind === "types") return { candidates: await sources.eventTypes(), files: false };
  return fileValues.has(kind) ? { candidates: [], files: true } : nothing;
};

// The shells' side of completion: pass the words on, offer what comes back. Promise: nothing that comes back is
// ever evaluated, expanded or split at spaces. Rule names are somebody's text, and a TAB must not run it; that is why
// these are written here and not taken from a library (docs/decisions/shell-completion.md).

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/**
 * Readline breaks words at `=` and `:` too. The words are joined again as they stand on the line, and what lies
 * before readline's own word is cut off from the answers.
 */
const bash = `# Completion of dbt-ip-rules for bash. Load it now:  source <(dbt-ip-rules completion bash)
# For every shell: put that line into ~/.bashrc.
_dbt_ip_rules_plain() {
  local text=$1 out= quote= char i
  for ((i = 0; i < \${#text}; i++)); do
    char=\${text:i:1}
    if [[ -z $quote && ( $char == '"' || $char == "'" ) ]]; then quote=$char
    elif [[ $char == "$quote" ]]; then quote=
    elif [[ $char == \\\\ && $quote != "'" ]]; then i=$((i + 1)); out+=\${text:i:1}
    else out+=$char
    fi
  done
  REPLY=$out
}
_dbt_ip_rules() {
  local rest=\${COMP_LINE:0:COMP_POINT} current=\${COMP_WORDS[COMP_CWORD]} word before i quoted= raw=()
  for ((i = 0; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $i -gt 0 && $rest == [![:space:]]* ]]; then raw[\${#raw[@]}-1]+=$word
    else raw+=("$word")
    fi
    rest=\${rest#"\${rest%%[![:space:]]*}"}
    rest=\${rest#"$word"}
  done
  before=
  if [[ $COMP_CWORD -gt 0 && -n $rest && $rest != [[:space:]]* || $current == [=:] ]]; then
    before=\${raw[\${#raw[@]}-1]}
    raw[\${#raw[@]}-1]+=$rest
  else
    rest=\${rest#"\${rest%%[![:space:]]*}"}
    raw+=("$rest")
  fi
  if [[ $current == [=:] ]]; then before+=$current; current=; fi
  case $current in [\\"\\']*) quoted=yes ;; esac
  local words=()
  for word in "\${raw[@]:1}"; do _dbt_ip_rules_plain "$word"; words+=("$REPLY"); done
  _dbt_ip_rules_plain "$before"; before=$REPLY
  COMPREPLY=()
  local kind= line
  while IFS= read -r line; do
    if [[ -z $kind ]]; then kind=$line; continue; fi
    word=\${line%%$'\\t'*}
    word=\${word#"$before"}
    if [[ -z $quoted ]]; then printf -v word %q "$word"; fi
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
  if [[ $kind == files ]]; then
    _dbt_ip_rules_plain "$current"
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$REPLY")
  elif [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null
  fi
}
complete -F _dbt_ip_rules dbt-ip-rules
`;

const zsh = `#compdef dbt-ip-rules
# Completion of dbt-ip-rules for zsh. Load it now, behind compinit:  source <(dbt-ip-rules completion zsh)
# For every shell: put that line into ~/.zshrc, or this text into a file _dbt-ip-rules on your fpath.
_dbt_ip_rules() {
  local -a args lines values shown
  local line value
  args=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  lines=("\${(@f)$(\${(Q)words[1]} __complete -- "\${args[@]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    value=\${line%%$'\\t'*}
    values+=("$value")
    if [[ $line == *$'\\t'* ]]; then shown+=("$value  -- \${line#*$'\\t'}"); else shown+=("$value"); fi
  done
  if [[ \${lines[1]} == files ]]; then _files; return; fi
  (( \${#values} )) || return 1
  if (( \${#values} == 1 )) && [[ \${values[1]} == *= ]]; then compadd -S '' -l -d shown -a -- values
  else compadd -l -d shown -a -- values
  fi
}
if [[ $funcstack[1] == _dbt-ip-rules ]]; then _dbt_ip_rules "$@"; else compdef _dbt_ip_rules dbt-ip-rules; fi
`;

const fish = `# Completion of dbt-ip-rules for fish. Load it now:  dbt-ip-rules completion fish | source
# For every shell:  dbt-ip-rules completion fish > ~/.config/fish/completions/dbt-ip-rules.fish
function __dbt_ip_rules_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l plain (string unescape -- "$current")
    or set plain (string replace -r '^["\\']' '' -- "$current")
    set -l lines ($words[1] __complete -- $words[2..-1] "$plain" 2>/dev/null)
    if test "$lines[1]" = files
        __fish_complete_path "$plain"
    else if test (count $lines) -gt 1
        printf '%s\\n' $lines[2..-1]
    end
end
complete -c dbt-ip-rules -f -a '(__dbt_ip_rules_complete)'
`;

export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
