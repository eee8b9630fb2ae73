/**
 * The command line in this program's own words: spellings of other tools (habits.ts) and single-dash long options become
 * what they mean. Promises: what is refused says what to type; the value of an option that is not known is shown only where
 * it cannot be a secret.
 */
import type { Command, Option } from "commander";
import { type Failure, failure } from "../../model/failure.js";
import { shellWord } from "../../model/shell.js";
import { looksLikeFormat, strangeValue } from "./file-names.js";
import { type CommandHabit, commandHabits, type OptionHabit, optionHabits } from "./habits.js";

const refusal = (problem: string, type: string): Failure => failure("other-spelling", { problem, type });

/** What is there in its place begins a clause now; `JSON` and `'plan'` stay as they are. */
const noSuch = (typed: string, why: string): string =>
  `There is no ${typed}: ${why.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase())}`;

/** The words with the command in this program's own name; throws `Failure` where that is another's and has none here. */
export const ownCommand = (argv: readonly string[], isCommand: (word: string) => boolean): string[] => {
  const words = [...argv];
  const [first] = words;
  if (first === "-v" || first === "-version") return ["--version", ...words.slice(1)];
  if (first === "-help" || first === "-?") return ["--help", ...words.slice(1)];
  const isHelp = first === "help";
  const at = words.findIndex((word, place) => !word.startsWith("-") && !(isHelp && place === 0));
  const typed = words[at];
  if (typed === undefined) return words;
  if (at > 0 && !isHelp && isCommand(typed))
    throw optionsFirst(words.slice(0, at), typed, words.slice(at + 1));
  if (at > 0 && !isHelp && !isCommand(typed)) refuseValueFirst(words, at, isCommand);
  if (at > 0 && !isHelp) return words;
  const next = words[at + 1];
  const habit = commandHabitOf(typed, next);
  if (habit === undefined || (habit.followedBy === undefined && isCommand(typed)))
    // The parser's own `help` shows `lists` for `help lists update`.
    return isHelp && next !== undefined && isCommand(typed) ? [...words.slice(at), "--help"] : words;
  if (!("as" in habit))
    throw refusal(noSuch(`'${habit.followedBy ? `${typed} ${next}` : typed}'`, habit.why), habit.type);
  if (habit.as[0] !== "--version") return words.toSpliced(at, 1, ...habit.as);
  if (!isHelp && next !== undefined)
    throw refusal(noSuch(next.replace(/=.*/s, ""), "'version' prints one line"), "dbt-ip-rules version");
  return [isHelp ? "--help" : "--version"];
};

/** The row of a command, by the word behind it where one is for that word alone. */
export const commandHabitOf = (typed: string, next: string | undefined): CommandHabit | undefined => {
  const rows = commandHabits.filter(({ words }) => words.includes(typed));
  return (
    rows.find(({ followedBy }) => next !== undefined && followedBy?.test(next)) ??
    rows.find(({ followedBy }) => followedBy === undefined)
  );
};

/** kubectl's `-n prod get rules`, gh's `--repo x plan`. */
const refuseValueFirst = (
  words: readonly string[],
  at: number,
  isCommand: (word: string) => boolean,
): void => {
  const isLater = (_: string, place: number): boolean => place > at;
  if (!words.filter(isLater).some((word) => !word.startsWith("-"))) return;
  const place = words.findIndex((word, index) => isLater(word, index) && isCommand(word));
  const command = words[place] ?? "plan";
  const { typed, flag } = partsOf(words[at - 1] ?? "");
  const habit = optionHabits.find(
    (one) => one.takesValue === true && one.flags.some((own) => partsOf(own).flag === flag),
  );
  if (habit !== undefined && !("as" in habit))
    throw refusal(noSuch(typed, habit.why), filledIn(habit.type, command, words[at]));
  if (place > at) throw optionsFirst(words.slice(0, place), command, words.slice(place + 1));
};

/** Terraform has options in front of the command. */
const optionsFirst = (before: readonly string[], command: string, after: readonly string[]): Failure => {
  for (const word of before) {
    const { typed, flag, value } = partsOf(word);
    const habit = habitOf(flag, command);
    if (habit !== undefined && !("as" in habit))
      return refusal(noSuch(typed, habit.why), filledIn(habit.type, command, value, after));
  }
  const line = [command, ...withoutSecrets(before), ...after].map(shellOption).join(" ");
  return refusal("Options come behind the command", `dbt-ip-rules ${line}`);
};

/** An option as it can be typed again: `--json` needs no quotes. */
const shellOption = (word: string): string => (/^--?[a-z][\w=./-]*$/i.test(word) ? word : shellWord(word));

const withoutSecret = (word: string): string =>
  /token|key|secret|passw/i.test(word) ? word.replace(/=.*/s, "=...") : word;

/** Without the value of what may hold a secret. */
const withoutSecrets = (words: readonly string[]): readonly string[] =>
  words.map((word, at) =>
    !word.startsWith("-") && /^-t$|^-[^=]*(?:token|key|secret|passw)[^=]*$/i.test(words[at - 1] ?? "")
      ? "..."
      : withoutSecret(word),
  );

/** Without what changes the account, too. */
const restOf = (words: readonly string[]): readonly string[] =>
  withoutSecrets(words).filter(
    (word) => word !== "--apply" && word !== "--auto-approve" && word !== "-y" && word !== "--yes",
  );

interface Parts {
  /** The option as it was typed. */
  readonly typed: string;
  /** Of a long option always with two dashes. */
  readonly flag: string;
  readonly value: string | undefined;
}

/** `-out=FILE` as `--out` and `FILE`. */
export const partsOf = (word: string): Parts => {
  const at = word.indexOf("=");
  const name = at < 0 ? word : word.slice(0, at);
  const value = at < 0 ? undefined : word.slice(at + 1);
  return { typed: name, flag: /^-[^-]./.test(name) ? `-${name}` : name, value };
};

export const habitOf = (flag: string, command: string): OptionHabit | undefined =>
  optionHabits.find(
    ({ flags, on }) =>
      (on === undefined || on.includes(command)) && flags.some((one) => partsOf(one).flag === flag),
  );

const filledIn = (
  type: string,
  command: string,
  value: string | undefined,
  rest: readonly string[] = [],
): string =>
  type
    .replaceAll(" ARGUMENTS", () =>
      restOf(rest)
        .map((word) => ` ${shellOption(word)}`)
        .join(""),
    )
    .replaceAll("COMMAND", () => command)
    .replaceAll("VALUE", () => (value === undefined || value === "" ? "VALUE" : shellWord(value)));

/** The words behind the command as the parser takes them. Throws `Failure` where it should not have them. */
export const ownOptions = (words: readonly string[], command: Command, path: string): string[] => {
  const own: string[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--") return [...withoutDash(own), word, ...left];
    if (!word.startsWith("-") || word === "-") {
      own.push(word);
      continue;
    }
    const parts = partsOf(word);
    const { flag } = parts;
    const option = command.options.find(({ long, short }) => long === flag || short === flag);
    if (flag === "--help") own.push("--help");
    else if (option !== undefined) own.push(...givenOption(command, option, parts, left, path));
    else {
      const habit = habitOf(flag, path);
      if (habit !== undefined) left.unshift(...meantBy(habit, parts, command, path, { own, left }));
      else {
        const short = attachedTo(command, word);
        if (short === undefined) own.push(word);
        else if (!isPlain(command, short, word)) throw attached(short, word, path);
        else own.push(...givenOption(command, short, { ...parts, value: word.slice(2) }, left, path));
      }
    }
  }
  return withoutDash(own);
};

/** What the row says in place of the option; throws `Failure` where it only names what to type. */
const meantBy = (
  habit: OptionHabit,
  { typed, value }: Parts,
  command: Command,
  path: string,
  { own, left }: { readonly own: readonly string[]; readonly left: readonly string[] },
): readonly string[] => {
  if (!("as" in habit)) {
    const given = value ?? (habit.takesValue === true ? left[0] : undefined);
    throw refusal(noSuch(typed, habit.why), filledIn(habit.type, path, given, [...own, ...left]));
  }
  const [name, choice] = habit.as;
  const meant = command.options.find(({ long }) => long === name);
  const fits = meant !== undefined && (choice === undefined || meant.argChoices?.includes(choice) === true);
  if (!fits || value !== undefined)
    throw refusal(fits ? `${typed} takes no value` : noSuch(typed, habit.otherwise), `dbt-ip-rules ${path}`);
  return habit.as;
};

/** `-fjson`, `-of.json`: a short option with its value behind it. */
export const attachedTo = (command: Command, word: string): Option | undefined =>
  /^-[a-z]./i.test(word)
    ? command.options.find(({ short, required }) => required && short === word.slice(0, 2))
    : undefined;

/** Whether the value can be nothing else: a format that there is, or a file's name with a dot or a folder. */
export const isPlain = (command: Command, { argChoices }: Option, word: string): boolean => {
  const value = word.slice(2);
  if (argChoices !== undefined) return argChoices.includes(value);
  const long = command.options.some((one) => one.long !== undefined && word.startsWith(one.long.slice(1)));
  return !long && /[./]/.test(value) && !value.includes("=");
};

/** As `-out FILE` was read once: a value `ut` for -o, and so a file of that name. */
const attached = ({ long: name, short }: Option, word: string, path: string): Failure => {
  const value = word.slice(2);
  const isFormat = name === "--output" && looksLikeFormat(value);
  const meant = isFormat ? `--format ${value}` : `${name} ${shellWord(value)}`;
  return refusal(
    `There is no option ${word.replace(/=.*/, "")}; of ${short} it would be the value ${shellWord(value)}`,
    `dbt-ip-rules ${path} ${meant}`,
  );
};

/** An option that the command has, with its value: from `left` where none is attached. */
const givenOption = (
  command: Command,
  option: Option,
  { flag, value }: Parts,
  left: string[],
  path: string,
): string[] => {
  const name = option.long ?? flag;
  if (!option.required && !option.optional) return [withoutBoolean(name, value, path)];
  if ((option.variadic || option.optional) && value === undefined && left[0]?.startsWith("-") !== true)
    return [name];
  const separate = value === undefined ? left[0] : undefined;
  const given = value ?? separate;
  // Missing: the parser says so.
  if (given === undefined) return [name];
  if (separate !== undefined) left.shift();
  const strange = strangeValue(command, option, { value: given, separate: separate !== undefined, path });
  if (strange !== undefined) throw refusal(strange.problem, strange.type);
  return [`${name}=${given}`];
};

/** Terraform's `-no-color=true`. */
const withoutBoolean = (name: string, value: string | undefined, path: string): string => {
  if (value === undefined || value === "true") return name;
  throw refusal(`${name} takes no value`, `dbt-ip-rules ${path}${value === "false" ? "" : ` ${name}`}`);
};

/** `--output -`: standard output, as without it; the last of several counts. */
const withoutDash = (words: readonly string[]): string[] => {
  const isOutput = (word: string) => word.startsWith("--output=");
  return words.findLast(isOutput) === "--output=-" ? words.filter((word) => !isOutput(word)) : [...words];
};
