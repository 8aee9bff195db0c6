import { STATUSES } from '../listing.ts';
import { actionCommands } from './action-commands.ts';
import { option, type CommandEntry } from './command-entry.ts';
import { OPERATING } from './operating-commands.ts';

const STACK: CommandEntry[] = [
  {
    usage: 'up',
    description: 'Runs the local stack in the foreground: Temporal with its Web UI, and a worker.',
    load: async () => (await import('./commands/up.ts')).up,
  },
  {
    usage: 'demo',
    description: 'Runs the local stack, and takes a change of the sample shop from start to merge.',
    options: [
      option('--unattended', 'a script acts as the person, and the command ends with the run'),
      option('--agent <preset>', 'a real coding agent plays every role, such as codex; default: a script'),
    ],
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    usage: 'worker',
    description: 'Runs a worker alone, for the Temporal server that TEMPORAL_ADDRESS names.',
    load: async () => (await import('./commands/operating/worker.ts')).worker,
  },
  {
    usage: 'serve',
    description: 'Runs the HTTP door alone, for webhooks: `up` has one already.',
    load: async () => (await import('./commands/operating/serve.ts')).serve,
  },
];

const STARTING: CommandEntry[] = [
  {
    usage: 'start [repository]',
    description: 'Starts a run, or retries the task’s last run if it failed or was stopped.',
    options: [
      option('--task <id>', 'the task’s id'),
      option('--title <text>', 'the task in one line'),
      option('--description <text>', 'the full description of the task'),
      option('--pipeline <name>', 'a built-in pipeline'),
      option('--workspace <id>', 'default: default'),
      option('--base <branch>', 'the branch to merge into; default: the repository’s default branch'),
      option('--branch <branch>', 'the work branch; default: gatehouse/<task>'),
      option('--pull-request <number>', 'an existing pull request'),
      option('--started-by <who>', 'who starts it'),
      option('--file <path>', 'a start input as JSON; options override it'),
      option('--fresh', 'starts a new run instead of retrying the last one'),
      option('--watch', 'follows the run until it ends'),
      option('--dry-run', 'only says what the run would do now, step by step, and writes nothing'),
    ],
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    usage: 'retry <run>',
    description: 'Continues a closed run from where it failed.',
    options: [option('--from <step>', 'an earlier step to continue from')],
    load: async () => (await import('./commands/start.ts')).retry,
  },
];

const SETTING_UP: CommandEntry[] = [
  {
    usage: 'init <forge> [repository]',
    description: 'Prints the steps that connect gatehouse with a forge, github or gitea, and checks each that can be.',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    usage: 'webhooks [repository]',
    description: 'Prints what to enter at the forge so that it sends webhooks.',
    options: [option('--create', 'makes the webhook of the repository, once')],
    load: async () => (await import('./commands/webhooks.ts')).webhooks,
  },
];

const READING: CommandEntry[] = [
  {
    usage: 'list',
    description: 'Lists runs, newest first.',
    options: [
      option('--waiting', 'only runs that wait for a person'),
      option('--status <status>', `only of this status: ${STATUSES.join(', ')}`),
    ],
    load: async () => (await import('./commands/reading.ts')).list,
  },
  {
    usage: 'inbox',
    description: 'Lists the runs that wait for a person, oldest first.',
    load: async () => (await import('./commands/reading.ts')).inbox,
  },
  {
    usage: 'show <run>',
    description: 'Shows a run: its steps, and what it is doing.',
    load: async () => (await import('./commands/reading.ts')).show,
  },
  {
    usage: 'explain <run>',
    description: 'Explains what a run waits for or how it ended, and what to do next.',
    load: async () => (await import('./commands/reading.ts')).explain,
  },
  {
    usage: 'open <run>',
    description: 'Prints the address of a run’s page.',
    load: async () => (await import('./commands/details.ts')).open,
  },
  {
    usage: 'output <run> <step>',
    description: 'Prints the full output of a step.',
    load: async () => (await import('./commands/details.ts')).output,
  },
  {
    usage: 'log <run>',
    description: 'Lists the actions on a run, including refused ones.',
    load: async () => (await import('./commands/details.ts')).log,
  },
  {
    usage: 'watch <run>',
    description: 'Follows a run live, line by line.',
    options: [option('--until <what>', 'parked: ends when the run needs a person')],
    load: async () => (await import('./commands/watch.ts')).watch,
  },
];

const ACTING: CommandEntry[] = actionCommands.map((action) => ({
  usage: action.usage,
  description: action.description,
  options: action.options.map(([flags, description]) => option(flags, description)),
  load: async () => (await import('./commands/actions.ts')).actionOf(action),
}));

const TRYING: CommandEntry[] = [
  {
    usage: 'agents [what] [preset]',
    description: 'Lists the coding agents that have presets, or has one do a task of two lines (agents try PRESET).',
    options: [
      option('--model <name>', 'with try: the model, by the agent’s own name for it'),
      option('--seconds <n>', 'with try: the time limit', '300'),
    ],
    load: async () => (await import('./commands/agents.ts')).agents,
  },
  {
    usage: 'simulate',
    description: 'Simulates a run against scripted services, in virtual time.',
    options: [
      option('--file <path>', 'a start input as JSON').makeOptionMandatory(),
      option('--script <path>', 'deviations from a run in which everything succeeds, as JSON'),
    ],
    load: async () => (await import('./commands/simulate.ts')).simulate,
  },
  {
    usage: 'pipelines',
    description: 'Runs every built-in pipeline on the sample shop, unattended, on a separate stack.',
    options: [option('--only <name...>', 'only these')],
    load: async () => (await import('./commands/pipelines.ts')).pipelines,
  },
  {
    usage: 'completion <shell>',
    description: 'Prints a script that completes commands and options: for bash, zsh or fish.',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  STACK,
  SETTING_UP,
  STARTING,
  READING,
  ACTING,
  OPERATING,
  TRYING,
].flat();
