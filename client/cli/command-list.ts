import { Option } from 'commander';
import { STATUSES } from '../listing.ts';
import { actionCommands } from './action-commands.ts';
import type { Run } from './called.ts';

/** A command: its help text, and its function, which is loaded when the command is called. */
export interface CommandEntry {
  /** Its name and arguments in commander's syntax. */
  usage: string;
  description: string;
  options?: Option[];
  load: () => Promise<Run>;
}

const option = (flags: string, description: string, otherwise?: string): Option =>
  new Option(flags, description).default(otherwise);

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

const OPERATING: CommandEntry[] = [
  {
    usage: 'doctor',
    description: 'Checks the set-up and all runs, and shows how to fix problems.',
    options: [
      option('--fix', 'fixes what gatehouse can fix'),
      option('--set-up', 'checks the set-up only, which needs no worker: for health checks'),
      option('--watch [off]', 'creates a schedule that repeats the check; off deletes it'),
      option('--every <time>', 'how often the schedule checks: 10s to 24h', '5m'),
      option('--repository <repository>', 'a folder whose agents are checked too (default: here), or a hosted one'),
    ],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    usage: 'runners',
    description: 'Lists the workers: where they are, what they run, and which are not heard of.',
    load: async () => (await import('./commands/operating/runners.ts')).runners,
  },
  {
    usage: 'upgrade',
    description: 'Moves every live run to the build (GATEHOUSE_BUILD) or task queue that this configuration names.',
    options: [option('--seconds <n>', 'how long to wait until all have moved; 0 does not wait', '3600')],
    load: async () => (await import('./commands/operating/upgrade.ts')).upgrade,
  },
  {
    usage: 'bundle <run>',
    description: 'Writes the commits of a run that its forge refused into <task>.bundle, from which git fetches them.',
    options: [option('--output <file>', 'another file')],
    load: async () => (await import('./commands/operating/bundle.ts')).bundle,
  },
  {
    usage: 'backup <file>',
    description: 'Copies the database into a new file, while workers go on (SQLite).',
    load: async () => (await import('./commands/backups.ts')).backup,
  },
  {
    usage: 'restore <file>',
    description: 'Replaces the database by a backup, once all workers are stopped, and keeps the old one (SQLite).',
    load: async () => (await import('./commands/backups.ts')).restore,
  },
  {
    usage: 'recover [runs...]',
    description:
      'After the Temporal server was lost with all its data: starts every live run anew, at the step where it stood.',
    options: [option('--dry-run', 'only says what would be started'), option('--by <who>', 'who does it, for the log')],
    load: async () => (await import('./commands/operating/recover.ts')).recover,
  },
  {
    usage: 'export [run]',
    description: 'Exports a run’s history as JSON, or many histories into a folder, to replay them before an upgrade.',
    options: [
      option('--output <file>', 'the file for one run; default: standard output'),
      option('--all', 'all runs, environments and release watches that the server has kept'),
      option('--live', 'only live ones'),
      option('--status <status>', 'only runs of this status').choices(STATUSES),
      option('--to <folder>', 'the folder for several histories'),
      option('--scrub', 'without paths and names of this machine, identities and stack traces'),
    ],
    load: async () => (await import('./commands/export.ts')).exportHistories,
  },
  {
    usage: 'replay <places...>',
    description: 'Replays exported histories, given as files or folders, on the code of this build.',
    load: async () => (await import('./commands/replay.ts')).replayHistories,
  },
  {
    usage: 'config <what> [file]',
    description: 'Checks the configuration file (config check), or prints its JSON Schema for editors (config schema).',
    options: [option('--repository', 'with schema: that of .gatehouse.yml')],
    load: async () => (await import('./commands/config.ts')).config,
  },
  {
    usage: 'codec',
    description: 'Runs a codec server on this machine, so that the Web UI and temporal can read encrypted payloads.',
    options: [option('--ui <origin>', 'the only Web UI that may call it; default: that of the local stack')],
    load: async () => (await import('./commands/operating/codec.ts')).codec,
  },
  {
    usage: 'token [what] [token]',
    description: 'Makes, lists and revokes tokens of the HTTP door: token create, token list, token revoke TOKEN.',
    options: [
      option('--name <name>', 'with create: the name that the action log shows'),
      option('--may <words>', 'with create: see, start, start:local, override and actions, as in see,start,confirm'),
      option('--workspace <id>', 'with create: the only workspace; default: all'),
      option('--days <n>', 'with create: after how many days it ends', '90'),
    ],
    load: async () => (await import('./commands/operating/token.ts')).token,
  },
];

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

const ALL = [STACK, SETTING_UP, STARTING, READING, ACTING, OPERATING, TRYING];
/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly CommandEntry[] = ALL.flat();
