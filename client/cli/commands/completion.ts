import type { Command } from 'commander';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import { shellWord } from '../../../workflows/contracts/text/quoting.ts';
import type { Called } from '../called.ts';
import { Usage } from '../exit-codes.ts';

const SCRIPTS: Record<string, (program: Command) => string[]> = { bash, zsh, fish };

/** Prints a completion script for commands and options. It does not complete runs, because that needs the server. */
export async function completion({ args: [shell], command }: Called<[string]>): Promise<void> {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (!script) throw new Usage(`shell: expected one of ${Object.keys(SCRIPTS).join(', ')}, found ${found(shell)}`);
  process.stdout.write(`${script(command.parent!).join('\n')}\n`);
}

const optionsOf = (command: Command): string[] => [...command.options.map(({ long }) => long!), '--help'];

function bash(program: Command): string[] {
  const names = program.commands.map((command) => command.name());
  return [
    '# Use: source <(gatehouse completion bash)',
    '_gatehouse() {',
    '  local word=${COMP_WORDS[COMP_CWORD]} command= words= index',
    '  for ((index = 1; index < COMP_CWORD; index++)); do',
    '    if [[ ${COMP_WORDS[index]} != -* ]]; then command=${COMP_WORDS[index]}; break; fi',
    '  done',
    '  case $command in',
    `    '') words='${[...names, ...optionsOf(program)].join(' ')}' ;;`,
    ...program.commands.map((command) => `    ${command.name()}) words='${optionsOf(command).join(' ')}' ;;`),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    '}',
    'complete -o default -F _gatehouse gatehouse',
  ];
}

function zsh(program: Command): string[] {
  return [
    '#compdef gatehouse',
    '# Use: source <(gatehouse completion zsh), after compinit',
    'compdef _gatehouse gatehouse',
    '_gatehouse() {',
    '  local -a commands options',
    '  commands=(',
    ...program.commands.map((command) => `    ${shellWord(`${command.name()}:${command.description()}`)}`),
    '  )',
    `  if (( CURRENT == 2 )); then _describe command commands; compadd -- ${optionsOf(program).join(' ')}; return; fi`,
    '  case $words[2] in',
    ...program.commands.map((command) => `    ${command.name()}) options=(${optionsOf(command).join(' ')}) ;;`),
    '  esac',
    '  if [[ $words[CURRENT] == -* ]]; then compadd -- $options; else _files; fi',
    '}',
    'if [[ $funcstack[1] == _gatehouse ]]; then _gatehouse; fi',
  ];
}

function fish(program: Command): string[] {
  const line = (condition: string, words: string, description: string) =>
    `complete -c gatehouse -n ${shellWord(condition)} ${words} -d ${shellWord(description)}`;
  return [
    '# Use: gatehouse completion fish | source',
    ...program.commands.flatMap((command) => [
      line('__fish_use_subcommand', `-f -a ${command.name()}`, command.description()),
      ...command.options.map(({ long, required, argChoices, description }) =>
        line(
          `__fish_seen_subcommand_from ${command.name()}`,
          [`-l ${long!.slice(2)}`, required && '-r', argChoices && `-f -a ${shellWord(argChoices.join(' '))}`]
            .filter(Boolean)
            .join(' '),
          description,
        ),
      ),
    ]),
  ];
}
