/** `completion SHELL`: prints the script that makes TAB work there. */
import { Argument, type Command } from "commander";
import { exitCodes } from "../../model/failure.js";
import { type Program, runs } from "../command.js";
import type { Io } from "../io.js";

// The shells' side of completion: pass the words on, offer what comes back. Promise: nothing that comes back is
// ever evaluated, expanded or split at spaces. Rule names are somebody's text, and a TAB must not run it; that is why
// these are written here and not taken from a library (docs/decisions/shell-completion.md).

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

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

const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

export const configure = (command: Command, io: Io, program: Program): void => {
  command.addArgument(new Argument("<shell>", "which shell").choices(shells));
  // The argument's choices are the shells.
  runs(command, io, program, async (own, _, [shell]) => {
    own.stdout.write(completionScripts[shell as Shell]);
    return { kind: "done", exitCode: exitCodes.done };
  });
};
